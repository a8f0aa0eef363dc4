/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hc38: a turn is work, not frames.
 *
 * Whatever a port sends, the others wait for about as long as for 64 plain
 * frames; nothing here looks at a clock.  What things cost is in
 * vswitch/work.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/image_rig.h"
#include "tests/unit/rig.h"
#include "vswitch/work.h"

#define HEAVY 0u
#define PLAIN 1u
#define OTHER 2u
#define SINK 3u
#define QUEUED 256u
#define RULES 20u
/* Instructions each takes to find that it does not match. */
#define RULE_STEPS 11u
#define VISIT ((uint64_t)VSWITCH_BUDGET * WORK_FRAME)

static const struct rig_options long_queue = { .buffers = QUEUED };

/*
 * Ports 0 to @n - 1 with long queues, each at home to the address of its
 * number.
 */
static struct rig *many_clients(unsigned int n)
{
	struct rig *r = rig_new(NULL);

	for (unsigned int i = 0; i < n; i++)
		rig_add(r, i, &long_queue);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int k = 0; k < n; k++)
			if (i != k)
				rig_allow(r, i, k);
	for (unsigned int i = 0; i < n; i++)
		rig_teach(r, i, RIG_MAC(i));
	return r;
}

/* Fill a port's queue with one frame, told apart by its last two bytes. */
static void fill(struct rig *r, unsigned int port, const uint8_t *frame,
		 uint16_t len)
{
	uint8_t bytes[9018];

	memcpy(bytes, frame, len);
	for (unsigned int i = 0; i < QUEUED; i++) {
		bytes[len - 2] = (uint8_t)(i >> 8);
		bytes[len - 1] = (uint8_t)i;
		assert_true(rig_send(r, port, bytes, len));
	}
}

static void fill_to(struct rig *r, unsigned int port, uint64_t dst,
		    uint16_t len)
{
	uint8_t frame[9018];

	rig_frame(frame, dst, RIG_MAC(port), len);
	fill(r, port, frame, len);
}

/* Frames one turn of a port takes, out of a queue that is not emptied. */
static uint64_t turn(struct rig *r, unsigned int port)
{
	uint64_t before = r->stats->port[port].in_frames;
	uint64_t ring = 0;

	assert_true(vswitch_run(r->sw, RIG_BIT(port), r->now, &ring) ==
		    RIG_BIT(port));
	return r->stats->port[port].in_frames - before;
}

/* As many frames of @more work beyond a plain one's as a visit takes. */
static uint64_t frames_of(uint64_t more)
{
	uint64_t each = WORK_FRAME + more;

	return (VISIT + each - 1) / each;
}

/* Rules none of which matches, from the heavy port to the sink. */
static void set_rules(struct rig *r)
{
	struct policy_image *image = image_new();
	uint16_t rule[RULES];
	char expr[80];

	for (unsigned int i = 0; i < RULES; i++) {
		snprintf(expr, sizeof(expr), "udp dst port %u", i + 1);
		rule[i] = image_rule(image, POLICY_ALLOW, false, expr);
	}
	image_pair(image, HEAVY, SINK, rule, RULES);
	image->port[PLAIN].allow = RIG_BIT(SINK);
	image->port[OTHER].allow = RIG_BIT(SINK);
	image_set(r->sw, image);
	free(image);
}

/* UDP from ever another port: no verdict is remembered. */
static void fill_new_flows(struct rig *r)
{
	uint8_t frame[60] = { 0 };

	rig_frame(frame, RIG_MAC(SINK), RIG_MAC(HEAVY), 60);
	frame[14] = 0x45;
	frame[20] = frame[21] = 0;
	frame[23] = 17;
	for (unsigned int i = 0; i < QUEUED; i++) {
		frame[36] = (uint8_t)(0x10 + (i >> 8));
		frame[37] = (uint8_t)i;
		assert_true(rig_send(r, HEAVY, frame, 60));
	}
}

static void hc38_a_plain_turn_is_64_frames(void **state)
{
	struct rig *r = many_clients(4);

	(void)state;
	fill_to(r, PLAIN, RIG_MAC(SINK), 60);
	assert_int_equal(turn(r, PLAIN), VSWITCH_BUDGET);
	assert_int_equal(turn(r, PLAIN), VSWITCH_BUDGET);
	rig_free(r);
}

static void hc38_filters_shorten_a_turn(void **state)
{
	struct rig *r = many_clients(4);
	uint64_t new_flow = WORK_ASKED +
			    (CACHE_MISS_STEPS + RULES * RULE_STEPS) * WORK_STEP;
	uint8_t frame[60];
	uint64_t ring = 0;

	(void)state;
	set_rules(r);
	fill_new_flows(r);
	fill_to(r, PLAIN, RIG_MAC(SINK), 60);
	rig_frame(frame, RIG_MAC(SINK), RIG_MAC(OTHER), 60);
	for (unsigned int i = 1; i <= 3; i++) {
		assert_true(rig_send(r, OTHER, frame, 60));
		assert_true(vswitch_run(r->sw, 7, r->now, &ring) ==
			    (RIG_BIT(HEAVY) | RIG_BIT(PLAIN)));
		/* All have had their turn, the heavy one the shortest. */
		assert_int_equal(r->stats->port[OTHER].in_frames, i + 1);
		assert_int_equal(r->stats->port[PLAIN].in_frames,
				 i * VSWITCH_BUDGET + 1);
		assert_int_equal(r->stats->port[HEAVY].in_frames,
				 i * frames_of(new_flow) + 1);
	}
	rig_run(r, RIG_BIT(HEAVY));
	assert_int_equal(rig_drops(r, HEAVY, REASON_NO_RULE), QUEUED);
	rig_free(r);
}

static void hc38_remembered_verdicts_are_cheap(void **state)
{
	struct rig *r = many_clients(4);

	(void)state;
	set_rules(r);
	fill_to(r, HEAVY, RIG_MAC(SINK), 60);
	turn(r, HEAVY);
	assert_int_equal(turn(r, HEAVY), frames_of(WORK_ASKED));
	rig_free(r);
}

static void hc38_a_flood_is_as_many_copies(void **state)
{
	struct rig *r = many_clients(63);
	uint64_t each = 61 * (WORK_OFFER + WORK_COPY + WORK_BYTES(60));

	(void)state;
	fill_to(r, HEAVY, MAC_BROADCAST, 60);
	assert_int_equal(turn(r, HEAVY), frames_of(each));
	assert_in_range(frames_of(each), 2, 4);
	for (unsigned int p = 1; p < 63; p++)
		assert_int_equal(rig_drain(r, p), frames_of(each));
	rig_free(r);
}

static void hc38_long_frames_are_more_bytes(void **state)
{
	const struct rig_options jumbo = { .buffers = QUEUED,
					   .buffer_size = 16384,
					   .max_frame = 9018 };
	struct rig *r = rig_clients(0);

	(void)state;
	rig_add(r, HEAVY, &jumbo);
	rig_add(r, SINK, &jumbo);
	rig_allow(r, HEAVY, SINK);
	rig_allow(r, SINK, HEAVY);
	rig_teach(r, HEAVY, RIG_MAC(HEAVY));
	rig_teach(r, SINK, RIG_MAC(SINK));
	fill_to(r, HEAVY, RIG_MAC(SINK), 9018);
	assert_int_equal(turn(r, HEAVY), frames_of(WORK_BYTES(9018)));
	rig_free(r);
}

static void hc38_records_of_captures_are_copies(void **state)
{
	const struct rig_options capture = { .kind = VSWITCH_PORT_CAPTURE,
					     .buffers = QUEUED,
					     .capture_of = RIG_BIT(HEAVY) };
	struct rig *r = many_clients(4);

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		rig_add(r, 10 + i, &capture);
	fill_to(r, HEAVY, RIG_MAC(SINK), 60);
	assert_int_equal(turn(r, HEAVY),
			 frames_of(4 * (WORK_COPY + WORK_BYTES(60))));
	rig_free(r);
}

static void hc38_new_addresses_and_locks_cost(void **state)
{
	struct policy_image *image = image_new();
	struct rig *r = many_clients(4);
	uint8_t frame[60];

	(void)state;
	for (unsigned int i = 0; i < QUEUED; i++) {
		rig_frame(frame, RIG_MAC(SINK), RIG_MAC(0x1000 + i), 60);
		assert_true(rig_send(r, HEAVY, frame, 60));
	}
	assert_int_equal(turn(r, HEAVY), frames_of(WORK_LEARN));
	/* One frame is always taken, and it may be all there is work for. */
	image->n_prefixes = 1000;
	for (unsigned int i = 0; i < 1000; i++)
		image->prefix[i].bits = 128;
	image->port[PLAIN].ip_locked = 1;
	image->port[PLAIN].n_prefixes = 1000;
	image->port[PLAIN].allow = RIG_BIT(SINK);
	image_set(r->sw, image);
	fill_to(r, PLAIN, RIG_MAC(SINK), 60);
	assert_int_equal(turn(r, PLAIN), 1);
	free(image);
	rig_free(r);
}

/*
 * Frames a port has received since it was last asked, which go on from @next.
 */
static unsigned int take_in_order(struct rig *r, unsigned int port,
				  unsigned int next)
{
	uint8_t frame[2048];
	unsigned int n;

	for (n = 0; rig_receive(r, port, frame) >= 0; n++)
		assert_int_equal(frame[58] << 8 | frame[59], next + n);
	return n;
}

/* What a turn leaves is taken by the next: once, in order, counted once. */
static void hc38_what_is_left_is_not_lost(void **state)
{
	struct rig *r = many_clients(40);
	const struct vswitch_port_stats *stats = &r->stats->port[HEAVY];
	unsigned int taken = 0, turns = 0;

	(void)state;
	fill_to(r, HEAVY, MAC_BROADCAST, 60);
	for (uint64_t ring = 0; taken < QUEUED; turns++) {
		unsigned int n = 0;

		vswitch_run(r->sw, RIG_BIT(HEAVY), r->now, &ring);
		for (unsigned int p = 1; p < 40; p++) {
			unsigned int got = take_in_order(r, p, taken);

			assert_true(got > 0 && (p == 1 || got == n));
			n = got;
		}
		taken += n;
		assert_int_equal(rig_reap(r, HEAVY), n);
		assert_int_equal(stats->in_frames, taken + 1);
		assert_int_equal(stats->in_bytes, (taken + 1) * 60);
	}
	assert_in_range(turns, QUEUED / 8, QUEUED / 4);
	assert_int_equal(stats->unreturned, 0);
	rig_free(r);
}

/* The same where not all buffers can go back, and some do not exist. */
static void hc38_what_is_left_is_given_back_once(void **state)
{
	struct rig *r = many_clients(40);
	uint8_t frame[60];

	(void)state;
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(HEAVY), sizeof(frame));
	for (unsigned int i = 0; i < 16; i++)
		memcpy(r->port[HEAVY].config.ingress.data + i * 2048ul, frame,
		       sizeof(frame));
	/* Three times as many as the free queue has slots, which stays full. */
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < QUEUED; i++)
			rig_send_raw(r, HEAVY, i % 5 == 4 ? 1 : i % 16 * 2048ul,
				     60);
		rig_run(r, RIG_BIT(HEAVY));
		for (unsigned int p = 1; p < 40; p++)
			rig_drain(r, p);
	}
	/* Of 256 descriptors 51 name no buffer. */
	assert_int_equal(rig_drops(r, HEAVY, REASON_BAD_BUFFER), 3 * 51);
	assert_int_equal(queue_pending(&r->port[HEAVY].tx_free), QUEUED);
	assert_int_equal(r->stats->port[HEAVY].unreturned,
			 3 * (QUEUED - 51) - QUEUED);
	assert_int_equal(r->stats->port[HEAVY].in_frames, 3 * QUEUED + 1);
	assert_int_equal(r->stats->port[HEAVY].in_bytes,
			 (3 * (QUEUED - 51) + 1) * 60);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc38_a_plain_turn_is_64_frames),
		cmocka_unit_test(hc38_filters_shorten_a_turn),
		cmocka_unit_test(hc38_remembered_verdicts_are_cheap),
		cmocka_unit_test(hc38_a_flood_is_as_many_copies),
		cmocka_unit_test(hc38_long_frames_are_more_bytes),
		cmocka_unit_test(hc38_records_of_captures_are_copies),
		cmocka_unit_test(hc38_new_addresses_and_locks_cost),
		cmocka_unit_test(hc38_what_is_left_is_not_lost),
		cmocka_unit_test(hc38_what_is_left_is_given_back_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
