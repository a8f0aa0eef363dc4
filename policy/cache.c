/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verdict cache, a hash table.
 *
 * The hash is over four words behind the Ethernet header, which contain a
 * flow's addresses and ports for every kind of packet:
 *
 *	 IPv4			IPv6			ARP
 *   6	 fragment, protocol,	next header, source	operation, sender
 *	 source
 *  14	 source, destination,	source			sender, target
 *	 source port
 *  22	 destination port	source, destination	target
 *  38				destination, ports
 *
 * If all of them were hashed, every frame would look new: what is a port in
 * IPv6 is payload in IPv4.  So only bytes that filters have read count, by kind
 * of frame.  When filters read more bytes, hashes change and older entries are
 * no longer found; that does no harm.
 *
 * Senders decide what filters read.  A single frame with IP options has its
 * ports where all others have sequence numbers; if these were hashed from then
 * on, each frame would have another hash until the policy changes.  So the
 * three kinds are exact, a frame with options is of none, and bytes count only
 * up to the end of a flow's addresses and ports (flow_end).
 *
 * For frames of a few flows in turn none of this is needed: recent entries are
 * tried first.
 *
 * Frames that differ only in bytes that were read but not hashed (TCP flags,
 * say) share one set, which has room for four.
 */
#include "policy/cache.h"

#include "base/bits.h"
#include "base/hash.h"
#include "base/mem.h"

_Static_assert(CACHE_BYTES == FRAME_SNAP && CACHE_BYTES == 64,
	       "bytes that are always defined, and one bit each");
_Static_assert(sizeof(struct cache_place) == 144, "three lines, at any of 16");
_Static_assert(CACHE_HASHED == 4 && 18 + 38 + 8 <= CACHE_BYTES,
	       "hashed words are in the snapshot, tagged or not");

/* Where a flow's addresses and ports end, behind the Ethernet header. */
static const uint8_t flow_end[CACHE_KINDS] = { 24, 44, 28, 46 };

/* --- remembering ------------------------------------------------------- */

/* Expand a bit a byte to a mask. */
static void spread(cache_pair *mask, uint64_t bytes)
{
	uint8_t *to = (uint8_t *)mask;

	memset(mask, 0, CACHE_BYTES);
	while (bytes)
		to[bit_pop(&bytes)] = 0xff;
}

/* One more than the last byte that was read. */
static unsigned int end_of(uint64_t bytes)
{
	return bytes ? 64u - (unsigned int)__builtin_clzll(bytes) : 0;
}

/* Those of a word's bytes that come before @end. */
static uint64_t word_before(const uint8_t *bytes, unsigned int at,
			    unsigned int end)
{
	unsigned int n = at < end ? end - at : 0;

	if (n >= 8)
		return cache_word(bytes, at);
	return cache_word(bytes, at) & ~frame_be64(~0ull >> 8 * n);
}

static void learn_hashed(struct cache_port *port, const struct frame *f,
			 uint32_t generation, const cache_pair *mask)
{
	const uint8_t *l3 = (const uint8_t *)mask + f->l3;
	unsigned int kind = cache_kind(f);
	uint64_t *read = port->hashed[kind];

	if (port->generation != generation)
		memset(port->hashed, 0, sizeof(port->hashed));
	port->generation = generation;
	read[0] |= word_before(l3, 6, flow_end[kind]);
	read[1] |= word_before(l3, 14, flow_end[kind]);
	read[2] |= word_before(l3, 22, flow_end[kind]);
	read[3] |= word_before(l3, 38, flow_end[kind]);
}

/*
 * A stale place, or a random one: replacing the oldest would always evict the
 * next to be needed, if one more flow takes turns than there is room for.
 */
static unsigned int place_for(const struct policy_cache *c,
			      const struct cache_port *port, unsigned int at,
			      uint32_t generation)
{
	uint64_t dice = c->misses * 0x9e3779b97f4a7c15ull >> 32;

	for (unsigned int way = 0; way < CACHE_WAYS; way++)
		if (port->place[at + way].key >> 32 != generation)
			return at + way;
	return at + (unsigned int)(dice % CACHE_WAYS);
}

void cache_put(struct policy_cache *c, const struct frame *frame,
	       unsigned int src, unsigned int dst, uint32_t generation,
	       const struct policy_seen *seen, uint16_t entry)
{
	struct cache_port *port = &c->port[src];
	cache_pair mask[CACHE_PAIRS];
	struct cache_place *p;
	unsigned int at;

	if (seen->all)
		return;
	spread(mask, seen->bytes);
	learn_hashed(port, frame, generation, mask);
	at = place_for(c, port, cache_set(c, port, frame, dst), generation);
	port->latest[dst] = (uint16_t)at;
	port->recent[cache_trace(frame, dst)] = (uint16_t)at;
	p = &port->place[at];
	memcpy(p->mask, mask, sizeof(p->mask));
	memcpy(p->value, frame->bytes, sizeof(p->value));
	p->key = cache_key(generation, dst);
	p->end = (uint16_t)end_of(seen->bytes);
	p->entry = entry;
}

/* --- making ------------------------------------------------------------ */

void cache_init(struct policy_cache *c, struct cache_port *port,
		unsigned int ports, uint64_t seed)
{
	memset(c, 0, sizeof(*c));
	memset(port, 0, ports * sizeof(*port));
	c->port = port;
	c->ports = ports;
	for (unsigned int i = 0; i < CACHE_HASHED; i++)
		c->secret[i] = seed = hash_next(seed);
}
