/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments among the frames of a random world.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/segment_rig.h"
#include "tests/unit/switch_rig.h"
#include "tests/unit/world.h"

#define PAYLOAD 1700u

static struct seg seg;

/* Offload data that are wrong, whatever the frame. */
static struct offload lie(struct world *w, struct offload o)
{
	bool type = o.flags & OFFLOAD_TYPE;

	switch (world_draw(w, 4)) {
	case 0:
		o.flags ^= type ? OFFLOAD_CHECKSUM : OFFLOAD_ECN;
		return o;
	case 1:
		o.segment = type ? 0 : 100;
		return o;
	case 2:
		o.flags |= (uint8_t)(0x10u << world_draw(w, 4));
		return o;
	default:
		o.segment = 65535;
		return o;
	}
}

static struct oracle_offload what_it_stands_for(void)
{
	struct oracle_offload off = {
		.o = seg.o,
		.legal = true,
		.frames = seg.at.frames,
		.longest = seg.len,
		.bytes = seg.len + (seg.at.frames - 1u) * seg.at.payload,
	};

	if (seg.at.frames > 1)
		off.longest = (uint32_t)seg.at.payload + seg.o.segment;
	return off;
}

bool world_send_segment(struct world *w, unsigned int port, uint64_t dst,
			uint64_t src)
{
	uint64_t seed = w->state;
	struct shape shape = seg_shape(&seed);
	struct oracle_offload off;
	struct world_frame *f;

	shape.payload = world_draw(w, PAYLOAD);
	shape.piece = 0;
	if (shape.payload > 100 && world_chance(w, 70))
		shape.piece = 20 + world_draw(w, shape.payload - 20);
	seg_make(&seg, &shape, &seed);
	sw_mac(seg.b, dst, src);
	assert_true(seg_look(&seg));
	off = what_it_stands_for();
	if (world_chance(w, 10)) {
		off.o = lie(w, off.o);
		off.legal = false;
	}
	if (!rig_send_offload(w->rig, port, seg.b, (uint16_t)seg.len, off.o))
		return false;
	f = world_push(&w->sent[port], seg.b, (uint16_t)seg.len, true);
	f->off = off;
	/* Nobody reads it: then it is a frame like any other. */
	if (!w->oracle.port[port].offload)
		f->off = (struct oracle_offload){ .frames = 1,
						  .longest = seg.len };
	return true;
}

static void look_again(const struct world_frame *f)
{
	memcpy(seg.b, f->bytes, f->len);
	seg.len = f->len;
	seg.o = f->off.o;
	assert_true(seg_look(&seg));
}

void world_owe(struct world *w, unsigned int port, const struct world_frame *f)
{
	struct world_fifo *owed = &w->owed[port];
	static uint8_t out[SEG_MAX];

	if (oracle_whole(&w->oracle.port[port], &f->off, f->len)) {
		world_push(owed, f->bytes, f->len, true)->off = f->off;
		return;
	}
	look_again(f);
	for (uint32_t i = 0; i < seg.at.frames; i++) {
		uint32_t n = seg_expect(&seg, i, out);

		world_push(owed, out, (uint16_t)n, true);
	}
}

void world_shown(const struct world_frame *f, uint8_t *out)
{
	memcpy(out, f->bytes, f->len);
	if (f->off.o.flags == 0)
		return;
	look_again(f);
	seg.at.frames = 1;
	seg_expect(&seg, 0, out);
}
