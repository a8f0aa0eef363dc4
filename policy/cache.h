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
 * A frame must be long enough to have these octets at all, or a filter would have
 * ended there: octets behind a short frame's end are zeros here, which a longer
 * frame may really have.
 *
 * Not remembered is what depends on anything else: a run that asked for the
 * frame's length, looked behind its end, or read past the first CACHE_OCTETS.
 *
 * Where a frame is looked for follows from a keyed hash of its addresses and
 * ports, as far as filters have been seen to read them: with a rule "tcp", all of
 * TCP is one frame.  Before that, the pair's latest verdict is tried: most frames
 * come in trains.  Both are for speed alone; a bad guess costs a run of the
 * filters.  Each sending port has places of its own, so that no port can push out
 * another's verdicts by sending what never comes again.
 */
#ifndef WEIR_POLICY_CACHE_H
#define WEIR_POLICY_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/cbpf.h"
#include "base/frame.h"

#define CACHE_OCTETS POLICY_SEEN_OCTETS
#define CACHE_WORDS (CACHE_OCTETS / 8u)
/* Places of one sending port: sets of four. */
#define CACHE_SET_BITS 4u
#define CACHE_SETS (1u << CACHE_SET_BITS)
#define CACHE_WAYS 4u
#define CACHE_PLACES (CACHE_SETS * CACHE_WAYS)
#define CACHE_PORTS 64u
/* A look in vain, and remembering, take as long as so many instructions. */
#define CACHE_MISS_STEPS 10u
/* Words of a frame that are hashed, and kinds of frames, by EtherType. */
#define CACHE_HASHED 4u
#define CACHE_KINDS 4u

/* Two words, compared at once where the processor can. */
typedef uint64_t cache_pair __attribute__((vector_size(16), may_alias));
typedef cache_pair __attribute__((aligned(8))) cache_frame_pair;
#define CACHE_PAIRS (CACHE_WORDS / 2u)

/**
 * struct cache_place - one verdict
 * @mask, @value: octets that were read, and what they were
 * @key:   generation of the policy and destination port; 0: none
 * @end:   a frame needs as many octets to have all that were read
 * @entry: the verdict
 */
struct cache_place {
	cache_pair mask[CACHE_PAIRS];
	cache_pair value[CACHE_PAIRS];
	uint64_t key;
	uint16_t end;
	uint16_t entry;
};

/**
 * struct cache_port - verdicts on frames of one port
 * @hashed:     by kind of frame: octets that have been read of those that can be
 *              hashed
 * @generation: of the policy that read them
 * @latest:     by destination: the place that was found or put last
 */
struct cache_port {
	uint64_t hashed[CACHE_KINDS][CACHE_HASHED];
	uint32_t generation;
	uint16_t latest[CACHE_PORTS];
	struct cache_place place[CACHE_PLACES];
};

/**
 * struct policy_cache - all zero: empty
 * @secret: of the hash
 * @hits, @misses: for whoever measures
 * @steps:  instructions filters took where nothing was remembered, each time
 *          CACHE_MISS_STEPS besides
 */
struct policy_cache {
	uint64_t secret[CACHE_HASHED];
	uint64_t hits;
	uint64_t misses;
	uint64_t steps;
	struct cache_port port[CACHE_PORTS];
};

/**
 * cache_init - make it empty
 * @seed: what nobody who sends frames knows
 */
void cache_init(struct policy_cache *c, uint64_t seed);

/* Never 0. */
static inline uint64_t cache_key(uint32_t generation, unsigned int dst)
{
	return (uint64_t)generation << 32 | (dst + 1);
}

/*
 * Is it this frame's verdict?  All words are compared, without a branch: that is
 * less than asking which ones count.
 */
static inline bool cache_holds(const struct cache_place *p,
			       const struct frame *f, uint64_t key)
{
	const cache_frame_pair *pair = (const cache_frame_pair *)f->words;
	cache_pair differs = { 0 };

	if (p->key != key || f->snap < p->end)
		return false;
#pragma GCC unroll 4
	for (unsigned int i = 0; i < CACHE_PAIRS; i++)
		differs |= (pair[i] ^ p->value[i]) & p->mask[i];
	return (differs[0] | differs[1]) == 0;
}

/**
 * cache_latest - is it as the pair's latest verdict says?
 * @src, @dst:  less than CACHE_PORTS
 * @generation: of the policy; another one's verdicts do not count
 * @entry:      out, if so
 */
static inline bool cache_latest(struct policy_cache *c,
				const struct frame *frame, unsigned int src,
				unsigned int dst, uint32_t generation,
				uint16_t *entry)
{
	const struct cache_port *port = &c->port[src];
	const struct cache_place *p = &port->place[port->latest[dst]];

	if (!cache_holds(p, frame, cache_key(generation, dst)))
		return false;
	*entry = p->entry;
	c->hits++;
	return true;
}

/**
 * cache_find - has this verdict been found before?
 *
 * By the hash, what cache_latest() does not say.  Arguments as there.
 */
bool cache_find(struct policy_cache *c, const struct frame *frame,
		unsigned int src, unsigned int dst, uint32_t generation,
		uint16_t *entry);

/**
 * cache_put - remember one that was not found
 * @seen: what was read on the way to it; nothing is remembered with @seen->all
 *
 * Otherwise as cache_find().
 */
void cache_put(struct policy_cache *c, const struct frame *frame,
	       unsigned int src, unsigned int dst, uint32_t generation,
	       const struct policy_seen *seen, uint16_t entry);

#endif
