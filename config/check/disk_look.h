/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking at the files that disks are in: what each is, how large, and where a
 * partition of it is.
 *
 * A file may be on a server that is away, and its partition table was written
 * by a guest.  So another process looks, and is killed if it takes long
 * (helpers.h); of what it says, a place within the disk is all that is believed.
 * What is there can change until the disk is opened: then its size is checked
 * again.
 */
#ifndef WEIR_CONFIG_DISK_LOOK_H
#define WEIR_CONFIG_DISK_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "config/system.h"

/* For all files; tests have less patience. */
extern int disk_look_limit_ms;

/**
 * struct disk_look - a file to be looked at
 * @path:   absolute
 * @part:   a partition of it, or all
 * @writes: it will be opened for writing
 *
 * All below is found out.
 *
 * @done:   it was looked at
 * @error:  errno of what failed, or 0
 * @mode:   as of stat(2): what is there, if it can be no disk
 * @dev, @ino: which file or block device it is
 * @size:   bytes of all of it
 * @why:    of the partition: enum blk_part_reason; if it is BLK_PART_OK,
 * @first, @length: bytes: where it is
 */
struct disk_look {
	char path[SYS_PATH];
	struct sys_partition part;
	bool writes;
	bool done;
	int error;
	uint32_t mode;
	uint64_t dev;
	uint64_t ino;
	uint64_t size;
	uint32_t why;
	uint64_t first;
	uint64_t length;
};

/**
 * disk_look_all - look at some files
 * @look: in/out: of helpers_share()
 */
void disk_look_all(struct disk_look *look, unsigned int n);

#endif
