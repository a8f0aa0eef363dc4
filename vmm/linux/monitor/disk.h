/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks of guests as the monitor sees them.  Part of monitor/state.h.
 *
 * A disk's PD needs no more of the monitor than any other; here is only where
 * it counts what it does.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_DISK_H
#define WEIR_VMM_LINUX_MONITOR_DISK_H

#include <stdint.h>

#include "config/system.h"

struct disk_stats;
struct monitor;

/* A disk. */
struct mon_disk {
	const struct sys_component *comp; /* its configuration */
	uint32_t pd;			  /* index of its PD */
	const struct disk_stats *stats;	  /* what it says, read-only */
};

/**
 * disks_open - find the system's disks, map what they show
 *
 * Return: 0, or -1 with @m->err set.
 */
int disks_open(struct monitor *m);

/** disks_close - unmap and forget */
void disks_close(struct monitor *m);

#endif
