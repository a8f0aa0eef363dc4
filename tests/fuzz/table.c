/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A partition table that the fuzzer writes (libFuzzer).
 *
 * The disk begins with a right table.  The input is a script: its first bytes
 * are the kind of table and what is looked for, then come words that are put
 * into headers and lists, before the table is read and between two reads.  Sums
 * are made right again unless it says otherwise, so that what is behind them is
 * reached.
 */
#include "tests/fuzz/script.h"
#include "tests/unit/blk_disk_rig.h"
#include "virt/blk_table.h"

#define BLOCKS 48u

static uint8_t disk[BLOCKS * BLK_SIZE];

static uint64_t long_word(struct script *s)
{
	uint64_t value = next_word(s) | (uint64_t)next_word(s) << 16;

	switch (next(s) % 4) {
	case 0:
		return 0 - (value & 0xff);
	case 1:
		return value << 32;
	default:
		return value & 0xfff;
	}
}

/* A word somewhere in the MBR, a header or the list. */
static void damage(const struct bd_gpt *g, struct script *s)
{
	unsigned int how = next(s);
	bool backup = how & 1;
	uint64_t value = long_word(s);
	size_t at = next(s);

	switch (how >> 1 & 3) {
	case 0:
		bd_put32(disk + 446 + at % 62, (uint32_t)value);
		break;
	case 1:
		bd_put64(bd_header(g, backup) + at % 88, value);
		break;
	case 2:
		bd_put32(bd_header(g, backup) + 8 + at % 80, (uint32_t)value);
		break;
	default:
		bd_put64(bd_entry(g, backup, 1 + next(s) % g->entries) +
				 at % 120,
			 value);
	}
	if (how & 8)
		return;
	if (how & 16)
		bd_sums(g, backup);
	else
		bd_header_sum(g, backup);
}

static void check(const struct blk_table_want *w)
{
	must((unsigned int)w->why < BLK_PART_REASON_COUNT);
	if (w->why != BLK_PART_OK)
		return;
	must(w->first >= 512 && w->first < sizeof(disk));
	must(w->size > 0 && w->size <= sizeof(disk) - w->first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t shape[][2] = {
		{ 128, 128 },
		{ 4, 128 },
		{ 30, 256 },
		{ 9, 1024 },
	};
	struct script s = { data, size };
	unsigned int how = next(&s);
	struct bd_gpt g = { .disk = disk,
			    .sector_size = how & 1 ? 512 : 4096,
			    .entries = shape[how >> 1 & 3][0],
			    .entry_size = shape[how >> 1 & 3][1] };
	struct blk_table_want want[] = { { .number = next(&s) },
					 { .name = "root" } };
	struct blk_table t;
	unsigned int reads = 0;
	uint64_t block;

	memset(disk, 0, sizeof(disk));
	g.sectors = sizeof(disk) / g.sector_size;
	bd_gpt(&g);
	bd_gpt_part(&g, 1, g.sectors / 2, g.sectors / 2 + 1, "root");
	bd_gpt_part(&g, 3, g.sectors / 2 + 2, g.sectors / 2 + 2, "home");
	for (unsigned int n = how >> 4; n > 0; n--)
		damage(&g, &s);
	must(blk_table_start(&t, g.sector_size, BLOCKS, want, 2) == 0);
	while (blk_table_next(&t, &block)) {
		unsigned int what = next(&s);
		uint8_t *copy = malloc(BLK_SIZE);

		must(copy != NULL && block < BLOCKS);
		must(++reads <= BLK_TABLE_MAX_READS);
		if (what & 1)
			damage(&g, &s);
		memcpy(copy, disk + block * BLK_SIZE, BLK_SIZE);
		blk_table_take(&t, what & 6 || !(what & 1) ? copy : NULL);
		free(copy);
	}
	check(&want[0]);
	check(&want[1]);
	return 0;
}
