/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which words of an expression are names of hosts?
 *
 * A word that is no keyword, number or address is a name, and what it names is
 * told by the qualifiers before it: "tcp dst port http", "ip6 host web".  The
 * qualifiers of an operand hold for the names behind "and" and "or" as well,
 * until others follow: "host web or mail".
 */
#include "config/check/filter.h"

#include <string.h>

static bool is_one_of(const char *text, size_t len, const char *const *words)
{
	for (; *words; words++) {
		if (strlen(*words) == len && memcmp(text, *words, len) == 0)
			return true;
	}
	return false;
}

static bool is_operator(const char *text, size_t len)
{
	static const char *const words[] = { "and", "or", "&&", "||", NULL };

	return is_one_of(text, len, words);
}

/* A keyword that is no operator: what follows it? */
static void qualify(struct filter_hosts *h, const char *text, size_t len)
{
	/* Names behind these are not of hosts, or of their cards. */
	static const char *const others[] = {
		"port",	   "portrange", "proto", "protochain", "net",
		"ether",   "link",	"fddi",	 "tr",	       "wlan",
		"type",	   "subtype",	"dir",	 "direction",  "on",
		"ifname",  "rset",	"llc",	 "ruleset",    "reason",
		"gateway", "action",	"mask",	 "decnet",     NULL
	};
	static const char *const v4[] = { "ip", "arp", "rarp", NULL };
	static const char *const v6[] = { "ip6", NULL };

	if (h->complete) {
		h->complete = false;
		h->other = false;
		h->family = HOST_ANY;
	}
	if (is_one_of(text, len, others))
		h->other = true;
	else if (is_one_of(text, len, v4))
		h->family = HOST_V4;
	else if (is_one_of(text, len, v6))
		h->family = HOST_V6;
}

bool filter_next_host(struct filter_hosts *h)
{
	bool relation = false, was_relation;
	const char *word;
	size_t len;

	while (filter_next(h->text, h->spot.at + h->spot.len, h->brackets,
			   &h->spot)) {
		word = h->text + h->spot.at;
		len = h->spot.len;
		h->brackets += *word == '[';
		h->brackets -= *word == ']' && h->brackets;
		/* "tcp[13] = tcp-syn" compares with a number. */
		was_relation = relation;
		relation = !is_operator(word, len) &&
			   (strchr("=<>+-*/%&|^", *word) ||
			    (len == 2 && *word == '!'));
		if (h->brackets || strchr("()[]!", *word) ||
		    (len == 3 && memcmp(word, "not", 3) == 0))
			continue;
		if (filter_is_keyword(word, len) && !is_operator(word, len)) {
			qualify(h, word, len);
			continue;
		}
		h->complete = true;
		if (!h->other && !was_relation && *word != '\\' &&
		    filter_is_name(word, len))
			return true;
	}
	return false;
}

const char *filter_without_names(struct arena *a, const char *text)
{
	struct filter_hosts h = { .text = text };
	const char *out = "";
	size_t done = 0;

	while (filter_next_host(&h)) {
		out = arena_printf(a, "%s%.*s%s", out, (int)(h.spot.at - done),
				   text + done,
				   h.family == HOST_V6 ? "2001:db8::1"
						       : "192.0.2.1");
		done = h.spot.at + h.spot.len;
	}
	return done ? arena_printf(a, "%s%s", out, text + done) : text;
}

const char *filter_with_addresses(struct arena *a, const struct hosts *hosts,
				  const char *text, struct filter_spot *bad,
				  const char **why)
{
	struct filter_hosts h = { .text = text };
	const char *out = "";
	size_t done = 0;

	while (filter_next_host(&h)) {
		const char *found = hosts_find(hosts, a, text + h.spot.at,
					       h.spot.len, h.family, why);

		*bad = h.spot;
		if (!found)
			return NULL;
		out = arena_printf(a, "%s%.*s%s", out, (int)(h.spot.at - done),
				   text + done, found);
		done = h.spot.at + h.spot.len;
	}
	return done ? arena_printf(a, "%s%s", out, text + done) : text;
}
