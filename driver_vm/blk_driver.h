/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver VM's disk: its devices, the block device, and blk.c. */
#ifndef WEIR_DRIVER_VM_BLK_DRIVER_H
#define WEIR_DRIVER_VM_BLK_DRIVER_H

#include "driver_vm/blk.h"
#include "driver_vm/blk_uring.h"
#include "driver_vm/event.h"
#include "driver_vm/uio.h"

struct blk_driver {
	struct event_loop *loop;
	const struct uio_where *where;
	const char *wanted; /* the disk's name, or NULL */
	struct uio_device queues;
	struct uio_device data;
	struct uio_device control;
	struct event_source news; /* of block devices, until it is found */
	struct blk_uring uring;
	struct blk blk;
};

/**
 * blk_driver_start - find the devices, and begin to look for the disk
 * @d:         zero; must stay where it is
 * @where:     likewise
 * @doorbells: the page of doorbells
 * @wanted:    the disk's name, or NULL: the first
 *
 * The disk is reported ready as soon as it is there; the loop runs meanwhile.
 *
 * Return: 0 or negative errno, having said why.
 */
int blk_driver_start(struct blk_driver *d, struct event_loop *loop,
		     const struct uio_where *where, volatile void *doorbells,
		     const char *wanted);

/** blk_driver_idle - whether there was no request yet */
bool blk_driver_idle(const struct blk_driver *d);

#endif
