/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block virtualiser with a hostile client or a hostile driver.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <cmocka.h>

#include "tests/unit/blk_rig.h"

#define ALL_OF(array) (sizeof(array) / sizeof((array)[0]))

/* --- requests ----------------------------------------------------------- */

static void hc07_an_id_in_use_is_refused(void **state)
{
	struct blk_rig *r = br_start(2);
	struct blk_request q;

	(void)state;
	br_read(&r->client[0], 5, 0, 1, 0);
	br_write(&r->client[0], 5, 1, 1, 1);
	/* That of another client is nobody's business. */
	br_read(&r->client[1], 5, 0, 1, 0);
	br_run(r);
	br_expect(&r->client[0], 5, BLK_ERROR_PARAMETER, 0);
	br_expect_none(&r->client[1]);
	assert_int_equal(br_refused(r, 0, BLK_VIRT_ID_IN_USE), 1);
	br_work(r);
	br_expect(&r->client[0], 5, BLK_OK, 1);
	br_expect(&r->client[1], 5, BLK_OK, 1);
	/* It may be used again. */
	br_read(&r->client[0], 5, 0, 1, 0);
	br_run(r);
	assert_true(br_asked(r, &q));
	br_free(r);
}

/* --- responses ---------------------------------------------------------- */

static void hc07_responses_to_nothing_are_refused(void **state)
{
	struct blk_rig *r = br_start(2);
	struct blk_request q, next;

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		br_respond(r, i << 16 | i, BLK_OK, 1);
	br_respond(r, UINT32_MAX, BLK_OK, 1);
	br_run(r);
	assert_int_equal(br_lied(r, BLK_VIRT_UNKNOWN_ID), 6);

	br_read(&r->client[0], 1, 0, 1, 0);
	br_run(r);
	assert_true(br_asked(r, &q));
	/* Right slot, wrong use; right use, other slots. */
	br_respond(r, q.id + (1 << 16), BLK_OK, 1);
	br_respond(r, q.id ^ 1, BLK_OK, 1);
	br_run(r);
	br_expect_none(&r->client[0]);
	assert_int_equal(br_lied(r, BLK_VIRT_UNKNOWN_ID), 8);
	br_respond(r, q.id, BLK_OK, 1);
	br_respond(r, q.id, BLK_OK, 1);
	br_run(r);
	br_expect(&r->client[0], 1, BLK_OK, 1);
	br_expect_none(&r->client[0]);
	assert_int_equal(br_lied(r, BLK_VIRT_ANSWERED_TWICE), 1);

	/* The slot is used again, by another client: the old id is stale. */
	br_read(&r->client[1], 2, 0, 1, 0);
	br_run(r);
	assert_true(br_asked(r, &next));
	assert_int_equal(next.id & 0xffff, q.id & 0xffff);
	br_respond(r, q.id, BLK_OK, 1);
	br_run(r);
	br_expect_none(&r->client[0]);
	br_expect_none(&r->client[1]);
	br_free(r);
}

static void responses_that_cannot_be_are_errors(void **state)
{
	static const struct {
		uint32_t status;
		uint16_t count;
		enum blk_virt_reason why;
	} lie[] = {
		{ BLK_STATUSES, 4, BLK_VIRT_BAD_STATUS },
		{ UINT32_MAX, 0, BLK_VIRT_BAD_STATUS },
		{ BLK_OK, 5, BLK_VIRT_BAD_SUCCESS },
		{ BLK_OK, UINT16_MAX, BLK_VIRT_BAD_SUCCESS },
		{ BLK_OK, 3, BLK_VIRT_BAD_SUCCESS },
		{ BLK_ERROR_IO, 5, BLK_VIRT_BAD_SUCCESS },
	};
	struct blk_rig *r = br_start(1);
	struct blk_request q;

	(void)state;
	for (uint32_t i = 0; i < ALL_OF(lie); i++) {
		uint64_t before = br_lied(r, lie[i].why);

		br_read(&r->client[0], i, 0, 4, 0);
		br_run(r);
		assert_true(br_asked(r, &q));
		br_respond(r, q.id, lie[i].status, lie[i].count);
		br_run(r);
		br_expect(&r->client[0], i, BLK_ERROR_IO, 0);
		assert_int_equal(br_lied(r, lie[i].why), before + 1);
	}
	/* What a flush says there means nothing. */
	br_flush(&r->client[0], 9);
	br_run(r);
	assert_true(br_asked(r, &q));
	br_respond(r, q.id, BLK_OK, 77);
	br_run(r);
	br_expect(&r->client[0], 9, BLK_OK, 0);
	br_free(r);
}

static void an_impossible_disk_is_none(void **state)
{
	static const struct {
		uint64_t capacity;
		uint16_t sector_size;
	} bad[] = {
		{ 0, 512 },	     { BR_DISK, 0 },
		{ BR_DISK, 513 },    { BR_DISK, 1024 },
		{ UINT64_MAX, 512 }, { (1ull << 51) + 1, 512 },
	};

	(void)state;
	for (uint32_t i = 0; i < ALL_OF(bad); i++) {
		struct blk_rig *r = br_make(1);

		assert_true(br_init(r));
		br_up(&r->driver);
		br_up(&r->client[0]);
		br_ready(r, true);
		r->driver.info.capacity = bad[i].capacity;
		r->driver.info.sector_size = bad[i].sector_size;
		br_run(r);
		assert_int_equal(r->stats.driver.state, BLK_VIRT_REFUSED);
		assert_int_equal(r->stats.client[0].state, BLK_VIRT_WAITING);
		assert_false(blk_info_is_ready(&r->client[0].info));
		br_free(r);
	}
}

/* --- rings -------------------------------------------------------------- */

static void hc24_forged_indices_stop_one_client(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct blk_rig *r = br_start(2);
		struct br_peer *c = &r->client[0];
		struct blk_virt_side_stats *s = &r->stats.client[0];

		if (i == 0)
			atomic_store(&c->q.requests->ring.tail, 1u << 31);
		else
			atomic_store(&c->q.responses->ring.head, 9);
		br_read(&r->client[1], 1, 0, 1, 0);
		if (i == 1)
			br_read(c, 1, 0, 1, 0);
		br_work(r);
		assert_int_equal(s->state, BLK_VIRT_FAULT);
		assert_int_equal(s->faults, 1);
		assert_int_equal(s->requests[BLK_READ], 0);
		br_expect(&r->client[1], 1, BLK_OK, 1);
		br_run(r);
		assert_false(blk_virt_arm(r->v));
		assert_int_equal(s->faults, 1);
		br_down(c);
		br_run(r);
		br_up(c);
		br_read(c, 1, 0, 1, 0);
		br_work(r);
		br_expect(c, 1, BLK_OK, 1);
		br_free(r);
	}
}

static void hc24_forged_indices_stop_the_driver(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct blk_rig *r = br_start(2);
		struct blk_virt_side_stats *s = &r->stats.driver;

		br_read(&r->client[0], 1, 0, 1, 0);
		br_run(r);
		if (i == 0)
			atomic_store(&r->driver.q.responses->ring.tail, 99);
		else
			atomic_store(&r->driver.q.requests->ring.head, 99);
		br_read(&r->client[1], 1, 0, 1, 0);
		br_run(r);
		assert_int_equal(s->state, BLK_VIRT_FAULT);
		assert_int_equal(s->faults, 1);
		/* It may still write to the region: no answer yet. */
		br_expect_none(&r->client[0]);
		assert_false(blk_info_is_ready(&r->client[0].info));
		br_run(r);
		assert_int_equal(s->faults, 1);
		br_down(&r->driver);
		br_run(r);
		br_expect(&r->client[0], 1, BLK_ERROR_NO_DEVICE, 0);
		br_up(&r->driver);
		br_ready(r, true);
		br_read(&r->client[0], 2, 0, 1, 0);
		br_work(r);
		br_expect(&r->client[0], 2, BLK_OK, 1);
		br_free(r);
	}
}

/* Answers are kept room for, so who takes none is served no more. */
static void hc29_who_takes_no_answers_stops_itself(void **state)
{
	struct blk_rig *r = br_start(2);
	struct br_peer *c = &r->client[0];
	uint32_t asked = 0;

	(void)state;
	for (uint32_t n = 0; n < 10 * BR_CAPACITY; n++) {
		if (blk_ring_room(&c->put) > 0)
			br_read(c, asked++, 0, 1, 0);
		br_work(r);
		br_read(&r->client[1], n, 0, 1, 0);
		br_work(r);
		br_expect(&r->client[1], n, BLK_OK, 1);
	}
	assert_int_equal(asked, 2 * BR_CAPACITY);
	assert_false(blk_virt_arm(r->v));
	for (uint32_t n = 0; n < 2 * BR_CAPACITY; n++) {
		br_expect(c, n, BLK_OK, 1);
		br_work(r);
	}
	br_free(r);
}

/* Also for those that are not answered yet. Flushes have no blocks to share. */
static void hc29_no_more_is_asked_than_answers_have_room(void **state)
{
	struct blk_rig *r = br_start(2);
	struct br_peer *c = &r->client[0];
	struct blk_request q[2 * BR_CAPACITY];
	uint32_t n = 0;

	(void)state;
	for (uint32_t i = 0; i < 2 * BR_CAPACITY; i++) {
		br_flush(c, i);
		br_run(r);
		n += br_asked(r, &q[n]);
	}
	assert_int_equal(n, BR_CAPACITY);
	for (uint32_t i = 0; i < n; i++)
		br_respond(r, q[i].id, BLK_OK, 0);
	br_run(r);
	assert_false(br_asked(r, &q[0]));
	for (uint32_t i = 0; i < BR_CAPACITY; i++)
		br_expect(c, i, BLK_OK, 0);
	br_work(r);
	for (uint32_t i = 0; i < BR_CAPACITY; i++)
		br_expect(c, BR_CAPACITY + i, BLK_OK, 0);
	br_free(r);
}

/* The same for requests that are answered at once. */
static void hc29_refusals_need_room_as_well(void **state)
{
	struct blk_rig *r = br_start(1);
	struct br_peer *c = &r->client[0];

	(void)state;
	for (uint32_t n = 0; n < 2 * BR_CAPACITY; n++) {
		br_read(c, n, BR_PART, 1, 0);
		br_run(r);
	}
	assert_int_equal(br_refused(r, 0, BLK_VIRT_OUTSIDE), BR_CAPACITY);
	for (uint32_t n = 0; n < 2 * BR_CAPACITY; n++) {
		br_expect(c, n, BLK_ERROR_PARAMETER, 0);
		br_run(r);
	}
	br_free(r);
}

/* Give a peer rings with more slots. */
static void grow(struct br_peer *p, struct blk_virt_queues *config)
{
	const uint32_t capacity = 1024;

	free(p->q.requests);
	free(p->q.responses);
	p->q.capacity = capacity;
	p->q.requests = calloc(1, blk_request_region_size(capacity));
	p->q.responses = calloc(1, blk_response_region_size(capacity));
	*config = p->q;
}

static void hc03_a_call_is_bounded(void **state)
{
	struct blk_rig *r = br_make(1);
	struct blk_virt_ring ring = { 0 };
	struct br_peer *c = &r->client[0];

	(void)state;
	grow(c, &r->client_config[0].queues);
	grow(&r->driver, &r->config.driver);
	assert_true(br_init(r));
	br_up(&r->driver);
	br_up(c);
	br_ready(r, true);
	br_run(r);
	for (uint32_t i = 0; i < 1024; i++)
		br_read(c, i, UINT64_MAX, 1, 0);
	for (uint32_t i = 0; i < 1024; i++)
		br_respond(r, UINT32_MAX, BLK_OK, 1);
	assert_true(blk_virt_run(r->v, &ring));
	assert_int_equal(br_refused(r, 0, BLK_VIRT_OUTSIDE),
			 BLK_VIRT_TURN_REQUESTS);
	assert_int_equal(br_lied(r, BLK_VIRT_UNKNOWN_ID), BLK_VIRT_BUDGET);
	br_run(r);
	assert_int_equal(br_refused(r, 0, BLK_VIRT_OUTSIDE), 1024);
	assert_int_equal(br_lied(r, BLK_VIRT_UNKNOWN_ID), 1024);
	br_free(r);
}

/* --- a request that changes while it is looked at ----------------------- */

struct changer {
	struct br_peer *c;
	_Atomic(bool) stop;
};

/* All slots of the ring, all the time: small and large numbers in turn. */
static void *change(void *arg)
{
	struct changer *t = arg;
	volatile struct blk_request *slot = t->c->q.requests->entry;

	for (uint32_t n = 0; !atomic_load(&t->stop); n++) {
		volatile struct blk_request *s = &slot[n % BR_CAPACITY];
		bool bad = n / BR_CAPACITY % 2;

		s->block = bad ? 1ull << 40 : 1;
		s->count = bad ? UINT16_MAX : 1;
		s->io_or_offset = bad ? UINT64_MAX : BLK_SIZE;
		s->code = bad ? BLK_WRITE : BLK_READ;
	}
	return NULL;
}

static void hc01_what_was_checked_is_what_is_asked(void **state)
{
	struct blk_rig *r = br_start(2);
	struct changer t = { .c = &r->client[1] };
	struct blk_response a;
	struct blk_request q;
	pthread_t thread;
	uint64_t heard = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, change, &t), 0);
	for (uint32_t n = 0; heard < 20000; n++) {
		if (blk_ring_room(&t.c->put) > 0)
			br_read(t.c, n, 1, 1, 1);
		br_run(r);
		while (br_asked(r, &q)) {
			assert_int_equal(q.count, 1);
			assert_int_equal(q.block, BR_PART + 1);
			assert_int_equal(q.io_or_offset,
					 BR_WINDOW +
						 (2 + BR_REGION) * BLK_SIZE);
			br_respond(r, q.id, BLK_OK, 1);
		}
		br_run(r);
		while (br_told(t.c, &a))
			heard++;
	}
	atomic_store(&t.stop, true);
	pthread_join(thread, NULL);
	br_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc07_an_id_in_use_is_refused),
		cmocka_unit_test(hc07_responses_to_nothing_are_refused),
		cmocka_unit_test(responses_that_cannot_be_are_errors),
		cmocka_unit_test(an_impossible_disk_is_none),
		cmocka_unit_test(hc24_forged_indices_stop_one_client),
		cmocka_unit_test(hc24_forged_indices_stop_the_driver),
		cmocka_unit_test(hc29_who_takes_no_answers_stops_itself),
		cmocka_unit_test(hc29_no_more_is_asked_than_answers_have_room),
		cmocka_unit_test(hc29_refusals_need_room_as_well),
		cmocka_unit_test(hc03_a_call_is_bounded),
		cmocka_unit_test(hc01_what_was_checked_is_what_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
