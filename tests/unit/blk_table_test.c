/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables: MBR and GPT, right ones and broken ones.
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
#include "virt/blk_table.h"

#define BLOCKS 64u
#define SIZE (BLOCKS * BLK_SIZE)

static uint8_t disk[SIZE];

/* Read the table, block by block, each copied to where nothing else is. */
static unsigned int read_table(uint32_t sector_size,
			       struct blk_table_want *want, uint32_t wants)
{
	unsigned int reads = 0;
	struct blk_table t;
	uint64_t block;

	assert_int_equal(blk_table_start(&t, sector_size, BLOCKS, want, wants),
			 0);
	while (blk_table_next(&t, &block)) {
		uint8_t *copy = malloc(BLK_SIZE);

		assert_in_range(block, 0, BLOCKS - 1);
		assert_in_range(++reads, 1, BLK_TABLE_MAX_READS);
		memcpy(copy, disk + block * BLK_SIZE, BLK_SIZE);
		blk_table_take(&t, copy);
		free(copy);
	}
	return reads;
}

/* Why one partition is not to be had, or that it is. */
static enum blk_part_reason look(uint32_t sector_size, uint32_t number,
				 const char *name, struct blk_table_want *w)
{
	*w = (struct blk_table_want){ .number = number };
	strncpy(w->name, name, sizeof(w->name) - 1);
	read_table(sector_size, w, 1);
	return w->why;
}

static void expect(uint32_t sector_size, uint32_t number, const char *name,
		   uint64_t first, uint64_t size)
{
	struct blk_table_want w;

	assert_int_equal(look(sector_size, number, name, &w), BLK_PART_OK);
	assert_int_equal(w.first, first * sector_size);
	assert_int_equal(w.size, size * sector_size);
}

static void expect_why(uint32_t sector_size, uint32_t number, const char *name,
		       enum blk_part_reason why)
{
	struct blk_table_want w;

	assert_int_equal(look(sector_size, number, name, &w), why);
}

/* --- MBR ---------------------------------------------------------------- */

static void mbr_by_number(void **state)
{
	(void)state;
	memset(disk, 0, SIZE);
	bd_mbr(disk);
	bd_mbr_part(disk, 1, 0x83, 8, 16);
	bd_mbr_part(disk, 2, 0x83, 24, BLOCKS * 8 - 24);
	bd_mbr_part(disk, 4, 0x05, 8, 16);
	expect(512, 1, "", 8, 16);
	expect(512, 2, "", 24, BLOCKS * 8 - 24);
	expect_why(512, 3, "", BLK_PART_MISSING);
	expect_why(512, 4, "", BLK_PART_EXTENDED);
	expect_why(512, 5, "", BLK_PART_MISSING);
	expect_why(512, UINT32_MAX, "", BLK_PART_MISSING);
	expect_why(512, 0, "root", BLK_PART_MISSING);
	expect_why(512, 0, "", BLK_PART_MISSING);
	/* Where sectors are larger, so are their numbers' units. */
	expect(4096, 1, "", 8, 16);
	expect_why(4096, 2, "", BLK_PART_OUTSIDE);
}

static void mbr_entries_that_cannot_be(void **state)
{
	static const struct {
		uint32_t first, count;
	} bad[] = {
		{ 0, 8 },
		{ 8, 0 },
		{ 0, 0 },
		{ BLOCKS * 8, 1 },
		{ 8, BLOCKS * 8 - 7 },
		{ UINT32_MAX, 1 },
		{ UINT32_MAX, UINT32_MAX },
		{ 8, UINT32_MAX },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bd_mbr(disk);
		bd_mbr_part(disk, 1, 0x83, bad[i].first, bad[i].count);
		expect_why(512, 1, "", BLK_PART_OUTSIDE);
	}
}

static void what_is_no_table(void **state)
{
	struct blk_table_want w = { .number = 1 };
	struct blk_table t;

	(void)state;
	memset(disk, 0, SIZE);
	expect_why(512, 1, "", BLK_PART_NO_TABLE);
	bd_mbr(disk);
	expect_why(512, 1, "", BLK_PART_MISSING);
	disk[510] = 0;
	expect_why(512, 1, "", BLK_PART_NO_TABLE);
	/* A file system's boot sector has text where the entries would be. */
	bd_mbr(disk);
	memcpy(disk + 446, "Press any key to restart", 24);
	expect_why(512, 1, "", BLK_PART_NO_TABLE);
	assert_int_equal(blk_table_start(&t, 512, BLOCKS, &w, 1), 0);
	blk_table_take(&t, NULL);
	assert_int_equal(w.why, BLK_PART_UNREADABLE);
	assert_int_equal(blk_table_start(&t, 512, 1, &w, 1), -22);
	assert_int_equal(blk_table_start(&t, 1024, BLOCKS, &w, 1), -22);
	assert_int_equal(blk_table_start(&t, 512, UINT64_MAX, &w, 1), -22);
}

/* --- GPT ---------------------------------------------------------------- */

static struct bd_gpt make_gpt(uint32_t sector_size)
{
	struct bd_gpt g = { .disk = disk,
			    .sector_size = sector_size,
			    .sectors = SIZE / sector_size,
			    .entries = 128,
			    .entry_size = 128 };
	uint64_t blocks = BLK_SIZE / sector_size;

	memset(disk, 0, SIZE);
	bd_gpt(&g);
	bd_gpt_part(&g, 1, 8 * blocks, 16 * blocks - 1, "root");
	bd_gpt_part(&g, 2, 16 * blocks, 24 * blocks - 1, "home");
	bd_gpt_part(&g, 128, 24 * blocks, 24 * blocks, "last");
	return g;
}

static const uint32_t sector_sizes[] = { 512, 4096 };

static void gpt_by_number_and_by_name(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t s = sector_sizes[i];
		uint64_t blocks = BLK_SIZE / s;

		make_gpt(s);
		expect(s, 1, "", 8 * blocks, 8 * blocks);
		expect(s, 2, "", 16 * blocks, 8 * blocks);
		expect(s, 128, "", 24 * blocks, 1);
		expect(s, 0, "root", 8 * blocks, 8 * blocks);
		expect(s, 0, "home", 16 * blocks, 8 * blocks);
		expect(s, 0, "last", 24 * blocks, 1);
		expect_why(s, 3, "", BLK_PART_MISSING);
		expect_why(s, 129, "", BLK_PART_MISSING);
		expect_why(s, 0, "roo", BLK_PART_MISSING);
		expect_why(s, 0, "roots", BLK_PART_MISSING);
		/* That of an empty entry is none. */
		expect_why(s, 0, "", BLK_PART_MISSING);
	}
}

static void several_are_looked_for_at_once(void **state)
{
	struct blk_table_want w[] = {
		{ .number = 2 },
		{ .name = "root" },
		{ .number = 9 },
		{ .number = 2 },
	};

	(void)state;
	make_gpt(512);
	/* MBR, header, and a list of 16 KiB that begins within a block. */
	assert_int_equal(read_table(512, w, 4), 7);
	assert_int_equal(w[0].why, BLK_PART_OK);
	assert_int_equal(w[0].first, 16 * BLK_SIZE);
	assert_int_equal(w[1].first, 8 * BLK_SIZE);
	assert_int_equal(w[2].why, BLK_PART_MISSING);
	assert_int_equal(w[3].first, w[0].first);
}

static void names_in_any_language(void **state)
{
	struct bd_gpt g = make_gpt(512);
	uint8_t *name = bd_entry(&g, false, 1) + 56;
	struct blk_table_want w;

	(void)state;
	/* U+00E9, U+20AC, U+1F600, and half of a pair. */
	bd_put16(name, 0xe9);
	bd_put16(name + 2, 0x20ac);
	bd_put16(name + 4, 0xd83d);
	bd_put16(name + 6, 0xde00);
	bd_put16(name + 8, 0xdc00);
	bd_sums(&g, false);
	expect(512, 0, "\u00e9\u20ac\U0001f600\ufffd", 64, 64);
	/* The longest there can be: all 36, three bytes each. */
	for (unsigned int i = 0; i < 36; i++)
		bd_put16(name + (size_t)i * 2, 0xffff);
	bd_sums(&g, false);
	w = (struct blk_table_want){ .number = 0 };
	for (unsigned int i = 0; i < 108; i += 3)
		memcpy(w.name + i, "\uffff", 3);
	read_table(512, &w, 1);
	assert_int_equal(w.why, BLK_PART_OK);
	/* Half a pair at the very end: what is behind it is no name. */
	bd_put16(name + 70, 0xd83d);
	bd_put16(bd_entry(&g, false, 2), 0xde00);
	bd_sums(&g, false);
	memcpy(w.name + 105, "\ufffd", 3);
	read_table(512, &w, 1);
	assert_int_equal(w.why, BLK_PART_OK);
}

static void a_name_that_is_there_twice(void **state)
{
	struct bd_gpt g = make_gpt(512);

	(void)state;
	bd_gpt_part(&g, 7, 256, 300, "root");
	expect_why(512, 0, "root", BLK_PART_AMBIGUOUS);
	expect(512, 1, "", 64, 64);
	bd_gpt_part(&g, 8, 256, 300, "root");
	expect_why(512, 0, "root", BLK_PART_AMBIGUOUS);
}

/* Larger entries, and lists that are not a whole number of blocks. */
static void lists_of_other_shapes(void **state)
{
	static const uint32_t shape[][2] = { { 1, 128 },  { 5, 256 },
					     { 9, 512 },  { 12, 1024 },
					     { 3, 4096 }, { 33, 128 } };

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		struct bd_gpt g = { .disk = disk,
				    .sector_size = 512,
				    .sectors = SIZE / 512,
				    .entries = shape[i][0],
				    .entry_size = shape[i][1] };

		memset(disk, 0, SIZE);
		bd_gpt(&g);
		for (uint32_t n = 1; n <= g.entries; n++)
			bd_gpt_part(&g, n, 200 + n, 200 + n, "x");
		for (uint32_t n = 1; n <= g.entries; n++)
			expect(512, n, "", 200 + n, 1);
		expect_why(512, g.entries + 1, "", BLK_PART_MISSING);
	}
}

/* Sums that are right do not make them usable. */
static void hc46_entries_of_odd_sizes(void **state)
{
	static const uint32_t odd[] = { 129, 160, 192, 384, 1000 };

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		struct bd_gpt g = { .disk = disk,
				    .sector_size = 512,
				    .sectors = SIZE / 512,
				    .entries = 4,
				    .entry_size = odd[i] };

		memset(disk, 0, SIZE);
		bd_gpt(&g);
		bd_gpt_part(&g, 1, 200, 201, "x");
		expect_why(512, 1, "", BLK_PART_BROKEN_TABLE);
	}
}

static void hc46_partitions_that_are_not_within_the_disk(void **state)
{
	static const uint64_t bad[][2] = {
		{ 0, 40 },	   { 33, 40 },
		{ 41, 40 },	   { 64, 479 },
		{ 64, 511 },	   { 64, UINT64_MAX },
		{ UINT64_MAX, 0 }, { 1ull << 55, 1ull << 55 },
	};
	struct bd_gpt g = make_gpt(512);

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		bd_gpt_part(&g, 1, bad[i][0], bad[i][1], "root");
		expect_why(512, 1, "", BLK_PART_OUTSIDE);
		expect_why(512, 0, "root", BLK_PART_OUTSIDE);
	}
	bd_gpt_part(&g, 1, 34, 478, "root");
	expect(512, 1, "", 34, 445);
}

/* --- broken ones -------------------------------------------------------- */

/* Each byte of the MBR's signature, a header or a list that is changed. */
static void the_backup_serves_if_the_primary_is_broken(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t s = sector_sizes[i];
		struct bd_gpt g = make_gpt(s);
		uint8_t *parts[] = { bd_header(&g, false),
				     bd_entry(&g, false, 1),
				     bd_entry(&g, false, 128) };
		const uint64_t blocks = BLK_SIZE / s;

		for (unsigned int p = 0; p < 3; p++) {
			for (unsigned int at = 0; at < 92; at++) {
				parts[p][at] ^= 0x10;
				expect(s, 2, "", 16 * blocks, 8 * blocks);
				parts[p][at] ^= 0x10;
			}
		}
		memset(parts[0], 0, s);
		expect(s, 0, "home", 16 * blocks, 8 * blocks);
		/* And if that is broken, too, there is none. */
		bd_entry(&g, true, 77)[0] ^= 1;
		expect_why(s, 2, "", BLK_PART_BROKEN_TABLE);
		expect_why(s, 0, "home", BLK_PART_BROKEN_TABLE);
	}
}

/* What a broken list has said is forgotten. */
static void nothing_is_taken_from_a_broken_list(void **state)
{
	struct bd_gpt g = make_gpt(512);

	(void)state;
	bd_put64(bd_entry(&g, false, 1) + 32, 65);
	memset(bd_entry(&g, true, 2), 0, 128);
	bd_sums(&g, true);
	expect(512, 1, "", 64, 64);
	expect_why(512, 2, "", BLK_PART_MISSING);
}

/* A protective entry means a GPT, also beside others (hybrid). */
static void an_mbr_beside_a_gpt_says_nothing(void **state)
{
	struct bd_gpt g = make_gpt(512);

	(void)state;
	bd_mbr_part(disk, 2, 0x83, 100, 50);
	expect(512, 2, "", 128, 64);
	memset(bd_header(&g, false), 0, 512);
	memset(bd_header(&g, true), 0, 512);
	expect_why(512, 2, "", BLK_PART_BROKEN_TABLE);
}

/* Headers whose sum is right and whose contents are not. */
static void hc46_headers_that_lie(void **state)
{
	static const struct {
		unsigned int at;
		uint64_t value;
		unsigned int bytes;
	} lie[] = {
		{ 8, 0x00020000, 4 },  /* revision */
		{ 24, 2, 8 },	       /* it is elsewhere */
		{ 40, 33, 8 },	       /* partitions over the list */
		{ 40, 500, 8 },	       /* none may be */
		{ 48, 512, 8 },	       /* beyond the disk */
		{ 48, UINT64_MAX, 8 }, /* far beyond */
		{ 72, 0, 8 },	       /* the list over the MBR */
		{ 72, 1, 8 },	       /* over the header */
		{ 72, 100, 8 },	       /* among the partitions */
		{ 72, 511, 8 },	       /* over the end of the disk */
		{ 72, UINT64_MAX, 8 }, /* beyond it */
		{ 72, 1ull << 55, 8 }, /* which wraps as bytes */
		{ 80, 0, 4 },	       /* no entry */
		{ 80, UINT32_MAX, 4 }, /* too many */
		{ 80, 1025, 4 },       /* just too many */
		{ 84, 0, 4 },	       /* of no size */
		{ 84, 64, 4 },	       /* too small */
		{ 84, 192, 4 },	       /* no power of two */
		{ 84, UINT32_MAX, 4 }, /* too large */
		{ 84, 1u << 31, 4 },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(lie) / sizeof(lie[0]); i++) {
		struct bd_gpt g = make_gpt(512);
		uint8_t *h = bd_header(&g, false);

		memset(bd_header(&g, true), 0, 512);
		expect(512, 2, "", 128, 64);
		if (lie[i].bytes == 4)
			bd_put32(h + lie[i].at, (uint32_t)lie[i].value);
		else
			bd_put64(h + lie[i].at, lie[i].value);
		bd_header_sum(&g, false);
		expect_why(512, 2, "", BLK_PART_BROKEN_TABLE);
	}
}

/* It fits the disk, and is longer than any needs to be. */
static void hc46_a_list_may_not_be_endless(void **state)
{
	(void)state;
	for (uint32_t n = 1024; n <= 1025; n++) {
		struct bd_gpt g = { disk, 512, SIZE / 512, n, 128 };
		uint8_t *h = bd_header(&g, false);

		memset(disk, 0, SIZE);
		bd_gpt(&g);
		bd_gpt_part(&g, 1, 310, 320, "root");
		/* The backup would overlap it. */
		memset(bd_header(&g, true), 0, 512);
		bd_put64(h + 40, 300);
		bd_put64(h + 48, 400);
		bd_sums(&g, false);
		if (n == 1024)
			expect(512, 1, "", 310, 11);
		else
			expect_why(512, 1, "", BLK_PART_BROKEN_TABLE);
	}
}

/* A table that changes between two reads is one of the two, or broken. */
static void hc46_any_bytes_at_all_are_survived(void **state)
{
	uint64_t random = 5;

	(void)state;
	for (unsigned int n = 0; n < 3000; n++) {
		struct blk_table_want w[] = { { .number = 1 },
					      { .name = "home" } };
		struct bd_gpt g = make_gpt(n % 2 ? 512 : 4096);
		struct blk_table t;
		uint64_t block;
		unsigned int reads = 0;

		assert_int_equal(
			blk_table_start(&t, g.sector_size, BLOCKS, w, 2), 0);
		while (blk_table_next(&t, &block)) {
			uint64_t r = br_random(&random);

			assert_in_range(++reads, 1, BLK_TABLE_MAX_READS);
			if (r % 4 == 0)
				bd_header(&g, r & 4)[(r >> 8) % 92] ^= 1;
			if (r % 8 == 1)
				bd_sums(&g, r & 16);
			blk_table_take(&t, disk + block * BLK_SIZE);
		}
		for (unsigned int i = 0; i < 2; i++) {
			if (w[i].why != BLK_PART_OK)
				continue;
			assert_in_range(w[i].first, 512, SIZE - 1);
			assert_in_range(w[i].size, 1, SIZE - w[i].first);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mbr_by_number),
		cmocka_unit_test(mbr_entries_that_cannot_be),
		cmocka_unit_test(what_is_no_table),
		cmocka_unit_test(gpt_by_number_and_by_name),
		cmocka_unit_test(several_are_looked_for_at_once),
		cmocka_unit_test(names_in_any_language),
		cmocka_unit_test(a_name_that_is_there_twice),
		cmocka_unit_test(lists_of_other_shapes),
		cmocka_unit_test(hc46_entries_of_odd_sizes),
		cmocka_unit_test(hc46_partitions_that_are_not_within_the_disk),
		cmocka_unit_test(the_backup_serves_if_the_primary_is_broken),
		cmocka_unit_test(nothing_is_taken_from_a_broken_list),
		cmocka_unit_test(an_mbr_beside_a_gpt_says_nothing),
		cmocka_unit_test(hc46_headers_that_lie),
		cmocka_unit_test(hc46_a_list_may_not_be_endless),
		cmocka_unit_test(hc46_any_bytes_at_all_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
