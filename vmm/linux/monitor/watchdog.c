/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/watchdog.h"

bool watchdog_look(struct watchdog *w, uint32_t count, uint64_t now_ns,
		   uint64_t limit_ns)
{
	if (count == 0)
		*w = (struct watchdog){ 0 };
	if (count == 0 || now_ns < w->due_ns)
		return false;
	/* Counted from this look, however late it is. */
	w->due_ns = now_ns + limit_ns / WATCHDOG_LOOKS;
	if (count != w->count) {
		w->count = count;
		w->silent = 0;
		return false;
	}
	return ++w->silent >= WATCHDOG_LOOKS;
}
