/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long something that has failed waits before it is tried again.
 *
 * After the first failure it is tried again at once, because most failures are
 * single ones and traffic waits.  Repeated failures would only waste CPU time
 * and log lines, so the pause doubles with each one, up to
 * RESTART_PAUSE_MAX_NS. It is tried for ever, since what was missing may come
 * back.  Once it has run for RESTART_GOOD_NS, its failures are forgotten.
 */
#ifndef WEIR_BASE_RESTART_H
#define WEIR_BASE_RESTART_H

#include <stdint.h>

/* The pause after the second failure, and the longest one. */
#define RESTART_PAUSE_NS (100ull * 1000000ull)
#define RESTART_PAUSE_MAX_NS (60ull * 1000000000ull)
/*
 * How long it must run for its failures to be forgotten.  Longer than anything
 * may take to get ready, so that what never gets ready keeps its pauses.
 */
#define RESTART_GOOD_NS (120ull * 1000000000ull)

/* Past failures; all zero at the start. */
struct restart_history {
	uint64_t next_ns;  /* the pause after the next failure */
	uint64_t until_ns; /* when the last pause ended, or will */
};

/**
 * restart_pause - note a failure
 * @h:      in/out
 * @now_ns: the time; never less than at an earlier call
 *
 * Return: how long to wait before the next attempt; 0: not at all.
 */
uint64_t restart_pause(struct restart_history *h, uint64_t now_ns);

#endif
