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
 * Nobody must be able to aim at a bucket.  It is the high part of a product
 * with a secret odd number (multiply-shift): for any two keys the chance to
 * meet is that of dice, over the choice of the number.
 */
#include "base/bits.h"
#include "base/hash.h"
#include "vswitch/fdb_impl.h"

uint32_t fdb_index_slots(uint32_t capacity)
{
	uint32_t slots = 2 * FDB_WAYS;

	while (slots < 2 * capacity)
		slots *= 2;
	return slots;
}

void fdb_index_setup(struct fdb *fdb, uint64_t seed)
{
	uint32_t buckets = fdb->slots / FDB_WAYS;

	fdb->hash.mix = hash_next(seed) | 1;
	fdb->hash.shift = 64;
	for (; buckets > 1; buckets /= 2)
		fdb->hash.shift--;
}

static uint32_t home_of(const struct fdb *fdb, uint64_t key)
{
	return (uint32_t)(fdb_home(&fdb->hash, key) - fdb->hash.slot);
}

/* The slot of a key (or, of key 0, an empty slot) in one bucket. */
static uint32_t find_in(const struct fdb *fdb, uint32_t bucket, uint64_t key)
{
	for (uint32_t slot = bucket; slot < bucket + FDB_WAYS; slot++)
		if (fdb->hash.slot[slot].key == key)
			return slot;
	return FDB_NO_SLOT;
}

static uint32_t next_bucket(const struct fdb *fdb, uint32_t bucket)
{
	return (bucket + FDB_WAYS) & (fdb->slots - 1);
}

uint32_t fdb_index_find(const struct fdb *fdb, uint64_t key)
{
	uint32_t bucket = home_of(fdb, key);

	/* Bounded by the number of buckets, should every one have spilled. */
	for (uint32_t tried = 0; tried < fdb->slots; tried += FDB_WAYS) {
		uint32_t slot = find_in(fdb, bucket, key);

		if (slot != FDB_NO_SLOT || !fdb->hash.slot[bucket].spilled)
			return slot;
		bucket = next_bucket(fdb, bucket);
	}
	return FDB_NO_SLOT;
}

uint32_t fdb_index_place(struct fdb *fdb, uint64_t key)
{
	uint32_t bucket = home_of(fdb, key);
	uint32_t slot = find_in(fdb, bucket, 0);

	/* Ends, because at least half of all slots are empty. */
	while (slot == FDB_NO_SLOT) {
		fdb->hash.slot[bucket].spilled++;
		bucket = next_bucket(fdb, bucket);
		slot = find_in(fdb, bucket, 0);
	}
	fdb->hash.slot[slot].key = key;
	return slot;
}

void fdb_index_displace(struct fdb *fdb, uint32_t slot)
{
	uint32_t bucket = home_of(fdb, fdb->hash.slot[slot].key);
	uint32_t last = slot & ~(FDB_WAYS - 1);

	for (; bucket != last; bucket = next_bucket(fdb, bucket))
		fdb->hash.slot[bucket].spilled--;
	fdb->hash.slot[slot].key = 0;
}
