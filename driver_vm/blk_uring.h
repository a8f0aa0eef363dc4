/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk by io_uring: all requests of a batch with one system call, and answers
 * from a ring in memory.
 *
 * It is opened for direct I/O, so what it has answered is in the device, and a
 * guest that dies takes no data with it.
 *
 * Functions return 0 or negative errno, having said why.
 */
#ifndef WEIR_DRIVER_VM_BLK_URING_H
#define WEIR_DRIVER_VM_BLK_URING_H

#include <liburing.h>

#include "driver_vm/blk.h"
#include "driver_vm/event.h"

struct blk_uring {
	struct blk_disk disk;
	struct event_source source; /* something is done */
	struct event_loop *loop;
	struct io_uring ring;
	int fd; /* of the disk */
};

/**
 * blk_uring_open - open a disk and have the loop wait for it
 * @u:    out; must stay where it is
 * @path: of a block device; or of a file, for tests
 */
int blk_uring_open(struct blk_uring *u, struct event_loop *loop,
		   const char *path);

#endif
