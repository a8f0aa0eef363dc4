/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address resolution under rules with `reply`: who may claim which address
 * towards whom (hostile case 17).
 */
#include "tests/unit/flow_near_rig.h"

static void an_address_moves_behind_a_port(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);

		assert_false(may_announce(t, version, 2, NOW));
		/* What a has asked for. */
		a_asks(t, &there, version, 1, 2, NOW);
		assert_true(may_announce(t, version, 2, NOW));
		b_says(t, version, 2, 1, NOW);
		assert_true(may_announce(t, version, 2, NOW + 9000));
		/* What it talks to, and has not asked for lately. */
		a_talks(t, &there, version, 1, 3, NOW);
		assert_false(may_announce(t, version, 3, NOW));
		is_answered(t, &back, version, 1, 3, NOW);
		assert_true(may_announce(t, version, 3, NOW));
		assert_true(may_announce(t, version, 3, NOW + DAY - 1));
		assert_false(may_announce(t, version, 3, NOW + DAY));
		/* What it never dealt with. */
		assert_false(may_announce(t, version, 4, NOW));
		free(t);
	}
}

/* b is not believed for saying so again and again. */
static void hc17_claims_prolong_nothing(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);

		a_talks(t, &there, version, 1, 2, NOW);
		is_answered(t, &back, version, 1, 2, NOW);
		for (unsigned int day = 1; day < 4; day++)
			b_says(t, version, 2, 1, NOW + day * (DAY / 4));
		assert_false(may_say(t, version, 2, 1, NOW + DAY));
		free(t);
	}
}

/* Nor can it say what is a's, and so keep others from saying it. */
static void hc17_what_is_as_own_is_a_who_says(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);

		a_asks(t, &there, version, 1, 2, NOW);
		b_says(t, version, 2, 9, NOW);
		assert_false(may_ask(t, version, 254, 9, NOW));
		a_asks(t, &there, version, 1, 9, NOW);
		assert_true(may_say(t, version, 9, 1, NOW));
		free(t);
	}
}

/* --- attackers ---------------------------------------------------------- */

/* An address that was found elsewhere stays there. */
static void hc17_nobody_takes_over_what_is_found_elsewhere(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(64);
		struct pkt k;

		/* a talks to b, and so b may ask for a. */
		a_talks(t, &there, version, 1, 2, NOW);
		is_answered(t, &back, version, 1, 2, NOW);
		assert_true(may_ask(t, version, 7, 1, NOW));
		/* The server is at c: it was asked for there, or talked to. */
		a_asks(t, &to_c, version, 1, 7, NOW);
		put_say(&k, version, 7, 1);
		goes_on(t, &k, &from_c, NOW);
		a_talks(t, &to_c, version, 1, 8, NOW);
		is_answered(t, &from_c, version, 1, 8, NOW);
		for (unsigned int n = 7; n < 9; n++) {
			assert_false(may_ask(t, version, n, 1, NOW));
			assert_false(may_say(t, version, n, 1, NOW));
			assert_false(may_announce(t, version, n, NOW));
		}
		/* a asks everybody: who answers has it; c will, too. */
		a_asks(t, &there, version, 1, 7, NOW + 1);
		a_asks(t, &to_c, version, 1, 7, NOW + 1);
		assert_true(may_say(t, version, 7, 1, NOW + 1));
		put_say(&k, version, 7, 1);
		goes_on(t, &k, &from_c, NOW + 1);
		assert_false(may_ask(t, version, 7, 1, NOW + 61));
		assert_false(may_announce(t, version, 7, NOW + 61));
		/* It has moved to b in truth. */
		a_asks(t, &there, version, 1, 7, NOW + 70);
		b_says(t, version, 7, 1, NOW + 70);
		assert_true(may_announce(t, version, 7, NOW + 9000));
		put_ask(&k, version, 7, 1);
		assert_false(answers_on(t, &k, &from_c, NOW + 9000, NULL));
		free(t);
	}
}

/*
 * Who answers by a rule without `reply` is not seen, but his silence at b is.
 */
static void hc17_nobody_takes_what_he_was_asked_for_in_vain(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(64);

		a_asks(t, &there, version, 1, 7, NOW);
		a_talks(t, &there, version, 1, 2, NOW + 60);
		assert_false(may_ask(t, version, 7, 1, NOW + 61));
		assert_true(may_ask(t, version, 8, 1, NOW + 61));
		/* Until he is asked again, and does. */
		a_asks(t, &there, version, 1, 7, NOW + 62);
		b_says(t, version, 7, 1, NOW + 63);
		assert_true(may_ask(t, version, 7, 1, NOW + 9000 - 1600));
		free(t);
	}
}

/* A flood of questions costs other ports no addresses. */
static void hc21_addresses_are_shared_out_too(void **state)
{
	struct flow_table *t = flows_new(64);
	struct flow_path in = { VLAN, 30, B }, out = { VLAN, B, 30 };
	struct pkt k;

	(void)state;
	a_talks(t, &in, 0, 1, 2, NOW);
	put_ask(&k, 0, 254, 1);
	for (unsigned int n = 1000; n < 9000; n++)
		a_asks(t, &there, 0, n, n + 10000, NOW + 1);
	assert_true(answers_on(t, &k, &out, NOW + 1, NULL));
	/* And one that is answered not its own, by what is not. */
	a_talks(t, &there, 0, 3, 2, NOW + 2);
	is_answered(t, &back, 0, 3, 2, NOW + 2);
	for (unsigned int n = 1000; n < 9000; n++)
		a_asks(t, &there, 0, n, n + 10000, NOW + 3);
	assert_true(may_ask(t, 0, 254, 3, NOW + 3));
	free(t);
}

static void a_new_peer_has_no_addresses(void **state)
{
	struct flow_table *t = flows_new(8);

	(void)state;
	a_talks(t, &there, 0, 1, 2, NOW);
	is_answered(t, &back, 0, 1, 2, NOW);
	flow_flush_port(t, B);
	assert_true(may_ask(t, 0, 254, 1, NOW));
	flow_flush_port(t, A);
	assert_false(may_ask(t, 0, 254, 1, NOW));
	assert_false(may_announce(t, 0, 2, NOW));
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_moves_behind_a_port),
		cmocka_unit_test(hc17_claims_prolong_nothing),
		cmocka_unit_test(hc17_what_is_as_own_is_a_who_says),
		cmocka_unit_test(
			hc17_nobody_takes_over_what_is_found_elsewhere),
		cmocka_unit_test(
			hc17_nobody_takes_what_he_was_asked_for_in_vain),
		cmocka_unit_test(hc21_addresses_are_shared_out_too),
		cmocka_unit_test(a_new_peer_has_no_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
