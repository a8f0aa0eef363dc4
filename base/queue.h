/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared-memory queue: sDDF 0.7's network queue, byte for byte.
 *
 * Two protection domains that do not trust each other pass descriptors of
 * packet buffers through a ring in shared memory.  One is the producer, the
 * other the consumer; each queue has exactly one of either.
 *
 *	            struct net_queue, one memory region
 *	  byte 0      2      4                  8
 *	     +------+------+------------------+--------+--------+-- ... --+
 *	     | tail | head | consumer_        | desc 0 | desc 1 | desc    |
 *	     | (p)  | (c)  | signalled  (pc)  |  (p)   |  (p)   | cap - 1 |
 *	     +------+------+------------------+--------+--------+-- ... --+
 *
 *	(p)  written by the producer only, read by the consumer
 *	(c)  written by the consumer only, read by the producer
 *	(pc) the producer stores 1, the consumer stores 0 (or 1)
 *
 * Ownership.  Both indices run freely through all 16-bit values; the slot of
 * an index is its value modulo the capacity, a power of two that is agreed
 * outside the shared memory.  Slots [head, tail) belong to the consumer, all
 * others to the producer.  Storing `tail` hands slots to the consumer,
 * storing `head` hands them back.  The buffer a descriptor names travels with
 * the descriptor.
 *
 * What may be relied on.  Nothing in the region is believed.  A side keeps
 * its own index in private memory (struct queue_producer, queue_consumer) and
 * only publishes it; the other's index is read once per visit and must lie
 * within one capacity of ours, else the call says QUEUE_FAULT and the caller
 * takes the connection down.  That test is exact for every pair of 16-bit
 * indices: the difference is cut back to 16 bits before it is compared.  A
 * descriptor is copied out by one volatile read per field and only the copy
 * is used, so a peer that changes it afterwards changes nothing.
 *
 * Signalling.  A consumer that means to sleep calls queue_arm(), which stores
 * 0 to consumer_signalled and *then* looks again; a producer that has
 * published calls queue_must_notify(), which looks at the flag *after* the
 * store of tail.  Each side has a store followed by a load of another
 * location, which processors do reorder; the full fences between them are what
 * makes a lost wake-up impossible.  tests/model/signal.pml checks the protocol.
 */
#ifndef WEIR_BASE_QUEUE_H
#define WEIR_BASE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/abi.h"
#include "base/offload.h"

/* Smallest and largest number of slots a queue may have. */
#define QUEUE_MIN_CAPACITY 2u
#define QUEUE_MAX_CAPACITY 32768u

/* The peer published an index that cannot be: take the connection down. */
#define QUEUE_FAULT (-1)

/**
 * struct net_desc - one packet buffer, as sDDF's net_buff_desc
 * @io_or_offset: where the buffer starts: an offset into the connection's data
 *                region, or the address a device knows it by
 * @len:          length of the frame in bytes, 0 for an empty buffer
 * @oid:          sDDF's owner id (six bits there).  Weir writes 0, reads never
 * @offload:      struct offload's flags (base/offload.h)
 * @segment:      its segment
 * @pad:          not used; Weir writes 0
 * @info:         all from @len on, as one word
 *
 * In sDDF the bytes from @offload on are padding, in which anything may be.  So
 * they mean something only on connections that both sides know to carry offload
 * data: on others Weir writes 0 and never reads them.
 */
struct net_desc {
	uint64_t io_or_offset;
	union {
		struct {
			uint16_t len;
			uint8_t oid;
			uint8_t offload;
			uint16_t segment;
			uint8_t pad[2];
		};
		uint64_t info;
	};
};

ABI_SIZE(struct net_desc, 16);
ABI_AT(struct net_desc, io_or_offset, 0);
ABI_AT(struct net_desc, len, 8);
ABI_AT(struct net_desc, oid, 10);
ABI_AT(struct net_desc, offload, 11);
ABI_AT(struct net_desc, segment, 12);
ABI_AT(struct net_desc, pad, 14);
ABI_AT(struct net_desc, info, 8);

struct net_queue {
	_Atomic(uint16_t) tail;
	_Atomic(uint16_t) head;
	_Atomic(uint32_t) consumer_signalled;
	struct net_desc desc[];
};

ABI_SIZE(struct net_queue, 8);
ABI_AT(struct net_queue, tail, 0);
ABI_AT(struct net_queue, head, 2);
ABI_AT(struct net_queue, consumer_signalled, 4);
ABI_AT(struct net_queue, desc, 8);

_Static_assert(sizeof(_Atomic(uint16_t)) == 2, "ABI: atomics add no lock");
_Static_assert(sizeof(_Atomic(uint32_t)) == 4, "ABI: atomics add no lock");

/**
 * queue_capacity_ok - whether a number of slots can be a queue's capacity
 * @capacity: slots
 */
static inline bool queue_capacity_ok(uint32_t capacity)
{
	return capacity >= QUEUE_MIN_CAPACITY &&
	       capacity <= QUEUE_MAX_CAPACITY &&
	       (capacity & (capacity - 1)) == 0;
}

/**
 * queue_region_size - bytes of a region that holds one queue
 * @capacity: slots
 *
 * Rounded up to pages of 4 KiB, as sDDF does: 512 slots take 0x3000.
 */
static inline size_t queue_region_size(uint32_t capacity)
{
	size_t bytes = sizeof(struct net_queue) +
		       (size_t)capacity * sizeof(struct net_desc);

	return (bytes + 0xfff) & ~(size_t)0xfff;
}

/**
 * struct queue_producer - the private half of a queue's producing side
 * @shared:   the queue; nothing is read from it but the peer's index and flag
 * @tail:     the next slot to fill; ahead of the published one between
 *            queue_put() and queue_publish()
 * @capacity: slots, a power of two
 */
struct queue_producer {
	struct net_queue *shared;
	uint16_t tail;
	uint16_t capacity;
};

/**
 * struct queue_consumer - the private half of a queue's consuming side
 * @shared:   the queue
 * @head:     the oldest slot not yet released
 * @capacity: slots, a power of two
 */
struct queue_consumer {
	struct net_queue *shared;
	uint16_t head;
	uint16_t capacity;
};

/**
 * queue_producer_init - start producing into an empty queue
 * @p:        out
 * @shared:   queue whose memory is all zero
 * @capacity: slots, queue_capacity_ok()
 */
static inline void queue_producer_init(struct queue_producer *p,
				       struct net_queue *shared,
				       uint32_t capacity)
{
	p->shared = shared;
	p->tail = 0;
	p->capacity = (uint16_t)capacity;
}

/**
 * queue_consumer_init - start consuming from an empty queue
 * @c:        out
 * @shared:   queue whose memory is all zero
 * @capacity: slots, queue_capacity_ok()
 */
static inline void queue_consumer_init(struct queue_consumer *c,
				       struct net_queue *shared,
				       uint32_t capacity)
{
	c->shared = shared;
	c->head = 0;
	c->capacity = (uint16_t)capacity;
}

/**
 * queue_room - how many descriptors may be put now
 * @p: producer
 *
 * Return: 0 to capacity, or QUEUE_FAULT if the peer's index is impossible.
 */
static inline int queue_room(const struct queue_producer *p)
{
	uint16_t head =
		atomic_load_explicit(&p->shared->head, memory_order_acquire);
	uint16_t used = (uint16_t)(p->tail - head);

	if (used > p->capacity)
		return QUEUE_FAULT;
	return p->capacity - used;
}

/* A length and nothing else as struct net_desc's @info. */
static inline uint64_t queue_info(uint16_t len)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return len;
#else
	return (uint64_t)len << 48;
#endif
}

/**
 * queue_fill - write a slot
 *
 * The stores are volatile and aligned words, so that a queue mapped as device
 * memory (stock UIO in a guest) works as well.
 */
static inline void queue_fill(volatile struct net_desc *d, uint64_t offset,
			      uint16_t len)
{
	d->io_or_offset = offset;
	d->info = queue_info(len);
}

/**
 * queue_say_offload - give a slot that was filled offload data
 * @len: as it was filled
 */
static inline void queue_say_offload(volatile struct net_desc *d, uint16_t len,
				     struct offload o)
{
	const struct net_desc whole = {
		.len = len,
		.offload = o.flags,
		.segment = o.segment,
	};

	d->info = whole.info;
}

/* Of an index, in bytes: the step from a slot to the next. */
#define QUEUE_STEP ((uint32_t)sizeof(struct net_desc))

/**
 * queue_slot - a slot by the distance of its index
 * @first: the queue's first slot
 * @at:    QUEUE_STEP times an index, which may have run on
 * @ring:  QUEUE_STEP times one less than the capacity
 */
static inline volatile struct net_desc *
queue_slot(volatile struct net_desc *first, uint32_t at, uint32_t ring)
{
	return (volatile struct net_desc *)((volatile uint8_t *)first +
					    (at & ring));
}

/**
 * queue_put - fill the next slot; the peer sees it at queue_publish()
 * @p:      producer with room, see queue_room()
 * @offset: offset or io address of the buffer
 * @len:    bytes of the frame in it
 */
static inline void queue_put(struct queue_producer *p, uint64_t offset,
			     uint16_t len)
{
	queue_fill(&p->shared->desc[p->tail & (p->capacity - 1u)], offset, len);
	p->tail++;
}

/**
 * queue_put_offload - the same, with offload data
 */
static inline void queue_put_offload(struct queue_producer *p, uint64_t offset,
				     uint16_t len, struct offload o)
{
	volatile struct net_desc *d =
		&p->shared->desc[p->tail & (p->capacity - 1u)];

	d->io_or_offset = offset;
	queue_say_offload(d, len, o);
	p->tail++;
}

/**
 * queue_publish - hand all slots filled so far to the consumer
 * @p: producer
 */
static inline void queue_publish(struct queue_producer *p)
{
	atomic_store_explicit(&p->shared->tail, p->tail, memory_order_release);
}

/**
 * queue_sleeps - queue_must_notify() behind a fence of the caller's
 * @p: producer that has published, with a full fence since
 *
 * For who publishes on many queues: one fence is enough for all of them.
 */
static inline bool queue_sleeps(struct queue_producer *p)
{
	if (atomic_load_explicit(&p->shared->consumer_signalled,
				 memory_order_relaxed) != 0)
		return false;
	atomic_store_explicit(&p->shared->consumer_signalled, 1,
			      memory_order_relaxed);
	return true;
}

/**
 * queue_must_notify - whether the consumer sleeps and must be woken
 * @p: producer that has published
 *
 * True at most once per sleep of an honest consumer; the caller then notifies.
 */
static inline bool queue_must_notify(struct queue_producer *p)
{
	atomic_thread_fence(memory_order_seq_cst);
	return queue_sleeps(p);
}

/**
 * queue_pending - how many descriptors may be taken now
 * @c: consumer
 *
 * Reads the peer's index once; a loop keeps the answer in a local.
 *
 * Return: 0 to capacity, or QUEUE_FAULT if the peer's index is impossible.
 */
static inline int queue_pending(const struct queue_consumer *c)
{
	uint16_t tail =
		atomic_load_explicit(&c->shared->tail, memory_order_acquire);
	uint16_t used = (uint16_t)(tail - c->head);

	if (used > c->capacity)
		return QUEUE_FAULT;
	return used;
}

/**
 * queue_read - copy a slot out, each field read once
 */
static inline struct net_desc queue_read(const volatile struct net_desc *d)
{
	struct net_desc copy = {
		.io_or_offset = d->io_or_offset,
		.len = d->len,
	};

	return copy;
}

/**
 * queue_read_offload - the same, offload data included
 */
static inline struct net_desc
queue_read_offload(const volatile struct net_desc *d)
{
	struct net_desc copy;

	copy.io_or_offset = d->io_or_offset;
	copy.info = d->info;
	return copy;
}

/* The offload data of a descriptor that was read with it. */
static inline struct offload queue_offload(const struct net_desc *d)
{
	return (struct offload){ .flags = d->offload, .segment = d->segment };
}

/**
 * queue_peek - copy a pending descriptor out, each field read once
 * @c:     consumer
 * @index: which, 0 is the oldest; less than queue_pending()
 */
static inline struct net_desc queue_peek(const struct queue_consumer *c,
					 unsigned int index)
{
	return queue_read(
		&c->shared->desc[(c->head + index) & (c->capacity - 1u)]);
}

/**
 * queue_peek_offload - the same, offload data included
 */
static inline struct net_desc queue_peek_offload(const struct queue_consumer *c,
						 unsigned int index)
{
	return queue_read_offload(
		&c->shared->desc[(c->head + index) & (c->capacity - 1u)]);
}

/**
 * queue_release - give the oldest slots back to the producer
 * @c:     consumer
 * @count: slots, at most what queue_pending() said
 */
static inline void queue_release(struct queue_consumer *c, unsigned int count)
{
	c->head = (uint16_t)(c->head + count);
	atomic_store_explicit(&c->shared->head, c->head, memory_order_release);
}

/**
 * queue_arm - ask to be notified, then look once more
 * @c: consumer about to sleep
 *
 * Return: as queue_pending().  If it is not 0 the consumer must not sleep: it
 * calls queue_disarm() and goes on.
 */
static inline int queue_arm(struct queue_consumer *c)
{
	atomic_store_explicit(&c->shared->consumer_signalled, 0,
			      memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return queue_pending(c);
}

/**
 * queue_disarm - say that no notification is wanted
 * @c: consumer that is awake, or that looks at this queue on its own accord
 */
static inline void queue_disarm(struct queue_consumer *c)
{
	atomic_store_explicit(&c->shared->consumer_signalled, 1,
			      memory_order_relaxed);
}

#endif
