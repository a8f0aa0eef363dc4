/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/restart.h"

#include <stdio.h>

#define MS 1000000ull
#define SECOND (1000 * MS)

uint64_t restart_pause(struct restart_history *h, uint64_t now_ns)
{
	uint64_t pause = h->next_ns;

	/* It may fail while it is paused, and has not run at all then. */
	if (now_ns >= h->until_ns && now_ns - h->until_ns >= RESTART_GOOD_NS)
		pause = 0;
	h->next_ns = pause == 0 ? RESTART_PAUSE_NS : 2 * pause;
	if (h->next_ns > RESTART_PAUSE_MAX_NS)
		h->next_ns = RESTART_PAUSE_MAX_NS;
	h->until_ns = now_ns + pause;
	return pause;
}

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
