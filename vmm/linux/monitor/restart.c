/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/restart.h"

#include <stdio.h>

#define MS 1000000ull
#define SECOND (1000 * MS)

const char *restart_text(uint64_t pause_ns, char *buf)
{
	if (pause_ns < SECOND)
		snprintf(buf, RESTART_TEXT, "%llu ms",
			 (unsigned long long)((pause_ns + MS - 1) / MS));
	else
		snprintf(
			buf, RESTART_TEXT, "%llu s",
			(unsigned long long)((pause_ns + SECOND - 1) / SECOND));
	return buf;
}
