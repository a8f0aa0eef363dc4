/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk whose guest does what the fuzzer says (libFuzzer).
 *
 * The first bytes are the kind of ring and what the disk is like, then come
 * steps.  A request's header is one that could be meant, of which the script
 * changes some bytes; the requests that come out are done on a disk in memory,
 * and given back in any order.
 */
#include "tests/fuzz/script.h"

#include "virtio/blk.h"

#define SLOTS 8u
#define SECTORS 64u

static struct vq_rig ring;
static struct virtio_blk blk;
static struct vblk_request request[SLOTS];
static bool busy[SLOTS];
static uint8_t disk[SECTORS * VBLK_SECTOR];

/* A header, and behind it ranges that could be. */
static void write_request(struct script *s, uint8_t *at)
{
	static const uint32_t kinds[] = { 0, 1, 4, 8, 11, 13, 1, 0 };
	uint32_t kind = kinds[next(s) % 8];
	uint64_t sector = next(s) % (SECTORS + 2);

	memset(at, 0, 16);
	memcpy(at, &kind, sizeof(kind));
	memcpy(at + 8, &sector, sizeof(sector));
	for (unsigned int i = 1; i < 4; i++) {
		uint32_t sectors = next(s) % 8;

		sector = next(s) % SECTORS;
		memcpy(at + i * 16, &sector, sizeof(sector));
		memcpy(at + i * 16 + 8, &sectors, sizeof(sectors));
		at[i * 16 + 12] = next(s) % 8 == 0;
	}
	for (unsigned int wrong = next(s) % 3; wrong > 0; wrong--) {
		unsigned int where = next(s) % 64;

		at[where] = (uint8_t)next(s);
	}
}

/* Cut @left bytes from @from on. Return: pieces so far. */
static unsigned int cut(struct script *s, struct vr_piece *p, unsigned int n,
			uint32_t from, uint32_t left, bool write)
{
	for (unsigned int more = next(s) % 3; left > 0; more--) {
		uint32_t here = more == 0 ? left : next_word(s) % (left + 1);

		if (here > 0)
			p[n++] = (struct vr_piece){ VR_BASE + VR_DATA + from,
						    here, write };
		from += here;
		left -= here;
		if (more == 0)
			break;
	}
	return n;
}

static void ask(struct script *s)
{
	static const uint32_t usual[] = { 0, 1, 16, 32, 512, 1024, 528, 4096 };
	uint32_t in = usual[next(s) % 8] + usual[next(s) % 4];
	uint32_t out = usual[next(s) % 8] + next(s) % 3;
	struct vr_piece p[8];
	unsigned int n;

	write_request(s, ring.mem + VR_DATA);
	n = cut(s, p, 0, 0, in, false);
	n = cut(s, p, n, in, out, true);
	if (n > 0)
		vr_add(&ring, p, n, next(s) & 1);
}

/* Every byte of the pieces is touched, and all are as many as was said. */
static void transfer(const struct vblk_request *r)
{
	uint64_t done = 0;

	for (unsigned int i = 0; i < r->pieces; i++) {
		const struct vq_piece *p = &r->piece[i];

		must(p->len > 0 && done + p->len <= r->bytes);
		if (r->what == VBLK_READ)
			memcpy(p->at, disk + r->at + done, p->len);
		else
			memcpy(disk + r->at + done, p->at, p->len);
		done += p->len;
	}
	must(done == r->bytes);
}

static void check(const struct vblk_request *r)
{
	must(r->what != VBLK_WRITE || !blk.read_only);
	if (r->what == VBLK_READ || r->what == VBLK_WRITE) {
		must(r->at <= sizeof(disk) && r->bytes > 0 &&
		     r->bytes <= sizeof(disk) - r->at);
		transfer(r);
	}
	for (unsigned int i = 0; i < r->ranges; i++) {
		const struct vblk_range *range = &r->range[i];

		must(!blk.read_only && range->bytes > 0);
		must(range->at <= sizeof(disk) &&
		     range->bytes <= sizeof(disk) - range->at);
		if (r->what != VBLK_ANSWERED)
			memset(disk + range->at, 0, range->bytes);
	}
}

static void take(void)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		if (busy[i])
			continue;
		if (virtio_blk_take(&blk, &ring.vq, &request[i]) != 1)
			return;
		busy[i] = true;
		check(&request[i]);
		return;
	}
}

static void give(struct script *s)
{
	unsigned int i = next(s) % SLOTS;
	struct vblk_request *r = &request[i];

	if (!busy[i])
		return;
	busy[i] = false;
	virtio_blk_give(&blk, &ring.vq, r,
			r->what == VBLK_ANSWERED
				? r->answer
				: (enum vblk_status)(next(s) & 1));
}

/* The device dies, and takes again what it thinks it had. */
static void restart(struct script *s)
{
	vq_where(&ring.vq, &ring.config.next, &ring.config.used);
	must(vq_start(&ring.vq, &ring.memory, &ring.config) == VQ_STARTED);
	for (unsigned int i = 0; i < SLOTS; i++) {
		uint16_t head = request[i].chain.id;

		if (next(s) % 8 == 0)
			head = (uint16_t)next(s);
		if (busy[i] &&
		    virtio_blk_retake(&blk, &ring.vq, head, &request[i]) == 1)
			check(&request[i]);
		else
			busy[i] = false;
	}
}

static void step(struct script *s)
{
	switch (next(s) % 8) {
	case 0:
		spoil(&ring, s);
		break;
	case 1:
	case 2:
		ask(s);
		break;
	case 3:
		give(s);
		break;
	case 4:
		vq_publish(&ring.vq);
		vq_must_notify(&ring.vq);
		break;
	case 5:
		add(&ring, s, next(s) & 1);
		break;
	case 6:
		if (next(s) % 8 == 0)
			restart(s);
		break;
	default:
		take();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = { data, size };
	unsigned int how = next(&s);

	vr_begin(&ring, how & VR_PACKED, SLOTS, VR_FEATURES);
	blk = (struct virtio_blk){
		.sectors = SECTORS,
		.block = how & 2 ? 4096 : VBLK_SECTOR,
		.queues = 1,
		.read_only = how & 4,
		.discards = how & 8,
	};
	virtio_blk_agree(&blk, virtio_blk_offers(&blk) &
				       ~(how & 16 ? VBLK_F_FLUSH : 0));
	memset(busy, 0, sizeof(busy));
	while (s.left > 0)
		step(&s);
	vr_end(&ring);
	return 0;
}
