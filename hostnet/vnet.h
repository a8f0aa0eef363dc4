/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offload data as Linux says it: struct virtio_net_hdr.
 *
 * A TAP device and a packet socket put this header in front of each frame if
 * they are asked to.  It says more than Weir's offload data does
 * (base/offload.h): where the checksum is and how long the headers are.  On the
 * way in, a header that says what the packet says too becomes offload data; a
 * checksum that lies elsewhere, as inside a tunnel, is completed here, and so is
 * that of a short frame.  On the way out, the header is made from the packet.
 *
 * A kernel before 6.2 takes no segments of UDP.  These are cut here.
 */
#ifndef WEIR_HOSTNET_VNET_H
#define WEIR_HOSTNET_VNET_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/offload.h"

/**
 * vnet_read - turn a received frame's header into offload data
 * @h:     what the kernel says
 * @frame: in/out: its checksum is completed if it cannot be left to others
 * @len:   its bytes
 * @o:     out
 *
 * Return: false if what is left to do can neither be passed on nor be done
 * here: a segment that offload data cannot describe.
 */
bool vnet_read(const struct virtio_net_hdr *h, uint8_t *frame, size_t len,
	       struct offload *o);

/**
 * vnet_write - send a frame with its header
 * @fd:    TAP device or packet socket that takes headers
 * @frame: it
 * @len:   its bytes
 * @o:     its offload data
 * @mtu:   of the interface, for the frames of a segment; 0: any
 *
 * Return: 0; or negative errno: -EAGAIN: not now, -EMSGSIZE: longer than @mtu,
 * another: it cannot be sent.
 */
int vnet_write(int fd, const uint8_t *frame, size_t len, struct offload o,
	       uint32_t mtu);

#endif
