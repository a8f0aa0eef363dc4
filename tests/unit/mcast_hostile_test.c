/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multicast snooping against messages that want to be misread: cut short, with
 * lengths and counts that lie, or such that only the switch would believe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mcast_rig.h"

#define MESSAGES 10u
#define ROUNDS 30000u

static struct wire message(bool v4, unsigned int which)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire w;

	switch (which) {
	case 0:
	case 1:
	case 2:
		return wire_report(v4, which + 1, g);
	case 3:
		return wire_leave(v4, g);
	case 4:
	case 5:
	case 6:
		return wire_query(v4, which - 3, 10);
	case 7:
		return wire_query_group(v4, 3, g);
	case 8:
		return wire_hello(v4);
	default:
		w = wire_records(v4);
		wire_record(&w, IS_EX, g, 1, 1);
		wire_record(&w, ALLOW, snoop_group(v4, 2), 2, 0);
		wire_record(&w, TO_EX, snoop_group(v4, 3), 0, 0);
		return w;
	}
}

/* What a new table knows after one frame from port 3. */
static struct known taught(const struct frame *f)
{
	struct known k;
	struct snoop s;

	snoop_make(&s, 8);
	mcast_heard(s.m, f, 3, ALL_BUT(3), s.now);
	k = snoop_known(&s);
	snoop_free(&s);
	return k;
}

static void check_teaches_nothing(const struct wire *w)
{
	uint8_t bytes[1500];
	struct frame f;
	struct known k;

	snoop_frame(&f, bytes, wire_bytes(w, bytes), FRAME_SNAP_MAX, 0);
	k = taught(&f);
	for (unsigned int role = 0; role < 3; role++)
		assert_int_equal(k.role[role], 0);
}

/* --- frames cut short --------------------------------------------------- */

/* Where the group and a querier are known, a doubtful frame is flooded. */
static void check_cut(struct snoop *s, const uint8_t *bytes, unsigned int len,
		      unsigned int snap, bool hello)
{
	struct known k[2];
	struct frame f;

	for (unsigned int i = 0; i < 2; i++) {
		snoop_frame(&f, bytes, len, snap, i ? 0xff : 0);
		k[i] = taught(&f);
		assert_int_equal(mcast_ports(s->m, &f, 7, FLOOD, s->now),
				 FLOOD);
	}
	/* What is behind the snapshot makes no difference. */
	assert_memory_equal(&k[0], &k[1], sizeof(*k));
	assert_int_equal(k[0].role[MCAST_MEMBER], 0);
	/* A hello can only add a router. */
	if (!hello)
		assert_int_equal(k[0].role[MCAST_ROUTER], 0);
}

FOR_BOTH(hc18_every_truncation_of_every_message)
{
	snoop_settle(s, v4);
	snoop_join(s, v4, snoop_group(v4, 1), 4);
	for (unsigned int which = 0; which < MESSAGES; which++) {
		struct wire w = message(v4, which);
		uint8_t bytes[1500];
		unsigned int len = wire_bytes(&w, bytes);

		/* PIM for IPv6 goes where its group does, as it can be read. */
		if (which == 8 && !v4)
			continue;
		for (unsigned int n = FRAME_MIN; n < len; n++) {
			check_cut(s, bytes, n, FRAME_SNAP_MAX, false);
			check_cut(s, bytes, len, n, which == 8);
		}
	}
}

/* A report that is cut gives its port everything, wherever it is cut. */
FOR_BOTH(hc18_a_snapshot_that_ends_within_a_report)
{
	struct wire w = message(v4, 9);
	uint8_t bytes[1500];
	unsigned int len = wire_bytes(&w, bytes);
	unsigned int header = FRAME_MIN + (v4 ? 24 : 40);

	for (unsigned int snap = header; snap < len; snap++) {
		struct frame f;

		snoop_frame(&f, bytes, len, snap, 0);
		assert_int_equal(taught(&f).role[MCAST_EVERYTHING], 1);
	}
	(void)s;
}

/* --- lies within a message ---------------------------------------------- */

/* IPv6 has bytes no checksum is over, and which say nothing here. */
static bool is_free(bool v4, unsigned int at)
{
	if (v4)
		return false;
	return at < FRAME_MIN + 4 || (at >= FRAME_MIN + 46 && at < 62);
}

FOR_BOTH(hc18_a_flipped_bit_teaches_nothing)
{
	(void)s;
	for (unsigned int which = 0; which < MESSAGES; which++) {
		struct wire w = message(v4, which);
		uint8_t bytes[1500];
		unsigned int len = wire_bytes(&w, bytes);

		for (unsigned int bit = FRAME_MIN * 8; bit < len * 8; bit++) {
			struct frame f;
			struct known k;

			if (is_free(v4, bit / 8))
				continue;
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			snoop_frame(&f, bytes, len, FRAME_SNAP_MAX, 0);
			k = taught(&f);
			assert_int_equal(k.role[MCAST_MEMBER], 0);
			assert_int_equal(k.role[MCAST_ROUTER], 0);
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

/* The table of what is wrong with a message. */
static bool spoil(struct wire *w, unsigned int how)
{
	switch (how) {
	case 0:
		w->ttl = 2;
		return true;
	case 1:
		w->bad_sum = true;
		return true;
	case 2:
		w->bad_head = true;
		return w->v4;
	case 3:
		w->src = snoop_group(w->v4, 9);
		return true;
	case 4: /* of another link */
		w->src.hi = 0x20010db8ull << 32;
		return !w->v4;
	case 5:
		w->src = ip_from_v4(0xffffffff);
		return w->v4;
	case 6:
		w->dst = snoop_link_group(w->v4, 99);
		return true;
	case 7:
		w->mac = 0x01005e7f7f7f;
		return true;
	case 8:
		w->mac = 0x020000000009;
		return true;
	case 9:
		w->alert = false;
		return !w->v4 && w->protocol != 103;
	default:
		w->len = 3;
		return true;
	}
}

FOR_BOTH(hc18_what_nobody_else_would_believe_teaches_nothing)
{
	unsigned int tried = 0;

	(void)s;
	for (unsigned int which = 0; which < MESSAGES; which++) {
		for (unsigned int how = 0; how <= 10; how++) {
			struct wire w = message(v4, which);

			if (!spoil(&w, how))
				continue;
			check_teaches_nothing(&w);
			tried++;
		}
	}
	assert_int_equal(tried, v4 ? 90 : 89);
}

/* A query for everybody that is sent to one group, and so on. */
FOR_BOTH(hc18_the_wrong_destination_teaches_nothing)
{
	struct ip_addr g = snoop_group(v4, 1), all = snoop_link_group(v4, 1);
	struct wire w = wire_query(v4, 3, 10);

	(void)s;
	w.dst = g;
	check_teaches_nothing(&w);
	w = wire_query_group(v4, 3, g);
	w.dst = all;
	check_teaches_nothing(&w);
	w.dst = snoop_group(v4, 2);
	check_teaches_nothing(&w);
	w = wire_report(v4, 2, g);
	w.dst = snoop_group(v4, 2);
	check_teaches_nothing(&w);
	w = wire_report(v4, 3, g);
	w.dst = all;
	check_teaches_nothing(&w);
	w.dst = g;
	check_teaches_nothing(&w);
}

/* Lengths no version has (RFC 3376 7.1, RFC 3810 8.1). */
FOR_BOTH(hc18_queries_between_the_versions_teach_nothing)
{
	struct wire w = wire_query(v4, 2, 10);
	unsigned int len = w.len;

	(void)s;
	for (w.len = 4; w.len < len + 4; w.len++)
		if (w.len != len)
			check_teaches_nothing(&w);
}

/* Everybody who is asked slowly, or with sources, has not been asked. */
FOR_BOTH(hc18_odd_queries_make_a_router_and_ask_nobody)
{
	struct ip_addr g = snoop_group(v4, 1);

	for (unsigned int how = 0; how < 3; how++) {
		struct wire w = wire_query(v4, 3, 10);

		if (how == 0)
			wire_query_sources(&w, 1);
		else if (how == 1 && v4) /* 31 x 2^6 / 10 s */
			w.body[1] = 0xbf;
		else if (how == 1) /* 8191 x 2^4 ms */
			memcpy(w.body + 4, "\x9f\xff", 2);
		else if (v4)
			w.alert = false;
		else
			continue;
		snoop_hear(s, &w, 6);
		snoop_join(s, v4, g, 3);
		s->now += 200;
		assert_int_equal(snoop_data(s, v4, g), FLOOD);
		w = wire_report(v4, 2, g);
		assert_int_equal(snoop_ports(s, &w, 3), PORT_BIT(6));
		s->now += 100;
	}
}

FOR_BOTH(hc18_fragments_teach_nothing)
{
	struct wire w = wire_report(v4, 3, snoop_group(v4, 1));
	uint8_t bytes[1500];
	unsigned int len = wire_bytes(&w, bytes);
	struct frame f;

	(void)s;
	if (!v4)
		return;
	/* More to come; and the header's checksum is right. */
	bytes[FRAME_MIN + 6] ^= 0x20;
	bytes[FRAME_MIN + 10] ^= 0x20;
	for (unsigned int i = 0; i < 256; i++) {
		struct known k;

		bytes[FRAME_MIN + 10] = (uint8_t)i;
		snoop_frame(&f, bytes, len, FRAME_SNAP_MAX, 0);
		k = taught(&f);
		assert_int_equal(k.role[MCAST_MEMBER], 0);
	}
}

/* --- records ------------------------------------------------------------ */

FOR_BOTH(hc18_record_counts_that_lie)
{
	static const unsigned int counts[] = { 2, 3, 255, 256, 65535 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct wire w = wire_report(v4, 3, snoop_group(v4, 1));
		uint8_t bytes[1500];
		struct frame f;

		w.body[6] = (uint8_t)(counts[i] >> 8);
		w.body[7] = (uint8_t)counts[i];
		snoop_frame(&f, bytes, wire_bytes(&w, bytes), FRAME_SNAP_MAX,
			    0xff);
		assert_int_equal(taught(&f).role[MCAST_EVERYTHING], 1);
		/* Two bytes more are no record either. */
		w.len += 2;
		snoop_frame(&f, bytes, wire_bytes(&w, bytes), FRAME_SNAP_MAX,
			    0xff);
		assert_int_equal(taught(&f).role[MCAST_EVERYTHING], 1);
	}
	/* Less than there are: the rest is additional data. */
	struct wire w = message(v4, 9);

	w.body[7] = 1;
	snoop_settle(s, v4);
	snoop_hear(s, &w, 3);
	assert_int_equal(snoop_known(s).role[MCAST_MEMBER], 1);
	assert_int_equal(snoop_known(s).role[MCAST_EVERYTHING], 0);
}

/* The next record would begin in the last bytes of the snapshot. */
FOR_BOTH(hc18_a_report_that_ends_with_the_snapshot)
{
	unsigned int header = FRAME_MIN + (v4 ? 24 : 48);

	(void)s;
	for (unsigned int len = FRAME_SNAP_MAX - 24; len <= FRAME_SNAP_MAX;
	     len++) {
		struct wire w = wire_report(v4, 3, snoop_group(v4, 1));
		struct frame *f = malloc(sizeof(*f));
		uint8_t bytes[1500];

		assert_non_null(f);
		while (header + w.len + (v4 ? 8 : 20) <= len)
			wire_record(&w, IS_EX, snoop_group(v4, w.len), 0, 0);
		w.len = len - header;
		w.body[7]++;
		assert_int_equal(wire_bytes(&w, bytes), len);
		snoop_frame(f, bytes, len, FRAME_SNAP_MAX, 0);
		assert_int_equal(taught(f).role[MCAST_EVERYTHING], 1);
		free(f);
	}
}

FOR_BOTH(hc18_records_longer_than_their_report)
{
	static const uint8_t lies[][3] = {
		{ 1, 0, 0 },	   { 255, 0, 0 },	{ 0, 0, 1 },
		{ 0, 0xff, 0xff }, { 255, 0xff, 0xff },
	};

	(void)s;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct wire w = wire_report(v4, 3, snoop_group(v4, 1));
		uint8_t bytes[1500];
		struct frame f;
		struct known k;

		memcpy(w.body + 9, lies[i], 3);
		snoop_frame(&f, bytes, wire_bytes(&w, bytes), FRAME_SNAP_MAX,
			    0);
		k = taught(&f);
		assert_int_equal(k.role[MCAST_MEMBER], 0);
		assert_int_equal(k.role[MCAST_EVERYTHING], 1);
	}
}

/* ::ffff:239.1.0.1 is no group of MLD's, and must not become one of IGMP's. */
static void hc18_an_ipv4_mapped_group_in_mld(void **state)
{
	struct wire w = wire_report(false, 3, snoop_group(true, 1));

	(void)state;
	check_teaches_nothing(&w);
	w = wire_report(false, 3, ip_from_v4(0));
	check_teaches_nothing(&w);
	w = wire_query(false, 3, 10);
	memset(w.body + 18, 0xff, 2);
	check_teaches_nothing(&w);
}

/* Nor are the addresses of the routers' groups, or one of a host. */
FOR_BOTH(hc18_what_is_no_group_cannot_be_joined)
{
	const struct ip_addr no[] = {
		v4 ? ip_from_v4(0) : (struct ip_addr){ 0, 0 },
		v4 ? ip_from_v4(0x0a000001)
		   : (struct ip_addr){ 0xfe80ull << 48, 1 },
		v4 ? ip_from_v4(0xffffffff)
		   : (struct ip_addr){ 0xff01ull << 48, 1 },
		snoop_link_group(v4, 1),
	};

	(void)s;
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		struct wire w = wire_report(v4, 3, no[i]);

		check_teaches_nothing(&w);
	}
}

/* --- at random ---------------------------------------------------------- */

static uint32_t random_state = 1;

static uint32_t below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(random_state >> 4) * n >> 28);
}

/* Checksums are right, so that every byte gets to where it is believed. */
FOR_BOTH(hc18_random_messages_stay_within_bounds)
{
	unsigned int learned = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct wire w = message(v4, below(MESSAGES));
		unsigned int src = below(8);

		for (unsigned int n = below(4); n > 0; n--)
			w.body[below(w.len)] = (uint8_t)below(256);
		if (below(2))
			w.len = 1 + below(w.len);
		else if (below(4) == 0)
			w.len += below(250);
		snoop_ports(s, &w, src);
		snoop_hear_at(s, &w, src, below(256));
		if (below(64) == 0)
			mcast_flush_port(s->m, src);
		s->now += below(8);
		learned += snoop_known(s).role[MCAST_MEMBER] > 8;
		assert_in_range(snoop_known(s).role[MCAST_MEMBER] +
					snoop_known(s).role[MCAST_ROUTER],
				0, 64);
	}
	assert_in_range(learned, ROUNDS / 20, ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc18_every_truncation_of_every_message),
		cmocka_unit_test(hc18_a_snapshot_that_ends_within_a_report),
		cmocka_unit_test(hc18_a_flipped_bit_teaches_nothing),
		cmocka_unit_test(
			hc18_what_nobody_else_would_believe_teaches_nothing),
		cmocka_unit_test(hc18_the_wrong_destination_teaches_nothing),
		cmocka_unit_test(
			hc18_queries_between_the_versions_teach_nothing),
		cmocka_unit_test(hc18_odd_queries_make_a_router_and_ask_nobody),
		cmocka_unit_test(hc18_fragments_teach_nothing),
		cmocka_unit_test(hc18_record_counts_that_lie),
		cmocka_unit_test(hc18_a_report_that_ends_with_the_snapshot),
		cmocka_unit_test(hc18_records_longer_than_their_report),
		cmocka_unit_test(hc18_an_ipv4_mapped_group_in_mld),
		cmocka_unit_test(hc18_what_is_no_group_cannot_be_joined),
		cmocka_unit_test(hc18_random_messages_stay_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
