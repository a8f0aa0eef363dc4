/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cache lines: memory that two sides share, or that a structure is placed in,
 * comes in whole ones.
 */
#ifndef WEIR_BASE_LINES_H
#define WEIR_BASE_LINES_H

#include <stddef.h>

/**
 * in_lines - round a size up to whole cache lines
 */
static inline size_t in_lines(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

#endif
