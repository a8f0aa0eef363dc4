/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which block device is the disk, and waiting for it: some drivers find their
 * disks only after the guest's program has started.
 */
#ifndef WEIR_DRIVER_VM_BLK_FIND_H
#define WEIR_DRIVER_VM_BLK_FIND_H

#include <stddef.h>

#include "driver_vm/blk.h"
#include "driver_vm/uio.h"

/* Bytes of a device's name. */
#define BLK_NAME 32u

/**
 * blk_find_news - a socket that is readable when devices come and go
 *
 * It does not block.  Opened before the first look, it misses nothing.
 *
 * Return: the socket, or negative errno.
 */
int blk_find_news(void);

/** blk_find_read - take what there is to read; blk_find() looks for itself */
void blk_find_read(int news);

/**
 * blk_find - the disk: the block device of this name; or the one with the first
 * name that is a device's, and no partition
 * @wanted: or NULL
 * @name:   out
 * @serial: out: its serial number, or ""
 *
 * Return: how many it could have been.
 */
unsigned int blk_find(const struct uio_where *where, const char *wanted,
		      char name[BLK_NAME], char serial[BLK_SERIAL_SIZE]);

#endif
