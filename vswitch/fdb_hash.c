/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hash index of the forwarding database.
 *
 * Slots come in buckets of a cache line each, so a look-up reads one line whose
 * place is known before it starts, and fdb_prefetch() can ask for it.
 *
 * What is hard is the full bucket.  A table that evicted something for it would
 * evict unfairly long before it is full.  So an entry that finds its bucket
 * full goes to the next one with room, and each bucket it passed by counts it
 * (`spilled`).  A search goes past a bucket only while that count is not zero,
 * which with twice as many slots as entries is rare (one bucket in twenty of a
 * full table).  When the entry goes, the counts go down again; no tombstones
 * are left.
 *
 * Nobody must be able to aim at a bucket: the key is multiplied by a secret odd
 * number after another one was mixed in, and both halves of the product are
 * folded.
 */
#include "base/bits.h"
#include "base/hash.h"
#include "vswitch/fdb_impl.h"

uint32_t fdb_index_slots(uint32_t capacity)
{
	uint32_t slots = FDB_WAYS;

	while (slots < 2 * capacity)
		slots *= 2;
	return slots;
}

void fdb_index_setup(struct fdb *fdb, uint64_t seed)
{
	fdb->mask = (fdb->slots - 1) & ~(FDB_WAYS - 1);
	fdb->mix[0] = hash_next(seed);
	fdb->mix[1] = hash_next(fdb->mix[0]) | 1;
}

/* The slot of a key (or, of key 0, an empty slot) in one bucket. */
static uint32_t find_in(const struct fdb *fdb, uint32_t bucket, uint64_t key)
{
	for (uint32_t slot = bucket; slot < bucket + FDB_WAYS; slot++)
		if (fdb->slot[slot].key == key)
			return slot;
	return FDB_NO_SLOT;
}

static uint32_t next_bucket(const struct fdb *fdb, uint32_t bucket)
{
	return (bucket + FDB_WAYS) & fdb->mask;
}

uint32_t fdb_index_find(const struct fdb *fdb, uint64_t key)
{
	uint32_t bucket = fdb_home(fdb, key);

	/* Bounded by the number of buckets, should every one have spilled. */
	for (uint32_t tried = 0; tried < fdb->slots; tried += FDB_WAYS) {
		uint32_t slot = find_in(fdb, bucket, key);

		if (slot != FDB_NO_SLOT || !fdb->slot[bucket].spilled)
			return slot;
		bucket = next_bucket(fdb, bucket);
	}
	return FDB_NO_SLOT;
}

uint32_t fdb_index_place(struct fdb *fdb, uint64_t key)
{
	uint32_t bucket = fdb_home(fdb, key);
	uint32_t slot = find_in(fdb, bucket, 0);

	/* Ends, because at least half of all slots are empty. */
	while (slot == FDB_NO_SLOT) {
		fdb->slot[bucket].spilled++;
		bucket = next_bucket(fdb, bucket);
		slot = find_in(fdb, bucket, 0);
	}
	fdb->slot[slot].key = key;
	return slot;
}

void fdb_index_displace(struct fdb *fdb, uint32_t slot)
{
	uint32_t bucket = fdb_home(fdb, fdb->slot[slot].key);
	uint32_t last = slot & ~(FDB_WAYS - 1);

	for (; bucket != last; bucket = next_bucket(fdb, bucket))
		fdb->slot[bucket].spilled--;
	fdb->slot[slot].key = 0;
}
