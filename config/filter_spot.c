/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where in an expression a mistake is.
 *
 * libpcap says "syntax error" and no more.  But it can be asked: the words up to
 * some place can be the beginning of a filter if there is something that can
 * follow them.  So a handful of endings is tried behind each beginning, and the
 * first word with which none works is the one that cannot stand there.
 *
 * Names of hosts and services would be looked up each time, in files and by DNS;
 * numbers take their places.
 */
#include "config/filter.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

/* Words of the language, those that others are mistaken for coming first. */
static const char *const words[] = {
	"port",		 "host",      "net",	      "src",
	"dst",		 "and",	      "or",	      "not",
	"tcp",		 "udp",	      "ip",	      "ip6",
	"arp",		 "icmp",      "icmp6",	      "ether",
	"vlan",		 "proto",     "portrange",    "broadcast",
	"multicast",	 "less",      "greater",      "len",
	"mask",		 "igmp",      "sctp",	      "rarp",
	"esp",		 "ah",	      "pim",	      "vrrp",
	"carp",		 "igrp",      "stp",	      "mpls",
	"pppoed",	 "pppoes",    "geneve",	      "protochain",
	"gateway",	 "link",      "fddi",	      "tr",
	"wlan",		 "ppp",	      "slip",	      "inbound",
	"outbound",	 "decnet",    "lat",	      "moprc",
	"mopdl",	 "sca",	      "atalk",	      "aarp",
	"iso",		 "clnp",      "esis",	      "isis",
	"ipx",		 "netbeui",   "lane",	      "llc",
	"type",		 "subtype",   "dir",	      "ifname",
	"tcpflags",	 "tcp-syn",   "tcp-ack",      "tcp-fin",
	"tcp-rst",	 "tcp-push",  "tcp-urg",      "tcp-ece",
	"tcp-cwr",	 "icmptype",  "icmpcode",     "icmp6type",
	"icmp6code",	 "icmp-echo", "icmp-unreach", "icmp-echoreply",
	"icmp-timxceed",
};

/* Those that nobody means, of other links than Ethernet. */
static const char *const strange[] = {
	"netbui",     "es-is",	  "is-is",	"csnp",	       "psnp",
	"snp",	      "iih",	  "lsp",	"l1",	       "l2",
	"addr1",      "addr2",	  "addr3",	"addr4",       "address1",
	"address2",   "address3", "address4",	"direction",   "radio",
	"length",     "byte",	  "on",		"rset",	       "ruleset",
	"rnr",	      "rulenum",  "srnr",	"reason",      "action",
	"subrulenum", "ifindex",  "vpi",	"vci",	       "metac",
	"bcc",	      "oam",	  "oamf4",	"oamf4ec",     "oamf4sc",
	"sc",	      "ilmic",	  "connectmsg", "metaconnect", "fisu",
	"lssu",	      "lsu",	  "msu",	"hfisu",       "hlssu",
	"hmsu",	      "sio",	  "opc",	"dpc",	       "sls",
	"hsio",	      "hopc",	  "hdpc",	"hsls",
};

#define N_WORDS (sizeof(words) / sizeof(words[0]))

void filter_guess(struct guess *g)
{
	for (size_t i = 0; i < N_WORDS; i++)
		guess_offer(g, words[i]);
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(text, word, len) == 0;
}

bool filter_is_keyword(const char *text, size_t len)
{
	for (size_t i = 0; i < N_WORDS; i++) {
		if (is_word(text, len, words[i]))
			return true;
	}
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		if (is_word(text, len, strange[i]))
			return true;
	}
	return false;
}

/* --- words of an expression ----------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Addresses are words; inside of [ ] a colon is a sign. */
static bool continues(char c, bool in_brackets)
{
	return is_alnum(c) || c == '.' || c == '_' || c == '-' ||
	       (c == ':' && !in_brackets);
}

static size_t word_len(const char *text, bool in_brackets)
{
	size_t len = 1;

	while (continues(text[len], in_brackets))
		len++;
	return len;
}

/* Two characters that belong together, or one. */
static size_t sign_len(const char *text)
{
	static const char *const pairs[] = { "&&", "||", "<=", ">=",
					     "==", "!=", "<<", ">>" };
	size_t len = 1;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (strncmp(text, pairs[i], 2) == 0)
			return 2;
	}
	/* All octets of a character. */
	while (((unsigned char)text[len] & 0xc0) == 0x80)
		len++;
	return len;
}

bool filter_next(const char *text, size_t at, bool in_brackets,
		 struct filter_spot *spot)
{
	const char *p = text + at + strspn(text + at, " \t");

	spot->at = (size_t)(p - text);
	spot->len = 0;
	if (!*p)
		return false;
	if (is_alnum(*p) || *p == '\\' || (*p == ':' && p[1] == ':'))
		spot->len = word_len(p, in_brackets);
	else
		spot->len = sign_len(p);
	return true;
}

bool filter_find(const char *text, const char *word, size_t len,
		 struct filter_spot *spot)
{
	const char *p = text;

	while ((p = memmem(p, strlen(p), word, len))) {
		bool begins = p == text || !continues(p[-1], false);

		if (begins && !continues(p[len], false)) {
			spot->at = (size_t)(p - text);
			spot->len = len;
			return true;
		}
		p++;
	}
	return false;
}

bool filter_quoted(const char *text, const char *said, struct filter_spot *spot)
{
	const char *open = strpbrk(said, "'\"");
	const char *close = open ? strchr(open + 1, *open) : NULL;

	if (close && close > open + 1 &&
	    filter_find(text, open + 1, (size_t)(close - open - 1), spot))
		return true;
	for (const char *p = said; *p; p++) {
		size_t len = strspn(p, "0123456789");

		if (!len)
			continue;
		if (filter_find(text, p, len, spot))
			return true;
		p += len - 1;
	}
	return false;
}

/* --- beginnings ---------------------------------------------------------- */

#define MAX_WORDS 256
#define MAX_OPEN 16
#define LONGEST 2048

/*
 * An expression as far as it has been read, with names replaced.
 *
 * @close: what closes the brackets that are open, innermost last
 */
struct beginning {
	char text[LONGEST];
	size_t len;
	char close[MAX_OPEN + 1];
	unsigned int open;
};

enum answer { DEAD, MAYBE, ALIVE };

/* What a name stands for is told by the last of these before it. */
static const char *number_for(const char *before)
{
	static const char *const numbered[] = { "port", "portrange", "proto",
						"protochain", "type" };

	for (size_t i = 0; i < sizeof(numbered) / sizeof(numbered[0]); i++) {
		if (strcmp(before, numbered[i]) == 0)
			return "1";
	}
	if (strcmp(before, "ether") == 0 || strcmp(before, "link") == 0)
		return "02:00:00:00:00:01";
	return "192.0.2.1";
}

bool filter_is_name(const char *word, size_t len)
{
	size_t digits = strspn(word, "0123456789.");

	if (*word == '\\')
		return true;
	return is_alnum(*word) && digits < len && !memchr(word, ':', len) &&
	       !(word[0] == '0' && word[1] == 'x') &&
	       !filter_is_keyword(word, len);
}

static void add(struct beginning *b, const char *text, size_t len)
{
	if (b->len + len + 2 > sizeof(b->text))
		return;
	memcpy(b->text + b->len, text, len);
	b->len += len;
	b->text[b->len++] = ' ';
	b->text[b->len] = '\0';
}

static void track_brackets(struct beginning *b, char c)
{
	if ((c == '(' || c == '[') && b->open < MAX_OPEN)
		b->close[b->open++] = c == '(' ? ')' : ']';
	else if ((c == ')' || c == ']') && b->open)
		b->open--;
}

/* The first @n words of an expression; returns how many there are up to that. */
static unsigned int begin(struct beginning *b, const char *text, unsigned int n,
			  struct filter_spot *after)
{
	const char *before = "host";
	struct filter_spot spot = { 0, 0 };
	unsigned int i = 0;

	b->len = b->open = 0;
	b->text[0] = '\0';
	for (; i < n; i++) {
		bool in_brackets = b->open && b->close[b->open - 1] == ']';
		const char *word;

		if (!filter_next(text, spot.at + spot.len, in_brackets, &spot))
			break;
		word = text + spot.at;
		if (filter_is_name(word, spot.len)) {
			word = number_for(before);
			add(b, word, strlen(word));
			continue;
		}
		add(b, word, spot.len);
		track_brackets(b, *word);
		for (size_t k = 0; k < N_WORDS; k++) {
			if (is_word(word, spot.len, words[k]))
				before = words[k];
		}
	}
	filter_next(text, spot.at + spot.len,
		    b->open && b->close[b->open - 1] == ']', after);
	return i;
}

/* --- endings ------------------------------------------------------------- */

static enum answer ask(pcap_t *pcap, const char *expression)
{
	struct bpf_program program;

	if (pcap_compile(pcap, &program, expression, 0, PCAP_NETMASK_UNKNOWN) ==
	    0) {
		pcap_freecode(&program);
		return ALIVE;
	}
	/* Any other error comes from what has been understood so far. */
	return strstr(pcap_geterr(pcap), "syntax error") ? DEAD : MAYBE;
}

/* One ending: @first, some brackets closed, @second, and the others closed. */
static enum answer end_so(pcap_t *pcap, const struct beginning *b,
			  const char *first, const char *second,
			  unsigned int inner)
{
	char text[LONGEST + 128];
	size_t n;

	n = (size_t)snprintf(text, sizeof(text), "%s%s ", b->text, first);
	for (unsigned int i = 0; i < inner; i++)
		text[n++] = b->close[b->open - 1 - i];
	n += (size_t)snprintf(text + n, sizeof(text) - n, "%s ", second);
	for (unsigned int i = inner; i < b->open; i++)
		text[n++] = b->close[b->open - 1 - i];
	text[n] = '\0';
	return ask(pcap, text);
}

/* Can a beginning be gone on with? */
static enum answer can_go_on(pcap_t *pcap, const struct beginning *b)
{
	static const char *const firsts[] = {
		"",
		"1",
		"tcp",
		"192.0.2.1",
		"port 1",
		"host 192.0.2.1",
		"dst host 192.0.2.1",
		"1 = 1",
		"02:00:00:00:00:01",
		"255.255.255.255",
	};
	enum answer best = DEAD;

	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		for (unsigned int inner = 0; inner <= b->open; inner++) {
			enum answer a = end_so(pcap, b, firsts[i], "", inner);

			if (a != ALIVE) {
				best = a > best ? a : best;
				a = end_so(pcap, b, firsts[i], "= 1", inner);
			}
			if (a == ALIVE)
				return ALIVE;
			best = a > best ? a : best;
		}
	}
	return best;
}

bool filter_syntax(struct arena *a, const char *text, struct filter_spot *spot)
{
	struct beginning *b = arena_alloc(a, sizeof(*b));
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	unsigned int good = 0, bad = begin(b, text, MAX_WORDS, spot);
	enum answer whole;

	if (!pcap)
		return false;
	whole = spot->len ? MAYBE : can_go_on(pcap, b);
	/* What begins nothing cannot be put right by more of it. */
	while (whole == DEAD && bad - good > 1) {
		unsigned int middle = good + (bad - good) / 2;

		begin(b, text, middle, spot);
		if (can_go_on(pcap, b) == DEAD)
			bad = middle;
		else
			good = middle;
	}
	if (whole == DEAD)
		begin(b, text, good, spot);
	pcap_close(pcap);
	return whole != MAYBE;
}
