/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a frame says above Ethernet: addresses, protocol, ports.
 *
 * One parser for everything that asks: address locks (policy/lock.h), flows
 * (policy/flow.h) and multicast snooping (vswitch/mcast.h).  It looks at the
 * private snapshot alone and never behind @frame->snap.
 *
 * What is hard is that whoever made the frame wants it misread (hostile case
 * 18: OVS CVE-2016-10377, CVE-2020-35498, CVE-2023-1668): headers cut short,
 * lengths that lie, options, chains of extension headers, fragments, tags in
 * tags.  Two rules keep this honest:
 *
 *  - A field is given only if it is wholly there; a packet is what it can be
 *    shown to be, and @flaw says what stopped the parser.  No caller may take
 *    the absence of a field for a value.
 *  - Lengths within the packet are held against @frame->len, not believed.
 */
#ifndef WEIR_POLICY_PACKET_H
#define WEIR_POLICY_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "vswitch/frame.h"

/*
 * Octets of a frame that suffice for every field below, of the packet inside an
 * ICMP error as well: Ethernet and two tags, an IPv6 header, extension headers,
 * the ICMPv6 header, the same again.  (FRAME_SNAP_MAX is the most there is; long
 * chains of options can still be cut, which is a flaw like any other.)
 */
#define PACKET_SNAP 192u

/* Extension headers of IPv6 that are walked; more are a flaw. */
#define PACKET_MAX_EXTENSIONS 8u

#define PACKET_ICMP 1u
#define PACKET_IGMP 2u
#define PACKET_TCP 6u
#define PACKET_UDP 17u
#define PACKET_ICMPV6 58u

#define PACKET_FIN 0x01u
#define PACKET_SYN 0x02u
#define PACKET_RST 0x04u
#define PACKET_ACK 0x10u

enum packet_kind {
	PACKET_OTHER, /* none of these */
	PACKET_ARP,   /* Ethernet and IPv4 */
	PACKET_IPV4,
	PACKET_IPV6,
};

enum packet_flaw {
	PACKET_SOUND,	  /* everything its kind has is there */
	PACKET_CUT,	  /* the snapshot or the frame ends before it should */
	PACKET_MALFORMED, /* a header contradicts itself */
	PACKET_TAGS,	  /* more than two VLAN tags */
};

/**
 * struct ip_addr - an IPv4 or IPv6 address
 * @hi: first eight octets, as a number
 * @lo: last eight
 *
 * IPv4 addresses are mapped, ::ffff:a.b.c.d.
 */
struct ip_addr {
	uint64_t hi;
	uint64_t lo;
};

/**
 * struct packet - a frame, read as a packet
 * @kind:      enum packet_kind; what the Ethernet type says, also with a flaw
 * @flaw:      enum packet_flaw
 * @ethertype: behind all tags
 * @l3:        offset of what follows it
 * @addressed: @src and @dst are there.  ARP: sender and target
 * @src, @dst: addresses
 * @arp_op:    ARP: 1 request, 2 reply
 * @arp_sha:   ARP: the sender's Ethernet address
 * @protocol:  IP: of what follows the header and its extensions, if @carried
 * @carried:   @protocol and @l4 are there; not in later fragments of IPv6 whose
 *             protocol stands behind another extension header
 * @l4:        offset of what follows the IP headers
 * @end:       offset behind the packet, by its own length field; at most
 *             @frame->len, also where that field says more (PACKET_MALFORMED)
 * @fragment:  IP: it is a fragment
 * @later:     IP: and not the first, so it has no ports
 * @ip_id:     IP: of a fragment, its identification
 * @ported:    @sport and @dport are there (TCP, UDP, not @later)
 * @sport, @dport: of TCP and UDP
 * @flagged:   @tcp_flags is there
 * @tcp_flags: low eight
 * @icmp:      @icmp_type and @icmp_code are there (ICMP, ICMPv6, not @later)
 * @icmp_id:   of echoes and the like; 0 if it has none
 * @hop_limit: IP: TTL or hop limit, if @addressed
 * @nd:        ICMPv6 neighbour solicitation or advertisement, and @target is
 *             there
 * @target:    the address it is about
 * @linked:    neighbour or router discovery, with @link: a source or target
 *             link-layer address option; two that differ are PACKET_MALFORMED
 * @link:      the address in it
 */
struct packet {
	uint8_t kind;
	uint8_t flaw;
	uint8_t protocol;
	uint8_t hop_limit;
	uint16_t ethertype;
	uint16_t l3;
	uint16_t l4;
	uint16_t end;
	bool addressed;
	bool carried;
	bool fragment;
	bool later;
	bool ported;
	bool flagged;
	bool icmp;
	bool nd;
	bool linked;
	uint8_t tcp_flags;
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint16_t icmp_id;
	uint16_t sport;
	uint16_t dport;
	uint16_t arp_op;
	uint32_t ip_id;
	uint64_t arp_sha;
	uint64_t link;
	struct ip_addr src;
	struct ip_addr dst;
	struct ip_addr target;
};

/**
 * packet_parse - read a frame as a packet
 * @frame: snapshot
 * @p:     out: all of it, in any case
 */
void packet_parse(const struct frame *frame, struct packet *p);

/**
 * packet_parse_inner - the packet an ICMP or ICMPv6 error is about
 * @frame: snapshot
 * @outer: that frame, parsed
 * @p:     out: lengths are not held against the frame, because errors quote
 *         packets in part; @p->end is the end of what is quoted
 *
 * Return: false if @outer is no such error, or too little is there to have
 * addresses, protocol and (TCP, UDP, echoes) ports or id.
 */
bool packet_parse_inner(const struct frame *frame, const struct packet *outer,
			struct packet *p);

static inline bool ip_same(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->hi == b->hi && a->lo == b->lo;
}

static inline struct ip_addr ip_from_v4(uint32_t v4)
{
	return (struct ip_addr){ .hi = 0, .lo = 0xffff00000000ull | v4 };
}

static inline bool ip_is_v4(const struct ip_addr *a)
{
	return a->hi == 0 && a->lo >> 32 == 0xffff;
}

#endif
