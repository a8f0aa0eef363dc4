/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that move because frames come back: loops are found and broken, and
 * nobody else is cut off for them.
 */
#include "tests/unit/flap_rig.h"

/* --- loops -------------------------------------------------------------- */

static void a_loop_loses_one_of_its_ports(void **state)
{
	(void)state;
	for (uint64_t burst = 1; burst < 40; burst++) {
		unsigned int frames = 0;

		new_net(1, burst);
		while (net.blocked == 0) {
			echo(7, 2);
			assert_in_range(++frames, 1, 6);
			later(2 * SECOND);
		}
		assert_true(net.blocked == 1 || net.blocked == 2);
		/* The other one is not blocked as well. */
		for (unsigned int i = 0; i < 2; i++) {
			echo(7, 2);
			later(SECOND);
		}
		assert_true(net.blocked == 1 || net.blocked == 2);
	}
}

/* Frames on their way round; a frame is where it comes in, and its source. */
struct flight {
	uint8_t port;
	uint16_t mac;
};

/* A cable joins ports 0 and 1: what is sent to one comes in by the other. */
static unsigned int flood(struct flight *to, unsigned int from,
			  unsigned int mac)
{
	unsigned int n = 0;

	for (unsigned int p = 0; p < 2; p++)
		if (p != from && !is_blocked(p))
			to[n++] = (struct flight){ (uint8_t)!p, (uint16_t)mac };
	return n;
}

/* A broadcast, and so many hops.  Return: how many frames still go round. */
static unsigned int broadcast(unsigned int mac, unsigned int hops)
{
	struct flight flight[2];
	unsigned int n = 0;

	if (heard(STATION_PORT, mac) <= MOVED)
		n = flood(flight, STATION_PORT, mac);
	while (n > 0 && hops-- > 0) {
		struct flight f = flight[0];

		flight[0] = flight[1];
		n--;
		if (heard(f.port, f.mac) <= MOVED)
			n += flood(flight + n, f.port, f.mac);
		net.now += 1000;
	}
	return n;
}

/* Return: how many broadcasts it takes until the loop is broken. */
static unsigned int break_cable(uint64_t pause)
{
	for (unsigned int frames = 1; frames < 10000; frames++) {
		broadcast(7 + frames % 3, 2000);
		if (net.blocked != 0)
			return frames;
		later(pause);
	}
	return 0;
}

static void a_cable_between_two_ports_is_found(void **state)
{
	static const uint64_t pauses[] = { 10 * MS, SECOND, 15 * SECOND };

	(void)state;
	for (unsigned int k = 0; k < 3; k++)
		for (uint64_t burst = 1; burst < 200; burst += 7) {
			new_net(1, burst);
			/* A burst of 1 makes for a sign a second. */
			assert_in_range(break_cable(pauses[k]), 1,
					20 + 10 * SECOND / pauses[k]);
			assert_true(net.blocked == 1 || net.blocked == 2);
			assert_int_equal(broadcast(7, 10), 0);
		}
}

static void loops_of_three_ports_are_taken_apart(void **state)
{
	(void)state;
	new_net(1000, 1000);
	for (unsigned int i = 0; i < 60; i++) {
		echo(1 + i % 40, 3);
		echo(50, 3);
		assert_false(is_blocked(STATION_PORT));
		later(10 * MS);
	}
	/* Two of them had to go. */
	assert_true(net.blocked == 3 || net.blocked == 5 || net.blocked == 6);
}

/*
 * A loop has had the address of a silent station for so long that it is at home
 * there.  When the station speaks again it is not taken for the loop.
 */
static void a_station_is_not_blocked_for_a_loop(void **state)
{
	(void)state;
	new_net(1000, 1000);
	echo(7, 2);
	later(FLAP_MEMORY_S * SECOND);
	for (unsigned int i = 0; i < 1000; i++) {
		echo(7, 2);
		later(FLAP_ECHO_NS);
	}
	assert_int_equal(net.blocked, 0);
	/* The loop is found by others. */
	for (unsigned int i = 0; i < 10; i++) {
		echo(7, 2);
		echo(8, 2);
		later(SECOND);
	}
	assert_int_equal(net.blocked, 1);
}

static void what_comes_back_late_is_no_echo(void **state)
{
	(void)state;
	for (unsigned int late = 0; late < 2; late++) {
		new_net(1000, 1000);
		for (unsigned int i = 0; i < 20; i++) {
			heard(STATION_PORT, 7);
			later(FLAP_ECHO_NS - 1 + late);
			heard(i % 2, 7);
			later(SECOND);
		}
		assert_int_equal(net.blocked != 0, !late);
	}
}

static void old_signs_do_not_count(void **state)
{
	(void)state;
	for (unsigned int old = 0; old < 2; old++) {
		new_net(1000, 1000);
		echo(7, 2);
		for (unsigned int i = 0; i < 20; i++) {
			if (i % (FLAP_SIGNS - 1) == 0)
				later((FLAP_HOLD_S - !old) * SECOND);
			echo(7, 2);
			later(MS);
		}
		assert_int_equal(net.blocked, !old);
	}
}

static void only_a_port_with_a_limit_is_blocked(void **state)
{
	(void)state;
	for (unsigned int exempt = 0; exempt < 2; exempt++) {
		new_net(1, 10);
		limit_moves(exempt, 0, 0);
		for (unsigned int i = 0; i < 10; i++) {
			echo(7, 2);
			later(100 * MS);
		}
		assert_int_equal(net.blocked, 1u << !exempt);
	}
}

/* --- one frame, round and round ----------------------------------------- */

/* The station has come home; then ports 1 and 2 claim its address in turn. */
static unsigned int bounce(uint64_t apart_ns, unsigned int most)
{
	unsigned int rounds = 0;

	new_net(100, 1000);
	heard(3, 7);
	heard(2, 7);
	heard(3, 7);
	while (net.blocked == 0 && rounds < most) {
		heard(1 + rounds++ % 2, 7);
		later(apart_ns);
	}
	return rounds;
}

static void a_frame_that_goes_round_is_stopped(void **state)
{
	const uint64_t apart = FLAP_ECHO_NS / FLAP_BOUNCES;

	(void)state;
	assert_int_equal(bounce(1, 100), FLAP_BOUNCES);
	assert_true(net.blocked == 1ull << 2);
	assert_int_equal(bounce(apart, 100), FLAP_BOUNCES);
	assert_true(net.blocked == 1ull << 2);
}

static void what_is_slower_is_no_loop(void **state)
{
	const uint64_t apart = FLAP_ECHO_NS / (FLAP_BOUNCES - 1) + 1;

	(void)state;
	assert_int_equal(bounce(apart, 1000), 1000);
	assert_true(net.blocked == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loop_loses_one_of_its_ports),
		cmocka_unit_test(a_cable_between_two_ports_is_found),
		cmocka_unit_test(loops_of_three_ports_are_taken_apart),
		cmocka_unit_test(a_station_is_not_blocked_for_a_loop),
		cmocka_unit_test(what_comes_back_late_is_no_echo),
		cmocka_unit_test(old_signs_do_not_count),
		cmocka_unit_test(only_a_port_with_a_limit_is_blocked),
		cmocka_unit_test(a_frame_that_goes_round_is_stopped),
		cmocka_unit_test(what_is_slower_is_no_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
