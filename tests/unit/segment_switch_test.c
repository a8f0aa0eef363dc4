/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments through the switch: whole to ports that take them, cut for others.
 */
#include "tests/unit/segment_ports.h"

/* --- deliveries --------------------------------------------------------- */

static const struct shape shapes[] = {
	{ .tcp = true, .words = 5, .payload = 65000, .piece = PIECE },
	{ .tcp = true, .words = 8, .payload = 1449, .piece = PIECE },
	{ .tcp = true,
	  .ipv6 = true,
	  .words = 5,
	  .options = 3,
	  .payload = 9000,
	  .piece = 1428 },
	{ .words = 5, .payload = 3000, .piece = 1001 },
	{ .ipv6 = true, .words = 7, .payload = 640, .piece = 5 },
	{ .tcp = true,
	  .words = 5,
	  .payload = 4000,
	  .piece = PIECE,
	  .flags = 0x80 },
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void whole_to_a_port_that_takes_it(void **state)
{
	struct rig *r = *state;

	for (unsigned int i = 0; i < SHAPES; i++) {
		make_seg(&shapes[i], FROM, RIG_MAC(WHOLE));
		send_seg(r, FROM);
		gets_whole(r, WHOLE);
		nobody_gets_more(r);
		/* Back the same way. */
		make_seg(&shapes[i], WHOLE, RIG_MAC(FROM));
		send_seg(r, WHOLE);
		gets_whole(r, FROM);
	}
	assert_int_equal(rig_all_drops(r), 0);
	assert_int_equal(r->stats->port[WHOLE].out_frames, SHAPES + PORTS - 1);
}

static void cut_for_a_port_that_does_not(void **state)
{
	static const unsigned int port[] = { PLAIN, SUMS, GIVES };
	struct rig *r = *state;

	for (unsigned int i = 0; i < SHAPES * 3; i++) {
		unsigned int dst = port[i % 3];
		const struct vswitch_port_stats *s = &r->stats->port[dst];
		uint64_t frames = s->out_frames, bytes = s->out_bytes;
		uint32_t sum = 0;

		if (shapes[i / 3].payload / shapes[i / 3].piece >= BUFFERS)
			continue;
		make_seg(&shapes[i / 3], FROM, RIG_MAC(dst));
		send_seg(r, FROM);
		gets_cut(r, dst);
		nobody_gets_more(r);
		for (uint32_t k = 0; k < seg.at.frames; k++)
			sum += seg_expect(&seg, k, seg_want);
		assert_int_equal(s->out_frames - frames, seg.at.frames);
		assert_int_equal(s->out_bytes - bytes, sum);
	}
	assert_int_equal(rig_all_drops(r), 0);
}

static void a_flood_is_whole_for_some_and_cut_for_others(void **state)
{
	struct rig *r = *state;
	const struct shape udp = { .words = 5, .payload = 5000, .piece = 900 };

	for (unsigned int i = 0; i < 2; i++) {
		make_seg(&udp, FROM, i ? RIG_MAC(99) : MAC_BROADCAST);
		/* Two in one batch. */
		assert_true(rig_send_offload(r, FROM, seg.b, (uint16_t)seg.len,
					     seg.o));
		assert_true(rig_send_offload(r, FROM, seg.b, (uint16_t)seg.len,
					     seg.o));
		rig_run(r, RIG_BIT(FROM));
		for (unsigned int k = 0; k < 2; k++) {
			gets_whole(r, WHOLE);
			gets_cut(r, PLAIN);
			gets_cut(r, SUMS);
			gets_cut(r, GIVES);
		}
		nobody_gets_more(r);
	}
	assert_int_equal(r->stats->flooded, PORTS + 4);
}

/* It comes without a segment, and in the smallest of frames. */
static void a_checksum_is_completed_where_it_must_be(void **state)
{
	static const uint32_t payload[] = { 0, 1, 17, 21, 22, 23, 300, 1400 };
	struct rig *r = *state;

	for (unsigned int i = 0; i < 16; i++) {
		const struct shape shape = { .tcp = i & 1,
					     .words = 5,
					     .payload = payload[i / 2] };

		make_seg(&shape, FROM, MAC_BROADCAST);
		send_seg(r, FROM);
		gets_whole(r, WHOLE);
		gets_whole(r, SUMS);
		gets_cut(r, PLAIN);
		gets_cut(r, GIVES);
		nobody_gets_more(r);
	}
	assert_int_equal(rig_all_drops(r), 0);
}

/* A port that has offloads sends plain frames as well, among the others. */
static void plain_frames_stay_as_they_are(void **state)
{
	struct rig *r = *state;
	uint8_t frame[1519];

	make_seg(&usual, FROM, RIG_MAC(WHOLE));
	for (unsigned int i = 0; i < 10; i++) {
		rig_frame(frame, RIG_MAC(WHOLE), RIG_MAC(FROM),
			  (uint16_t)(60 + 145 * i));
		assert_true(rig_send(r, FROM, frame, (uint16_t)(60 + 145 * i)));
		assert_true(rig_send_offload(r, FROM, seg.b, (uint16_t)seg.len,
					     seg.o));
	}
	rig_run(r, RIG_BIT(FROM));
	for (unsigned int i = 0; i < 10; i++) {
		rig_frame(frame, RIG_MAC(WHOLE), RIG_MAC(FROM),
			  (uint16_t)(60 + 145 * i));
		gets(r, WHOLE, frame, 60 + 145 * i, (struct offload){ 0 });
		gets_whole(r, WHOLE);
	}
	nobody_gets_more(r);
	/* One above the MTU that is no segment is refused. */
	rig_frame(frame, RIG_MAC(WHOLE), RIG_MAC(FROM), 1519);
	assert_true(rig_send(r, FROM, frame, 1519));
	rig_run(r, RIG_BIT(FROM));
	assert_int_equal(rig_drops(r, FROM, REASON_OVERSIZE), 1);
	nobody_gets_more(r);
}

/* The short path and the full one: the tap keeps frames off the first. */
static void ignore(void *arg, unsigned int port, const struct frame *frame,
		   const struct vswitch_verdict *verdict)
{
	(void)arg;
	(void)port;
	(void)frame;
	(void)verdict;
}

static void both_paths_deliver_alike(void **state)
{
	struct rig *r = *state;

	for (unsigned int i = 0; i < 2 * SHAPES; i++) {
		vswitch_set_tap(r->sw, i % 2 ? ignore : NULL, NULL);
		make_seg(&shapes[i / 2], FROM, RIG_MAC(WHOLE));
		send_seg(r, FROM);
		gets_whole(r, WHOLE);
		nobody_gets_more(r);
	}
	assert_int_equal(rig_all_drops(r), 0);
}

/* --- what a receiver can take ------------------------------------------- */

/* What counts is the frame on its wire, with its tag. */
static void too_big_is_what_is_too_big_when_cut(void **state)
{
	static const unsigned int ports[] = { WHOLE, PLAIN };
	struct rig *r = *state;
	struct shape shape = usual;

	for (unsigned int i = 0; i < 4; i++) {
		unsigned int dst = ports[i / 2];

		shape.options = 0;
		shape.piece = 1518 - 54 + i % 2;
		make_seg(&shape, FROM, RIG_MAC(dst));
		send_seg(r, FROM);
		if (i % 2) {
			assert_int_equal(rig_drops(r, dst, REASON_TOO_BIG), 1);
		} else if (dst == WHOLE) {
			gets_whole(r, dst);
		} else {
			gets_cut(r, dst);
		}
		nobody_gets_more(r);
	}
}

/* Apart from the MTU. */
static void a_segment_has_a_limit_of_its_own(void **state)
{
	struct rig *r = *state;
	struct shape shape = usual;

	for (unsigned int i = 0; i < 2; i++) {
		shape.payload = 65499 - 14 - 20 - 32 + i;
		make_seg(&shape, FROM, RIG_MAC(WHOLE));
		send_seg(r, FROM);
		if (i == 0)
			gets_whole(r, WHOLE);
		nobody_gets_more(r);
		assert_int_equal(rig_drops(r, FROM, REASON_OVERSIZE), i);
	}
}

static void all_of_the_frames_or_none(void **state)
{
	struct rig *r = *state;
	uint32_t kept[BUFFERS], n = 0;
	uint16_t len;

	make_seg(&usual, FROM, RIG_MAC(PLAIN));
	assert_int_equal(seg.at.frames, 14);
	/* Keep what comes until one buffer is missing. */
	for (unsigned int i = 0; i < 4; i++)
		send_seg(r, FROM);
	while ((kept[n] = rig_take(r, PLAIN, &len)) != RIG_NO_BUFFER)
		n++;
	assert_int_equal(n, 56);
	for (unsigned int i = 0; i < 5; i++)
		rig_lend(r, PLAIN, kept[--n]);
	send_seg(r, FROM);
	assert_int_equal(rig_drops(r, PLAIN, REASON_NO_BUFFER), 1);
	nobody_gets_more(r);
	rig_lend(r, PLAIN, kept[--n]);
	send_seg(r, FROM);
	gets_cut(r, PLAIN);
	assert_int_equal(rig_drops(r, PLAIN, REASON_NO_BUFFER), 1);
	while (n > 0)
		rig_lend(r, PLAIN, kept[--n]);
	assert_int_equal(r->port[PLAIN].lent, BUFFERS);
}

/* --- who may ------------------------------------------------------------ */

static void denied_pairs_are_denied_segments(void **state)
{
	struct rig *r = *state;

	for (unsigned int i = 1; i < PORTS; i++)
		for (unsigned int path = 0; path < 2; path++) {
			for (unsigned int k = 1; k < PORTS; k++)
				if (k == i)
					rig_deny(r, FROM, k);
				else
					rig_allow(r, FROM, k);
			vswitch_set_tap(r->sw, path ? ignore : NULL, NULL);
			make_seg(&usual, FROM, RIG_MAC(i));
			send_seg(r, FROM);
			nobody_gets_more(r);
			assert_int_equal(rig_drops(r, FROM, REASON_NOT_ALLOWED),
					 2 * i - 1 + path);
			make_seg(&usual, FROM, MAC_BROADCAST);
			send_seg(r, FROM);
			for (unsigned int k = 1; k < PORTS; k++) {
				if (k == i)
					continue;
				if (k == WHOLE)
					gets_whole(r, k);
				else
					gets_cut(r, k);
			}
			nobody_gets_more(r);
		}
}

/* Rules see the segment: its ports, its flags, its length. */
static void rules_decide_once_for_a_segment(void **state)
{
	struct rig *r = *state;
	struct policy_image *image = image_new();
	struct shape shape = usual;
	unsigned int passed = 0;

	image_allow(image, FROM, WHOLE, "tcp and greater 20000");
	image_allow(image, FROM, PLAIN, "tcp and greater 20000");
	image_set(r->sw, image);
	for (unsigned int i = 0; i < 8; i++) {
		unsigned int dst = i % 2 ? WHOLE : PLAIN;

		shape.tcp = i / 2 % 2;
		shape.payload = i / 4 ? 20000 : 15000;
		make_seg(&shape, FROM, RIG_MAC(dst));
		send_seg(r, FROM);
		if (!shape.tcp || shape.payload < 20000) {
			nobody_gets_more(r);
			continue;
		}
		passed++;
		if (dst == WHOLE)
			gets_whole(r, dst);
		else
			gets_cut(r, dst);
		nobody_gets_more(r);
	}
	assert_int_equal(passed, 2);
	assert_int_equal(rig_drops(r, FROM, REASON_NO_RULE), 6);
	free(image);
}

static void limits_count_its_bytes(void **state)
{
	struct rig *r = *state;
	struct policy_image *image = image_new();

	for (unsigned int i = 0; i < PORTS; i++)
		image->port[FROM].allow |= RIG_BIT(i);
	image->port[FROM].limit_in.rate = 1000;
	image->port[FROM].limit_in.burst = 50000;
	image->port[PLAIN].limit_out.rate = 1000;
	image->port[PLAIN].limit_out.burst = 30000;
	image_set(r->sw, image);
	make_seg(&usual, FROM, RIG_MAC(PLAIN));
	send_seg(r, FROM);
	gets_cut(r, PLAIN);
	send_seg(r, FROM);
	assert_int_equal(rig_drops(r, PLAIN, REASON_RATE_OUT), 1);
	make_seg(&usual, FROM, RIG_MAC(WHOLE));
	send_seg(r, FROM);
	assert_int_equal(rig_drops(r, FROM, REASON_RATE_IN), 1);
	nobody_gets_more(r);
	free(image);
}

/* --- VLANs -------------------------------------------------------------- */

/* Expected: the same, with a tag put in behind the addresses. */
static void tagged(struct seg *to, const struct seg *from, unsigned int vlan)
{
	*to = *from;
	to->len = rig_tag(to->b, (uint16_t)from->len, FRAME_TPID_C,
			  (uint16_t)vlan);
	assert_true(seg_look(to));
}

static void tags_are_changed_in_what_is_cut_and_in_what_is_not(void **state)
{
	struct rig *r = *state;
	struct policy_image *image = image_new();
	struct seg plain;

	for (unsigned int i = 0; i < PORTS; i++)
		image->port[FROM].allow |= RIG_BIT(i);
	image->port[FROM].vlan_mode = POLICY_VLAN_ACCESS;
	image->port[FROM].vlan = 7;
	/* The others are transparent: they get its frames tagged. */
	image_set(r->sw, image);
	make_seg(&usual, FROM, MAC_BROADCAST);
	plain = seg;
	send_seg(r, FROM);
	tagged(&seg, &plain, 7);
	gets_whole(r, WHOLE);
	gets_cut(r, PLAIN);
	gets_cut(r, SUMS);
	gets_cut(r, GIVES);
	/* Back: tagged frames to a port that gets them untagged. */
	image->port[PLAIN].vlan_mode = POLICY_VLAN_ACCESS;
	image->port[PLAIN].vlan = 7;
	image->port[FROM].vlan_mode = POLICY_VLAN_TRANSPARENT;
	image->port[FROM].vlan = 0;
	image_set(r->sw, image);
	send_seg(r, FROM);
	gets_whole(r, WHOLE);
	gets_cut(r, SUMS);
	gets_cut(r, GIVES);
	seg = plain;
	gets_cut(r, PLAIN);
	nobody_gets_more(r);
	free(image);
}

/* With a tag more it is too long for the port, and cut; no length wraps. */
static void the_longest_with_a_tag_added(void **state)
{
	struct rig *r = *state;
	struct policy_image *image = image_new();
	struct shape shape = usual;
	struct seg plain;

	image->port[FROM].allow = RIG_BIT(WHOLE);
	image->port[FROM].vlan_mode = POLICY_VLAN_ACCESS;
	image->port[FROM].vlan = 7;
	image_set(r->sw, image);
	for (unsigned int i = 0; i < 2; i++) {
		shape.payload = 65499 - 14 - 20 - 32 - (i ? 0 : 4);
		make_seg(&shape, FROM, MAC_BROADCAST);
		plain = seg;
		send_seg(r, FROM);
		tagged(&seg, &plain, 7);
		if (i)
			gets_cut(r, WHOLE);
		else
			gets_whole(r, WHOLE);
		nobody_gets_more(r);
	}
	free(image);
}

/* --- captures and traces ------------------------------------------------ */

#define CAPTURE 9u

static uint8_t got[SEG_MAX + 1];

static void a_record_is_whole_and_its_checksum_right(void **state)
{
	const struct rig_options capture = {
		.kind = VSWITCH_PORT_CAPTURE,
		.buffer_size = 65536,
		.max_frame = 65503,
		.capture_of = RIG_BIT(FROM) | RIG_BIT(PLAIN),
	};
	struct rig *r = *state;

	rig_add(r, CAPTURE, &capture);
	make_seg(&usual, FROM, RIG_MAC(PLAIN));
	send_seg(r, FROM);
	gets_cut(r, PLAIN);
	for (unsigned int i = 0; i < 2; i++) {
		const struct capture_record *c = (const void *)got;
		const uint8_t *frame = got + CAPTURE_HEADROOM;
		int n = rig_receive(r, CAPTURE, got);

		assert_int_equal(n, CAPTURE_HEADROOM + seg.len);
		assert_int_equal(c->len, seg.len);
		assert_int_equal(c->direction, i ? CAPTURE_OUT : CAPTURE_IN);
		assert_int_equal(c->offload, seg.o.flags);
		assert_int_equal(c->segment, PIECE);
		assert_true(seg_sums_up(&seg, frame, seg.len));
		memcpy(seg_want, seg.b, seg.len);
		memcpy(seg_want + seg.at.field, frame + seg.at.field, 2);
		assert_memory_equal(frame, seg_want, seg.len);
	}
	assert_int_equal(rig_receive(r, CAPTURE, got), -1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, seg_setup, seg_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(whole_to_a_port_that_takes_it),
		T(cut_for_a_port_that_does_not),
		T(a_flood_is_whole_for_some_and_cut_for_others),
		T(a_checksum_is_completed_where_it_must_be),
		T(plain_frames_stay_as_they_are),
		T(both_paths_deliver_alike),
		T(too_big_is_what_is_too_big_when_cut),
		T(a_segment_has_a_limit_of_its_own),
		T(all_of_the_frames_or_none),
		T(denied_pairs_are_denied_segments),
		T(rules_decide_once_for_a_segment),
		T(limits_count_its_bytes),
		T(tags_are_changed_in_what_is_cut_and_in_what_is_not),
		T(the_longest_with_a_tag_added),
		T(a_record_is_whole_and_its_checksum_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
