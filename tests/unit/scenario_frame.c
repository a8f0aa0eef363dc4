/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/scenario.h"

#include <string.h>

#include "tests/unit/mcast_rig.h"
#include "tests/unit/packet_rig.h"

/**
 * struct draft - a frame that is being described
 * @k:    the packet it carries, if @k.n
 * @len:  its length without the tag, at least
 * @tags: 1 if it has one
 */
struct draft {
	struct scenario_frame *f;
	struct pkt k;
	bool ipv6;
	uint16_t len;
	unsigned int tags;
	uint16_t tpid, tci;
};

/* --- addresses ---------------------------------------------------------- */

/* 10.0.0.N or 2001:db8::N of station N. */
static struct ip_addr ip_of(const struct draft *d, uint64_t mac)
{
	uint32_t n = (uint32_t)(mac & 0xff);

	return d->ipv6 ? v6(n) : v4(n);
}

void scenario_addresses(struct scenario_frame *f)
{
	for (unsigned int i = 0; i < 6; i++) {
		f->bytes[i] = (uint8_t)(f->dst >> (40 - 8 * i));
		f->bytes[6 + i] = (uint8_t)(f->src >> (40 - 8 * i));
	}
}

/* --- what it carries ---------------------------------------------------- */

static unsigned int flags_of(const char *word)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} flag[] = { { "syn", PACKET_SYN },
		     { "ack", PACKET_ACK },
		     { "fin", PACKET_FIN },
		     { "rst", PACKET_RST } };
	unsigned int flags = 0;

	for (size_t i = 0; i < sizeof(flag) / sizeof(*flag); i++)
		if (strstr(word, flag[i].name) != NULL)
			flags |= flag[i].bit;
	if (flags == 0)
		scenario_fail("\"%s\" is no TCP flag", word);
	return flags;
}

/* Behind "udp" or "tcp": the ports. */
static void transport(struct words *w, struct draft *d, uint64_t ip, bool tcp)
{
	unsigned int from = (unsigned int)words_number(w), to;

	if (!words_is(w, ">"))
		scenario_fail("no \">\" between the ports");
	to = (unsigned int)words_number(w);
	put_start(&d->k, tcp ? PACKET_TCP : PACKET_UDP, ip_of(d, ip),
		  ip_of(d, d->f->dst));
	if (tcp)
		put_tcp(&d->k, from, to, flags_of(words_next(w)));
	else
		put_udp(&d->k, from, to);
	finish(&d->k);
}

/* Behind "arp": "who-has STATION", "is-at". */
static void arp(struct words *w, struct draft *d, uint64_t ip)
{
	if (words_is(w, "who-has"))
		put_arp(&d->k, 1, ip_of(d, ip), ip_of(d, words_mac(w)));
	else if (words_is(w, "is-at"))
		put_arp(&d->k, 2, ip_of(d, ip), ip_of(d, d->f->dst));
	else
		scenario_fail("ARP is \"who-has\" or \"is-at\"");
}

/* --- multicast ---------------------------------------------------------- */

static struct ip_addr group(struct words *w, bool v4)
{
	return snoop_group(v4, (unsigned int)words_number(w));
}

/* Of IGMP, or 3 for MLDv2 and 1 or 2 for MLDv1. */
static unsigned int version(struct words *w)
{
	return words_is(w, "version") ? (unsigned int)words_number(w) : 3;
}

static struct wire leave(struct words *w, bool v4)
{
	struct ip_addr g = group(w, v4);
	struct wire wire = wire_records(v4);

	/* Version 3 has no message for it: sources, of which there are none. */
	if (!words_is(w, "version"))
		return wire_leave(v4, g);
	if (words_number(w) != 3)
		scenario_fail("a leave has no such version");
	wire_record(&wire, TO_IN, g, 0, 0);
	return wire;
}

/* Return: false if the next word does not begin a message. */
static bool message(struct words *w, bool v4, struct wire *to)
{
	struct ip_addr g;
	unsigned int seconds;

	if (words_is(w, "query")) {
		seconds = (unsigned int)words_number(w);
		*to = wire_query(v4, version(w), seconds);
	} else if (words_is(w, "ask")) {
		g = group(w, v4);
		*to = wire_query_group(v4, version(w), g);
	} else if (words_is(w, "join")) {
		g = group(w, v4);
		*to = wire_report(v4, version(w), g);
	} else if (words_is(w, "leave")) {
		*to = leave(w, v4);
	} else if (words_is(w, "data")) {
		*to = wire_data(v4, group(w, v4));
	} else if (words_is(w, "hello")) {
		*to = wire_hello(v4);
	} else {
		return false;
	}
	return true;
}

static bool multicast(struct words *w, struct draft *d)
{
	struct wire wire;

	if (!message(w, !d->ipv6, &wire))
		return false;
	d->k.n = wire_bytes(&wire, d->k.b);
	d->f->dst = 0;
	for (unsigned int i = 0; i < 6; i++)
		d->f->dst = d->f->dst << 8 | d->k.b[i];
	d->f->last = d->f->dst;
	return true;
}

/* --- all of it ---------------------------------------------------------- */

static void tag(struct draft *d, uint16_t tpid, uint16_t tci)
{
	d->tags = 1;
	d->tpid = tpid;
	d->tci = tci;
}

static void detail(struct words *w, struct draft *d, uint64_t ip)
{
	if (words_is(w, "length"))
		d->len = (uint16_t)words_number(w);
	else if (words_is(w, "vlan"))
		tag(d, FRAME_TPID_C, (uint16_t)words_number(w));
	else if (words_is(w, "priority"))
		tag(d, FRAME_TPID_C, (uint16_t)(words_number(w) << 13));
	else if (words_is(w, "s-vlan"))
		tag(d, FRAME_TPID_S, (uint16_t)words_number(w));
	else if (words_is(w, "arp"))
		arp(w, d, ip);
	else if (words_is(w, "udp"))
		transport(w, d, ip, false);
	else if (words_is(w, "tcp"))
		transport(w, d, ip, true);
	else
		scenario_fail("\"%s\" is not known here", words_next(w));
}

static void build(struct draft *d)
{
	struct scenario_frame *f = d->f;

	f->len = d->len;
	if (d->k.n == 0) {
		rig_frame(f->bytes, f->dst, f->src, f->len);
	} else {
		memset(f->bytes, 0, sizeof(f->bytes));
		memcpy(f->bytes, d->k.b, d->k.n);
		if (f->len < d->k.n)
			f->len = (uint16_t)d->k.n;
		scenario_addresses(f);
	}
	if (d->tags > 0)
		f->len = rig_tag(f->bytes, f->len, d->tpid, d->tci);
}

void scenario_frame(struct words *w, bool ipv6, struct scenario_frame *f)
{
	struct draft d = { .f = f, .len = 60, .ipv6 = ipv6 };
	uint64_t ip;

	f->src = ip = words_mac(w);
	f->dst = f->last = 0;
	/* Another's IP address. */
	if (words_is(w, "as"))
		ip = words_mac(w);
	if (words_is(w, ">")) {
		f->dst = f->last = words_mac(w);
		if (words_is(w, "to"))
			f->last = words_mac(w);
	} else if (!multicast(w, &d)) {
		scenario_fail("where does it go?");
	}
	while (!words_is(w, "->"))
		detail(w, &d, ip);
	build(&d);
}

uint16_t scenario_retag(uint8_t *to, const struct scenario_frame *f,
			unsigned int vlan)
{
	bool tagged = frame_be16(f->bytes + 12) == FRAME_TPID_C;
	unsigned int tci = tagged ? frame_be16(f->bytes + 14) & 0xf000u : 0;
	uint16_t len = f->len;

	memcpy(to, f->bytes, len);
	if (tagged) {
		len = (uint16_t)(len - 4);
		memmove(to + 12, to + 16, len - 12u);
	}
	if (vlan > 0)
		len = rig_tag(to, len, FRAME_TPID_C, (uint16_t)(tci | vlan));
	return len;
}
