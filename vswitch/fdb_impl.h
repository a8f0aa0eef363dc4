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
 */
#ifndef WEIR_VSWITCH_FDB_IMPL_H
#define WEIR_VSWITCH_FDB_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vswitch/fdb.h"
#include "vswitch/frame.h"

#define FDB_PORTS 64u
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
 * @prefetch: bring closer what @find will read
 * @place:    put a key that is not there into an empty slot; the table holds
 *            less than its capacity
 * @displace: empty a slot
 */
struct fdb_index {
	uint32_t (*slots)(uint32_t capacity);
	void (*setup)(struct fdb *fdb, uint64_t seed);
	uint32_t (*find)(const struct fdb *fdb, uint64_t key);
	void (*prefetch)(const struct fdb *fdb, uint64_t key);
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
	uint32_t held[FDB_PORTS];
	uint32_t oldest[FDB_PORTS];
	uint32_t newest[FDB_PORTS];
	uint32_t age_port;
	uint64_t fresh_at;
	uint64_t expired;
};

static inline uint64_t fdb_key(uint64_t mac, uint16_t vlan)
{
	return FDB_KEY_USED | (uint64_t)(vlan & 0xfffu) << 48 |
	       (mac & MAC_BROADCAST);
}

/**
 * fdb_hash_find - the hash's find(), to be called without a pointer
 * @fdb: a table of kind FDB_HASH
 * @key: fdb_key()
 */
uint32_t fdb_hash_find(const struct fdb *fdb, uint64_t key);

/**
 * fdb_hash_prefetch - the hash's prefetch(), likewise
 * @fdb: a table of kind FDB_HASH
 * @key: fdb_key()
 */
void fdb_hash_prefetch(const struct fdb *fdb, uint64_t key);

#endif
