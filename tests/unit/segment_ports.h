/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch with five ports that take segments or do not, and one segment.
 */
#ifndef WEIR_TESTS_UNIT_SEGMENT_PORTS_H
#define WEIR_TESTS_UNIT_SEGMENT_PORTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/image_rig.h"
#include "tests/unit/rig.h"
#include "tests/unit/segment_rig.h"
#include "tests/unit/switch_rig.h"

/* Two ports take all, one has no offloads, one takes checksums, one none. */
#define FROM 0u
#define WHOLE 1u
#define PLAIN 2u
#define SUMS 3u
#define GIVES 4u
#define PORTS 5u

#define BUFFERS 64u
#define PIECE 1448u

/* The segment the functions below are about, and room for others. */
extern struct seg seg;
extern uint8_t seg_want[SEG_MAX];

/* 20,000 bytes of TCP. */
extern const struct shape usual;

/* A switch whose stations are known, RIG_MAC(n) at port n. */
int seg_setup(void **state);
int seg_teardown(void **state);

/* Make a segment from the station at one port to an address. */
void make_seg(const struct shape *shape, unsigned int src, uint64_t dst);

/* Send it; its buffer comes back. */
void send_seg(struct rig *r, unsigned int src);

/* A port gets these bytes with this offload data, and nothing behind them. */
void gets(struct rig *r, unsigned int port, const uint8_t *bytes, uint32_t len,
	  struct offload o);

/* It gets the segment as it is, or all the frames it stands for. */
void gets_whole(struct rig *r, unsigned int port);
void gets_cut(struct rig *r, unsigned int port);

void nobody_gets_more(struct rig *r);

#endif
