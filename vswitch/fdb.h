/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The forwarding database: which address is behind which port.
 *
 * A page of verbs over two implementations, chosen when the table is made:
 * FDB_HASH (bucketised, one or two cache lines a look-up, for anything) and
 * FDB_LINEAR (a scan, for a handful of stations on a static system).  Both
 * behave alike to the letter, but for one thing said at fdb_learn().
 *
 * The key is (VLAN id, address).  The table never reads a clock: every verb
 * that needs the time is given it, in whole seconds of a clock that does not
 * go backwards.  A dynamic entry last seen at second s is valid at second n
 * while n - s < ageing; an expired entry is as good as absent to every verb
 * whether or not fdb_age() has come round to it.
 *
 * Security.  Any station can invent source addresses, so a full table must not
 * let one port push out the others: the port with the most entries loses its
 * oldest, and that may be the newcomer's own port.  The hash is keyed with a
 * secret seed, so that nobody can aim at one bucket.  A pinned address (static,
 * or sticky once learned) does not move to another port.
 *
 * Memory is the caller's.  Not safe for concurrent use: one switch, one table.
 */
#ifndef WEIR_VSWITCH_FDB_H
#define WEIR_VSWITCH_FDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDB_NO_PORT (-1)

enum fdb_kind { FDB_HASH, FDB_LINEAR };

#define FDB_STATIC 1u /* configured: neither ages, moves nor is evicted */
#define FDB_STICKY 2u /* learned, but pinned to the port that had it first */

enum fdb_outcome {
	FDB_LEARNED,   /* new entry */
	FDB_REFRESHED, /* known at this port already */
	FDB_MOVED,     /* was at another port */
	FDB_PINNED,    /* static or sticky at another port: not learned */
	FDB_FULL,      /* no place that fairness would give it */
};

/**
 * struct fdb_entry - one entry, as shown
 * @mac:       address
 * @vlan:      VLAN id
 * @port:      port
 * @flags:     FDB_STATIC, FDB_STICKY
 * @age:       seconds since it was last seen; 0 for static entries
 */
struct fdb_entry {
	uint64_t mac;
	uint16_t vlan;
	uint8_t port;
	uint8_t flags;
	uint32_t age;
};

/**
 * struct fdb_effect - what learning an address does, or would do
 * @outcome: see enum fdb_outcome
 * @was:     FDB_MOVED, FDB_PINNED: the port that has it; else FDB_NO_PORT
 * @evicted: whether another entry had (would have) to go
 * @evicted_mac:  that entry's address
 * @evicted_vlan: that entry's VLAN id
 */
struct fdb_effect {
	enum fdb_outcome outcome;
	int was;
	bool evicted;
	uint64_t evicted_mac;
	uint16_t evicted_vlan;
};

/**
 * struct fdb_config - what a table is made from
 * @kind:     implementation
 * @capacity: entries, 1 to FDB_MAX_CAPACITY
 * @ageing:   seconds, at least 1
 * @seed:     secret of the hash
 */
struct fdb_config {
	enum fdb_kind kind;
	uint32_t capacity;
	uint32_t ageing;
	uint64_t seed;
};

#define FDB_MAX_CAPACITY 65536u

struct fdb;

/**
 * fdb_size - octets of memory a table needs
 * @config: checked; 0 is returned if it is out of range
 */
size_t fdb_size(const struct fdb_config *config);

/**
 * fdb_init - make an empty table
 * @memory: aligned to 64
 * @size:   octets at @memory
 * @config: copied
 *
 * Return: the table (inside @memory), or NULL if @config is out of range or
 * @size less than fdb_size().
 */
struct fdb *fdb_init(void *memory, size_t size,
		     const struct fdb_config *config);

/**
 * fdb_prefetch - bring an address' bucket closer
 */
void fdb_prefetch(const struct fdb *fdb, uint64_t mac, uint16_t vlan);

/**
 * fdb_lookup - where is an address?
 * @now: seconds
 *
 * Return: its port, or FDB_NO_PORT if not known or expired.
 */
int fdb_lookup(const struct fdb *fdb, uint64_t mac, uint16_t vlan,
	       uint32_t now);

/**
 * fdb_probe - what fdb_learn() would do, doing nothing
 */
struct fdb_effect fdb_probe(const struct fdb *fdb, uint64_t mac, uint16_t vlan,
			    unsigned int port, uint32_t now);

/**
 * fdb_learn - an address was seen as source at a port
 * @mac:    individual address
 * @port:   less than 64
 * @flags:  0 or FDB_STICKY
 * @now:    seconds
 *
 * When the table is full, the port with the most dynamic entries (the lowest
 * number among equals) loses the one longest unseen, be it the newcomer's own.
 * Entries that have expired go first.  FDB_FULL means that every entry is
 * static.
 *
 * The one difference: the hash may have to make room inside a bucket before the
 * table is full.  It then looks at that bucket alone: of the ports that have
 * dynamic entries there, the one with the most entries in the whole table loses
 * its oldest in the bucket; if the newcomer's port has more than any of them,
 * the newcomer is not learned (FDB_FULL).
 */
struct fdb_effect fdb_learn(struct fdb *fdb, uint64_t mac, uint16_t vlan,
			    unsigned int port, unsigned int flags,
			    uint32_t now);

/**
 * fdb_add_static - enter an address that stays
 *
 * Replaces a dynamic entry of the same key.
 *
 * Return: 0, -EEXIST if it is static at another port, -ENOSPC if no room can be
 * made.
 */
int fdb_add_static(struct fdb *fdb, uint64_t mac, uint16_t vlan,
		   unsigned int port);

/**
 * fdb_remove - forget one address, static or not
 *
 * Return: 0, or -ENOENT.
 */
int fdb_remove(struct fdb *fdb, uint64_t mac, uint16_t vlan);

/**
 * fdb_age - reclaim expired entries, a bounded number of slots a call
 * @now:    seconds
 * @budget: slots to look at
 *
 * Goes on where the last call stopped.
 *
 * Return: entries removed.
 */
unsigned int fdb_age(struct fdb *fdb, uint32_t now, unsigned int budget);

/**
 * fdb_flush_port - forget what was learned at a port; static entries stay
 *
 * Return: entries removed.
 */
unsigned int fdb_flush_port(struct fdb *fdb, unsigned int port);

/**
 * fdb_iterate - walk the valid entries
 * @cursor: in/out: 0 to start; where to go on
 * @now:    seconds
 * @entry:  out
 *
 * Entries learned or removed during a walk may or may not be met; no other is
 * met twice or missed.
 *
 * Return: false at the end.
 */
bool fdb_iterate(const struct fdb *fdb, uint32_t *cursor, uint32_t now,
		 struct fdb_entry *entry);

/**
 * fdb_count - entries in the table, expired ones not yet reclaimed included
 */
uint32_t fdb_count(const struct fdb *fdb);

/**
 * fdb_capacity - entries it has room for
 */
uint32_t fdb_capacity(const struct fdb *fdb);

#endif
