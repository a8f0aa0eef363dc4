/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/driver_blk_rig.h"

static void *memory(size_t size)
{
	void *p = aligned_alloc(BLK_SIZE, (size + 4095) & ~(size_t)4095);

	assert_non_null(p);
	return memset(p, 0, size);
}

/* --- the disk ----------------------------------------------------------- */

static struct db_disk *owner(struct blk_disk *disk)
{
	return (struct db_disk *)(void *)((char *)disk -
					  offsetof(struct db_disk, disk));
}

/* Whatever the other side does: nothing impossible comes here. */
static void begin(struct blk_disk *disk, unsigned int tag, enum blk_code code,
		  void *data, size_t len, uint64_t at)
{
	struct db_disk *d = owner(disk);
	uint8_t *p = data;

	assert_true(d->n < BLK_DEPTH && tag < BLK_DEPTH);
	for (unsigned int i = 0; i < d->n; i++)
		assert_int_not_equal(d->begun[i].tag, tag);
	if (code != BLK_FLUSH) {
		assert_true(len > 0 && at < disk->size &&
			    len <= disk->size - at);
		assert_true(p >= d->lower && p < d->upper &&
			    len <= (size_t)(d->upper - p));
		assert_true(code == BLK_READ || !disk->read_only);
	}
	d->begun[d->n++] = (struct db_begun){ tag, code, data, len, at };
}

static void submit(struct blk_disk *disk)
{
	struct db_disk *d = owner(disk);

	disk->batches += d->given < d->n;
	d->given = d->n;
}

static bool done(struct blk_disk *disk, unsigned int *tag, int *result)
{
	struct db_disk *d = owner(disk);

	if (d->ended == 0)
		return false;
	*tag = d->tag[0];
	*result = d->result[0];
	d->ended--;
	memmove(d->tag, d->tag + 1, d->ended * sizeof(d->tag[0]));
	memmove(d->result, d->result + 1, d->ended * sizeof(d->result[0]));
	return true;
}

void db_end(struct db_rig *r, unsigned int index, int result)
{
	struct db_disk *d = &r->disk;

	assert_true(index < d->given && d->ended < BLK_DEPTH);
	d->tag[d->ended] = d->begun[index].tag;
	d->result[d->ended++] = result;
	d->n--;
	d->given--;
	memmove(d->begun + index, d->begun + index + 1,
		(d->n - index) * sizeof(d->begun[0]));
}

void db_do(struct db_rig *r, unsigned int count)
{
	struct db_disk *d = &r->disk;

	while (count-- > 0) {
		const struct db_begun *b = &d->begun[0];

		assert_true(d->given > 0);
		if (b->code == BLK_READ)
			memcpy(b->data, d->memory + b->at, b->len);
		else if (b->code == BLK_WRITE)
			memcpy(d->memory + b->at, b->data, b->len);
		db_end(r, 0, (int)b->len);
	}
}

/* --- the other side ----------------------------------------------------- */

static const struct blk_disk_ops ops = { begin, submit, done };

struct db_rig *db_make(bool bounce)
{
	struct db_rig *r = memory(sizeof(*r));
	struct db_disk *d = &r->disk;

	r->config = (struct blk_config){
		.requests = memory(blk_request_region_size(DB_CAPACITY)),
		.responses = memory(blk_response_region_size(DB_CAPACITY)),
		.capacity = DB_CAPACITY,
		.info = &r->info,
		.window = memory(DB_WINDOW),
		.window_size = DB_WINDOW,
		.link = &r->link,
		.status = &r->status,
		.doorbells = r->doorbell,
		.copy = copy_for(false),
	};
	d->lower = r->config.window;
	d->upper = d->lower + DB_WINDOW;
	if (bounce) {
		r->config.bounce = memory((size_t)BLK_DEPTH * BLK_BOUNCE);
		d->lower = r->config.bounce;
		d->upper = d->lower + (size_t)BLK_DEPTH * BLK_BOUNCE;
	}
	d->memory = memory((size_t)DB_BLOCKS * BLK_SIZE);
	d->disk = (struct blk_disk){ .ops = &ops,
				     .size = (uint64_t)DB_BLOCKS * BLK_SIZE,
				     .sector = 512,
				     .serial = "made of memory" };
	assert_int_equal(blk_init(&r->blk, &r->config), 0);
	blk_ready(&r->blk, &d->disk);
	db_up(r);
	db_run(r);
	return r;
}

void db_free(struct db_rig *r)
{
	free(r->config.requests);
	free(r->config.responses);
	free(r->config.window);
	free(r->config.bounce);
	free(r->disk.memory);
	free(r);
}

void db_down(struct db_rig *r)
{
	atomic_store(&r->link.epoch, (atomic_load(&r->link.epoch) + 2) & ~1u);
}

void db_up(struct db_rig *r)
{
	const struct blk_config *c = &r->config;

	memset(c->requests, 0, blk_request_region_size(DB_CAPACITY));
	memset(c->responses, 0, blk_response_region_size(DB_CAPACITY));
	blk_ring_init(&r->requests, &c->requests->ring, DB_CAPACITY);
	blk_ring_init(&r->responses, &c->responses->ring, DB_CAPACITY);
	atomic_store(&r->link.epoch, (atomic_load(&r->link.epoch) + 1) | 1u);
}

void db_ask(struct db_rig *r, uint32_t id, uint32_t code, uint64_t offset,
	    uint64_t block, uint16_t count)
{
	const struct blk_request q = { .code = code,
				       .io_or_offset = offset,
				       .block = block,
				       .count = count,
				       .id = id };

	blk_request_put(&r->requests, &q);
	blk_ring_publish(&r->requests);
}

bool db_take(struct db_rig *r, struct blk_response *out)
{
	if (blk_ring_pending(&r->responses) <= 0)
		return false;
	*out = blk_response_peek(&r->responses, 0);
	blk_ring_release(&r->responses, 1);
	return true;
}

void db_answered(struct db_rig *r, uint32_t id, enum blk_status status,
		 uint16_t count)
{
	struct blk_response got;

	assert_true(db_take(r, &got));
	assert_int_equal(got.id, id);
	assert_int_equal(got.status, status);
	assert_int_equal(got.success_count, count);
}

void db_unanswered(struct db_rig *r)
{
	assert_int_equal(blk_ring_pending(&r->responses), 0);
}

void db_run(struct db_rig *r)
{
	unsigned int rounds = 0;

	do {
		assert_true(rounds++ < 1000);
		while (blk_run(&r->blk))
			assert_true(rounds++ < 1000);
	} while (blk_arm(&r->blk));
}
