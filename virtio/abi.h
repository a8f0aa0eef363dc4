/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What driver and device share: the rings of virtio 1.2, sections 2.7 and 2.8.
 *
 *	split                            packed
 *	desc[size]   driver              desc[size]       driver and device
 *	avail        driver              driver's event   driver
 *	used         device              device's event   device
 *
 * A split ring passes numbers of descriptors to and fro in two rings of their
 * own.  In a packed ring the device overwrites a descriptor to return it, and
 * two bits of its flags, compared with a counter that changes whenever an index
 * wraps, say whose turn it is.
 *
 * Everything is little-endian, as are all processors that Weir runs guests on.
 */
#ifndef WEIR_VIRTIO_ABI_H
#define WEIR_VIRTIO_ABI_H

#include "base/abi.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "virtio is little-endian, and nothing is converted here");

/* Bits of features that say how rings work; devices have bits of their own. */
#define VQ_F_INDIRECT (1ull << 28)
#define VQ_F_EVENT (1ull << 29)
#define VQ_F_VERSION_1 (1ull << 32)
#define VQ_F_PACKED (1ull << 34)
#define VQ_F_IN_ORDER (1ull << 35)

/* Flags of a descriptor; the last two in packed rings only. */
#define VQ_DESC_NEXT 0x0001u
#define VQ_DESC_WRITE 0x0002u
#define VQ_DESC_INDIRECT 0x0004u
#define VQ_DESC_AVAIL 0x0080u
#define VQ_DESC_USED 0x8000u

/* Flags of a split ring's two halves: the other side need not tell us. */
#define VQ_NO_NOTIFY 1u

/* Flags of a packed ring's events. */
#define VQ_EVENT_ALWAYS 0u
#define VQ_EVENT_NEVER 1u
#define VQ_EVENT_AT 2u

/**
 * struct vq_desc - a piece of memory, in a split ring or in its indirect table
 * @addr:  guest address
 * @len:   bytes
 * @flags: VQ_DESC_*
 * @next:  number of the next piece, with VQ_DESC_NEXT
 */
struct vq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

ABI_SIZE(struct vq_desc, 16);
ABI_AT(struct vq_desc, addr, 0);
ABI_AT(struct vq_desc, len, 8);
ABI_AT(struct vq_desc, flags, 12);
ABI_AT(struct vq_desc, next, 14);

/**
 * struct vq_packed_desc - likewise, in a packed ring or in its indirect table
 * @id: the driver's name of the buffer; counts in a chain's last descriptor
 */
struct vq_packed_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id;
	uint16_t flags;
};

ABI_SIZE(struct vq_packed_desc, 16);
ABI_AT(struct vq_packed_desc, addr, 0);
ABI_AT(struct vq_packed_desc, len, 8);
ABI_AT(struct vq_packed_desc, id, 12);
ABI_AT(struct vq_packed_desc, flags, 14);

/* The driver's half; behind ring[size] follows one word, used_event. */
struct vq_avail {
	uint16_t flags;
	_Atomic(uint16_t) idx;
	uint16_t ring[];
};

ABI_SIZE(struct vq_avail, 4);
ABI_AT(struct vq_avail, flags, 0);
ABI_AT(struct vq_avail, idx, 2);
ABI_AT(struct vq_avail, ring, 4);

struct vq_used_elem {
	uint32_t id;
	uint32_t len;
};

ABI_SIZE(struct vq_used_elem, 8);
ABI_AT(struct vq_used_elem, id, 0);
ABI_AT(struct vq_used_elem, len, 4);

/* The device's half; behind ring[size] follows one word, avail_event. */
struct vq_used {
	uint16_t flags;
	_Atomic(uint16_t) idx;
	struct vq_used_elem ring[];
};

ABI_SIZE(struct vq_used, 4);
ABI_AT(struct vq_used, flags, 0);
ABI_AT(struct vq_used, idx, 2);
ABI_AT(struct vq_used, ring, 4);

/* An index of a packed ring; above it is the wrap counter. */
#define VQ_AT_MASK 0x7fffu

/**
 * struct vq_event - when one side of a packed ring wants to be told
 * @at:    with VQ_EVENT_AT: index of a descriptor, and bit 15
 * @flags: VQ_EVENT_*
 */
struct vq_event {
	uint16_t at;
	uint16_t flags;
};

ABI_SIZE(struct vq_event, 4);
ABI_AT(struct vq_event, at, 0);
ABI_AT(struct vq_event, flags, 2);

#endif
