/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Using the block queues of base/blk.h, which says who owns what, and what may
 * be relied on.
 */
#ifndef WEIR_BASE_BLK_RING_H
#define WEIR_BASE_BLK_RING_H

#include "base/blk.h"

/* --- making them -------------------------------------------------------- */

/**
 * blk_capacity_ok - whether a number of slots can be a ring's capacity
 */
static inline bool blk_capacity_ok(uint32_t capacity)
{
	return capacity >= BLK_MIN_CAPACITY && capacity <= BLK_MAX_CAPACITY &&
	       (capacity & (capacity - 1)) == 0;
}

/**
 * blk_request_region_size - bytes of a region that holds a request queue
 * @capacity: slots
 *
 * Rounded up to pages of 4 KiB.
 */
static inline size_t blk_request_region_size(uint32_t capacity)
{
	size_t bytes = sizeof(struct blk_request_queue) +
		       (size_t)capacity * sizeof(struct blk_request);

	return (bytes + 0xfff) & ~(size_t)0xfff;
}

/**
 * blk_response_region_size - the same of a response queue
 */
static inline size_t blk_response_region_size(uint32_t capacity)
{
	size_t bytes = sizeof(struct blk_response_queue) +
		       (size_t)capacity * sizeof(struct blk_response);

	return (bytes + 0xfff) & ~(size_t)0xfff;
}

/**
 * struct blk_ring_side - the private half of one side of a ring
 * @shared:   the ring
 * @index:    a producer's next slot to fill, ahead of the published tail until
 *	      blk_ring_publish(); a consumer's oldest slot not yet released
 * @capacity: slots, a power of two
 */
struct blk_ring_side {
	struct blk_ring *shared;
	uint32_t index;
	uint32_t capacity;
};

/**
 * blk_ring_init - begin on either side of a ring whose memory is all zero
 * @capacity: slots, blk_capacity_ok()
 */
static inline void blk_ring_init(struct blk_ring_side *s,
				 struct blk_ring *shared, uint32_t capacity)
{
	s->shared = shared;
	s->index = 0;
	s->capacity = capacity;
}

/* --- producing ---------------------------------------------------------- */

/**
 * blk_ring_room - how many entries may be filled now
 * @p: producer
 *
 * Return: 0 to capacity, or BLK_FAULT if the peer's index is impossible.
 */
static inline int blk_ring_room(const struct blk_ring_side *p)
{
	uint32_t head =
		atomic_load_explicit(&p->shared->head, memory_order_acquire);
	uint32_t used = p->index - head;

	if (used > p->capacity)
		return BLK_FAULT;
	return (int)(p->capacity - used);
}

/**
 * blk_request_put - fill the next slot; the server sees it once published
 * @p: producer of requests with room, see blk_ring_room()
 *
 * The stores are volatile and aligned words, as in base/queue.h.
 */
static inline void blk_request_put(struct blk_ring_side *p,
				   const struct blk_request *r)
{
	struct blk_request_queue *q = (struct blk_request_queue *)p->shared;
	volatile struct blk_request *slot =
		&q->entry[p->index++ & (p->capacity - 1)];

	slot->code = r->code;
	slot->pad = 0;
	slot->io_or_offset = r->io_or_offset;
	slot->block = r->block;
	slot->count = r->count;
	slot->pad2 = 0;
	slot->id = r->id;
}

/**
 * blk_response_put - the same of a response
 */
static inline void blk_response_put(struct blk_ring_side *p,
				    const struct blk_response *r)
{
	struct blk_response_queue *q = (struct blk_response_queue *)p->shared;
	volatile struct blk_response *slot =
		&q->entry[p->index++ & (p->capacity - 1)];

	slot->status = r->status;
	slot->success_count = r->success_count;
	slot->pad = 0;
	slot->id = r->id;
}

/**
 * blk_ring_publish - hand all slots filled so far to the consumer
 */
static inline void blk_ring_publish(struct blk_ring_side *p)
{
	atomic_store_explicit(&p->shared->tail, p->index, memory_order_release);
}

/* --- consuming ---------------------------------------------------------- */

/**
 * blk_ring_pending - how many entries may be taken now
 * @c: consumer
 *
 * Reads the peer's index once; a loop keeps the answer in a local.
 *
 * Return: 0 to capacity, or BLK_FAULT if the peer's index is impossible.
 */
static inline int blk_ring_pending(const struct blk_ring_side *c)
{
	uint32_t tail =
		atomic_load_explicit(&c->shared->tail, memory_order_acquire);
	uint32_t used = tail - c->index;

	if (used > c->capacity)
		return BLK_FAULT;
	return (int)used;
}

/**
 * blk_request_peek - copy a pending request out, each field read once
 * @c:     consumer of requests
 * @index: which, 0 is the oldest; less than blk_ring_pending()
 */
static inline struct blk_request blk_request_peek(const struct blk_ring_side *c,
						  uint32_t index)
{
	struct blk_request_queue *q = (struct blk_request_queue *)c->shared;
	const volatile struct blk_request *slot =
		&q->entry[(c->index + index) & (c->capacity - 1)];

	return (struct blk_request){
		.code = slot->code,
		.io_or_offset = slot->io_or_offset,
		.block = slot->block,
		.count = slot->count,
		.id = slot->id,
	};
}

/**
 * blk_response_peek - the same of a response
 */
static inline struct blk_response
blk_response_peek(const struct blk_ring_side *c, uint32_t index)
{
	struct blk_response_queue *q = (struct blk_response_queue *)c->shared;
	const volatile struct blk_response *slot =
		&q->entry[(c->index + index) & (c->capacity - 1)];

	return (struct blk_response){
		.status = slot->status,
		.success_count = slot->success_count,
		.id = slot->id,
	};
}

/**
 * blk_ring_release - give the oldest slots back to the producer
 * @c:     consumer
 * @count: slots, at most what blk_ring_pending() said
 */
static inline void blk_ring_release(struct blk_ring_side *c, uint32_t count)
{
	c->index += count;
	atomic_store_explicit(&c->shared->head, c->index, memory_order_release);
}

/* --- signalling --------------------------------------------------------- */

/**
 * blk_sleeps - whether the peer has to be notified of what was published
 * @awake: the peer's flag; a full fence since the publication is the caller's,
 *	   one for many queues
 */
static inline bool blk_sleeps(const _Atomic(uint8_t) *awake)
{
	return atomic_load_explicit(awake, memory_order_relaxed) == 0;
}

/**
 * blk_say_awake - say that no notification is wanted
 * @awake: our own flag
 */
static inline void blk_say_awake(_Atomic(uint8_t) *awake)
{
	atomic_store_explicit(awake, 1, memory_order_relaxed);
}

/**
 * blk_say_asleep - ask to be notified
 * @awake: our own flag
 *
 * A full fence is the caller's, and then one more look at the ring.
 */
static inline void blk_say_asleep(_Atomic(uint8_t) *awake)
{
	atomic_store_explicit(awake, 0, memory_order_relaxed);
}

#endif
