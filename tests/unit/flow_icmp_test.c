/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows of ICMP, ARP and neighbour discovery: what answers, and what does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/flow_rig.h"

/* --- echoes and the like ---------------------------------------------------- */

static bool is_request(unsigned int version, unsigned int type)
{
	if (version)
		return type == 128;
	return type == 8 || type == 13 || type == 15 || type == 17;
}

static unsigned int reply_to(unsigned int type)
{
	return type == 8 ? 0 : type + 1;
}

/* Neighbour discovery has more than put_icmp() puts; see below. */
static bool is_nd(unsigned int version, unsigned int type)
{
	return version && type >= 133 && type <= 137;
}

static void requests_are_answered_by_their_replies_alone(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		for (unsigned int type = 0; type < 256; type++) {
			struct flow_table *t = flows_new(8);

			if (is_nd(version, type)) {
				free(t);
				continue;
			}
			icmp_out(&k, version, type, 0x4321);
			sent(t, &k, NOW);
			assert_int_equal(flow_count(t),
					 is_request(version, type));
			for (unsigned int in = 0; in < 256; in++) {
				icmp_in(&k, version, in, 0x4321);
				assert_int_equal(answers(t, &k, NOW),
						 is_request(version, type) &&
							 in == reply_to(type));
			}
			free(t);
		}
	}
}

static void an_echo_lives_and_ends(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);
		unsigned int reply = version ? 129 : 0;
		struct flow_entry e;

		icmp_out(&k, version, version ? 128 : 8, 0x4321);
		sent(t, &k, NOW);
		e = only(t, NOW);
		assert_int_equal(e.protocol, version ? 58 : 1);
		assert_int_equal(e.from_port, 0x4321);
		assert_int_equal(e.to_port, 0);
		icmp_in(&k, version, reply, 0x4322);
		assert_false(answers(t, &k, NOW));
		icmp_in(&k, version, reply, 0x4321);
		assert_true(answers(t, &k, NOW + 59));
		assert_false(answers(t, &k, NOW + 60));
		answered(t, &k, NOW + 59);
		assert_int_equal(only(t, NOW + 59).state, FLOW_ANSWERED);
		assert_int_equal(only(t, NOW + 59).left, 60);
		/* A reply from a is no request. */
		icmp_out(&k, version, reply, 0x4321);
		assert_false(answers_on(t, &k, &there, NOW + 59, NULL));
		free(t);
	}
}

/* --- ARP ---------------------------------------------------------------------- */

static bool arp_answers(const struct flow_table *t, unsigned int op,
			struct ip_addr from, struct ip_addr to, uint32_t now)
{
	struct pkt k;

	put_arp(&k, op, from, to);
	return answers(t, &k, now);
}

static void arp_ask(struct flow_table *t, struct ip_addr from,
		    struct ip_addr to, uint32_t now)
{
	struct pkt k;

	put_arp(&k, 1, from, to);
	sent(t, &k, now);
}

static void who_was_asked_may_reply_and_ask_back(void **state)
{
	struct flow_table *t = flows_new(8);
	struct flow_entry e;

	(void)state;
	arp_ask(t, v4(1), v4(2), NOW);
	e = only(t, NOW);
	assert_int_equal(e.protocol, 0);
	assert_addr(e.from, ip_from_v4(0));
	assert_addr(e.to, v4(2));
	for (unsigned int op = 0; op < 10; op++) {
		bool good = op == 1 || op == 2;

		assert_int_equal(arp_answers(t, op, v4(2), v4(1), NOW), good);
		/* About another address of who has asked. */
		assert_int_equal(arp_answers(t, op, v4(2), v4(3), NOW), good);
		/* As somebody who was not asked for, or nobody. */
		assert_false(arp_answers(t, op, v4(3), v4(1), NOW));
		assert_false(arp_answers(t, op, v4(3), v4(2), NOW));
		assert_false(arp_answers(t, op, ip_from_v4(0), v4(1), NOW));
		assert_false(arp_answers(t, op, v4(1), v4(2), NOW));
		assert_false(arp_answers(t, op, v4(2), v4(2), NOW));
	}
	free(t);
}

static void only_a_request_begins_an_arp_flow(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	for (unsigned int op = 0; op < 10; op++) {
		put_arp(&k, op, v4(1), v4(2));
		if (op != 1)
			sent(t, &k, NOW);
	}
	assert_int_equal(flow_count(t), 0);
	assert_false(arp_answers(t, 2, v4(2), v4(1), NOW));
	free(t);
}

static void who_was_asked_may_ask_as_long_as_a_connection_lives(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	arp_ask(t, v4(1), v4(2), NOW);
	assert_true(arp_answers(t, 2, v4(2), v4(1), NOW + 59));
	assert_false(arp_answers(t, 2, v4(2), v4(1), NOW + 60));
	put_arp(&k, 2, v4(2), v4(1));
	answered(t, &k, NOW);
	assert_true(arp_answers(t, 1, v4(2), v4(1), NOW + 7439));
	assert_false(arp_answers(t, 1, v4(2), v4(1), NOW + 7440));
	/* Asking again, or answering, does not make it shorter. */
	arp_ask(t, v4(1), v4(2), NOW + 1);
	assert_int_equal(only(t, NOW + 1).left, 7440);
	put_arp(&k, 2, v4(1), v4(2));
	sent(t, &k, NOW + 2);
	assert_int_equal(only(t, NOW + 2).left, 7440);
	free(t);
}

/* RFC 5227: who probes for an address has none. */
static void arp_probes(void **state)
{
	struct flow_table *t = flows_new(8);

	(void)state;
	arp_ask(t, ip_from_v4(0), v4(1), NOW);
	assert_true(arp_answers(t, 2, v4(1), ip_from_v4(0), NOW));
	assert_false(arp_answers(t, 2, v4(1), v4(1), NOW));
	free(t);
}

/* --- neighbour discovery ---------------------------------------------------------- */

static const struct ip_addr nobody, all_nodes = { 0xff02ull << 48, 1 };

/* The group a solicitation of an address goes to. */
static struct ip_addr solicited(struct ip_addr target)
{
	return (struct ip_addr){ 0xff02ull << 48,
				 0x1ff000000 | (target.lo & 0xffffff) };
}

static bool nd_answers(const struct flow_table *t, unsigned int type,
		       struct ip_addr src, struct ip_addr dst,
		       struct ip_addr target)
{
	struct pkt k;

	put_start(&k, PACKET_ICMPV6, src, dst);
	put_nd(&k, type, target);
	put_nd_option(&k, type - 134, 0x020000000001);
	return answers(t, &k, NOW);
}

static void nd_send(struct flow_table *t, unsigned int type, struct ip_addr src,
		    struct ip_addr dst, struct ip_addr target)
{
	struct pkt k;

	put_start(&k, PACKET_ICMPV6, src, dst);
	put_nd(&k, type, target);
	sent(t, &k, NOW);
}

static void what_answers_a_solicitation(void **state)
{
	struct flow_table *t = flows_new(8);
	struct ip_addr a = v6(1), b = v6(2), c = v6(3);
	struct flow_entry e;

	(void)state;
	nd_send(t, 135, a, solicited(b), b);
	e = only(t, NOW);
	assert_addr(e.from, nobody);
	assert_addr(e.to, b);
	assert_int_equal(e.protocol, 58);
	assert_int_equal(e.left, 60);
	/* An advertisement of the target, from any address. */
	assert_true(nd_answers(t, 136, b, a, b));
	assert_true(nd_answers(t, 136, c, a, b));
	/* Also to another address of who has asked. */
	assert_true(nd_answers(t, 136, b, c, b));
	/* Not of another, or to all. */
	assert_false(nd_answers(t, 136, b, a, c));
	assert_false(nd_answers(t, 136, b, a, a));
	assert_false(nd_answers(t, 136, b, all_nodes, b));
	/* The target asks back, for any address. */
	assert_true(nd_answers(t, 135, b, solicited(a), a));
	assert_true(nd_answers(t, 135, b, a, a));
	assert_true(nd_answers(t, 135, b, solicited(c), c));
	assert_false(nd_answers(t, 135, c, solicited(a), a));
	assert_false(nd_answers(t, 135, c, solicited(b), b));
	assert_false(nd_answers(t, 135, b, solicited(b), b));
	assert_false(nd_answers(t, 135, nobody, solicited(a), a));
	free(t);
}

static void an_answered_solicitation_lives_on(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	nd_send(t, 135, v6(1), solicited(v6(2)), v6(2));
	put_start(&k, PACKET_ICMPV6, v6(2), v6(1));
	put_nd(&k, 136, v6(2));
	assert_true(answers(t, &k, NOW + 59));
	assert_false(answers(t, &k, NOW + 60));
	answered(t, &k, NOW);
	assert_true(answers(t, &k, NOW + 7439));
	assert_false(answers(t, &k, NOW + 7440));
	/* An advertisement by a, to who asked back, goes on with the flow. */
	put_start(&k, PACKET_ICMPV6, v6(1), v6(2));
	put_nd(&k, 136, v6(1));
	sent(t, &k, NOW + 9);
	assert_int_equal(only(t, NOW + 9).left, 7440);
	free(t);
}

static void duplicate_address_detection(void **state)
{
	struct flow_table *t = flows_new(8);

	(void)state;
	nd_send(t, 135, nobody, solicited(v6(1)), v6(1));
	assert_true(nd_answers(t, 136, v6(1), all_nodes, v6(1)));
	assert_false(nd_answers(t, 136, v6(2), all_nodes, v6(2)));
	assert_false(nd_answers(t, 136, v6(1), v6(1), v6(1)));
	free(t);
}

static void what_begins_no_discovery(void **state)
{
	static const uint8_t more[] = { 0, 8, 16, 16, 32 };
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	nd_send(t, 136, v6(1), v6(2), v6(1));
	nd_send(t, 136, v6(1), all_nodes, v6(1));
	/* A group cannot be asked. */
	nd_send(t, 135, v6(1), solicited(v6(2)), all_nodes);
	assert_int_equal(flow_count(t), 0);
	/* And routers, and where they would send us, are not answers. */
	nd_send(t, 135, v6(1), solicited(v6(2)), v6(2));
	for (unsigned int type = 133; type <= 137; type++) {
		put_start(&k, PACKET_ICMPV6, v6(2), v6(1));
		put_icmp(&k, type, 0, 0);
		put_zeros(&k, more[type - 133]);
		assert_false(answers(t, &k, NOW));
		put_start(&k, PACKET_ICMPV6, v6(1), v6(2));
		put_icmp(&k, type, 0, 0);
		put_zeros(&k, more[type - 133]);
		if (type != 135)
			sent(t, &k, NOW);
	}
	assert_int_equal(flow_count(t), 1);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_answered_by_their_replies_alone),
		cmocka_unit_test(an_echo_lives_and_ends),
		cmocka_unit_test(who_was_asked_may_reply_and_ask_back),
		cmocka_unit_test(only_a_request_begins_an_arp_flow),
		cmocka_unit_test(
			who_was_asked_may_ask_as_long_as_a_connection_lives),
		cmocka_unit_test(arp_probes),
		cmocka_unit_test(what_answers_a_solicitation),
		cmocka_unit_test(an_answered_solicitation_lives_on),
		cmocka_unit_test(duplicate_address_detection),
		cmocka_unit_test(what_begins_no_discovery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
