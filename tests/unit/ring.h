/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ringing one end of a channel between PDs, as the PD at its other end does.
 */
#ifndef WEIR_TESTS_UNIT_RING_H
#define WEIR_TESTS_UNIT_RING_H

#include <stdint.h>
#include <unistd.h>

#include "vmm/linux/monitor/backing.h"

static inline void ring_end(const struct backing *b, uint32_t channel,
			    unsigned int end)
{
	const uint64_t one = 1;

	(void)!write(b->channel[channel].ring[end], &one, sizeof(one));
}

#endif
