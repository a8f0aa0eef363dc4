/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block requests in a driver VM: data, order, errors, pieces, the link.
 */
#include "tests/unit/driver_blk_rig.h"

#define RIG struct db_rig *r = *state

static int make(void **state)
{
	*state = db_make(false);
	return 0;
}

static int make_bounce(void **state)
{
	*state = db_make(true);
	return 0;
}

static int unmake(void **state)
{
	db_free(*state);
	return 0;
}

static void pattern(uint8_t *p, size_t size, unsigned int which)
{
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(which * 37 + i * 11 + (i >> 9));
}

static void is_pattern(const uint8_t *p, size_t size, unsigned int which)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(p[i],
				 (uint8_t)(which * 37 + i * 11 + (i >> 9)));
}

static void says_what_it_is(void **state)
{
	RIG;

	assert_int_equal(r->status.state, DRIVER_READY);
	assert_int_equal(r->status.blocks, DB_BLOCKS);
	assert_int_equal(r->doorbell[DRIVER_DOORBELL_STATUS / 4], 1);
	assert_true(blk_info_is_ready(&r->info));
	assert_int_equal(r->info.capacity, DB_BLOCKS);
	assert_int_equal(r->info.sector_size, 512);
	assert_string_equal(r->info.serial, "made of memory");
	blk_report(&r->blk, 1, 2, 3);
	assert_true(r->status.beat > 1);
}

static void reads_and_writes(void **state)
{
	RIG;
	size_t two = 2 * (size_t)BLK_SIZE;

	pattern(r->config.window + 3 * BLK_SIZE, two, 1);
	db_ask(r, 7, BLK_WRITE, 3 * BLK_SIZE, 100, 2);
	db_run(r);
	db_unanswered(r);
	db_do(r, 1);
	db_run(r);
	db_answered(r, 7, BLK_OK, 2);
	is_pattern(r->disk.memory + 100 * BLK_SIZE, two, 1);
	db_ask(r, 8, BLK_READ, 10 * BLK_SIZE, 100, 2);
	db_run(r);
	db_do(r, 1);
	db_run(r);
	db_answered(r, 8, BLK_OK, 2);
	is_pattern(r->config.window + 10 * BLK_SIZE, two, 1);
	blk_report(&r->blk, 0, 0, 0);
	assert_int_equal(r->status.read_bytes, two);
	assert_int_equal(r->status.written_bytes, two);
	assert_int_equal(r->status.copied, r->config.bounce ? 2 * two : 0);
	assert_int_equal(r->status.batches, 2);
}

/* All there are at once, answered as the disk ends them, rung for once. */
static void goes_in_batches(void **state)
{
	RIG;

	for (uint32_t i = 0; i < 8; i++)
		db_ask(r, i, BLK_READ, i * BLK_SIZE, i, 1);
	r->doorbell[DRIVER_DOORBELL_BLK / 4] = 0;
	db_run(r);
	assert_int_equal(r->disk.disk.batches, 1);
	assert_int_equal(r->disk.given, 8);
	db_end(r, 5, BLK_SIZE);
	db_end(r, 0, BLK_SIZE);
	db_run(r);
	assert_int_equal(r->doorbell[DRIVER_DOORBELL_BLK / 4], 1);
	db_answered(r, 5, BLK_OK, 1);
	db_answered(r, 0, BLK_OK, 1);
	/* One that looks by itself is not rung for. */
	blk_say_awake(&r->config.requests->client_awake);
	r->doorbell[DRIVER_DOORBELL_BLK / 4] = 0;
	db_end(r, 0, BLK_SIZE);
	db_run(r);
	assert_int_equal(r->doorbell[DRIVER_DOORBELL_BLK / 4], 0);
	db_answered(r, 1, BLK_OK, 1);
	/* And we look until we say that we sleep. */
	assert_int_equal(r->config.requests->server_awake, 0);
}

static void more_than_the_disk_takes(void **state)
{
	RIG;

	for (uint32_t i = 0; i < DB_CAPACITY; i++)
		db_ask(r, i, BLK_WRITE, 0, i, 1);
	db_run(r);
	assert_int_equal(r->disk.given, BLK_DEPTH);
	db_do(r, BLK_DEPTH);
	db_run(r);
	db_do(r, DB_CAPACITY - BLK_DEPTH);
	db_run(r);
	for (uint32_t i = 0; i < DB_CAPACITY; i++)
		db_answered(r, i, BLK_OK, 1);
	db_unanswered(r);
}

/* What is plugged stays, and so does what there is no room to answer. */
static void takes_what_it_may(void **state)
{
	RIG;

	atomic_store(&r->config.requests->plugged, 1);
	db_ask(r, 0, BLK_READ, 0, 0, 1);
	db_run(r);
	assert_int_equal(r->disk.given, 0);
	atomic_store(&r->config.requests->plugged, 0);
	for (uint32_t i = 1; i < DB_CAPACITY; i++)
		db_ask(r, i, BLK_READ, 0, i, 1);
	for (uint32_t i = 0; i < 2; i++) {
		db_run(r);
		db_do(r, r->disk.given);
	}
	db_run(r);
	/* All slots of the responses are taken. */
	db_ask(r, 500, BLK_READ, 0, 0, 1);
	db_run(r);
	assert_int_equal(r->disk.given, 0);
	db_answered(r, 0, BLK_OK, 1);
	db_run(r);
	assert_int_equal(r->disk.given, 1);
}

/* --- order -------------------------------------------------------------- */

static void a_flush_waits_for_writes(void **state)
{
	RIG;

	db_ask(r, 1, BLK_WRITE, 0, 0, 1);
	db_ask(r, 2, BLK_READ, BLK_SIZE, 1, 1);
	db_ask(r, 3, BLK_FLUSH, 0, 0, 0);
	db_ask(r, 4, BLK_WRITE, 2 * BLK_SIZE, 2, 1);
	db_ask(r, 5, BLK_FLUSH, 0, 0, 0);
	db_ask(r, 6, BLK_READ, 3 * BLK_SIZE, 3, 1);
	db_run(r);
	/* The first three transfers; the second flush holds up the rest. */
	assert_int_equal(r->disk.given, 3);
	db_end(r, 0, BLK_SIZE); /* 1 */
	db_run(r);
	db_answered(r, 1, BLK_OK, 1);
	db_unanswered(r);
	/* 2, 4, the flush, 6 */
	assert_int_equal(r->disk.given, 4);
	assert_int_equal(r->disk.begun[2].code, BLK_FLUSH);
	db_end(r, 2, 0);
	db_run(r);
	db_answered(r, 3, BLK_OK, 0);
	assert_int_equal(r->disk.given, 3);
	db_end(r, 1, BLK_SIZE); /* 4, for which the second one waits */
	db_run(r);
	db_answered(r, 4, BLK_OK, 1);
	assert_int_equal(r->disk.begun[2].code, BLK_FLUSH);
	db_end(r, 2, -EIO);
	db_end(r, 0, BLK_SIZE);
	db_end(r, 0, BLK_SIZE);
	db_run(r);
	db_answered(r, 5, BLK_ERROR_IO, 0);
	db_answered(r, 2, BLK_OK, 1);
	db_answered(r, 6, BLK_OK, 1);
}

static void a_barrier_holds_up_all(void **state)
{
	RIG;

	db_ask(r, 1, BLK_READ, 0, 0, 1);
	db_ask(r, 2, BLK_BARRIER, 0, 0, 0);
	db_ask(r, 3, BLK_READ, 0, 1, 1);
	db_ask(r, 4, BLK_BARRIER, 0, 0, 0);
	db_run(r);
	assert_int_equal(r->disk.given, 1);
	db_do(r, 1);
	db_run(r);
	db_answered(r, 1, BLK_OK, 1);
	db_answered(r, 2, BLK_OK, 0);
	assert_int_equal(r->disk.given, 1);
	db_do(r, 1);
	db_run(r);
	db_answered(r, 3, BLK_OK, 1);
	db_answered(r, 4, BLK_OK, 0);
}

/* --- what the disk makes of it ------------------------------------------ */

static void errors_are_passed_on(void **state)
{
	RIG;

	db_ask(r, 1, BLK_WRITE, 0, 0, 1);
	db_ask(r, 2, BLK_READ, BLK_SIZE, 9, 1);
	db_ask(r, 3, BLK_READ, BLK_SIZE, 9, 2);
	db_ask(r, 4, BLK_READ, BLK_SIZE, 9, 1);
	db_run(r);
	db_end(r, 0, -ENOSPC);
	db_end(r, 0, -ENODEV);
	db_end(r, 0, BLK_SIZE); /* half of it, */
	db_end(r, 0, 0);	/* nothing, */
	db_run(r);
	db_end(r, 0, -EIO); /* and the other half fails */
	db_run(r);
	db_answered(r, 1, BLK_ERROR_IO, 0);
	db_answered(r, 2, BLK_ERROR_NO_DEVICE, 0);
	db_answered(r, 4, BLK_ERROR_IO, 0);
	db_answered(r, 3, BLK_ERROR_IO, 1);
	blk_report(&r->blk, 0, 0, 0);
	assert_int_equal(r->status.errors, 4);
}

static void goes_on_where_the_disk_stopped(void **state)
{
	RIG;

	pattern(r->config.window, 3 * (size_t)BLK_SIZE, 5);
	db_ask(r, 1, BLK_WRITE, 0, 20, 3);
	db_run(r);
	memcpy(r->disk.memory + 20 * BLK_SIZE, r->disk.begun[0].data, 1536);
	db_end(r, 0, 1536);
	db_run(r);
	db_unanswered(r);
	assert_int_equal(r->disk.begun[0].at, 20 * BLK_SIZE + 1536);
	db_do(r, 1);
	db_run(r);
	db_answered(r, 1, BLK_OK, 3);
	is_pattern(r->disk.memory + 20 * BLK_SIZE, 3 * (size_t)BLK_SIZE, 5);
}

static void long_ones_go_in_pieces(void **state)
{
	RIG;
	size_t size = 40 * (size_t)BLK_SIZE;
	unsigned int pieces = 0;

	pattern(r->disk.memory, size, 9);
	db_ask(r, 1, BLK_READ, 4 * BLK_SIZE, 0, 40);
	db_run(r);
	while (r->disk.given > 0) {
		pieces++;
		db_do(r, 1);
		db_run(r);
	}
	assert_int_equal(pieces, r->config.bounce ? 3 : 1);
	db_answered(r, 1, BLK_OK, 40);
	is_pattern(r->config.window + 4 * BLK_SIZE, size, 9);
}

/* --- the link ----------------------------------------------------------- */

static void a_new_epoch_waits_for_the_disk(void **state)
{
	RIG;

	db_ask(r, 1, BLK_READ, 0, 0, 1);
	db_ask(r, 2, BLK_WRITE, 0, 0, 1);
	db_ask(r, 3, BLK_FLUSH, 0, 0, 0);
	db_run(r);
	db_down(r);
	db_run(r);
	db_end(r, 0, BLK_SIZE);
	db_run(r);
	db_unanswered(r);
	db_up(r);
	db_ask(r, 4, BLK_READ, 0, 0, 1);
	memset(&r->info, 0, sizeof(r->info));
	db_run(r);
	/* The write is still at the disk. */
	assert_int_equal(r->disk.given, 1);
	assert_false(blk_info_is_ready(&r->info));
	db_end(r, 0, BLK_SIZE);
	db_run(r);
	assert_int_equal(r->disk.given, 1);
	assert_true(blk_info_is_ready(&r->info));
	db_do(r, 1);
	db_run(r);
	db_answered(r, 4, BLK_OK, 1);
	db_unanswered(r);
}

static void touches_nothing_while_down(void **state)
{
	RIG;

	db_down(r);
	db_ask(r, 1, BLK_READ, 0, 0, 1);
	db_run(r);
	assert_int_equal(r->disk.given, 0);
	assert_int_equal(atomic_load(&r->config.requests->ring.head), 0);
}

#define BOTH(test)                                                             \
	cmocka_unit_test_setup_teardown(test, make, unmake),                   \
		cmocka_unit_test_setup_teardown(test, make_bounce, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(says_what_it_is),
		BOTH(reads_and_writes),
		BOTH(goes_in_batches),
		BOTH(more_than_the_disk_takes),
		BOTH(takes_what_it_may),
		BOTH(a_flush_waits_for_writes),
		BOTH(a_barrier_holds_up_all),
		BOTH(errors_are_passed_on),
		BOTH(goes_on_where_the_disk_stopped),
		BOTH(long_ones_go_in_pieces),
		BOTH(a_new_epoch_waits_for_the_disk),
		BOTH(touches_nothing_while_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
