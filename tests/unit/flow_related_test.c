/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What answers without being the flow reversed: ICMP errors about its packets,
 * and later fragments of answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/flow_rig.h"

/* --- errors ------------------------------------------------------------- */

/* An error from a router (host 7) to who sent the packet that is put next. */
static void put_error(struct pkt *k, unsigned int version, unsigned int type,
		      struct ip_addr to)
{
	put_start(k, version ? PACKET_ICMPV6 : PACKET_ICMP,
		  version ? v6(7) : v4(7), to);
	put_icmp(k, type, 0, 0);
}

/* The UDP packet of udp_out(), quoted. */
static void put_quoted(struct pkt *k, unsigned int version)
{
	put_ip(k, PACKET_UDP, test_src[version], test_dst[version]);
	put_udp(k, 1024, 53);
}

static bool error_answers(const struct flow_table *t, unsigned int version,
			  unsigned int type)
{
	struct pkt k;

	put_error(&k, version, type, test_src[version]);
	put_quoted(&k, version);
	put_zeros(&k, 4);
	return answers(t, &k, NOW);
}

static void errors_about_what_was_sent(void **state)
{
	static const uint8_t errors[2][4] = { { 3, 4, 11, 12 },
					      { 1, 2, 3, 4 } };
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);

		for (unsigned int type = 0; type < 256; type++)
			assert_false(error_answers(t, version, type));
		udp_out(&k, version);
		sent(t, &k, NOW);
		for (unsigned int type = 0; type < 256; type++) {
			bool is = memchr(errors[version], (int)type, 4);

			assert_int_equal(error_answers(t, version, type), is);
		}
		free(t);
	}
}

static void an_error_is_related_and_prolongs_nothing(void **state)
{
	struct flow_table *t = flows_new(8);
	struct flow_hit hit;
	struct packet p;
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	put_error(&k, 0, 3, test_src[0]);
	put_quoted(&k, 0);
	assert_true(answers_on(t, &k, &back, NOW + 20, &hit));
	assert_true(hit.related);
	assert_int_equal(hit.rule, RULE);
	p = parse(&k);
	flow_answered(t, &p, &back, &hit, GENERATION + 1, NOW + 20);
	assert_int_equal(only(t, NOW + 20).left, 10);
	assert_int_equal(only(t, NOW + 20).state, FLOW_OPENED);
	assert_true(answers_on(t, &k, &back, NOW + 20, &hit));
	assert_int_equal(hit.generation, GENERATION + 1);
	assert_false(answers(t, &k, NOW + 30));
	free(t);
}

static void errors_about_something_else(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);
		const struct ip_addr *src = &test_src[version];
		const struct ip_addr *dst = &test_dst[version];

		udp_out(&k, version);
		sent(t, &k, NOW);
		/* Another packet of his. */
		put_error(&k, version, 3, *src);
		put_ip(&k, PACKET_UDP, *src, *dst);
		put_udp(&k, 1024, 54);
		assert_false(answers(t, &k, NOW));
		put_error(&k, version, 3, *src);
		put_ip(&k, PACKET_TCP, *src, *dst);
		put_tcp(&k, 1024, 53, PACKET_ACK);
		assert_false(answers(t, &k, NOW));
		/* One that came to him. */
		put_error(&k, version, 3, *src);
		put_ip(&k, PACKET_UDP, *dst, *src);
		put_udp(&k, 53, 1024);
		assert_false(answers(t, &k, NOW));
		/* To somebody else behind his port. */
		put_error(&k, version, 3, version ? v6(3) : v4(3));
		put_quoted(&k, version);
		assert_false(answers(t, &k, NOW));
		/* By another port, in another VLAN. */
		put_error(&k, version, 3, *src);
		put_quoted(&k, version);
		assert_true(answers(t, &k, NOW));
		assert_false(answers_on(t, &k, &there, NOW, NULL));
		assert_false(answers_on(t, &k,
					&(struct flow_path){ VLAN, B + 1, A },
					NOW, NULL));
		assert_false(answers_on(t, &k,
					&(struct flow_path){ VLAN + 1, B, A },
					NOW, NULL));
		free(t);
	}
}

/* RFC 792: eight bytes of the packet are enough. */
static void errors_that_quote_little(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	tcp_out(&k, 0, PACKET_SYN);
	sent(t, &k, NOW);
	put_error(&k, 0, 3, test_src[0]);
	put_ip(&k, PACKET_TCP, test_src[0], test_dst[0]);
	put32(&k, 1024 << 16 | 80);
	put32(&k, 1);
	assert_true(answers(t, &k, NOW));
	k.n -= 5;
	assert_false(answers(t, &k, NOW));
	free(t);
}

static void errors_about_requests(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);
		unsigned int icmp = version ? PACKET_ICMPV6 : PACKET_ICMP;

		icmp_out(&k, version, version ? 128 : 8, 99);
		sent(t, &k, NOW);
		for (unsigned int id = 98; id <= 100; id++) {
			put_error(&k, version, 3, test_src[version]);
			put_ip(&k, icmp, test_src[version], test_dst[version]);
			put_icmp(&k, version ? 128 : 8, 0, id);
			assert_int_equal(answers(t, &k, NOW), id == 99);
		}
		/* An error about a reply of his, or about an error. */
		put_error(&k, version, 3, test_src[version]);
		put_ip(&k, icmp, test_src[version], test_dst[version]);
		put_icmp(&k, version ? 129 : 0, 0, 99);
		assert_false(answers(t, &k, NOW));
		put_error(&k, version, 3, test_src[version]);
		put_ip(&k, icmp, test_src[version], test_dst[version]);
		put_icmp(&k, 3, 0, 0);
		assert_false(answers(t, &k, NOW));
		free(t);
	}
}

static void hc18_errors_in_fragments(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	put_error(&k, 0, 3, test_src[0]);
	put_quoted(&k, 0);
	finish(&k);
	k.b[20] = 0x20;
	assert_false(answers(t, &k, NOW));
	k.b[20] = 0;
	assert_true(answers(t, &k, NOW));
	free(t);
}

/* --- fragments ---------------------------------------------------------- */

#define FIRST_LEN 104u

/* A fragment from b to a: of UDP if it is the first. */
static void put_part(struct pkt *k, unsigned int version, unsigned int at,
		     bool more, unsigned int id)
{
	if (version) {
		put_start(k, 44, test_dst[1], test_src[1]);
		put_fragment(k, PACKET_UDP, at, more, id);
	} else {
		put_eth(k, 0x0800);
		put_v4(k, PACKET_UDP, test_dst[0], test_src[0], 5,
		       (more ? 0x2000u : 0) | at / 8, id);
	}
	if (at == 0)
		put_udp(k, 53, 1024);
	put_zeros(k, at == 0 ? FIRST_LEN - 8 : 40);
}

static bool part_answers(const struct flow_table *t, unsigned int version,
			 unsigned int at, unsigned int id, uint32_t now)
{
	struct flow_hit hit;
	struct pkt k;
	bool yes;

	put_part(&k, version, at, true, id);
	yes = answers_on(t, &k, &back, now, &hit);
	if (yes)
		assert_int_equal(hit.related, at > 0);
	return yes;
}

static void later_fragments_follow_the_first(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);
		struct flow_path other = { VLAN, B + 1, A };

		udp_out(&k, version);
		sent(t, &k, NOW);
		assert_false(part_answers(t, version, FIRST_LEN, 7, NOW));
		put_part(&k, version, 0, true, 7);
		answered(t, &k, NOW);
		/* It is counted, and not shown. */
		assert_int_equal(flow_count(t), 2);
		assert_int_equal(only(t, NOW).state, FLOW_ANSWERED);
		for (unsigned int at = FIRST_LEN; at < 65528; at += 2048)
			assert_true(part_answers(t, version, at, 7, NOW));
		assert_false(part_answers(t, version, FIRST_LEN, 8, NOW));
		put_part(&k, version, FIRST_LEN, false, 7);
		assert_true(answers(t, &k, NOW));
		assert_false(answers_on(t, &k, &there, NOW, NULL));
		assert_false(answers_on(t, &k, &other, NOW, NULL));
		other = (struct flow_path){ VLAN + 1, B, A };
		assert_false(answers_on(t, &k, &other, NOW, NULL));
		/* From or to another address. */
		k.b[version ? 37 : 29] ^= 1;
		assert_false(answers(t, &k, NOW));
		k.b[version ? 37 : 29] ^= 1;
		k.b[version ? 53 : 33] ^= 1;
		assert_false(answers(t, &k, NOW));
		free(t);
	}
}

/* IPv4 tells packets apart by protocol too; IPv6 does not. */
static void later_fragments_of_another_protocol(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);

		udp_out(&k, version);
		sent(t, &k, NOW);
		put_part(&k, version, 0, true, 7);
		answered(t, &k, NOW);
		put_part(&k, version, FIRST_LEN, true, 7);
		k.b[version ? 54 : 23] = PACKET_TCP;
		assert_int_equal(answers(t, &k, NOW), version);
		free(t);
	}
}

static void hc18_fragments_that_overlap_the_first(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);

		udp_out(&k, version);
		sent(t, &k, NOW);
		put_part(&k, version, 0, true, 7);
		answered(t, &k, NOW);
		for (unsigned int at = 8; at < FIRST_LEN; at += 8)
			assert_false(part_answers(t, version, at, 7, NOW));
		assert_true(part_answers(t, version, FIRST_LEN, 7, NOW));
		/* A shorter first one does not make it better. */
		put_part(&k, version, 0, true, 7);
		k.n -= 80;
		answered(t, &k, NOW);
		assert_false(part_answers(t, version, 24, 7, NOW));
		/* And a longer one makes it worse. */
		put_part(&k, version, 0, true, 7);
		put_zeros(&k, 8);
		answered(t, &k, NOW);
		assert_false(part_answers(t, version, FIRST_LEN, 7, NOW));
		assert_true(part_answers(t, version, FIRST_LEN + 8, 7, NOW));
		free(t);
	}
}

static void fragments_live_and_end(void **state)
{
	struct flow_table *t = flows_new(8);
	struct flow_hit hit;
	struct packet p;
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	put_part(&k, 0, 0, true, 7);
	answered(t, &k, NOW);
	assert_true(part_answers(t, 0, FIRST_LEN, 7, NOW + 29));
	assert_false(part_answers(t, 0, FIRST_LEN, 7, NOW + 30));
	put_part(&k, 0, FIRST_LEN, true, 7);
	assert_true(answers_on(t, &k, &back, NOW + 29, &hit));
	p = parse(&k);
	flow_answered(t, &p, &back, &hit, GENERATION + 1, NOW + 29);
	assert_true(part_answers(t, 0, FIRST_LEN, 7, NOW + 58));
	assert_true(answers_on(t, &k, &back, NOW + 29, &hit));
	assert_int_equal(hit.generation, GENERATION + 1);
	/* Nor does its length matter, as that of the first does. */
	put_part(&k, 0, FIRST_LEN, true, 7);
	put_zeros(&k, 200);
	answered(t, &k, NOW + 29);
	assert_true(part_answers(t, 0, FIRST_LEN, 7, NOW + 29));
	/* That was none of the flow itself. */
	assert_int_equal(only(t, NOW + 29).left, 151);
	free(t);
}

/* What is no answer leaves nothing for others to follow. */
static void only_fragments_of_answers_are_remembered(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	put_part(&k, 0, 0, true, 7);
	set16(k.b + 34, 54);
	assert_false(answers(t, &k, NOW));
	/* A first fragment from a begins a flow, and that is all. */
	put_eth(&k, 0x0800);
	put_v4(&k, PACKET_UDP, test_src[0], test_dst[0], 5, 0x2000, 7);
	put_udp(&k, 1024, 99);
	sent(t, &k, NOW);
	assert_int_equal(flow_count(t), 2);
	/* A later one not even that. */
	put_eth(&k, 0x0800);
	put_v4(&k, 47, test_src[0], test_dst[0], 5, 5, 7);
	put_zeros(&k, 8);
	sent(t, &k, NOW);
	assert_int_equal(flow_count(t), 2);
	assert_false(part_answers(t, 0, FIRST_LEN, 7, NOW));
	/* Nor does a whole answer. */
	udp_in(&k, 0);
	answered(t, &k, NOW);
	assert_int_equal(flow_count(t), 2);
	free(t);
}

/* RFC 1858: the flags that are judged must be there, and stay. */
static void hc18_a_syn_in_fragments(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	tcp_out(&k, 0, PACKET_SYN);
	sent(t, &k, NOW);
	for (unsigned int n = 0; n <= 24; n += 8) {
		put_eth(&k, 0x0800);
		put_v4(&k, PACKET_TCP, test_dst[0], test_src[0], 5, 0x2000, 7);
		put_tcp(&k, 80, 1024, PACKET_ACK);
		put_zeros(&k, 4);
		k.n -= 24 - n;
		assert_int_equal(answers(t, &k, NOW), n == 24);
	}
	answered(t, &k, NOW);
	for (unsigned int at = 1; at < 6; at++) {
		put_eth(&k, 0x0800);
		put_v4(&k, PACKET_TCP, test_dst[0], test_src[0], 5, at, 7);
		put_zeros(&k, 24);
		assert_int_equal(answers(t, &k, NOW), at >= 3);
	}
	free(t);
}

static void a_fragment_is_remembered_where_the_flow_has_to_go(void **state)
{
	struct flow_table *t = flows_new(1);
	struct pkt k;

	(void)state;
	udp_out(&k, 0);
	sent(t, &k, NOW);
	put_part(&k, 0, 0, true, 7);
	answered(t, &k, NOW);
	assert_int_equal(flow_count(t), 1);
	assert_int_equal(shown(t, NOW), 0);
	assert_int_equal(flow_counts(t).evicted, 1);
	assert_true(part_answers(t, 0, FIRST_LEN, 7, NOW));
	assert_false(part_answers(t, 0, 0, 7, NOW));
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_about_what_was_sent),
		cmocka_unit_test(an_error_is_related_and_prolongs_nothing),
		cmocka_unit_test(errors_about_something_else),
		cmocka_unit_test(errors_that_quote_little),
		cmocka_unit_test(errors_about_requests),
		cmocka_unit_test(hc18_errors_in_fragments),
		cmocka_unit_test(later_fragments_follow_the_first),
		cmocka_unit_test(later_fragments_of_another_protocol),
		cmocka_unit_test(hc18_fragments_that_overlap_the_first),
		cmocka_unit_test(fragments_live_and_end),
		cmocka_unit_test(only_fragments_of_answers_are_remembered),
		cmocka_unit_test(hc18_a_syn_in_fragments),
		cmocka_unit_test(
			a_fragment_is_remembered_where_the_flow_has_to_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
