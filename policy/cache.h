/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verdict cache: which rule of a pair was the first to match.
 *
 * Running a pair's filters one after another costs more the more there are, and
 * most frames are like one that came a moment ago.  A filter is a pure function
 * of the bytes it reads, and its run records which these are.  So a verdict is
 * stored with exactly the bytes that were read for it.  It holds for every
 * frame that has the same bytes in these places: the filters would take the
 * same path again.  Nothing is guessed about headers, so a cached verdict is
 * always the right one.
 *
 * A frame must be long enough to have these bytes, or a filter would end there:
 * bytes behind a short frame's end are zeros here, and a longer frame may have
 * real zeros.
 *
 * A verdict that depends on anything else is not stored: of a run that asked
 * for the frame's length, looked behind its end, or read past the first
 * CACHE_BYTES.
 *
 * A frame's place follows from a keyed hash of its addresses and ports, as far
 * as filters have read them: with a rule "tcp", all TCP frames share one entry.
 * Before that, a short table of recent verdicts is tried, by a simple sum of
 * the bytes that hold addresses and ports in IPv4: few flows are active at a
 * time.  Other frames come in trains, so the pair's latest is tried, too.  A
 * miss costs a run of the filters.  Each sending port has places of its own, so
 * that no port can evict another's verdicts with frames that never repeat.
 */
#ifndef WEIR_POLICY_CACHE_H
#define WEIR_POLICY_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/hash.h"
#include "policy/cbpf.h"
#include "base/frame.h"

#define CACHE_BYTES POLICY_SEEN_BYTES
#define CACHE_WORDS (CACHE_BYTES / 8u)
/* Places of one sending port: sets of four. */
#define CACHE_SET_BITS 4u
#define CACHE_SETS (1u << CACHE_SET_BITS)
#define CACHE_WAYS 4u
#define CACHE_PLACES (CACHE_SETS * CACHE_WAYS)
/* Recent verdicts of one sending port. */
#define CACHE_RECENT_BITS 6u
#define CACHE_RECENT (1u << CACHE_RECENT_BITS)
/* A miss and storing its verdict take as long as so many instructions. */
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
 * @mask, @value: which bytes were read, and their values
 * @key:   generation of the policy and destination port; 0: none
 * @end:   a frame must be this long to have all bytes that were read
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
 * @hashed:     by kind of frame: bytes that have been read of those that can be
 *              hashed
 * @generation: of the policy that read them
 * @recent:     by cache_trace(): the place that was found or put last
 * @latest:     by destination: likewise, unless it was among the recent ones
 */
struct cache_port {
	uint64_t hashed[CACHE_KINDS][CACHE_HASHED];
	uint32_t generation;
	uint16_t recent[CACHE_RECENT];
	uint16_t latest[MAX_PORTS];
	struct cache_place place[CACHE_PLACES];
};

/**
 * struct policy_cache - a verdict cache
 * @secret: of the hash
 * @hits, @misses: for measurements
 * @steps:  instructions filters took at misses, plus CACHE_MISS_STEPS for each
 * @port:   verdicts, by sending port, @ports of them
 */
struct policy_cache {
	uint64_t secret[CACHE_HASHED];
	uint64_t hits;
	uint64_t misses;
	uint64_t steps;
	struct cache_port *port;
	unsigned int ports;
};

/**
 * cache_init - make it empty
 * @port:  aligned to 16
 * @ports: of @port; frames of others must not be looked up
 * @seed:  a secret from those who send frames
 */
void cache_init(struct policy_cache *c, struct cache_port *port,
		unsigned int ports, uint64_t seed);

/* Never 0. */
static inline uint64_t cache_key(uint32_t generation, unsigned int dst)
{
	return (uint64_t)generation << 32 | (dst + 1);
}

/*
 * Is it this frame's verdict?  All words are compared, without a branch: that
 * is faster than testing which ones count.
 */
static FAST_PATH bool cache_holds(const struct cache_place *p,
				  const struct frame *f, uint64_t key)
{
	const cache_frame_pair *pair = (const cache_frame_pair *)f->words;
	cache_pair differs = { 0 };

	if (unlikely(p->key != key) || unlikely(f->snap < p->end))
		return false;
#pragma GCC unroll 4
	for (unsigned int i = 0; i < CACHE_PAIRS; i++)
		differs |= (pair[i] ^ p->value[i]) & p->mask[i];
	return (differs[0] | differs[1]) == 0;
}

/*
 * Where a frame's verdict is noted among the recent ones.  Without a secret:
 * who makes flows meet here only finds verdicts by the hash, which has one.
 */
static inline unsigned int cache_trace(const struct frame *f, unsigned int dst)
{
	const uint8_t *l3 = f->bytes + f->l3;
	uint64_t addresses;
	uint32_t ports;

	__builtin_memcpy(&addresses, l3 + 12, sizeof(addresses));
	__builtin_memcpy(&ports, l3 + 20, sizeof(ports));
	addresses = (addresses + dst) * 0x9e3779b97f4a7c15ull + ports;
	return (unsigned int)(addresses * 0xd6e8feb86659fd93ull >>
			      (64 - CACHE_RECENT_BITS));
}

/**
 * cache_recent - is a frame's verdict one of the recent ones?
 * @src, @dst:  less than MAX_PORTS
 * @generation: of the policy; another one's verdicts do not count
 * @entry:      out, if so
 */
static FAST_PATH bool cache_recent(struct policy_cache *c,
				   const struct frame *frame, unsigned int src,
				   unsigned int dst, uint32_t generation,
				   uint16_t *entry)
{
	const struct cache_port *port = &c->port[src];
	unsigned int at = port->recent[cache_trace(frame, dst)];
	const struct cache_place *p = &port->place[at];

	if (unlikely(!cache_holds(p, frame, cache_key(generation, dst))))
		return false;
	*entry = p->entry;
	c->hits++;
	return true;
}

/* A word aligned to four, as all are behind either Ethernet header. */
static inline uint64_t cache_word(const uint8_t *bytes, unsigned int at)
{
	uint64_t word;

	__builtin_memcpy(&word, __builtin_assume_aligned(bytes + at, 4), 8);
	return word;
}

enum { CACHE_IPV4, CACHE_IPV6, CACHE_ARP, CACHE_OTHER };

static inline unsigned int cache_kind(const struct frame *f)
{
	switch (f->ethertype) {
	case 0x0800:
		return f->bytes[f->l3] == 0x45 ? CACHE_IPV4 : CACHE_OTHER;
	case 0x86dd:
		return CACHE_IPV6;
	case 0x0806:
		return CACHE_ARP;
	default:
		return CACHE_OTHER;
	}
}

/*
 * The first place of a frame's set.  Sums with secrets, multiplied in pairs:
 * without the secrets nobody can make frames collide more often than by chance.
 */
static inline unsigned int cache_set(const struct policy_cache *c,
				     const struct cache_port *port,
				     const struct frame *f, unsigned int dst)
{
	const uint64_t *read = port->hashed[cache_kind(f)];
	const uint64_t *secret = c->secret;
	const uint8_t *l3 = f->bytes + f->l3;
	uint64_t hash;

	hash = hash_fold((cache_word(l3, 6) & read[0]) + secret[0],
			 (cache_word(l3, 14) & read[1]) + secret[1]) +
	       hash_fold((cache_word(l3, 22) & read[2]) + secret[2],
			 (cache_word(l3, 38) & read[3]) + secret[3]);
	/* Or consecutively numbered flows would fill consecutive sets. */
	hash = hash_fold(hash ^ dst, 0x9e3779b97f4a7c15ull);
	return (unsigned int)(hash >> (64 - CACHE_SET_BITS)) * CACHE_WAYS;
}

/**
 * cache_find - look a frame's verdict up
 *
 * After cache_recent() has failed: the pair's latest, then by its hash.
 * Arguments as there.  Who goes on to find out what the rules say counts the
 * miss.
 */
static inline bool cache_find(struct policy_cache *c, const struct frame *frame,
			      unsigned int src, unsigned int dst,
			      uint32_t generation, uint16_t *entry)
{
	struct cache_port *port = &c->port[src];
	uint64_t key = cache_key(generation, dst);
	unsigned int at = port->latest[dst], set;

	if (!cache_holds(&port->place[at], frame, key)) {
		set = at = cache_set(c, port, frame, dst);
		while (!cache_holds(&port->place[at], frame, key))
			if (++at == set + CACHE_WAYS)
				return false;
	}
	port->latest[dst] = (uint16_t)at;
	port->recent[cache_trace(frame, dst)] = (uint16_t)at;
	*entry = port->place[at].entry;
	c->hits++;
	return true;
}

/**
 * cache_put - store one that was not found
 * @seen: what was read for it; nothing is stored with @seen->all
 *
 * Otherwise as cache_find().
 */
void cache_put(struct policy_cache *c, const struct frame *frame,
	       unsigned int src, unsigned int dst, uint32_t generation,
	       const struct policy_seen *seen, uint16_t entry);

#endif
