/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a frame says above Ethernet: addresses, protocol, ports.
 *
 * One parser for everything that asks: address locks (policy/lock.h), flows
 * (policy/flow.h) and multicast snooping (vswitch/mcast.h).  It looks at the
 * private snapshot alone and never behind @frame->snap.
 *
 * The sender may want the frame to be misread (hostile case 18: OVS
 * CVE-2016-10377, CVE-2020-35498, CVE-2023-1668): headers cut short, wrong
 * lengths, options, chains of extension headers, fragments, nested tags.  Two
 * rules prevent that:
 *
 *  - A field is reported only if all of it is there, and @flaw says what
 *    stopped the parser.  No caller may take the absence of a field for a
 *    value.
 *  - Lengths within the packet are checked against @frame->len.
 *
 * The parser stops at the first flaw.  The fields found before it are correct,
 * but a caller that allows something because of them must also require
 * PACKET_SOUND: receivers disagree about packets with flaws.
 *
 * PACKET_MALFORMED is
 *
 *	any IP	of another version than the Ethernet type says; longer than the
 *		frame (bytes behind the packet are padding, and fine); shorter
 *		than its headers, be it a first fragment (RFC 7112)
 *	IPv4	a header of less than 20 bytes, a total length less than that.
 *		Options are skipped, not read; checksums are not verified
 *	IPv6	payload length 0 before a hop-by-hop header (a jumbogram),
 *		hop-by-hop options behind another header, two fragment headers,
 *		more than PACKET_MAX_EXTENSIONS, IPv4-mapped addresses (nobody
 *		may send them, and struct ip_addr could not tell them from IPv4)
 *	ARP	another hardware or protocol than Ethernet and IPv4
 *	TCP	a data offset of less than 5, or behind the packet
 *	UDP	a length of less than 8, or behind the packet
 *	ND	an option of length 0 or behind the packet, a link-layer address
 *		of another length than Ethernet's, a fragment (RFC 6980)
 *	a tag	with the reserved VLAN id 4095
 *
 * and PACKET_CUT what would need bytes behind the snapshot, or a frame that
 * ends before a header that has no length of its own.
 */
#ifndef WEIR_BASE_PACKET_H
#define WEIR_BASE_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/abi.h"
#include "base/frame.h"

/*
 * Bytes of a frame that suffice for every field below, of the packet inside an
 * ICMP error as well: Ethernet and two tags, an IPv6 header, extension headers,
 * the ICMPv6 header, the same again.  (A snapshot has at most FRAME_SNAP_MAX
 * bytes; one that cuts a long chain of options is a flaw like any other.)
 */
#define PACKET_SNAP 192u

/* Extension headers of IPv6 that are walked; more are a flaw. */
#define PACKET_MAX_EXTENSIONS 8u

#define PACKET_ICMP 1u
#define PACKET_IGMP 2u
#define PACKET_TCP 6u
#define PACKET_UDP 17u
#define PACKET_ICMPV6 58u

#define PACKET_ND_SOLICITATION 135u
#define PACKET_ND_ADVERTISEMENT 136u

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
	PACKET_MALFORMED, /* a header contradicts itself or its frame */
	PACKET_TAGS,	  /* more than two VLAN tags */
};

/**
 * struct ip_addr - an IPv4 or IPv6 address
 * @hi: first eight bytes, as a number
 * @lo: last eight
 *
 * IPv4 addresses are mapped, ::ffff:a.b.c.d.
 */
struct ip_addr {
	uint64_t hi;
	uint64_t lo;
};

ABI_SIZE(struct ip_addr, 16);
ABI_AT(struct ip_addr, hi, 0);
ABI_AT(struct ip_addr, lo, 8);

/**
 * struct packet - a frame, read as a packet
 * @kind:      enum packet_kind; what the Ethernet type says, also with a flaw
 * @flaw:      enum packet_flaw
 * @ethertype: behind all tags, or behind the last one that could be read
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
 * @fragment:  IP: it is a fragment; one that is the whole packet (RFC 6946) is
 *             none
 * @later:     IP: and not the first, so it has no ports
 * @ip_id:     IP: of a fragment, its identification
 * @frag_at:   IP: of a fragment, the place of its data in the whole packet's
 * @frag_len:  IP: of a fragment, bytes of data
 * @ported:    @sport and @dport are there (TCP, UDP, not @later)
 * @sport, @dport: of TCP and UDP
 * @flagged:   @tcp_flags is there, and so are the 20 bytes of the header
 * @tcp_flags: low eight
 * @icmp:      @icmp_type and @icmp_code are there (ICMP in IPv4, ICMPv6 in
 *             IPv6, not @later), and so are the 8 bytes of the header
 * @icmp_ident:   of echoes and the like; 0 if it has none
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
	uint16_t icmp_ident;
	uint16_t sport;
	uint16_t dport;
	uint16_t arp_op;
	uint16_t frag_at;
	uint16_t frag_len;
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
 * @p:     out, in any case: lengths are not held against the frame, because
 *         errors quote packets in part; @p->end is the end of what is quoted
 *
 * Errors are ICMP's types 3, 4, 5, 11 and 12, and ICMPv6's 1 to 4.
 *
 * Return: false if @outer is no such error or not sound, or too little is there
 * to have addresses, protocol and (TCP, UDP, ICMP) ports or type and id.
 */
bool packet_parse_inner(const struct frame *frame, const struct packet *outer,
			struct packet *p);

/**
 * packet_is_tight - whether nothing but padding can stand behind a packet
 * @p: an IP packet or ARP, sound
 *
 * Padding is what makes a frame as long as Ethernet wants it, a payload of 46
 * bytes behind all tags, and no more.
 */
bool packet_is_tight(const struct frame *frame, const struct packet *p);

/**
 * packet_is_intact - whether the checksums of an IP packet's header, and of the
 * ICMP, ICMPv6 or IGMP in it, are right
 * @p: sound
 *
 * Return: false also if not all of it is in the snapshot.
 */
bool packet_is_intact(const struct frame *frame, const struct packet *p);

/**
 * packet_is_discovery - whether hosts would take ICMPv6 for neighbour discovery
 *
 * Hop limit 255, code 0, a right checksum, nothing behind it (RFC 4861).  So it
 * is no longer than the snapshot, which has room for all but SEND's options.
 */
bool packet_is_discovery(const struct frame *frame, const struct packet *p);

/**
 * packet_resolves - whether it is address resolution, and nothing else
 * @frame: snapshot
 * @p:     that frame, parsed
 *
 * ARP requests and replies, and neighbour solicitations and advertisements that
 * a host has to accept (RFC 4861 sections 7.1.1 and 7.1.2), without extension
 * headers.  What is padding carries nothing: whoever lets a frame through by
 * this alone has it zeroed.
 */
bool packet_resolves(const struct frame *frame, const struct packet *p);

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
