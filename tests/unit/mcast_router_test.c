/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multicast snooping: what makes a router's port, which records are joins, and
 * the table from outside: walks, flushes, sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mcast_rig.h"

/* --- reports ------------------------------------------------------------ */

/* Every message of a host, from port 3. */
static void check_reports(struct snoop *s, bool v4, uint64_t want)
{
	struct ip_addr g = snoop_group(v4, 1);
	const struct wire w[] = {
		wire_report(v4, 1, g),
		wire_report(v4, 2, g),
		wire_report(v4, 3, g),
		wire_leave(v4, g),
	};

	for (size_t i = 0; i < sizeof(w) / sizeof(*w); i++)
		assert_int_equal(snoop_ports(s, &w[i], 3), want);
}

/* Protocols we do not know may not be kept from anybody (RFC 4541 2.1.1). */
static void unknown_igmp_goes_everywhere(void **state)
{
	struct ip_addr g = snoop_group(true, 1);
	struct snoop s;

	(void)state;
	snoop_make(&s, 64);
	snoop_settle(&s, true);
	snoop_join(&s, true, g, 3);
	for (unsigned int type = 0; type < 256; type++) {
		struct wire w = wire_report(true, 2, g);

		w.body[0] = (uint8_t)type;
		assert_int_equal(snoop_ports(&s, &w, 7),
				 type == 0x12 || type == 0x16 || type == 0x17
					 ? QUERIER
					 : FLOOD);
	}
	snoop_free(&s);
}

/* --- routers ------------------------------------------------------------ */

FOR_BOTH(a_router_that_says_hello_gets_every_known_group)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire hello = wire_hello(v4), other = wire_hello(v4);

	snoop_settle(s, v4);
	snoop_join(s, v4, g, 3);
	other.body[0] = 0x23; /* a join */
	snoop_hear(s, &other, 5);
	assert_int_equal(snoop_data(s, v4, g), QUERIER | PORT_BIT(3));
	snoop_hear(s, &hello, 5);
	assert_int_equal(snoop_data(s, v4, g),
			 QUERIER | PORT_BIT(3) | PORT_BIT(5));
}

/* Longer than a snapshot, it cannot be verified, and is believed. */
FOR_BOTH(a_long_hello_is_one)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire hello = wire_hello(v4);

	hello.len += 300;
	hello.bad_sum = true;
	snoop_settle(s, v4);
	snoop_join(s, v4, g, 3);
	snoop_hear(s, &hello, 5);
	assert_int_equal(snoop_data(s, v4, g),
			 QUERIER | PORT_BIT(3) | PORT_BIT(5));
}

/* RFC 4541 2.1.1: a switch that asks on behalf of others is no querier. */
FOR_BOTH(queries_of_nobody_teach_nothing)
{
	struct wire query = wire_query(v4, 3, 10), hello = wire_hello(v4);
	struct ip_addr g = snoop_group(v4, 1);

	query.src = hello.src = v4 ? ip_from_v4(0) : (struct ip_addr){ 0, 0 };
	snoop_join(s, v4, g, 3);
	snoop_hear(s, &query, 0);
	snoop_hear(s, &hello, 0);
	s->now += 11;
	assert_int_equal(snoop_data(s, v4, g), FLOOD);
	check_reports(s, v4, ALL_BUT(3));
}

/* Hosts report before they have an address (RFC 3376 4.2.13, RFC 3590). */
FOR_BOTH(reports_of_nobody_count)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire report = wire_report(v4, 3, g);

	report.src = v4 ? ip_from_v4(0) : (struct ip_addr){ 0, 0 };
	snoop_settle(s, v4);
	snoop_hear(s, &report, 3);
	assert_int_equal(snoop_data(s, v4, g), QUERIER | PORT_BIT(3));
}

/* --- records ------------------------------------------------------------ */

static void check_record(struct snoop *s, bool v4, unsigned int type,
			 unsigned int sources)
{
	struct ip_addr g = snoop_group(v4, type * 16 + sources);
	bool joins = type == IS_EX || type == TO_EX ||
		     (sources > 0 &&
		      (type == IS_IN || type == TO_IN || type == ALLOW));
	struct wire w = wire_records(v4);

	wire_record(&w, type, g, sources, 0);
	snoop_hear(s, &w, 3);
	assert_int_equal(snoop_data(s, v4, g),
			 joins ? QUERIER | PORT_BIT(3) : FLOOD);
}

FOR_BOTH(which_records_join)
{
	snoop_settle(s, v4);
	for (unsigned int type = 0; type < 9; type++)
		for (unsigned int sources = 0; sources < 3; sources++)
			check_record(s, v4, type, sources);
}

/* Whatever stands between, before and behind them. */
FOR_BOTH(a_report_of_many_records_is_read_to_its_end)
{
	struct wire w = wire_records(v4);

	wire_record(&w, IS_EX, snoop_group(v4, 1), 1, 1);
	wire_record(&w, BLOCK, snoop_group(v4, 2), 1, 0);
	wire_record(&w, TO_IN, snoop_group(v4, 3), 0, 1);
	wire_record(&w, TO_EX, snoop_group(v4, 4), 0, 0);
	wire_record(&w, 77, snoop_group(v4, 5), 0, 0);
	wire_record(&w, ALLOW, snoop_group(v4, 6), 1, 0);
	w.len += 6; /* additional data */
	snoop_settle(s, v4);
	snoop_hear(s, &w, 3);
	for (unsigned int n = 1; n <= 6; n++)
		assert_int_equal(snoop_data(s, v4, snoop_group(v4, n)),
				 n == 1 || n == 4 || n == 6
					 ? QUERIER | PORT_BIT(3)
					 : FLOOD);
}

/* More records than a snapshot has room for. */
FOR_BOTH(a_report_that_is_too_long_gives_everything_for_a_while)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire w = wire_records(v4), query = wire_query(v4, 3, 10);
	uint32_t heard;

	for (unsigned int n = 0; n < 40; n++)
		wire_record(&w, IS_EX, snoop_group(v4, 100 + n), 0, 0);
	snoop_settle(s, v4);
	snoop_join(s, v4, g, 4);
	snoop_hear(s, &w, 3);
	heard = s->now;
	assert_int_equal(snoop_data(s, v4, g),
			 QUERIER | PORT_BIT(3) | PORT_BIT(4));
	/* Nobody knows what was in it: others are not left out. */
	assert_int_equal(snoop_data(s, v4, snoop_group(v4, 100)), FLOOD);
	assert_int_equal(snoop_data(s, v4, snoop_group(v4, 139)), FLOOD);
	s->now = heard + 200;
	snoop_hear(s, &query, 0);
	snoop_join(s, v4, g, 4);
	s->now = heard + MCAST_MEMBER_S - 1;
	assert_int_equal(snoop_data(s, v4, g),
			 QUERIER | PORT_BIT(3) | PORT_BIT(4));
	s->now++;
	assert_int_equal(snoop_data(s, v4, g), QUERIER | PORT_BIT(4));
}

/* --- the table from outside --------------------------------------------- */

FOR_BOTH(a_flushed_port_is_forgotten)
{
	struct ip_addr g = snoop_group(v4, 1), h = snoop_group(v4, 2);
	struct wire hello = wire_hello(v4), lots = wire_records(v4);

	lots.body[7] = 9; /* that are not there */
	snoop_settle(s, v4);
	snoop_join(s, v4, g, 3);
	snoop_join(s, v4, g, 4);
	snoop_join(s, v4, h, 3);
	snoop_hear(s, &hello, 3);
	snoop_hear(s, &lots, 3);
	mcast_flush_port(s->m, 3);
	/* It was not asked since, so it is not left out; nor is it a member. */
	assert_int_equal(snoop_data(s, v4, g),
			 QUERIER | PORT_BIT(3) | PORT_BIT(4));
	assert_int_equal(snoop_data(s, v4, h), FLOOD);
	check_reports(s, v4, QUERIER);
	snoop_settle(s, v4);
	assert_int_equal(snoop_data(s, v4, g), QUERIER | PORT_BIT(4));
}

FOR_BOTH(with_the_querier_s_port_goes_the_question)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire hello = wire_hello(v4);

	snoop_settle(s, v4);
	snoop_join(s, v4, g, 3);
	snoop_hear(s, &hello, 5);
	mcast_flush_port(s->m, 0);
	assert_int_equal(snoop_data(s, v4, g), FLOOD);
	check_reports(s, v4, PORT_BIT(5));
}

FOR_BOTH(a_walk_shows_what_is_known)
{
	struct ip_addr g = snoop_group(v4, 1);
	struct wire lots = wire_records(v4);
	unsigned int seen[3] = { 0 };
	struct mcast_entry e;
	uint32_t cursor = 0;

	lots.body[7] = 9;
	snoop_settle(s, v4);
	snoop_join(s, v4, g, 3);
	s->now += 4;
	snoop_hear(s, &lots, 5);
	while (mcast_iterate(s->m, &cursor, s->now, &e)) {
		seen[e.role]++;
		switch (e.role) {
		case MCAST_MEMBER:
			assert_true(ip_same(&e.group, &g));
			assert_int_equal(e.port, 3);
			assert_int_equal(e.left, MCAST_MEMBER_S - 4);
			break;
		case MCAST_ROUTER:
			assert_int_equal(ip_is_v4(&e.group), v4);
			assert_int_equal(e.port, 0);
			assert_int_equal(e.left, MCAST_QUERIER_S - 15);
			break;
		case MCAST_EVERYTHING:
			assert_int_equal(e.port, 5);
			assert_int_equal(e.left, MCAST_MEMBER_S);
			break;
		}
		assert_int_equal(e.vlan, 0);
	}
	for (unsigned int role = 0; role < 3; role++)
		assert_int_equal(seen[role], 1);
	/* Further calls find no more, nor do wild cursors or later times. */
	assert_false(mcast_iterate(s->m, &cursor, s->now, &e));
	cursor = UINT32_MAX;
	assert_false(mcast_iterate(s->m, &cursor, s->now, &e));
	cursor = 0;
	assert_false(mcast_iterate(s->m, &cursor, s->now + 300, &e));
}

static void sizes_out_of_range_are_refused(void **state)
{
	size_t size = mcast_size(8);
	void *memory = aligned_alloc(64, size);

	(void)state;
	assert_non_null(memory);
	assert_int_equal(mcast_size(0), 0);
	assert_int_equal(mcast_size(MCAST_MAX_GROUPS + 1), 0);
	assert_int_equal(mcast_size(UINT32_MAX), 0);
	assert_int_not_equal(mcast_size(1), 0);
	/* 68 bytes a membership, its share of the hash, and what is fixed. */
	assert_in_range(mcast_size(MCAST_MAX_GROUPS), 0,
			MCAST_MAX_GROUPS * 72 + 3072);
	assert_null(mcast_init(memory, size - 1, 8, 1));
	assert_null(mcast_init(memory, size, 0, 1));
	assert_null(mcast_init(memory, size, MCAST_MAX_GROUPS + 1, 1));
	assert_non_null(mcast_init(memory, size, 8, 1));
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_igmp_goes_everywhere),
		cmocka_unit_test(
			a_router_that_says_hello_gets_every_known_group),
		cmocka_unit_test(a_long_hello_is_one),
		cmocka_unit_test(queries_of_nobody_teach_nothing),
		cmocka_unit_test(reports_of_nobody_count),
		cmocka_unit_test(which_records_join),
		cmocka_unit_test(a_report_of_many_records_is_read_to_its_end),
		cmocka_unit_test(
			a_report_that_is_too_long_gives_everything_for_a_while),
		cmocka_unit_test(a_flushed_port_is_forgotten),
		cmocka_unit_test(with_the_querier_s_port_goes_the_question),
		cmocka_unit_test(a_walk_shows_what_is_known),
		cmocka_unit_test(sizes_out_of_range_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
