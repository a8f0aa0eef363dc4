/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the forwarding database: what fdb.c shares with its indices.
 *
 * A table is three arrays of the same number of slots:
 *
 *	key[]	  (VLAN, address) and a used bit in one word; 0 is an empty slot
 *	record[]  when and where it was seen: what a look-up wants besides
 *	link[]	  neighbours in the port's list, oldest to newest
 *
 * An entry stays in its slot for life, so lists and walks can name slots.  An
 * *index* decides which slot a key lives in, and that is all it decides: ageing,
 * moves and fair eviction are fdb.c's and the same for every kind of table.
 *
 * What every frame needs is inline here and used by the switch as it stands:
 * an address is hashed once (fdb_spot()), its lines are asked for, and a batch
 * later it is looked up, or found to be known already, by a few comparisons.
 */
#ifndef WEIR_VSWITCH_FDB_IMPL_H
#define WEIR_VSWITCH_FDB_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "vswitch/fdb.h"
#include "base/frame.h"

#define FDB_NO_SLOT UINT32_MAX

/* Set in the key of every used slot: address and VLAN may both be zero. */
#define FDB_KEY_USED (1ull << 60)

/**
 * struct fdb_record - what is known of the address in a slot
 * @stamp:   second it was last seen
 * @port:    port it is behind
 * @flags:   FDB_STATIC, FDB_STICKY
 * @spilled: the hash index': in the first slot of a bucket, how many entries
 *           found this bucket full and live further on
 */
struct fdb_record {
	uint32_t stamp;
	uint8_t port;
	uint8_t flags;
	uint16_t spilled;
};

_Static_assert(sizeof(struct fdb_record) == 8, "eight to a cache line");

struct fdb_link {
	uint32_t older;
	uint32_t newer;
};

/**
 * struct fdb_index - how keys find their slots
 * @slots:    slots a table of that capacity needs
 * @setup:    prepare the index' own fields of struct fdb
 * @find:     slot of a key, or FDB_NO_SLOT
 * @place:    put a key that is not there into an empty slot; the table holds
 *            less than its capacity
 * @displace: empty a slot
 */
struct fdb_index {
	uint32_t (*slots)(uint32_t capacity);
	void (*setup)(struct fdb *fdb, uint64_t seed);
	uint32_t (*find)(const struct fdb *fdb, uint64_t key);
	uint32_t (*place)(struct fdb *fdb, uint64_t key);
	void (*displace)(struct fdb *fdb, uint32_t slot);
};

extern const struct fdb_index fdb_hash_index, fdb_linear_index;

/**
 * struct fdb - a table
 * @index:     the kind
 * @key:       per slot
 * @record:    per slot
 * @link:      per slot
 * @capacity:  entries it may hold
 * @ageing:    seconds
 * @count:     entries it holds
 * @slots:     slots there are
 * @mix:       hash: secret numbers made from the seed
 * @mask:      hash: buckets - 1
 * @top:       linear: no slot from here on is used
 * @holders:   ports that have dynamic entries
 * @held:      per port: dynamic entries
 * @oldest:    per port: the one longest unseen
 * @newest:    per port: the one seen last
 * @age_port:  where fdb_age() goes on
 * @fresh_at:  one more than the second at which no entry was found expired; as
 *             seconds only grow, none can be then.  0: not known
 * @expired:   entries removed for age so far
 */
struct fdb {
	const struct fdb_index *index;
	uint64_t *key;
	struct fdb_record *record;
	struct fdb_link *link;
	uint32_t capacity;
	uint32_t ageing;
	uint32_t count;
	uint32_t slots;
	uint64_t mix[3];
	uint32_t mask;
	uint32_t top;
	uint64_t holders;
	uint32_t held[MAX_PORTS];
	uint32_t oldest[MAX_PORTS];
	uint32_t newest[MAX_PORTS];
	uint32_t age_port;
	uint64_t fresh_at;
	uint64_t expired;
};

static inline uint64_t fdb_key(uint64_t mac, uint16_t vlan)
{
	return FDB_KEY_USED | (uint64_t)(vlan & 0xfffu) << 48 |
	       (mac & MAC_BROADCAST);
}

/* --- the hash's fast path ---------------------------------------------------- */

/* Slots of a bucket: their keys fill a cache line, and so do their records. */
#define FDB_WAYS 8u

/**
 * fdb_hash_home - first slot of the bucket a key belongs in
 * @fdb: a table of kind FDB_HASH
 * @key: fdb_key()
 */
static inline uint32_t fdb_hash_home(const struct fdb *fdb, uint64_t key)
{
	uint64_t x = (key ^ fdb->mix[0]) * fdb->mix[1];

	x = (x ^ x >> 32) * fdb->mix[2];
	return ((uint32_t)(x >> 48) & fdb->mask) * FDB_WAYS;
}

/**
 * struct fdb_spot - an address, hashed once for all that is done with it
 * @key:  fdb_key()
 * @home: first slot of its bucket, or FDB_NO_SLOT if the table is not hashed
 *
 * Good for as long as the table is.
 */
struct fdb_spot {
	uint64_t key;
	uint32_t home;
};

static inline struct fdb_spot fdb_spot(const struct fdb *fdb, uint64_t mac,
				       uint16_t vlan)
{
	struct fdb_spot s = { .key = fdb_key(mac, vlan), .home = FDB_NO_SLOT };

	if (likely(fdb->index == &fdb_hash_index))
		s.home = fdb_hash_home(fdb, s.key);
	return s;
}

/* Bring closer what fdb_find() will read. */
static inline void fdb_spot_prefetch(const struct fdb *fdb, struct fdb_spot s)
{
	if (unlikely(s.home == FDB_NO_SLOT))
		return;
	__builtin_prefetch(&fdb->key[s.home]);
	__builtin_prefetch(&fdb->record[s.home]);
}

/* The slot of an address, valid or expired, or FDB_NO_SLOT. */
static inline uint32_t fdb_find(const struct fdb *fdb, struct fdb_spot s)
{
	if (unlikely(s.home == FDB_NO_SLOT))
		return fdb->index->find(fdb, s.key);
	for (uint32_t slot = s.home; slot < s.home + FDB_WAYS; slot++)
		if (fdb->key[slot] == s.key)
			return slot;
	if (likely(!fdb->record[s.home].spilled))
		return FDB_NO_SLOT;
	return fdb->index->find(fdb, s.key);
}

static inline bool fdb_has_expired(const struct fdb *fdb, uint32_t slot,
				   uint32_t now)
{
	const struct fdb_record *r = &fdb->record[slot];

	return now - r->stamp >= fdb->ageing && !(r->flags & FDB_STATIC);
}

/**
 * fdb_spot_lookup - fdb_lookup(), inline
 */
static inline int fdb_spot_lookup(const struct fdb *fdb, struct fdb_spot s,
				  uint32_t now)
{
	uint32_t slot = fdb_find(fdb, s);

	if (slot == FDB_NO_SLOT || unlikely(fdb_has_expired(fdb, slot, now)))
		return FDB_NO_PORT;
	return fdb->record[slot].port;
}

/**
 * fdb_spot_seen - whether an address was seen within the last @seconds
 *
 * That is a second more or less, for times are whole ones.
 */
static inline bool fdb_spot_seen(const struct fdb *fdb, struct fdb_spot s,
				 uint32_t now, uint32_t seconds)
{
	uint32_t slot = fdb_find(fdb, s);

	return slot != FDB_NO_SLOT && now - fdb->record[slot].stamp <= seconds;
}

/**
 * fdb_spot_settled - whether learning an address would change nothing at all
 *
 * So it is for all but a station's first frame in a second.  True means that
 * fdb_learn() and fdb_probe() would say FDB_REFRESHED; false means nothing.
 */
static inline bool fdb_spot_settled(const struct fdb *fdb, struct fdb_spot s,
				    unsigned int port, unsigned int flags,
				    uint32_t now)
{
	uint32_t slot = fdb_find(fdb, s);
	const struct fdb_record *r;

	if (unlikely(slot == FDB_NO_SLOT))
		return false;
	r = &fdb->record[slot];
	if (unlikely(r->port != port))
		return false;
	return (r->stamp == now && !(flags & ~r->flags)) ||
	       r->flags & FDB_STATIC;
}

#endif
