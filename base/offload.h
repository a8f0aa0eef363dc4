/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offload data: what the sender of a frame has left for others to do.
 *
 * Inside a host TCP and UDP move in segments of up to 64 KiB.  The card cuts
 * them into frames and makes their checksums.  If they are cut earlier, every
 * later step has to be paid for each frame.  So a frame may come with offload
 * data:
 *
 *	OFFLOAD_CHECKSUM  the checksum of the TCP or UDP header is not made.  In
 *			  its place is the sum of the pseudo header (as long as
 *			  the packet is), not inverted; to complete it, sum up
 *			  from the header to the frame's end and invert.  Frames
 *			  of any length have it, small ones included
 *	OFFLOAD_TCP4, OFFLOAD_TCP6, OFFLOAD_UDP
 *			  the frame is a segment: it stands for as many frames
 *			  as its payload has pieces of @segment bytes, the last
 *			  of which may be shorter
 *	OFFLOAD_ECN	  a TCP segment with CWR set: only its first frame has it
 *
 * It is as little as that.  Where the headers end and where the checksum is are
 * not said, because everybody reads that from the packet: what would be said
 * twice could be said in two ways.  Linux's virtio_net_hdr is made from struct
 * offload_place, and only a header that agrees with it is put into this form;
 * for others (tunnels, whose checksum lies deeper) the port does the work
 * itself.
 *
 * Legal is, besides no offload data at all, what offload_check() accepts:
 *
 *	any	  IPv4 or IPv6, behind at most two tags, no fragment, without
 *		  extension headers but hop-by-hop, routing and destination
 *		  options; TCP or UDP, sound (base/packet.h); the packet ends
 *		  where the frame ends, by the lengths of IP and of UDP
 *	segment	  with OFFLOAD_CHECKSUM; of the type that IP and protocol say;
 *		  headers within FRAME_SNAP_MAX; two frames at least (Linux drops
 *		  others) and OFFLOAD_MAX_FRAMES at most; TCP without SYN, RST
 *	none	  @segment is 0
 *
 * The pseudo header's sum is not checked.  If it is wrong, so is the packet's
 * checksum; a sender can do that without offloads, too.
 */
#ifndef WEIR_BASE_OFFLOAD_H
#define WEIR_BASE_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/abi.h"

#define OFFLOAD_CHECKSUM 0x01u
/* Types of segments, a number; 0 is a plain frame. */
#define OFFLOAD_TYPE 0x06u
#define OFFLOAD_TCP4 0x02u
#define OFFLOAD_TCP6 0x04u
#define OFFLOAD_UDP 0x06u /* UDP segmentation, IPv4 or IPv6 */
#define OFFLOAD_ECN 0x08u
/* All others are 0. */
#define OFFLOAD_ALL (OFFLOAD_CHECKSUM | OFFLOAD_TYPE | OFFLOAD_ECN)

/*
 * Frames a segment may stand for: 64 KiB in pieces of 536 bytes, or what Linux
 * allows UDP.  It bounds what one frame of a hostile sender can cost.
 */
#define OFFLOAD_MAX_FRAMES 128u

/* Bytes of a segment that may be: a length has 16 bits, a tag may be added. */
#define OFFLOAD_MAX_SEGMENT 65531u

/*
 * What a port is told to have, in the wire parameters of its connection.
 * Without OFFLOAD_PORT its descriptors carry no offload data, in neither
 * direction: the switch reads none and gives it complete frames of its MTU.
 * With it alone the peer may send offload data, and gets none.
 */
#define OFFLOAD_PORT 0x01u	     /* descriptors carry offload data */
#define OFFLOAD_TAKES_CHECKSUM 0x02u /* the peer takes OFFLOAD_CHECKSUM */
#define OFFLOAD_TAKES_TCP4 0x04u
#define OFFLOAD_TAKES_TCP6 0x08u
#define OFFLOAD_TAKES_UDP 0x10u
#define OFFLOAD_TAKES_ECN 0x20u /* and, of TCP, such with CWR */
#define OFFLOAD_TAKES_ALL 0x3eu

/**
 * struct offload - offload data of a frame
 * @flags:   OFFLOAD_*; 0: none
 * @pad:     not used
 * @segment: bytes of payload in each frame a segment stands for; else 0
 */
struct offload {
	uint8_t flags;
	uint8_t pad;
	uint16_t segment;
};

ABI_SIZE(struct offload, 4);
ABI_AT(struct offload, flags, 0);
ABI_AT(struct offload, pad, 1);
ABI_AT(struct offload, segment, 2);

/**
 * struct offload_place - where in a frame with offload data things are
 * @l3:      offset of the IP header
 * @l4:      offset of the TCP or UDP header: where the checksum starts
 * @field:   offset of the checksum, from the start of the frame
 * @payload: offset of what follows all headers, to be cut if it is a segment
 * @frames:  frames it stands for, 1 if it is none
 * @ipv6:    else IPv4
 * @tcp:     else UDP
 */
struct offload_place {
	uint16_t l3;
	uint16_t l4;
	uint16_t field;
	uint16_t payload;
	uint16_t frames;
	bool ipv6;
	bool tcp;
};

struct frame;
struct packet;

/**
 * offload_check - hold offload data against the frame it came with
 * @f:  snapshot, after frame_parse(); of a segment all headers must be in it,
 *      for which FRAME_SNAP_MAX is enough
 * @p:  the same, after packet_parse()
 * @o:  in: some, from the descriptor; out: OFFLOAD_ECN is what the TCP header
 *      says
 * @at: out, if it is legal
 *
 * Return: whether it is legal.
 */
bool offload_check(const struct frame *f, const struct packet *p,
		   struct offload *o, struct offload_place *at);

/**
 * offload_locate - the same for a whole frame in private memory
 * @data: the frame
 * @len:  its bytes
 *
 * For a port, which has to say where the checksum is.
 */
bool offload_locate(const uint8_t *data, uint32_t len, struct offload *o,
		    struct offload_place *at);

/**
 * offload_snap - the same, for who means to cut it (base/segment.h)
 * @f: out: snapshot
 */
bool offload_snap(const uint8_t *data, uint32_t len, struct offload *o,
		  struct offload_place *at, struct frame *f);

/**
 * offload_any - is there something for a receiver to do?
 */
static inline bool offload_any(struct offload o)
{
	return (o.flags | o.segment) != 0;
}

/**
 * offload_takes - does a port take a frame as it is?
 * @port: OFFLOAD_PORT, OFFLOAD_TAKES_*
 * @o:    legal
 */
static inline bool offload_takes(uint32_t port, struct offload o)
{
	unsigned int type = o.flags & OFFLOAD_TYPE;
	unsigned int needs = 0;

	if (o.flags & OFFLOAD_CHECKSUM)
		needs |= OFFLOAD_PORT | OFFLOAD_TAKES_CHECKSUM;
	if (type != 0)
		needs |= OFFLOAD_TAKES_TCP4 << (type / OFFLOAD_TCP4 - 1u);
	if (o.flags & OFFLOAD_ECN)
		needs |= OFFLOAD_TAKES_ECN;
	return (needs & ~port) == 0;
}

/**
 * offload_port_ok - can a port be like this?
 * @port:        OFFLOAD_PORT, OFFLOAD_TAKES_*, or 0
 * @max_frame:   bytes of its longest plain frame
 * @max_segment: bytes of its longest segment; 0: it has none
 *
 * Nothing is taken without OFFLOAD_PORT, no segment without its checksum, and
 * segments are no shorter than frames.
 */
static inline bool offload_port_ok(uint32_t port, uint32_t max_frame,
				   uint32_t max_segment)
{
	uint32_t segments = port & (OFFLOAD_TAKES_TCP4 | OFFLOAD_TAKES_TCP6 |
				    OFFLOAD_TAKES_UDP | OFFLOAD_TAKES_ECN);

	if (port & ~(OFFLOAD_PORT | OFFLOAD_TAKES_ALL))
		return false;
	if (!(port & OFFLOAD_PORT))
		return port == 0 && max_segment == 0;
	if (segments && !(port & OFFLOAD_TAKES_CHECKSUM))
		return false;
	if (max_segment == 0)
		return segments == 0;
	return max_segment >= max_frame && max_segment <= OFFLOAD_MAX_SEGMENT;
}

#endif
