/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Remembered verdicts: which rule of a pair was the first to match.
 *
 * Running a pair's filters one after another costs more the more there are; most
 * frames are like one that came a moment ago.  A filter is a pure function of the
 * octets it reads, and it is its own run that says which these are.  So a verdict
 * is remembered together with exactly the octets that were read on the way to it,
 * and holds for every frame that has the same octets in these places, whatever
 * the others are: the filters would take the same way again.  There is no guess
 * about headers in that, and so nothing to be fooled: a remembered verdict is the
 * verdict.
 *
 * Not remembered is what depends on anything else: a run that asked for the
 * frame's length, looked behind its end, or read past the first CACHE_OCTETS.
 *
 * Where a frame is looked for follows from a keyed hash of its addresses and
 * ports.  That is for speed alone; a bad guess costs a run of the filters.  Each
 * sending port has places of its own, so that no port can push out another's
 * verdicts by sending what never comes again.
 */
#ifndef WEIR_POLICY_CACHE_H
#define WEIR_POLICY_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "vswitch/frame.h"

#define CACHE_OCTETS 64u
#define CACHE_WORDS (CACHE_OCTETS / 8u)
/* Places of one sending port; a power of two. */
#define CACHE_PLACES 32u
#define CACHE_PORTS 64u

/**
 * struct policy_seen - octets of a frame that filters have read
 * @mask: all ones where an octet of the frame's words was read
 * @all:  something else was asked for as well: not to be remembered
 */
struct policy_seen {
	uint64_t mask[CACHE_WORDS];
	bool all;
};

/**
 * struct cache_place - one verdict
 * @mask, @value: octets that were read, and what they were
 * @key:   generation of the policy and destination port; 0: none
 * @entry: the verdict
 */
struct cache_place {
	uint64_t mask[CACHE_WORDS];
	uint64_t value[CACHE_WORDS];
	uint64_t key;
	uint16_t entry;
};

/**
 * struct policy_cache - all zero: empty
 * @seed: secret of the hash
 * @hits, @misses: for whoever measures
 */
struct policy_cache {
	uint64_t seed;
	uint64_t hits;
	uint64_t misses;
	struct cache_place place[CACHE_PORTS][CACHE_PLACES];
};

/**
 * cache_find - has this verdict been found before?
 * @generation: of the policy; another one's verdicts do not count
 * @place: out: where it is, or is to be put
 * @entry: out, if so
 */
bool cache_find(struct policy_cache *c, const struct frame *frame,
		unsigned int src, unsigned int dst, uint32_t generation,
		struct cache_place **place, uint16_t *entry);

/**
 * cache_put - remember one
 * @place: from cache_find() of the same frame
 * @seen:  what was read on the way to it; nothing is remembered with @seen->all
 */
void cache_put(struct cache_place *place, const struct frame *frame,
	       unsigned int dst, uint32_t generation,
	       const struct policy_seen *seen, uint16_t entry);

#endif
