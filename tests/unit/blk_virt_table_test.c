/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block virtualiser reads the partition table of its driver's disk: who
 * gets which part, and who gets none and why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/blk_disk_rig.h"
#include "tests/unit/blk_rig.h"

/* Sectors of 512 bytes: eight to a block. */
static struct bd_gpt gpt_of(struct blk_rig *r)
{
	return (struct bd_gpt){ .disk = r->disk,
				.sector_size = 512,
				.sectors = BR_DISK * 8,
				.entries = 128,
				.entry_size = 128 };
}

/* Nobody is up yet; client i has partition i + 1. */
static struct blk_rig *start(uint32_t clients, bool retry)
{
	struct blk_rig *r = br_make(clients);
	struct bd_gpt g = gpt_of(r);

	bd_gpt(&g);
	bd_gpt_part(&g, 1, 64, 127, "one");
	bd_gpt_part(&g, 2, 128, 191, "two");
	bd_gpt_part(&g, 3, 200, 250, "three");
	r->config.retry = retry;
	for (uint32_t i = 0; i < clients; i++)
		r->client_config[i].part =
			(struct blk_table_want){ .number = i + 1 };
	return r;
}

static void up(struct blk_rig *r)
{
	assert_true(br_init(r));
	br_up(&r->driver);
	for (uint32_t i = 0; i < r->config.clients; i++)
		br_up(&r->client[i]);
	br_ready(r, true);
	br_work(r);
}

static void expect(const struct blk_rig *r, uint32_t client, uint64_t first,
		   uint64_t blocks)
{
	assert_int_equal(r->stats.client[client].state, BLK_VIRT_UP);
	assert_int_equal(r->stats.client[client].first, first);
	assert_int_equal(r->stats.client[client].blocks, blocks);
	assert_int_equal(r->client[client].info.capacity, blocks);
	assert_true(blk_info_is_ready(&r->client[client].info));
}

static void expect_none(const struct blk_rig *r, uint32_t client,
			enum blk_part_reason why)
{
	assert_int_equal(r->stats.client[client].state, BLK_VIRT_REFUSED);
	assert_int_equal(r->stats.client[client].why, why);
	assert_false(blk_info_is_ready(&r->client[client].info));
}

static void parts_by_number_and_by_name(void **state)
{
	struct blk_rig *r = start(2, false);

	(void)state;
	r->client_config[1].part = (struct blk_table_want){ .name = "one" };
	r->client_config[0].part.number = 2;
	up(r);
	expect(r, 0, 16, 8);
	expect(r, 1, 8, 8);
	memset(br_data(r, 1), 0x77, BLK_SIZE);
	br_write(&r->client[1], 1, 7, 1, 0);
	br_work(r);
	br_expect(&r->client[1], 1, BLK_OK, 1);
	assert_int_equal(r->disk[15 * BLK_SIZE], 0x77);
	br_write(&r->client[1], 1, 8, 1, 0);
	br_work(r);
	br_expect(&r->client[1], 1, BLK_ERROR_PARAMETER, 0);
	br_free(r);
}

static void requests_wait_for_the_table(void **state)
{
	struct blk_rig *r = start(1, false);
	struct blk_request q;

	(void)state;
	assert_true(br_init(r));
	br_up(&r->driver);
	br_up(&r->client[0]);
	br_read(&r->client[0], 1, 0, 1, 0);
	br_ready(r, true);
	br_run(r);
	/* One block at a time, into the page that is the virtualiser's. */
	assert_true(br_asked(r, &q));
	assert_int_equal(q.code, BLK_READ);
	assert_int_equal(q.count, 1);
	assert_int_equal(q.io_or_offset, BR_WINDOW);
	assert_false(br_asked(r, &q));
	assert_false(blk_virt_arm(r->v));
	br_perform(r, &q);
	br_respond(r, q.id, BLK_OK, 1);
	br_work(r);
	br_expect(&r->client[0], 1, BLK_OK, 1);
	br_free(r);
}

static void who_has_no_partition_stays_down(void **state)
{
	struct blk_rig *r = start(4, false);

	(void)state;
	up(r);
	expect(r, 0, 8, 8);
	expect(r, 1, 16, 8);
	expect_none(r, 3, BLK_PART_MISSING);
	expect(r, 2, 25, 6);
	br_read(&r->client[3], 9, 0, 1, 0);
	br_work(r);
	br_expect(&r->client[3], 9, BLK_ERROR_NO_DEVICE, 0);
	br_free(r);
}

static void parts_that_do_not_fit_blocks(void **state)
{
	struct blk_rig *r = start(3, false);
	struct bd_gpt g = gpt_of(r);

	(void)state;
	bd_gpt_part(&g, 1, 65, 127, "one");
	bd_gpt_part(&g, 2, 128, 134, "two");
	bd_gpt_part(&g, 3, 200, 216, "three");
	up(r);
	expect_none(r, 0, BLK_PART_MISALIGNED);
	expect_none(r, 1, BLK_PART_TOO_SMALL);
	/* What is less than a block is left out. */
	expect(r, 2, 25, 2);
	br_free(r);
}

static void parts_overlap_only_if_both_are_read(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct blk_rig *r = start(3, false);
		struct bd_gpt g = gpt_of(r);

		/* The last block of one, the first of the other. */
		bd_gpt_part(&g, 2, 120, 191, "two");
		r->client_config[0].read_only = i & 1;
		r->client_config[1].read_only = i & 2;
		up(r);
		expect(r, 0, 8, 8);
		expect(r, 2, 25, 6);
		if (i == 3)
			expect(r, 1, 15, 9);
		else
			expect_none(r, 1, BLK_PART_OVERLAP);
		br_free(r);
	}
}

/* A table that cannot be read, or is none. */
static void disks_without_a_table(void **state)
{
	struct blk_rig *r = start(2, false);
	struct blk_request q;

	(void)state;
	r->client_config[1].part = (struct blk_table_want){ .number = 0 };
	assert_true(br_init(r));
	br_up(&r->driver);
	br_up(&r->client[0]);
	br_up(&r->client[1]);
	br_ready(r, true);
	br_run(r);
	assert_true(br_asked(r, &q));
	br_respond(r, q.id, BLK_ERROR_IO, 0);
	br_run(r);
	expect_none(r, 0, BLK_PART_UNREADABLE);
	/* All of the disk needs none. */
	expect(r, 1, 0, BR_DISK);
	br_free(r);

	r = start(1, false);
	memset(r->disk, 0, BR_DISK * BLK_SIZE);
	up(r);
	expect_none(r, 0, BLK_PART_NO_TABLE);
	br_free(r);
}

static void the_backup_is_read_from_the_end(void **state)
{
	struct blk_rig *r = start(1, false);
	struct bd_gpt g = gpt_of(r);

	(void)state;
	bd_header(&g, false)[0] ^= 1;
	up(r);
	expect(r, 0, 8, 8);
	br_free(r);
}

static void a_table_that_changed_cuts_off_whom_it_moves(void **state)
{
	struct blk_rig *r = start(3, true);
	struct bd_gpt g = gpt_of(r);

	(void)state;
	up(r);
	br_write(&r->client[0], 1, 0, 1, 0);
	br_write(&r->client[1], 1, 0, 1, 0);
	br_run(r);
	br_down(&r->driver);
	br_run(r);
	bd_gpt_part(&g, 2, 136, 191, "two");
	memset(bd_entry(&g, false, 3), 0, 128);
	bd_sums(&g, false);
	br_up(&r->driver);
	br_ready(r, true);
	br_work(r);
	br_expect(&r->client[0], 1, BLK_OK, 1);
	br_expect(&r->client[1], 1, BLK_ERROR_NO_DEVICE, 0);
	expect(r, 0, 8, 8);
	expect_none(r, 1, BLK_PART_CHANGED);
	expect_none(r, 2, BLK_PART_MISSING);
	br_free(r);
}

/* The driver goes while the table is read, at each of its blocks. */
static void a_driver_may_go_while_the_table_is_read(void **state)
{
	struct blk_rig *r = start(1, false);
	struct blk_request q;

	(void)state;
	assert_true(br_init(r));
	br_up(&r->client[0]);
	for (unsigned int n = 0; n < 7; n++) {
		br_up(&r->driver);
		br_ready(r, true);
		br_run(r);
		for (unsigned int i = 0; i < n; i++) {
			assert_true(br_asked(r, &q));
			br_perform(r, &q);
			br_respond(r, q.id, BLK_OK, 1);
			br_run(r);
		}
		assert_int_equal(r->stats.client[0].state, BLK_VIRT_WAITING);
		if (n % 2)
			br_down(&r->driver);
		else
			br_ready(r, false);
		br_run(r);
		br_down(&r->driver);
	}
	br_up(&r->driver);
	br_ready(r, true);
	br_work(r);
	expect(r, 0, 8, 8);
	br_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_by_number_and_by_name),
		cmocka_unit_test(requests_wait_for_the_table),
		cmocka_unit_test(who_has_no_partition_stays_down),
		cmocka_unit_test(parts_that_do_not_fit_blocks),
		cmocka_unit_test(parts_overlap_only_if_both_are_read),
		cmocka_unit_test(disks_without_a_table),
		cmocka_unit_test(the_backup_is_read_from_the_end),
		cmocka_unit_test(a_table_that_changed_cuts_off_whom_it_moves),
		cmocka_unit_test(a_driver_may_go_while_the_table_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
