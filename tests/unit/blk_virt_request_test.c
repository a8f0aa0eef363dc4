/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which requests the block virtualiser passes on, and why it refuses others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/blk_rig.h"
#include "virt/blk_table.h"

#define ALL_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Numbers that are near some border, or wrap around one. */
static const uint64_t odd[] = {
	0,
	1,
	BR_REGION - 1,
	BR_REGION,
	BR_PART - 2,
	BR_PART - 1,
	BR_PART,
	BR_PART + 1,
	BR_DISK - 1,
	BR_DISK,
	UINT16_MAX,
	UINT32_MAX,
	1ull << 51,
	1ull << 52,
	(1ull << 52) - 1,
	1ull << 63,
	UINT64_MAX - BR_PART,
	UINT64_MAX - 1,
	UINT64_MAX,
};

/* Does a request of client 1 touch only what is its own? By other means. */
static bool is_fine(const struct blk_request *q)
{
	unsigned __int128 first = q->block, place = q->io_or_offset;

	return q->count > 0 && first + q->count <= BR_PART &&
	       place % BLK_SIZE == 0 &&
	       place + (unsigned __int128)q->count * BLK_SIZE <=
		       BR_REGION * BLK_SIZE;
}

static void hc08_every_block_count_and_place(void **state)
{
	struct blk_rig *r = br_start(3);
	struct br_peer *c = &r->client[1];
	struct blk_request q = { .code = BLK_READ }, asked;
	uint64_t passed = 0;

	(void)state;
	for (uint64_t n = 0; n < ALL_OF(odd) * ALL_OF(odd) * ALL_OF(odd); n++) {
		uint64_t place = odd[n / ALL_OF(odd) / ALL_OF(odd)];

		q.count = (uint16_t)odd[n % ALL_OF(odd)];
		q.block = odd[n / ALL_OF(odd) % ALL_OF(odd)];
		q.io_or_offset = place * (n % 2 ? BLK_SIZE : 1);
		q.code = n % 3 ? BLK_READ : BLK_WRITE;
		q.id = (uint32_t)n;
		br_ask(c, &q);
		br_run(r);
		if (!is_fine(&q)) {
			assert_false(br_asked(r, &asked));
			br_expect(c, q.id, BLK_ERROR_PARAMETER, 0);
			continue;
		}
		assert_true(br_asked(r, &asked));
		assert_int_equal(asked.block, BR_PART + q.block);
		assert_int_equal(asked.io_or_offset,
				 BR_WINDOW + (1 + BR_REGION) * BLK_SIZE +
					 q.io_or_offset);
		br_respond(r, asked.id, BLK_OK, q.count);
		br_run(r);
		br_expect(c, q.id, BLK_OK, q.count);
		passed++;
	}
	assert_in_range(passed, 10, 1000);
	assert_int_equal(br_refused(r, 1, BLK_VIRT_BAD_COUNT) +
				 br_refused(r, 1, BLK_VIRT_OUTSIDE) +
				 br_refused(r, 1, BLK_VIRT_BAD_BUFFER),
			 ALL_OF(odd) * ALL_OF(odd) * ALL_OF(odd) - passed);
	br_free(r);
}

static void each_refusal_has_its_reason(void **state)
{
	const struct {
		struct blk_request q;
		enum blk_virt_reason why;
	} bad[] = {
		{ { .code = BLK_CODES, .count = 1 }, BLK_VIRT_BAD_CODE },
		{ { .code = UINT32_MAX, .count = 1 }, BLK_VIRT_BAD_CODE },
		{ { .code = BLK_READ }, BLK_VIRT_BAD_COUNT },
		{ { .block = BR_PART, .count = 1 }, BLK_VIRT_OUTSIDE },
		{ { .code = BLK_WRITE, .count = 1 }, BLK_VIRT_READ_ONLY },
		{ { .io_or_offset = 512, .count = 1 }, BLK_VIRT_BAD_BUFFER },
		{ { .count = BR_REGION + 1 }, BLK_VIRT_BAD_BUFFER },
	};
	struct blk_rig *r = br_make(1);

	(void)state;
	r->client_config[0].read_only = true;
	assert_true(br_init(r));
	br_up(&r->driver);
	br_up(&r->client[0]);
	br_ready(r, true);
	br_run(r);
	for (uint32_t i = 0; i < ALL_OF(bad); i++) {
		uint64_t before = br_refused(r, 0, bad[i].why);

		br_ask(&r->client[0], &bad[i].q);
		br_run(r);
		assert_false(r->ring.driver);
		br_expect(&r->client[0], 0, BLK_ERROR_PARAMETER, 0);
		assert_int_equal(br_refused(r, 0, bad[i].why), before + 1);
	}
	br_free(r);
}

static void reasons_of_refusals_have_names(void **state)
{
	(void)state;
	assert_string_equal(blk_virt_reason_key(BLK_VIRT_OUTSIDE), "outside");
	assert_string_equal(blk_virt_reason_key(BLK_VIRT_REASON_COUNT),
			    "unknown");
	assert_string_equal(blk_virt_reason_text((enum blk_virt_reason) - 1),
			    "unknown");
	for (unsigned int i = 0; i < BLK_VIRT_REASON_COUNT; i++)
		assert_true(strlen(blk_virt_reason_text(
				    (enum blk_virt_reason)i)) > 10);
}

static void reasons_of_partitions_have_names(void **state)
{
	(void)state;
	assert_string_equal(blk_part_reason_key(BLK_PART_NO_TABLE), "no_table");
	assert_string_equal(blk_part_reason_key(BLK_PART_REASON_COUNT),
			    "unknown");
	for (unsigned int i = 0; i < BLK_PART_REASON_COUNT; i++)
		assert_true(strlen(blk_part_reason_text(
				    (enum blk_part_reason)i)) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc08_every_block_count_and_place),
		cmocka_unit_test(each_refusal_has_its_reason),
		cmocka_unit_test(reasons_of_refusals_have_names),
		cmocka_unit_test(reasons_of_partitions_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
