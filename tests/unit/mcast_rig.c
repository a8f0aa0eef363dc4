/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/lines.h"
#include "mcast_rig.h"

#define IGMP 2u
#define UDP 17u
#define ICMPV6 58u
#define PIM 103u

/* --- addresses ---------------------------------------------------------- */

static struct ip_addr v6(unsigned int head, unsigned int tail)
{
	return (struct ip_addr){ (uint64_t)head << 48, tail };
}

struct ip_addr snoop_group(bool v4, unsigned int n)
{
	return v4 ? ip_from_v4(0xef010000u + n) : v6(0xff05, n);
}

struct ip_addr snoop_link_group(bool v4, unsigned int n)
{
	return v4 ? ip_from_v4(0xe0000000u + n) : v6(0xff02, n);
}

static struct ip_addr host(bool v4)
{
	return v4 ? ip_from_v4(0x0a000005) : v6(0xfe80, 5);
}

static struct ip_addr router(bool v4)
{
	return v4 ? ip_from_v4(0x0a000001) : v6(0xfe80, 1);
}

/* --- bytes -------------------------------------------------------------- */

static void put(uint8_t *to, unsigned int bytes, uint64_t value)
{
	while (bytes-- > 0) {
		to[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static unsigned int put_addr(uint8_t *to, bool v4, struct ip_addr a)
{
	if (v4) {
		put(to, 4, a.lo);
		return 4;
	}
	put(to, 8, a.hi);
	put(to + 8, 8, a.lo);
	return 16;
}

static void add(struct wire *w, unsigned int bytes, uint64_t value)
{
	put(w->body + w->len, bytes, value);
	w->len += bytes;
}

static void add_addr(struct wire *w, struct ip_addr a)
{
	w->len += put_addr(w->body + w->len, w->v4, a);
}

static uint32_t sum(const uint8_t *b, unsigned int n, uint32_t on)
{
	for (unsigned int i = 0; i < n; i++)
		on += i % 2 ? b[i] : b[i] * 256u;
	return on;
}

static unsigned int folded(uint32_t value)
{
	while (value > 0xffff)
		value = (value & 0xffff) + (value >> 16);
	return ~value & 0xffff;
}

/* --- packets ------------------------------------------------------------ */

static unsigned int put_v4(const struct wire *w, uint8_t *to)
{
	unsigned int header = w->alert ? 24 : 20;

	memset(to, 0, header);
	put(to, 2, 0x4000u + (header / 4 << 8));
	put(to + 2, 2, header + w->len);
	put(to + 8, 1, w->ttl);
	put(to + 9, 1, w->protocol);
	put_addr(to + 12, true, w->src);
	put_addr(to + 16, true, w->dst);
	if (w->alert)
		put(to + 20, 4, 0x94040000);
	put(to + 10, 2, folded(sum(to, header, w->bad_head)));
	return header;
}

static unsigned int put_v6(const struct wire *w, uint8_t *to)
{
	unsigned int extra = w->alert ? 8 : 0;

	put(to, 4, 0x60000000);
	put(to + 4, 2, extra + w->len);
	put(to + 6, 1, w->alert ? 0 : w->protocol);
	put(to + 7, 1, w->ttl);
	put_addr(to + 8, false, w->src);
	put_addr(to + 24, false, w->dst);
	if (w->alert)
		put(to + 40, 8,
		    (uint64_t)w->protocol << 56 | 0x05020000ull << 16 | 0x0100);
	return 40 + extra;
}

/* The checksum of what is carried, all but UDP having it in the same place. */
static void put_sum(const struct wire *w, uint8_t *body)
{
	uint32_t value = w->bad_sum;
	uint8_t pseudo[32];

	if (w->protocol == UDP)
		return;
	if (!w->v4) {
		put_addr(pseudo, false, w->src);
		put_addr(pseudo + 16, false, w->dst);
		value = sum(pseudo, 32, value + w->len + w->protocol);
	}
	put(body + 2, 2, folded(sum(body, w->len, value)));
}

static uint64_t mac_of(const struct wire *w)
{
	if (w->mac)
		return w->mac;
	if (w->v4)
		return 0x01005e000000ull | (w->dst.lo & 0x7fffff);
	return 0x333300000000ull | (w->dst.lo & 0xffffffff);
}

unsigned int wire_bytes(const struct wire *w, uint8_t *to)
{
	unsigned int at = 12;

	put(to, 6, mac_of(w));
	put(to + 6, 6, 0x020000000005);
	for (unsigned int i = 0; i < w->tags; i++, at += 4) {
		put(to + at, 2, i == 0 ? w->tpid : FRAME_TPID_C);
		put(to + at + 2, 2, i == 0 ? w->tci : 9);
	}
	put(to + at, 2, w->v4 ? 0x0800 : 0x86dd);
	at += 2;
	at += w->v4 ? put_v4(w, to + at) : put_v6(w, to + at);
	memcpy(to + at, w->body, w->len);
	put_sum(w, to + at);
	return at + w->len;
}

void snoop_frame(struct frame *f, const uint8_t *bytes, unsigned int len,
		 unsigned int snap, uint8_t poison)
{
	memset(f, 0, sizeof(*f));
	memset(f->bytes + FRAME_SNAP, poison, FRAME_SNAP_MAX - FRAME_SNAP);
	f->len = (uint16_t)len;
	f->snap = (uint16_t)(len < snap ? len : snap);
	memcpy(f->bytes, bytes, f->snap);
	frame_parse(f);
}

/* --- messages ----------------------------------------------------------- */

struct wire wire_data(bool v4, struct ip_addr group)
{
	struct wire w = {
		.v4 = v4,
		.ttl = 9,
		.protocol = UDP,
		.src = v4 ? ip_from_v4(0x0a000009) : v6(0x2001, 9),
		.dst = group,
	};

	add(&w, 8, 0x0007000700100000);
	add(&w, 8, 0x0102030405060708);
	return w;
}

static struct wire message(bool v4, bool alert, struct ip_addr src,
			   struct ip_addr dst)
{
	return (struct wire){
		.v4 = v4,
		.alert = alert,
		.ttl = 1,
		.protocol = v4 ? IGMP : ICMPV6,
		.src = src,
		.dst = dst,
	};
}

/* The fixed part of all but version 3's reports; @time: as it stands there. */
static void add_fixed(struct wire *w, unsigned int igmp, unsigned int mld,
		      unsigned int time, struct ip_addr group)
{
	if (w->v4)
		add(w, 4, igmp << 24 | time << 16);
	else
		add(w, 8, (uint64_t)mld << 56 | (uint64_t)time << 16);
	add_addr(w, group);
}

struct wire wire_report(bool v4, unsigned int version, struct ip_addr group)
{
	struct wire w;

	if (version == 3) {
		w = wire_records(v4);
		wire_record(&w, IS_EX, group, 0, 0);
		return w;
	}
	w = message(v4, !v4 || version == 2, host(v4), group);
	add_fixed(&w, version == 1 ? 0x12 : 0x16, 131, 0, group);
	return w;
}

struct wire wire_records(bool v4)
{
	struct wire w = message(v4, true, host(v4), snoop_link_group(v4, 22));

	add(&w, 8, (uint64_t)(v4 ? 0x22 : 143) << 56);
	return w;
}

void wire_record(struct wire *w, unsigned int type, struct ip_addr group,
		 unsigned int sources, unsigned int aux)
{
	put(w->body + 6, 2, frame_be16(w->body + 6) + 1u);
	add(w, 4, type << 24 | aux << 16 | sources);
	add_addr(w, group);
	for (unsigned int i = 0; i < sources; i++)
		add_addr(w, host(w->v4));
	for (unsigned int i = 0; i < aux; i++)
		add(w, 4, 0);
}

struct wire wire_leave(bool v4, struct ip_addr group)
{
	struct wire w = message(v4, true, host(v4), snoop_link_group(v4, 2));

	add_fixed(&w, 0x17, 132, 0, group);
	return w;
}

static struct wire query(bool v4, unsigned int version, struct ip_addr dst,
			 struct ip_addr group, unsigned int seconds)
{
	struct wire w = message(v4, !v4 || version > 1, router(v4), dst);
	unsigned int time = seconds * (v4 ? 10 : 1000);

	/* As an exponent: 0x8a is 26 x 8, that is 20.8 seconds. */
	if (v4 && version == 3 && time > 127)
		time = 0x8a;
	add_fixed(&w, 0x11, 130, version == 1 && v4 ? 0 : time, group);
	if (version == 3)
		add(&w, 4, 0x027d0000);
	return w;
}

struct wire wire_query(bool v4, unsigned int version, unsigned int seconds)
{
	return query(v4, version, snoop_link_group(v4, 1),
		     v4 ? ip_from_v4(0) : v6(0, 0), seconds);
}

struct wire wire_query_group(bool v4, unsigned int version,
			     struct ip_addr group)
{
	return query(v4, version, group, group, 1);
}

void wire_query_flags(struct wire *w, unsigned int flags)
{
	w->body[w->len - 4] = (uint8_t)flags;
}

void wire_query_sources(struct wire *w, unsigned int sources)
{
	put(w->body + w->len - 2, 2, sources);
	for (unsigned int i = 0; i < sources; i++)
		add_addr(w, host(w->v4));
}

struct wire wire_hello(bool v4)
{
	struct wire w =
		message(v4, false, router(v4), snoop_link_group(v4, 13));

	w.protocol = PIM;
	add(&w, 4, 0x20000000);
	add(&w, 6, 0x000100020069);
	return w;
}

/* --- a table ------------------------------------------------------------ */

void snoop_make(struct snoop *r, uint32_t groups)
{
	size_t size = mcast_size(groups);

	assert_int_not_equal(size, 0);
	r->memory = aligned_alloc(64, in_lines(size));
	assert_non_null(r->memory);
	memset(r->memory, 0xa5, size);
	r->m = mcast_init(r->memory, size, groups, 12345);
	assert_non_null(r->m);
	r->now = 1000;
}

void snoop_free(struct snoop *r)
{
	free(r->memory);
}

static void make(struct frame *f, const struct wire *w)
{
	uint8_t bytes[1500];
	unsigned int len = wire_bytes(w, bytes);

	snoop_frame(f, bytes, len, FRAME_SNAP_MAX, 0xa5);
}

void snoop_hear_at(struct snoop *r, const struct wire *w, unsigned int src,
		   uint64_t reached)
{
	struct frame f;

	make(&f, w);
	mcast_heard(r->m, &f, src, reached, r->now);
}

void snoop_hear(struct snoop *r, const struct wire *w, unsigned int src)
{
	snoop_hear_at(r, w, src, ALL_BUT(src));
}

uint64_t snoop_ports_of(const struct snoop *r, const struct wire *w,
			unsigned int src, uint64_t ports)
{
	struct frame f;
	uint64_t want;

	make(&f, w);
	want = mcast_ports(r->m, &f, src, ports, r->now);
	assert_int_equal(want & ~ports, 0);
	return want;
}

uint64_t snoop_ports(const struct snoop *r, const struct wire *w,
		     unsigned int src)
{
	return snoop_ports_of(r, w, src, ALL_BUT(src));
}

uint64_t snoop_data(const struct snoop *r, bool v4, struct ip_addr group)
{
	struct wire w = wire_data(v4, group);

	return snoop_ports(r, &w, 7);
}

void snoop_settle(struct snoop *r, bool v4)
{
	struct wire w = wire_query(v4, 3, 10);

	snoop_hear(r, &w, 0);
	r->now += 11;
}

void snoop_join(struct snoop *r, bool v4, struct ip_addr group,
		unsigned int port)
{
	struct wire w = wire_report(v4, 3, group);

	snoop_hear(r, &w, port);
}

struct known snoop_known(const struct snoop *s)
{
	struct known k = { { 0 } };
	struct mcast_entry e;
	uint32_t cursor = 0;

	while (mcast_iterate(s->m, &cursor, s->now, &e)) {
		assert_in_range(e.role, 0, 2);
		k.role[e.role]++;
	}
	return k;
}

void snoop_both(void (*test)(struct snoop *s, bool v4))
{
	for (int v4 = 0; v4 < 2; v4++) {
		struct snoop s;

		snoop_make(&s, 64);
		test(&s, v4);
		snoop_free(&s);
	}
}
