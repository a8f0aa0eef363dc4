/* SPDX-License-Identifier: BSD-2-Clause */
/* virt/cache.h where DMA is coherent: nothing to do. */
#ifndef WEIR_VIRT_CACHE_COHERENT_H
#define WEIR_VIRT_CACHE_COHERENT_H

#include <stddef.h>

static inline size_t cache_line(void)
{
	return 1;
}

static inline void cache_clean(const void *start, size_t size)
{
	(void)start;
	(void)size;
}

static inline void cache_invalidate(const void *start, size_t size)
{
	(void)start;
	(void)size;
}

static inline void cache_sync(void)
{
}

#endif
