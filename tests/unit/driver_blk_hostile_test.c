/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM's disk with a hostile other side: whatever is in the queues,
 * nothing comes to the disk that is not on it or not in the window (the rig's
 * disk sees to that), the program neither hangs nor ends, and a new epoch
 * works.
 */
#include "tests/unit/driver_blk_rig.h"

#define RIG struct db_rig *r = *state

static int make(void **state)
{
	*state = db_make(false);
	return 0;
}

static int unmake(void **state)
{
	db_free(*state);
	return 0;
}

static void hc08_impossible_requests_are_refused(void **state)
{
	RIG;
	static const struct blk_request bad[] = {
		{ .code = BLK_CODES, .count = 1 },
		{ .code = UINT32_MAX, .count = 1 },
		{ .code = BLK_READ, .count = 0 },
		{ .code = BLK_READ, .block = DB_BLOCKS, .count = 1 },
		{ .code = BLK_READ, .block = DB_BLOCKS - 1, .count = 2 },
		{ .code = BLK_READ, .block = UINT64_MAX, .count = 1 },
		{ .code = BLK_WRITE, .block = UINT64_MAX - 1, .count = 3 },
		{ .code = BLK_READ, .block = 1ull << 52, .count = 1 },
		{ .code = BLK_READ, .io_or_offset = 1, .count = 1 },
		{ .code = BLK_READ, .io_or_offset = 512, .count = 1 },
		{ .code = BLK_READ, .io_or_offset = DB_WINDOW, .count = 1 },
		{ .code = BLK_WRITE,
		  .io_or_offset = DB_WINDOW - BLK_SIZE,
		  .count = 2 },
		{ .code = BLK_READ,
		  .io_or_offset = UINT64_MAX - BLK_SIZE + 1,
		  .count = 1 },
		{ .code = BLK_READ, .count = UINT16_MAX },
	};
	const unsigned int n = sizeof(bad) / sizeof(bad[0]);

	for (uint32_t i = 0; i < n; i++)
		db_ask(r, i, bad[i].code, bad[i].io_or_offset, bad[i].block,
		       bad[i].count);
	db_run(r);
	for (uint32_t i = 0; i < n; i++)
		db_answered(r, i, BLK_ERROR_PARAMETER, 0);
	assert_int_equal(r->disk.given, 0);
	blk_report(&r->blk, 0, 0, 0);
	assert_int_equal(r->status.bad_requests, n);
	/* The next one is served. */
	db_ask(r, 99, BLK_READ, DB_WINDOW - BLK_SIZE, DB_BLOCKS - 1, 1);
	db_run(r);
	db_do(r, 1);
	db_run(r);
	db_answered(r, 99, BLK_OK, 1);
}

static void a_read_only_disk_is_not_written(void **state)
{
	RIG;

	r->disk.disk.read_only = true;
	db_ask(r, 1, BLK_WRITE, 0, 0, 1);
	db_run(r);
	db_answered(r, 1, BLK_ERROR_PARAMETER, 0);
	assert_int_equal(r->disk.given, 0);
}

/* After an impossible index: nothing, until a new epoch. */
static void is_deaf(struct db_rig *r)
{
	db_run(r);
	assert_int_equal(r->disk.given, 0);
	blk_report(&r->blk, 0, 0, 0);
	assert_int_equal(r->status.bad_requests, 1);
	db_ask(r, 1, BLK_READ, 0, 0, 1);
	db_run(r);
	assert_int_equal(r->disk.given, 0);
	db_down(r);
	db_run(r);
	db_up(r);
	db_ask(r, 2, BLK_READ, 0, 0, 1);
	db_run(r);
	db_do(r, 1);
	db_run(r);
	db_answered(r, 2, BLK_OK, 1);
}

static void hc04_impossible_tail(void **state)
{
	RIG;

	atomic_store(&r->config.requests->ring.tail, DB_CAPACITY + 1);
	is_deaf(r);
}

static void hc04_tail_that_goes_back(void **state)
{
	RIG;

	atomic_store(&r->config.requests->ring.tail, UINT32_MAX);
	is_deaf(r);
}

static void hc04_impossible_head(void **state)
{
	RIG;

	atomic_store(&r->config.responses->ring.head, 7);
	db_ask(r, 1, BLK_READ, 0, 0, 1);
	is_deaf(r);
}

/* With requests at the disk, which then end. */
static void hc11_fault_with_work_under_way(void **state)
{
	RIG;

	db_ask(r, 1, BLK_WRITE, 0, 0, 1);
	db_ask(r, 2, BLK_BARRIER, 0, 0, 0);
	db_run(r);
	atomic_store(&r->config.requests->ring.tail, 1u << 31);
	db_run(r);
	db_do(r, 1);
	db_run(r);
	db_unanswered(r);
	is_deaf(r);
}

/* --- anything ----------------------------------------------------------- */

static uint64_t seed = 88172645463325252ull;

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

static uint64_t edge(uint64_t limit)
{
	static const uint64_t far[] = { 0, 1, 1ull << 32, 1ull << 63,
					UINT64_MAX };

	if (any(4) == 0)
		return far[any(5)] + any(3) - 1;
	return limit - 2 + any(4);
}

/* An entry, an index, an epoch, or what the disk does. */
static void something(struct db_rig *r)
{
	struct blk_request_queue *q = r->config.requests;
	struct blk_response got;

	switch (any(12)) {
	case 0:
		atomic_store(&q->ring.tail, (uint32_t)edge(DB_CAPACITY));
		break;
	case 1:
		atomic_store(&r->config.responses->ring.head,
			     (uint32_t)edge(r->responses.index));
		break;
	case 2:
		db_down(r);
		blk_run(&r->blk);
		break;
	case 3:
		if (!link_is_up(atomic_load(&r->link.epoch)))
			db_up(r);
		break;
	case 4:
		atomic_store(&q->plugged, (uint8_t)any(2));
		break;
	case 5:
		if (r->disk.given > 0)
			db_end(r, any(r->disk.given), -(int)any(40));
		break;
	case 6:
	case 7:
		while (r->disk.given > 0 && any(8) != 0)
			db_do(r, 1);
		break;
	case 8:
		while (db_take(r, &got))
			assert_true(got.status < BLK_STATUSES);
		break;
	default:
		db_ask(r, any(8), any(BLK_CODES + 1),
		       any(8) ? (uint64_t)any(64) * BLK_SIZE : edge(DB_WINDOW),
		       any(8) ? any(DB_BLOCKS) : edge(DB_BLOCKS),
		       (uint16_t)(any(8) ? 1 + any(8) : any(65536)));
	}
}

static void hc07_anything(void **state)
{
	RIG;

	for (unsigned int i = 0; i < 300000; i++) {
		something(r);
		blk_run(&r->blk);
		if (any(4) == 0)
			blk_arm(&r->blk);
		/* No response nobody can have asked for. */
		assert_true(r->blk.jobs <= BLK_DEPTH);
	}
	db_down(r);
	blk_run(&r->blk);
	while (r->disk.given > 0)
		db_end(r, 0, -EIO);
	blk_run(&r->blk);
	assert_int_equal(r->blk.jobs, 0);
	db_up(r);
	db_ask(r, 77, BLK_READ, 0, 0, 1);
	db_run(r);
	db_do(r, 1);
	db_run(r);
	db_answered(r, 77, BLK_OK, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hc08_impossible_requests_are_refused),
		TEST(a_read_only_disk_is_not_written),
		TEST(hc04_impossible_tail),
		TEST(hc04_tail_that_goes_back),
		TEST(hc04_impossible_head),
		TEST(hc11_fault_with_work_under_way),
		TEST(hc07_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
