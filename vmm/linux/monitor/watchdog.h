/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A watchdog: does a counter still advance?
 *
 * It looks WATCHDOG_LOOKS times within its limit, and counts looks, not time:
 * if this process or the whole machine stood still (a stopped group, a frozen
 * container, an overloaded host), that time counts as one look, and what is
 * watched gets the rest of its limit.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_WATCHDOG_H
#define WEIR_VMM_LINUX_MONITOR_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#define WATCHDOG_LOOKS 4u

/* A watchdog; all zero: there has been nothing to watch. */
struct watchdog {
	uint32_t count;	     /* what it saw last */
	unsigned int silent; /* looks since that changed */
	uint64_t due_ns;     /* when the next one is due; 0: none is */
};

/**
 * watchdog_look - look, if it is time to
 * @count:    hostile; 0: there is nothing to watch
 * @limit_ns: how long it may stand still
 *
 * Return: whether it has stood still for too long.
 */
bool watchdog_look(struct watchdog *w, uint32_t count, uint64_t now_ns,
		   uint64_t limit_ns);

#endif
