/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/restart.h"

bool restart_allowed(struct restart_history *h, uint64_t now_ns)
{
	/* The place this failure takes holds the one RESTART_MAX before it. */
	uint64_t *oldest = &h->at_ns[h->count % RESTART_MAX];
	bool often = h->count >= RESTART_MAX &&
		     now_ns - *oldest < RESTART_WINDOW_NS;

	*oldest = now_ns;
	h->count++;
	return !often;
}
