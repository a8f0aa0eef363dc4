/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch as a bridge, where it takes more than frames in and out (these are
 * in tests/scenarios): batches, buffers, fairness between senders, full tables.
 * vswitch_port_test.c has ports and links, mirror_test.c captures; matrix_,
 * differential_ and hostile_*_test.c hold the switch against policies, an
 * oracle and peers that cheat.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/rig.h"

static void send(struct rig *r, unsigned int port, uint64_t dst, uint64_t src)
{
	uint8_t frame[60];

	rig_frame(frame, dst, src, sizeof(frame));
	assert_true(rig_send(r, port, frame, sizeof(frame)));
	rig_run(r, RIG_BIT(port));
	rig_reap(r, port);
}

/* Ports that got exactly one frame; fails if one got more. */
static uint64_t got_one(struct rig *r)
{
	uint64_t set = 0;

	for (unsigned int i = 0; i < MAX_PORTS; i++) {
		unsigned int n = r->port[i].exists ? rig_drain(r, i) : 0;

		assert_in_range(n, 0, 1);
		set |= (uint64_t)n << i;
	}
	return set;
}

/* Also one that was in the table before the port had a say in it. */
static void a_sticky_ports_stations_stay(void **state)
{
	const struct rig_options sticky = { .sticky = true };
	struct rig *r = rig_clients(3);

	(void)state;
	rig_add(r, 3, &sticky);
	rig_allow(r, 3, 0);
	fdb_learn(vswitch_fdb(r->sw), RIG_MAC(9), 0, 3, 0, 1);
	send(r, 3, MAC_BROADCAST, RIG_MAC(9));
	assert_int_equal(got_one(r), 0x1);
	send(r, 1, MAC_BROADCAST, RIG_MAC(9));
	assert_int_equal(got_one(r), 0);
	assert_int_equal(rig_drops(r, 1, REASON_STATION_PINNED), 1);
	rig_free(r);
}

static void ageing_a_full_table_takes_several_runs(void **state)
{
	struct rig *r = rig_clients(2);
	struct fdb *fdb = vswitch_fdb(r->sw);
	uint64_t ring = 0;
	uint64_t last = 0;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		fdb_learn(fdb, RIG_MAC(100 + i), 0, i % 2, 0, 1);
	r->now += 300ull * 1000000000;
	for (unsigned int i = 0; i < 50; i++) {
		vswitch_run(r->sw, 0, r->now, &ring);
		/* No run is held up by all of it. */
		assert_in_range(r->stats->aged - last, 0, 64);
		last = r->stats->aged;
	}
	assert_int_equal(last, 1000);
	rig_free(r);
}

static void frames_arrive_whole_at_every_length(void **state)
{
	struct rig *r = rig_clients(2);
	uint8_t frame[1518], got[2048];

	(void)state;
	for (unsigned int len = 14; len <= 1518; len += len < 300 ? 1 : 29) {
		uint16_t taken = 0;
		uint32_t buffer;

		rig_frame(frame, RIG_MAC(1), RIG_MAC(0), (uint16_t)len);
		assert_true(rig_send(r, 0, frame, (uint16_t)len));
		rig_run(r, 1);
		buffer = rig_take(r, 1, &taken);
		assert_int_not_equal(buffer, RIG_NO_BUFFER);
		assert_int_equal(taken, len);
		memcpy(got, rig_buffer(r, 1, buffer), sizeof(got));
		assert_memory_equal(got, frame, len);
		for (unsigned int i = len; i < sizeof(got); i++)
			assert_int_equal(got[i], RIG_POISON);
		rig_lend(r, 1, buffer);
	}
	rig_free(r);
}

/* A batch of all sorts comes out as frame after frame would. */
static void a_batch_is_one_frame_at_a_time(void **state)
{
	struct rig *r = rig_clients(3);
	uint8_t frame[60], got[2048];

	(void)state;
	/* 0 sends as 5, to 5, from port 0: it must know where 5 is by then. */
	for (unsigned int i = 0; i < 12; i++) {
		rig_frame(frame, i % 3 == 1 ? RIG_MAC(5) : RIG_MAC(50 + i),
			  RIG_MAC(i % 3 == 0 ? 5 : 6 + i), sizeof(frame));
		assert_true(rig_send(r, 0, frame, sizeof(frame)));
	}
	rig_run(r, 1);
	assert_int_equal(rig_drops(r, 0, REASON_SAME_PORT), 4);
	for (unsigned int i = 0; i < 12; i++) {
		if (i % 3 == 1)
			continue;
		assert_int_equal(rig_receive(r, 1, got), 60);
		assert_int_equal(got[5], 50 + i);
	}
	assert_int_equal(rig_drain(r, 1), 0);
	rig_free(r);
}

static void who_comes_first_gets_the_last_buffers(void **state)
{
	struct rig *r = rig_clients(2);
	uint8_t frame[60], got[2048];
	uint16_t len;

	(void)state;
	for (unsigned int i = 0; i < 16; i++) {
		rig_frame(frame, MAC_BROADCAST, RIG_MAC(i), 60);
		assert_true(rig_send(r, 0, frame, sizeof(frame)));
	}
	rig_run(r, 1);
	rig_reap(r, 0);
	for (unsigned int i = 0; i < 3; i++) {
		uint32_t buffer = rig_take(r, 1, &len);

		rig_lend(r, 1, buffer);
	}
	for (unsigned int i = 0; i < 10; i++) {
		rig_frame(frame, MAC_BROADCAST, RIG_MAC(100 + i), 60);
		assert_true(rig_send(r, 0, frame, sizeof(frame)));
	}
	rig_run(r, 1);
	assert_int_equal(rig_drops(r, 1, REASON_NO_BUFFER), 7);
	for (unsigned int i = 3; i < 16; i++)
		assert_int_equal(rig_receive(r, 1, NULL), 60);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(rig_receive(r, 1, got), 60);
		assert_int_equal(got[11], 100 + i);
	}
	rig_free(r);
}

/* Two busy senders and a receiver that takes two frames a round. */
static void senders_share_a_slow_receiver(void **state)
{
	const struct rig_options few = { .buffers = 2 };
	struct rig *r = rig_clients(2);
	uint64_t from[2] = { 0 };
	uint8_t frame[60], got[2048];

	(void)state;
	rig_add(r, 7, &few);
	for (unsigned int i = 0; i < 2; i++) {
		rig_deny(r, i, 1 - i);
		rig_allow(r, i, 7);
	}
	for (unsigned int round = 0; round < 100; round++) {
		uint64_t ring = 0;

		for (unsigned int i = 0; i < 2; i++) {
			rig_frame(frame, MAC_BROADCAST, RIG_MAC(i), 60);
			while (rig_send(r, i, frame, sizeof(frame)))
				;
		}
		vswitch_run(r->sw, 3, r->now, &ring);
		while (rig_receive(r, 7, got) >= 0)
			from[got[11]]++;
	}
	assert_int_equal(from[0], 100);
	assert_int_equal(from[1], 100);
	rig_free(r);
}

static void sixty_four_ports_at_once(void **state)
{
	struct rig *r = rig_clients(64);

	(void)state;
	for (unsigned int i = 0; i < 64; i++) {
		send(r, i, MAC_BROADCAST, RIG_MAC(i));
		assert_true(got_one(r) == ~RIG_BIT(i));
	}
	for (unsigned int i = 0; i < 64; i++) {
		send(r, i, RIG_MAC(63 - i), RIG_MAC(i));
		assert_true(got_one(r) == RIG_BIT(63 - i));
	}
	assert_int_equal(rig_all_drops(r), 0);
	assert_int_equal(r->stats->ports, 64);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sticky_ports_stations_stay),
		cmocka_unit_test(ageing_a_full_table_takes_several_runs),
		cmocka_unit_test(frames_arrive_whole_at_every_length),
		cmocka_unit_test(a_batch_is_one_frame_at_a_time),
		cmocka_unit_test(who_comes_first_gets_the_last_buffers),
		cmocka_unit_test(senders_share_a_slow_receiver),
		cmocka_unit_test(sixty_four_ports_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
