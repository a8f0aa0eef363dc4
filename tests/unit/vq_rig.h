/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtqueue in plain memory, and a driver of a few lines at its other end,
 * which knows both kinds of rings.
 */
#ifndef WEIR_TESTS_UNIT_VQ_RIG_H
#define WEIR_TESTS_UNIT_VQ_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "virtio/vq.h"

/* Guest memory: rings, indirect tables of 64 entries each, data. */
#define VR_BASE 0x40000000ull
#define VR_SIZE 0x24000u
#define VR_DRIVER 0x4000u
#define VR_DEVICE 0x8000u
#define VR_TABLES 0x10000u
#define VR_TABLE 0x400u
#define VR_DATA 0x20000u
/* Slots at most; with indirect chains, for there are so many tables. */
#define VR_MOST 512u
#define VR_SLOTS 64u

/* The ways a chain can be passed. */
#define VR_SPLIT 0u
#define VR_PACKED 1u
#define VR_INDIRECT 2u
#define VR_WAYS 4u

#define VR_FEATURES (VQ_F_VERSION_1 | VQ_F_INDIRECT | VQ_F_EVENT)

struct vr_piece {
	uint64_t addr;
	uint32_t len;
	bool write;
};

/**
 * struct vq_rig - both ends of a queue
 * @memory, @vq: the device's
 * @mem:  the guest's memory, from VR_BASE on
 * @size: slots
 * @next: split: the next free-running index; packed: slot and turn
 * @seen: likewise, of what the device gives back
 * @free, @n_free: split: descriptors; packed: names
 * @slots: of the ring that a chain of this name takes
 * @link: split: which descriptor follows another
 */
struct vq_rig {
	struct guest_memory memory;
	struct vq vq;
	struct vq_config config;
	struct vq_chain chain;
	uint8_t *mem;
	unsigned int size;
	bool packed;
	struct vq_position next;
	struct vq_position seen;
	uint16_t free[VR_MOST];
	unsigned int n_free;
	unsigned int room;
	uint16_t slots[VR_MOST];
	uint16_t link[VR_MOST];
};

/* A queue of @size slots, as @way says, with @features beside that. */
void vr_begin(struct vq_rig *r, unsigned int way, unsigned int size,
	      uint64_t features);
void vr_end(struct vq_rig *r);

/* Where a guest address is. */
void *vr_at(struct vq_rig *r, uint64_t addr);

/* The parts of the ring. */
struct vq_avail *vr_avail(struct vq_rig *r);
struct vq_used *vr_used(struct vq_rig *r);
struct vq_event *vr_event(struct vq_rig *r, uint64_t part);
struct vq_desc *vr_desc(struct vq_rig *r, unsigned int slot);

/* Make a chain available. Return: its name, or -1 for want of slots. */
int vr_add(struct vq_rig *r, const struct vr_piece *pieces, unsigned int n,
	   bool indirect);

/* One piece of data for the device to read, or to write. */
int vr_add_one(struct vq_rig *r, bool write);

/* Get a chain back. Return: its name, or -1 if none was given back. */
int vr_collect(struct vq_rig *r, uint32_t *written);

/* The next chain, if it is one piece of that kind; it stays. */
bool vr_peek_single(struct vq_rig *r, bool write, struct vq_single *single);

/* Take a chain that must be there, and give the last one taken back. */
void vr_take(struct vq_rig *r);
void vr_give(struct vq_rig *r, uint32_t written);

/* --- drivers that lie --------------------------------------------------- */

/* A queue of 8 slots with one chain of three pieces, not yet taken. */
void vr_begin_chain(struct vq_rig *r, unsigned int way);

/* The table of the first chain, whichever kind. */
struct vq_desc *vr_table(struct vq_rig *r);

/* The flags of an entry, which are elsewhere in a packed ring. */
uint16_t *vr_flags(struct vq_rig *r, struct vq_desc *d);

/* The chain is refused, and so is whatever comes after it. */
void vr_assert_fault(struct vq_rig *r, enum vq_fault fault);

#endif
