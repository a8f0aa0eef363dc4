/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory functions the ground floor uses.
 *
 * There is no <string.h> down here.  These two are what a freestanding compiler
 * may call on its own account anyway, so every platform provides them.
 */
#ifndef WEIR_VSWITCH_MEM_H
#define WEIR_VSWITCH_MEM_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int octet, size_t n);

#endif
