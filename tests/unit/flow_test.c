/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows of UDP and other protocols: what begins one, what answers it, what does
 * not, and for how long.  flow_tcp_test.c has TCP; flow_icmp_test.c ICMP;
 * flow_near_test.c ARP and neighbour discovery; flow_related_test.c errors and
 * fragments; flow_full_test.c and flow_share_test.c the table as such.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/flow_rig.h"

static void an_answer_comes_back(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);
		struct flow_hit hit;

		udp_in(&k, version);
		assert_false(answers(t, &k, NOW));
		udp_out(&k, version);
		sent(t, &k, NOW);
		udp_in(&k, version);
		assert_true(answers_on(t, &k, &back, NOW, &hit));
		assert_int_equal(hit.rule, RULE);
		assert_int_equal(hit.generation, GENERATION);
		assert_false(hit.related);
		free(t);
	}
}

static void a_flow_is_shown_as_it_began(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);
		struct flow_entry e;

		udp_out(&k, version);
		sent(t, &k, NOW);
		e = only(t, NOW + 9);
		assert_addr(e.from, test_src[version]);
		assert_addr(e.to, test_dst[version]);
		assert_int_equal(e.from_port, 1024);
		assert_int_equal(e.to_port, 53);
		assert_int_equal(e.protocol, PACKET_UDP);
		assert_int_equal(e.vlan, VLAN);
		assert_int_equal(e.src, A);
		assert_int_equal(e.dst, B);
		assert_int_equal(e.rule, RULE);
		assert_int_equal(e.state, FLOW_OPENED);
		assert_int_equal(e.left, 21);
		free(t);
	}
}

static void asking_changes_nothing(void **state)
{
	size_t size = flow_size(8);
	struct flow_table *t = flows_new(8);
	void *copy = malloc(size);
	struct pkt k;

	(void)state;
	assert_non_null(copy);
	udp_out(&k, 0);
	sent(t, &k, NOW);
	memcpy(copy, t, size);
	udp_in(&k, 0);
	assert_true(answers(t, &k, NOW + 1));
	assert_false(answers(t, &k, NOW + 100));
	assert_memory_equal(t, copy, size);
	free(copy);
	free(t);
}

static void another_way_is_no_answer(void **state)
{
	static const struct flow_path ways[] = {
		{ VLAN, A, B },	    { VLAN, B + 1, A }, { VLAN, B, A + 1 },
		{ VLAN + 1, B, A }, { 0, B, A },	{ VLAN, A, A },
	};
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	for (unsigned int i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		udp_in(&k, 0);
		assert_false(answers_on(t, &k, &ways[i], NOW, NULL));
	}
	free(t);
}

static void other_addresses_or_ports_are_no_answer(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		udp_out(&k, version);
		sent(t, &k, NOW);
		/* The very packet that was sent, coming back. */
		assert_false(answers(t, &k, NOW));
		udp_in(&k, version);
		assert_true(answers(t, &k, NOW));
		for (unsigned int at = version ? 22 : 26;
		     at < (version ? 58 : 38); at++) {
			for (unsigned int bit = 0; bit < 8; bit++) {
				k.b[at] ^= (uint8_t)(1u << bit);
				assert_false(answers(t, &k, NOW));
				k.b[at] ^= (uint8_t)(1u << bit);
			}
		}
		tcp_in(&k, version, PACKET_ACK);
		set16(k.b + (version ? 54 : 34), 53);
		assert_false(answers(t, &k, NOW));
	}
	free(t);
}

/* What b may send to a by an answer opens nothing from b's side. */
static void an_answer_has_no_answer(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	udp_in(&k, 0);
	answered(t, &k, NOW);
	udp_out(&k, 0);
	assert_false(answers_on(t, &k, &there, NOW, NULL));
	assert_int_equal(flow_count(t), 1);
	free(t);
}

static void udp_lives_and_ends(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	udp_in(&k, 0);
	assert_true(answers(t, &k, NOW + 29));
	assert_false(answers(t, &k, NOW + 30));
	/* Each frame counts anew. */
	udp_out(&k, 0);
	sent(t, &k, NOW + 29);
	udp_in(&k, 0);
	assert_true(answers(t, &k, NOW + 58));
	answered(t, &k, NOW + 58);
	assert_int_equal(only(t, NOW + 58).state, FLOW_ANSWERED);
	assert_true(answers(t, &k, NOW + 58 + 179));
	assert_false(answers(t, &k, NOW + 58 + 180));
	answered(t, &k, NOW + 58 + 179);
	assert_true(answers(t, &k, NOW + 58 + 358));
	/* A late one of the initiator finds the flow answered. */
	udp_out(&k, 0);
	sent(t, &k, NOW + 300);
	udp_in(&k, 0);
	assert_true(answers(t, &k, NOW + 479));
	assert_int_equal(flow_counts(t).opened, 1);
	/* But once it has expired it begins as at first. */
	udp_out(&k, 0);
	sent(t, &k, NOW + 480);
	udp_in(&k, 0);
	assert_true(answers(t, &k, NOW + 509));
	assert_false(answers(t, &k, NOW + 510));
	assert_int_equal(flow_counts(t).opened, 2);
	assert_int_equal(flow_counts(t).expired, 1);
	assert_int_equal(flow_count(t), 1);
	free(t);
}

static void rule_and_generation_follow(void **state)
{
	struct flow_table *t = flows_new(8);
	struct flow_hit hit;
	struct packet p;
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	p = parse(&k);
	flow_opened(t, &p, &there, RULE + 1, GENERATION + 1, NOW);
	udp_in(&k, 0);
	assert_true(answers_on(t, &k, &back, NOW, &hit));
	assert_int_equal(hit.rule, RULE + 1);
	assert_int_equal(hit.generation, GENERATION + 1);
	p = parse(&k);
	flow_answered(t, &p, &back, &hit, GENERATION + 2, NOW);
	assert_true(answers_on(t, &k, &back, NOW, &hit));
	assert_int_equal(hit.rule, RULE + 1);
	assert_int_equal(hit.generation, GENERATION + 2);
	assert_int_equal(only(t, NOW).rule, RULE + 1);
	free(t);
}

static void groups_are_not_asked(void **state)
{
	static const uint32_t groups[] = { 0xe0000001, 0xefffffff, 0xffffffff };
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		put_start(&k, PACKET_UDP, v4(1), ip_from_v4(groups[i]));
		put_udp(&k, 5353, 5353);
		sent(t, &k, NOW);
		put_start(&k, PACKET_UDP, ip_from_v4(groups[i]), v4(1));
		put_udp(&k, 5353, 5353);
		assert_false(answers(t, &k, NOW));
	}
	put_start(&k, PACKET_UDP, v6(1),
		  (struct ip_addr){ 0xff02ull << 48, 1 });
	put_udp(&k, 5353, 5353);
	sent(t, &k, NOW);
	assert_int_equal(flow_count(t), 0);
	put_start(&k, PACKET_UDP, v4(1), ip_from_v4(0xdfffffff));
	put_udp(&k, 5353, 5353);
	sent(t, &k, NOW);
	put_start(&k, PACKET_UDP, v4(1), ip_from_v4(0xf0000000));
	put_udp(&k, 5353, 5353);
	sent(t, &k, NOW);
	assert_int_equal(flow_count(t), 2);
	free(t);
}

static void other_protocols(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);

		put_start(&k, 47, test_src[version], test_dst[version]);
		sent(t, &k, NOW);
		assert_int_equal(only(t, NOW).protocol, 47);
		assert_int_equal(only(t, NOW).from_port, 0);
		put_start(&k, 50, test_dst[version], test_src[version]);
		assert_false(answers(t, &k, NOW));
		put_start(&k, 47, test_dst[version], test_src[version]);
		assert_true(answers(t, &k, NOW + 599));
		assert_false(answers(t, &k, NOW + 600));
		answered(t, &k, NOW + 599);
		assert_int_equal(only(t, NOW + 599).left, 600);
		assert_int_equal(only(t, NOW + 599).state, FLOW_ANSWERED);
		free(t);
	}
}

static void what_is_no_ip_is_of_no_flow(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	put_eth(&k, 0x88cc);
	put_zeros(&k, 46);
	sent(t, &k, NOW);
	assert_int_equal(flow_count(t), 1);
	assert_false(answers(t, &k, NOW));
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes_back),
		cmocka_unit_test(a_flow_is_shown_as_it_began),
		cmocka_unit_test(asking_changes_nothing),
		cmocka_unit_test(another_way_is_no_answer),
		cmocka_unit_test(other_addresses_or_ports_are_no_answer),
		cmocka_unit_test(an_answer_has_no_answer),
		cmocka_unit_test(udp_lives_and_ends),
		cmocka_unit_test(rule_and_generation_follow),
		cmocka_unit_test(groups_are_not_asked),
		cmocka_unit_test(other_protocols),
		cmocka_unit_test(what_is_no_ip_is_of_no_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
