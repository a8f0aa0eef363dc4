/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What capture ports get: which records, with what in them, and that a slow or
 * absent capture costs nobody anything.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/rig.h"

#define CAP 8u /* the capture's port */

/* Three clients, and a capture of @of. */
static struct rig *rig_captured(uint64_t of, bool drops)
{
	const struct rig_options o = { .kind = VSWITCH_PORT_CAPTURE,
				       .capture_of = of,
				       .capture_drops = drops };
	struct rig *r = rig_clients(3);

	rig_add(r, CAP, &o);
	return r;
}

static void send(struct rig *r, unsigned int port, uint64_t dst, uint64_t src)
{
	uint8_t frame[100];

	rig_frame(frame, dst, src, sizeof(frame));
	assert_true(rig_send(r, port, frame, sizeof(frame)));
	rig_run(r, RIG_BIT(port));
	rig_reap(r, port);
}

/* The next record of the capture is this one, and holds that frame. */
static void expect(struct rig *r, unsigned int port, unsigned int peer,
		   enum capture_direction direction, enum vswitch_reason why,
		   uint64_t dst, uint64_t src)
{
	struct capture_record c, want = {
		.time_ns = r->now,
		.port = (uint16_t)port,
		.peer = (uint16_t)peer,
		.len = 100,
		.direction = (uint8_t)direction,
		.reason = (uint8_t)why,
	};
	uint8_t frame[100], got[2048];

	assert_int_equal(rig_receive(r, CAP, got), CAPTURE_HEADROOM + 100);
	memcpy(&c, got, sizeof(c));
	assert_memory_equal(&c, &want, sizeof(c));
	rig_frame(frame, dst, src, sizeof(frame));
	assert_memory_equal(got + CAPTURE_HEADROOM, frame, sizeof(frame));
}

static void expect_nothing(struct rig *r)
{
	assert_int_equal(rig_receive(r, CAP, NULL), -1);
}

static const uint64_t A = RIG_MAC(0xa), B = RIG_MAC(0xb);

/* --- accepted frames ---------------------------------------------------- */

static void a_flood_is_seen_coming_and_going(void **state)
{
	struct rig *r = rig_captured(0x7, false);

	(void)state;
	r->now = 77000000123ull;
	send(r, 1, MAC_BROADCAST, A);
	expect(r, 1, CAPTURE_NO_PORT, CAPTURE_IN, REASON_NONE, MAC_BROADCAST,
	       A);
	expect(r, 0, 1, CAPTURE_OUT, REASON_NONE, MAC_BROADCAST, A);
	expect(r, 2, 1, CAPTURE_OUT, REASON_NONE, MAC_BROADCAST, A);
	expect_nothing(r);
	assert_int_equal(r->stats->port[CAP].out_frames, 3);
	assert_int_equal(r->stats->port[CAP].out_bytes, 300);
	assert_int_equal(rig_all_drops(r), 0);
	rig_free(r);
}

static void only_watched_ports_are_seen(void **state)
{
	struct rig *r = rig_captured(RIG_BIT(2), true);

	(void)state;
	rig_teach(r, 1, B);
	rig_drain(r, CAP);
	send(r, 0, B, A);
	expect_nothing(r);
	send(r, 2, B, RIG_MAC(2));
	expect(r, 2, CAPTURE_NO_PORT, CAPTURE_IN, REASON_NONE, B, RIG_MAC(2));
	expect_nothing(r);
	send(r, 1, RIG_MAC(2), B);
	expect(r, 2, 1, CAPTURE_OUT, REASON_NONE, RIG_MAC(2), B);
	expect_nothing(r);
	rig_free(r);
}

/* --- refused frames ----------------------------------------------------- */

static void drops_are_seen_at_the_source_if_asked_for(void **state)
{
	struct rig *r = rig_captured(0x7, true);

	(void)state;
	rig_teach(r, 1, B);
	rig_drain(r, CAP);
	rig_deny(r, 0, 1);
	send(r, 0, B, A);
	expect(r, 0, 1, CAPTURE_IN, REASON_NOT_ALLOWED, B, A);
	expect_nothing(r);
	/* No candidates: no peer. */
	send(r, 0, B, 0);
	expect(r, 0, CAPTURE_NO_PORT, CAPTURE_IN, REASON_BAD_SOURCE, B, 0);
	send(r, 1, B, B);
	expect(r, 1, CAPTURE_NO_PORT, CAPTURE_IN, REASON_SAME_PORT, B, B);
	expect_nothing(r);
	rig_free(r);
}

static void drops_are_not_seen_unasked(void **state)
{
	struct rig *r = rig_captured(0x7, false);

	(void)state;
	rig_teach(r, 1, B);
	rig_drain(r, CAP);
	rig_deny(r, 0, 1);
	send(r, 0, B, A);
	send(r, 0, B, 0);
	expect_nothing(r);
	assert_int_equal(r->stats->port[CAP].mirror_missed, 0);
	rig_free(r);
}

static void drops_are_seen_at_the_receiver_else(void **state)
{
	struct rig *r = rig_captured(RIG_BIT(1), true);

	(void)state;
	rig_teach(r, 1, B);
	rig_drain(r, CAP);
	rig_deny(r, 0, 1);
	send(r, 0, B, A);
	expect(r, 1, 0, CAPTURE_OUT, REASON_NOT_ALLOWED, B, A);
	/* A frame nobody watched was to get is nobody's record. */
	send(r, 0, B, 0);
	expect_nothing(r);
	rig_free(r);
}

static void a_receiver_without_buffers_is_a_drop(void **state)
{
	struct rig *r = rig_captured(0x7, true);
	unsigned int lost = 0;

	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		send(r, 0, MAC_BROADCAST, A);
		rig_drain(r, 2);
		expect(r, 0, CAPTURE_NO_PORT, CAPTURE_IN, REASON_NONE,
		       MAC_BROADCAST, A);
		if (i < 16)
			expect(r, 1, 0, CAPTURE_OUT, REASON_NONE, MAC_BROADCAST,
			       A);
		expect(r, 2, 0, CAPTURE_OUT, REASON_NONE, MAC_BROADCAST, A);
		if (i >= 16) {
			expect(r, 0, 1, CAPTURE_IN, REASON_NO_BUFFER,
			       MAC_BROADCAST, A);
			lost++;
		}
		expect_nothing(r);
	}
	assert_int_equal(rig_drops(r, 1, REASON_NO_BUFFER), lost);
	rig_free(r);
}

static void what_is_no_frame_is_not_shown(void **state)
{
	struct rig *r = rig_captured(0x7, true);

	(void)state;
	rig_send_raw(r, 0, 0, 13);
	rig_send_raw(r, 0, 2048, 1519);
	rig_send_raw(r, 0, 1, 60);
	rig_run(r, 1);
	expect_nothing(r);
	assert_int_equal(rig_all_drops(r), 3);
	rig_free(r);
}

/* --- captures that are slow, down or many ------------------------------- */

static void a_slow_capture_misses_and_nobody_else(void **state)
{
	struct rig *r = rig_captured(0x7, true);

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		send(r, 0, MAC_BROADCAST, A);
		assert_int_equal(rig_drain(r, 1), 1);
		assert_int_equal(rig_drain(r, 2), 1);
	}
	/* 300 records, 16 buffers; it is no drop of any port. */
	assert_int_equal(r->stats->port[CAP].mirror_missed, 300 - 16);
	assert_int_equal(rig_all_drops(r), 0);
	assert_int_equal(rig_drain(r, CAP), 16);
	send(r, 0, MAC_BROADCAST, A);
	assert_int_equal(rig_drain(r, CAP), 3);
	rig_free(r);
}

static void what_a_capture_that_is_down_misses(void **state)
{
	struct rig *r = rig_captured(0x7, true);

	(void)state;
	rig_down(r, CAP);
	rig_run(r, RIG_BIT(CAP));
	send(r, 0, MAC_BROADCAST, A);
	assert_int_equal(r->stats->port[CAP].mirror_missed, 3);
	rig_up(r, CAP);
	rig_run(r, RIG_BIT(CAP));
	send(r, 0, MAC_BROADCAST, A);
	assert_int_equal(rig_drain(r, CAP), 3);
	/* One that cheats is taken down like any port. */
	atomic_store(&r->port[CAP].rx_free.shared->tail, 20000);
	send(r, 0, MAC_BROADCAST, A);
	assert_true(vswitch_faulted(r->sw) == RIG_BIT(CAP));
	assert_int_equal(rig_drain(r, 1), 3);
	rig_free(r);
}

static void a_frame_too_long_for_the_capture_is_missed(void **state)
{
	const struct rig_options o = { .kind = VSWITCH_PORT_CAPTURE,
				       .capture_of = 0x1,
				       .max_frame = 99 };
	struct rig *r = rig_clients(2);

	(void)state;
	rig_add(r, CAP, &o);
	send(r, 0, MAC_BROADCAST, A);
	expect_nothing(r);
	assert_int_equal(r->stats->port[CAP].mirror_missed, 1);
	assert_int_equal(rig_drain(r, 1), 1);
	rig_down(r, CAP);
	rig_run(r, RIG_BIT(CAP));
	send(r, 0, MAC_BROADCAST, A);
	assert_int_equal(r->stats->port[CAP].mirror_missed, 2);
	rig_free(r);
}

static void captures_neither_send_nor_are_sent_to(void **state)
{
	struct rig *r = rig_captured(0, false);

	(void)state;
	rig_allow(r, 0, CAP);
	send(r, 0, MAC_BROADCAST, A);
	expect_nothing(r);
	assert_int_equal(fdb_add_static(vswitch_fdb(r->sw), B, 0, CAP), 0);
	send(r, 0, B, A);
	expect_nothing(r);
	assert_int_equal(rig_drops(r, CAP, REASON_PORT_DOWN), 1);
	assert_int_equal(vswitch_arm(r->sw, RIG_BIT(CAP)), 0);
	rig_free(r);
}

static void there_are_eight_captures_at_most(void **state)
{
	struct rig *r = rig_clients(2);
	struct rig_options o = { .kind = VSWITCH_PORT_CAPTURE };
	struct vswitch_port_config config;

	(void)state;
	for (unsigned int i = 0; i < VSWITCH_MAX_CAPTURES; i++) {
		/* Each watches port 0 or port 1. */
		o.capture_of = 1u << i % 2;
		rig_add(r, 10 + i, &o);
	}
	config = r->port[10].config;
	assert_int_equal(vswitch_add_port(r->sw, 40, &config), -ENOSPC);
	send(r, 0, MAC_BROADCAST, A);
	for (unsigned int i = 0; i < VSWITCH_MAX_CAPTURES; i++)
		assert_int_equal(rig_drain(r, 10 + i), 1);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_is_seen_coming_and_going),
		cmocka_unit_test(only_watched_ports_are_seen),
		cmocka_unit_test(drops_are_seen_at_the_source_if_asked_for),
		cmocka_unit_test(drops_are_not_seen_unasked),
		cmocka_unit_test(drops_are_seen_at_the_receiver_else),
		cmocka_unit_test(a_receiver_without_buffers_is_a_drop),
		cmocka_unit_test(what_is_no_frame_is_not_shown),
		cmocka_unit_test(a_slow_capture_misses_and_nobody_else),
		cmocka_unit_test(what_a_capture_that_is_down_misses),
		cmocka_unit_test(a_frame_too_long_for_the_capture_is_missed),
		cmocka_unit_test(captures_neither_send_nor_are_sent_to),
		cmocka_unit_test(there_are_eight_captures_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
