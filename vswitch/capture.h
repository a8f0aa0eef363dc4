/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a switch sends to a capture port: a record, then the frame.
 *
 * A capture port has an egress half only.  Each of its buffers carries one
 * struct capture_record at offset 0 and the frame's bytes at offset
 * CAPTURE_HEADROOM; the descriptor's length covers both.
 *
 * Which records a frame makes, for each capture that watches one of its ports:
 *  - accepted frames (the verdict's reason is REASON_NONE): one CAPTURE_IN
 *    record if the source port is watched, and one CAPTURE_OUT record per
 *    watched port it was copied to;
 *  - refused (frame, destination) pairs, only if the capture asked for drops:
 *    one record with the reason, on the source port if that is watched, else
 *    on the destination port if that is.  A receiver without a buffer is such
 *    a pair, too.  A frame without candidates makes one record, on the source
 *    port.
 *
 * Frames refused for their descriptor are not captured: there is nothing to
 * show, or no telling what.  A record that finds no buffer or a capture that is
 * down, or whose frame is longer than the capture takes, is missed, which is
 * counted.
 */
#ifndef WEIR_VSWITCH_CAPTURE_H
#define WEIR_VSWITCH_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/abi.h"

#define CAPTURE_HEADROOM 32u
#define CAPTURE_NO_PORT 0xffffu

enum capture_direction {
	CAPTURE_IN = 1,	 /* from the port into the switch */
	CAPTURE_OUT = 2, /* from the switch to the port */
};

/**
 * struct capture_record - precedes every captured frame
 * @time_ns:   the switch's clock at the visit (CLOCK_MONOTONIC on Linux)
 * @port:      the port this record belongs to
 * @peer:      the other port: destination of a CAPTURE_IN refusal or source of
 *             a CAPTURE_OUT; CAPTURE_NO_PORT for an accepted CAPTURE_IN, and
 *             where the refused frame had no candidates
 * @len:       bytes of the frame
 * @direction: enum capture_direction
 * @reason:    enum vswitch_reason; REASON_NONE if delivered
 * @segment:   of a segment: bytes of payload in each frame it stands for
 * @offload:   flags of the offload data it came with (base/offload.h); its
 *             checksum is complete all the same
 * @pad:       zero
 */
struct capture_record {
	uint64_t time_ns;
	uint16_t port;
	uint16_t peer;
	uint16_t len;
	uint8_t direction;
	uint8_t reason;
	uint16_t segment;
	uint8_t offload;
	uint8_t pad[13];
};

ABI_SIZE(struct capture_record, 32);
ABI_AT(struct capture_record, time_ns, 0);
ABI_AT(struct capture_record, port, 8);
ABI_AT(struct capture_record, peer, 10);
ABI_AT(struct capture_record, len, 12);
ABI_AT(struct capture_record, direction, 14);
ABI_AT(struct capture_record, reason, 15);
ABI_AT(struct capture_record, segment, 16);
ABI_AT(struct capture_record, offload, 18);
ABI_AT(struct capture_record, pad, 19);

_Static_assert(sizeof(struct capture_record) == CAPTURE_HEADROOM, "ABI");

#endif
