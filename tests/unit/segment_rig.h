/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random legal segments, and a second, slow opinion about the frames they stand
 * for.
 */
#ifndef WEIR_TESTS_UNIT_SEGMENT_RIG_H
#define WEIR_TESTS_UNIT_SEGMENT_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/segment.h"

#define SEG_MAX 65535u

/**
 * struct shape - what a segment is to look like
 * @tags:    VLAN tags
 * @words:   IPv4: header in words, 5 to 15.  IPv6: each but the first five is
 *           an extension header of its own, up to three
 * @options: TCP: words of options, up to 10
 * @payload: bytes
 * @piece:   bytes of payload in a frame; 0: only a checksum is left
 * @flags:   of TCP
 */
struct shape {
	bool ipv6;
	bool tcp;
	unsigned int tags;
	unsigned int words;
	unsigned int options;
	uint32_t payload;
	uint32_t piece;
	uint8_t flags;
};

/**
 * struct seg - a frame with offload data, and what the switch makes of it
 * @b, @len: bytes
 * @o:       its offload data
 * @frame:   snapshot
 * @at:      places
 */
struct seg {
	uint8_t b[SEG_MAX];
	uint32_t len;
	struct offload o;
	struct frame frame;
	struct offload_place at;
};

/* A random number below @n. */
uint32_t seg_random(uint64_t *seed, uint32_t n);

/* A random shape; short ones are the most frequent. */
struct shape seg_shape(uint64_t *seed);

/* Make it, of random bytes; it is checked that it is legal. */
void seg_make(struct seg *s, const struct shape *shape, uint64_t *seed);

/* Take the snapshot again, of bytes that were changed; is it still legal? */
bool seg_look(struct seg *s);

/* Begin with the link header it came with. */
void seg_begin(struct segment *cut, const struct seg *s);

/**
 * seg_expect - a frame, made slowly from @s->b
 * @index: which
 * @out:   out
 *
 * Return: its bytes.
 */
uint32_t seg_expect(const struct seg *s, uint32_t index, uint8_t *out);

/* Are the checksums in a complete frame right? @s says what it is. */
bool seg_sums_up(const struct seg *s, const uint8_t *frame, uint32_t len);

#endif
