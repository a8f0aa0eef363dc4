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

/**
 * struct reload - a reload by signal; all zero: none
 * @asker: for change_ask()
 * @waits: it has been ordered, and has not ended
 * @again: another signal came meanwhile
 */
struct reload {
	struct change_asker asker;
	bool waits;
	bool again;
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
