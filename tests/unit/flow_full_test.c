/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of flows as a table: its size, what is forgotten with a port,
 * walks, and that nobody can aim at a hash chain.
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

/* --- making ------------------------------------------------------------- */

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

/* --- flushing, walking -------------------------------------------------- */

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
	assert_int_equal(flow_flush_port(t, MAX_PORTS), 0);
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

/* --- the hash ----------------------------------------------------------- */

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
		cmocka_unit_test(a_new_peer_is_owed_no_answers),
		cmocka_unit_test(a_walk_meets_each_flow_once),
		cmocka_unit_test(hc21_regular_keys_make_no_long_chains),
		cmocka_unit_test(another_seed_is_another_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
