/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offload data that lie (hostile case 43), a receiver that gives impossible
 * buffers for a segment (45), and segments as a means to slow others down (38).
 */
#include "tests/unit/segment_ports.h"

/*
 * A receiver whose buffers are impossible gets a part of nothing, and others
 * are not disturbed.
 */
static void hc45_impossible_buffers_for_a_part_of_it(void **state)
{
	struct rig *r = *state;
	struct rig_port *p = &r->port[PLAIN];
	uint64_t frames = r->stats->port[PLAIN].out_frames;
	uint64_t bytes = r->stats->port[PLAIN].out_bytes;

	make_seg(&usual, FROM, MAC_BROADCAST);
	rig_hand_over(r, PLAIN);
	queue_producer_init(&p->rx_free, p->config.egress.free,
			    p->config.egress.capacity);
	queue_consumer_init(&p->rx_active, p->config.egress.active,
			    p->config.egress.capacity);
	/* Ten good ones, five bad ones, and the rest good again. */
	for (uint32_t i = 0; i < BUFFERS; i++) {
		if (i >= 10 && i < 15)
			queue_put(&p->rx_free, 3, 0);
		else
			rig_lend(r, PLAIN, i);
	}
	queue_publish(&p->rx_free);
	send_seg(r, FROM);
	gets_whole(r, WHOLE);
	gets_cut(r, SUMS);
	gets_cut(r, GIVES);
	nobody_gets_more(r);
	assert_int_equal(rig_drops(r, PLAIN, REASON_NO_BUFFER), 1);
	assert_int_equal(rig_drops(r, PLAIN, REASON_BAD_FREE), 4);
	assert_int_equal(r->stats->port[PLAIN].out_frames, frames);
	assert_int_equal(r->stats->port[PLAIN].out_bytes, bytes);
	/* It gets the next one, and each frame of it once. */
	send_seg(r, FROM);
	gets_whole(r, WHOLE);
	gets_cut(r, SUMS);
	gets_cut(r, GIVES);
	gets_cut(r, PLAIN);
	nobody_gets_more(r);
	assert_int_equal(rig_drops(r, PLAIN, REASON_BAD_FREE), 5);
	assert_int_equal(r->stats->port[PLAIN].faults, 0);
}

/* --- what it costs ------------------------------------------------------ */

/* hc38: a turn is work.  128 frames each are more than a turn. */
static void hc38_a_turn_ends_with_a_cut_segment(void **state)
{
	struct rig *r = *state;
	const struct shape shape = {
		.words = 5,
		.payload = 128 * 300,
		.piece = 300,
	};
	const struct rig_options wide = { .buffers = 1024 };
	uint64_t ring = 0;

	rig_add(r, 10, &wide);
	rig_allow(r, FROM, 10);
	rig_allow(r, 10, FROM);
	rig_teach(r, 10, RIG_MAC(10));
	make_seg(&shape, FROM, RIG_MAC(10));
	assert_int_equal(seg.at.frames, 128);
	for (unsigned int i = 0; i < 8; i++)
		assert_true(rig_send_offload(r, FROM, seg.b, (uint16_t)seg.len,
					     seg.o));
	for (unsigned int i = 0; i < 8; i++) {
		assert_int_equal(vswitch_run(r->sw, RIG_BIT(FROM), r->now,
					     &ring),
				 i < 7 ? RIG_BIT(FROM) : 0);
		gets_cut(r, 10);
		assert_int_equal(rig_receive(r, 10, NULL), -1);
	}
}

/* --- lies --------------------------------------------------------------- */

static void refused(struct rig *r, struct offload o, uint64_t *times)
{
	assert_true(rig_send_offload(r, FROM, seg.b, (uint16_t)seg.len, o));
	rig_run(r, RIG_BIT(FROM));
	assert_int_equal(rig_reap(r, FROM), 1);
	nobody_gets_more(r);
	assert_int_equal(rig_drops(r, FROM, REASON_BAD_OFFLOAD), ++*times);
}

static void hc43_what_does_not_fit_goes_nowhere(void **state)
{
	struct rig *r = *state;
	uint64_t times = 0;

	for (unsigned int i = 0; i < 4; i++) {
		const struct shape shape = { .tcp = i & 1,
					     .ipv6 = i & 2,
					     .words = 5,
					     .payload = 3000,
					     .piece = 1000 };
		struct offload right;

		make_seg(&shape, FROM, i & 1 ? MAC_BROADCAST : RIG_MAC(PLAIN));
		right = seg.o;
		for (unsigned int flags = 0; flags < 256; flags++) {
			struct offload o = { .flags = (uint8_t)flags,
					     .segment = 1000 };
			bool ecn = flags == (right.flags | OFFLOAD_ECN);

			if (flags == right.flags || (shape.tcp && ecn))
				continue;
			/* As a plain frame it is too long, too. */
			if (flags != 0 && !(flags & OFFLOAD_TYPE))
				continue;
			if (flags == 0)
				continue;
			refused(r, o, &times);
		}
		refused(r, (struct offload){ right.flags, 0, 0 }, &times);
		refused(r, (struct offload){ right.flags, 0, 1 }, &times);
		refused(r, (struct offload){ right.flags, 0, 3000 }, &times);
		refused(r, (struct offload){ right.flags, 0, 65535 }, &times);
	}
	/* A length without flags, on a frame that would do. */
	make_seg(&(struct shape){ .tcp = true, .words = 5, .payload = 10 },
		 FROM, MAC_BROADCAST);
	refused(r, (struct offload){ .segment = 1 }, &times);
	assert_int_equal(rig_all_drops(r), times);
}

/* On a frame that has no TCP or UDP, of whatever kind. */
static void hc43_on_frames_that_have_no_checksum(void **state)
{
	struct rig *r = *state;
	uint64_t times = 0;
	struct pkt k;

	for (unsigned int i = 0; i < 4; i++) {
		if (i == 0) {
			put_arp(&k, 1, v4(1), v4(2));
		} else if (i == 1) {
			put_eth(&k, 0x88b5);
			put_zeros(&k, 100);
		} else {
			put_eth(&k, 0x0800);
			put_v4(&k, i == 2 ? PACKET_ICMP : PACKET_TCP, v4(1),
			       v4(2), 5, i == 3 ? 0x2000 : 0, 1);
			put_zeros(&k, 100);
			finish(&k);
		}
		memcpy(seg.b, k.b, k.n);
		sw_mac(seg.b, MAC_BROADCAST, RIG_MAC(FROM));
		seg.len = k.n;
		for (unsigned int type = 0; type < 4; type++)
			refused(r,
				(struct offload){
					.flags = (uint8_t)(1 | type << 1),
					.segment = type ? 20 : 0 },
				&times);
	}
	assert_int_equal(rig_all_drops(r), times);
}

/* Without offloads, what lies behind the length is sDDF's padding. */
static void hc43_what_a_port_without_offloads_writes_there(void **state)
{
	struct rig *r = *state;
	uint8_t frame[100];

	rig_frame(frame, RIG_MAC(WHOLE), RIG_MAC(PLAIN), sizeof(frame));
	for (unsigned int i = 0; i < 256; i++) {
		const struct offload o = { .flags = (uint8_t)i,
					   .segment = (uint16_t)(i * 257) };

		assert_true(
			rig_send_offload(r, PLAIN, frame, sizeof(frame), o));
		rig_run(r, RIG_BIT(PLAIN));
		gets(r, WHOLE, frame, sizeof(frame), (struct offload){ 0 });
	}
	assert_int_equal(rig_all_drops(r), 0);
}

/* A port that sends no segments sends none, whatever its descriptors say. */
static void hc43_a_segment_from_a_port_that_has_none(void **state)
{
	const struct shape shape = {
		.tcp = true,
		.words = 5,
		.payload = 1000,
		.piece = 400,
	};
	struct rig *r = *state;

	make_seg(&shape, SUMS, RIG_MAC(WHOLE));
	send_seg(r, SUMS);
	assert_int_equal(rig_drops(r, SUMS, REASON_BAD_OFFLOAD), 1);
	nobody_gets_more(r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, seg_setup, seg_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(hc45_impossible_buffers_for_a_part_of_it),
		T(hc38_a_turn_ends_with_a_cut_segment),
		T(hc43_what_does_not_fit_goes_nowhere),
		T(hc43_on_frames_that_have_no_checksum),
		T(hc43_what_a_port_without_offloads_writes_there),
		T(hc43_a_segment_from_a_port_that_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
