/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Following an interface while a port uses it: its name, MTU and state.
 *
 * The monitor makes a netlink socket in the interface's namespace that receives
 * what concerns this one interface (iface_changes()).  The PD takes a message
 * as a sign that something has changed, and asks the kernel what is true now,
 * by number: the name may be another one, and messages may have been lost.
 */
#ifndef WEIR_VMM_LINUX_PORTS_IFACE_WATCH_H
#define WEIR_VMM_LINUX_PORTS_IFACE_WATCH_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/linux/pd/pd.h"

/* An interface that is followed. */
struct iface_watch {
	/* of the netlink socket among the component's descriptors */
	unsigned int place;
	int index;	     /* number of the interface */
	char name[IFNAMSIZ]; /* what it was called when last seen */
	unsigned int mtu;    /* bytes of payload a frame may carry */
	/* there is no interface of this number in the namespace any more */
	bool lost;
};

/**
 * iface_watch_init - in the PD: begin; for a component's init()
 * @w:     zero
 * @place: where the socket is among @c's descriptors
 * @index: of the interface
 * @name:  it had when it was opened
 *
 * Records the state in @c->outside, and logs what is wrong.
 */
void iface_watch_init(struct iface_watch *w, struct component *c,
		      unsigned int place, int index, const char *name);

/**
 * iface_watch_ready - in the PD: the socket has a message
 *
 * Records the state in @c->outside and logs changes, but not @w->lost: the
 * component knows what that means.
 */
void iface_watch_ready(struct iface_watch *w, struct component *c);

/**
 * iface_watch_master - in the PD: the bridge, bond or the like it is a member
 * of
 * @name: out: its name
 *
 * For init().  Return: whether it is a member of one.
 */
bool iface_watch_master(const struct iface_watch *w, struct component *c,
			char name[IFNAMSIZ]);

/* What iface_watch_ready() needs of the kernel, for a component's lists. */
#define IFACE_WATCH_SYSCALLS SYS_read
#define IFACE_WATCH_IOCTLS SIOCGIFNAME, SIOCGIFMTU, SIOCGIFFLAGS

#endif
