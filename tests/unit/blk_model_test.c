/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Honest clients on one disk, at random, against a model.
 *
 * Clients read, write, flush and put barriers, many requests at a time, by
 * their end of the queues (virt/blk_client.h); the driver performs them in any
 * order, and dies now and then.  Each write to a block has a larger value than
 * the one before, and the model keeps the smallest and the largest that a block
 * may have:
 *
 *  - With `retry` the driver has a disk without a cache.  No client may see that
 *    it has died: everything succeeds, and a block is what was written last.
 *  - Without, the disk has a cache, and what was not flushed is lost with the
 *    driver or not, block by block.  What a flush has covered must be there; and
 *    after writes may have been lost no flush succeeds before one has failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/blk_rig.h"
#include "virt/blk_client.h"

#define CLIENTS 3u
#define STEPS 60000u

/* What the model knows of a block of a client's part. */
struct block {
	bool busy;	/* a question about it is out */
	uint32_t least; /* it has at least this value */
	uint32_t most;	/* and at most this one */
	uint32_t acked; /* of the last write that has succeeded */
	uint32_t safe;	/* of the last one that was flushed */
	/* What a flush that is out covers; a write that is out before it. */
	uint32_t covered;
	bool before;
};

struct asker {
	struct blk_client *c;
	void *memory;
	uint32_t value; /* of the last write */
	struct block block[BR_PART];
	bool flushing;
	bool lost; /* writes may be lost, and no flush has said so */
	/* By place in the region: the question whose data is there. */
	struct blk_question question[BR_REGION];
	bool out[BR_REGION];
	uint64_t reads, flushes, told, failed;
};

struct world {
	struct blk_rig *r;
	struct asker asker[CLIENTS];
	uint8_t *cache; /* of the disk */
	bool cached[BR_DISK];
	bool retry;
	uint64_t random;
};

static uint64_t below(struct world *w, uint64_t n)
{
	return br_random(&w->random) % n;
}

/* --- the driver --------------------------------------------------------- */

/* Some of the cache's blocks are on the disk; it is empty then. */
static void write_back(struct world *w, bool all)
{
	for (uint32_t b = 0; b < BR_DISK; b++) {
		if (w->cached[b] && (all || below(w, 2)))
			memcpy(w->r->disk + (size_t)b * BLK_SIZE,
			       w->cache + (size_t)b * BLK_SIZE, BLK_SIZE);
		w->cached[b] = false;
	}
}

static void perform(struct world *w, const struct blk_request *q)
{
	uint8_t *data = w->r->window + (q->io_or_offset - BR_WINDOW);
	uint8_t *cache = w->cache + q->block * BLK_SIZE;

	if (q->code == BLK_FLUSH) {
		write_back(w, true);
	} else if (q->code == BLK_WRITE && !w->retry) {
		memcpy(cache, data, BLK_SIZE);
		w->cached[q->block] = true;
	} else if (q->code == BLK_READ && w->cached[q->block]) {
		memcpy(data, cache, BLK_SIZE);
	} else {
		br_perform(w->r, q);
	}
}

/* All it was asked, in any order. */
static void work(struct world *w)
{
	struct blk_request q[32];
	uint32_t n = 0;

	while (n < 32 && br_asked(w->r, &q[n]))
		n++;
	while (n > 0) {
		uint32_t i = (uint32_t)below(w, n);

		perform(w, &q[i]);
		br_respond(w->r, q[i].id, BLK_OK, q[i].count);
		q[i] = q[--n];
	}
}

/* --- answers ------------------------------------------------------------ */

static uint32_t *word(struct world *w, uint32_t client, uint64_t place)
{
	return (uint32_t *)(br_data(w->r, client) + place * BLK_SIZE);
}

static void heard_flush(struct asker *a, enum blk_status status)
{
	a->flushing = false;
	a->flushes++;
	if (status == BLK_OK) {
		assert_false(a->lost);
		for (uint32_t b = 0; b < BR_PART; b++)
			a->block[b].safe = a->block[b].covered;
	}
	if (status == BLK_ERROR_IO) {
		a->lost = false;
		a->told++;
	}
}

static void heard(struct world *w, uint32_t client, const struct blk_answer *r)
{
	struct asker *a = &w->asker[client];
	const struct blk_question *q = &a->question[r->user];
	struct block *b = &a->block[q->block];
	uint32_t value = *word(w, client, r->user);

	assert_true(a->out[r->user]);
	a->out[r->user] = false;
	a->failed += r->status != BLK_OK;
	if (w->retry)
		assert_int_equal(r->status, BLK_OK);
	if (q->code == BLK_FLUSH)
		heard_flush(a, r->status);
	if (q->code >= BLK_FLUSH)
		return;
	b->busy = false;
	if (r->status == BLK_OK && q->code == BLK_READ) {
		assert_in_range(value, b->least, b->most);
		b->least = b->most = value;
		a->reads++;
	} else if (r->status == BLK_OK) {
		b->least = b->acked = value;
		if (b->before)
			b->covered = value;
	}
	b->before = false;
}

static void listen(struct world *w)
{
	struct blk_answer r[4];
	unsigned int n;

	for (uint32_t i = 0; i < CLIENTS; i++)
		while ((n = blk_client_poll(w->asker[i].c, r, 4)) > 0)
			for (unsigned int k = 0; k < n; k++)
				heard(w, i, &r[k]);
}

/* --- questions ---------------------------------------------------------- */

static void begin_flush(struct asker *a)
{
	a->flushing = true;
	for (uint32_t i = 0; i < BR_PART; i++) {
		struct block *b = &a->block[i];

		b->covered = b->acked;
		b->before = b->busy;
	}
}

/* Ask about a block about which nothing is out, or all of them. */
static void ask(struct world *w, uint32_t client)
{
	struct asker *a = &w->asker[client];
	uint64_t place = below(w, BR_REGION);
	struct blk_question q = { .code = (enum blk_code)below(w, 2),
				  .count = 1,
				  .block = below(w, BR_PART),
				  .offset = place * BLK_SIZE,
				  .user = place };
	struct block *b = &a->block[q.block];

	if (below(w, 10) == 0)
		q.code = below(w, 4) ? BLK_FLUSH : BLK_BARRIER;
	if (a->out[place] || (q.code < BLK_FLUSH && b->busy) ||
	    (q.code == BLK_FLUSH && a->flushing))
		return;
	*word(w, client, place) = q.code == BLK_WRITE ? a->value + 1 : 0;
	if (!blk_client_ask(a->c, &q))
		return;
	a->out[place] = true;
	a->question[place] = q;
	if (q.code == BLK_FLUSH)
		begin_flush(a);
	if (q.code >= BLK_FLUSH)
		return;
	b->busy = true;
	if (q.code == BLK_WRITE)
		b->most = ++a->value;
}

/* What was not flushed may be there or not, and somebody must be told. */
static void lose(struct asker *a)
{
	for (uint32_t i = 0; i < BR_PART; i++) {
		struct block *b = &a->block[i];

		a->lost |= b->acked > b->safe;
		b->acked = b->least = b->safe;
	}
}

static void die(struct world *w)
{
	struct blk_request q;

	br_run(w->r);
	listen(w);
	/* Some of what it was asked is done all the same. */
	while (below(w, 3) != 0 && br_asked(w->r, &q))
		perform(w, &q);
	write_back(w, false);
	br_ready(w->r, false);
	br_down(&w->r->driver);
	br_run(w->r);
	for (uint32_t i = 0; i < CLIENTS && !w->retry; i++)
		lose(&w->asker[i]);
	if (below(w, 2))
		listen(w);
	br_up(&w->r->driver);
	br_ready(w->r, true);
	br_run(w->r);
}

/* --- the world ---------------------------------------------------------- */

static void begin(struct world *w, bool retry)
{
	w->retry = retry;
	w->random = 3;
	w->r = br_make(CLIENTS);
	w->r->config.retry = retry;
	w->cache = calloc(BR_DISK, BLK_SIZE);
	assert_true(br_init(w->r));
	br_up(&w->r->driver);
	br_ready(w->r, true);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		struct br_peer *p = &w->r->client[i];
		struct blk_client_config config = {
			.requests = p->q.requests,
			.responses = p->q.responses,
			.info = &p->info,
			.capacity = BR_CAPACITY,
			.data_size = BR_REGION * BLK_SIZE,
			.link = &p->link,
		};
		size_t size = (blk_client_size(&config) + 63) & ~(size_t)63;
		struct asker *a = &w->asker[i];

		br_up(p);
		a->memory = aligned_alloc(64, size);
		a->c = blk_client_init(a->memory, size, &config);
		assert_non_null(a->c);
	}
	br_run(w->r);
}

static void end(struct world *w)
{
	for (uint32_t i = 0; i < CLIENTS; i++)
		free(w->asker[i].memory);
	free(w->cache);
	br_free(w->r);
}

static void live(struct world *w)
{
	for (uint32_t n = 0; n < STEPS; n++) {
		uint32_t i = (uint32_t)below(w, CLIENTS);

		ask(w, i);
		if (below(w, 3) == 0)
			blk_client_submit(w->asker[i].c);
		if (below(w, 8) == 0)
			br_run(w->r);
		if (below(w, 16) == 0)
			work(w);
		if (below(w, 16) == 0)
			listen(w);
		if (below(w, 500) == 0)
			die(w);
	}
	/* Everything that was asked is answered in the end. */
	for (uint32_t i = 0; i < CLIENTS; i++)
		blk_client_submit(w->asker[i].c);
	for (uint32_t n = 0; n < 4 * BR_CAPACITY; n++) {
		br_run(w->r);
		work(w);
		br_run(w->r);
		listen(w);
	}
	for (uint32_t i = 0; i < CLIENTS; i++) {
		assert_int_equal(blk_client_outstanding(w->asker[i].c), 0);
		assert_int_equal(blk_client_counters(w->asker[i].c).bad_answers,
				 0);
		assert_int_equal(w->r->stats.client[i].outstanding, 0);
	}
}

static void with_retry_nobody_sees_that_a_driver_died(void **state)
{
	struct world w = { 0 };

	(void)state;
	begin(&w, true);
	live(&w);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		assert_int_equal(w.asker[i].failed, 0);
		assert_true(w.asker[i].reads > 1000);
		assert_true(w.r->stats.client[i].retried > 10);
	}
	end(&w);
}

static void without_what_was_flushed_is_there(void **state)
{
	struct world w = { 0 };

	(void)state;
	begin(&w, false);
	live(&w);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		assert_true(w.asker[i].reads > 1000);
		assert_true(w.asker[i].flushes > 100);
		assert_true(w.asker[i].told > 5);
		assert_true(w.asker[i].failed > 10);
		assert_int_equal(w.r->stats.client[i].retried, 0);
	}
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_retry_nobody_sees_that_a_driver_died),
		cmocka_unit_test(without_what_was_flushed_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
