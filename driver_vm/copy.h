/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying to and from a data region.
 *
 * Cached memory is copied by memcpy().  In device memory (stock UIO) each
 * access must be naturally aligned, which memcpy() does not guarantee: it may
 * use unaligned accesses, pairs of registers, or clear whole lines.  There,
 * aligned words are copied one by one.  The choice is made once.
 */
#ifndef WEIR_DRIVER_VM_COPY_H
#define WEIR_DRIVER_VM_COPY_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct copy - functions for both directions
 * @in:  to a data region; @to starts a word
 * @out: from a data region; @from starts a word, and as many words as it takes
 *       can be read
 */
struct copy {
	void *(*in)(void *restrict to, const void *restrict from, size_t n);
	void *(*out)(void *restrict to, const void *restrict from, size_t n);
};

/**
 * copy_for - choose the functions
 * @uncached: regions are device memory
 */
const struct copy *copy_for(bool uncached);

#endif
