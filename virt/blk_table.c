/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables: see blk_table.h.  Nothing on the disk is believed.
 *
 * A GPT's list is checked by a sum over all of it, and is not kept: places are
 * noted in @want as the blocks come by, and hold only if the sum is right in
 * the end.
 */
#include "virt/blk_table.h"

#include "base/errno.h"

/* The MBR. */
#define MBR_ENTRIES 4u
#define MBR_LIST 446u
#define MBR_ENTRY_SIZE 16u
#define MBR_STATUS 0u
#define MBR_TYPE 4u
#define MBR_FIRST 8u
#define MBR_COUNT 12u
#define MBR_SIGNATURE 510u
#define MBR_ACTIVE 0x80u
#define MBR_NO_PART 0u
#define MBR_PROTECTIVE 0xeeu

/* A GPT's header, and an entry of its list. */
#define GPT_REVISION 8u
#define GPT_HEADER_SIZE 12u
#define GPT_HEADER_CRC 16u
#define GPT_OWN_SECTOR 24u
#define GPT_FIRST_FREE 40u
#define GPT_LAST_FREE 48u
#define GPT_LIST 72u
#define GPT_ENTRIES 80u
#define GPT_ENTRY_SIZE 84u
#define GPT_LIST_CRC 88u
#define GPT_HEADER_MIN 92u
#define GPT_REVISION_1 0x00010000u
#define GPT_ENTRY_MIN 128u
#define GPT_ENTRY_FIRST 32u
#define GPT_ENTRY_LAST 40u
#define GPT_ENTRY_NAME 56u
#define GPT_NAME_UNITS 36u

/* A disk has less than 2^63 bytes, so no sum of two places overflows. */
#define MAX_BLOCKS (1ull << (63 - BLK_SHIFT))

#define KEY(symbol, key, text) #key,
#define TEXT(symbol, key, text) text,

const char *blk_part_reason_key(enum blk_part_reason reason)
{
	static const char *const keys[] = { BLK_PART_REASONS(KEY) };

	return (unsigned int)reason < BLK_PART_REASON_COUNT ? keys[reason]
							    : "unknown";
}

const char *blk_part_reason_text(enum blk_part_reason reason)
{
	static const char *const texts[] = { BLK_PART_REASONS(TEXT) };

	return (unsigned int)reason < BLK_PART_REASON_COUNT ? texts[reason]
							    : "unknown";
}

/* --- numbers on the disk ------------------------------------------------ */

static uint32_t le16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | le16(p + 2) << 16;
}

static uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* The CRC-32 of Ethernet, over more bytes; begins and ends with 0. */
static uint32_t crc_more(uint32_t crc, const uint8_t *p, size_t n)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

/* --- what is looked for ------------------------------------------------- */

/* All of them. */
static void say_all(struct blk_table *t, enum blk_part_reason why)
{
	for (uint32_t i = 0; i < t->wants; i++)
		t->want[i].why = why;
}

static void end(struct blk_table *t, enum blk_part_reason why)
{
	say_all(t, why);
	t->step = BLK_TABLE_DONE;
}

/* Sectors @first to @last are one that is looked for. */
static void found(struct blk_table *t, struct blk_table_want *w, uint64_t first,
		  uint64_t last)
{
	if (w->why != BLK_PART_MISSING) {
		w->why = BLK_PART_AMBIGUOUS;
		return;
	}
	if (first < t->first_free || first > last || last > t->last_free) {
		w->why = BLK_PART_OUTSIDE;
		return;
	}
	w->first = first * t->sector_size;
	w->size = (last - first + 1) * t->sector_size;
	w->why = BLK_PART_OK;
}

/* --- the MBR ------------------------------------------------------------ */

static const uint8_t *mbr_entry(const uint8_t *mbr, uint32_t index)
{
	return mbr + MBR_LIST + (size_t)index * MBR_ENTRY_SIZE;
}

/* Boot sectors of file systems have the same signature, and text behind it. */
static bool is_mbr(const uint8_t *mbr)
{
	if (le16(mbr + MBR_SIGNATURE) != 0xaa55)
		return false;
	for (uint32_t i = 0; i < MBR_ENTRIES; i++)
		if ((mbr_entry(mbr, i)[MBR_STATUS] & ~MBR_ACTIVE) != 0)
			return false;
	return true;
}

static bool is_protective(const uint8_t *mbr)
{
	for (uint32_t i = 0; i < MBR_ENTRIES; i++)
		if (mbr_entry(mbr, i)[MBR_TYPE] == MBR_PROTECTIVE)
			return true;
	return false;
}

static void look_up_mbr(struct blk_table *t, const uint8_t *mbr,
			struct blk_table_want *w)
{
	const uint8_t *e;
	uint64_t first, count;

	if (w->number == 0 || w->number > MBR_ENTRIES)
		return;
	e = mbr_entry(mbr, w->number - 1);
	first = le32(e + MBR_FIRST);
	count = le32(e + MBR_COUNT);
	switch (e[MBR_TYPE]) {
	case MBR_NO_PART:
		break;
	case 0x05: /* these three are lists of more */
	case 0x0f:
	case 0x85:
		w->why = BLK_PART_EXTENDED;
		break;
	default:
		/* No sector: the last one is before the first. */
		found(t, w, first, first + count - 1);
	}
}

static void take_mbr(struct blk_table *t, const uint8_t *mbr)
{
	if (mbr == NULL) {
		end(t, BLK_PART_UNREADABLE);
	} else if (!is_mbr(mbr)) {
		end(t, BLK_PART_NO_TABLE);
	} else if (is_protective(mbr)) {
		t->step = BLK_TABLE_HEADER;
	} else {
		t->first_free = 1;
		t->last_free = t->sectors - 1;
		end(t, BLK_PART_MISSING);
		for (uint32_t i = 0; i < t->wants; i++)
			look_up_mbr(t, mbr, &t->want[i]);
	}
}

/* --- the GPT's header --------------------------------------------------- */

/* This copy is of no use. */
static void next_copy(struct blk_table *t)
{
	if (t->backup) {
		end(t, BLK_PART_BROKEN_TABLE);
		return;
	}
	t->backup = true;
	t->step = BLK_TABLE_HEADER;
}

static uint64_t header_sector(const struct blk_table *t)
{
	return t->backup ? t->sectors - 1 : 1;
}

static bool header_sum_ok(const struct blk_table *t, const uint8_t *h)
{
	static const uint8_t zero[4];
	uint32_t size = le32(h + GPT_HEADER_SIZE);
	uint32_t sum;

	if (size < GPT_HEADER_MIN || size > t->sector_size)
		return false;
	sum = crc_more(0, h, GPT_HEADER_CRC);
	sum = crc_more(sum, zero, sizeof(zero));
	sum = crc_more(sum, h + GPT_HEADER_CRC + 4, size - GPT_HEADER_CRC - 4);
	return sum == le32(h + GPT_HEADER_CRC);
}

static bool is_header(const struct blk_table *t, const uint8_t *h)
{
	/* "EFI PART" */
	return le64(h) == 0x5452415020494645ull &&
	       le32(h + GPT_REVISION) == GPT_REVISION_1 &&
	       header_sum_ok(t, h) &&
	       le64(h + GPT_OWN_SECTOR) == header_sector(t);
}

/*
 * The list lies between the header and the sectors that partitions may have,
 * on the header's side of them.
 */
static bool places_ok(const struct blk_table *t, uint64_t list, uint64_t bytes)
{
	uint64_t sectors = (bytes + t->sector_size - 1) / t->sector_size;

	if (list >= t->sectors || t->first_free > t->last_free ||
	    t->last_free >= t->sectors)
		return false;
	if (t->backup)
		return list > t->last_free &&
		       list + sectors <= header_sector(t) && t->first_free > 1;
	return list > 1 && list + sectors <= t->first_free;
}

static void take_header(struct blk_table *t, const uint8_t *block)
{
	const uint8_t *h = block;
	uint64_t list, bytes;

	if (h != NULL)
		h += header_sector(t) * t->sector_size % BLK_SIZE;
	if (h == NULL || !is_header(t, h)) {
		next_copy(t);
		return;
	}
	t->first_free = le64(h + GPT_FIRST_FREE);
	t->last_free = le64(h + GPT_LAST_FREE);
	t->entries = le32(h + GPT_ENTRIES);
	t->entry_size = le32(h + GPT_ENTRY_SIZE);
	t->crc = le32(h + GPT_LIST_CRC);
	list = le64(h + GPT_LIST);
	bytes = (uint64_t)t->entries * t->entry_size;
	if (t->entry_size < GPT_ENTRY_MIN || bytes == 0 ||
	    (t->entry_size & (t->entry_size - 1)) != 0 ||
	    bytes > BLK_TABLE_MAX_LIST || !places_ok(t, list, bytes)) {
		next_copy(t);
		return;
	}
	t->list = list * t->sector_size;
	t->done = 0;
	t->sum = 0;
	t->step = BLK_TABLE_LIST;
	say_all(t, BLK_PART_MISSING);
}

/* --- the GPT's list ----------------------------------------------------- */

/* One character as UTF-8; returns its bytes. */
static unsigned int put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* A name as UTF-8; what is half a character in it becomes U+FFFD. */
static void get_name(char *name, const uint8_t *units)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < GPT_NAME_UNITS; i++) {
		uint32_t c = le16(units + (size_t)i * 2);
		uint32_t low = i + 1 < GPT_NAME_UNITS
				       ? le16(units + (size_t)i * 2 + 2)
				       : 0;

		if (c == 0)
			break;
		if (c >> 10 == 0x36 && low >> 10 == 0x37) {
			c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
			i++;
		} else if (c >> 11 == 0x1b) {
			c = 0xfffd;
		}
		n += put_utf8(name + n, c);
	}
	name[n] = 0;
}

static bool same_name(const char *a, const char *b)
{
	for (unsigned int i = 0; i < BLK_NAME_SIZE && a[i] == b[i]; i++)
		if (a[i] == 0)
			return true;
	return false;
}

static bool is_used(const uint8_t *entry)
{
	return (le64(entry) | le64(entry + 8)) != 0;
}

static void take_entry(struct blk_table *t, const uint8_t *e, uint64_t index)
{
	char name[BLK_NAME_SIZE];

	if (!is_used(e))
		return;
	get_name(name, e + GPT_ENTRY_NAME);
	for (uint32_t i = 0; i < t->wants; i++) {
		struct blk_table_want *w = &t->want[i];

		if (w->number != 0 ? w->number == index + 1
				   : name[0] != 0 && same_name(name, w->name))
			found(t, w, le64(e + GPT_ENTRY_FIRST),
			      le64(e + GPT_ENTRY_LAST));
	}
}

/*
 * The part of the list that is in this block.  Sectors begin at multiples of
 * 512 and entries in the list at multiples of 128, so what is read of an entry,
 * its first 128 bytes, is in one block.
 */
static void take_list(struct blk_table *t, const uint8_t *block)
{
	uint64_t bytes = (uint64_t)t->entries * t->entry_size;
	uint64_t from = (t->list + t->done) % BLK_SIZE;
	uint64_t n = BLK_SIZE - from;
	uint64_t at;

	if (block == NULL) {
		next_copy(t);
		return;
	}
	if (n > bytes - t->done)
		n = bytes - t->done;
	t->sum = crc_more(t->sum, block + from, n);
	/* The first entry that begins at or behind @done. */
	at = (t->done + t->entry_size - 1) & ~(uint64_t)(t->entry_size - 1);
	for (; at < t->done + n; at += t->entry_size)
		take_entry(t, block + from + (at - t->done),
			   at / t->entry_size);
	t->done += n;
	if (t->done < bytes)
		return;
	if (t->sum == t->crc)
		t->step = BLK_TABLE_DONE;
	else
		next_copy(t);
}

/* --- reading ------------------------------------------------------------ */

int blk_table_start(struct blk_table *t, uint32_t sector_size, uint64_t blocks,
		    struct blk_table_want *want, uint32_t wants)
{
	if ((sector_size != 512 && sector_size != BLK_SIZE) || blocks < 2 ||
	    blocks > MAX_BLOCKS)
		return -EINVAL;
	*t = (struct blk_table){
		.want = want,
		.wants = wants,
		.sector_size = sector_size,
		.sectors = blocks * (BLK_SIZE / sector_size),
	};
	say_all(t, BLK_PART_UNKNOWN);
	return 0;
}

bool blk_table_next(const struct blk_table *t, uint64_t *block)
{
	switch (t->step) {
	case BLK_TABLE_MBR:
		*block = 0;
		return true;
	case BLK_TABLE_HEADER:
		*block = header_sector(t) * t->sector_size / BLK_SIZE;
		return true;
	case BLK_TABLE_LIST:
		*block = (t->list + t->done) / BLK_SIZE;
		return true;
	case BLK_TABLE_DONE:
		break;
	}
	return false;
}

void blk_table_take(struct blk_table *t, const uint8_t *block)
{
	switch (t->step) {
	case BLK_TABLE_MBR:
		take_mbr(t, block);
		break;
	case BLK_TABLE_HEADER:
		take_header(t, block);
		break;
	case BLK_TABLE_LIST:
		take_list(t, block);
		break;
	case BLK_TABLE_DONE:
		break;
	}
}
