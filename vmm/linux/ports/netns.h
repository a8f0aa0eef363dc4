/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doing something inside another network namespace.
 *
 * A TAP interface and a packet socket belong to the namespace in which they
 * were made, for ever and wherever the process that holds them goes.  So the
 * monitor steps into a namespace, makes the thing, and steps out again.  The
 * calling process must have one thread: setns(2) moves a thread, and another
 * one would stay behind.
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
 * For open() of components, in the monitor.  Whatever happens the caller is
 * back in its own namespace afterwards.
 *
 * Return: what @fn returned, or -1 with @err set if it was not called or the
 * way back failed.
 */
int netns_call(const char *netns, int (*fn)(void *arg, struct error *err),
	       void *arg, struct error *err);

#endif
