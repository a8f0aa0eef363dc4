/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables as they are on disks, made by a second implementation.
 */
#ifndef WEIR_TESTS_BLK_DISK_RIG_H
#define WEIR_TESTS_BLK_DISK_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct bd_gpt - where a GPT's parts are, in sectors
 * @disk:        its bytes
 * @sector_size: 512 or 4096
 * @sectors:     of the disk
 * @entries, @entry_size: of the list
 */
struct bd_gpt {
	uint8_t *disk;
	uint32_t sector_size;
	uint64_t sectors;
	uint32_t entries;
	uint32_t entry_size;
};

/**
 * bd_mbr - an empty MBR
 */
void bd_mbr(uint8_t *disk);

/**
 * bd_mbr_part - an entry of it, from 1 on; in sectors
 */
void bd_mbr_part(uint8_t *disk, unsigned int number, uint8_t type,
		 uint32_t first, uint32_t count);

/**
 * bd_gpt - a protective MBR and an empty GPT, whose sums are still to be made
 */
void bd_gpt(const struct bd_gpt *g);

/**
 * bd_gpt_part - an entry of both lists, from 1 on; @name: in ASCII
 */
void bd_gpt_part(const struct bd_gpt *g, unsigned int number, uint64_t first,
		 uint64_t last, const char *name);

/* The header, and an entry of the list, of either copy. */
uint8_t *bd_header(const struct bd_gpt *g, bool backup);
uint8_t *bd_entry(const struct bd_gpt *g, bool backup, unsigned int number);

/**
 * bd_header_sum - make the sum of a header right again
 */
void bd_header_sum(const struct bd_gpt *g, bool backup);

/**
 * bd_sums - and that of the list before it
 */
void bd_sums(const struct bd_gpt *g, bool backup);

/* Numbers on the disk. */
void bd_put16(uint8_t *at, uint32_t value);
void bd_put32(uint8_t *at, uint32_t value);
void bd_put64(uint8_t *at, uint64_t value);

#endif
