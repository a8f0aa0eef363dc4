/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the parser: what packet.c (Ethernet, ARP, IP) and packet_l4.c (what IP
 * carries) share.
 *
 * Two bounds are kept apart all the way, because they mean different things:
 * the view's limit, behind which nothing may be read, and the packet's own end,
 * behind which nothing belongs to it.  A header that goes past the limit is
 * cut: with a longer snapshot it might be sound.  A header that goes past the
 * packet's end contradicts the length the packet gives itself, and no snapshot
 * will help.  In the quoted part of an ICMP error only the first can be known,
 * since errors quote packets in part.
 */
#ifndef WEIR_BASE_PACKET_IMPL_H
#define WEIR_BASE_PACKET_IMPL_H

#include "base/packet.h"

#define ICMP_LEN 8u

/**
 * struct view - what may be read
 * @bytes:  the snapshot
 * @limit:  no byte from here on may be read
 * @quoted: it is the quoted part of a packet
 */
struct view {
	const uint8_t *bytes;
	unsigned int limit;
	bool quoted;
};

static inline bool fail(struct packet *p, enum packet_flaw flaw)
{
	p->flaw = (uint8_t)flaw;
	return false;
}

/* Are bytes there, of something that has no length of its own? */
static inline bool there(const struct view *v, struct packet *p,
			 unsigned int at, unsigned int n)
{
	if (at + n > v->limit || at + n > p->end)
		return fail(p, PACKET_CUT);
	return true;
}

/* Are bytes there, and within the packet's own length? */
static inline bool have(const struct view *v, struct packet *p, unsigned int at,
			unsigned int n)
{
	if (at + n > p->end && !v->quoted)
		return fail(p, PACKET_MALFORMED);
	return there(v, p, at, n);
}

static inline uint32_t be32(const uint8_t *b)
{
	return (uint32_t)frame_be16(b) << 16 | frame_be16(b + 2);
}

static inline struct ip_addr load_v6(const uint8_t *b)
{
	return (struct ip_addr){
		.hi = (uint64_t)be32(b) << 32 | be32(b + 4),
		.lo = (uint64_t)be32(b + 8) << 32 | be32(b + 12),
	};
}

/* Is it ICMP for IPv4, ICMPv6 for IPv6? */
static inline bool carries_icmp(const struct packet *p)
{
	return p->protocol ==
	       (p->kind == PACKET_IPV4 ? PACKET_ICMP : PACKET_ICMPV6);
}

/**
 * packet_parse_carried - read what IP carries: ports, ICMP, ND
 * @p: in: @protocol, @l4; no later fragment.  out: the fields that follow
 */
void packet_parse_carried(const struct view *v, struct packet *p);

#endif
