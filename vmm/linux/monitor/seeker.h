/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A seeker: a child that waits for what is gone: an interface, a namespace, a
 * peer.
 *
 * Looking for it may block.  The child waits until the component's open()
 * succeeds (struct component_ops, seek), sends the descriptors to the monitor
 * over a socket pair, and ends.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_SEEKER_H
#define WEIR_VMM_LINUX_MONITOR_SEEKER_H

#include "vmm/linux/monitor/child.h"
#include "vmm/linux/pd/pd.h"

/* A seeker; @child.exit.fd is -1: none. */
struct seeker {
	struct child child;
	int sock; /* our end of the socket pair */
};

/**
 * seeker_start - start looking for a component's outside
 * @s:        none runs
 * @cfg:      the component
 * @pause_ms: to wait before the first look
 * @ready:    called in the loop: seeker_finish()
 *
 * Return: 0, or -1 with errno set.
 */
int seeker_start(struct seeker *s, struct loop *loop,
		 const struct sys_component *cfg, unsigned int pause_ms,
		 void (*ready)(struct monitor *m, struct loop_source *source,
			       uint32_t events));

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
