/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A seeker: a process that waits for what is gone: an interface, a namespace, a
 * peer.
 *
 * Looking for it may block, so the monitor must not do it.  It forks a child,
 * which waits until the component's open() succeeds (struct component_ops,
 * seek), sends the descriptors to the monitor, and exits.  The child is a copy
 * of the monitor that keeps no descriptor but the standard ones and its end of
 * a socket pair.  It dies with the monitor.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_SEEKER_H
#define WEIR_VMM_LINUX_MONITOR_SEEKER_H

#include <stdbool.h>

#include "vmm/linux/error.h"
#include "vmm/linux/monitor/loop.h"
#include "vmm/linux/pd/pd.h"

/**
 * struct seeker - a child that looks; @sock.fd is -1 if there is none
 * @sock: our end of the socket pair; its end is the child's
 * @pid:  the child
 */
struct seeker {
	struct loop_source sock;
	int pid;
};

/**
 * seeker_start - start looking for a component's outside
 * @s:        none runs
 * @cfg:      the component
 * @pause_ms: to wait before the first look
 * @ready:    called in the loop: seeker_finish()
 *
 * Return: 0, or -1 with @err set.
 */
int seeker_start(struct seeker *s, struct loop *loop,
		 const struct sys_component *cfg, unsigned int pause_ms,
		 void (*ready)(struct monitor *m, struct loop_source *source,
			       uint32_t events),
		 struct error *err);

static inline bool seeker_runs(const struct seeker *s)
{
	return s->sock.fd >= 0;
}

/**
 * seeker_finish - end the child, and take what it has found
 * @fds: out, at most PD_MAX_FDS
 *
 * A child that is still looking is killed.
 *
 * Return: how many descriptors; 0: none.
 */
unsigned int seeker_finish(struct seeker *s, struct loop *loop, int *fds);

#endif
