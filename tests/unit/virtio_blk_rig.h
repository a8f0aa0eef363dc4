/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio disk and its guest: one ring, requests that lie one after another in
 * the guest's data, cut into pieces.
 */
#ifndef WEIR_TESTS_UNIT_VIRTIO_BLK_RIG_H
#define WEIR_TESTS_UNIT_VIRTIO_BLK_RIG_H

#include "tests/unit/vq_rig.h"

#include "virtio/blk.h"

#define VB_SECTORS 1000u
#define VB_DATA (VR_BASE + VR_DATA)
#define VB_DATA_SIZE (VR_SIZE - VR_DATA)
#define VB_HEADER 16u
/* What the byte of an answer is before there is one. */
#define VB_NONE 0xee

enum {
	VB_IN = 0,
	VB_OUT = 1,
	VB_FLUSH = 4,
	VB_GET_ID = 8,
	VB_DISCARD = 11,
	VB_WRITE_ZEROES = 13,
};

struct vb_segment {
	uint64_t sector;
	uint32_t sectors;
	uint32_t flags;
};

/* The guest's ring, the disk, and the request at hand. */
extern struct vq_rig vb_ring;
extern struct virtio_blk vb;
extern struct vblk_request vb_request;

/* All the disk offers is agreed, but for @without. */
void vb_begin(unsigned int way, unsigned int slots, bool read_only,
	      uint64_t without);
void vb_end(void);

/* The guest's data: byte @i. */
uint8_t *vb_byte(uint32_t i);

/* Write a header at the beginning of the data. */
void vb_header(uint32_t kind, uint64_t sector);

/*
 * A request of @in bytes to read, then @out to write, none of them cut; the
 * last is VB_NONE.
 */
void vb_ask(uint32_t in, uint32_t out, unsigned int way);

/* Take the request that must be there; or expect a fault. */
void vb_take(void);

/* Give it back; the guest must get it and this answer. */
void vb_answer(enum vblk_status status);

/* One that the disk answers by itself, with this, and counts under @why. */
void vb_refused(uint32_t in, uint32_t out, enum vblk_status status,
		enum vblk_error why);

#endif
