/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory functions the ground floor uses.
 *
 * There is no <string.h> down here.  These two are what a freestanding compiler
 * may call on its own account anyway, so every platform provides them.
 */
#ifndef WEIR_BASE_MEM_H
#define WEIR_BASE_MEM_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int byte, size_t n);

/*
 * Copy a constant number of bytes, both sides aligned to 8: the builtin is
 * expanded in place, also where the compiler must not assume that memcpy is the
 * one of the standard.
 */
#define copy_fixed(to, from, n)                                                \
	__builtin_memcpy(__builtin_assume_aligned(to, 8),                      \
			 __builtin_assume_aligned(from, 8), n)

#endif
