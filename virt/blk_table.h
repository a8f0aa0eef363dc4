/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables: where the partitions of a disk are, by number or by name.
 *
 * The parser reads nothing itself.  It says which block of the disk it has to
 * see next, and the caller brings it, by a request to a driver or by pread():
 *
 *	blk_table_start(&t, ...);
 *	while (blk_table_next(&t, &block))
 *		blk_table_take(&t, contents of that block);
 *	want[i].why says which partitions there are
 *
 * It knows the MBR with its four primary partitions, and the GPT: it checks
 * both checksums, and takes the backup at the end of the disk if the primary
 * table is broken.  A disk with a protective entry in its MBR has a GPT; if
 * both copies are broken, it has no partitions, whatever the MBR says.
 *
 * What may be relied on, whatever is on the disk: a partition that is found
 * lies within the disk and behind the table's own sectors; the number of blocks
 * asked for is at most BLK_TABLE_MAX_READS; a table that was changed between
 * two reads is found broken or is one of the two.  The parser looks at a block
 * several times, so it must be a copy that nobody else can write.
 */
#ifndef WEIR_VIRT_BLK_TABLE_H
#define WEIR_VIRT_BLK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blk.h"

/* Bytes of a partition's name: 36 units of UTF-16 as UTF-8, and a 0. */
#define BLK_NAME_SIZE 109u
/* Bytes of a GPT's list of partitions, at most. */
#define BLK_TABLE_MAX_LIST (1u << 17)
/* Blocks that are asked for, at most: MBR, and twice a header and a list. */
#define BLK_TABLE_MAX_READS (1u + 2u * (2u + BLK_TABLE_MAX_LIST / BLK_SIZE))

/*
 * Why a partition is not to be had.
 *
 *	BLK_PART_REASON(symbol, key, text for a person)
 *
 * The last four are the virtualiser's (blk_virt.h).
 */
#define BLK_PART_REASONS(BLK_PART_REASON)                                      \
	BLK_PART_REASON(OK, ok, "there is nothing wrong with it")              \
	BLK_PART_REASON(UNKNOWN, unknown, "the table has not been read")       \
	BLK_PART_REASON(UNREADABLE, unreadable, "the table cannot be read")    \
	BLK_PART_REASON(NO_TABLE, no_table, "the disk has no partition table") \
	BLK_PART_REASON(BROKEN_TABLE, broken_table,                            \
			"the partition table is broken, and so is its backup") \
	BLK_PART_REASON(MISSING, missing, "the table has no such partition")   \
	BLK_PART_REASON(AMBIGUOUS, ambiguous,                                  \
			"several partitions have this name")                   \
	BLK_PART_REASON(EXTENDED, extended,                                    \
			"it is an extended partition, a list of others")       \
	BLK_PART_REASON(OUTSIDE, outside,                                      \
			"it is not within the disk, or overlaps the table")    \
	BLK_PART_REASON(MISALIGNED, misaligned,                                \
			"it does not begin at a multiple of 4096 bytes")       \
	BLK_PART_REASON(TOO_SMALL, too_small, "it is smaller than 4096 bytes") \
	BLK_PART_REASON(OVERLAP, overlap,                                      \
			"it overlaps another client's, and one may write")     \
	BLK_PART_REASON(CHANGED, changed,                                      \
			"it is elsewhere than before the driver's restart")

#define BLK_PART_REASON_ENUM(symbol, key, text) BLK_PART_##symbol,
enum blk_part_reason {
	BLK_PART_REASONS(BLK_PART_REASON_ENUM) BLK_PART_REASON_COUNT
};
#undef BLK_PART_REASON_ENUM

/**
 * struct blk_table_want - a partition that is looked for, and where it is
 * @number: from 1 on; or 0: it is known by its name
 * @name:   of a GPT's partition, in UTF-8
 * @why:    out: enum blk_part_reason
 * @first:  out, if @why is BLK_PART_OK: where it begins, in bytes
 * @size:   out: its bytes
 */
struct blk_table_want {
	uint32_t number;
	char name[BLK_NAME_SIZE];
	enum blk_part_reason why;
	uint64_t first;
	uint64_t size;
};

/* What is to be read next. */
enum blk_table_step {
	BLK_TABLE_MBR,
	BLK_TABLE_HEADER,
	BLK_TABLE_LIST,
	BLK_TABLE_DONE,
};

/**
 * struct blk_table - a table that is being read; private to blk_table.c
 */
struct blk_table {
	struct blk_table_want *want;
	uint32_t wants;
	uint32_t sector_size;
	uint64_t sectors; /* of the disk */
	enum blk_table_step step;
	bool backup;	  /* it is this one that is being read */
	uint32_t entries; /* of the list: how many */
	uint32_t entry_size;
	uint32_t crc;	     /* of the list, as the header says */
	uint32_t sum;	     /* of the list, so far */
	uint64_t list;	     /* where it is, in bytes */
	uint64_t done;	     /* bytes of it that were seen */
	uint64_t first_free; /* sectors that partitions may have */
	uint64_t last_free;
};

/**
 * blk_table_start - begin to read a disk's table
 * @sector_size: of the disk: 512 or 4096
 * @blocks:	 of the disk, which are whole ones
 * @want:	 in/out: array of what is looked for; kept
 *
 * Return: 0, or -EINVAL if that is no disk.
 */
int blk_table_start(struct blk_table *t, uint32_t sector_size, uint64_t blocks,
		    struct blk_table_want *want, uint32_t wants);

/**
 * blk_table_next - which block is to be read next
 * @block: out
 *
 * Return: false if none is, and all is known.
 */
bool blk_table_next(const struct blk_table *t, uint64_t *block);

/**
 * blk_table_take - give it that block
 * @block: its BLK_SIZE bytes, which nobody else can write; or NULL: it cannot
 *	   be read
 */
void blk_table_take(struct blk_table *t, const uint8_t *block);

/**
 * blk_part_reason_key - stable short name ("no_table")
 * @reason: any value; out of range gives "unknown"
 */
const char *blk_part_reason_key(enum blk_part_reason reason);

/**
 * blk_part_reason_text - one line for a person
 * @reason: any value; out of range gives "unknown"
 */
const char *blk_part_reason_text(enum blk_part_reason reason);

#endif
