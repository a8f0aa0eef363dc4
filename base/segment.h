/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doing what a sender has left to others: cutting a segment into frames, and
 * completing checksums, while the bytes are copied.
 *
 * The frames are those that Linux makes of the same segment, byte for byte
 * (tests/unit/segment_linux_test.c).  All have the segment's headers; in these
 * differ
 *
 *	IPv4	total length, identification (one more in each frame), checksum
 *	IPv6	payload length
 *	TCP	sequence number, checksum; FIN and PSH are in the last frame
 *		only, CWR in the first one only
 *	UDP	length, checksum
 *
 * A plain frame is written as it is, with its checksum completed.
 *
 * The sender can rewrite its memory meanwhile.  The headers, and as much of the
 * payload as was judged, are taken from the snapshot; the rest is read once,
 * and the bytes that are summed are those that are written.  So what is
 * delivered always has the checksum of what is delivered.
 */
#ifndef WEIR_BASE_SEGMENT_H
#define WEIR_BASE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/frame.h"
#include "base/offload.h"

/* Bytes before the IP header as it goes out: Ethernet and three tags. */
#define SEGMENT_LINK_MAX 26u

/**
 * struct segment - a frame that is being cut or completed
 * @frame:  its snapshot
 * @data:   all of it, in the sender's memory
 * @from:   offset of the payload in both
 * @size:   bytes of payload in each frame written
 * @frames: how many there are
 * @l3, @l4, @field, @head: where in a frame written the IP header is, the TCP
 *          or UDP header, its checksum, and the payload
 * @tcp:    else UDP
 * @ipv6:   else IPv4
 * @id:     identification of the first frame
 * @seq:    sequence number of the first frame
 * @flags:  TCP flags of the whole
 * @pseudo: sum of the pseudo header without the length
 * @header: headers of the frame written last
 *
 * Private to base/segment.c, but for @frames.
 */
struct segment {
	const struct frame *frame;
	const uint8_t *data;
	uint32_t from;
	uint32_t size;
	uint32_t frames;
	uint16_t l3;
	uint16_t l4;
	uint16_t field;
	uint16_t head;
	bool tcp;
	bool ipv6;
	uint8_t flags;
	uint16_t id;
	uint32_t seq;
	uint32_t pseudo;
	uint8_t header[FRAME_SNAP_MAX + FRAME_TAG];
};

/**
 * segment_begin - get ready
 * @s:        out
 * @f:        snapshot; must stay
 * @data:     the whole frame, from its first byte; may be changed by others
 * @o, @at:   of offload_check(): legal, and some
 * @link:     what goes before the IP header
 * @link_len: its bytes, at most SEGMENT_LINK_MAX and 4 more than @at->l3
 */
void segment_begin(struct segment *s, const struct frame *f,
		   const uint8_t *data, const struct offload *o,
		   const struct offload_place *at, const uint8_t *link,
		   uint32_t link_len);

/**
 * segment_length - bytes of a frame
 * @index: which; less than @s->frames.  None is longer than the first
 */
uint32_t segment_length(const struct segment *s, uint32_t index);

/**
 * segment_write - write a frame, and not one byte more
 * @s:     in any order, as often as wanted
 * @index: which; less than @s->frames
 * @to:    out: segment_length() bytes
 */
void segment_write(struct segment *s, uint32_t index, uint8_t *to);

#endif
