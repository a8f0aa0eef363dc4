/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The forwarding database, verb by verb, whichever index is linked in.
 * fdb_model_test.c compares it with a model.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/lines.h"
#include "vswitch/fdb.h"
#include "vswitch/fdb_impl.h"

#define MAC(n) (0x020000000000ull | (uint64_t)(n))
#define AGEING 300u

static struct fdb *table(uint32_t capacity)
{
	struct fdb_config config = {
		.capacity = capacity,
		.ageing = AGEING,
		.seed = 0x1234567,
	};
	size_t size = fdb_size(&config);
	void *memory = aligned_alloc(64, in_lines(size));
	struct fdb *fdb;

	assert_non_null(memory);
	/* The caller's memory need not be zero. */
	memset(memory, 0xee, size);
	fdb = fdb_init(memory, size, &config);
	assert_non_null(fdb);
	assert_int_equal(fdb_capacity(fdb), capacity);
	return fdb;
}

static enum fdb_outcome learn(struct fdb *fdb, uint64_t mac, unsigned int port,
			      uint32_t now)
{
	return fdb_learn(fdb, mac, 0, port, 0, now).outcome;
}

/* --- making ------------------------------------------------------------- */

static void impossible_tables_are_refused(void **state)
{
	const struct fdb_config good = { 8, 1, 0 };
	static uint8_t memory[65536] __attribute__((aligned(64)));
	struct fdb_config c;
	size_t size = fdb_size(&good);

	(void)state;
	assert_in_range(size, 1, sizeof(memory));
	assert_non_null(fdb_init(memory, size, &good));
	assert_null(fdb_init(memory, size - 1, &good));
	c = good;
	c.capacity = 0;
	assert_int_equal(fdb_size(&c), 0);
	assert_null(fdb_init(memory, sizeof(memory), &c));
	c.capacity = FDB_MAX_CAPACITY + 1;
	assert_int_equal(fdb_size(&c), 0);
	c.capacity = FDB_MAX_CAPACITY;
	assert_int_not_equal(fdb_size(&c), 0);
	c = good;
	c.ageing = 0;
	assert_int_equal(fdb_size(&c), 0);
}

/* --- learning ----------------------------------------------------------- */

static void an_address_is_learned_refreshed_and_moved(void **state)
{
	struct fdb *fdb = table(8);
	struct fdb_effect e;

	(void)state;
	assert_int_equal(fdb_lookup(fdb, MAC(1), 0, 5), FDB_NO_PORT);
	assert_int_equal(learn(fdb, MAC(1), 3, 5), FDB_LEARNED);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 0, 5), 3);
	assert_int_equal(learn(fdb, MAC(1), 3, 5), FDB_REFRESHED);
	assert_int_equal(learn(fdb, MAC(1), 3, 6), FDB_REFRESHED);
	e = fdb_learn(fdb, MAC(1), 0, 63, 0, 6);
	assert_int_equal(e.outcome, FDB_MOVED);
	assert_int_equal(e.was, 3);
	assert_false(e.evicted);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 0, 6), 63);
	assert_int_equal(fdb_count(fdb), 1);
	free(fdb);
}

static void vlans_are_apart(void **state)
{
	struct fdb *fdb = table(8);

	(void)state;
	fdb_learn(fdb, MAC(1), 0, 1, 0, 0);
	fdb_learn(fdb, MAC(1), 7, 2, 0, 0);
	fdb_learn(fdb, MAC(1), 4094, 3, 0, 0);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 0, 0), 1);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 7, 0), 2);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 4094, 0), 3);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 8, 0), FDB_NO_PORT);
	assert_int_equal(fdb_count(fdb), 3);
	assert_int_equal(fdb_remove(fdb, MAC(1), 7), 0);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 7, 0), FDB_NO_PORT);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 0, 0), 1);
	free(fdb);
}

static void probing_changes_nothing(void **state)
{
	struct fdb *fdb = table(2);

	(void)state;
	assert_int_equal(fdb_probe(fdb, MAC(1), 0, 1, 0).outcome, FDB_LEARNED);
	assert_int_equal(fdb_count(fdb), 0);
	learn(fdb, MAC(1), 1, 0);
	learn(fdb, MAC(2), 1, 0);
	assert_int_equal(fdb_probe(fdb, MAC(1), 0, 2, 0).outcome, FDB_MOVED);
	assert_true(fdb_probe(fdb, MAC(3), 0, 2, 0).evicted);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 0, 0), 1);
	assert_int_equal(fdb_lookup(fdb, MAC(3), 0, 0), FDB_NO_PORT);
	/* Nor does it make an entry younger. */
	fdb_probe(fdb, MAC(1), 0, 1, AGEING - 1);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 0, AGEING), FDB_NO_PORT);
	free(fdb);
}

/* --- time --------------------------------------------------------------- */

static void entries_age_to_the_second(void **state)
{
	struct fdb *fdb = table(8);

	(void)state;
	learn(fdb, MAC(1), 1, 10);
	learn(fdb, MAC(2), 1, 10);
	learn(fdb, MAC(2), 1, 200);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 0, 10 + AGEING - 1), 1);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 0, 10 + AGEING), FDB_NO_PORT);
	assert_int_equal(fdb_lookup(fdb, MAC(2), 0, 10 + AGEING), 1);
	/* Not reclaimed yet, and still as good as absent. */
	assert_int_equal(fdb_count(fdb), 2);
	assert_int_equal(learn(fdb, MAC(1), 2, 10 + AGEING), FDB_LEARNED);
	assert_int_equal(fdb_expired(fdb), 1);
	assert_int_equal(fdb_age(fdb, 200 + AGEING - 1, 64), 0);
	assert_int_equal(fdb_age(fdb, 200 + AGEING, 64), 1);
	assert_int_equal(fdb_expired(fdb), 2);
	assert_int_equal(fdb_count(fdb), 1);
	free(fdb);
}

static void ageing_is_bounded_and_goes_on(void **state)
{
	struct fdb *fdb = table(300);
	unsigned int removed = 0;
	unsigned int calls = 0;

	(void)state;
	for (unsigned int i = 0; i < 300; i++)
		learn(fdb, MAC(i), i % 60, i < 150 ? 0 : 100);
	while (removed < 150) {
		unsigned int n = fdb_age(fdb, AGEING, 4);

		assert_in_range(n, 0, 4);
		removed += n;
		assert_in_range(++calls, 1, 150);
	}
	assert_int_equal(fdb_age(fdb, AGEING, 1000), 0);
	assert_int_equal(fdb_count(fdb), 150);
	for (unsigned int i = 150; i < 300; i++)
		assert_int_equal(fdb_lookup(fdb, MAC(i), 0, AGEING), i % 60);
	free(fdb);
}

/* --- pinned entries ----------------------------------------------------- */

static void static_entries_stay(void **state)
{
	struct fdb *fdb = table(4);
	struct fdb_effect e;

	(void)state;
	learn(fdb, MAC(1), 2, 0);
	assert_int_equal(fdb_add_static(fdb, MAC(1), 0, 1), 0);
	assert_int_equal(fdb_add_static(fdb, MAC(1), 0, 1), 0);
	assert_int_equal(fdb_add_static(fdb, MAC(1), 0, 2), -EEXIST);
	assert_int_equal(fdb_add_static(fdb, MAC(2), 0, 64), -EINVAL);
	assert_int_equal(fdb_count(fdb), 1);
	e = fdb_learn(fdb, MAC(1), 0, 2, 0, 9);
	assert_int_equal(e.outcome, FDB_PINNED);
	assert_int_equal(e.was, 1);
	assert_int_equal(learn(fdb, MAC(1), 1, 9), FDB_REFRESHED);
	assert_int_equal(fdb_flush_port(fdb, 1), 0);
	assert_int_equal(fdb_age(fdb, 100000, 64), 0);
	for (unsigned int i = 10; i < 100; i++)
		learn(fdb, MAC(i), 1, 100000);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 0, 100000), 1);
	assert_int_equal(fdb_remove(fdb, MAC(1), 0), 0);
	assert_int_equal(fdb_remove(fdb, MAC(1), 0), -ENOENT);
	free(fdb);
}

static void a_table_of_static_entries_is_full(void **state)
{
	struct fdb *fdb = table(3);

	(void)state;
	learn(fdb, MAC(9), 1, 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(fdb_add_static(fdb, MAC(i), 0, 1), 0);
	/* The dynamic one had to make room. */
	assert_int_equal(fdb_lookup(fdb, MAC(9), 0, 0), FDB_NO_PORT);
	assert_int_equal(fdb_add_static(fdb, MAC(3), 0, 1), -ENOSPC);
	assert_int_equal(fdb_add_static(fdb, MAC(2), 0, 1), 0);
	assert_int_equal(learn(fdb, MAC(3), 1, 0), FDB_FULL);
	assert_int_equal(fdb_probe(fdb, MAC(3), 0, 1, 0).outcome, FDB_FULL);
	assert_int_equal(learn(fdb, MAC(2), 1, 0), FDB_REFRESHED);
	free(fdb);
}

static void sticky_entries_do_not_move_while_valid(void **state)
{
	struct fdb *fdb = table(8);
	struct fdb_effect e;

	(void)state;
	fdb_learn(fdb, MAC(1), 0, 1, FDB_STICKY, 0);
	e = fdb_learn(fdb, MAC(1), 0, 2, 0, 1);
	assert_int_equal(e.outcome, FDB_PINNED);
	assert_int_equal(e.was, 1);
	/* The thief's attempt has not made it younger. */
	assert_int_equal(learn(fdb, MAC(1), 2, AGEING), FDB_LEARNED);
	assert_int_equal(fdb_lookup(fdb, MAC(1), 0, AGEING), 2);
	/* An ordinary one becomes sticky where it is seen, or moves to. */
	e = fdb_learn(fdb, MAC(1), 0, 3, FDB_STICKY, AGEING);
	assert_int_equal(e.outcome, FDB_MOVED);
	assert_int_equal(learn(fdb, MAC(1), 2, AGEING), FDB_PINNED);
	learn(fdb, MAC(2), 3, AGEING);
	fdb_learn(fdb, MAC(2), 0, 3, FDB_STICKY, AGEING);
	assert_int_equal(learn(fdb, MAC(2), 2, AGEING), FDB_PINNED);
	assert_int_equal(fdb_flush_port(fdb, 3), 2);
	assert_int_equal(learn(fdb, MAC(2), 2, AGEING), FDB_LEARNED);
	free(fdb);
}

/* --- fairness ----------------------------------------------------------- */

static void the_fullest_port_loses_its_oldest(void **state)
{
	struct fdb *fdb = table(6);
	struct fdb_effect e;

	(void)state;
	learn(fdb, MAC(10), 1, 0);
	for (unsigned int i = 0; i < 3; i++)
		learn(fdb, MAC(20 + i), 2, 1 + i);
	learn(fdb, MAC(30), 3, 0);
	learn(fdb, MAC(31), 3, 0);
	learn(fdb, MAC(20), 2, 9);
	/* Port 2 has three; 20 was seen again, so 21 is the oldest there. */
	e = fdb_learn(fdb, MAC(11), 5, 1, 0, 9);
	assert_int_equal(e.outcome, FDB_LEARNED);
	assert_true(e.evicted);
	assert_true(e.evicted_mac == MAC(21));
	assert_int_equal(e.evicted_vlan, 0);
	/* Now 1, 2 and 3 have two each: the lowest loses, the newcomer's. */
	e = fdb_learn(fdb, MAC(12), 0, 1, 0, 9);
	assert_true(e.evicted_mac == MAC(10));
	e = fdb_learn(fdb, MAC(40), 0, 4, 0, 9);
	assert_true(e.evicted_mac == MAC(11));
	assert_int_equal(e.evicted_vlan, 5);
	assert_int_equal(fdb_count(fdb), 6);
	free(fdb);
}

static void what_expired_goes_first(void **state)
{
	struct fdb *fdb = table(4);
	struct fdb_effect e;

	(void)state;
	learn(fdb, MAC(1), 1, 0);
	for (unsigned int i = 0; i < 3; i++)
		learn(fdb, MAC(20 + i), 2, AGEING);
	e = fdb_learn(fdb, MAC(3), 0, 3, 0, AGEING);
	assert_int_equal(e.outcome, FDB_LEARNED);
	assert_false(e.evicted);
	assert_int_equal(fdb_count(fdb), 4);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(fdb_lookup(fdb, MAC(20 + i), 0, AGEING), 2);
	/* Now there is none; and a second later, as soon as there is one. */
	assert_true(fdb_learn(fdb, MAC(4), 0, 3, 0, AGEING).evicted);
	assert_false(fdb_learn(fdb, MAC(5), 0, 3, 0, AGEING + AGEING).evicted);
	free(fdb);
}

static void hc21_a_flood_of_addresses_pushes_nobody_out(void **state)
{
	struct fdb *fdb = table(1024);
	unsigned int evicted = 0;

	(void)state;
	for (unsigned int i = 0; i < 300; i++)
		learn(fdb, MAC(i), 1 + i % 3, 0);
	for (unsigned int i = 0; i < 100000; i++) {
		struct fdb_effect e =
			fdb_learn(fdb, MAC(1000000 + i * 7), 0, 9, 0, i / 1000);

		assert_int_equal(e.outcome, FDB_LEARNED);
		if (e.evicted)
			assert_true(e.evicted_mac >= MAC(1000000));
		evicted += e.evicted;
	}
	assert_int_equal(evicted, 100000 - (1024 - 300));
	assert_int_equal(fdb_count(fdb), 1024);
	for (unsigned int i = 0; i < 300; i++)
		assert_int_equal(fdb_lookup(fdb, MAC(i), 0, 99), 1 + i % 3);
	/* The victims can still come and go. */
	assert_int_equal(learn(fdb, MAC(300), 1, 99), FDB_LEARNED);
	assert_int_equal(fdb_lookup(fdb, MAC(0), 0, 99), 1);
	free(fdb);
}

/* --- walking ------------------------------------------------------------ */

static void a_walk_meets_every_entry_once(void **state)
{
	struct fdb *fdb = table(256);
	unsigned int met[200] = { 0 };
	uint32_t cursor = 0;
	struct fdb_entry e;

	(void)state;
	for (unsigned int i = 0; i < 200; i++)
		fdb_learn(fdb, MAC(i), (uint16_t)(i % 3), i % 5,
			  i % 2 ? FDB_STICKY : 0, i % 10);
	/* Odd ones go away or move while the walk is under way. */
	for (unsigned int i = 1; fdb_iterate(fdb, &cursor, 20, &e); i += 2) {
		unsigned int n = (unsigned int)(e.mac & 0xff);

		met[n]++;
		assert_int_equal(e.vlan, n % 3);
		assert_int_equal(e.flags, n % 2 ? FDB_STICKY : 0);
		if (n % 2 == 0) {
			assert_int_equal(e.port, n % 5);
			assert_int_equal(e.age, 20 - n % 10);
		}
		if (i < 200)
			fdb_remove(fdb, MAC(i), (uint16_t)(i % 3));
	}
	for (unsigned int i = 0; i < 200; i++)
		assert_in_range(met[i], i % 2 ? 0 : 1, 1);
	assert_false(fdb_iterate(fdb, &cursor, 20, &e));
	cursor = UINT32_MAX;
	assert_false(fdb_iterate(fdb, &cursor, 20, &e));
	free(fdb);
}

static void a_walk_leaves_out_what_expired(void **state)
{
	struct fdb *fdb = table(8);
	uint32_t cursor = 0;
	struct fdb_entry e;

	(void)state;
	learn(fdb, MAC(1), 1, 0);
	fdb_add_static(fdb, MAC(2), 9, 2);
	assert_true(fdb_iterate(fdb, &cursor, AGEING, &e));
	assert_true(e.mac == MAC(2));
	assert_int_equal(e.vlan, 9);
	assert_int_equal(e.flags, FDB_STATIC);
	assert_int_equal(e.age, 0);
	assert_false(fdb_iterate(fdb, &cursor, AGEING, &e));
	free(fdb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(impossible_tables_are_refused),
		cmocka_unit_test(an_address_is_learned_refreshed_and_moved),
		cmocka_unit_test(vlans_are_apart),
		cmocka_unit_test(probing_changes_nothing),
		cmocka_unit_test(entries_age_to_the_second),
		cmocka_unit_test(ageing_is_bounded_and_goes_on),
		cmocka_unit_test(static_entries_stay),
		cmocka_unit_test(a_table_of_static_entries_is_full),
		cmocka_unit_test(sticky_entries_do_not_move_while_valid),
		cmocka_unit_test(the_fullest_port_loses_its_oldest),
		cmocka_unit_test(what_expired_goes_first),
		cmocka_unit_test(hc21_a_flood_of_addresses_pushes_nobody_out),
		cmocka_unit_test(a_walk_meets_every_entry_once),
		cmocka_unit_test(a_walk_leaves_out_what_expired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
