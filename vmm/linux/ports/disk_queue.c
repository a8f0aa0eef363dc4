/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk behind a driver VM: see disk.h and virt/blk_client.h.
 *
 * The guest's memory is not the driver's: data is copied, once, between it and
 * our data region, which the disk reads and writes.  The region is cut into
 * slots, and each question has one; a request that needs more is several
 * questions, of which as many are under way as there are slots.
 *
 * How large the disk is, the virtualiser knows when its driver is there.  Before
 * that nobody is let in, so that no guest finds a disk without a size.
 *
 * A disk has blocks of BLK_SIZE here, and its guest is told.  What is not whole
 * blocks fails.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "virt/blk_client.h"
#include "vmm/linux/ports/disk.h"

/* Bytes of a slot, and how many there can be. */
#define SLOT 0x8000u
#define SLOTS 256u
/* Answers taken at a time. */
#define ANSWERS 32u

_Static_assert(SLOT % BLK_SIZE == 0, "whole blocks");

/* A question; its number is that of its slot. */
struct part {
	struct disk_job *job; /* NULL: nobody waits for it any more */
	uint64_t offset;      /* of its data in the request's */
	uint32_t len;
	struct part *next; /* that are not used */
};

/* What is known of a request, beside struct disk_job. */
struct progress {
	uint64_t asked;	  /* bytes of what is being asked: data, or a range */
	unsigned int out; /* questions that are not answered */
	bool flush;	  /* one is to be asked, when the others are answered */
	bool failed;
};

/**
 * struct queue - the store's state
 * @client:  our end of the connection
 * @data:    our data region
 * @free:    slots
 * @current: a request that is not asked as a whole yet
 */
struct queue {
	struct blk_client *client;
	uint8_t *data;
	struct part part[SLOTS];
	struct part *free;
	struct disk_job *current;
	struct progress job[DISK_JOBS];
};

static struct queue *queue_of(const struct component *c)
{
	return ((struct disk *)c->state)->state;
}

static uint8_t *slot_of(const struct queue *q, const struct part *part)
{
	return q->data + (size_t)(part - q->part) * SLOT;
}

/* --- data --------------------------------------------------------------- */

/* Copy between a slot and the guest's memory, from @offset of the data on. */
static void copy(const struct vblk_request *r, uint64_t offset, uint8_t *slot,
		 uint32_t len)
{
	for (unsigned int i = 0; i < r->pieces && len > 0; i++) {
		const struct vq_piece *piece = &r->piece[i];
		uint32_t here;

		if (offset >= piece->len) {
			offset -= piece->len;
			continue;
		}
		here = piece->len - (uint32_t)offset;
		if (here > len)
			here = len;
		if (r->what == VBLK_READ)
			memcpy(piece->at + offset, slot, here);
		else
			memcpy(slot, piece->at + offset, here);
		slot += here;
		len -= here;
		offset = 0;
	}
}

/* --- asking ------------------------------------------------------------- */

static bool ask(struct queue *q, struct disk_job *job, enum blk_code code,
		uint64_t at, uint32_t len)
{
	struct part *part = q->free;
	struct blk_question question = { .code = code };

	if (part == NULL)
		return false;
	question.count = (uint16_t)(len / BLK_SIZE);
	question.block = at / BLK_SIZE;
	question.offset = (uint64_t)(part - q->part) * SLOT;
	question.user = (uint64_t)(part - q->part);
	if (!blk_client_ask(q->client, &question))
		return false;
	q->free = part->next;
	part->job = job;
	part->offset = q->job[job->number].asked;
	part->len = len;
	q->job[job->number].out++;
	return true;
}

/* Where what is being asked lies on the disk. */
static struct vblk_range extent(const struct disk_job *job)
{
	if (job->r.what == VBLK_ZERO)
		return job->r.range[job->range];
	return (struct vblk_range){ .at = job->r.at, .bytes = job->r.bytes };
}

static bool whole_blocks(const struct disk_job *job)
{
	if (job->r.what != VBLK_ZERO)
		return (job->r.at | job->r.bytes) % BLK_SIZE == 0;
	for (unsigned int i = 0; i < job->r.ranges; i++)
		if ((job->r.range[i].at | job->r.range[i].bytes) % BLK_SIZE !=
		    0)
			return false;
	return true;
}

/* The next question of a transfer; false: not now. */
static bool ask_next(struct component *c, struct disk_job *job,
		     const struct vblk_range *all)
{
	struct queue *q = queue_of(c);
	struct disk *d = c->state;
	struct progress *p = &q->job[job->number];
	uint64_t left = all->bytes - p->asked;
	uint32_t len = left < SLOT ? (uint32_t)left : SLOT;
	const enum blk_code code = job->r.what == VBLK_READ ? BLK_READ
							    : BLK_WRITE;
	struct part *part = q->free;

	if (part == NULL)
		return false;
	if (job->r.what == VBLK_ZERO)
		memset(slot_of(q, part), 0, len);
	else if (code == BLK_WRITE)
		copy(&job->r, p->asked, slot_of(q, part), len);
	if (!ask(q, job, code, all->at + p->asked, len))
		return false;
	if (job->r.what == VBLK_WRITE)
		disk_count(&d->stats->copied, len);
	p->asked += len;
	return true;
}

/* Return: whether all of it was asked. */
static bool ask_all(struct component *c, struct disk_job *job)
{
	struct queue *q = queue_of(c);
	struct progress *p = &q->job[job->number];

	while (!p->failed) {
		struct vblk_range all = extent(job);

		if (p->asked < all.bytes) {
			if (!ask_next(c, job, &all))
				return false;
		} else if (job->r.what == VBLK_ZERO &&
			   job->range + 1 < job->r.ranges) {
			job->range++;
			p->asked = 0;
		} else {
			break;
		}
	}
	return true;
}

/* --- ending ------------------------------------------------------------- */

static void end(struct component *c, struct disk_job *job)
{
	if (queue_of(c)->job[job->number].failed)
		disk_failed(c, job, EIO);
	else
		disk_done(c, job, VBLK_OK);
}

/* All was asked, and all is answered: flush, or end. */
static void settle(struct component *c, struct disk_job *job)
{
	struct queue *q = queue_of(c);
	struct progress *p = &q->job[job->number];

	if (p->out > 0 || job == q->current)
		return;
	if (!p->flush || p->failed) {
		end(c, job);
		return;
	}
	if (ask(q, job, BLK_FLUSH, 0, 0))
		p->flush = false;
	else
		q->current = job;
}

/* Go on with the request that had no room. */
static void go_on(struct component *c)
{
	struct queue *q = queue_of(c);
	struct disk_job *job = q->current;

	if (job == NULL || !ask_all(c, job))
		return;
	q->current = NULL;
	settle(c, job);
}

static bool store_start(struct component *c, struct disk_job *job)
{
	struct queue *q = queue_of(c);
	struct progress *p = &q->job[job->number];

	if (q->current != NULL || q->free == NULL ||
	    blk_client_state(q->client) != BLK_CLIENT_UP)
		return false;
	*p = (struct progress){ .flush = job->r.durable ||
					 job->r.what == VBLK_FLUSH };
	/* What is discarded may keep its content. */
	if (job->r.what == VBLK_DISCARD) {
		disk_done(c, job, VBLK_OK);
		return true;
	}
	if (job->r.what != VBLK_FLUSH) {
		p->failed = !whole_blocks(job);
		q->current = job;
		go_on(c);
	} else {
		settle(c, job);
	}
	return true;
}

static void store_submit(struct component *c)
{
	struct queue *q = queue_of(c);

	if (blk_client_submit(q->client))
		pd_ring(c, c->cfg->disk.blk.channel);
}

static void take(struct component *c, const struct blk_answer *answer)
{
	struct queue *q = queue_of(c);
	struct disk *d = c->state;
	struct part *part = &q->part[answer->user];
	struct disk_job *job = part->job;

	part->job = NULL;
	part->next = q->free;
	q->free = part;
	if (job == NULL)
		return;
	q->job[job->number].out--;
	if (answer->status != BLK_OK) {
		q->job[job->number].failed = true;
	} else if (job->r.what == VBLK_READ) {
		copy(&job->r, part->offset, slot_of(q, part), part->len);
		disk_count(&d->stats->copied, part->len);
	}
	settle(c, job);
}

/* Until the disk's size is known, nobody has been let in. */
static void learn(struct component *c)
{
	const struct queue *q = queue_of(c);
	struct disk *d = c->state;
	const struct blk_geometry *g;

	if (d->blk.sectors > 0 ||
	    blk_client_state(queue_of(c)->client) != BLK_CLIENT_UP)
		return;
	g = blk_client_geometry(q->client);
	d->blk.read_only |= g->read_only;
	d->blk.sectors = g->capacity * (BLK_SIZE / VBLK_SECTOR);
}

static void store_reap(struct component *c)
{
	struct queue *q = queue_of(c);
	struct blk_answer answer[ANSWERS];
	unsigned int n;

	learn(c);
	do {
		n = blk_client_poll(q->client, answer, ANSWERS);
		for (unsigned int i = 0; i < n; i++)
			take(c, &answer[i]);
	} while (n == ANSWERS);
	go_on(c);
	store_submit(c);
}

/* Slots of questions under way stay taken until they are answered. */
static void store_abandon(struct component *c)
{
	struct queue *q = queue_of(c);

	for (unsigned int i = 0; i < SLOTS; i++)
		q->part[i].job = NULL;
	q->current = NULL;
}

static bool store_arm(struct component *c)
{
	return blk_client_arm(queue_of(c)->client);
}

/* --- setting up --------------------------------------------------------- */

static int make_client(struct component *c, struct queue *q)
{
	const struct sys_blk_wire *wire = &c->cfg->disk.blk;
	struct blk_client_config config = {
		.requests = pd_region(c, wire->request, NULL),
		.responses = pd_region(c, wire->response, NULL),
		.info = pd_region(c, wire->info, NULL),
		.capacity = wire->capacity,
		.link = pd_region(c, wire->link, NULL),
	};
	size_t size;
	void *memory;

	q->data = pd_region(c, wire->data, &config.data_size);
	size = blk_client_size(&config);
	if (size == 0 || config.data_size < SLOT)
		return -EINVAL;
	memory = pd_memory(size);
	if (memory == NULL)
		return -ENOMEM;
	q->client = blk_client_init(memory, size, &config);
	for (size_t i = 0; i < SLOTS && i < config.data_size / SLOT; i++) {
		q->part[i].next = q->free;
		q->free = &q->part[i];
	}
	return 0;
}

static int store_init(struct component *c)
{
	struct disk *d = c->state;
	struct queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return -ENOMEM;
	d->state = q;
	d->blk.block = BLK_SIZE;
	atomic_store(&d->stats->by, DISK_BY_QUEUE);
	return make_client(c, q);
}

const struct disk_store disk_queue = {
	.init = store_init,
	.start = store_start,
	.submit = store_submit,
	.reap = store_reap,
	.abandon = store_abandon,
	.arm = store_arm,
};
