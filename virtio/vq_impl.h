/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside a queue: the two kinds of rings behind the verbs of vq.h. */
#ifndef WEIR_VIRTIO_VQ_IMPL_H
#define WEIR_VIRTIO_VQ_IMPL_H

#include <stdatomic.h>

#include "virtio/chain.h"

/* Return: -1, and so from now on. */
static inline int vq_fail(struct vq *vq, enum vq_fault fault)
{
	vq->fault = (uint8_t)fault;
	return -1;
}

/**
 * vq_crossed - whether the index that the driver waits for was passed
 * @event: that index; it is to be told once it is used
 * @now:   the index that is used next
 * @since: how many were used since it was last asked
 *
 * Modulo 2^16, as section 2.7.10 of the specification has it.
 */
static inline bool vq_crossed(uint16_t event, uint16_t now, uint16_t since)
{
	return (uint16_t)(now - event - 1) < since;
}

/* So many slots were given back. */
static inline void vq_count(struct vq *vq, uint16_t slots)
{
	vq->out = (uint16_t)(vq->out - slots);
	vq->untold = vq->untold < VQ_MAX_SIZE ? (uint16_t)(vq->untold + slots)
					      : vq->untold;
}

/**
 * vq_single_at - where the piece of a chain of one piece is
 * @d:     its descriptor, read once
 * @near:  region of the piece before; moves on
 * @write: see vq_take_singles()
 *
 * What comes first in it is asked for from the cache.
 *
 * Return: NULL if it is no such chain, or breaks the rules.
 */
static inline uint8_t *vq_single_at(const struct vq *vq,
				    const struct vq_range *d,
				    const struct guest_region **near,
				    bool write)
{
	uint8_t *at;

	if ((d->flags & (VQ_DESC_NEXT | VQ_DESC_WRITE | VQ_DESC_INDIRECT)) !=
		    (write ? VQ_DESC_WRITE : 0) ||
	    d->len == 0)
		return NULL;
	at = guest_region_at(*near, d->addr, d->len, write);
	if (at == NULL) {
		const struct guest_region *r =
			guest_memory_find(vq->memory, d->addr);

		if (r == NULL)
			return NULL;
		*near = r;
		at = guest_region_at(r, d->addr, d->len, write);
		if (at == NULL)
			return NULL;
	}
	if (write) {
		__builtin_prefetch(at, 1);
		__builtin_prefetch(at + 64, 1);
	} else {
		__builtin_prefetch(at);
		__builtin_prefetch(at + 64);
	}
	return at;
}

/* A ring of either kind; for what they do see the verbs without a kind. */
int split_take(struct vq *vq, struct vq_chain *chain);
int split_retake(struct vq *vq, uint16_t head, struct vq_chain *chain);
unsigned int split_take_singles(struct vq *vq, struct vq_single *single,
				unsigned int count, bool write);
void split_give(struct vq *vq, uint16_t id, uint32_t written);
void split_give_singles(struct vq *vq, const struct vq_single *single,
			unsigned int count);
void split_publish(struct vq *vq);
bool split_must_notify(struct vq *vq, uint16_t since);
bool split_arm(struct vq *vq);
void split_disarm(struct vq *vq);

int packed_take(struct vq *vq, struct vq_chain *chain);
unsigned int packed_take_singles(struct vq *vq, struct vq_single *single,
				 unsigned int count, bool write);
void packed_give(struct vq *vq, uint16_t id, uint16_t slots, uint32_t written);
void packed_give_singles(struct vq *vq, const struct vq_single *single,
			 unsigned int count);
void packed_publish(struct vq *vq);
bool packed_must_notify(struct vq *vq, uint16_t since);
bool packed_arm(struct vq *vq);
void packed_disarm(struct vq *vq);

/**
 * packed_forward - move a position on
 * @slots: at most @size
 */
static inline void packed_forward(struct vq_position *p, uint16_t slots,
				  uint16_t size)
{
	uint32_t at = (uint32_t)p->at + slots;

	if (at >= size) {
		at -= size;
		p->wrap ^= 1;
	}
	p->at = (uint16_t)at;
}

/* Move a position back, likewise. */
static inline void packed_back(struct vq_position *p, uint16_t slots,
			       uint16_t size)
{
	uint32_t at = p->at;

	if (at < slots) {
		at += size;
		p->wrap ^= 1;
	}
	p->at = (uint16_t)(at - slots);
}

#endif
