/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/blk_disk_rig.h"

#include <string.h>
#include <zlib.h>

void bd_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

void bd_put32(uint8_t *at, uint32_t value)
{
	bd_put16(at, value);
	bd_put16(at + 2, value >> 16);
}

void bd_put64(uint8_t *at, uint64_t value)
{
	bd_put32(at, (uint32_t)value);
	bd_put32(at + 4, (uint32_t)(value >> 32));
}

void bd_mbr(uint8_t *disk)
{
	memset(disk, 0, 512);
	disk[510] = 0x55;
	disk[511] = 0xaa;
}

void bd_mbr_part(uint8_t *disk, unsigned int number, uint8_t type,
		 uint32_t first, uint32_t count)
{
	uint8_t *e = disk + 446 + (size_t)(number - 1) * 16;

	e[4] = type;
	bd_put32(e + 8, first);
	bd_put32(e + 12, count);
}

/* Sectors of a list. */
static uint64_t list_sectors(const struct bd_gpt *g)
{
	uint64_t bytes = (uint64_t)g->entries * g->entry_size;

	return (bytes + g->sector_size - 1) / g->sector_size;
}

static uint64_t list_at(const struct bd_gpt *g, bool backup)
{
	return backup ? g->sectors - 1 - list_sectors(g) : 2;
}

uint8_t *bd_header(const struct bd_gpt *g, bool backup)
{
	uint64_t sector = backup ? g->sectors - 1 : 1;

	return g->disk + sector * g->sector_size;
}

uint8_t *bd_entry(const struct bd_gpt *g, bool backup, unsigned int number)
{
	return g->disk + list_at(g, backup) * g->sector_size +
	       (size_t)(number - 1) * g->entry_size;
}

void bd_header_sum(const struct bd_gpt *g, bool backup)
{
	uint8_t *h = bd_header(g, backup);

	bd_put32(h + 16, 0);
	bd_put32(h + 16, (uint32_t)crc32(0, h, 92));
}

void bd_sums(const struct bd_gpt *g, bool backup)
{
	bd_put32(bd_header(g, backup) + 88,
		 (uint32_t)crc32(0, bd_entry(g, backup, 1),
				 g->entries * g->entry_size));
	bd_header_sum(g, backup);
}

static void header(const struct bd_gpt *g, bool backup)
{
	uint8_t *h = bd_header(g, backup);

	memset(h, 0, g->sector_size);
	bd_put64(h, 0x5452415020494645); /* "EFI PART" */
	bd_put32(h + 8, 0x00010000);
	bd_put32(h + 12, 92);
	bd_put64(h + 24, backup ? g->sectors - 1 : 1);
	bd_put64(h + 32, backup ? 1 : g->sectors - 1);
	bd_put64(h + 40, 2 + list_sectors(g));
	bd_put64(h + 48, g->sectors - 2 - list_sectors(g));
	bd_put64(h + 72, list_at(g, backup));
	bd_put32(h + 80, g->entries);
	bd_put32(h + 84, g->entry_size);
	memset(bd_entry(g, backup, 1), 0, list_sectors(g) * g->sector_size);
}

void bd_gpt(const struct bd_gpt *g)
{
	bd_mbr(g->disk);
	bd_mbr_part(g->disk, 1, 0xee, 1, (uint32_t)g->sectors - 1);
	header(g, false);
	header(g, true);
}

void bd_gpt_part(const struct bd_gpt *g, unsigned int number, uint64_t first,
		 uint64_t last, const char *name)
{
	for (int backup = 0; backup < 2; backup++) {
		uint8_t *e = bd_entry(g, backup, number);

		memset(e, 0, g->entry_size);
		memset(e, 0xd0 + (int)number % 16, 32);
		bd_put64(e + 32, first);
		bd_put64(e + 40, last);
		for (size_t i = 0; name[i] != 0 && i < 36; i++)
			bd_put16(e + 56 + 2 * i, (uint8_t)name[i]);
		bd_sums(g, backup);
	}
}
