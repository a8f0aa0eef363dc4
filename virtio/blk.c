/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio disk, without its transport: see blk.h. */
#include "base/mem.h"
#include "virtio/blk.h"

/* Kinds of requests, by their numbers in section 5.2.6. */
enum {
	KIND_IN = 0,
	KIND_OUT = 1,
	KIND_FLUSH = 4,
	KIND_GET_ID = 8,
	KIND_DISCARD = 11,
	KIND_WRITE_ZEROES = 13,
};

struct header {
	uint32_t kind;
	uint32_t reserved;
	uint64_t sector;
};

ABI_SIZE(struct header, 16);

/* Of a range to discard or to zero. */
struct segment {
	uint64_t sector;
	uint32_t sectors;
	uint32_t flags;
};

ABI_SIZE(struct segment, 16);

#define UNMAP 1u

#define RINGS (VQ_F_VERSION_1 | VQ_F_INDIRECT | VQ_F_EVENT | VQ_F_PACKED)

/* --- what the disk is --------------------------------------------------- */

uint64_t virtio_blk_offers(const struct virtio_blk *b)
{
	uint64_t features = RINGS | VBLK_F_SEG_MAX | VBLK_F_BLK_SIZE |
			    VBLK_F_FLUSH | VBLK_F_TOPOLOGY | VBLK_F_MQ;

	if (b->read_only)
		return features | VBLK_F_RO;
	if (b->discards)
		features |= VBLK_F_DISCARD;
	return features | VBLK_F_WRITE_ZEROES;
}

void virtio_blk_agree(struct virtio_blk *b, uint64_t features)
{
	b->features = features;
}

/* What is written is cached by the host in pages, for which 4 KiB are best. */
void virtio_blk_config(const struct virtio_blk *b, struct vblk_config *config)
{
	*config = (struct vblk_config){
		.capacity = b->sectors,
		.segments = VBLK_SEGMENTS,
		.block = b->block,
		.min_io = 1,
		.writeback = (b->features & VBLK_F_FLUSH) != 0,
		.queues = b->queues,
		.discard_align = b->block / VBLK_SECTOR,
	};
	while (b->block << config->physical < 4096) {
		config->physical++;
		config->min_io = (uint16_t)(config->min_io * 2);
	}
	if (b->read_only)
		return;
	config->max_zero = VBLK_MAX_ZERO;
	config->zeroes = VBLK_RANGES;
	config->zero_unmaps = b->discards;
	if (b->discards) {
		config->max_discard = VBLK_MAX_DISCARD;
		config->discards = VBLK_RANGES;
	}
}

/* --- requests ----------------------------------------------------------- */

/* It is not done, and this is the answer. */
static void refuse(struct virtio_blk *b, struct vblk_request *r,
		   enum vblk_error why)
{
	b->failed[why]++;
	r->what = VBLK_ANSWERED;
	r->answer = why == VBLK_BAD_KIND ? VBLK_UNSUPPORTED : VBLK_ERROR;
}

static bool on_disk(const struct virtio_blk *b, uint64_t sector, uint64_t bytes)
{
	return sector <= b->sectors &&
	       bytes / VBLK_SECTOR <= b->sectors - sector &&
	       sector * VBLK_SECTOR % b->block == 0 && bytes % b->block == 0;
}

/* Data to be read or written, once the pieces are those of the data. */
static void transfer(struct virtio_blk *b, struct vblk_request *r,
		     enum vblk_what what, uint64_t sector)
{
	if (r->bytes % VBLK_SECTOR != 0) {
		refuse(b, r, VBLK_BAD_REQUEST);
	} else if (!on_disk(b, sector, r->bytes)) {
		refuse(b, r, VBLK_BAD_RANGE);
	} else if (what == VBLK_WRITE && b->read_only) {
		refuse(b, r, VBLK_BAD_READ_ONLY);
	} else if (r->bytes > 0) {
		r->what = what;
		r->at = sector * VBLK_SECTOR;
		r->durable = what == VBLK_WRITE &&
			     !(b->features & VBLK_F_FLUSH);
	}
}

/* To the guest: all that may be written, but the byte for the answer. */
static void take_in(struct virtio_blk *b, struct vblk_request *r,
		    uint64_t sector)
{
	r->piece = r->chain.piece + r->chain.readable;
	r->pieces = r->chain.pieces - r->chain.readable;
	r->bytes = r->chain.out - 1;
	if (--r->piece[r->pieces - 1].len == 0)
		r->pieces--;
	transfer(b, r, VBLK_READ, sector);
}

/* From the guest: what is to be read behind the header. */
static void take_out(struct virtio_blk *b, struct vblk_request *r,
		     const struct vq_cursor *c, uint64_t sector)
{
	struct vq_piece *first = r->chain.piece + (c->piece - r->chain.piece);

	r->piece = first;
	r->pieces = r->chain.readable - (unsigned int)(first - r->chain.piece);
	r->bytes = c->left;
	if (r->pieces > 0) {
		first->at += c->offset;
		first->len -= c->offset;
	}
	transfer(b, r, VBLK_WRITE, sector);
}

/* Return: VBLK_ERRORS, or why a range cannot be. */
static enum vblk_error add_range(const struct virtio_blk *b,
				 struct vblk_request *r, enum vblk_what what,
				 const struct segment *s)
{
	const uint32_t most = what == VBLK_ZERO ? VBLK_MAX_ZERO
						: VBLK_MAX_DISCARD;
	const uint64_t bytes = (uint64_t)s->sectors * VBLK_SECTOR;

	if (s->flags & ~UNMAP || (what == VBLK_DISCARD && s->flags))
		return VBLK_BAD_KIND;
	if (s->sectors > most || !on_disk(b, s->sector, bytes))
		return VBLK_BAD_RANGE;
	r->bytes += bytes;
	if (bytes > 0)
		r->range[r->ranges++] = (struct vblk_range){
			.at = s->sector * VBLK_SECTOR,
			.bytes = bytes,
			.unmap = what == VBLK_DISCARD || s->flags & UNMAP,
		};
	return VBLK_ERRORS;
}

static void take_ranges(struct virtio_blk *b, struct vblk_request *r,
			enum vblk_what what, struct vq_cursor *c)
{
	struct segment s;

	if (b->read_only) {
		refuse(b, r, VBLK_BAD_READ_ONLY);
		return;
	}
	if (c->left == 0 || c->left % sizeof(s) != 0 ||
	    c->left / sizeof(s) > VBLK_RANGES) {
		refuse(b, r, VBLK_BAD_REQUEST);
		return;
	}
	while (vq_read(c, &s, sizeof(s)) == sizeof(s)) {
		enum vblk_error why = add_range(b, r, what, &s);

		if (why != VBLK_ERRORS) {
			refuse(b, r, why);
			return;
		}
	}
	if (r->ranges > 0)
		r->what = what;
}

static void tell_id(const struct virtio_blk *b, const struct vblk_request *r)
{
	struct vq_cursor c = vq_writer(&r->chain);

	/* The last byte is the answer's. */
	c.left--;
	vq_write(&c, b->id, VBLK_ID);
}

static void sort(struct virtio_blk *b, struct vblk_request *r)
{
	struct vq_cursor c = vq_reader(&r->chain);
	struct header h;

	if (vq_read(&c, &h, sizeof(h)) != sizeof(h)) {
		refuse(b, r, VBLK_BAD_REQUEST);
	} else if (h.kind == KIND_IN) {
		take_in(b, r, h.sector);
	} else if (h.kind == KIND_OUT) {
		take_out(b, r, &c, h.sector);
	} else if (h.kind == KIND_FLUSH) {
		r->what = VBLK_FLUSH;
	} else if (h.kind == KIND_GET_ID) {
		tell_id(b, r);
	} else if (h.kind == KIND_DISCARD && b->features & VBLK_F_DISCARD) {
		take_ranges(b, r, VBLK_DISCARD, &c);
	} else if (h.kind == KIND_WRITE_ZEROES &&
		   b->features & VBLK_F_WRITE_ZEROES) {
		take_ranges(b, r, VBLK_ZERO, &c);
	} else {
		refuse(b, r, VBLK_BAD_KIND);
	}
}

/* Begin with a chain, of which nothing is known. Return: 1, or -1. */
static int begin(struct virtio_blk *b, struct vq *vq, struct vblk_request *r)
{
	const struct vq_piece *last = &r->chain.piece[r->chain.pieces - 1u];

	if (r->chain.out == 0) {
		vq->fault = VQ_NO_ANSWER;
		return -1;
	}
	r->what = VBLK_ANSWERED;
	r->answer = VBLK_OK;
	r->durable = false;
	r->bytes = 0;
	r->pieces = r->ranges = 0;
	r->status = last->at + last->len - 1;
	sort(b, r);
	return 1;
}

int virtio_blk_take(struct virtio_blk *b, struct vq *vq, struct vblk_request *r)
{
	int taken = vq_take(vq, &r->chain);

	return taken == 1 ? begin(b, vq, r) : taken;
}

int virtio_blk_retake(struct virtio_blk *b, struct vq *vq, uint16_t head,
		      struct vblk_request *r)
{
	int taken = vq_retake(vq, head, &r->chain);

	return taken == 1 ? begin(b, vq, r) : taken;
}

void virtio_blk_give(struct virtio_blk *b, struct vq *vq,
		     const struct vblk_request *r, enum vblk_status status)
{
	if (r->what != VBLK_ANSWERED && status != VBLK_OK) {
		b->failed[VBLK_BAD_DISK]++;
	} else if (r->what != VBLK_ANSWERED) {
		b->done[r->what]++;
		b->bytes[r->what] += r->bytes;
	}
	*(volatile uint8_t *)r->status = (uint8_t)status;
	vq_give(vq, r->chain.id, r->chain.slots, r->chain.out);
}
