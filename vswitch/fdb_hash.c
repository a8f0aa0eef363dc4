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
#include "base/bits.h"
#include "base/hash.h"
#include "vswitch/fdb_impl.h"

static uint32_t hash_slots(uint32_t capacity)
{
	uint32_t slots = FDB_WAYS;

	while (slots < 2 * capacity)
		slots *= 2;
	return slots;
}

static void hash_setup(struct fdb *fdb, uint64_t seed)
{
	fdb->mask = fdb->slots / FDB_WAYS - 1;
	fdb->mix[0] = hash_next(seed);
	fdb->mix[1] = hash_next(fdb->mix[0]) | 1;
	fdb->mix[2] = hash_next(fdb->mix[1]) | 1;
}

/* The slot of a key (or, of key 0, an empty slot) in one bucket. */
static uint32_t find_in(const struct fdb *fdb, uint32_t bucket, uint64_t key)
{
	for (uint32_t slot = bucket; slot < bucket + FDB_WAYS; slot++)
		if (fdb->key[slot] == key)
			return slot;
	return FDB_NO_SLOT;
}

static uint32_t next_bucket(const struct fdb *fdb, uint32_t bucket)
{
	return (bucket + FDB_WAYS) & (fdb->slots - 1);
}

static uint32_t hash_find(const struct fdb *fdb, uint64_t key)
{
	uint32_t bucket = fdb_hash_home(fdb, key);

	/* Bounded by the number of buckets, should every one have spilled. */
	for (uint32_t tried = 0; tried <= fdb->mask; tried++) {
		uint32_t slot = find_in(fdb, bucket, key);

		if (slot != FDB_NO_SLOT || !fdb->record[bucket].spilled)
			return slot;
		bucket = next_bucket(fdb, bucket);
	}
	return FDB_NO_SLOT;
}

static uint32_t hash_place(struct fdb *fdb, uint64_t key)
{
	uint32_t bucket = fdb_hash_home(fdb, key);
	uint32_t slot = find_in(fdb, bucket, 0);

	/* Ends, because at least half of all slots are empty. */
	while (slot == FDB_NO_SLOT) {
		fdb->record[bucket].spilled++;
		bucket = next_bucket(fdb, bucket);
		slot = find_in(fdb, bucket, 0);
	}
	fdb->key[slot] = key;
	return slot;
}

static void hash_displace(struct fdb *fdb, uint32_t slot)
{
	uint32_t bucket = fdb_hash_home(fdb, fdb->key[slot]);
	uint32_t last = slot & ~(FDB_WAYS - 1);

	for (; bucket != last; bucket = next_bucket(fdb, bucket))
		fdb->record[bucket].spilled--;
	fdb->key[slot] = 0;
}

const struct fdb_index fdb_hash_index = {
	.slots = hash_slots,
	.setup = hash_setup,
	.find = hash_find,
	.place = hash_place,
	.displace = hash_displace,
};
