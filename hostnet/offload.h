/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doing in software what a sender left to the card.
 *
 * Linux hands a packet socket frames as they are inside the stack, and a sender
 * on the same machine (a veth peer, a container, a bridge port) leaves two
 * things to "the hardware" that will never see them:
 *
 *  - the TCP or UDP checksum: only the pseudo header's sum is in its place
 *    (CHECKSUM_PARTIAL);
 *  - segmentation: one frame of up to 64 KiB stands for a train of segments
 *    (GSO), and frames received in a row are put together into such a frame as
 *    well (GRO).
 *
 * PACKET_VNET_HDR makes the kernel say so, in the header virtio uses.  What
 * leaves a switch port must be what could be on a wire, so both are finished
 * here.  The alternative, turning the sender's offloads off with `ethtool -K`,
 * is not in our hands, since they are the other end's, and would outlive us.
 *
 * Checksums of segments follow from the sum the sender put there: it covers the
 * addresses, the protocol and the length of the whole train, and only the
 * length differs for a segment.  So the pseudo header need not be known, and
 * IPv6 extension headers make no difference.
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

/* UDP segmentation (UDP_SEGMENT), since Linux 6.2. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

/**
 * offload_checksum - complete a partial checksum
 * @frame: in/out
 * @len:   octets
 * @start: where summing starts: the TCP or UDP header
 * @field: where the checksum goes, from @start
 *
 * Return: false if the field is not inside the frame or is no Internet
 * checksum (SCTP's is a CRC); the frame is unchanged then.
 */
bool offload_checksum(uint8_t *frame, size_t len, size_t start, size_t field);

/**
 * struct offload_train - a frame being cut into segments
 * @frame:   not owned
 * @len:     octets of it
 * @l3:      where the IP header starts
 * @l4:      where the TCP or UDP header starts
 * @headers: octets of all headers
 * @mss:     octets of payload a segment carries
 * @done:    octets of payload already cut off
 * @index:   segments already cut off
 * @ipv6:    else IPv4
 * @tcp:     else UDP
 */
struct offload_train {
	const uint8_t *frame;
	size_t len;
	size_t l3;
	size_t l4;
	size_t headers;
	size_t mss;
	size_t done;
	unsigned int index;
	bool ipv6;
	bool tcp;
};

/**
 * offload_begin - get ready to cut
 * @t:     out
 * @hdr:   what the kernel says, gso_type not VIRTIO_NET_HDR_GSO_NONE
 * @frame: the whole train; must stay until the last segment is cut
 * @len:   its octets
 *
 * Return: false if it is nothing that can be cut: not TCP or UDP right inside
 * IP (tunnels, IP fragmentation offload), or headers and @hdr do not agree.
 */
bool offload_begin(struct offload_train *t, const struct virtio_net_hdr *hdr,
		   const uint8_t *frame, size_t len);

/**
 * offload_next - cut the next segment off
 * @t:   from offload_begin()
 * @out: out: a complete frame
 * @max: octets at @out
 *
 * Return: octets of the frame; 0 at the end, or if it would be more than @max.
 */
size_t offload_next(struct offload_train *t, uint8_t *out, size_t max);

#endif
