/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doing something inside another network namespace.
 *
 * A TAP interface or packet socket stays in the namespace in which it was made,
 * wherever the process that holds it goes.  So the monitor enters a namespace,
 * makes it, and returns.  The calling process must have one thread: setns(2)
 * moves only the calling thread.
 */
#ifndef WEIR_VMM_LINUX_PORTS_NETNS_H
#define WEIR_VMM_LINUX_PORTS_NETNS_H

#include "vmm/linux/error.h"

/**
 * netns_call - call a function inside a network namespace
 * @netns: "": where we are; a name: /run/netns/NAME, as `ip netns` makes it;
 *         anything with a '/': a path
 * @fn:    what to call
 * @arg:   passed to @fn
 * @err:   out, also @fn's
 *
 * For open() of components, in the monitor.  The caller is back in its own
 * namespace afterwards, or gets an error.
 *
 * Return: what @fn returned, or -1 with @err set if it was not called or the
 * way back failed.
 */
int netns_call(const char *netns, int (*fn)(void *arg, struct error *err),
	       void *arg, struct error *err);

#endif
