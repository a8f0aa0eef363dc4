/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of flows as a table: its size, who loses a flow when it is full, what
 * is forgotten with a port, walks, and that nobody can aim at a hash chain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/flow_impl.h"
#include "tests/unit/flow_rig.h"

/* A flow number @n of a port: 24 bits of it are addresses. */
static void open_nth(struct flow_table *t, unsigned int port, unsigned int n,
		     uint32_t now)
{
	struct flow_path path = { VLAN, (uint8_t)port, B };
	struct pkt k;

	put_start(&k, PACKET_UDP, v4(n & 0xffffff), v4(0xff0000 + port));
	put_udp(&k, 1024, 53);
	sent_on(t, &k, &path, now);
}

static bool has_nth(const struct flow_table *t, unsigned int port,
		    unsigned int n, uint32_t now)
{
	struct flow_path path = { VLAN, B, (uint8_t)port };
	struct pkt k;

	put_start(&k, PACKET_UDP, v4(0xff0000 + port), v4(n & 0xffffff));
	put_udp(&k, 53, 1024);
	return answers_on(t, &k, &path, now, NULL);
}

static void answer_nth(struct flow_table *t, unsigned int port, unsigned int n,
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

/* --- making -------------------------------------------------------------------- */

static void impossible_tables_are_refused(void **state)
{
	static uint8_t memory[65536] __attribute__((aligned(64)));
	size_t size = flow_size(8);

	(void)state;
	assert_in_range(size, 1, sizeof(memory));
	assert_non_null(flow_init(memory, size, 8, 0));
	assert_null(flow_init(memory, size - 1, 8, 0));
	assert_int_equal(flow_size(0), 0);
	assert_null(flow_init(memory, sizeof(memory), 0, 0));
	assert_int_equal(flow_size(FLOW_MAX_CAPACITY + 1), 0);
	assert_int_not_equal(flow_size(FLOW_MAX_CAPACITY), 0);
	assert_int_equal(flow_size(UINT32_MAX), 0);
}

static void every_capacity_is_kept(void **state)
{
	(void)state;
	for (uint32_t capacity = 1; capacity <= 70; capacity++) {
		struct flow_table *t = flows_new(capacity);

		for (unsigned int n = 0; n < 3 * capacity; n++) {
			open_nth(t, A, n, NOW);
			assert_int_equal(flow_count(t),
					 n < capacity ? n + 1 : capacity);
			assert_true(has_nth(t, A, n, NOW));
		}
		assert_int_equal(flow_counts(t).opened, 3 * capacity);
		assert_int_equal(flow_counts(t).evicted, 2 * capacity);
		free(t);
	}
}

/* --- who loses one ----------------------------------------------------------------- */

static void hc21_a_flood_of_flows_costs_its_own_port(void **state)
{
	struct flow_table *t = flows_new(1024);

	(void)state;
	for (unsigned int port = 0; port < 4; port++)
		for (unsigned int n = 0; n < 100; n++)
			open_nth(t, port, n, NOW);
	for (unsigned int n = 0; n < 100000; n++)
		open_nth(t, 20, n, NOW + n / 10000);
	for (unsigned int port = 0; port < 4; port++)
		for (unsigned int n = 0; n < 100; n++)
			assert_true(has_nth(t, port, n, NOW + 10));
	/* It has the rest of the table, and its latest flows in it. */
	for (unsigned int n = 100000 - 624; n < 100000; n++)
		assert_true(has_nth(t, 20, n, NOW + 10));
	assert_false(has_nth(t, 20, 100000 - 625, NOW + 10));
	assert_int_equal(flow_count(t), 1024);
	assert_int_equal(flow_counts(t).evicted, 100000 - 624);
	/* A newcomer gets his place from it. */
	open_nth(t, 30, 1, NOW + 10);
	assert_true(has_nth(t, 30, 1, NOW + 10));
	assert_false(has_nth(t, 20, 100000 - 624, NOW + 10));
	free(t);
}

static void hc21_two_floods_share(void **state)
{
	struct flow_table *t = flows_new(300);
	unsigned int has[2] = { 0 };

	(void)state;
	for (unsigned int n = 0; n < 50; n++)
		open_nth(t, 1, n, NOW);
	for (unsigned int n = 0; n < 1000; n++)
		open_nth(t, 20 + n % 2, n, NOW);
	for (unsigned int n = 0; n < 50; n++)
		assert_true(has_nth(t, 1, n, NOW));
	for (unsigned int n = 0; n < 1000; n++)
		has[n % 2] += has_nth(t, 20 + n % 2, n, NOW);
	assert_int_equal(has[0] + has[1], 250);
	assert_in_range(has[0], 124, 126);
	free(t);
}

static void the_longest_unseen_goes(void **state)
{
	struct flow_table *t = flows_new(4);

	(void)state;
	for (unsigned int n = 0; n < 4; n++)
		open_nth(t, A, n, NOW + n);
	/* 0 and 1 are seen again; 1 is answered and would live longer. */
	open_nth(t, A, 0, NOW + 5);
	answer_nth(t, A, 1, NOW + 4);
	open_nth(t, A, 4, NOW + 6);
	assert_false(has_nth(t, A, 2, NOW + 6));
	open_nth(t, A, 5, NOW + 6);
	assert_false(has_nth(t, A, 3, NOW + 6));
	open_nth(t, A, 6, NOW + 6);
	assert_false(has_nth(t, A, 1, NOW + 6));
	open_nth(t, A, 7, NOW + 6);
	assert_false(has_nth(t, A, 0, NOW + 6));
	for (unsigned int n = 4; n < 8; n++)
		assert_true(has_nth(t, A, n, NOW + 6));
	assert_int_equal(flow_counts(t).expired, 0);
	free(t);
}

static void the_lowest_port_of_the_greediest_loses(void **state)
{
	struct flow_table *t = flows_new(4);

	(void)state;
	open_nth(t, 5, 1, NOW);
	open_nth(t, 6, 1, NOW);
	open_nth(t, 5, 2, NOW + 1);
	open_nth(t, 6, 2, NOW + 1);
	open_nth(t, 7, 1, NOW + 2);
	assert_false(has_nth(t, 5, 1, NOW + 2));
	assert_true(has_nth(t, 5, 2, NOW + 2));
	open_nth(t, 7, 2, NOW + 2);
	assert_false(has_nth(t, 6, 1, NOW + 2));
	free(t);
}

static void the_expired_go_first(void **state)
{
	struct flow_table *t = flows_new(4);

	(void)state;
	open_nth(t, 5, 1, NOW);
	for (unsigned int n = 0; n < 3; n++)
		open_nth(t, 6, n, NOW + 20);
	open_nth(t, 6, 3, NOW + 30);
	assert_int_equal(flow_counts(t).expired, 1);
	assert_int_equal(flow_counts(t).evicted, 0);
	for (unsigned int n = 0; n < 4; n++)
		assert_true(has_nth(t, 6, n, NOW + 30));
	/* Whichever life they had. */
	answer_nth(t, 6, 0, NOW + 30);
	open_nth(t, 6, 4, NOW + 50);
	assert_int_equal(flow_counts(t).evicted, 0);
	assert_true(has_nth(t, 6, 0, NOW + 50));
	free(t);
}

static void the_expired_go_away_in_the_end(void **state)
{
	struct flow_table *t = flows_new(1000);

	(void)state;
	for (unsigned int n = 0; n < 600; n++)
		open_nth(t, n % 64, n, NOW);
	assert_int_equal(flow_count(t), 600);
	assert_int_equal(shown(t, NOW + 30), 0);
	for (unsigned int n = 0; n < 300; n++)
		open_nth(t, 1, 1000 + n, NOW + 30);
	assert_int_equal(flow_count(t), 300);
	assert_int_equal(shown(t, NOW + 30), 300);
	assert_int_equal(flow_counts(t).expired, 600);
	free(t);
}

static void an_expired_flow_makes_way_for_the_same_anew(void **state)
{
	struct flow_table *t = flows_new(64);

	(void)state;
	for (unsigned int n = 0; n < 10; n++)
		open_nth(t, A, n, NOW);
	open_nth(t, A, 9, NOW + 30);
	/* Itself, and two that were in the way of nobody. */
	assert_int_equal(flow_counts(t).expired, 3);
	assert_int_equal(flow_count(t), 8);
	assert_int_equal(only(t, NOW + 30).left, 30);
	free(t);
}

/* First fragments are their flow's initiator's, not their sender's. */
static void hc21_fragments_are_charged_to_who_began(void **state)
{
	struct flow_table *t = flows_new(16);
	struct flow_hit hit;
	struct packet p;
	struct pkt k;

	(void)state;
	for (unsigned int n = 0; n < 5; n++)
		open_nth(t, B, n, NOW);
	for (unsigned int n = 0; n < 4; n++)
		open_nth(t, 20, n, NOW);
	udp_out(&k, 0);
	sent(t, &k, NOW);
	for (unsigned int id = 0; id < 100; id++) {
		udp_out(&k, 0);
		sent(t, &k, NOW + 1);
		put_eth(&k, 0x0800);
		put_v4(&k, PACKET_UDP, test_dst[0], test_src[0], 5, 0x2000, id);
		put_udp(&k, 53, 1024);
		assert_true(answers_on(t, &k, &back, NOW + 1, &hit));
		p = parse(&k);
		flow_answered(t, &p, &back, &hit, GENERATION, NOW + 1);
	}
	assert_int_equal(flow_count(t), 16);
	for (unsigned int n = 0; n < 5; n++)
		assert_true(has_nth(t, B, n, NOW + 1));
	for (unsigned int n = 0; n < 4; n++)
		assert_true(has_nth(t, 20, n, NOW + 1));
	free(t);
}

/* What flow_answers() said of a flow that has gone since does no harm. */
static void a_hit_of_a_flow_that_has_gone(void **state)
{
	struct flow_table *t = flows_new(1);
	struct flow_hit hit;
	struct packet p;
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	udp_in(&k, 0);
	assert_true(answers_on(t, &k, &back, NOW, &hit));
	p = parse(&k);
	open_nth(t, 20, 1, NOW);
	flow_answered(t, &p, &back, &hit, GENERATION, NOW);
	assert_int_equal(only(t, NOW).state, FLOW_OPENED);
	assert_int_equal(only(t, NOW).src, 20);
	assert_int_equal(flow_flush_port(t, 20), 1);
	flow_answered(t, &p, &back, &hit, GENERATION, NOW);
	assert_int_equal(flow_count(t), 0);
	free(t);
}

/* An error leaves even less to see whether the flow is still there. */
static void an_error_about_a_flow_that_has_gone(void **state)
{
	struct flow_table *t = flows_new(1);
	struct flow_hit hit, other;
	struct packet p, error;
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	icmp_in(&k, 0, 3, 0);
	put_ip(&k, PACKET_UDP, test_src[0], test_dst[0]);
	put_udp(&k, 1024, 53);
	assert_true(answers_on(t, &k, &back, NOW, &hit));
	error = parse(&k);
	tcp_out(&k, 0, PACKET_SYN);
	finish(&k);
	p = parse(&k);
	flow_opened(t, &p, &there, RULE + 1, GENERATION, NOW);
	flow_answered(t, &error, &back, &hit, GENERATION + 1, NOW);
	tcp_in(&k, 0, PACKET_ACK);
	assert_true(answers_on(t, &k, &back, NOW, &other));
	assert_int_equal(other.slot, hit.slot);
	assert_int_equal(other.generation, GENERATION);
	free(t);
}

/* --- flushing, walking --------------------------------------------------------------- */

static void a_new_peer_is_owed_no_answers(void **state)
{
	struct flow_table *t = flows_new(64);
	struct flow_path in = { VLAN, 20, A };
	struct pkt k;

	(void)state;
	for (unsigned int n = 0; n < 5; n++)
		open_nth(t, A, n, NOW);
	for (unsigned int n = 0; n < 6; n++)
		open_nth(t, 20, n, NOW);
	udp_out(&k, 0);
	sent_on(t, &k, &in, NOW);
	assert_int_equal(flow_flush_port(t, 21), 0);
	assert_int_equal(flow_flush_port(t, FLOW_PORTS), 0);
	assert_int_equal(flow_flush_port(t, UINT32_MAX), 0);
	assert_int_equal(flow_flush_port(t, A), 5);
	assert_int_equal(flow_count(t), 7);
	assert_int_equal(flow_flush_port(t, A), 0);
	for (unsigned int n = 0; n < 5; n++)
		assert_false(has_nth(t, A, n, NOW));
	for (unsigned int n = 0; n < 6; n++)
		assert_true(has_nth(t, 20, n, NOW));
	/* All of them went to B, or to A: what may be answered stays. */
	assert_int_equal(flow_flush_port(t, B), 0);
	assert_int_equal(flow_flush_port(t, 20), 7);
	assert_int_equal(flow_count(t), 0);
	/* That is no eviction, and the places are free again. */
	assert_int_equal(flow_counts(t).evicted, 0);
	assert_int_equal(flow_counts(t).expired, 0);
	for (unsigned int n = 0; n < 64; n++)
		open_nth(t, A, n, NOW);
	assert_int_equal(flow_counts(t).evicted, 0);
	free(t);
}

static void a_walk_meets_each_flow_once(void **state)
{
	struct flow_table *t = flows_new(256);
	bool met[200] = { false };
	uint32_t cursor = 0;
	struct flow_entry e;

	(void)state;
	assert_int_equal(shown(t, NOW), 0);
	for (unsigned int n = 0; n < 200; n++)
		open_nth(t, A, n, NOW + n % 2);
	while (flow_iterate(t, &cursor, NOW + 1, &e)) {
		unsigned int n = e.from.lo & 0xffff;

		assert_in_range(n, 0, 199);
		assert_false(met[n]);
		met[n] = true;
		/* Others come and go. */
		open_nth(t, 20, 1000 + n, NOW + 1);
		flow_flush_port(t, 20);
	}
	for (unsigned int n = 0; n < 200; n++)
		assert_true(met[n]);
	assert_int_equal(shown(t, NOW + 30), 100);
	assert_int_equal(shown(t, NOW + 31), 0);
	cursor = UINT32_MAX;
	assert_false(flow_iterate(t, &cursor, NOW, &e));
	free(t);
}

/* --- the hash --------------------------------------------------------------------------- */

static unsigned int longest_chain(const struct flow_table *t)
{
	unsigned int longest = 0;

	for (uint32_t b = 0; b <= t->mask; b++) {
		unsigned int n = 0;

		for (uint32_t slot = t->bucket[b]; slot != FLOW_NO_SLOT;
		     slot = t->record[slot].next)
			n++;
		longest = n > longest ? n : longest;
	}
	return longest;
}

/* Keys that differ in one place by each power of two, and in counting order. */
static void hc21_regular_keys_make_no_long_chains(void **state)
{
	struct flow_table *t = flows_new(16384);

	(void)state;
	for (unsigned int high = 0; high < 16; high++) {
		for (unsigned int n = 0; n < 1024; n++) {
			struct ip_addr src = v6(0), dst = v6(2);
			struct pkt k;

			src.hi ^= high & 1 ? (uint64_t)n << 54 : n;
			src.lo ^= high & 2 ? (uint64_t)n << 54 : n;
			dst.lo ^= high & 4 ? (uint64_t)n << 54 : n;
			put_start(&k, PACKET_UDP, src, dst);
			put_udp(&k, high & 8 ? n : 1024, 0x8000 + high);
			sent(t, &k, NOW);
		}
	}
	assert_int_equal(flow_count(t), 16384);
	/* With dice: 8 or 9. */
	assert_in_range(longest_chain(t), 4, 13);
	free(t);
}

static void another_seed_is_another_order(void **state)
{
	size_t size = flow_size(64);
	struct flow_table *t[2];

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		void *memory = aligned_alloc(64, size);

		assert_non_null(memory);
		t[i] = flow_init(memory, size, 64, i);
		for (unsigned int n = 0; n < 64; n++)
			open_nth(t[i], A, n, NOW);
	}
	assert_memory_not_equal(t[0]->bucket, t[1]->bucket,
				64 * sizeof(uint32_t));
	free(t[0]);
	free(t[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(impossible_tables_are_refused),
		cmocka_unit_test(every_capacity_is_kept),
		cmocka_unit_test(hc21_a_flood_of_flows_costs_its_own_port),
		cmocka_unit_test(hc21_two_floods_share),
		cmocka_unit_test(the_longest_unseen_goes),
		cmocka_unit_test(the_lowest_port_of_the_greediest_loses),
		cmocka_unit_test(the_expired_go_first),
		cmocka_unit_test(the_expired_go_away_in_the_end),
		cmocka_unit_test(an_expired_flow_makes_way_for_the_same_anew),
		cmocka_unit_test(hc21_fragments_are_charged_to_who_began),
		cmocka_unit_test(a_hit_of_a_flow_that_has_gone),
		cmocka_unit_test(an_error_about_a_flow_that_has_gone),
		cmocka_unit_test(a_new_peer_is_owed_no_answers),
		cmocka_unit_test(a_walk_meets_each_flow_once),
		cmocka_unit_test(hc21_regular_keys_make_no_long_chains),
		cmocka_unit_test(another_seed_is_another_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
