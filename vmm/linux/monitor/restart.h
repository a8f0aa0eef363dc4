/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long something that has failed waits before it is tried again.
 *
 * The first time it is tried again at once, because most failures are the first
 * of their kind and traffic waits.  What fails again and again would only burn
 * the processor and the log: the pause doubles with each failure, up to
 * RESTART_PAUSE_MAX_NS.  Nothing is given up for good, since what was missing
 * may come back.  Whoever ran for RESTART_GOOD_NS starts over without a pause.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_RESTART_H
#define WEIR_VMM_LINUX_MONITOR_RESTART_H

#include <stddef.h>
#include <stdint.h>

/* The pause after the second failure, and the longest one. */
#define RESTART_PAUSE_NS (100ull * 1000000ull)
#define RESTART_PAUSE_MAX_NS (60ull * 1000000000ull)
/*
 * How long it must run for its failures to be forgotten.  Longer than anything
 * may take to get ready: what never gets ready fails again and again, slowly.
 */
#define RESTART_GOOD_NS (120ull * 1000000000ull)

/* Octets that restart_text() needs. */
#define RESTART_TEXT 32

/**
 * struct restart_history - what there is to remember; all zero at the start
 * @next_ns: the pause after the next failure
 * @until_ns: when the last pause ended, or will
 */
struct restart_history {
	uint64_t next_ns;
	uint64_t until_ns;
};

/**
 * restart_pause - note a failure
 * @h:      in/out
 * @now_ns: the time; never less than at an earlier call
 *
 * Return: how long to wait before the next attempt; 0: not at all.
 */
uint64_t restart_pause(struct restart_history *h, uint64_t now_ns);

/**
 * restart_text - a pause in words: "200 ms", "13 s"
 * @buf: out: RESTART_TEXT octets
 *
 * Return: @buf.
 */
const char *restart_text(uint64_t pause_ns, char *buf);

#endif
