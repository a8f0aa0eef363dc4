/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying to and from a data region.
 *
 * Where the region is cached memory this is memcpy().  Where it is mapped as
 * device memory (stock UIO) each access must be naturally aligned, and memcpy()
 * makes no such promise: it may use unaligned accesses, pairs of registers, or
 * clear whole lines.  There, whole aligned words are read and written one by
 * one.  Which it is, is decided once.
 */
#ifndef WEIR_DRIVER_VM_COPY_H
#define WEIR_DRIVER_VM_COPY_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct copy - two ways across the border
 * @in:  to a data region; @to starts a word
 * @out: from a data region; @from starts a word, and as many words as it takes
 *       can be read
 */
struct copy {
	void *(*in)(void *restrict to, const void *restrict from, size_t n);
	void *(*out)(void *restrict to, const void *restrict from, size_t n);
};

/**
 * copy_for - the way to copy
 * @uncached: regions are device memory
 */
const struct copy *copy_for(bool uncached);

#endif
