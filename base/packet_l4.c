/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading what IP carries: ports, ICMP, neighbour discovery.
 *
 * What is hard here is neighbour discovery: the address a lock has to know may
 * stand behind any number of options, and a receiver that reads them in another
 * way than we do would believe another address.  So they are walked to the end,
 * and whatever can be read in two ways is a flaw.
 */
#include "base/packet_impl.h"

#define TCP_LEN 20u
#define UDP_LEN 8u
#define OPTION_LEN 8u

#define ND_ROUTER_SOLICITATION 133u
#define ND_ROUTER_ADVERTISEMENT 134u
#define ND_SOLICITATION 135u
#define ND_ADVERTISEMENT 136u
#define ND_REDIRECT 137u
#define ND_SOURCE_LINK 1u
#define ND_TARGET_LINK 2u

/* --- neighbour discovery -------------------------------------------------- */

/* Where a message's options begin; 0 if it is none of neighbour discovery. */
static unsigned int nd_fixed(unsigned int type)
{
	switch (type) {
	case ND_ROUTER_SOLICITATION:
		return 8;
	case ND_ROUTER_ADVERTISEMENT:
		return 16;
	case ND_SOLICITATION:
	case ND_ADVERTISEMENT:
		return 24;
	case ND_REDIRECT:
		return 40;
	default:
		return 0;
	}
}

static bool nd_link(const struct view *v, struct packet *p, unsigned int at,
		    unsigned int len)
{
	uint64_t link;

	if (len != OPTION_LEN)
		return fail(p, PACKET_MALFORMED);
	if (!have(v, p, at, len))
		return false;
	link = mac_load(v->bytes + at + 2);
	if (p->linked && p->link != link)
		return fail(p, PACKET_MALFORMED);
	p->linked = true;
	p->link = link;
	return true;
}

/*
 * Other options than link-layer addresses need not be in the snapshot, as long
 * as nothing stands behind them.
 */
static void parse_nd_options(const struct view *v, struct packet *p,
			     unsigned int at)
{
	while (at < p->end) {
		unsigned int type, len;

		if (!have(v, p, at, 2))
			return;
		type = v->bytes[at];
		len = v->bytes[at + 1] * OPTION_LEN;
		if (len == 0 || (at + len > p->end && !v->quoted)) {
			fail(p, PACKET_MALFORMED);
			return;
		}
		if ((type == ND_SOURCE_LINK || type == ND_TARGET_LINK) &&
		    !nd_link(v, p, at, len))
			return;
		at += len;
	}
}

static void parse_nd(const struct view *v, struct packet *p)
{
	unsigned int fixed = nd_fixed(p->icmp_type);

	if (fixed == 0)
		return;
	if (p->fragment) {
		fail(p, PACKET_MALFORMED);
		return;
	}
	if (!have(v, p, p->l4, fixed))
		return;
	if (p->icmp_type == ND_SOLICITATION ||
	    p->icmp_type == ND_ADVERTISEMENT) {
		struct ip_addr target = load_v6(v->bytes + p->l4 + 8);

		if (ip_is_v4(&target)) {
			fail(p, PACKET_MALFORMED);
			return;
		}
		p->target = target;
		p->nd = true;
	}
	parse_nd_options(v, p, p->l4 + fixed);
}

/* --- ports, ICMP ---------------------------------------------------------- */

static bool parse_ports(const struct view *v, struct packet *p)
{
	const uint8_t *b = v->bytes + p->l4;

	if (!have(v, p, p->l4, 4))
		return false;
	p->sport = frame_be16(b);
	p->dport = frame_be16(b + 2);
	p->ported = true;
	return true;
}

static void parse_tcp(const struct view *v, struct packet *p)
{
	const uint8_t *b = v->bytes + p->l4;
	unsigned int header;

	if (!parse_ports(v, p) || !have(v, p, p->l4, TCP_LEN))
		return;
	p->tcp_flags = b[13];
	p->flagged = true;
	header = (b[12] >> 4) * 4u;
	if (header < TCP_LEN || (p->l4 + header > p->end && !v->quoted))
		fail(p, PACKET_MALFORMED);
}

/*
 * The length is that of the whole packet, of which a fragment has only a part.
 */
static void parse_udp(const struct view *v, struct packet *p)
{
	unsigned int len;

	if (!parse_ports(v, p) || !have(v, p, p->l4, UDP_LEN))
		return;
	len = frame_be16(v->bytes + p->l4 + 4);
	if (len < UDP_LEN ||
	    (p->l4 + len > p->end && !p->fragment && !v->quoted))
		fail(p, PACKET_MALFORMED);
}

/* Echoes, timestamps, information and address mask, requests and replies. */
static bool icmp_has_id(const struct packet *p)
{
	unsigned int type = p->icmp_type;

	if (p->kind == PACKET_IPV6)
		return type == 128 || type == 129;
	return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

static void parse_icmp(const struct view *v, struct packet *p)
{
	const uint8_t *b = v->bytes + p->l4;

	if (!have(v, p, p->l4, ICMP_LEN))
		return;
	p->icmp_type = b[0];
	p->icmp_code = b[1];
	p->icmp = true;
	if (icmp_has_id(p))
		p->icmp_ident = frame_be16(b + 4);
	if (p->kind == PACKET_IPV6)
		parse_nd(v, p);
}

void packet_parse_carried(const struct view *v, struct packet *p)
{
	if (p->protocol == PACKET_TCP)
		parse_tcp(v, p);
	else if (p->protocol == PACKET_UDP)
		parse_udp(v, p);
	else if (carries_icmp(p))
		parse_icmp(v, p);
}
