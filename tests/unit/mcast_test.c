/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multicast snooping, for both families: what frames of ordinary hosts do not
 * show.  Those are in tests/scenarios/multicast.txt.
 *
 * Ports 0 to 7 may all reach each other.  The querier is at port 0, data comes
 * from port 7, and what is asked is which ports it goes to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mcast_rig.h"

/* --- who gets a frame --------------------------------------------------- */

FOR_BOTH(an_unknown_group_is_flooded)
{
	snoop_settle(s, v4);
	snoop_join(s, v4, snoop_group(v4, 1), 3);
	assert_int_equal(snoop_data(s, v4, snoop_group(v4, 2)), FLOOD);
	/* The same Ethernet address, another group. */
	if (v4)
		assert_int_equal(snoop_data(s, v4, ip_from_v4(0xee810001)),
				 FLOOD);
}

FOR_BOTH(groups_everybody_is_in_are_flooded)
{
	static const unsigned int v4_links[] = { 1, 2, 5, 13, 22, 251, 255 };

	snoop_settle(s, v4);
	for (size_t i = 0; i < 7; i++) {
		struct ip_addr g = snoop_link_group(v4, v4_links[i]);

		snoop_join(s, v4, g, 3);
		/* In IPv6 hosts report all of the link's but ff02::1. */
		assert_int_equal(snoop_data(s, v4, g),
				 v4 || i == 0 ? FLOOD : QUERIER | PORT_BIT(3));
	}
	for (unsigned int scope = 0; scope < 2 && !v4; scope++) {
		const struct ip_addr g = { (0xff00ull + scope) << 48, 5 };

		snoop_join(s, v4, g, 3);
		assert_int_equal(snoop_data(s, v4, g), FLOOD);
	}
}

/* So many that some share a place of the hash. */
FOR_BOTH(one_group_in_many_vlans_is_many_groups)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire w[] = { wire_query(v4, 3, 10), wire_report(v4, 3, g),
			    wire_data(v4, g) };

	snoop_free(s);
	snoop_make(s, 126);
	for (unsigned int what = 0; what < 3; what++) {
		w[what].tags = 1;
		w[what].tpid = FRAME_TPID_C;
		for (unsigned int i = 1; i <= 63; i++) {
			unsigned int port = 1 + i % 6;

			w[what].tci = (uint16_t)(i * i);
			if (what < 2)
				snoop_hear(s, &w[what], what ? port : 0);
			else
				assert_int_equal(snoop_ports(s, &w[what], 7),
						 QUERIER | PORT_BIT(port));
		}
		s->now += 11;
	}
}

FOR_BOTH(families_are_apart)
{
	struct ip_addr g = snoop_group(v4, 1), other = snoop_group(!v4, 1);

	snoop_settle(s, v4);
	snoop_join(s, v4, g, 3);
	snoop_join(s, !v4, other, 3);
	assert_int_equal(snoop_data(s, v4, g), QUERIER | PORT_BIT(3));
	assert_int_equal(snoop_data(s, !v4, other), FLOOD);
}

/* Tags within tags are VLANs of others, S-TAGs another name space. */
FOR_BOTH(other_tags_are_flooded_and_teach_nothing)
{
	static const unsigned int tags[] = { 1, 2, 2 };
	static const uint16_t tpid[] = { FRAME_TPID_S, FRAME_TPID_S,
					 FRAME_TPID_C };
	struct ip_addr g = snoop_group(v4, 1);
	struct wire plain = wire_query(v4, 3, 10);

	plain.tags = 1;
	plain.tpid = FRAME_TPID_C;
	plain.tci = 10;
	snoop_hear(s, &plain, 0);
	s->now += 11;
	for (size_t i = 0; i < 3; i++) {
		struct wire data = wire_data(v4, g);
		struct wire report = wire_report(v4, 3, g);

		data.tags = report.tags = tags[i];
		data.tpid = report.tpid = tpid[i];
		data.tci = report.tci = 10;
		snoop_hear(s, &report, 4);
		assert_int_equal(snoop_ports(s, &data, 7), FLOOD);
		data.tags = 1;
		data.tpid = FRAME_TPID_C;
		assert_int_equal(snoop_ports(s, &data, 7), FLOOD);
	}
}

static void what_is_no_ip_is_flooded(void **state)
{
	struct wire w = wire_data(true, snoop_group(true, 1));
	struct snoop s;
	uint8_t bytes[1500];
	struct frame f;
	unsigned int len = wire_bytes(&w, bytes);

	(void)state;
	snoop_make(&s, 64);
	snoop_settle(&s, true);
	snoop_join(&s, true, snoop_group(true, 1), 3);
	snoop_frame(&f, bytes, len, FRAME_SNAP_MAX, 0);
	assert_int_equal(mcast_ports(s.m, &f, 7, FLOOD, s.now),
			 QUERIER | PORT_BIT(3));
	for (unsigned int type = 0; type < 0x10000; type += 0x11) {
		bytes[12] = (uint8_t)(type >> 8);
		bytes[13] = (uint8_t)type;
		snoop_frame(&f, bytes, len, FRAME_SNAP_MAX, 0);
		assert_int_equal(mcast_ports(s.m, &f, 7, FLOOD, s.now),
				 type == 0x0800 ? QUERIER | PORT_BIT(3)
						: FLOOD);
	}
	snoop_free(&s);
}

/* An Ethernet destination that is not the IP one's says nothing. */
FOR_BOTH(a_destination_that_does_not_belong_is_flooded)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire data = wire_data(v4, g), report = wire_report(v4, 3, g);

	snoop_settle(s, v4);
	report.mac = 0x01005e010203;
	snoop_hear(s, &report, 3);
	assert_int_equal(snoop_data(s, v4, g), FLOOD);
	snoop_join(s, v4, g, 3);
	assert_int_equal(snoop_ports(s, &data, 7), QUERIER | PORT_BIT(3));
	data.mac = v4 ? 0x01005e010002 : 0x333300000002;
	assert_int_equal(snoop_ports(s, &data, 7), FLOOD);
	data.mac = v4 ? 0x333300000001 : 0x01005e000001;
	assert_int_equal(snoop_ports(s, &data, 7), FLOOD);
	/* To one host's address, at a group's Ethernet address. */
	data = wire_data(v4, v4 ? ip_from_v4(0x0a010001)
				: (struct ip_addr){ 0xfe80ull << 48, 1 });
	data.mac = v4 ? 0x01005e010001 : 0x333300000001;
	assert_int_equal(snoop_ports(s, &data, 7), FLOOD);
}

/* --- time --------------------------------------------------------------- */

FOR_BOTH(a_port_that_was_not_asked_is_not_left_out)
{
	struct wire query = wire_query(v4, 3, 10);
	struct ip_addr g = snoop_group(v4, 1);

	snoop_hear_at(s, &query, 0, 0xfe & ~PORT_BIT(5));
	s->now += 11;
	snoop_join(s, v4, g, 3);
	assert_int_equal(snoop_data(s, v4, g),
			 QUERIER | PORT_BIT(3) | PORT_BIT(5));
	/* The next question reaches it; it has as long to answer as all had. */
	s->now += 100;
	snoop_hear(s, &query, 0);
	s->now += 10;
	assert_int_equal(snoop_data(s, v4, g),
			 QUERIER | PORT_BIT(3) | PORT_BIT(5));
	s->now++;
	assert_int_equal(snoop_data(s, v4, g), QUERIER | PORT_BIT(3));
	/* One that does not reach it takes it out at once. */
	snoop_hear_at(s, &query, 0, 0xfe & ~PORT_BIT(5));
	assert_int_equal(snoop_data(s, v4, g),
			 QUERIER | PORT_BIT(3) | PORT_BIT(5));
}

/* --- leaving ------------------------------------------------------------ */

/* A query nobody answers within the time must not have anybody forgotten. */
FOR_BOTH(only_a_query_that_counts_cuts_a_membership)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire ask[4];

	for (unsigned int i = 0; i < 4; i++)
		ask[i] = wire_query_group(v4, 3, g);
	wire_query_flags(&ask[0], 0x08);
	wire_query_sources(&ask[1], 2);
	ask[2].body[v4 ? 1 : 4] = 0x7f; /* 12.7 s; 32.5 s */
	ask[3].alert = false;
	snoop_settle(s, v4);
	for (unsigned int i = 0; i < 4; i++) {
		snoop_join(s, v4, g, 3);
		snoop_hear(s, &ask[i], 0);
		s->now += 50;
		assert_int_equal(snoop_data(s, v4, g), QUERIER | PORT_BIT(3));
	}
}

/* A cut does not make a life longer either. */
FOR_BOTH(a_membership_that_ends_sooner_is_not_prolonged)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire ask = wire_query_group(v4, 3, g);
	uint32_t joined = s->now;

	snoop_join(s, v4, g, 3);
	s->now += 200;
	snoop_settle(s, v4);
	snoop_join(s, v4, g, 4);
	s->now = joined + MCAST_MEMBER_S - 1;
	snoop_hear(s, &ask, 0);
	snoop_join(s, v4, g, 4);
	s->now++;
	assert_int_equal(snoop_data(s, v4, g), QUERIER | PORT_BIT(4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_group_is_flooded),
		cmocka_unit_test(groups_everybody_is_in_are_flooded),
		cmocka_unit_test(one_group_in_many_vlans_is_many_groups),
		cmocka_unit_test(families_are_apart),
		cmocka_unit_test(other_tags_are_flooded_and_teach_nothing),
		cmocka_unit_test(what_is_no_ip_is_flooded),
		cmocka_unit_test(a_destination_that_does_not_belong_is_flooded),
		cmocka_unit_test(a_port_that_was_not_asked_is_not_left_out),
		cmocka_unit_test(only_a_query_that_counts_cuts_a_membership),
		cmocka_unit_test(
			a_membership_that_ends_sooner_is_not_prolonged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
