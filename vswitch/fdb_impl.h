/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the forwarding database: what fdb.c shares with its index.
 *
 * A table is an array of slots.  An entry stays in its slot for life, so lists
 * and walks can name slots.  The *index*, fdb_hash.c or fdb_linear.c, decides
 * which slot a key lives in, and that is all it decides: ageing, moves and fair
 * eviction are fdb.c's and the same for both.
 *
 * Four slots are a bucket and fill a cache line, key and record together.  A
 * key has a home bucket; `spilled` in the first slot of that bucket says
 * whether to look further.  What every frame needs is inline here and true of
 * both indices, the linear one being a table of a single home: an address is
 * hashed once (fdb_spot()), its line is asked for, and a batch later it is
 * looked up, or found to be known already, by a few comparisons.
 */
#ifndef WEIR_VSWITCH_FDB_IMPL_H
#define WEIR_VSWITCH_FDB_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/agelist.h"
#include "base/bits.h"
#include "base/frame.h"
#include "base/hash.h"
#include "vswitch/fdb.h"

#define FDB_NO_SLOT AGE_NONE
#define FDB_WAYS 4u

/* Set in the key of every used slot: address and VLAN may both be zero. */
#define FDB_KEY_USED (1ull << 60)

/**
 * struct fdb_slot - an address and what is known of it
 * @key:     fdb_key(), or 0 in an empty slot
 * @stamp:   second it was last seen
 * @port:    port it is behind
 * @flags:   FDB_STATIC, FDB_STICKY
 * @spilled: in the first slot of a bucket: not 0 if a key at home here may be
 *           further on
 */
struct fdb_slot {
	uint64_t key;
	uint32_t stamp;
	uint8_t port;
	uint8_t flags;
	uint16_t spilled;
};

_Static_assert(FDB_WAYS * sizeof(struct fdb_slot) == 64, "a cache line");

/**
 * struct fdb_hash - what of a table its hash needs
 * @mix:   secret odd number; 0 in a table of a single bucket
 * @shift: leaves the number of a bucket
 * @slot:  the table's slots
 */
struct fdb_hash {
	uint64_t mix;
	unsigned int shift;
	struct fdb_slot *slot;
};

/**
 * struct fdb - a table
 * @hash:     the slots, and how to find them
 * @ageing:   seconds
 * @capacity: entries it may hold
 * @count:    entries it holds
 * @slots:    slots there are
 * @top:      linear: no slot from here on is used
 * @age_port: where fdb_age() goes on
 * @expired:  entries removed for age so far
 * @age:      dynamic entries, by port
 * @ends:     @age's
 */
struct fdb {
	struct fdb_hash hash;
	uint32_t ageing;
	uint32_t capacity;
	uint32_t count;
	uint32_t slots;
	uint32_t top;
	uint32_t age_port;
	uint64_t expired;
	struct agelist age;
	struct age_ends ends[MAX_PORTS];
};

/* --- the index: fdb_hash.c or fdb_linear.c -------------------------------- */

/**
 * fdb_index_slots - slots a table of that capacity needs, in whole buckets
 */
uint32_t fdb_index_slots(uint32_t capacity);

/**
 * fdb_index_setup - prepare the index' own fields of a table
 */
void fdb_index_setup(struct fdb *fdb, uint64_t seed);

/**
 * fdb_index_find - slot of a key, or FDB_NO_SLOT
 */
uint32_t fdb_index_find(const struct fdb *fdb, uint64_t key);

/**
 * fdb_index_place - put a key that is not there into an empty slot
 *
 * The table holds less than its capacity.
 */
uint32_t fdb_index_place(struct fdb *fdb, uint64_t key);

/**
 * fdb_index_displace - empty a slot
 */
void fdb_index_displace(struct fdb *fdb, uint32_t slot);

/* --- the fast path -------------------------------------------------------- */

static inline uint64_t fdb_key(uint64_t mac, uint16_t vlan)
{
	return FDB_KEY_USED | (uint64_t)(vlan & 0xfffu) << 48 |
	       (mac & MAC_BROADCAST);
}

/* First slot of the bucket a key belongs in. */
static inline struct fdb_slot *fdb_home(const struct fdb_hash *h, uint64_t key)
{
	return h->slot + (key * h->mix >> h->shift) * FDB_WAYS;
}

/**
 * struct fdb_spot - an address, hashed once for all that is done with it
 * @key:  fdb_key()
 * @home: first slot of its bucket
 *
 * Good for as long as the table is.
 */
struct fdb_spot {
	uint64_t key;
	const struct fdb_slot *home;
};

static inline struct fdb_spot fdb_spot(const struct fdb_hash *h, uint64_t key)
{
	return (struct fdb_spot){ .key = key, .home = fdb_home(h, key) };
}

/* Bring closer what fdb_find() will read. */
static inline void fdb_spot_prefetch(struct fdb_spot s)
{
	__builtin_prefetch(s.home);
}

/* The slot of an address, valid or expired, or NULL. */
static inline const struct fdb_slot *fdb_find(const struct fdb *fdb,
					      struct fdb_spot s)
{
	uint32_t slot;

	_Static_assert(FDB_WAYS == 4, "all of a bucket");
	if (s.home[0].key == s.key)
		return s.home;
	if (s.home[1].key == s.key)
		return s.home + 1;
	if (s.home[2].key == s.key)
		return s.home + 2;
	if (s.home[3].key == s.key)
		return s.home + 3;
	if (likely(!s.home->spilled))
		return NULL;
	slot = fdb_index_find(fdb, s.key);
	return slot != FDB_NO_SLOT ? fdb->hash.slot + slot : NULL;
}

static inline bool fdb_has_expired(const struct fdb *fdb,
				   const struct fdb_slot *s, uint32_t now)
{
	return now - s->stamp >= fdb->ageing && !(s->flags & FDB_STATIC);
}

/**
 * fdb_spot_lookup - fdb_lookup(), inline
 */
static inline int fdb_spot_lookup(const struct fdb *fdb, struct fdb_spot s,
				  uint32_t now)
{
	const struct fdb_slot *slot = fdb_find(fdb, s);

	if (slot == NULL || unlikely(fdb_has_expired(fdb, slot, now)))
		return FDB_NO_PORT;
	return slot->port;
}

/**
 * fdb_spot_seen - whether an address was seen within the last @seconds
 *
 * That is a second more or less, for times are whole ones.
 */
static inline bool fdb_spot_seen(const struct fdb *fdb, struct fdb_spot s,
				 uint32_t now, uint32_t seconds)
{
	const struct fdb_slot *slot = fdb_find(fdb, s);

	return slot != NULL && now - slot->stamp <= seconds;
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
	const struct fdb_slot *e = fdb_find(fdb, s);

	if (unlikely(e == NULL) || unlikely(e->port != port))
		return false;
	return (e->stamp == now && !(flags & ~e->flags)) ||
	       e->flags & FDB_STATIC;
}

#endif
