/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which bytes the block virtualiser has the caches cleaned of, and when.
 *
 * The virtualiser is compiled into this test once more, as in cache_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define WEIR_CACHE_HEADER "tests/unit/cache_mock.h"
/* NOLINTBEGIN(bugprone-suspicious-include): see above */
#include "virt/blk_virt.c"
#include "virt/blk_virt_disk.c"
#include "virt/blk_virt_request.c"
#include "virt/blk_virt_response.c"
#include "virt/blk_virt_slot.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include "tests/unit/blk_rig.h"

/* The ring that the operations are for, or NULL. */
static const struct blk_ring *watched;

static uint32_t tail(void)
{
	return watched ? atomic_load(&watched->tail) : 0;
}

static void expect_op(unsigned int i, char what, const uint8_t *at, size_t size)
{
	assert_in_range(i, 0, cache_n_ops - 1);
	assert_int_equal(cache_ops[i].what, what);
	assert_ptr_equal(cache_ops[i].start, at);
	assert_int_equal(cache_ops[i].size, size);
}

/* Answer the next request, and see what that makes of the cache. */
static void answer(struct blk_rig *r, uint32_t status, uint16_t count)
{
	struct blk_request q;

	assert_true(br_asked(r, &q));
	br_respond(r, q.id, status, count);
	cache_n_ops = 0;
	br_run(r);
}

static void a_write_is_cleaned_before_the_driver_has_it(void **state)
{
	struct blk_rig *r = br_start(2);

	(void)state;
	watched = &r->driver.q.requests->ring;
	cache_n_ops = 0;
	br_write(&r->client[1], 1, 0, 2, 3);
	br_write(&r->client[0], 1, 0, 1, 0);
	br_flush(&r->client[0], 2);
	br_run(r);
	/* One wait for both. */
	assert_int_equal(cache_n_ops, 3);
	expect_op(2, 's', NULL, 0);
	assert_int_equal(cache_ops[2].published, 0);
	assert_int_equal(atomic_load(&watched->tail), 2);
	for (unsigned int i = 0; i < 2; i++) {
		bool first = cache_ops[i].start == br_data(r, 0);

		expect_op(i, 'c',
			  first ? br_data(r, 0)
				: br_data(r, 1) + (size_t)3 * BLK_SIZE,
			  first ? BLK_SIZE : 2 * BLK_SIZE);
	}
	/* Nobody but the client has written it. */
	answer(r, BLK_OK, 1);
	assert_int_equal(cache_n_ops, 0);
	watched = NULL;
	br_free(r);
}

static void what_is_read_is_invalidated_before_and_after(void **state)
{
	struct blk_rig *r = br_start(1);
	uint8_t *at = br_data(r, 0) + (size_t)2 * BLK_SIZE;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		watched = &r->driver.q.requests->ring;
		cache_n_ops = 0;
		br_read(&r->client[0], i, 0, 3, 2);
		br_run(r);
		assert_int_equal(cache_n_ops, 2);
		expect_op(0, 'i', at, 3 * BLK_SIZE);
		expect_op(1, 's', NULL, 0);
		assert_int_equal(cache_ops[1].published, i);
		watched = &r->client[0].q.responses->ring;
		/* What failed may have written a part. */
		answer(r, i == 0 ? BLK_OK : BLK_ERROR_IO, 3);
		assert_int_equal(cache_n_ops, 2);
		expect_op(0, 'i', at, 3 * BLK_SIZE);
		expect_op(1, 's', NULL, 0);
		assert_int_equal(cache_ops[1].published, i);
		assert_int_equal(atomic_load(&watched->tail), i + 1);
	}
	watched = NULL;
	br_free(r);
}

static void a_refused_request_touches_no_cache(void **state)
{
	struct blk_rig *r = br_start(1);

	(void)state;
	cache_n_ops = 0;
	br_read(&r->client[0], 1, 0, BR_REGION + 1, 0);
	br_write(&r->client[0], 2, BR_PART, 1, 0);
	br_run(r);
	assert_int_equal(cache_n_ops, 0);
	br_free(r);
}

static void the_tables_page_is_maintained(void **state)
{
	struct blk_rig *r = br_make(1);

	(void)state;
	r->client_config[0].part = (struct blk_table_want){ .number = 1 };
	assert_true(br_init(r));
	br_up(&r->driver);
	br_ready(r, true);
	cache_n_ops = 0;
	br_run(r);
	assert_int_equal(cache_n_ops, 2);
	expect_op(0, 'i', r->window, BLK_SIZE);
	expect_op(1, 's', NULL, 0);
	/* Before it is copied. */
	answer(r, BLK_OK, 1);
	assert_int_equal(cache_n_ops, 2);
	expect_op(0, 'i', r->window, BLK_SIZE);
	expect_op(1, 's', NULL, 0);
	br_free(r);
}

static void regions_off_the_lines_are_refused(void **state)
{
	struct blk_rig *r = br_make(1);

	(void)state;
	r->client_config[0].data += 32;
	assert_false(br_init(r));
	r->client_config[0].data = NULL;
	assert_false(br_init(r));
	/* Where there is nothing to do, it need not be mapped. */
	cache_mock_line = 1;
	assert_true(br_init(r));
	cache_mock_line = CACHE_MOCK_LINE;
	br_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_is_cleaned_before_the_driver_has_it),
		cmocka_unit_test(what_is_read_is_invalidated_before_and_after),
		cmocka_unit_test(a_refused_request_touches_no_cache),
		cmocka_unit_test(the_tables_page_is_maintained),
		cmocka_unit_test(regions_off_the_lines_are_refused),
	};

	cache_published = tail;
	cache_most_ops = 16;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
