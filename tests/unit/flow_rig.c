/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/flow_rig.h"

const struct flow_path there = { VLAN, A, B }, back = { VLAN, B, A };

struct flow_table *flows_new(uint32_t capacity)
{
	size_t size = flow_size(capacity);
	void *memory = aligned_alloc(64, size);
	struct flow_table *t;

	assert_non_null(memory);
	/* The caller's memory need not be zero. */
	memset(memory, 0xee, size);
	t = flow_init(memory, size, capacity, 0x1234567);
	assert_ptr_equal(t, memory);
	return t;
}

void sent_on(struct flow_table *t, struct pkt *k, const struct flow_path *path,
	     uint32_t now)
{
	struct packet p;

	finish(k);
	p = parse(k);
	flow_opened(t, &p, path, RULE, GENERATION, now);
}

void sent(struct flow_table *t, struct pkt *k, uint32_t now)
{
	sent_on(t, k, &there, now);
}

bool answers_on(const struct flow_table *t, struct pkt *k,
		const struct flow_path *path, uint32_t now,
		struct flow_hit *hit)
{
	unsigned int snap;
	struct flow_hit unused;
	struct packet p;
	struct frame *f;
	bool yes;

	finish(k);
	snap = k->n < FRAME_SNAP_MAX ? k->n : FRAME_SNAP_MAX;
	f = frame_new(k, k->n, snap);
	packet_parse(f, &p);
	yes = flow_answers(t, f, &p, path, now, hit ? hit : &unused);
	free(f);
	return yes;
}

bool answers(const struct flow_table *t, struct pkt *k, uint32_t now)
{
	return answers_on(t, k, &back, now, NULL);
}

void answered(struct flow_table *t, struct pkt *k, uint32_t now)
{
	struct flow_hit hit;
	struct packet p;

	assert_true(answers_on(t, k, &back, now, &hit));
	assert_int_equal(hit.rule, RULE);
	p = parse(k);
	flow_answered(t, &p, &back, &hit, GENERATION, now);
}

struct flow_entry only(const struct flow_table *t, uint32_t now)
{
	uint32_t cursor = 0;
	struct flow_entry e, other;

	assert_true(flow_iterate(t, &cursor, now, &e));
	assert_false(flow_iterate(t, &cursor, now, &other));
	assert_false(flow_iterate(t, &cursor, now, &other));
	return e;
}

unsigned int shown(const struct flow_table *t, uint32_t now)
{
	uint32_t cursor = 0;
	struct flow_entry e;
	unsigned int n = 0;

	while (flow_iterate(t, &cursor, now, &e))
		n++;
	return n;
}

/* --- packets ------------------------------------------------------------ */

static void start_back(struct pkt *k, unsigned int version,
		       unsigned int protocol)
{
	put_start(k, protocol, test_dst[version], test_src[version]);
}

void tcp_out(struct pkt *k, unsigned int version, unsigned int flags)
{
	start(k, version, PACKET_TCP);
	put_tcp(k, 1024, 80, flags);
}

void tcp_in(struct pkt *k, unsigned int version, unsigned int flags)
{
	start_back(k, version, PACKET_TCP);
	put_tcp(k, 80, 1024, flags);
}

void udp_out(struct pkt *k, unsigned int version)
{
	start(k, version, PACKET_UDP);
	put_udp(k, 1024, 53);
}

void udp_in(struct pkt *k, unsigned int version)
{
	start_back(k, version, PACKET_UDP);
	put_udp(k, 53, 1024);
}

void icmp_out(struct pkt *k, unsigned int version, unsigned int type,
	      unsigned int id)
{
	start(k, version, version ? PACKET_ICMPV6 : PACKET_ICMP);
	put_icmp(k, type, 0, id);
}

void icmp_in(struct pkt *k, unsigned int version, unsigned int type,
	     unsigned int id)
{
	start_back(k, version, version ? PACKET_ICMPV6 : PACKET_ICMP);
	put_icmp(k, type, 0, id);
}

/* --- many flows --------------------------------------------------------- */

void open_nth(struct flow_table *t, unsigned int port, unsigned int n,
	      uint32_t now)
{
	struct flow_path path = { VLAN, (uint8_t)port, B };
	struct pkt k;

	put_start(&k, PACKET_UDP, v4(n & 0xffffff), v4(0xff0000 + port));
	put_udp(&k, 1024, 53);
	sent_on(t, &k, &path, now);
}

bool has_nth(const struct flow_table *t, unsigned int port, unsigned int n,
	     uint32_t now)
{
	struct flow_path path = { VLAN, B, (uint8_t)port };
	struct pkt k;

	put_start(&k, PACKET_UDP, v4(0xff0000 + port), v4(n & 0xffffff));
	put_udp(&k, 53, 1024);
	return answers_on(t, &k, &path, now, NULL);
}

void answer_nth(struct flow_table *t, unsigned int port, unsigned int n,
		uint32_t now)
{
	struct flow_path path = { VLAN, B, (uint8_t)port };
	struct flow_hit hit;
	struct packet p;
	struct pkt k;

	put_start(&k, PACKET_UDP, v4(0xff0000 + port), v4(n & 0xffffff));
	put_udp(&k, 53, 1024);
	assert_true(answers_on(t, &k, &path, now, &hit));
	p = parse(&k);
	flow_answered(t, &p, &path, &hit, GENERATION, now);
}
