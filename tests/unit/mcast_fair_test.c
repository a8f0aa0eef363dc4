/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multicast snooping against those who want others to miss frames: by filling
 * the table, or by asking in the querier's place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mcast_rig.h"

#define JOINS 100000u

/* --- floods of messages ------------------------------------------------- */

/* The attacker, who has lost something, gets everything instead. */
static void check_mine(const struct snoop *s, bool v4, uint64_t attacker)
{
	for (unsigned int n = 0; n < 20; n++)
		assert_int_equal(snoop_data(s, v4, snoop_group(v4, 0x7000 + n)),
				 QUERIER | PORT_BIT(4) | attacker);
}

FOR_BOTH(hc21_joins_without_end_push_out_nobody_else)
{
	struct known k;

	snoop_settle(s, v4);
	for (unsigned int n = 0; n < 20; n++)
		snoop_join(s, v4, snoop_group(v4, 0x7000 + n), 4);
	for (unsigned int n = 0; n < JOINS; n++) {
		snoop_join(s, v4, snoop_group(v4, n & 0x3fff), 3);
		if (n % 997 == 0)
			check_mine(s, v4, n > 64 ? PORT_BIT(3) : 0);
	}
	check_mine(s, v4, PORT_BIT(3));
	/* The table is full, and all the rest of it is the attacker's. */
	k = snoop_known(s);
	assert_int_equal(k.role[MCAST_MEMBER], 63);
	assert_int_equal(k.role[MCAST_ROUTER], 1);
	assert_int_equal(k.role[MCAST_EVERYTHING], 1);
}

/* Nor do queries in every VLAN, each of which makes a router's port. */
FOR_BOTH(hc21_routers_of_every_vlan_push_out_nobody_else)
{
	struct ip_addr mine = snoop_group(v4, 1);
	struct wire w = wire_query(v4, 3, 10);

	snoop_settle(s, v4);
	snoop_join(s, v4, mine, 4);
	w.tags = 1;
	w.tpid = FRAME_TPID_C;
	for (unsigned int n = 1; n < 4095; n++) {
		w.tci = (uint16_t)n;
		snoop_hear(s, &w, 3);
	}
	assert_int_equal(snoop_data(s, v4, mine),
			 QUERIER | PORT_BIT(4) | PORT_BIT(3));
	assert_int_equal(snoop_known(s).role[MCAST_MEMBER], 1);
}

/* --- a querier that lies ------------------------------------------------ */

/* Policy lets port 6 reach nobody; port 4 was in the group before. */
FOR_BOTH(a_lying_querier_cannot_have_others_forgotten)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire all = wire_query(v4, 3, 10);
	struct wire one = wire_query_group(v4, 3, g);

	snoop_join(s, v4, g, 4);
	for (unsigned int i = 0; i < 40; i++) {
		snoop_hear_at(s, &all, 6, 0);
		snoop_hear_at(s, &one, 6, 0);
		snoop_join(s, v4, g, 6);
		s->now += 10;
		/* Nobody was asked, nobody is left out. */
		assert_int_equal(snoop_data(s, v4, g), FLOOD);
	}
}

/* With a true one beside it: neither its questions nor its silence count. */
FOR_BOTH(a_lying_querier_gains_a_router_s_port_and_no_more)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire all = wire_query(v4, 3, 10);
	struct wire one = wire_query_group(v4, 3, g);

	snoop_settle(s, v4);
	snoop_join(s, v4, g, 4);
	snoop_hear_at(s, &all, 6, PORT_BIT(0));
	snoop_hear_at(s, &one, 6, PORT_BIT(0));
	s->now += 11;
	/* What it did not ask is flooded to, and nothing was cut. */
	assert_int_equal(snoop_data(s, v4, g), FLOOD);
	snoop_hear(s, &all, 0);
	s->now += 11;
	assert_int_equal(snoop_data(s, v4, g),
			 QUERIER | PORT_BIT(4) | PORT_BIT(6));
	mcast_flush_port(s->m, 6);
	snoop_hear(s, &all, 0);
	s->now += 11;
	assert_int_equal(snoop_data(s, v4, g), QUERIER | PORT_BIT(4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc21_joins_without_end_push_out_nobody_else),
		cmocka_unit_test(
			hc21_routers_of_every_vlan_push_out_nobody_else),
		cmocka_unit_test(a_lying_querier_cannot_have_others_forgotten),
		cmocka_unit_test(
			a_lying_querier_gains_a_router_s_port_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
