/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame as the switch judges it: its first bytes in private memory, 64 of
 * them, or more where a rule of the sending port looks further.
 *
 * The sender can rewrite a frame in its transmit region at any time, also
 * between our decision and our copy.  So the start of every frame is read from
 * shared memory once, into a struct frame; each decision looks at that, and
 * what is written to the receiver starts with those same bytes.  What was
 * judged is what is delivered.
 *
 * Addresses are kept as 48-bit numbers, first byte on the wire in the most
 * significant place: 02:00:00:00:00:07 is 0x020000000007.
 */
#ifndef WEIR_BASE_FRAME_H
#define WEIR_BASE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes of every frame that are judged (and may be looked at by a policy). */
#define FRAME_SNAP 64u
/* The same where a policy asks for more; rules that need more are refused. */
#define FRAME_SNAP_MAX 256u
/* Shortest frame: an Ethernet header.  No FCS anywhere in Weir. */
#define FRAME_MIN 14u
/* A VLAN tag, and where it goes: after the addresses, before the type. */
#define FRAME_TAG 4u
#define FRAME_TYPE_AT 12u
/* Ethernet header and one VLAN tag: what a frame has on top of the MTU. */
#define FRAME_OVERHEAD 18u

#define FRAME_TPID_C 0x8100u /* IEEE 802.1Q C-TAG */
#define FRAME_TPID_S 0x88a8u /* IEEE 802.1ad S-TAG */
#define FRAME_VID_RESERVED 4095u

#define MAC_BROADCAST 0xffffffffffffull
#define MAC_GROUP_BIT 0x010000000000ull
/* IEEE 802.1D table 7-10: 01:80:c2:00:00:00 to :0f stay on their link. */
#define MAC_RESERVED_BASE 0x0180c2000000ull
#define MAC_RESERVED_MASK 0xfffffffffff0ull

/**
 * struct frame - private snapshot of a frame
 * @dst:       destination address
 * @src:       source address
 * @len:       bytes of the whole frame, FCS not included
 * @ethertype: type or length field, behind the outermost tag
 * @vlan:      VLAN the frame belongs to: that of this tag (C-TAG or S-TAG), 0
 *             if untagged or priority-tagged; after vlan_admit() the port's own
 *             where that says so
 * @l3:        offset of what follows @ethertype: 14 or 18
 * @snap:      bytes valid in @bytes: the lesser of @len and what the sending
 *             port's policy looks at (FRAME_SNAP to FRAME_SNAP_MAX)
 * @bytes:     the first bytes as they came; of the first FRAME_SNAP those from
 *             @snap on are zero, whatever else lies behind @snap has no meaning
 * @words:     the same, for copying
 */
struct frame {
	uint64_t dst;
	uint64_t src;
	uint16_t len;
	uint16_t ethertype;
	uint16_t vlan;
	uint16_t l3;
	uint16_t snap;
	union {
		uint8_t bytes[FRAME_SNAP_MAX];
		uint64_t words[FRAME_SNAP_MAX / 8];
	};
};

static inline uint16_t frame_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Eight bytes of @words as a number, the first the most significant. */
static inline uint64_t frame_be64(uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap64(word);
#else
	return word;
#endif
}

/**
 * mac_load - address as a number
 * @p: six bytes in wire order
 */
static inline uint64_t mac_load(const uint8_t *p)
{
	return (uint64_t)p[0] << 40 | (uint64_t)p[1] << 32 |
	       (uint64_t)p[2] << 24 | (uint64_t)p[3] << 16 |
	       (uint64_t)p[4] << 8 | p[5];
}

static inline bool mac_is_group(uint64_t mac)
{
	return mac & MAC_GROUP_BIT;
}

static inline bool mac_is_reserved(uint64_t mac)
{
	return (mac & MAC_RESERVED_MASK) == MAC_RESERVED_BASE;
}

/**
 * frame_begin - fill in what follows from the bytes of an untagged frame
 * @f: in: bytes, at least FRAME_MIN; out: all but @len and @snap
 *
 * Return: whether it is a tagged one, and frame_tag() has to go on.
 */
static inline bool frame_begin(struct frame *f)
{
	uint64_t src;

	__builtin_memcpy(&src, f->bytes + 4, sizeof(src));
	f->dst = frame_be64(f->words[0]) >> 16;
	f->src = frame_be64(src) & MAC_BROADCAST;
	f->vlan = 0;
	f->l3 = FRAME_MIN;
	f->ethertype = frame_be16(f->bytes + FRAME_TYPE_AT);
	return f->ethertype == FRAME_TPID_C || f->ethertype == FRAME_TPID_S;
}

/**
 * frame_tag - read the tag that is announced
 * @f: after frame_begin()
 *
 * Return: false if it is cut short, or its id is the reserved 4095; the fields
 * are then those of an untagged frame.
 */
static inline bool frame_tag(struct frame *f)
{
	uint16_t tci;

	if (f->snap < 18)
		return false;
	tci = frame_be16(f->bytes + 14);
	if ((tci & 0xfff) == FRAME_VID_RESERVED)
		return false;
	f->vlan = tci & 0xfff;
	f->ethertype = frame_be16(f->bytes + 16);
	f->l3 = 18;
	return true;
}

/**
 * frame_parse - fill the fields that follow from the bytes
 * @f: in: bytes, len, snap (at least FRAME_MIN); out: the other fields
 *
 * Return: as frame_tag().
 */
static inline bool frame_parse(struct frame *f)
{
	return !frame_begin(f) || frame_tag(f);
}

#endif
