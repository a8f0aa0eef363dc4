/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/packet_oracle.h"

#include <stddef.h>
#include <string.h>

/**
 * struct stream - bytes to be eaten
 * @at:     the next one
 * @seen:   bytes that can be seen from there on
 * @own:    bytes the packet has from there on
 * @quoted: the packet's own length says nothing about what is there
 * @flaw:   set by whoever fails, once
 */
struct stream {
	const uint8_t *at;
	long seen;
	long own;
	bool quoted;
	int flaw;
};

static void spoil(struct stream *s, int flaw)
{
	if (!s->flaw)
		s->flaw = flaw;
}

static uint64_t eat(struct stream *s, int bytes)
{
	uint64_t value = 0;

	if (bytes > s->own)
		spoil(s, s->quoted ? PACKET_CUT : PACKET_MALFORMED);
	if (bytes > s->seen)
		spoil(s, PACKET_CUT);
	if (s->flaw)
		return 0;
	s->seen -= bytes;
	s->own -= bytes;
	for (; bytes; bytes--)
		value = value * 256 + *s->at++;
	return value;
}

/* Would so many be there?  Spoils the stream if not. */
static bool peek(const struct stream *s, struct stream *spoilt, int bytes)
{
	struct stream copy = *s;

	eat(&copy, bytes);
	spoil(spoilt, copy.flaw);
	return !copy.flaw;
}

static struct ip_addr eat_v6(struct stream *s)
{
	struct ip_addr a;

	a.hi = eat(s, 8);
	a.lo = eat(s, 8);
	return a;
}

static bool mapped(struct ip_addr a)
{
	return a.hi == 0 && (a.lo & 0xffffffff00000000) == 0xffff00000000;
}

static void read_nd(struct stream *s, struct packet *p)
{
	static const int behind[] = { 0, 8, 16, 16, 32 };
	int type = p->icmp_type;
	struct ip_addr target;

	if (type < 133 || type > 137)
		return;
	if (p->fragment)
		spoil(s, PACKET_MALFORMED);
	if (!peek(s, s, behind[type - 133]))
		return;
	if (type == 135 || type == 136) {
		target = eat_v6(s);
		if (mapped(target))
			spoil(s, PACKET_MALFORMED);
		if (s->flaw)
			return;
		p->target = target;
		p->nd = true;
	} else {
		eat(s, behind[type - 133]);
	}
	while (s->own > 0 && !s->flaw) {
		unsigned int both = (unsigned int)eat(s, 2);
		unsigned int option = both >> 8;
		long len = (both & 255) * 8L - 2;
		uint64_t mac;

		if (s->flaw)
			return;
		if (len < 0 || (len > s->own && !s->quoted) ||
		    (len != 6 && (option == 1 || option == 2))) {
			spoil(s, PACKET_MALFORMED);
		} else if (option != 1 && option != 2) {
			s->at += len;
			s->seen -= len;
			s->own -= len;
		} else {
			mac = eat(s, 6);
			if (!s->flaw && p->linked && mac != p->link)
				spoil(s, PACKET_MALFORMED);
			if (!s->flaw) {
				p->linked = true;
				p->link = mac;
			}
		}
	}
}

static void read_icmp(struct stream *s, struct packet *p, bool six)
{
	unsigned int type, code, id;

	if (!peek(s, s, 8))
		return;
	type = (unsigned int)eat(s, 1);
	code = (unsigned int)eat(s, 1);
	eat(s, 2);
	id = (unsigned int)eat(s, 2);
	eat(s, 2);
	p->icmp = true;
	p->icmp_type = (uint8_t)type;
	p->icmp_code = (uint8_t)code;
	if (six ? type == 128 || type == 129
		: type < 32 && (1u << type & 0x7e101))
		p->icmp_ident = (uint16_t)id;
	if (six)
		read_nd(s, p);
}

static void read_ports(struct stream *s, struct packet *p)
{
	struct stream whole = *s;
	unsigned int word = (unsigned int)eat(s, 4);

	if (s->flaw)
		return;
	p->ported = true;
	p->sport = (uint16_t)(word >> 16);
	p->dport = (uint16_t)word;
	if (p->protocol == PACKET_UDP) {
		word = (unsigned int)(eat(s, 4) >> 16);
		if (!s->flaw && (word < 8 || (word > whole.own && !s->quoted &&
					      !p->fragment)))
			spoil(s, PACKET_MALFORMED);
		return;
	}
	if (!peek(s, s, 16))
		return;
	eat(s, 8);
	word = (unsigned int)eat(s, 2);
	p->flagged = true;
	p->tcp_flags = (uint8_t)word;
	word = word >> 12 << 2;
	if (word < 20 || (word > whole.own && !s->quoted))
		spoil(s, PACKET_MALFORMED);
}

static void read_carried(struct stream *s, struct packet *p,
			 const uint8_t *bytes, unsigned int protocol)
{
	bool six = p->kind == PACKET_IPV6;

	if (s->flaw)
		return;
	p->carried = true;
	p->protocol = (uint8_t)protocol;
	p->l4 = (uint16_t)(s->at - bytes);
	if (p->later)
		return;
	if (protocol == 6 || protocol == 17)
		read_ports(s, p);
	else if (protocol == (six ? 58 : 1))
		read_icmp(s, p, six);
}

static void fragment(struct stream *s, struct packet *p, unsigned int at,
		     bool more, uint32_t id)
{
	if (s->flaw || (at == 0 && !more))
		return;
	p->fragment = true;
	p->later = at > 0;
	p->frag_at = (uint16_t)at;
	p->frag_len = (uint16_t)s->own;
	p->ip_id = id;
}

/* The packet says how long it is, counted from here on. */
static void measure(struct stream *s, struct packet *p, const uint8_t *bytes,
		    long len)
{
	if (s->flaw)
		return;
	if (len > s->own && !s->quoted)
		spoil(s, PACKET_MALFORMED);
	else if (len < s->own)
		s->own = len;
	if (!s->flaw)
		p->end = (uint16_t)(s->at - bytes + s->own);
}

static void read_v4(struct stream *s, struct packet *p, const uint8_t *bytes)
{
	struct stream h = *s;
	unsigned int first, total, id, frag, ttl, protocol;
	struct ip_addr src, dst;

	h.quoted = true;
	first = (unsigned int)eat(&h, 1);
	eat(&h, 1);
	total = (unsigned int)eat(&h, 2);
	id = (unsigned int)eat(&h, 2);
	frag = (unsigned int)eat(&h, 2);
	ttl = (unsigned int)eat(&h, 1);
	protocol = (unsigned int)eat(&h, 1);
	eat(&h, 2);
	src = (struct ip_addr){ 0, 0xffff00000000 + eat(&h, 4) };
	dst = (struct ip_addr){ 0, 0xffff00000000 + eat(&h, 4) };
	spoil(s, h.flaw);
	if (first < 0x45 || first > 0x4f)
		spoil(s, PACKET_MALFORMED);
	if (s->flaw)
		return;
	p->addressed = true;
	p->src = src;
	p->dst = dst;
	p->hop_limit = (uint8_t)ttl;
	if (total < first % 16 * 4)
		spoil(s, PACKET_MALFORMED);
	measure(s, p, bytes, total);
	eat(s, (int)(first % 16 * 4));
	fragment(s, p, frag % 8192 * 8, frag & 0x2000, id);
	read_carried(s, p, bytes, protocol);
}

static bool extends(unsigned int protocol)
{
	static const char set[] = { 0, 43, 44, 51, 60 };

	return protocol < 64 && memchr(set, (int)protocol, 5);
}

static void read_v6(struct stream *s, struct packet *p, const uint8_t *bytes)
{
	unsigned int version, len, next, hops, steps = 0, fragments = 0;
	struct stream h = *s;
	struct ip_addr src, dst;

	h.quoted = true;
	version = (unsigned int)eat(&h, 4) >> 28;
	len = (unsigned int)eat(&h, 2);
	next = (unsigned int)eat(&h, 1);
	hops = (unsigned int)eat(&h, 1);
	src = eat_v6(&h);
	dst = eat_v6(&h);
	spoil(s, h.flaw);
	if (version != 6 || mapped(src) || mapped(dst))
		spoil(s, PACKET_MALFORMED);
	if (s->flaw)
		return;
	h.quoted = s->quoted;
	*s = h;
	p->addressed = true;
	p->src = src;
	p->dst = dst;
	p->hop_limit = (uint8_t)hops;
	if (len == 0 && next == 0)
		spoil(s, PACKET_MALFORMED);
	measure(s, p, bytes, len);
	for (; extends(next) && !p->later && !s->flaw; steps++) {
		unsigned int kind = next, size;
		uint64_t word;

		if (steps == 8 || (kind == 0 && steps) ||
		    (kind == 44 && fragments++))
			spoil(s, PACKET_MALFORMED);
		word = eat(s, 8);
		size = word >> 48 & 255;
		size *= kind == 51 ? 4 : kind != 44 ? 8 : 0;
		eat(s, (int)size);
		if (kind == 44)
			fragment(s, p, word >> 32 & 0xfff8, word >> 32 & 1,
				 (uint32_t)word);
		next = (unsigned int)(word >> 56);
	}
	if (!extends(next))
		read_carried(s, p, bytes, next);
}

static void read_arp(struct stream *s, struct packet *p)
{
	uint64_t kind, op, sha;
	struct ip_addr src, dst;

	s->quoted = true;
	kind = eat(s, 6);
	op = eat(s, 2);
	sha = eat(s, 6);
	src = (struct ip_addr){ 0, 0xffff00000000 + eat(s, 4) };
	eat(s, 6);
	dst = (struct ip_addr){ 0, 0xffff00000000 + eat(s, 4) };
	if (!s->flaw)
		p->end = p->l3 + 28;
	if (kind != 0x000108000604)
		spoil(s, PACKET_MALFORMED);
	if (s->flaw)
		return;
	p->addressed = true;
	p->arp_op = (uint16_t)op;
	p->arp_sha = sha;
	p->src = src;
	p->dst = dst;
}

struct packet oracle_parse(const uint8_t *b, unsigned int len,
			   unsigned int snap)
{
	struct stream s = { b, snap, len, true, 0 };
	struct packet p = { .end = (uint16_t)len, .l3 = 14 };
	int tags = 0;

	eat(&s, 6);
	eat(&s, 6);
	p.ethertype = (uint16_t)eat(&s, 2);
	for (; p.ethertype == 0x8100 || p.ethertype == 0x88a8; tags++) {
		uint64_t tag;

		if (tags == 2)
			spoil(&s, PACKET_TAGS);
		tag = eat(&s, 4);
		if ((tag >> 16 & 4095) == 4095)
			spoil(&s, PACKET_MALFORMED);
		if (s.flaw)
			break;
		p.ethertype = (uint16_t)tag;
		p.l3 += 4;
	}
	if (p.ethertype == 0x0806) {
		p.kind = PACKET_ARP;
		read_arp(&s, &p);
	}
	s.quoted = false;
	if (p.ethertype == 0x0800) {
		p.kind = PACKET_IPV4;
		read_v4(&s, &p, b);
	}
	if (p.ethertype == 0x86dd) {
		p.kind = PACKET_IPV6;
		read_v6(&s, &p, b);
	}
	p.flaw = (uint8_t)s.flaw;
	return p;
}

bool oracle_inner(const uint8_t *b, unsigned int snap, const struct packet *o,
		  struct packet *p)
{
	static const uint8_t errors[2][6] = { { 3, 4, 5, 11, 12 },
					      { 1, 2, 3, 4 } };
	bool six = o->kind == PACKET_IPV6;
	struct stream s = { b + o->l4 + 8, snap - o->l4 - 8L,
			    o->end - o->l4 - 8L, true, 0 };

	if (o->flaw || !o->icmp || !o->icmp_type ||
	    !memchr(errors[six], o->icmp_type, 6))
		return false;
	*p = (struct packet){ .kind = o->kind,
			      .ethertype = o->ethertype,
			      .l3 = o->l4 + 8,
			      .end = o->end };
	if (six)
		read_v6(&s, p, b);
	else
		read_v4(&s, p, b);
	p->flaw = (uint8_t)s.flaw;
	if (p->flaw == PACKET_MALFORMED || !p->carried)
		return false;
	if (p->protocol == 6 || p->protocol == 17)
		return p->ported;
	return p->protocol != (six ? 58 : 1) || p->icmp;
}

/* --- strictness --------------------------------------------------------- */

/* What is left to all ones when it is added up with end-around carry. */
static uint16_t ones(const uint8_t *b, long n, uint16_t sum)
{
	for (long i = 0; i < n; i++) {
		unsigned int more = i % 2 ? b[i] : b[i] * 256u;
		unsigned int both = sum + more;

		sum = (uint16_t)(both + (both >> 16));
	}
	return sum;
}

bool oracle_sums(const uint8_t *b, unsigned int len, const struct packet *p)
{
	uint8_t tail[4] = { 0, 0, 0, p->protocol };
	uint16_t sum = 0;
	long n = (long)p->end - p->l4;

	if (p->end > len)
		return false;
	if (p->kind == PACKET_IPV4)
		return ones(b + p->l3, p->l4 - p->l3, 0) == 0xffff &&
		       ones(b + p->l4, n, 0) == 0xffff;
	sum = ones(b + p->l3 + 8, 32, 0);
	tail[0] = (uint8_t)(n >> 8);
	tail[1] = (uint8_t)n;
	sum = ones(tail, 4, sum);
	return ones(b + p->l4, n, sum) == 0xffff;
}

/* Bytes behind the packet, of which Ethernet may ask for some. */
static bool padded(unsigned int len, const struct packet *p)
{
	unsigned int payload = len - p->l3, packet = p->end - p->l3;

	return payload == packet || payload <= 46;
}

bool oracle_discovers(const uint8_t *b, unsigned int len,
		      const struct packet *p)
{
	return !p->flaw && p->icmp && p->kind == PACKET_IPV6 && !p->fragment &&
	       b[p->l3 + 7] == 255 && b[p->l4 + 1] == 0 && padded(len, p) &&
	       oracle_sums(b, len, p);
}

bool oracle_resolves(const uint8_t *b, unsigned int len, const struct packet *p)
{
	const uint8_t *l3 = b + p->l3, *nd = l3 + 40;
	static const uint8_t nobody[16];

	if (p->flaw)
		return false;
	if (p->kind == PACKET_ARP)
		return l3[6] == 0 && (l3[7] == 1 || l3[7] == 2) &&
		       padded(len, p);
	if (p->kind != PACKET_IPV6 || l3[6] != 58 ||
	    (nd[0] != 135 && nd[0] != 136) || nd[8] == 0xff ||
	    !oracle_discovers(b, len, p))
		return false;
	if (l3[24] == 0xff && nd[0] == 136)
		return !(nd[4] & 0x40);
	if (nd[0] == 135 && memcmp(l3 + 8, nobody, 16) == 0)
		return l3[24] == 0xff && !p->linked;
	return true;
}
