/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network card by AF_PACKET, with rings.
 *
 * The rings are those of the nic port (hostnet/nic_packet.h): version 2, which
 * wakes us for each frame and not for a block or a timer.  The sockets differ,
 * because here interface and kernel are ours alone:
 *
 *  - The queueing discipline is bypassed (PACKET_QDISC_BYPASS): nothing is
 *    shared or shaped.  But a full card then refuses a frame that the
 *    discipline would have kept, and nothing reports when it is ready again.
 *    That should not happen, because the socket has fewer bytes in flight than
 *    a card has room for; if it does, the bypass is turned off for good.
 *  - Segments, which the kernel joins from received frames (GRO) and whose
 *    cutting it leaves to the card (TSO) or does last, do not fit into slots.
 *    They go through the receiver's socket, a call each: straight from and to
 *    the memory that is shared with the other side.  Without `max_segment` none
 *    are joined (features.h), and longer frames are not kept.
 *
 * Received frames are completed in their slots: the VLAN tag is put back, and a
 * checksum that a paravirtual card left open is computed, unless it is of many
 * bytes and can be left to the receiver.
 */
#ifndef WEIR_DRIVER_VM_NET_PACKET_H
#define WEIR_DRIVER_VM_NET_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "driver_vm/net_iface.h"

/* A card with rings. */
struct net_packet {
	struct net_iface iface;
	struct nic_packet packet;
	uint32_t max_segment; /* bytes of the longest; 0: none */
	bool bypass;	      /* of the queueing discipline */
	/* frames looked at and made complete, and not yet given back */
	unsigned int n_frames;
	struct net_frame frame[NET_BATCH];
};

/**
 * net_packet_open - take an interface: bring it up, promiscuous, with rings
 * @p:         out; must stay where it is
 * @loop:      to wait for it
 * @index:     of the interface
 * @name:      of the interface
 * @c:         the longest frame, which the MTU is made to match, and segment
 *
 * Return: 0 or negative errno, having said why.
 */
int net_packet_open(struct net_packet *p, struct event_loop *loop, int index,
		    const char *name, const struct net_config *c);

#endif
