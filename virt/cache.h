/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cache maintenance for memory a device reads and writes behind the CPU's back.
 *
 * The implementation is chosen at build time.  On arm64 it is cache_arm64.h, by
 * line; elsewhere DMA is coherent (cache_coherent.h, nothing to do), and so it
 * is on arm64 with WEIR_DMA_COHERENT (devices behind an SMMU that snoops).
 * WEIR_CACHE_HEADER names another header, for a platform with ways of its own,
 * and for tests.  Each gives four functions:
 *
 *	cache_line()		  bytes of a line, 1 if there is nothing to do
 *	cache_clean(p, n)	  what the CPU wrote reaches memory
 *	cache_invalidate(p, n)	  what the CPU has is dropped.  Lines the CPU
 *				  has written may be written back first, so it
 *				  must not have written them since the device
 *				  has had the buffer
 *	cache_sync()		  wait until all of the above has happened
 *
 * A range means every line it touches and no other.  The first three may be
 * called for many frames before one cache_sync(), which is where the time goes.
 */
#ifndef WEIR_VIRT_CACHE_H
#define WEIR_VIRT_CACHE_H

#if defined(WEIR_CACHE_HEADER)
#include WEIR_CACHE_HEADER
#elif defined(__aarch64__) && !defined(WEIR_DMA_COHERENT)
#include "virt/cache_arm64.h"
#else
#include "virt/cache_coherent.h"
#endif

#endif
