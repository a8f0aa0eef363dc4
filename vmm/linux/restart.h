/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often something may fail before it is given up.
 *
 * A PD that dies is started again at once, because most failures are the first
 * of their kind and traffic waits.  One that dies again and again would only
 * burn the processor and the log; after RESTART_MAX restarts within
 * RESTART_WINDOW_NS it is left alone.
 */
#ifndef WEIR_VMM_LINUX_RESTART_H
#define WEIR_VMM_LINUX_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#define RESTART_MAX 5u
#define RESTART_WINDOW_NS (10ull * 1000000000ull)

/**
 * struct restart_history - the last few failures; all zero at the start
 * @at_ns: when, a ring
 * @count: how many there were ever
 */
struct restart_history {
	uint64_t at_ns[RESTART_MAX];
	uint64_t count;
};

/**
 * restart_allowed - note a failure and say whether to try again
 * @h:      in/out
 * @now_ns: the time; never less than at an earlier call
 *
 * Return: false if this is failure number RESTART_MAX + 1 within the window.
 */
bool restart_allowed(struct restart_history *h, uint64_t now_ns);

#endif
