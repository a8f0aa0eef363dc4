/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address resolution under rules with `reply`: what answers a question, and who
 * may ask for which address.
 */
#include "tests/unit/flow_near_rig.h"

/* --- who was asked ------------------------------------------------------ */

static void who_was_asked_may_reply_and_ask_back(void **state)
{
	struct flow_table *t = flows_new(8);
	struct flow_entry e;
	struct flow_hit hit;
	struct pkt k;

	(void)state;
	a_asks(t, &there, 0, 1, 2, NOW);
	e = only(t, NOW);
	assert_int_equal(e.protocol, 0);
	assert_addr(e.from, ip_from_v4(0));
	assert_addr(e.to, v4(2));
	for (unsigned int op = 0; op < 10; op++) {
		bool good = op == ASK || op == SAY;

		put_arp(&k, op, v4(2), v4(1));
		assert_int_equal(answers_on(t, &k, &back, NOW, &hit), good);
		if (good)
			assert_true(hit.resolves);
		/* About another address of who has asked. */
		put_arp(&k, op, v4(2), v4(3));
		assert_int_equal(answers(t, &k, NOW), good);
		/* About his own: an announcement. */
		put_arp(&k, op, v4(2), v4(2));
		assert_int_equal(answers(t, &k, NOW), good);
		/* From no address, or another, only a question. */
		put_arp(&k, op, ip_from_v4(0), v4(1));
		assert_int_equal(answers(t, &k, NOW), op == ASK);
		put_arp(&k, op, v4(3), v4(1));
		assert_int_equal(answers(t, &k, NOW), op == ASK);
		put_arp(&k, op, v4(3), v4(2));
		assert_false(answers(t, &k, NOW));
		put_arp(&k, op, v4(3), v4(3));
		assert_false(answers(t, &k, NOW));
		put_arp(&k, op, v4(1), v4(2));
		assert_false(answers(t, &k, NOW));
		put_arp(&k, op, v4(1), v4(1));
		assert_false(answers(t, &k, NOW));
	}
	free(t);
}

static void what_answers_a_solicitation(void **state)
{
	struct flow_table *t = flows_new(8);
	struct flow_entry e;
	struct pkt k;

	(void)state;
	a_asks(t, &there, 1, 1, 2, NOW);
	e = only(t, NOW);
	assert_addr(e.from, host(1, 0));
	assert_addr(e.to, v6(2));
	assert_int_equal(e.protocol, 58);
	assert_int_equal(e.left, 60);
	assert_true(may_say(t, 1, 2, 1, NOW));
	/* Also to another address of who has asked, and to all. */
	assert_true(may_say(t, 1, 2, 3, NOW));
	assert_true(may_say(t, 1, 2, 0, NOW));
	/* From any address. */
	put_start(&k, PACKET_ICMPV6, v6(3), v6(1));
	put_nd(&k, NA, v6(2));
	assert_true(answers(t, &k, NOW));
	assert_false(may_say(t, 1, 3, 1, NOW));
	assert_false(may_say(t, 1, 3, 0, NOW));
	assert_false(may_say(t, 1, 1, 2, NOW));
	assert_true(may_ask(t, 1, 2, 1, NOW));
	assert_true(may_ask(t, 1, 2, 3, NOW));
	assert_false(may_ask(t, 1, 3, 2, NOW));
	assert_false(may_ask(t, 1, 1, 2, NOW));
	free(t);
}

static void who_was_asked_may_ask_as_long_as_a_connection_lives(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);
		struct pkt k;

		a_asks(t, &there, version, 1, 2, NOW);
		assert_true(may_say(t, version, 2, 1, NOW + 59));
		assert_false(may_say(t, version, 2, 1, NOW + 60));
		b_says(t, version, 2, 1, NOW);
		assert_int_equal(only(t, NOW).left, 7440);
		assert_int_equal(only(t, NOW).state, FLOW_ANSWERED);
		/* Asking again, or answering, does not make it shorter. */
		a_asks(t, &there, version, 1, 2, NOW + 1);
		assert_int_equal(only(t, NOW + 1).left, 7440);
		put_say(&k, version, 1, 2);
		sent(t, &k, NOW + 2);
		assert_int_equal(only(t, NOW + 2).left, 7440);
		/* It has found b there, and knows that for a day. */
		assert_true(may_say(t, version, 2, 1, NOW + DAY - 1));
		assert_false(may_say(t, version, 2, 1, NOW + DAY + 1));
		free(t);
	}
}

static void only_a_question_begins_resolution(void **state)
{
	static const uint8_t more[] = { 0, 8, 16, 16, 32 };
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	for (unsigned int op = 0; op < 10; op++) {
		put_arp(&k, op, v4(1), v4(2));
		if (op != ASK)
			sent(t, &k, NOW);
	}
	put_say(&k, 1, 1, 2);
	sent(t, &k, NOW);
	put_say(&k, 1, 1, 0);
	sent(t, &k, NOW);
	/* A group cannot be asked. */
	put_start(&k, PACKET_ICMPV6, v6(1), all_nodes);
	put_nd(&k, NS, all_nodes);
	sent(t, &k, NOW);
	assert_int_equal(flow_count(t), 0);
	assert_false(may_say(t, 0, 2, 1, NOW));
	assert_false(may_ask(t, 0, 2, 1, NOW));
	assert_false(may_ask(t, 1, 2, 1, NOW));
	/* And routers, and where they would send us, are not answers. */
	a_asks(t, &there, 1, 1, 2, NOW);
	for (unsigned int type = 133; type <= 137; type++) {
		put_start(&k, PACKET_ICMPV6, v6(2), v6(1));
		put_icmp(&k, type, 0, 0);
		set_hops(&k, 255);
		put_zeros(&k, more[type - 133]);
		/* That b may ask back is something else. */
		assert_int_equal(answers(t, &k, NOW), type == NS);
	}
	assert_int_equal(flow_count(t), 1);
	free(t);
}

/* Who announces his own address has not asked for it. */
static void hc17_an_announcement_asks_for_nothing(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);

		a_asks(t, &there, version, 1, 1, NOW);
		assert_int_equal(flow_count(t), 0);
		assert_false(may_announce(t, version, 1, NOW));
		assert_false(may_say(t, version, 1, 1, NOW));
		free(t);
	}
}

/* RFC 5227, RFC 4862: who probes for an address has none yet. */
static void who_probes_is_told(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);

		a_asks(t, &there, version, 0, 1, NOW);
		assert_true(may_say(t, version, 1, 0, NOW));
		assert_false(may_say(t, version, 2, 0, NOW));
		assert_false(may_say(t, version, 1, 1, NOW));
		b_says(t, version, 1, 0, NOW);
		/* It was no neighbour that was looked for. */
		assert_false(may_say(t, version, 1, 2, NOW));
		free(t);
	}
}

/* --- who may ask -------------------------------------------------------- */

/* A router has more addresses than a has asked for. */
static void a_router_asks_from_whichever_it_likes(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);

		assert_false(may_ask(t, version, 254, 1, NOW));
		a_asks(t, &there, version, 1, 2, NOW);
		b_says(t, version, 2, 1, NOW);
		a_talks(t, &there, version, 1, 77, NOW);
		assert_true(may_ask(t, version, 254, 1, NOW));
		assert_true(may_ask(t, version, 0, 1, NOW));
		/* Not for what a has not used there; not as a; no groups. */
		assert_false(may_ask(t, version, 254, 11, NOW));
		assert_false(may_ask(t, version, 1, 1, NOW));
		/* And it is a question that may be, nothing more. */
		assert_false(may_say(t, version, 254, 1, NOW));
		assert_false(may_announce(t, version, 254, NOW));
		/* a uses another. */
		a_talks(t, &there, version, 11, 77, NOW);
		assert_true(may_ask(t, version, 254, 11, NOW));
		free(t);
	}
}

static void who_asks_as_a_group(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	a_talks(t, &there, 0, 1, 2, NOW);
	put_arp(&k, ASK, ip_from_v4(0xffffffff), v4(1));
	assert_false(answers(t, &k, NOW));
	put_arp(&k, ASK, ip_from_v4(0xe0000001), v4(1));
	assert_false(answers(t, &k, NOW));
	put_arp(&k, ASK, v4(9), v4(1));
	assert_true(answers(t, &k, NOW));
	free(t);
}

static void only_where_a_has_used_it(void **state)
{
	static const struct flow_path ways[] = { { VLAN, C, A },
						 { VLAN + 1, B, A },
						 { VLAN, B, C },
						 { VLAN, A, B } };
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);

		a_talks(t, &there, version, 1, 2, NOW);
		put_ask(&k, version, 254, 1);
		assert_true(answers(t, &k, NOW));
		for (unsigned int i = 0; i < 4; i++)
			assert_false(answers_on(t, &k, &ways[i], NOW, NULL));
		free(t);
	}
}

static void as_long_as_they_can_talk(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);
		struct pkt k;

		/* As long as the first answer may take. */
		a_talks(t, &there, version, 1, 2, NOW);
		assert_true(may_ask(t, version, 254, 1, NOW + 59));
		assert_false(may_ask(t, version, 254, 1, NOW + 60));
		put_start(&k, 47, host(version, 3), host(version, 2));
		sent(t, &k, NOW);
		assert_true(may_ask(t, version, 254, 3, NOW + 599));
		assert_false(may_ask(t, version, 254, 3, NOW + 600));
		/* And then as long as any connection. */
		is_answered(t, &back, version, 1, 2, NOW + 29);
		assert_true(may_ask(t, version, 254, 1, NOW + 29 + 7439));
		assert_false(may_ask(t, version, 254, 1, NOW + 29 + 7440));
		/* Another flow that is not answered takes nothing away. */
		a_asks(t, &there, version, 1, 8, NOW + 100);
		assert_true(may_ask(t, version, 254, 1, NOW + 100 + 7439));
		/* Asking prolongs nothing. */
		put_ask(&k, version, 254, 1);
		goes_on(t, &k, &back, NOW + 5000);
		assert_false(may_ask(t, version, 254, 1, NOW + 100 + 7440));
		free(t);
	}
}

/* What goes to a group is no conversation. */
static void who_shouts_is_not_asked(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	put_start(&k, PACKET_UDP, v4(1), ip_from_v4(0xe00000fb));
	put_udp(&k, 5353, 5353);
	sent(t, &k, NOW);
	put_say(&k, 0, 1, 2);
	sent(t, &k, NOW);
	assert_false(may_ask(t, 0, 254, 1, NOW));
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_asked_may_reply_and_ask_back),
		cmocka_unit_test(what_answers_a_solicitation),
		cmocka_unit_test(
			who_was_asked_may_ask_as_long_as_a_connection_lives),
		cmocka_unit_test(only_a_question_begins_resolution),
		cmocka_unit_test(hc17_an_announcement_asks_for_nothing),
		cmocka_unit_test(who_probes_is_told),
		cmocka_unit_test(a_router_asks_from_whichever_it_likes),
		cmocka_unit_test(who_asks_as_a_group),
		cmocka_unit_test(only_where_a_has_used_it),
		cmocka_unit_test(as_long_as_they_can_talk),
		cmocka_unit_test(who_shouts_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
