/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that move: what it costs, what is remembered, how long a port stays
 * blocked.  What impostors, liars and loops get out of it is in
 * flap_hostile_test.c.
 */
#include "tests/unit/flap_rig.h"

/* --- moves -------------------------------------------------------------- */

static void one_move_is_no_trouble(void **state)
{
	(void)state;
	new_net(1, 1);
	assert_int_equal(heard(1, 7), TAKEN);
	assert_int_equal(heard(2, 7), MOVED);
	for (unsigned int i = 0; i < 1000; i++)
		assert_int_equal(heard(2, 7), TAKEN);
	assert_int_equal(net.blocked, 0);
}

static void moves_are_paid_by_the_port_they_go_to(void **state)
{
	(void)state;
	new_net(2, 10);
	for (unsigned int i = 1; i <= 20; i++)
		heard(1, i);
	for (unsigned int i = 1; i <= 10; i++)
		assert_int_equal(heard(2, i), MOVED);
	assert_int_equal(heard(2, 11), REFUSED);
	assert_int_equal(net.at[11], 1);
	later(SECOND / 2 - 1);
	assert_int_equal(heard(2, 11), REFUSED);
	later(1);
	assert_int_equal(heard(2, 11), MOVED);
	assert_int_equal(heard(2, 12), REFUSED);
	/* It cost no other port anything. */
	for (unsigned int i = 1; i <= 10; i++)
		assert_int_equal(heard(3, i), MOVED);
	assert_int_equal(net.blocked, 0);
}

static void asking_changes_nothing(void **state)
{
	static struct flap before;
	struct flap_move m = { .mac = 7, .from = 1, .to = 2 };

	(void)state;
	new_net(1, 1);
	flap_moved(&net.flap, &m, net.now);
	before = net.flap;
	for (m.mac = 1; m.mac < 100; m.mac++)
		for (m.to = 0; m.to < MAX_PORTS; m.to++)
			flap_may_move(&net.flap, &m, net.now + m.mac * SECOND);
	assert_memory_equal(&net.flap, &before, sizeof(before));
}

static void a_port_without_limit_is_refused_nothing(void **state)
{
	(void)state;
	new_net(1, 1);
	limit_moves(2, 0, 0);
	limit_moves(3, 0, 0);
	for (unsigned int i = 0; i < 10000; i++) {
		assert_int_not_equal(heard(1, 7), CUT);
		assert_int_not_equal(heard(2, 7), REFUSED);
		assert_int_not_equal(heard(3, 7), REFUSED);
		later(MS);
	}
	assert_int_equal(net.blocked, 0);
}

static void a_new_policy_keeps_what_is_used_up(void **state)
{
	(void)state;
	new_net(1, 1);
	heard(1, 7);
	heard(1, 8);
	assert_int_equal(heard(2, 7), MOVED);
	limit_moves(2, 1, 1);
	assert_int_equal(heard(2, 8), REFUSED);
	limit_moves(2, 1, 2);
	assert_int_equal(heard(2, 8), MOVED);
}

/* --- homes -------------------------------------------------------------- */

static void coming_home_is_free(void **state)
{
	(void)state;
	new_net(1, 1);
	limit_moves(2, 0, 0);
	heard(1, 7);
	heard(3, 8);
	/* Port 1 has nothing left. */
	assert_int_equal(heard(1, 8), MOVED);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(heard(2, 7), MOVED);
		assert_int_equal(heard(1, 7), MOVED);
	}
	heard(3, 9);
	assert_int_equal(heard(1, 9), REFUSED);
	/* Nor does it use anything up. */
	later(SECOND);
	assert_int_equal(heard(2, 7), MOVED);
	assert_int_equal(heard(1, 7), MOVED);
	assert_int_equal(heard(1, 9), MOVED);
}

static void a_home_is_remembered_from_the_last_move_on(void **state)
{
	(void)state;
	for (unsigned int early = 0; early < 2; early++) {
		new_net(1, 1);
		heard(1, 7);
		assert_int_equal(heard(2, 7), MOVED);
		later(50 * SECOND);
		assert_int_equal(heard(3, 7), MOVED);
		later(FLAP_MEMORY_S * SECOND - (early ? 10 * MS : 0));
		/* Port 1 has nothing left but the way home. */
		heard(4, 8);
		heard(1, 8);
		assert_int_equal(heard(1, 7), early ? MOVED : REFUSED);
		assert_int_equal(net.at[7], early ? 1 : 3);
	}
}

static void homes_are_those_of_a_vlan(void **state)
{
	struct flap_move out = { .mac = 7, .from = 1, .to = 2 };
	struct flap_move home = { .mac = 7, .from = 2, .to = 1 };

	(void)state;
	new_net(1, 1);
	assert_int_equal(move(&out), MOVED);
	bucket_take(&net.flap.port[1].moves, net.now, 1);
	home.vlan = 5;
	assert_int_equal(move(&home), REFUSED);
	home.vlan = 0;
	assert_int_equal(move(&home), MOVED);
}

/* An expired place of its own is not to be found before the new one. */
static void an_address_has_one_home(void **state)
{
	(void)state;
	new_net(1, 4);
	for (unsigned int mac = 7; mac < 9; mac++) {
		heard(1, mac);
		assert_int_equal(heard(2, mac), MOVED);
	}
	later(FLAP_MEMORY_S * SECOND);
	bucket_take(&net.flap.port[2].moves, net.now, 4);
	assert_int_equal(heard(3, 8), MOVED);
	assert_int_equal(heard(2, 8), MOVED);
	heard(1, 9);
	assert_int_equal(heard(2, 9), REFUSED);
}

/* --- blocking ----------------------------------------------------------- */

/* Send frames through a loop until a port of it is blocked: for how long? */
static uint64_t loop_until_blocked(void)
{
	unsigned int port;

	for (unsigned int i = 0; net.flap.blocked == 0; i++) {
		echo(7, 2);
		net.now += 10 * MS;
		assert_in_range(i, 0, 200);
	}
	port = is_blocked(0) ? 0 : 1;
	return net.flap.port[port].until_ns - net.now + 10 * MS;
}

static void blocking_ends_to_the_nanosecond(void **state)
{
	uint64_t until;

	(void)state;
	new_net(100, 100);
	loop_until_blocked();
	assert_int_equal(net.flap.blocked, 1);
	until = net.flap.port[0].until_ns;
	assert_int_equal(flap_tick(&net.flap, until - 1), 0);
	assert_int_equal(heard(0, 9), CUT);
	assert_int_equal(flap_tick(&net.flap, until), 1);
	assert_int_equal(flap_tick(&net.flap, until), 0);
	assert_int_equal(net.flap.blocked, 0);
	assert_int_equal(net.flap.port[0].times, 1);
	assert_int_equal(heard(0, 9), TAKEN);
}

static void blocking_doubles_while_the_loop_stays(void **state)
{
	uint64_t expected = FLAP_FIRST_S;

	(void)state;
	new_net(100, 100);
	for (unsigned int i = 1; i < 12; i++) {
		assert_int_equal(loop_until_blocked(), expected * SECOND);
		assert_int_equal(net.flap.port[0].times, i);
		later(expected * SECOND);
		assert_int_equal(net.flap.blocked, 0);
		if (expected < FLAP_LONGEST_S)
			expected *= 2;
	}
	assert_int_equal(expected, FLAP_LONGEST_S);
	/* A quiet time, and all is forgiven. */
	later(FLAP_QUIET_S * SECOND);
	assert_int_equal(loop_until_blocked(), FLAP_FIRST_S * SECOND);
	later(FLAP_FIRST_S * SECOND);
	later((FLAP_QUIET_S - 2) * SECOND);
	assert_int_equal(loop_until_blocked(), 2 * FLAP_FIRST_S * SECOND);
}

static void a_new_link_ends_blocking(void **state)
{
	(void)state;
	new_net(100, 100);
	loop_until_blocked();
	later(FLAP_FIRST_S * SECOND);
	assert_int_equal(loop_until_blocked(), 2 * FLAP_FIRST_S * SECOND);
	flap_forget(&net.flap, 1);
	assert_int_equal(heard(0, 9), CUT);
	flap_forget(&net.flap, 0);
	assert_int_equal(heard(0, 9), TAKEN);
	assert_int_equal(loop_until_blocked(), FLAP_FIRST_S * SECOND);
	assert_int_equal(net.flap.port[0].times, 3);
}

static void every_port_can_be_blocked(void **state)
{
	(void)state;
	new_net(100, 100);
	for (unsigned int round = 0; round < 5; round++)
		for (unsigned int p = 0; p < 63; p++) {
			heard(63, 1 + p);
			heard(p, 1 + p);
			heard((p + 1) % 63, 1 + p);
		}
	assert_int_equal(net.blocked, UINT64_MAX >> 1);
	assert_int_equal(flap_tick(&net.flap, net.now + 5 * SECOND),
			 UINT64_MAX >> 1);
}

/* --- memory ------------------------------------------------------------- */

static void hc21_a_flood_of_moves_makes_no_other_home_forgotten(void **state)
{
	struct flap_move m = { .from = 9, .to = 8 };

	(void)state;
	new_net(1, 1);
	limit_moves(8, 0, 0);
	limit_moves(3, 1, 20);
	/* Stolen from 1 by 3, and waiting to come home. */
	for (unsigned int mac = 1; mac <= 20; mac++) {
		heard(1, mac);
		assert_int_equal(heard(3, mac), MOVED);
	}
	for (m.mac = 1000000; m.mac < 1100000; m.mac++) {
		m.vlan = m.mac % 4095;
		flap_moved(&net.flap, &m, net.now);
		net.now += SECOND / 5000;
	}
	heard(4, 30);
	assert_int_equal(heard(1, 30), MOVED);
	for (unsigned int mac = 1; mac <= 20; mac++)
		assert_int_equal(heard(1, mac), MOVED);
	/* What is free or expired is used before anything is forgotten. */
	later(FLAP_MEMORY_S * SECOND);
	for (m.mac = 1; m.mac <= FLAP_HOMES; m.mac++)
		flap_moved(&net.flap, &m, net.now);
	m.from = 8;
	m.to = 9;
	bucket_take(&net.flap.port[9].moves, net.now, 1);
	for (m.mac = 1; m.mac <= FLAP_HOMES; m.mac++)
		assert_true(flap_may_move(&net.flap, &m, net.now));
}

/* How many of these addresses port 63 may have back for nothing. */
static unsigned int count_homes(unsigned int first, unsigned int last)
{
	struct flap_move m = { .from = 2, .to = 63 };
	unsigned int homes = 0;

	bucket_take(&net.flap.port[63].moves, net.now, 1);
	for (m.mac = first; m.mac <= last; m.mac++)
		homes += flap_may_move(&net.flap, &m, net.now);
	return homes;
}

static void what_has_not_moved_for_longest_is_forgotten(void **state)
{
	struct flap_move m = { .from = 63, .to = 2 };

	(void)state;
	new_net(1, 1);
	for (m.mac = 1; m.mac <= FLAP_HOMES; m.mac++) {
		flap_moved(&net.flap, &m, net.now);
		later(SECOND);
	}
	for (; m.mac <= FLAP_HOMES + 20; m.mac++)
		flap_moved(&net.flap, &m, net.now);
	assert_int_equal(count_homes(1, 20), 0);
	assert_int_equal(count_homes(21, FLAP_HOMES + 20), FLAP_HOMES);
}

/* All ports hold their share: who brings one more loses one of its own. */
static void hc21_a_share_of_the_memory_is_safe(void **state)
{
	struct flap_move m = { .from = 63 };
	unsigned int others = 0;

	(void)state;
	new_net(1, 1);
	for (m.mac = 1; m.mac <= FLAP_HOMES; m.mac++) {
		m.to = m.mac % 4;
		flap_moved(&net.flap, &m, net.now);
		later(MS);
	}
	m.to = 2;
	for (; m.mac < 10000; m.mac++)
		flap_moved(&net.flap, &m, net.now);
	for (unsigned int i = 0; i < FLAP_HOMES; i++)
		if (net.flap.home[i].charged != 2) {
			assert_in_range(net.flap.key[i], 1, FLAP_HOMES);
			others++;
		}
	assert_int_equal(others, FLAP_HOMES / 4 * 3);
	/* A port that has none gets its place. */
	m.to = 5;
	flap_moved(&net.flap, &m, net.now);
	assert_int_equal(count_homes(10000, 10000), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_move_is_no_trouble),
		cmocka_unit_test(moves_are_paid_by_the_port_they_go_to),
		cmocka_unit_test(asking_changes_nothing),
		cmocka_unit_test(a_port_without_limit_is_refused_nothing),
		cmocka_unit_test(a_new_policy_keeps_what_is_used_up),
		cmocka_unit_test(coming_home_is_free),
		cmocka_unit_test(a_home_is_remembered_from_the_last_move_on),
		cmocka_unit_test(homes_are_those_of_a_vlan),
		cmocka_unit_test(an_address_has_one_home),
		cmocka_unit_test(blocking_ends_to_the_nanosecond),
		cmocka_unit_test(blocking_doubles_while_the_loop_stays),
		cmocka_unit_test(a_new_link_ends_blocking),
		cmocka_unit_test(every_port_can_be_blocked),
		cmocka_unit_test(
			hc21_a_flood_of_moves_makes_no_other_home_forgotten),
		cmocka_unit_test(what_has_not_moved_for_longest_is_forgotten),
		cmocka_unit_test(hc21_a_share_of_the_memory_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
