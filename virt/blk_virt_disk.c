/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is there a disk behind the driver, and where are the clients' parts of it?
 *
 * Each time the driver's disk becomes ready, its table is read, block by block
 * and before any client's request is put to the driver.  Then each client gets
 * its part.  In one epoch of a client its part is always the same blocks: a
 * disk whose table says otherwise is another disk, or the wrong one.
 */
#include "virt/blk_virt_impl.h"

/* Bytes of a disk have to be countable. */
#define MAX_BLOCKS (1ull << (63 - BLK_SHIFT))

/* --- parts -------------------------------------------------------------- */

static bool is_in_table(const struct blk_table_want *w)
{
	return w->number != 0 || w->name[0] != 0;
}

static bool needs_table(const struct blk_virt *v)
{
	for (uint32_t i = 0; i < v->clients; i++)
		if (is_in_table(&v->want[i]))
			return true;
	return false;
}

/* A client's part, whatever the others have. */
static struct bv_part place(const struct blk_virt *v, const struct bv_client *c)
{
	uint64_t disk = v->disk.capacity << BLK_SHIFT;
	uint64_t first = c->want->first;
	uint64_t size = c->want->size;
	struct bv_part part = { .why = BLK_PART_OUTSIDE };

	if (is_in_table(c->want)) {
		if (c->want->why != BLK_PART_OK) {
			part.why = c->want->why;
			return part;
		}
	} else {
		if (first > disk || size > disk - first)
			return part;
		if (size == 0)
			size = disk - first;
	}
	part.first = first >> BLK_SHIFT;
	part.blocks = size >> BLK_SHIFT;
	part.read_only = c->read_only || v->disk.read_only;
	if (first % BLK_SIZE != 0)
		part.why = BLK_PART_MISALIGNED;
	else if (part.blocks == 0)
		part.why = BLK_PART_TOO_SMALL;
	else
		part.why = BLK_PART_OK;
	return part;
}

static bool clash(const struct bv_part *a, const struct bv_part *b)
{
	return a->why == BLK_PART_OK && b->why == BLK_PART_OK &&
	       !(a->read_only && b->read_only) &&
	       a->first < b->first + b->blocks &&
	       b->first < a->first + a->blocks;
}

/* Of two clients whose parts clash, the first in the configuration has it. */
static void place_all(struct blk_virt *v)
{
	for (uint32_t i = 0; i < v->clients; i++) {
		struct bv_part *part = &v->client[i].part;

		*part = place(v, &v->client[i]);
		for (uint32_t j = 0; j < i; j++)
			if (clash(part, &v->client[j].part))
				part->why = BLK_PART_OVERLAP;
	}
}

/* --- clients ------------------------------------------------------------ */

static void set_ready(struct bv_client *c, bool ready)
{
	blk_info_set_ready(c->peer.q.info, ready);
	c->peer.notify = true;
}

static bool same_part(const struct bv_part *a, const struct bv_part *b)
{
	return a->first == b->first && a->blocks == b->blocks &&
	       a->read_only == b->read_only;
}

static void cut_off(struct blk_virt *v, struct bv_client *c,
		    enum blk_part_reason why)
{
	c->peer.stats->why = why;
	bv_set_state(&c->peer, BLK_VIRT_REFUSED);
	set_ready(c, false);
	for (uint32_t i = 0; i < v->slots; i++)
		if (v->slot[i].state == BV_QUEUED &&
		    &v->client[v->slot[i].client] == c)
			bv_slot_fail(v, &v->slot[i]);
}

static void tell(const struct blk_virt *v, struct bv_client *c)
{
	struct blk_info *info = c->peer.q.info;
	uint32_t depth = c->peer.q.capacity;

	c->told = c->part;
	c->peer.stats->first = c->told.first;
	c->peer.stats->blocks = c->told.blocks;
	info->read_only = c->told.read_only;
	info->sector_size = v->disk.sector_size;
	info->block_size = v->disk.block_size;
	info->queue_depth = (uint16_t)(depth < v->share ? depth : v->share);
	info->capacity = c->told.blocks;
}

void bv_admit(struct blk_virt *v, struct bv_client *c)
{
	if (!bv_is_up(&v->driver))
		return;
	if (c->part.why != BLK_PART_OK) {
		cut_off(v, c, c->part.why);
		return;
	}
	if (c->told.why == BLK_PART_OK && !same_part(&c->told, &c->part)) {
		cut_off(v, c, BLK_PART_CHANGED);
		return;
	}
	if (c->told.why != BLK_PART_OK)
		tell(v, c);
	bv_set_state(&c->peer, BLK_VIRT_UP);
	set_ready(c, true);
}

void bv_suspend(struct blk_virt *v)
{
	v->reading = false;
	for (uint32_t i = 0; i < v->clients; i++) {
		struct bv_client *c = &v->client[i];

		if (!bv_is_up(&c->peer))
			continue;
		bv_set_state(&c->peer, BLK_VIRT_WAITING);
		if (v->retry)
			continue;
		c->lost |= c->written != c->flushed;
		c->flushed = c->written;
		set_ready(c, false);
	}
}

/* --- the driver's disk -------------------------------------------------- */

static void disk_is_there(struct blk_virt *v)
{
	v->reading = false;
	bv_set_state(&v->driver, BLK_VIRT_UP);
	place_all(v);
	for (uint32_t i = 0; i < v->clients; i++)
		if (v->client[i].peer.state == BLK_VIRT_WAITING)
			bv_admit(v, &v->client[i]);
}

/* Read on, if the last block has come and the driver has room. */
static void read_table(struct blk_virt *v)
{
	struct bv_slot *s = bv_table_slot(v);
	uint64_t block;

	if (s->state != BV_FREE)
		return;
	if (!blk_table_next(&v->table, &block)) {
		disk_is_there(v);
		return;
	}
	if (bv_checked(v, &v->driver, blk_ring_room(&v->driver.requests)) == 0)
		return;
	s->block = block;
	bv_slot_send(v, s);
}

void bv_table_answer(struct blk_virt *v, bool ok)
{
	if (!v->reading)
		return;
	if (ok) {
		cache_invalidate(v->table_page, BLK_SIZE);
		cache_sync();
		memcpy(v->copy, v->table_page, BLK_SIZE);
	}
	blk_table_take(&v->table, ok ? v->copy : NULL);
	read_table(v);
}

/* The driver says that its disk is ready. */
static void begin(struct blk_virt *v)
{
	struct bv_peer *d = &v->driver;

	v->disk = blk_info_read(d->q.info);
	d->stats->blocks = v->disk.capacity;
	if (v->disk.capacity == 0 || v->disk.capacity > MAX_BLOCKS ||
	    (v->disk.sector_size != 512 && v->disk.sector_size != BLK_SIZE)) {
		d->stats->why = BLK_PART_OUTSIDE;
		bv_set_state(d, BLK_VIRT_REFUSED);
		return;
	}
	if (!needs_table(v)) {
		disk_is_there(v);
		return;
	}
	if (blk_table_start(&v->table, v->disk.sector_size, v->disk.capacity,
			    v->want, v->clients) == 0)
		v->reading = true;
	else
		disk_is_there(v);
}

void bv_look_at_disk(struct blk_virt *v)
{
	struct bv_peer *d = &v->driver;
	bool ready;

	if (d->state != BLK_VIRT_UP && d->state != BLK_VIRT_WAITING)
		return;
	ready = blk_info_is_ready(d->q.info);
	if (!ready && (bv_is_up(d) || v->reading)) {
		bv_set_state(d, BLK_VIRT_WAITING);
		bv_suspend(v);
	} else if (ready && !bv_is_up(d) && !v->reading &&
		   bv_table_slot(v)->state == BV_FREE) {
		begin(v);
	}
	if (v->reading)
		read_table(v);
}
