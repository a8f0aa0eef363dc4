/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offload data as virtio says it: the header before each frame.
 *
 * Guests put it in front of a frame (virtio 1.2, section 5.1.6), and so does
 * Linux at a TAP device or a packet socket that is asked to.  It says more than
 * Weir's offload data does (base/offload.h): where the checksum is and how long
 * the headers are.  Its writer is not trusted.  A header that says what the
 * packet says too becomes offload data; a checksum that lies elsewhere, as
 * inside a tunnel, is completed here, and so is that of a short frame.  On the
 * way out, the header is made from the packet.
 */
#ifndef WEIR_BASE_VNET_HEADER_H
#define WEIR_BASE_VNET_HEADER_H

#include <stddef.h>

#include "base/offload.h"

#define VNET_NEEDS_CHECKSUM 1u

/* Types of segments; VNET_ECN is added to one. */
#define VNET_PLAIN 0u
#define VNET_TCP4 1u
#define VNET_TCP6 4u
#define VNET_UDP 5u
#define VNET_ECN 0x80u

/**
 * struct vnet_header - virtio_net_hdr
 * @flags:        VNET_NEEDS_CHECKSUM; others mean nothing here
 * @type:         VNET_PLAIN or a segment's type
 * @header_len:   bytes of all headers; a hint
 * @segment:      bytes of payload in each frame
 * @start, @field: where summing starts, and from there, where the sum goes
 */
struct vnet_header {
	uint8_t flags;
	uint8_t type;
	uint16_t header_len;
	uint16_t segment;
	uint16_t start;
	uint16_t field;
};

ABI_SIZE(struct vnet_header, 10);
ABI_AT(struct vnet_header, flags, 0);
ABI_AT(struct vnet_header, type, 1);
ABI_AT(struct vnet_header, header_len, 2);
ABI_AT(struct vnet_header, segment, 4);
ABI_AT(struct vnet_header, start, 6);
ABI_AT(struct vnet_header, field, 8);

/**
 * vnet_header_read - turn a frame's header into offload data
 * @h:     what its sender says
 * @frame: in private memory; its checksum is completed if it cannot be left to
 *         others
 * @len:   its bytes
 * @o:     out
 *
 * Return: false if what is left to do can neither be passed on nor be done
 * here: a segment that offload data cannot describe.
 */
bool vnet_header_read(const struct vnet_header *h, uint8_t *frame, size_t len,
		      struct offload *o);

/**
 * vnet_header_make - the header for a frame
 * @h:  out
 * @o:  the frame's offload data, legal
 * @at: of offload_locate()
 */
void vnet_header_make(struct vnet_header *h, struct offload o,
		      const struct offload_place *at);

/**
 * offload_checksum - complete a partial checksum
 * @frame: in/out
 * @len:   bytes
 * @start: where summing starts: the TCP or UDP header
 * @field: where the checksum goes, from @start
 *
 * Return: false if the field is not inside the frame or is not an
 * Internet checksum (SCTP's is a CRC); the frame is unchanged then.
 */
bool offload_checksum(uint8_t *frame, size_t len, size_t start, size_t field);

#endif
