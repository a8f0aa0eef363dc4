/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums that a sender on the same machine has left to hardware, found
 * without being told.
 *
 * Such a sender (a veth peer, a container) puts the sum of TCP's or UDP's
 * pseudo header where the checksum belongs.  A packet socket says so, AF_XDP
 * does not.  But the frame shows it: the field has exactly that sum.  A
 * finished checksum that happens to be equal is not harmed, because completing
 * it gives the same again.  (Of frames whose checksum is wrong, one in 65536 is
 * equal by chance and is made right.)
 *
 * Headers are parsed as a switch must, from anybody: two VLAN tags, IPv4 with
 * options and IPv6 with extension headers, all within the frame, in bounded
 * steps.  A frame that has been padded came from a wire.  What a tunnel carries
 * is not looked at, nor is SCTP, whose checksum begins as 0.
 */
#ifndef WEIR_VMM_LINUX_PORTS_PARTIAL_H
#define WEIR_VMM_LINUX_PORTS_PARTIAL_H

#include <linux/virtio_net.h>
#include <stddef.h>
#include <stdint.h>

/**
 * partial_find - does this frame's checksum need to be completed?
 * @frame: as received, tags in place
 * @len:   bytes
 * @hdr:   in/out: zeroed; if so, VIRTIO_NET_HDR_F_NEEDS_CSUM and where
 */
void partial_find(const uint8_t *frame, size_t len, struct virtio_net_hdr *hdr);

#endif
