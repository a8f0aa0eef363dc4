/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virt/cache.h for arm64 with devices that do not snoop the CPU's caches.
 *
 * DC CVAC (clean) and DC CIVAC (clean and invalidate) work from EL0 where the
 * kernel sets SCTLR_EL1.UCI; DC IVAC (invalidate alone) never does.  So an
 * invalidation is a clean as well, harmless exactly as long as the line is not
 * dirty: the receive virtualiser sees to that by cleaning a buffer before it is
 * lent for the first time, and nobody but the device writes it afterwards.
 *
 * The line size is read from CTR_EL0 rather than taken to be 64: a step too
 * large would silently skip lines.  Linux and seL4 allow that read (UCT)
 * wherever they allow DC (UCI), and where cores differ Linux traps it and gives
 * the smallest.
 */
#ifndef WEIR_VIRT_CACHE_ARM64_H
#define WEIR_VIRT_CACHE_ARM64_H

#include <stddef.h>
#include <stdint.h>

static inline size_t cache_line(void)
{
	uint64_t ctr;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	/* DminLine, bits 19:16: log2 of the words in the smallest line. */
	return (size_t)4 << (ctr >> 16 & 0xf);
}

/* First line a range touches; the last is the one its last byte is in. */
static inline uintptr_t cache_first_line(const void *start, size_t line)
{
	return (uintptr_t)start & ~(uintptr_t)(line - 1);
}

static inline void cache_clean(const void *start, size_t size)
{
	size_t line = cache_line();
	uintptr_t end = (uintptr_t)start + size;

	for (uintptr_t p = cache_first_line(start, line); p < end; p += line)
		__asm__ volatile("dc cvac, %0" : : "r"(p) : "memory");
}

static inline void cache_invalidate(const void *start, size_t size)
{
	size_t line = cache_line();
	uintptr_t end = (uintptr_t)start + size;

	for (uintptr_t p = cache_first_line(start, line); p < end; p += line)
		__asm__ volatile("dc civac, %0" : : "r"(p) : "memory");
}

/* Full system: the device is outside the inner shareable domain. */
static inline void cache_sync(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

#endif
