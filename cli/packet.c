/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet from words.  Words stand in almost any order; a direction (src, dst)
 * and "ether" say what the next value is of.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/packet.h"
#include "cli/text.h"

enum what {
	FAMILY,	   /* value: enum packet_family */
	PROTOCOL,  /* IP protocol; of IPv6 if more than 255 */
	DIRECTION, /* 0: source, 1: destination */
	ETHER,
	PORT,
	SKIP,
	FLAG,	/* of TCP */
	ICMP4,	/* type << 8 | code */
	ICMP6,	/* likewise */
	REPLY,	/* value: whether it is one */
	NUMBER, /* value: what the next word is a number of */
	BROADCAST,
};

enum number { VLAN, LENGTH, TYPE, CODE, PROTO };

#define V6_ONLY 0x100
#define ICMP 1
#define TCP 6
#define UDP 17
#define ICMPV6 58

static const struct word {
	const char *word;
	enum what what;
	int value;
} dictionary[] = {
	{ "ip", FAMILY, PACKET_IP4 },
	{ "ip4", FAMILY, PACKET_IP4 },
	{ "ipv4", FAMILY, PACKET_IP4 },
	{ "ip6", FAMILY, PACKET_IP6 },
	{ "ipv6", FAMILY, PACKET_IP6 },
	{ "arp", FAMILY, PACKET_ARP },
	{ "tcp", PROTOCOL, TCP },
	{ "udp", PROTOCOL, UDP },
	{ "icmp", PROTOCOL, ICMP },
	{ "icmp6", PROTOCOL, ICMPV6 | V6_ONLY },
	{ "icmpv6", PROTOCOL, ICMPV6 | V6_ONLY },
	{ "src", DIRECTION, 0 },
	{ "from", DIRECTION, 0 },
	{ "tell", DIRECTION, 0 },
	{ "dst", DIRECTION, 1 },
	{ "to", DIRECTION, 1 },
	{ "ether", ETHER, 0 },
	{ "port", PORT, 0 },
	{ "host", SKIP, 0 },
	{ "and", SKIP, 0 },
	{ "syn", FLAG, 0x02 },
	{ "ack", FLAG, 0x10 },
	{ "syn-ack", FLAG, 0x12 },
	{ "fin", FLAG, 0x01 },
	{ "rst", FLAG, 0x04 },
	{ "psh", FLAG, 0x08 },
	{ "urg", FLAG, 0x20 },
	{ "request", REPLY, false },
	{ "echo-request", REPLY, false },
	{ "who-has", REPLY, false },
	{ "reply", REPLY, true },
	{ "echo-reply", REPLY, true },
	{ "is-at", REPLY, true },
	{ "unreachable", ICMP4, 3 << 8 | 1 },
	{ "time-exceeded", ICMP4, 11 << 8 },
	{ "router-solicit", ICMP6, 133 << 8 },
	{ "router-advert", ICMP6, 134 << 8 },
	{ "neighbor-solicit", ICMP6, 135 << 8 },
	{ "neighbor-advert", ICMP6, 136 << 8 },
	{ "vlan", NUMBER, VLAN },
	{ "len", NUMBER, LENGTH },
	{ "type", NUMBER, TYPE },
	{ "code", NUMBER, CODE },
	{ "proto", NUMBER, PROTO },
	{ "broadcast", BROADCAST, 0 },
};

#define N_WORDS (sizeof(dictionary) / sizeof(dictionary[0]))

/**
 * struct reader - a description while it is read
 * @f:         for errors
 * @p:         out
 * @n, @word:  all words
 * @at:        the one looked at
 * @direction: what the next value is of: 0, 1, or -1 if not said
 * @ether:     it is an Ethernet address
 */
struct reader {
	struct frame_text *f;
	struct packet *p;
	int n;
	char *const *word;
	int at;
	int direction;
	bool ether;
};

static const struct word *look_up(const char *text)
{
	for (size_t i = 0; i < N_WORDS; i++)
		if (!strcmp(dictionary[i].word, text))
			return &dictionary[i];
	return NULL;
}

const char *packet_suggest(const char *word)
{
	const char *known[N_WORDS];

	for (size_t i = 0; i < N_WORDS; i++)
		known[i] = dictionary[i].word;
	return text_suggest(word, known, N_WORDS);
}

enum packet_family packet_address(const char *text, uint8_t out[16])
{
	if (inet_pton(AF_INET, text, out) == 1)
		return PACKET_IP4;
	return inet_pton(AF_INET6, text, out) == 1 ? PACKET_IP6 : PACKET_NONE;
}

/* A digit first is a typo in hex rather than a port's name. */
static bool looks_like_name(const char *word)
{
	return !isdigit((unsigned char)*word) &&
	       word[strspn(word, "0123456789abcdefABCDEF:-.")];
}

/* Bytes in hex may look like a full IPv6 address, but have no "::". */
bool packet_words(int n, char *const *words)
{
	uint8_t address[16];

	for (int i = 0; i < n; i++)
		if (strchr(words[i], '=') || look_up(words[i]) ||
		    packet_address(words[i], address) == PACKET_IP4 ||
		    strstr(words[i], "::") || looks_like_name(words[i]))
			return true;
	return false;
}

/* --- parts -------------------------------------------------------------- */

static int set_family(struct reader *r, enum packet_family family)
{
	struct packet *p = r->p;

	/* ARP is about IPv4 addresses. */
	if (p->family == PACKET_ARP && family == PACKET_IP4)
		return 0;
	if (p->family == PACKET_IP4 && family == PACKET_ARP && p->protocol < 0)
		p->family = PACKET_ARP;
	if (p->family != PACKET_NONE && p->family != family)
		return frame_fail(
			r->f,
			"\"%s\" does not go with what is before it: a "
			"packet is ARP, IPv4 or IPv6",
			r->word[r->at]);
	p->family = family;
	return 0;
}

static int set_protocol(struct reader *r, int value)
{
	struct packet *p = r->p;

	if (p->protocol >= 0 && p->protocol != (value & 0xff))
		return frame_fail(
			r->f,
			"\"%s\" does not go with what is before it: a "
			"packet has one protocol",
			r->word[r->at]);
	p->protocol = value & 0xff;
	/* "icmp" may be either family. */
	return value & V6_ONLY ? set_family(r, PACKET_IP6) : 0;
}

/* The word behind the one looked at, as a number. */
static int next_number(struct reader *r, long max, int *out)
{
	const char *what = r->word[r->at];
	const char *text = ++r->at < r->n ? r->word[r->at] : "";
	char *end;
	long n = strtol(text, &end, strncmp(text, "0x", 2) ? 10 : 16);

	if (!isdigit((unsigned char)*text) || *end || n > max)
		return frame_fail(r->f,
				  "after \"%s\" there must be a number up to "
				  "%ld",
				  what, max);
	*out = (int)n;
	return 0;
}

static int set_number(struct reader *r, enum number what)
{
	struct packet *p = r->p;
	int value = 0;

	switch (what) {
	case VLAN:
		return next_number(r, 4095, &p->w.vlan);
	case LENGTH:
		if (next_number(r, FRAME_MAX, &value))
			return -1;
		p->w.len = (unsigned int)value;
		return 0;
	case TYPE:
		return next_number(r, 255, &p->type);
	case CODE:
		return next_number(r, 255, &p->code);
	case PROTO:
		return next_number(r, 255, &value) ? -1
						   : set_protocol(r, value);
	}
	return -1;
}

static int set_port(struct reader *r)
{
	int which = r->direction == 0 ? 0 : 1;

	r->direction = -1;
	return next_number(r, 65535, &r->p->port[which]);
}

/* An Ethernet address, or a port of a switch that stands for one. */
static int set_station(struct reader *r, int which, const char *text)
{
	const char **to = which ? &r->p->w.dst : &r->p->w.src;

	if (*to)
		return frame_fail(r->f, "\"%s\": it %s %s already", text,
				  which ? "goes to" : "comes from", *to);
	*to = text;
	return 0;
}

/* Not in the dictionary: an address or a name. */
static int set_value(struct reader *r, const char *text)
{
	int which = r->direction == 0 ? 0 : 1;
	bool ether = r->ether;
	uint8_t address[16] = { 0 };
	enum packet_family family = packet_address(text, address);

	r->direction = -1;
	r->ether = false;
	if (family == PACKET_NONE || ether)
		return set_station(r, which, text);
	if (r->p->has[which])
		return frame_fail(r->f, "%s: the packet has %s address already",
				  text, which ? "a destination" : "a source");
	r->p->has[which] = true;
	memcpy(r->p->address[which], address, 16);
	return set_family(r, family);
}

/* "443" alone, behind tcp or udp. */
static bool is_port_number(const struct reader *r, const char *text)
{
	return r->p->port[1] < 0 && r->direction < 0 && *text &&
	       !text[strspn(text, "0123456789")] &&
	       (r->p->protocol == TCP || r->p->protocol == UDP);
}

static int set_icmp(struct reader *r, int protocol, int value)
{
	r->p->type = value >> 8;
	r->p->code = value & 0xff;
	return set_protocol(r, protocol);
}

static int one_word(struct reader *r, const struct word *w)
{
	struct packet *p = r->p;

	switch (w->what) {
	case FAMILY:
		return set_family(r, (enum packet_family)w->value);
	case PROTOCOL:
		return set_protocol(r, w->value);
	case DIRECTION:
		r->direction = w->value;
		return 0;
	case ETHER:
		r->ether = true;
		return 0;
	case PORT:
		return set_port(r);
	case SKIP:
		return 0;
	case FLAG:
		p->flags = (p->flags < 0 ? 0 : p->flags) | w->value;
		return set_protocol(r, TCP);
	case ICMP4:
		return set_icmp(r, ICMP, w->value);
	case ICMP6:
		return set_icmp(r, ICMPV6 | V6_ONLY, w->value);
	case REPLY:
		p->reply = w->value;
		return 0;
	case NUMBER:
		return set_number(r, (enum number)w->value);
	case BROADCAST:
		return set_station(r, 1, "broadcast");
	}
	return -1;
}

/* dst=10.0.0.2 is an IP address, dst=bob stands for an Ethernet address. */
static int key_value(struct reader *r, const char *word)
{
	const char *value = strchr(word, '=') + 1;
	uint8_t address[16];

	if (!strncmp(word, "dst=", 4) || !strncmp(word, "src=", 4)) {
		r->direction = word[0] == 'd';
		r->ether = packet_address(value, address) == PACKET_NONE;
		return set_value(r, value);
	}
	return frame_key(r->f, word, &r->p->w);
}

int packet_describe(struct frame_text *f, int n, char *const *words,
		    struct packet *p)
{
	struct reader r = { f, p, n, words, 0, -1, false };

	*p = (struct packet){ .w = { .vlan = -1 },
			      .protocol = -1,
			      .port = { -1, -1 },
			      .flags = -1,
			      .type = -1,
			      .code = -1 };
	for (; r.at < n; r.at++) {
		const char *word = words[r.at];
		const struct word *w = look_up(word);
		int result;

		if (w)
			result = one_word(&r, w);
		else if (strchr(word, '='))
			result = key_value(&r, word);
		else if (is_port_number(&r, word)) {
			r.at--;
			result = set_port(&r);
		} else
			result = set_value(&r, word);
		if (result)
			return -1;
	}
	if (r.direction >= 0 || r.ether)
		return frame_fail(
			f, "after \"%s\" there must be an address or a port",
			words[n - 1]);
	return 0;
}
