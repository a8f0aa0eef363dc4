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
#include "hostnet/nic_packet.h"

/**
 * net_iface_open - make sockets for an interface, configure it, bring it up
 * @index:     of the interface
 * @name:      of the interface; its MTU is made to match, it is promiscuous
 * @max_frame: bytes of the longest frame
 * @rx, @tx:   out: from nic_packet_receiver() and nic_packet_transmitter()
 *
 * Return: its MTU or negative errno.
 */
int net_iface_open(int index, const char *name, uint32_t max_frame, int *rx,
		   int *tx);

/**
 * net_iface_complete - restore a received frame as it was on the wire
 * @f: in place; goes back into it: the VLAN tag, and a checksum that a
 *     paravirtual card left open
 *
 * Return: false if that is impossible.
 */
bool net_iface_complete(struct nic_frame *f);

/** net_iface_clear - clear the error of a socket whose interface went down */
void net_iface_clear(struct event_loop *loop, int fd);

#endif
