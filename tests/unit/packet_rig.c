/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/packet_rig.h"

struct ip_addr v4(uint32_t n)
{
	return ip_from_v4(0x0a000000u + n);
}

struct ip_addr v6(uint64_t n)
{
	return (struct ip_addr){ .hi = 0x20010db800000000ull, .lo = n };
}

void set16(uint8_t *b, unsigned int value)
{
	b[0] = (uint8_t)(value >> 8);
	b[1] = (uint8_t)value;
}

void put8(struct pkt *k, unsigned int value)
{
	if (k->n == PKT_MAX)
		abort();
	k->b[k->n++] = (uint8_t)value;
}

void put16(struct pkt *k, unsigned int value)
{
	put8(k, value >> 8);
	put8(k, value);
}

void put32(struct pkt *k, uint32_t value)
{
	put16(k, value >> 16);
	put16(k, value);
}

void put_mac(struct pkt *k, uint64_t mac)
{
	put16(k, (unsigned int)(mac >> 32));
	put32(k, (uint32_t)mac);
}

void put_addr(struct pkt *k, struct ip_addr addr)
{
	if (!ip_is_v4(&addr)) {
		put32(k, (uint32_t)(addr.hi >> 32));
		put32(k, (uint32_t)addr.hi);
		put32(k, (uint32_t)(addr.lo >> 32));
	}
	put32(k, (uint32_t)addr.lo);
}

void put_zeros(struct pkt *k, unsigned int n)
{
	while (n-- > 0)
		put8(k, 0);
}

void put_eth(struct pkt *k, unsigned int type)
{
	memset(k, 0, sizeof(*k));
	put_mac(k, 0x020000000002);
	put_mac(k, 0x020000000001);
	put16(k, type);
}

void put_tag(struct pkt *k, unsigned int tpid, unsigned int tci,
	     unsigned int type)
{
	k->n -= 2;
	put16(k, tpid);
	put16(k, tci);
	put16(k, type);
}

void put_arp(struct pkt *k, unsigned int op, struct ip_addr from,
	     struct ip_addr to)
{
	put_eth(k, 0x0806);
	put16(k, 1);
	put16(k, 0x0800);
	put8(k, 6);
	put8(k, 4);
	put16(k, op);
	put_mac(k, 0x020000000001);
	put_addr(k, from);
	put_mac(k, 0);
	put_addr(k, to);
}

void put_v4(struct pkt *k, unsigned int protocol, struct ip_addr src,
	    struct ip_addr dst, unsigned int words, unsigned int frag,
	    unsigned int id)
{
	k->ip[k->ips++] = k->n;
	put8(k, 0x40 | words);
	put8(k, 0);
	put16(k, 0);
	put16(k, id);
	put16(k, frag);
	put8(k, 64);
	put8(k, protocol);
	put16(k, 0);
	put_addr(k, src);
	put_addr(k, dst);
	for (; words > 5; words--)
		put32(k, 0x01010101);
}

void put_ip(struct pkt *k, unsigned int protocol, struct ip_addr src,
	    struct ip_addr dst)
{
	if (ip_is_v4(&src)) {
		put_v4(k, protocol, src, dst, 5, 0, 0);
		return;
	}
	k->ip[k->ips++] = k->n;
	put32(k, 0x60000000);
	put16(k, 0);
	put8(k, protocol);
	put8(k, 64);
	put_addr(k, src);
	put_addr(k, dst);
}

void put_extension(struct pkt *k, unsigned int next, unsigned int n)
{
	put8(k, next);
	put8(k, n - 1);
	put_zeros(k, n * 8 - 2);
}

void put_fragment(struct pkt *k, unsigned int next, unsigned int offset,
		  bool more, uint32_t id)
{
	put8(k, next);
	put8(k, 0);
	put16(k, offset | more);
	put32(k, id);
}

void put_tcp(struct pkt *k, unsigned int sport, unsigned int dport,
	     unsigned int flags)
{
	put16(k, sport);
	put16(k, dport);
	put32(k, 1);
	put32(k, 2);
	put8(k, 0x50);
	put8(k, flags);
	put16(k, 1024);
	put32(k, 0);
}

void put_udp(struct pkt *k, unsigned int sport, unsigned int dport)
{
	if (k->udp == 0)
		k->udp = k->n;
	put16(k, sport);
	put16(k, dport);
	put16(k, 8);
	put16(k, 0);
}

void put_icmp(struct pkt *k, unsigned int type, unsigned int code,
	      unsigned int id)
{
	if (k->icmp == 0)
		k->icmp = k->n;
	put8(k, type);
	put8(k, code);
	put16(k, 0);
	put16(k, id);
	put16(k, 1);
}

void set_hops(struct pkt *k, unsigned int hops)
{
	uint8_t *h = k->b + k->ip[0];

	h[h[0] >> 4 == 4 ? 8 : 7] = (uint8_t)hops;
}

void put_nd(struct pkt *k, unsigned int type, struct ip_addr target)
{
	put_icmp(k, type, 0, 0);
	set16(k->b + k->n - 2, 0);
	set_hops(k, 255);
	put_addr(k, target);
}

void put_nd_option(struct pkt *k, unsigned int type, uint64_t mac)
{
	put8(k, type);
	put8(k, 1);
	put_mac(k, mac);
}

void put_start(struct pkt *k, unsigned int protocol, struct ip_addr src,
	       struct ip_addr dst)
{
	put_eth(k, ip_is_v4(&src) ? 0x0800 : 0x86dd);
	put_ip(k, protocol, src, dst);
}

static uint32_t sum_of(const uint8_t *b, unsigned int n)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < n; i++)
		sum += i % 2 ? b[i] : (uint32_t)b[i] << 8;
	return sum;
}

static unsigned int folded(uint32_t sum)
{
	while (sum > 0xffff)
		sum = sum % 0x10000 + sum / 0x10000;
	return 0xffff - sum;
}

/* Up to where the outermost packet says it ends. */
void finish_checksums(struct pkt *k)
{
	const uint8_t *h = k->b + k->ip[0];
	unsigned int end = k->ip[0], pseudo = 0;

	if (k->ips == 0)
		return;
	for (unsigned int i = 0; i < k->ips; i++) {
		uint8_t *four = k->b + k->ip[i];

		if (four[0] >> 4 != 4)
			continue;
		set16(four + 10, 0);
		set16(four + 10, folded(sum_of(four, (four[0] & 15u) * 4)));
	}
	if (k->icmp == 0)
		return;
	end += h[0] >> 4 == 4 ? (unsigned int)h[2] << 8 | h[3]
			      : 40 + ((unsigned int)h[4] << 8 | h[5]);
	if (end > k->n || end < k->icmp + 4)
		return;
	if (h[0] >> 4 == 6)
		pseudo = sum_of(h + 8, 32) + 58 + end - k->icmp;
	set16(k->b + k->icmp + 2, 0);
	set16(k->b + k->icmp + 2,
	      folded(sum_of(k->b + k->icmp, end - k->icmp) + pseudo));
}

void finish(struct pkt *k)
{
	for (unsigned int i = 0; i < k->ips; i++) {
		uint8_t *h = k->b + k->ip[i];

		if (h[0] >> 4 == 4)
			set16(h + 2, k->n - k->ip[i]);
		else
			set16(h + 4, k->n - k->ip[i] - 40);
	}
	if (k->udp > 0)
		set16(k->b + k->udp + 4, k->n - k->udp);
	finish_checksums(k);
}

struct frame *frame_new(const struct pkt *k, unsigned int len,
			unsigned int snap)
{
	struct frame whole = { .len = (uint16_t)len, .snap = (uint16_t)snap };
	size_t size = offsetof(struct frame, bytes) + snap;
	struct frame *f = malloc(size);

	if (f == NULL)
		abort();
	memcpy(whole.bytes, k->b, snap);
	frame_parse(&whole);
	memcpy(f, &whole, size);
	return f;
}

struct packet parse_part(const struct pkt *k, unsigned int len,
			 unsigned int snap)
{
	struct frame *f = frame_new(k, len, snap);
	struct packet p;

	memset(&p, 0xa5, sizeof(p));
	packet_parse(f, &p);
	free(f);
	return p;
}

static unsigned int whole(const struct pkt *k)
{
	return k->n < FRAME_SNAP_MAX ? k->n : FRAME_SNAP_MAX;
}

struct packet parse(const struct pkt *k)
{
	return parse_part(k, k->n, whole(k));
}

bool parse_inner(const struct pkt *k, unsigned int snap, struct packet *inner)
{
	struct frame *f = frame_new(k, k->n, snap < whole(k) ? snap : whole(k));
	struct packet outer;
	bool found;

	packet_parse(f, &outer);
	memset(inner, 0xa5, sizeof(*inner));
	found = packet_parse_inner(f, &outer, inner);
	free(f);
	return found;
}

const struct ip_addr test_src[] = { { 0, 0xffff0a000001 },
				    { 0x20010db800000000ull, 1 } };
const struct ip_addr test_dst[] = { { 0, 0xffff0a000002 },
				    { 0x20010db800000000ull, 2 } };

void start(struct pkt *k, unsigned int version, unsigned int protocol)
{
	put_start(k, protocol, test_src[version], test_dst[version]);
}

void assert_addr(struct ip_addr have, struct ip_addr want)
{
	assert_int_equal(have.hi, want.hi);
	assert_int_equal(have.lo, want.lo);
}

void assert_bare(const struct packet *p, enum packet_flaw flaw)
{
	assert_int_equal(p->flaw, flaw);
	assert_false(p->carried);
	assert_false(p->fragment);
	assert_false(p->ported);
	assert_false(p->flagged);
	assert_false(p->icmp);
	assert_false(p->nd);
	assert_false(p->linked);
	assert_int_equal(p->l4, 0);
}

void assert_nothing(const struct packet *p, enum packet_flaw flaw)
{
	assert_bare(p, flaw);
	assert_false(p->addressed);
	assert_addr(p->src, (struct ip_addr){ 0 });
	assert_addr(p->dst, (struct ip_addr){ 0 });
	assert_int_equal(p->hop_limit, 0);
}

struct packet parse_sound(struct pkt *k, unsigned int version)
{
	struct packet p;

	finish(k);
	put_zeros(k, 9); /* padding */
	p = parse(k);
	assert_int_equal(p.flaw, PACKET_SOUND);
	assert_int_equal(p.kind, version ? PACKET_IPV6 : PACKET_IPV4);
	assert_int_equal(p.ethertype, version ? 0x86dd : 0x0800);
	assert_true(p.addressed);
	assert_addr(p.src, test_src[version]);
	assert_addr(p.dst, test_dst[version]);
	assert_int_equal(p.hop_limit, k->b[version ? 21 : 22]);
	assert_true(p.carried);
	assert_int_equal(p.l3, 14);
	assert_int_equal(p.l4, version ? 54 : 34);
	assert_int_equal(p.end, k->n - 9);
	assert_false(p.fragment);
	assert_false(p.later);
	return p;
}
