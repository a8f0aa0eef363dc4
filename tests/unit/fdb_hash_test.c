/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hash behind the forwarding database: crowded buckets, and its secret.
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

/*
 * Scattered: addresses in a row are spread too evenly for buckets to overflow.
 */
#define MAC(n) (0x020000000000ull | (hash_next(n) & 0xffffffffffull))
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

/* --- the hash's crowded buckets ----------------------------------------- */

static void crowded_buckets_spill_and_heal(void **state)
{
	struct fdb *fdb = table(8192);
	unsigned int spilled = 0;

	(void)state;
	for (unsigned int i = 0; i < 8192; i++) {
		struct fdb_effect e = fdb_learn(fdb, MAC(i), 0, i % 64, 0, 0);

		/* Nothing is lost before the table is full. */
		assert_int_equal(e.outcome, FDB_LEARNED);
		assert_false(e.evicted);
	}
	for (uint32_t slot = 0; slot < fdb->slots; slot++)
		spilled += fdb->hash.slot[slot].spilled;
	/* The test means nothing if that never happened. */
	assert_in_range(spilled, 1, 8192);
	for (unsigned int i = 0; i < 8192; i++)
		assert_int_equal(fdb_lookup(fdb, MAC(i), 0, 0), i % 64);
	for (unsigned int i = 0; i < 8192; i++)
		assert_int_equal(fdb_remove(fdb, MAC((i * 5) % 8192), 0), 0);
	for (uint32_t slot = 0; slot < fdb->slots; slot++) {
		assert_int_equal(fdb->hash.slot[slot].spilled, 0);
		assert_true(fdb->hash.slot[slot].key == 0);
	}
	assert_int_equal(fdb_count(fdb), 0);
	free(fdb);
}

static long home(const struct fdb *fdb, uint64_t mac)
{
	return fdb_home(&fdb->hash, fdb_key(mac, 0)) - fdb->hash.slot;
}

static void another_seed_is_another_order(void **state)
{
	struct fdb *a = table(1024);
	struct fdb *b = table(1024);
	unsigned int same = 0;

	(void)state;
	fdb_index_setup(b, 0x7654321);
	for (unsigned int i = 0; i < 1024; i++)
		same += home(a, MAC(i)) == home(b, MAC(i));
	/* 512 buckets: four are expected by chance. */
	assert_in_range(same, 0, 32);
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crowded_buckets_spill_and_heal),
		cmocka_unit_test(another_seed_is_another_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
