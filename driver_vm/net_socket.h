/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network card by AF_PACKET, one system call per frame.
 *
 * It works where a kernel has no memory for rings (net_packet.h), and is the
 * baseline they are measured against.  Frames are received by recvmsg(2) and
 * sent by send(2), one per call, so there is up to one doorbell per frame.  All
 * else is as with rings.
 *
 * Frames not yet received wait in the socket, and are counted if it is full.
 */
#ifndef WEIR_DRIVER_VM_NET_SOCKET_H
#define WEIR_DRIVER_VM_NET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver_vm/net_iface.h"

/* Bytes of the longest frame there is, and room in front of it for a tag. */
#define NET_SOCKET_FRAME 65536u
#define NET_SOCKET_HEAD 16u

/* A card without. */
struct net_socket {
	struct net_iface iface;
	uint32_t longest; /* bytes of the longest frame or segment */
	bool readable;	  /* there may be frames in the socket */
	bool received;	  /* @frame is one, and not yet given back */
	uint32_t dropped; /* what the kernel said last of those it dropped */
	/* bytes of the frame in @out that is to be sent when there is room */
	uint16_t unsent;
	struct net_frame frame; /* in @in */
	_Alignas(16) uint8_t in[NET_SOCKET_HEAD + NET_SOCKET_FRAME];
	_Alignas(16) uint8_t out[NET_SOCKET_FRAME];
};

/**
 * net_socket_open - take an interface: bring it up, promiscuous
 * @s:         out; must stay where it is
 * @loop:      to wait for it
 * @index:     of the interface
 * @name:      of the interface
 * @c:         the longest frame, which the MTU is made to match, and segment
 *
 * Return: 0 or negative errno, having said why.
 */
int net_socket_open(struct net_socket *s, struct event_loop *loop, int index,
		    const char *name, const struct net_config *c);

#endif
