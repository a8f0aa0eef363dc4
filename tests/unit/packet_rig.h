/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets for tests, put together header by header.
 *
 * Lengths and checksums (of IPv4 headers and of the outermost ICMP, ICMPv6 or
 * IGMP) are filled in when the packet is finished: every IP and UDP header
 * reaches to the end of what was put after it.  A test that wants a lie writes
 * it over the bytes afterwards.
 *
 * What is parsed lies at the end of its own allocation, so that ASan sees any
 * look behind the snapshot.
 */
#ifndef WEIR_TESTS_PACKET_RIG_H
#define WEIR_TESTS_PACKET_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/packet.h"

#define PKT_MAX 2048u

/**
 * struct pkt - a packet in the making
 * @b, @n: bytes
 * @ip:    offsets of its IP headers
 * @ips:   how many
 * @udp:   offset of its outermost UDP header, or 0
 * @icmp:  likewise, of ICMP, ICMPv6 or IGMP
 */
struct pkt {
	uint8_t b[PKT_MAX];
	unsigned int n;
	unsigned int ip[4];
	unsigned int ips;
	unsigned int udp;
	unsigned int icmp;
};

/* 10.0.0.0 + n, and 2001:db8:: + n. */
struct ip_addr v4(uint32_t n);
struct ip_addr v6(uint64_t n);

void set16(uint8_t *b, unsigned int value);

void put8(struct pkt *k, unsigned int value);
void put16(struct pkt *k, unsigned int value);
void put32(struct pkt *k, uint32_t value);
void put_mac(struct pkt *k, uint64_t mac);
void put_addr(struct pkt *k, struct ip_addr addr);
void put_zeros(struct pkt *k, unsigned int n);

/* A new packet: addresses 02::1 to 02::2. */
void put_eth(struct pkt *k, unsigned int type);
/* In place of the type that was put last. */
void put_tag(struct pkt *k, unsigned int tpid, unsigned int tci,
	     unsigned int type);
void put_arp(struct pkt *k, unsigned int op, struct ip_addr from,
	     struct ip_addr to);
/* IPv4 or IPv6, as the addresses are. */
void put_ip(struct pkt *k, unsigned int protocol, struct ip_addr src,
	    struct ip_addr dst);
/* @words: 5 and more; @frag: flags and offset in units of 8 */
void put_v4(struct pkt *k, unsigned int protocol, struct ip_addr src,
	    struct ip_addr dst, unsigned int words, unsigned int frag,
	    unsigned int id);
/* A hop-by-hop, routing or destination options header of @n * 8 bytes. */
void put_extension(struct pkt *k, unsigned int next, unsigned int n);
void put_fragment(struct pkt *k, unsigned int next, unsigned int offset,
		  bool more, uint32_t id);
void put_tcp(struct pkt *k, unsigned int sport, unsigned int dport,
	     unsigned int flags);
void put_udp(struct pkt *k, unsigned int sport, unsigned int dport);
void put_icmp(struct pkt *k, unsigned int type, unsigned int code,
	      unsigned int id);
/* The outermost IP header's hop limit; put_nd() makes it 255. */
void set_hops(struct pkt *k, unsigned int hops);
/* NS, NA: without options. */
void put_nd(struct pkt *k, unsigned int type, struct ip_addr target);
void put_nd_option(struct pkt *k, unsigned int type, uint64_t mac);

/* Ethernet and IP at once. */
void put_start(struct pkt *k, unsigned int protocol, struct ip_addr src,
	       struct ip_addr dst);
/* Fill in lengths, then checksums. */
void finish(struct pkt *k);
void finish_checksums(struct pkt *k);

/**
 * frame_new - an exactly sized frame; to be freed
 * @len:  bytes of the frame, @k->n or less
 * @snap: of the snapshot, @len or less
 */
struct frame *frame_new(const struct pkt *k, unsigned int len,
			unsigned int snap);

/* Parse all of it, or as much as the longest snapshot has. */
struct packet parse(const struct pkt *k);
/* Parse the first @snap bytes of a frame of @len. */
struct packet parse_part(const struct pkt *k, unsigned int len,
			 unsigned int snap);
bool parse_inner(const struct pkt *k, unsigned int snap, struct packet *inner);

/* Both versions at once: IPv4 for @version 0, IPv6 for 1. */
extern const struct ip_addr test_src[2], test_dst[2];

void start(struct pkt *k, unsigned int version, unsigned int protocol);

/*
 * Finish what start() began, pad it, and parse it: sound, and nothing between
 * the IP header and what it carries.
 */
struct packet parse_sound(struct pkt *k, unsigned int version);

void assert_addr(struct ip_addr have, struct ip_addr want);
/* Nothing above the addresses may be given. */
void assert_bare(const struct packet *p, enum packet_flaw flaw);
/* Nor may they. */
void assert_nothing(const struct packet *p, enum packet_flaw flaw);

#endif
