/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Responses of the driver, as the block virtualiser hears them.  Each is a
 * claim that is held against the slot it names.
 */
#include "virt/blk_virt_impl.h"

/* The slot of a response, or NULL if the driver owes none. */
static struct bv_slot *slot_of(struct blk_virt *v, uint32_t id)
{
	uint32_t index = id & 0xffff;
	uint32_t uses = id >> 16;
	struct bv_slot *s;

	if (index > v->slots || v->slot[index].uses != uses || uses == 0) {
		bv_refuse(&v->driver, BLK_VIRT_UNKNOWN_ID);
		return NULL;
	}
	s = &v->slot[index];
	if (s->state != BV_SENT) {
		bv_refuse(&v->driver, BLK_VIRT_ANSWERED_TWICE);
		return NULL;
	}
	return s;
}

/* Make an honest response of one that was heard. */
static void correct(struct blk_virt *v, const struct bv_slot *s,
		    struct blk_response *r)
{
	if (s->count == 0)
		r->success_count = 0;
	if (r->status >= BLK_STATUSES) {
		bv_refuse(&v->driver, BLK_VIRT_BAD_STATUS);
		r->status = BLK_ERROR_IO;
		r->success_count = 0;
	} else if (r->success_count > s->count ||
		   (r->status == BLK_OK && r->success_count != s->count)) {
		bv_refuse(&v->driver, BLK_VIRT_BAD_SUCCESS);
		r->status = BLK_ERROR_IO;
		r->success_count = 0;
	}
}

static void count(struct blk_virt_side_stats *s, const struct bv_slot *slot,
		  const struct blk_response *r)
{
	if (r->status != BLK_OK)
		s->errors++;
	if (slot->code == BLK_READ)
		s->read_blocks += r->success_count;
	else
		s->written_blocks += r->success_count;
}

static void pass_on(struct blk_virt *v, struct bv_slot *s,
		    struct blk_response *r)
{
	struct bv_client *c = &v->client[s->client];

	correct(v, s, r);
	count(v->driver.stats, s, r);
	if (s->code == BLK_READ && c->data != NULL) {
		cache_invalidate(c->data + s->offset,
				 (size_t)s->count << BLK_SHIFT);
		v->unsynced = true;
	}
	/* A write that failed may have changed what it could. */
	if (s->code == BLK_WRITE)
		c->written++;
	else if (s->code == BLK_FLUSH && r->status == BLK_OK &&
		 s->block > c->flushed)
		c->flushed = s->block;
	if (bv_is_open(&c->peer)) {
		count(c->peer.stats, s, r);
		bv_answer(c, s->id, (enum blk_status)r->status,
			  r->success_count);
	}
	bv_slot_free(v, s);
}

bool bv_hear(struct blk_virt *v)
{
	struct bv_peer *d = &v->driver;
	uint32_t n, todo;

	if (!bv_is_open(d))
		return false;
	n = bv_checked(v, d, blk_ring_pending(&d->responses));
	todo = n < BLK_VIRT_BUDGET ? n : BLK_VIRT_BUDGET;
	for (uint32_t i = 0; i < todo; i++) {
		struct blk_response r = blk_response_peek(&d->responses, i);
		struct bv_slot *s = slot_of(v, r.id);

		if (s == NULL)
			continue;
		if (s == bv_table_slot(v)) {
			s->state = BV_FREE;
			bv_table_answer(v, r.status == BLK_OK);
		} else {
			pass_on(v, s, &r);
		}
	}
	if (todo > 0)
		blk_ring_release(&d->responses, todo);
	return n > todo;
}
