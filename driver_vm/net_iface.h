/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What cards by AF_PACKET with rings (net_packet.h) and without (net_socket.h)
 * share: sockets, the interface's settings, and completing received frames.
 */
#ifndef WEIR_DRIVER_VM_NET_IFACE_H
#define WEIR_DRIVER_VM_NET_IFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "driver_vm/event.h"
#include "driver_vm/net.h"
#include "hostnet/nic_packet.h"

/* A card by AF_PACKET; embedded in its owner. */
struct net_iface {
	struct net_card card;
	struct event_loop *loop;
	struct event_source rx, tx; /* sockets; ready() is the owner's */
};

/**
 * net_iface_open - make sockets for an interface, configure it, bring it up
 * @i:         ops and ready() are set
 * @loop:      to wait for it
 * @index:     of the interface
 * @name:      of the interface; its MTU is made to match, it is promiscuous
 * @max_frame: bytes of the longest frame
 *
 * Return: 0 or negative errno.
 */
int net_iface_open(struct net_iface *i, struct event_loop *loop, int index,
		   const char *name, uint32_t max_frame);

/** net_iface_watch - struct net_card_ops' watch() */
void net_iface_watch(struct net_card *card, bool in, bool out);

/**
 * net_iface_complete - restore a received frame as it was on the wire
 * @f: in place; goes back into it: the VLAN tag, and a checksum that a
 *     paravirtual card left open
 *
 * Return: false if that is impossible.
 */
bool net_iface_complete(struct nic_frame *f);

/** net_iface_clear - clear the error of a socket whose interface went down */
void net_iface_clear(struct net_iface *i, int fd, uint32_t events);

#endif
