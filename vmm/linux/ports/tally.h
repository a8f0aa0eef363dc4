/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting errors, and logging them without flooding the log.
 *
 * Logs at the first, tenth, hundredth time and so on, each with the count.
 */
#ifndef WEIR_VMM_LINUX_PORTS_TALLY_H
#define WEIR_VMM_LINUX_PORTS_TALLY_H

#include <stdbool.h>
#include <stdint.h>

/* How often one thing happened. */
struct tally {
	uint64_t count; /* so often */
	/* the count at which it is logged again; 0: never happened */
	uint64_t next;
};

/**
 * tally_add - count, and decide whether to log
 * @t:     zero at first
 * @times: at least 1
 *
 * Return: whether a power of ten was reached; the caller logs t->count.
 */
static inline bool tally_add(struct tally *t, uint64_t times)
{
	t->count += times;
	if (t->count < t->next)
		return false;
	if (t->next == 0)
		t->next = 1;
	while (t->next <= t->count)
		t->next *= 10;
	return true;
}

#endif
