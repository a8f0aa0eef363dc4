/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of an expression, as far as names of hosts have to be told from the
 * keywords of pcap-filter(7).
 */
#include "config/check/filter.h"

#include <string.h>

/* Between spaces, for memmem(). */
static const char keywords[] =
	" aarp action addr1 addr2 addr3 addr4 address1 address2 "
	"address3 address4 ah and arp atalk bcc broadcast byte "
	"carp clnp connectmsg csnp decnet dir direction dpc dst "
	"es-is esis esp ether fddi fisu gateway geneve greater "
	"hdpc hfisu hlssu hmsu hopc host hsio hsls icmp icmp-echo "
	"icmp-echoreply icmp-timxceed icmp-unreach icmp6 icmp6code "
	"icmp6type icmpcode icmptype ifindex ifname igmp igrp iih "
	"ilmic inbound ip ip6 ipx is-is isis iso l1 l2 lane lat "
	"len length less link llc lsp lssu lsu mask metac "
	"metaconnect mopdl moprc mpls msu multicast net netbeui "
	"netbui not oam oamf4 oamf4ec oamf4sc on opc or outbound "
	"pim port portrange ppp pppoed pppoes proto protochain "
	"psnp radio rarp reason rnr rset rulenum ruleset sc sca "
	"sctp sio slip sls snp src srnr stp subrulenum subtype tcp "
	"tcp-ack tcp-cwr tcp-ece tcp-fin tcp-push tcp-rst tcp-syn "
	"tcp-urg tcpflags tr type udp vci vlan vpi vrrp wlan ";

bool filter_is_keyword(const char *text, size_t len)
{
	const char *p = keywords;

	while ((p = memmem(p, strlen(p), text, len))) {
		if (p[-1] == ' ' && p[len] == ' ')
			return true;
		p++;
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

bool filter_is_name(const char *word, size_t len)
{
	size_t digits = strspn(word, "0123456789.");

	if (*word == '\\')
		return true;
	return is_alnum(*word) && digits < len && !memchr(word, ':', len) &&
	       !(word[0] == '0' && word[1] == 'x') &&
	       !filter_is_keyword(word, len);
}
