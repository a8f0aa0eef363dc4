/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who loses a flow when the table is full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/flow_rig.h"

static void hc21_a_flood_of_flows_costs_its_own_port(void **state)
{
	struct flow_table *t = flows_new(1024);

	(void)state;
	for (unsigned int port = 0; port < 4; port++)
		for (unsigned int n = 0; n < 100; n++)
			open_nth(t, port, n, NOW);
	for (unsigned int n = 0; n < 100000; n++)
		open_nth(t, 20, n, NOW + n / 10000);
	for (unsigned int port = 0; port < 4; port++)
		for (unsigned int n = 0; n < 100; n++)
			assert_true(has_nth(t, port, n, NOW + 10));
	/* It has the rest of the table, and its latest flows in it. */
	for (unsigned int n = 100000 - 624; n < 100000; n++)
		assert_true(has_nth(t, 20, n, NOW + 10));
	assert_false(has_nth(t, 20, 100000 - 625, NOW + 10));
	assert_int_equal(flow_count(t), 1024);
	assert_int_equal(flow_counts(t).evicted, 100000 - 624);
	/* A newcomer gets his place from it. */
	open_nth(t, 30, 1, NOW + 10);
	assert_true(has_nth(t, 30, 1, NOW + 10));
	assert_false(has_nth(t, 20, 100000 - 624, NOW + 10));
	free(t);
}

static void hc21_two_floods_share(void **state)
{
	struct flow_table *t = flows_new(300);
	unsigned int has[2] = { 0 };

	(void)state;
	for (unsigned int n = 0; n < 50; n++)
		open_nth(t, 1, n, NOW);
	for (unsigned int n = 0; n < 1000; n++)
		open_nth(t, 20 + n % 2, n, NOW);
	for (unsigned int n = 0; n < 50; n++)
		assert_true(has_nth(t, 1, n, NOW));
	for (unsigned int n = 0; n < 1000; n++)
		has[n % 2] += has_nth(t, 20 + n % 2, n, NOW);
	assert_int_equal(has[0] + has[1], 250);
	assert_in_range(has[0], 124, 126);
	free(t);
}

static void the_longest_unseen_goes(void **state)
{
	struct flow_table *t = flows_new(4);

	(void)state;
	for (unsigned int n = 0; n < 4; n++)
		open_nth(t, A, n, NOW + n);
	/* 0 is seen again. */
	open_nth(t, A, 0, NOW + 5);
	for (unsigned int n = 4; n < 8; n++) {
		static const unsigned int goes[] = { 1, 2, 3, 0 };

		open_nth(t, A, n, NOW + 6);
		assert_false(has_nth(t, A, goes[n - 4], NOW + 6));
	}
	for (unsigned int n = 4; n < 8; n++)
		assert_true(has_nth(t, A, n, NOW + 6));
	assert_int_equal(flow_counts(t).expired, 0);
	free(t);
}

/* A connection at rest is worth more than what nobody answers. */
static void hc21_the_unanswered_go_first(void **state)
{
	struct flow_table *t = flows_new(64);
	struct pkt k;

	(void)state;
	tcp_out(&k, 0, PACKET_SYN);
	sent(t, &k, NOW);
	tcp_in(&k, 0, PACKET_SYN | PACKET_ACK);
	answered(t, &k, NOW);
	for (unsigned int n = 0; n < 3; n++) {
		open_nth(t, A, n, NOW + n);
		answer_nth(t, A, n, NOW + n);
	}
	for (unsigned int n = 100; n < 6100; n++)
		open_nth(t, A, n, NOW + 100 + n / 1000);
	tcp_in(&k, 0, PACKET_ACK);
	assert_true(answers(t, &k, NOW + 106));
	for (unsigned int n = 0; n < 3; n++)
		assert_true(has_nth(t, A, n, NOW + 106));
	assert_int_equal(flow_counts(t).evicted, 6000 - 60);
	/* If all are answered, the longest unseen of them goes. */
	for (unsigned int n = 6040; n < 6100; n++)
		answer_nth(t, A, n, NOW + 106);
	open_nth(t, A, 7000, NOW + 107);
	tcp_in(&k, 0, PACKET_ACK);
	assert_true(answers(t, &k, NOW + 107));
	assert_false(has_nth(t, A, 0, NOW + 107));
	free(t);
}

/*
 * Nor can its own frames make one look answered, or another port's flood do
 * harm.
 */
static void hc21_who_begins_does_not_answer(void **state)
{
	struct flow_table *t = flows_new(16);
	struct pkt k;

	(void)state;
	for (unsigned int n = 0; n < 8; n++) {
		open_nth(t, B, n, NOW);
		open_nth(t, A, n, NOW);
	}
	tcp_out(&k, 0, PACKET_SYN);
	sent(t, &k, NOW);
	tcp_out(&k, 0, PACKET_ACK);
	sent(t, &k, NOW + 1);
	for (unsigned int n = 100; n < 200; n++)
		open_nth(t, A, n, NOW + 2);
	tcp_in(&k, 0, PACKET_ACK);
	assert_false(answers(t, &k, NOW + 2));
	for (unsigned int n = 0; n < 8; n++)
		assert_true(has_nth(t, B, n, NOW + 2));
	free(t);
}

/* One that is closing has had its time. */
static void what_is_closing_goes_with_the_unanswered(void **state)
{
	struct flow_table *t = flows_new(2);
	struct pkt k;

	(void)state;
	tcp_out(&k, 0, PACKET_SYN);
	sent(t, &k, NOW);
	tcp_in(&k, 0, PACKET_SYN | PACKET_ACK);
	answered(t, &k, NOW);
	open_nth(t, A, 1, NOW);
	answer_nth(t, A, 1, NOW);
	tcp_in(&k, 0, PACKET_RST);
	answered(t, &k, NOW + 5);
	open_nth(t, A, 2, NOW + 6);
	assert_true(has_nth(t, A, 1, NOW + 6));
	tcp_in(&k, 0, PACKET_ACK);
	assert_false(answers(t, &k, NOW + 6));
	free(t);
}

static void the_lowest_port_of_the_greediest_loses(void **state)
{
	struct flow_table *t = flows_new(4);

	(void)state;
	open_nth(t, 5, 1, NOW);
	open_nth(t, 6, 1, NOW);
	open_nth(t, 5, 2, NOW + 1);
	open_nth(t, 6, 2, NOW + 1);
	open_nth(t, 7, 1, NOW + 2);
	assert_false(has_nth(t, 5, 1, NOW + 2));
	assert_true(has_nth(t, 5, 2, NOW + 2));
	open_nth(t, 7, 2, NOW + 2);
	assert_false(has_nth(t, 6, 1, NOW + 2));
	free(t);
}

static void the_expired_go_first(void **state)
{
	struct flow_table *t = flows_new(4);

	(void)state;
	open_nth(t, 5, 1, NOW);
	for (unsigned int n = 0; n < 3; n++)
		open_nth(t, 6, n, NOW + 20);
	open_nth(t, 6, 3, NOW + 30);
	assert_int_equal(flow_counts(t).expired, 1);
	assert_int_equal(flow_counts(t).evicted, 0);
	for (unsigned int n = 0; n < 4; n++)
		assert_true(has_nth(t, 6, n, NOW + 30));
	/* Whichever life they had. */
	answer_nth(t, 6, 0, NOW + 30);
	open_nth(t, 6, 4, NOW + 50);
	assert_int_equal(flow_counts(t).evicted, 0);
	assert_true(has_nth(t, 6, 0, NOW + 50));
	free(t);
}

static void the_expired_go_away_in_the_end(void **state)
{
	struct flow_table *t = flows_new(1000);

	(void)state;
	for (unsigned int n = 0; n < 600; n++)
		open_nth(t, n % 64, n, NOW);
	assert_int_equal(flow_count(t), 600);
	assert_int_equal(shown(t, NOW + 30), 0);
	for (unsigned int n = 0; n < 300; n++)
		open_nth(t, 1, 1000 + n, NOW + 30);
	assert_int_equal(flow_count(t), 300);
	assert_int_equal(shown(t, NOW + 30), 300);
	assert_int_equal(flow_counts(t).expired, 600);
	free(t);
}

static void an_expired_flow_makes_way_for_the_same_anew(void **state)
{
	struct flow_table *t = flows_new(64);

	(void)state;
	for (unsigned int n = 0; n < 10; n++)
		open_nth(t, A, n, NOW);
	open_nth(t, A, 9, NOW + 30);
	/* Itself, and two that were in the way of nobody. */
	assert_int_equal(flow_counts(t).expired, 3);
	assert_int_equal(flow_count(t), 8);
	assert_int_equal(only(t, NOW + 30).left, 30);
	free(t);
}

/* First fragments are their flow's initiator's, not their sender's. */
static void hc21_fragments_are_charged_to_who_began(void **state)
{
	struct flow_table *t = flows_new(16);
	struct flow_hit hit;
	struct packet p;
	struct pkt k;

	(void)state;
	for (unsigned int n = 0; n < 5; n++)
		open_nth(t, B, n, NOW);
	for (unsigned int n = 0; n < 4; n++)
		open_nth(t, 20, n, NOW);
	udp_out(&k, 0);
	sent(t, &k, NOW);
	for (unsigned int id = 0; id < 100; id++) {
		udp_out(&k, 0);
		sent(t, &k, NOW + 1);
		put_eth(&k, 0x0800);
		put_v4(&k, PACKET_UDP, test_dst[0], test_src[0], 5, 0x2000, id);
		put_udp(&k, 53, 1024);
		assert_true(answers_on(t, &k, &back, NOW + 1, &hit));
		p = parse(&k);
		flow_answered(t, &p, &back, &hit, GENERATION, NOW + 1);
	}
	assert_int_equal(flow_count(t), 16);
	for (unsigned int n = 0; n < 5; n++)
		assert_true(has_nth(t, B, n, NOW + 1));
	for (unsigned int n = 0; n < 4; n++)
		assert_true(has_nth(t, 20, n, NOW + 1));
	free(t);
}

/* What flow_answers() said of a flow that has gone since does no harm. */
static void a_hit_of_a_flow_that_has_gone(void **state)
{
	struct flow_table *t = flows_new(1);
	struct flow_hit hit;
	struct packet p;
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	udp_in(&k, 0);
	assert_true(answers_on(t, &k, &back, NOW, &hit));
	p = parse(&k);
	open_nth(t, 20, 1, NOW);
	flow_answered(t, &p, &back, &hit, GENERATION, NOW);
	assert_int_equal(only(t, NOW).state, FLOW_OPENED);
	assert_int_equal(only(t, NOW).src, 20);
	assert_int_equal(flow_flush_port(t, 20), 1);
	flow_answered(t, &p, &back, &hit, GENERATION, NOW);
	assert_int_equal(flow_count(t), 0);
	free(t);
}

/* An error leaves even less to see whether the flow is still there. */
static void an_error_about_a_flow_that_has_gone(void **state)
{
	struct flow_table *t = flows_new(1);
	struct flow_hit hit, other;
	struct packet p, error;
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	icmp_in(&k, 0, 3, 0);
	put_ip(&k, PACKET_UDP, test_src[0], test_dst[0]);
	put_udp(&k, 1024, 53);
	assert_true(answers_on(t, &k, &back, NOW, &hit));
	error = parse(&k);
	tcp_out(&k, 0, PACKET_SYN);
	finish(&k);
	p = parse(&k);
	flow_opened(t, &p, &there, RULE + 1, GENERATION, NOW);
	flow_answered(t, &error, &back, &hit, GENERATION + 1, NOW);
	tcp_in(&k, 0, PACKET_ACK);
	assert_true(answers_on(t, &k, &back, NOW, &other));
	assert_int_equal(other.slot, hit.slot);
	assert_int_equal(other.generation, GENERATION);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc21_a_flood_of_flows_costs_its_own_port),
		cmocka_unit_test(hc21_two_floods_share),
		cmocka_unit_test(the_longest_unseen_goes),
		cmocka_unit_test(hc21_the_unanswered_go_first),
		cmocka_unit_test(hc21_who_begins_does_not_answer),
		cmocka_unit_test(what_is_closing_goes_with_the_unanswered),
		cmocka_unit_test(the_lowest_port_of_the_greediest_loses),
		cmocka_unit_test(the_expired_go_first),
		cmocka_unit_test(the_expired_go_away_in_the_end),
		cmocka_unit_test(an_expired_flow_makes_way_for_the_same_anew),
		cmocka_unit_test(hc21_fragments_are_charged_to_who_began),
		cmocka_unit_test(a_hit_of_a_flow_that_has_gone),
		cmocka_unit_test(an_error_about_a_flow_that_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
