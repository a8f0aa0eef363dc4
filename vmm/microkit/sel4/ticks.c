/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's counter.  seL4 lets PDs read the physical one (CNTPCT_EL0),
 * not the virtual one.
 */
#include "vmm/microkit/pd.h"

uint64_t mk_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(ticks)::"memory");
	return ticks;
}

uint64_t mk_ticks_a_second(void)
{
	uint64_t hz;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz;
}
