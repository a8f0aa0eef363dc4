/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/restart.h"

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
