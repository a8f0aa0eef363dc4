/* SPDX-License-Identifier: BSD-2-Clause */
/* Following a chain's descriptors: what both kinds of rings have in common. */
#ifndef WEIR_VIRTIO_CHAIN_H
#define WEIR_VIRTIO_CHAIN_H

#include "virtio/vq.h"

/**
 * struct vq_range - a descriptor of either kind, read once
 * @extra: @next of a split one, @id of a packed one
 */
struct vq_range {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t extra;
};

/* Rings are aligned, tables need not be. */
typedef struct vq_desc vq_split_entry __attribute__((aligned(1)));
typedef struct vq_packed_desc vq_packed_entry __attribute__((aligned(1)));

/* Read a descriptor of a split ring. */
static inline struct vq_range vq_read_split(const void *ring, unsigned int at)
{
	const volatile vq_split_entry *d =
		(const volatile vq_split_entry *)ring + at;
	struct vq_range copy = {
		.addr = d->addr,
		.len = d->len,
		.flags = d->flags,
		.extra = d->next,
	};

	return copy;
}

/* Read a descriptor of a packed ring. */
static inline struct vq_range vq_read_packed(const void *ring, unsigned int at)
{
	const volatile vq_packed_entry *d =
		(const volatile vq_packed_entry *)ring + at;
	struct vq_range copy = {
		.addr = d->addr,
		.len = d->len,
		.flags = d->flags,
		.extra = d->id,
	};

	return copy;
}

/**
 * chain_begin - an empty chain
 */
static inline void chain_begin(struct vq_chain *c)
{
	c->readable = 0;
	c->pieces = 0;
	c->in = 0;
	c->out = 0;
}

/**
 * chain_add - add what a descriptor names
 * @d: a copy, without VQ_DESC_INDIRECT
 *
 * A range that runs on into the next region becomes several pieces.
 */
enum vq_fault chain_add(const struct guest_memory *m, struct vq_chain *c,
			const struct vq_range *d);

/**
 * chain_add_table - add what an indirect table names
 * @vq:    queue
 * @table: a copy of the descriptor, with VQ_DESC_INDIRECT
 */
enum vq_fault chain_add_table(const struct vq *vq, struct vq_chain *c,
			      const struct vq_range *table);

#endif
