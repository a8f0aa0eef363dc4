/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slots of the block virtualiser: requests that are at the driver, or are to go
 * there.  A hash over client and id finds out whether an id is in use; its key
 * is secret, so a client cannot choose ids whose chain is long.
 */
#include "virt/blk_virt_impl.h"

static uint16_t *bucket_of(const struct blk_virt *v, uint32_t client,
			   uint32_t id)
{
	uint64_t h = hash_fold(v->key[0] ^ id, v->key[1] ^ client);

	return &v->bucket[h & (v->slots - 1)];
}

static uint32_t number_of(const struct blk_virt *v, const struct bv_client *c)
{
	return (uint32_t)(c - v->client);
}

bool bv_slot_find(const struct blk_virt *v, const struct bv_client *c,
		  uint32_t id)
{
	uint32_t client = number_of(v, c);
	uint16_t i = *bucket_of(v, client, id);

	while (i != BV_NO_SLOT &&
	       (v->slot[i].id != id || v->slot[i].client != client))
		i = v->slot[i].next;
	return i != BV_NO_SLOT;
}

struct bv_slot *bv_slot_take(struct blk_virt *v, struct bv_client *c,
			     const struct blk_request *r)
{
	uint16_t index = v->stack[--v->free_slots];
	struct bv_slot *s = &v->slot[index];
	uint16_t *bucket;

	s->client = (uint8_t)number_of(v, c);
	s->code = (uint8_t)r->code;
	s->id = r->id;
	if (r->code == BLK_FLUSH) {
		s->offset = 0;
		s->block = c->written;
		s->count = 0;
	} else {
		s->offset = r->io_or_offset;
		s->block = r->block;
		s->count = r->count;
	}
	s->state = BV_QUEUED;
	v->queued++;
	bucket = bucket_of(v, s->client, s->id);
	s->next = *bucket;
	*bucket = index;
	bv_set_outstanding(&c->peer, c->peer.outstanding + 1);
	c->blocks += s->count;
	c->writes += s->code == BLK_WRITE;
	bv_set_outstanding(&v->driver, v->driver.outstanding + 1);
	return s;
}

void bv_slot_free(struct blk_virt *v, struct bv_slot *s)
{
	struct bv_client *c = &v->client[s->client];
	uint16_t index = (uint16_t)(s - v->slot);
	uint16_t *link = bucket_of(v, s->client, s->id);

	while (*link != index)
		link = &v->slot[*link].next;
	*link = s->next;
	v->queued -= s->state == BV_QUEUED;
	s->state = BV_FREE;
	v->stack[v->free_slots++] = index;
	bv_set_outstanding(&c->peer, c->peer.outstanding - 1);
	c->blocks -= s->count;
	c->writes -= s->code == BLK_WRITE;
	bv_set_outstanding(&v->driver, v->driver.outstanding - 1);
}

void bv_slot_fail(struct blk_virt *v, struct bv_slot *s)
{
	struct bv_client *c = &v->client[s->client];

	if (bv_is_open(&c->peer)) {
		bv_answer(c, s->id, BLK_ERROR_NO_DEVICE, 0);
		c->peer.stats->errors++;
	}
	bv_slot_free(v, s);
}

/*
 * Before the device reads data, it must be in memory.  Before it writes some,
 * the cache must hold none that it could write back later.
 */
static void before_device(struct blk_virt *v, const struct bv_client *c,
			  const struct bv_slot *s)
{
	size_t size = (size_t)s->count << BLK_SHIFT;

	if (size == 0 || c->data == NULL)
		return;
	if (s->code == BLK_WRITE)
		cache_clean(c->data + s->offset, size);
	else
		cache_invalidate(c->data + s->offset, size);
	v->unsynced = true;
}

void bv_slot_send(struct blk_virt *v, struct bv_slot *s)
{
	const struct bv_client *c = &v->client[s->client];
	struct blk_request r = { .code = s->code };

	/* 0 is that of a slot that was never used. */
	if (++s->uses == 0)
		s->uses = 1;
	v->queued -= s->state == BV_QUEUED;
	s->state = BV_SENT;
	r.id = (uint32_t)s->uses << 16 | (uint32_t)(s - v->slot);
	if (s == bv_table_slot(v)) {
		r.io_or_offset = v->table_window;
		r.block = s->block;
		r.count = 1;
		cache_invalidate(v->table_page, BLK_SIZE);
		v->unsynced = true;
	} else if (s->count != 0) {
		r.io_or_offset = c->window + s->offset;
		r.block = c->told.first + s->block;
		r.count = s->count;
		before_device(v, c, s);
	}
	blk_request_put(&v->driver.requests, &r);
	v->driver.dirty = true;
	v->driver.stats->requests[r.code]++;
}
