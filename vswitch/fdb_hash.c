/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hash index of the forwarding database.
 *
 * Slots come in buckets of eight: the eight keys fill one cache line and the
 * eight records another, so a look-up reads two lines whose places are known
 * before it starts, and fdb_prefetch() can ask for both.  Unused slots have the
 * key 0, which no entry has.
 *
 * What is hard is the full bucket.  A table that evicted something for it would
 * evict unfairly long before it is full.  So an entry that finds its bucket full
 * goes to the next one with room, and each bucket it passed by counts it
 * (`spilled`).  A search goes past a bucket only while that count is not zero,
 * which with twice as many slots as entries it hardly ever is (one bucket in
 * fifty of a full table).  When the entry goes, the counts go down again; no
 * tombstones are left.
 *
 * Nobody must be able to aim at a bucket.  The bucket is the high part of a
 * product with a secret odd number (multiply-shift: for any two keys the chance
 * to meet is that of dice, over the choice of the number), mixed once more.
 */
#include "vswitch/bits.h"
#include "vswitch/fdb_impl.h"

#define WAYS 8u

/* One step of a number generator: neighbouring seeds give unrelated numbers. */
static uint64_t mixed(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static uint32_t home(const struct fdb *fdb, uint64_t key)
{
	uint64_t x = (key ^ fdb->mix[0]) * fdb->mix[1];

	x = (x ^ x >> 32) * fdb->mix[2];
	return (uint32_t)(x >> 48) & fdb->mask;
}

static uint32_t hash_slots(uint32_t capacity)
{
	uint32_t slots = WAYS;

	while (slots < 2 * capacity)
		slots *= 2;
	return slots;
}

static void hash_setup(struct fdb *fdb, uint64_t seed)
{
	fdb->mask = fdb->slots / WAYS - 1;
	fdb->mix[0] = mixed(seed);
	fdb->mix[1] = mixed(fdb->mix[0]) | 1;
	fdb->mix[2] = mixed(fdb->mix[1]) | 1;
}

uint32_t fdb_hash_find(const struct fdb *fdb, uint64_t key)
{
	uint32_t bucket = home(fdb, key);

	/* Bounded by the number of buckets, should every one have spilled. */
	for (uint32_t tried = 0; tried <= fdb->mask; tried++) {
		uint32_t slot = bucket * WAYS;

		for (uint32_t end = slot + WAYS; slot < end; slot++)
			if (fdb->key[slot] == key)
				return slot;
		if (likely(!fdb->record[bucket * WAYS].spilled))
			break;
		bucket = (bucket + 1) & fdb->mask;
	}
	return FDB_NO_SLOT;
}

void fdb_hash_prefetch(const struct fdb *fdb, uint64_t key)
{
	uint32_t slot = home(fdb, key) * WAYS;

	__builtin_prefetch(&fdb->key[slot]);
	__builtin_prefetch(&fdb->record[slot]);
}

static uint32_t hash_place(struct fdb *fdb, uint64_t key)
{
	uint32_t bucket = home(fdb, key);

	/* Ends, because at least half of all slots are empty. */
	for (;;) {
		uint32_t slot = bucket * WAYS;

		for (uint32_t end = slot + WAYS; slot < end; slot++) {
			if (fdb->key[slot] == 0) {
				fdb->key[slot] = key;
				return slot;
			}
		}
		fdb->record[bucket * WAYS].spilled++;
		bucket = (bucket + 1) & fdb->mask;
	}
}

static void hash_displace(struct fdb *fdb, uint32_t slot)
{
	uint32_t bucket = home(fdb, fdb->key[slot]);

	for (; bucket != slot / WAYS; bucket = (bucket + 1) & fdb->mask)
		fdb->record[bucket * WAYS].spilled--;
	fdb->key[slot] = 0;
}

const struct fdb_index fdb_hash_index = {
	.slots = hash_slots,
	.setup = hash_setup,
	.find = fdb_hash_find,
	.prefetch = fdb_hash_prefetch,
	.place = hash_place,
	.displace = hash_displace,
};
