/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio disk, without its transport and without what stores its data: what
 * its guest asks for, checked (virtio 1.2, section 5.2).
 *
 *	guest's ring --virtio_blk_take()--> request: what, where, pieces of
 *	                                    the guest's memory
 *	guest's ring <--virtio_blk_give()-- status, in any order
 *
 * What is hard.  A request is a header of 16 bytes, data, and one byte for the
 * answer, and nothing says how they lie in memory: a header may share a piece
 * with data or take sixteen, the answer may be the last byte of a long piece.
 * Sectors are numbers of 64 bits from a hostile guest, whose sums overflow.
 *
 * What may be relied on.  A request that comes out lies on the disk, in whole
 * sectors, and may be done: it does not write to a disk that must only be read.
 * Anything else has its answer already (VBLK_ANSWERED).  Its pieces are the
 * guest's memory and hold the data alone; they may change at any time.  Only a
 * request without a byte for its answer stops the ring (VQ_NO_ANSWER).
 */
#ifndef WEIR_VIRTIO_BLK_H
#define WEIR_VIRTIO_BLK_H

#include "virtio/vq.h"

/* Bytes of a sector, whatever the disk's blocks are. */
#define VBLK_SECTOR 512u

/* Bits of features. */
#define VBLK_F_SEG_MAX (1ull << 2)
#define VBLK_F_RO (1ull << 5)
#define VBLK_F_BLK_SIZE (1ull << 6)
#define VBLK_F_FLUSH (1ull << 9)
#define VBLK_F_TOPOLOGY (1ull << 10)
#define VBLK_F_MQ (1ull << 12)
#define VBLK_F_DISCARD (1ull << 13)
#define VBLK_F_WRITE_ZEROES (1ull << 14)

/* Pieces of data a guest should not exceed; what it may is VQ_PIECES. */
#define VBLK_SEGMENTS 126u
/* Ranges of one request to discard or to zero. */
#define VBLK_RANGES 16u
/* Sectors of one such range. */
#define VBLK_MAX_DISCARD (1u << 22)
#define VBLK_MAX_ZERO (1u << 15)
/* Bytes of a disk's name, without a NUL if it is that long. */
#define VBLK_ID 20u

/**
 * struct vblk_config - what the driver reads of the disk
 * @capacity:    sectors
 * @segments:    pieces of data in a request, at most
 * @block:       bytes; what the driver writes is a multiple of them
 * @physical:    2^n blocks are written at once
 * @min_io, @opt_io: blocks; of a request that performs well
 * @writeback:   what was written is on the disk after a flush
 * @queues:      how many there are
 * @max_discard, @max_zero: sectors of a range
 * @discards, @zeroes: ranges of a request
 * @discard_align: sectors
 * @zero_unmaps: zeroes may be a hole
 */
struct vblk_config {
	uint64_t capacity;
	uint32_t size_max;
	uint32_t segments;
	uint8_t geometry[4];
	uint32_t block;
	uint8_t physical;
	uint8_t alignment;
	uint16_t min_io;
	uint32_t opt_io;
	uint8_t writeback;
	uint8_t pad;
	uint16_t queues;
	uint32_t max_discard;
	uint32_t discards;
	uint32_t discard_align;
	uint32_t max_zero;
	uint32_t zeroes;
	uint8_t zero_unmaps;
	uint8_t pad2[7];
};

ABI_SIZE(struct vblk_config, 64);
ABI_AT(struct vblk_config, capacity, 0);
ABI_AT(struct vblk_config, segments, 12);
ABI_AT(struct vblk_config, geometry, 16);
ABI_AT(struct vblk_config, block, 20);
ABI_AT(struct vblk_config, physical, 24);
ABI_AT(struct vblk_config, min_io, 26);
ABI_AT(struct vblk_config, opt_io, 28);
ABI_AT(struct vblk_config, writeback, 32);
ABI_AT(struct vblk_config, queues, 34);
ABI_AT(struct vblk_config, max_discard, 36);
ABI_AT(struct vblk_config, discards, 40);
ABI_AT(struct vblk_config, discard_align, 44);
ABI_AT(struct vblk_config, max_zero, 48);
ABI_AT(struct vblk_config, zeroes, 52);
ABI_AT(struct vblk_config, zero_unmaps, 56);

/* What a request asks for, once it is checked. */
enum vblk_what {
	VBLK_ANSWERED, /* nothing: the answer stands */
	VBLK_READ,
	VBLK_WRITE,
	VBLK_FLUSH,
	VBLK_DISCARD,
	VBLK_ZERO,
	VBLK_WHATS,
};

/* The byte that answers a request. */
enum vblk_status { VBLK_OK, VBLK_ERROR, VBLK_UNSUPPORTED };

/* Why a request was not done. */
enum vblk_error {
	VBLK_BAD_REQUEST, /* its parts have no length they can have */
	VBLK_BAD_RANGE,	  /* it is not on the disk, or longer than is offered */
	VBLK_BAD_READ_ONLY, /* it changes what must only be read */
	VBLK_BAD_KIND,	    /* a kind, or a flag, that was not agreed */
	VBLK_BAD_DISK,	    /* what stores the data has failed */
	VBLK_ERRORS,
};

/**
 * struct virtio_blk - a disk; the owner's, but for @features and the counts
 * @sectors:   its size
 * @block:     bytes of a block, VBLK_SECTOR at least, a power of two
 * @queues:    how many it has
 * @read_only: it is not to be changed
 * @discards:  what is discarded, or zeroed, may become a hole
 * @id:        its name
 * @features:  what was agreed; by virtio_blk_agree()
 * @done:      requests done, by enum vblk_what
 * @bytes:     of these
 * @failed:    requests by enum vblk_error
 */
struct virtio_blk {
	uint64_t sectors;
	uint32_t block;
	uint16_t queues;
	bool read_only;
	bool discards;
	uint8_t id[VBLK_ID];
	uint64_t features;
	uint64_t done[VBLK_WHATS];
	uint64_t bytes[VBLK_WHATS];
	uint64_t failed[VBLK_ERRORS];
};

/* A part of the disk. */
struct vblk_range {
	uint64_t at;
	uint64_t bytes;
	bool unmap; /* may become a hole */
};

/**
 * struct vblk_request - a request; the pieces and those after are the device's
 * @what:    to be done
 * @durable: a write is to be on the disk before it is given back
 * @at:      bytes from the beginning of the disk
 * @bytes:   of the data, or of all ranges
 * @piece, @pieces: the data's, in the guest's memory; the owner may cut them
 * @range, @ranges: what to discard, or to zero
 * @answer:  with VBLK_ANSWERED
 * @status:  where the answer goes
 * @chain:   what it was made of
 */
struct vblk_request {
	enum vblk_what what;
	bool durable;
	uint64_t at;
	uint64_t bytes;
	struct vq_piece *piece;
	unsigned int pieces;
	unsigned int ranges;
	struct vblk_range range[VBLK_RANGES];
	enum vblk_status answer;
	uint8_t *status;
	struct vq_chain chain;
};

/**
 * virtio_blk_offers - features of the disk, those of the rings included
 */
uint64_t virtio_blk_offers(const struct virtio_blk *b);

/**
 * virtio_blk_agree - begin with what was agreed
 * @features: a subset of what was offered
 */
void virtio_blk_agree(struct virtio_blk *b, uint64_t features);

/**
 * virtio_blk_config - what the driver reads of the disk
 */
void virtio_blk_config(const struct virtio_blk *b, struct vblk_config *config);

/**
 * virtio_blk_take - the next request of a queue
 * @r: out; it must stay where it is until it is given back
 *
 * Return: 1, or 0 if there is none, or -1 after a fault, see @vq->fault.
 */
int virtio_blk_take(struct virtio_blk *b, struct vq *vq,
		    struct vblk_request *r);

/**
 * virtio_blk_retake - a request that was taken before the queue was started
 * @head: its first descriptor, of a split ring
 *
 * As virtio_blk_take().
 */
int virtio_blk_retake(struct virtio_blk *b, struct vq *vq, uint16_t head,
		      struct vblk_request *r);

/**
 * virtio_blk_give - answer a request; the driver sees it at vq_publish()
 * @vq:     the queue it was taken from
 * @status: of @r->answer for VBLK_ANSWERED
 */
void virtio_blk_give(struct virtio_blk *b, struct vq *vq,
		     const struct vblk_request *r, enum vblk_status status);

#endif
