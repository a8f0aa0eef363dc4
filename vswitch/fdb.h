/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The forwarding database: which address is behind which port.
 *
 * A page of verbs.  What is behind them is chosen when Weir is built: by
 * default a hash (bucketised, a cache line a look-up, for anything), with `make
 * FDB=linear` a scan, for a handful of stations on a static system.  Both
 * behave alike to the letter; only fdb_iterate() meets the entries in another
 * order.
 *
 * The key is (VLAN id, address).  The table never reads a clock: every verb
 * that needs the time is given it, in whole seconds of a clock that does not
 * go backwards.  A dynamic entry last seen at second s is valid at second n
 * while n - s < ageing; an expired entry is as good as absent to every verb
 * whether or not fdb_age() has come round to it.
 *
 * Security.  Any station can invent source addresses, so one port must not be
 * able to push the others out of a full table: the port with the most entries
 * loses its oldest, and that may be the newcomer's own port.  The hash is keyed
 * with a secret seed, so that no station can choose addresses that collide; a
 * full bucket overflows into the next one instead of evicting, so nothing is
 * lost before the table is full.  A pinned address (static, or sticky once
 * learned) does not move to another port.
 *
 * Memory is the caller's.  Not safe for concurrent use: one switch, one table.
 */
#ifndef WEIR_VSWITCH_FDB_H
#define WEIR_VSWITCH_FDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/abi.h"

#define FDB_NO_PORT (-1)

#define FDB_STATIC 1u /* configured: neither ages, moves nor is evicted */
#define FDB_STICKY 2u /* learned, but pinned to the port that had it first */

enum fdb_outcome {
	FDB_LEARNED,   /* new entry */
	FDB_REFRESHED, /* known at this port already */
	FDB_MOVED,     /* was at another port */
	FDB_PINNED,    /* static or sticky at another port: not learned */
	FDB_FULL,      /* no place that fairness would give it */
	/* Set by decide(), never by the table: */
	FDB_ECHOED, /* is at another port; this flood came back by a loop */
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

ABI_SIZE(struct fdb_entry, 16);
ABI_AT(struct fdb_entry, mac, 0);
ABI_AT(struct fdb_entry, vlan, 8);
ABI_AT(struct fdb_entry, port, 10);
ABI_AT(struct fdb_entry, flags, 11);
ABI_AT(struct fdb_entry, age, 12);

/**
 * struct fdb_effect - what learning an address does, or would do
 * @outcome: enum fdb_outcome
 * @was:     FDB_MOVED, FDB_PINNED: the port that has it; else FDB_NO_PORT
 * @evicted_mac:  @evicted: address of the other entry
 * @evicted_vlan: @evicted: its VLAN id
 * @evicted: 1 if another entry had (would have) to go, else 0
 */
struct fdb_effect {
	uint32_t outcome;
	int32_t was;
	uint64_t evicted_mac;
	uint16_t evicted_vlan;
	uint8_t evicted;
	uint8_t pad[5];
};

ABI_SIZE(struct fdb_effect, 24);
ABI_AT(struct fdb_effect, outcome, 0);
ABI_AT(struct fdb_effect, was, 4);
ABI_AT(struct fdb_effect, evicted_mac, 8);
ABI_AT(struct fdb_effect, evicted_vlan, 16);
ABI_AT(struct fdb_effect, evicted, 18);
ABI_AT(struct fdb_effect, pad, 19);

/**
 * struct fdb_config - what a table is made from
 * @capacity: entries, 1 to FDB_MAX_CAPACITY
 * @ageing:   seconds, at least 1
 * @seed:     secret of the hash
 */
struct fdb_config {
	uint32_t capacity;
	uint32_t ageing;
	uint64_t seed;
};

#define FDB_MAX_CAPACITY 1048576u

struct fdb;

/**
 * fdb_size - bytes of memory a table needs
 * @config: checked; 0 is returned if it is out of range
 */
size_t fdb_size(const struct fdb_config *config);

/**
 * fdb_init - make an empty table
 * @memory: aligned to 64
 * @size:   bytes at @memory
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
 * An entry refreshed with FDB_STICKY is sticky from then on; one that moves
 * takes the flags of its new port; a static one stays as it is.
 *
 * When the table is full, entries that have expired go first (that is not an
 * eviction).  If there are none, the port with the most dynamic entries (the
 * lowest number among equals, the newcomer not counted) loses the one longest
 * unseen, be it the newcomer's own.  Time is whole seconds: of entries last
 * seen in the same second, the one whose first sighting at that port in that
 * second was earlier counts as longer unseen.  FDB_FULL means that every entry
 * is static.
 */
struct fdb_effect fdb_learn(struct fdb *fdb, uint64_t mac, uint16_t vlan,
			    unsigned int port, unsigned int flags,
			    uint32_t now);

/**
 * fdb_add_static - enter an address that stays
 *
 * Replaces a dynamic entry of the same key.  A full table makes room as in
 * fdb_learn(), but without asking for the time: expired entries have no
 * precedence.
 *
 * Return: 0 (also if it is there already), -EEXIST if it is static at another
 * port, -ENOSPC if every entry is static, -EINVAL if there can be no such port.
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
 * fdb_age - reclaim expired entries, a bounded number a call
 * @now:    seconds
 * @budget: entries to look at; a call that was given at least 64 and removed
 *          none has found that none was left
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
 * fdb_held - dynamic entries at a port that have not expired
 *
 * Walks those that have, oldest first.
 */
uint32_t fdb_held(const struct fdb *fdb, unsigned int port, uint32_t now);

/**
 * fdb_expired - entries removed for age since the table was made
 *
 * By fdb_age(), and by fdb_learn() where one stood in the way.
 */
uint64_t fdb_expired(const struct fdb *fdb);

/**
 * fdb_count - entries in the table, expired ones not yet reclaimed included
 */
uint32_t fdb_count(const struct fdb *fdb);

/**
 * fdb_capacity - entries it has room for
 */
uint32_t fdb_capacity(const struct fdb *fdb);

#endif
