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
	bool segments;		    /* are taken and sent, by @rx */
	bool full;		    /* @rx has no room for one to be sent */
};

/**
 * net_iface_open - make sockets for an interface, configure it, bring it up
 * @i:         ops and ready() are set
 * @loop:      to wait for it
 * @index:     of the interface
 * @name:      of the interface; its MTU is made to match, it is promiscuous
 * @c:         the longest frame and the longest segment
 *
 * Return: 0 or negative errno.
 */
int net_iface_open(struct net_iface *i, struct event_loop *loop, int index,
		   const char *name, const struct net_config *c);

/** net_iface_watch - struct net_card_ops' watch() */
void net_iface_watch(struct net_card *card, bool in, bool out);

/** net_iface_segment - struct net_card_ops' segment() */
bool net_iface_segment(struct net_card *card, const uint8_t *data, size_t len,
		       struct offload o);

/**
 * net_iface_complete - restore a received frame as it was on the wire
 * @f: in place; goes back into it: the VLAN tag, and a checksum that a
 *     paravirtual card left open
 * @o: out: of a segment, or of a checksum that can be left to others
 *
 * Return: false if that is impossible.
 */
bool net_iface_complete(const struct net_iface *i, struct nic_frame *f,
			struct offload *o);

/**
 * net_iface_ready - a socket's event: its interface went down, there is room
 * @source: one of the two
 */
void net_iface_ready(struct net_iface *i, const struct event_source *source,
		     uint32_t events);

#endif
