/* SPDX-License-Identifier: BSD-2-Clause */
/* The pauses of base/restart.h, and how a person is told of them. */
#ifndef WEIR_VMM_LINUX_MONITOR_RESTART_H
#define WEIR_VMM_LINUX_MONITOR_RESTART_H

#include <stddef.h>
#include <stdint.h>

#include "base/restart.h"

/* Bytes that restart_text() needs. */
#define RESTART_TEXT 32

/**
 * restart_text - a pause in words: "200 ms", "13 s"
 * @buf: out: RESTART_TEXT bytes
 *
 * Return: @buf.
 */
const char *restart_text(uint64_t pause_ns, char *buf);

#endif
