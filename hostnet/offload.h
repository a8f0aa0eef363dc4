/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offloads of a sender, done in software.
 *
 * A packet socket gets frames as they are inside the stack.  A sender on the
 * same machine (a veth peer, a container, a bridge port) leaves two things to
 * hardware that these frames never reach: the TCP or UDP checksum, of which
 * only the pseudo header's sum is in its place (CHECKSUM_PARTIAL), and
 * segmentation: one frame of up to 64 KiB stands for a train of segments (GSO,
 * and GRO for received ones).
 *
 * With PACKET_VNET_HDR the kernel describes both in virtio's header.  A frame
 * that leaves a switch port must be valid on a wire, so both are completed
 * here. Turning the sender's offloads off with `ethtool -K` is no alternative:
 * they belong to the other end, and the setting would outlive us.
 *
 * The sum the sender put there covers the addresses, the protocol and the
 * length of the whole train, and only the length differs for a segment.  So the
 * pseudo header itself is not needed, and IPv6 extension headers do not matter.
 *
 * The header comes from the kernel, the frame behind it from anybody: every
 * offset is checked against the frame's length.  No system calls.
 */
#ifndef WEIR_HOSTNET_OFFLOAD_H
#define WEIR_HOSTNET_OFFLOAD_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vnet_header.h"

/* UDP segmentation (UDP_SEGMENT), since Linux 6.2. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

/* A frame being cut into segments. */
struct offload_train {
	const uint8_t *frame; /* not owned */
	size_t len;	      /* bytes of it */
	size_t l3;	      /* where the IP header starts */
	size_t l4;	      /* where the TCP or UDP header starts */
	size_t headers;	      /* bytes of all headers */
	size_t mss;	      /* bytes of payload a segment carries */
	size_t done;	      /* bytes of payload already cut off */
	unsigned int index;   /* segments already cut off */
	bool ipv6;	      /* else IPv4 */
	bool tcp;	      /* else UDP */
};

/**
 * offload_begin - get ready to cut
 * @t:     out
 * @hdr:   what the kernel says, gso_type not VIRTIO_NET_HDR_GSO_NONE
 * @frame: the whole train; must stay until the last segment is cut
 * @len:   its bytes
 *
 * Return: false if it cannot be cut: not TCP or UDP directly inside IP
 * (tunnels, IP fragmentation offload), or headers and @hdr disagree.
 */
bool offload_begin(struct offload_train *t, const struct virtio_net_hdr *hdr,
		   const uint8_t *frame, size_t len);

/**
 * offload_next - cut the next segment off
 * @t:   from offload_begin()
 * @out: out: a complete frame
 * @max: bytes at @out
 *
 * Return: bytes of the frame; 0 at the end, or if it would be more than @max.
 */
size_t offload_next(struct offload_train *t, uint8_t *out, size_t max);

#endif
