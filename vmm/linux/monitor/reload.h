/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIGHUP: reload the topology and log the result.
 *
 * The monitor sends itself the request that `weir reload` would send, on a
 * connection to its own control server, so that reloads take one path only.
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
 * @len:    bytes of it
 * @again:  another signal came in the meantime
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
 * reload_close - drop it, at the end of the monitor
 */
void reload_close(struct monitor *m);

#endif
