/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a trace says of segments is what then happens to them.
 */
#include "tests/unit/segment_ports.h"

static const struct shape shapes[] = {
	{ .tcp = true, .words = 8, .payload = 4449, .piece = PIECE },
	{ .tcp = true,
	  .ipv6 = true,
	  .words = 5,
	  .payload = 9000,
	  .piece = 1428 },
	{ .words = 5, .payload = 3000, .piece = 1001 },
	{ .tcp = true,
	  .words = 5,
	  .payload = 4000,
	  .piece = PIECE,
	  .flags = 0x80 },
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void a_trace_says_what_will_happen(void **state)
{
	struct rig *r = *state;
	struct shape shape = usual;
	struct vswitch_verdict v;

	for (unsigned int i = 0; i < 2; i++) {
		shape.piece = 1400 + 100 * i;
		make_seg(&shape, FROM, RIG_MAC(PLAIN));
		assert_int_equal(vswitch_trace(r->sw, FROM, seg.b, seg.len,
					       seg.o, r->now, &v),
				 0);
		assert_int_equal(v.reason, i ? REASON_TOO_BIG : REASON_NONE);
		send_seg(r, FROM);
		assert_int_equal(rig_drops(r, PLAIN, REASON_TOO_BIG), i);
		rig_drain(r, PLAIN);
	}
	seg.o.segment = 0;
	vswitch_trace(r->sw, FROM, seg.b, seg.len, seg.o, r->now, &v);
	assert_int_equal(v.reason, REASON_BAD_OFFLOAD);
	/* Of a port without offloads it is a frame like any other. */
	vswitch_trace(r->sw, PLAIN, seg.b, seg.len, seg.o, r->now, &v);
	assert_int_equal(v.reason, REASON_OVERSIZE);
}

/* Every shape to every port: whole or in pieces, as it then arrives. */
static void a_trace_says_who_gets_it_whole(void **state)
{
	struct rig *r = *state;
	struct vswitch_verdict v;

	for (unsigned int i = 0; i < SHAPES; i++) {
		make_seg(&shapes[i], FROM, MAC_BROADCAST);
		vswitch_trace(r->sw, FROM, seg.b, seg.len, seg.o, r->now, &v);
		send_seg(r, FROM);
		assert_int_equal(v.frames, seg.at.frames);
		assert_int_equal(v.cut & ~v.deliver, 0);
		for (unsigned int port = 0; port < PORTS; port++) {
			if (!(v.deliver & RIG_BIT(port)))
				continue;
			if (v.cut & RIG_BIT(port))
				gets_cut(r, port);
			else
				gets_whole(r, port);
		}
		nobody_gets_more(r);
	}
	/* A checksum is made where it must be. */
	make_seg(&(struct shape){ .words = 5, .payload = 99 }, FROM,
		 MAC_BROADCAST);
	vswitch_trace(r->sw, FROM, seg.b, seg.len, seg.o, r->now, &v);
	assert_int_equal(v.frames, 1);
	assert_int_equal(v.cut & (RIG_BIT(PLAIN) | RIG_BIT(SUMS)),
			 RIG_BIT(PLAIN));
	/* A plain frame stands for nothing. */
	seg.o = (struct offload){ 0 };
	vswitch_trace(r->sw, FROM, seg.b, seg.len, seg.o, r->now, &v);
	assert_int_equal(v.frames, 0);
	assert_int_equal(v.cut, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, seg_setup, seg_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_trace_says_what_will_happen),
		T(a_trace_says_who_gets_it_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
