/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver VM's network card: its devices, its interface, and net.c. */
#ifndef WEIR_DRIVER_VM_NET_DRIVER_H
#define WEIR_DRIVER_VM_NET_DRIVER_H

#include "driver_vm/event.h"
#include "driver_vm/net.h"
#include "driver_vm/net_packet.h"
#include "driver_vm/net_socket.h"
#include "driver_vm/rtlink.h"
#include "driver_vm/uio.h"

struct net_driver {
	struct event_loop *loop;
	struct uio_device queues;
	struct uio_device data;
	struct uio_device control;
	struct rtlink link;
	struct event_source news;
	struct net_card *card; /* one of the two */
	struct net_packet packet;
	struct net_socket socket;
	struct net net;
};

/**
 * net_driver_start - find all of it, wait for the card, report ready
 * @d:         zero
 * @doorbells: the page of doorbells
 * @interface: the card's name, or NULL: the first Ethernet interface
 *
 * Return: 0 or negative errno, having said why.
 */
int net_driver_start(struct net_driver *d, struct event_loop *loop,
		     const struct uio_where *where, volatile void *doorbells,
		     const char *interface);

/** net_driver_idle - whether no frame has passed yet */
bool net_driver_idle(const struct net_driver *d);

#endif
