/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIGHUP: load the topology again, and say in the log what came of it.
 *
 * The monitor asks itself what `weir reload` would ask it, on a connection of its
 * own to the control server, so that there is one way a reload is made, waits and
 * ends.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_RELOAD_H
#define WEIR_VMM_LINUX_MONITOR_RELOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "vmm/linux/monitor/loop.h"

/**
 * struct reload - one that was asked for by signal; its descriptor is -1: none
 * @source: our end of the connection
 * @text:   the reply so far
 * @len:    octets of it
 * @again:  another signal came meanwhile
 */
struct reload {
	struct loop_source source;
	char *text;
	size_t len;
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
