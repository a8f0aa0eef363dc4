/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network card by way of AF_PACKET, with rings.
 *
 * The rings and what they are is the nic port's (hostnet/nic_packet.h):
 * version 2, because it wakes us for each frame and not for a block or a
 * timer.  The sockets are opened differently here, where the interface is ours
 * alone and so is the kernel:
 *
 *  - The queueing discipline is bypassed (PACKET_QDISC_BYPASS): there is nothing
 *    to be shared or shaped.  A card that is full then refuses a frame where
 *    the discipline would have kept it, and nothing tells when it is ready
 *    again.  If it ever comes to that, and it should not because the socket
 *    holds fewer octets in flight than a card has room for, the bypass is
 *    switched off for good.
 *  - Frames longer than a slot are not kept: no neighbour on this machine hands
 *    us unsegmented ones (features.h).
 *
 * What the kernel has set apart from a received frame is put back in place,
 * in its slot: the VLAN tag, and a checksum that a paravirtual card left open.
 */
#ifndef WEIR_DRIVER_VM_NET_PACKET_H
#define WEIR_DRIVER_VM_NET_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "driver_vm/event.h"
#include "driver_vm/net.h"
#include "hostnet/nic_packet.h"

/**
 * struct net_packet - state
 * @card:     for net.h
 * @loop:     waits for us
 * @rx, @tx:  the sockets
 * @packet:   rings
 * @bypass:   of the queueing discipline
 * @n_frames: frames looked at and made complete, and not yet given back
 * @frame:    they
 */
struct net_packet {
	struct net_card card;
	struct event_loop *loop;
	struct event_source rx;
	struct event_source tx;
	struct nic_packet packet;
	bool bypass;
	unsigned int n_frames;
	struct net_frame frame[NET_BATCH];
};

/**
 * net_packet_open - take an interface: bring it up, promiscuous, with rings
 * @p:         out; must stay where it is
 * @loop:      to wait for it
 * @index:     of the interface
 * @name:      of the interface
 * @max_frame: octets of the longest frame; the MTU is made to match
 *
 * Return: 0 or negative errno, having said why.
 */
int net_packet_open(struct net_packet *p, struct event_loop *loop, int index,
		    const char *name, uint32_t max_frame);

#endif
