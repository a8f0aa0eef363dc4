/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loops: A and B are one behind the switch, and C and D talk as if nothing were
 * the matter.  What holds the loop is a storm limit, or the limit of moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/unit/switch_rig.h"

#define A 0u
#define B 1u
#define C 2u
#define D 3u
#define RATE 20u
#define LOOP (RIG_BIT(A) | RIG_BIT(B))
/* More than any loop here makes that is held. */
#define ENDLESS 10000u

/* With limits of storms at A and B, or of moves at all ports. */
static struct rig *new_switch(bool storms, bool moves)
{
	struct policy_image *image = image_new();
	struct rig *r;

	for (unsigned int s = 0; s < SW_PORTS; s++)
		for (unsigned int d = 0; d < SW_PORTS; d++)
			if (s != d)
				image->port[s].allow |= RIG_BIT(d);
	for (unsigned int p = A; storms && p <= B; p++)
		for (unsigned int i = 0; i < STORMS; i++)
			image->port[p].storm[i] =
				(struct policy_rate){ RATE, RATE };
	for (unsigned int p = A; moves && p <= D; p++)
		image->port[p].moves = (struct policy_rate){ 10, 20 };
	r = sw_new(image);
	free(image);
	/* Time enough for what was taught to be old. */
	r->now += 10 * SW_S;
	return r;
}

static uint64_t send_from(struct rig *r, unsigned int port, uint64_t dst,
			  uint64_t src)
{
	uint8_t frame[60];

	rig_frame(frame, dst, src, sizeof(frame));
	return sw_send_raw(r, port, frame, sizeof(frame));
}

/*
 * A station sends, and what A got comes in at B, and the other way round, until
 * nothing does.  Adds the rounds to @rounds; returns who else got it at first.
 */
static uint64_t loop(struct rig *r, unsigned int port, uint64_t dst,
		     uint64_t src, unsigned int *rounds)
{
	uint64_t at = send_from(r, port, dst, src);
	uint64_t first = at & ~LOOP;

	for (; at & LOOP && *rounds < ENDLESS; ++*rounds) {
		uint64_t back = 0;

		if (at & RIG_BIT(A))
			back |= send_from(r, B, dst, src);
		if (at & RIG_BIT(B))
			back |= send_from(r, A, dst, src);
		at = back;
	}
	return first;
}

static int where(const struct rig *r, uint64_t mac)
{
	return fdb_lookup(vswitch_fdb(r->sw), mac, 0,
			  (uint32_t)(r->now / SW_S));
}

/* C asks for somebody, C and D talk, ten times a second for three seconds. */
static void two_ports_talk_beside_a_loop(void **state)
{
	struct rig *r = new_switch(true, false);
	unsigned int rounds = 0;

	(void)state;
	for (unsigned int i = 0; i < 30; i++, r->now += SW_S / 10) {
		assert_true(loop(r, C, MAC_BROADCAST, RIG_MAC(C + 1),
				 &rounds) == RIG_BIT(D));
		assert_true(loop(r, D, RIG_MAC(99), RIG_MAC(D + 1), &rounds) ==
			    RIG_BIT(C));
		assert_int_equal(where(r, RIG_MAC(C + 1)), C);
		assert_int_equal(where(r, RIG_MAC(D + 1)), D);
		assert_true(send_from(r, C, RIG_MAC(D + 1), RIG_MAC(C + 1)) ==
			    RIG_BIT(D));
		assert_true(send_from(r, D, RIG_MAC(C + 1), RIG_MAC(D + 1)) ==
			    RIG_BIT(C));
	}
	/*
	 * Two ports, two kinds: their bursts, and three seconds of their rates.
	 */
	assert_in_range(rounds, 1, 2 * 2 * (RATE + 3 * RATE));
	assert_true(rig_drops(r, A, REASON_STORM) > 0);
	assert_int_equal(r->stats->moved, 0);
	rig_free(r);
}

/* What all this is for: without limits a frame goes round for ever. */
static void without_limits_a_frame_goes_round(void **state)
{
	struct rig *r = new_switch(false, false);
	unsigned int rounds = 0;

	(void)state;
	loop(r, C, MAC_BROADCAST, RIG_MAC(C + 1), &rounds);
	assert_int_equal(rounds, ENDLESS);
	assert_int_not_equal(where(r, RIG_MAC(C + 1)), C);
	rig_free(r);
}

/* Two ports that are one behind the switch: every broadcast comes back. */
static void a_loop_is_contained(void **state)
{
	unsigned int copies = 0, rounds = 0, cut;
	uint64_t at, ring = 0;
	struct rig *r = new_switch(false, true);

	(void)state;
	at = send_from(r, C, MAC_BROADCAST, RIG_MAC(C + 1));
	while ((at & LOOP) && rounds++ < 100000) {
		uint64_t back = 0;

		/* The station says it again. */
		if (rounds == 5)
			at |= send_from(r, C, MAC_BROADCAST, RIG_MAC(C + 1));
		/* What A got comes in at B, and the other way round. */
		if (at & RIG_BIT(A))
			back |= send_from(r, B, MAC_BROADCAST, RIG_MAC(C + 1));
		if (at & RIG_BIT(B))
			back |= send_from(r, A, MAC_BROADCAST, RIG_MAC(C + 1));
		copies += back >> D & 1;
		at = back;
	}
	assert_in_range(rounds, 1, 500);
	assert_in_range(copies, 1, 500);
	cut = r->stats->port[A].blocked ? A : B;
	assert_int_equal(r->stats->port[A].times_blocked +
				 r->stats->port[B].times_blocked,
			 1);
	assert_int_equal(r->stats->port[cut].blocked, 1);
	assert_int_equal(r->stats->port[C].times_blocked, 0);
	assert_int_equal(r->stats->port[D].times_blocked, 0);
	/* The others go on as if nothing were the matter. */
	assert_true(send_from(r, C, RIG_MAC(D + 1), RIG_MAC(C + 1)) ==
		    RIG_BIT(D));
	/* Nothing comes from it, and nothing goes there. */
	assert_int_equal(send_from(r, cut, RIG_MAC(D + 1), RIG_MAC(77)), 0);
	assert_true(rig_drops(r, cut, REASON_BLOCKED) > 0);
	assert_int_equal(
		fdb_add_static(vswitch_fdb(r->sw), RIG_MAC(78), 0, cut), 0);
	assert_int_equal(send_from(r, D, RIG_MAC(78), RIG_MAC(D + 1)), 0);
	assert_int_equal(rig_drops(r, cut, REASON_BLOCKED_OUT), 1);
	/* After its time, which the switch asks to be woken for, it is a port
	 * like others. */
	assert_true(vswitch_due(r->sw) > r->now);
	assert_true(vswitch_due(r->sw) <= r->now + FLAP_FIRST_S * SW_S);
	r->now = vswitch_due(r->sw);
	assert_int_equal(vswitch_run(r->sw, 0, r->now, &ring), 0);
	assert_true(vswitch_due(r->sw) == UINT64_MAX);
	assert_true(send_from(r, D, RIG_MAC(78), RIG_MAC(D + 1)) ==
		    RIG_BIT(cut));
	assert_int_equal(r->stats->port[cut].blocked, 0);
	rig_free(r);
}

/* Both ports and the address are told, once a minute. */
static void a_disputed_address_is_told(void **state)
{
	struct rig *r = new_switch(false, false);

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		send_from(r, D, MAC_BROADCAST, RIG_MAC(C + 1));
		send_from(r, C, MAC_BROADCAST, RIG_MAC(C + 1));
	}
	/* It may have moved for a while, and again. */
	assert_int_equal(r->stats->disputes, 0);
	for (unsigned int i = 0; i < 1000; i++) {
		send_from(r, D, MAC_BROADCAST, RIG_MAC(C + 1));
		send_from(r, C, MAC_BROADCAST, RIG_MAC(C + 1));
	}
	assert_int_equal(r->stats->disputes, 1);
	assert_true(r->stats->dispute_mac == RIG_MAC(C + 1));
	assert_int_equal(r->stats->dispute_ports, C | D << 8);
	r->now += 60 * SW_S;
	for (unsigned int i = 0; i < 4; i++) {
		send_from(r, A, MAC_BROADCAST, RIG_MAC(C + 1));
		send_from(r, C, MAC_BROADCAST, RIG_MAC(C + 1));
	}
	assert_int_equal(r->stats->disputes, 2);
	assert_int_equal(r->stats->dispute_ports, C | A << 8);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_ports_talk_beside_a_loop),
		cmocka_unit_test(without_limits_a_frame_goes_round),
		cmocka_unit_test(a_loop_is_contained),
		cmocka_unit_test(a_disputed_address_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
