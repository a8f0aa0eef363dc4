/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIGHUP: load the topology again, and say in the log what came of it.
 *
 * The signal orders a change, as `weir reload` does (change.h).
 */
#ifndef WEIR_VMM_LINUX_MONITOR_RELOAD_H
#define WEIR_VMM_LINUX_MONITOR_RELOAD_H

#include <stdbool.h>

#include "vmm/linux/monitor/change.h"

/* A reload by signal; all zero: none. */
struct reload {
	struct change_asker asker; /* for change_ask() */
	bool waits;		   /* it has been ordered, and has not ended */
	bool again;		   /* another signal came meanwhile */
};

/**
 * reload_start - a signal has come
 */
void reload_start(struct monitor *m);

/**
 * reload_close - forget it, for the end of the monitor
 */
void reload_close(struct monitor *m);

#endif
