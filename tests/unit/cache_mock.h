/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cache implementation for virt/cache.h that writes down what is asked of it.
 */
#ifndef WEIR_TESTS_CACHE_MOCK_H
#define WEIR_TESTS_CACHE_MOCK_H

#include <stddef.h>

#define CACHE_MOCK_LINE 64u

size_t cache_line(void);
void cache_clean(const void *start, size_t size);
void cache_invalidate(const void *start, size_t size);
void cache_sync(void);

#endif
