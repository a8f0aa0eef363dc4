/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Merged programs (config/merge/): what they cost, what they leave open, and
 * that they never decide otherwise than the rules one by one.
 *
 * policy_match_test.c compares them with libpcap's interpreter, rule by rule,
 * on a million rule lists and frames at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config/merge/merge.h"
#include "policy/policy.h"
#include "tests/unit/image_rig.h"
#include "tests/unit/packet_rig.h"

#define RULES 100u

/**
 * struct fixture - two policies with the same rules from port 0 to port 1
 * @image:  that of @merged
 * @merged: with merged programs
 * @plain:  without
 */
struct fixture {
	struct policy_image *image;
	struct policy *merged;
	struct policy *plain;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->image = image_new();
	f->merged = policy_new();
	f->plain = policy_new();
	assert_true(f->merged && f->plain);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->image);
	free(f->merged);
	free(f->plain);
	free(f);
	return 0;
}

static void load(struct fixture *f)
{
	assert_int_equal(policy_load(f->plain, f->image, NULL),
			 POLICY_FAULT_SOUND);
	merge_pairs(f->image);
	assert_int_equal(policy_load(f->merged, f->image, NULL),
			 POLICY_FAULT_SOUND);
}

/* Rules from expressions, in this order. */
static void rules(struct fixture *f, const char *const *exprs, unsigned int n,
		  bool reply)
{
	uint16_t numbers[RULES];

	for (unsigned int i = 0; i < n; i++)
		numbers[i] =
			image_rule(f->image, POLICY_ALLOW, reply, exprs[i]);
	image_pair(f->image, 0, 1, numbers, n);
	load(f);
}

/* A hundred rules "tcp dst port N", N from 1001 on in steps of 7. */
static void port_rules(struct fixture *f)
{
	char text[RULES][32];
	const char *exprs[RULES];

	for (unsigned int i = 0; i < RULES; i++) {
		snprintf(text[i], sizeof(text[i]), "tcp dst port %u",
			 1001 + 7 * i);
		exprs[i] = text[i];
	}
	rules(f, exprs, RULES, false);
}

enum { IPV4, IPV6 };

static struct pkt tcp_to(unsigned int version, unsigned int port)
{
	struct pkt k;

	start(&k, version, PACKET_TCP);
	put_tcp(&k, 40000, port, 0);
	finish(&k);
	return k;
}

/* Return: the entry both say it is. */
static uint16_t match(const struct fixture *f, const struct frame *frame)
{
	uint16_t merged = policy_match(f->merged, NULL, frame, 0, 1);

	assert_int_equal(merged, policy_match(f->plain, NULL, frame, 0, 1));
	return merged;
}

static uint16_t match_packet(const struct fixture *f, const struct pkt *k)
{
	unsigned int snap = f->merged->snap[0];
	struct frame *frame = frame_new(k, k->n, k->n < snap ? k->n : snap);
	uint16_t entry = match(f, frame);

	free(frame);
	return entry;
}

/* What the merged program of port 0 to port 1 says, and how long it takes. */
static uint32_t said(const struct fixture *f, const struct pkt *k,
		     uint32_t *steps)
{
	const struct policy_pair *pair = &f->image->pair[0][1];
	const struct policy_program *p = &f->image->program[pair->program - 1];
	struct policy_seen seen = { .bytes = 0 };
	uint32_t value;

	assert_int_not_equal(pair->program, 0);
	value = cbpf_run_seen(f->image->insn + p->first, p->n, k->b, k->n, k->n,
			      &seen);
	*steps = seen.steps;
	return value;
}

/* --- any comparisons, any values ---------------------------------------- */

#define LISTS 1500u
#define LIST_RULES 12u
/* Values of the two bytes that are compared. */
#define VALUES 20u

static uint32_t below(uint32_t n)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13, x ^= x >> 7, x ^= x << 17;
	return (uint32_t)(x >> 32) % n;
}

/* A comparison of byte 14, of byte 15 or of both. */
static void put_comparison(char *to, size_t size)
{
	static const char *const fields[] = { "ether[14]", "ether[15]",
					      "ether[14:2]" };
	static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=" };
	const char *field = fields[below(3)], *op = ops[below(6)];
	uint32_t k = below(VALUES);

	if (field[8] == ':')
		k = k << 8 | below(VALUES);
	if (below(3))
		snprintf(to, size, "%s %s %u", field, op, k);
	else if (below(2))
		snprintf(to, size, "%s & %u != 0", field, 1 + k);
	else
		snprintf(to, size, "%s & %u = %u", field, 1 + k,
			 (1 + k) & below(VALUES));
}

static void put_expression(char *to, size_t size)
{
	char one[64], two[64];

	put_comparison(one, sizeof(one));
	put_comparison(two, sizeof(two));
	if (below(2))
		snprintf(to, size, "%s", one);
	else
		snprintf(to, size, "%s %s %s", one, below(2) ? "and" : "or",
			 two);
}

/* Filters that contradict themselves are refused by libpcap. */
static void put_rules(struct fixture *f)
{
	uint16_t numbers[LIST_RULES];
	unsigned int n = 2 + below(LIST_RULES - 1);
	char expr[160];

	for (unsigned int i = 0; i < n;) {
		put_expression(expr, sizeof(expr));
		if (image_try_rule(f->image, POLICY_ALLOW, false, expr,
				   &numbers[i]))
			i++;
	}
	image_pair(f->image, 0, 1, numbers, n);
}

static void any_comparisons_of_any_values(void **state)
{
	struct fixture *f = *state;
	struct pkt k = { .n = 60 };
	struct frame *frame = frame_new(&k, k.n, k.n);

	for (unsigned int list = 0; list < LISTS; list++) {
		memset(f->image, 0, sizeof(*f->image));
		f->image->magic = POLICY_MAGIC;
		put_rules(f);
		load(f);
		assert_int_equal(f->image->n_programs, 1);
		for (unsigned int v = 0; v < VALUES * VALUES; v++) {
			frame->bytes[14] = (uint8_t)(v / VALUES);
			frame->bytes[15] = (uint8_t)(v % VALUES);
			match(f, frame);
		}
	}
	free(frame);
}

/* --- what it costs ------------------------------------------------------ */

static void a_hundred_rules_cost_one_look_and_a_search(void **state)
{
	struct fixture *f = *state;
	uint32_t steps;

	port_rules(f);
	for (unsigned int version = IPV4; version <= IPV6; version++)
		for (unsigned int port = 990; port < 1720; port++) {
			struct pkt k = tcp_to(version, port);
			unsigned int rule = (port - 1001) / 7;
			bool has = port >= 1001 && (port - 1001) % 7 == 0 &&
				   rule < RULES;

			assert_int_equal(match_packet(f, &k),
					 has ? rule : POLICY_NO_ENTRY);
			assert_int_equal(said(f, &k, &steps),
					 has ? POLICY_PROGRAM_MATCH | rule
					     : RULES);
			/* One by one it would be 300 to 900. */
			assert_in_range(steps, 1, 20);
		}
}

/* As many ports as filters may name. */
static void programs_that_are_too_long_decide_the_first_rules(void **state)
{
	struct fixture *f = *state;
	uint16_t numbers[1000];
	char text[32];
	uint32_t steps;
	struct pkt k;

	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "tcp dst port %u", 1 + i * 2);
		numbers[i] = image_rule(f->image, POLICY_ALLOW, false, text);
	}
	image_pair(f->image, 0, 1, numbers, 1000);
	load(f);
	for (unsigned int i = 0; i < 1000; i += 37) {
		k = tcp_to(IPV4, 1 + i * 2);
		assert_int_equal(match_packet(f, &k), i);
	}
	k = tcp_to(IPV4, 2);
	assert_in_range(said(f, &k, &steps), 400, 999);
	assert_int_equal(match_packet(f, &k), POLICY_NO_ENTRY);
}

/* --- what it leaves open ------------------------------------------------ */

static void what_is_too_general_is_asked_rule_by_rule(void **state)
{
	static const char *const exprs[] = { "tcp dst port 80",
					     "ether[16] + ether[17] = 60",
					     "tcp dst port 443" };
	struct fixture *f = *state;
	struct pkt k = tcp_to(IPV4, 443);
	uint32_t steps;

	rules(f, exprs, 3, false);
	assert_int_equal(said(f, &k, &steps), 1);
	assert_int_equal(match_packet(f, &k), 2);
	k.b[16] = 0, k.b[17] = 60;
	assert_int_equal(match_packet(f, &k), 1);
	k = tcp_to(IPV4, 80);
	assert_int_equal(said(f, &k, &steps), POLICY_PROGRAM_MATCH);
}

static void hc12_frames_that_are_too_short_are_asked_rule_by_rule(void **state)
{
	static const char *const exprs[] = { "ether[70] = 9", "ether[110] = 9",
					     "ip" };
	struct fixture *f = *state;
	struct pkt k = tcp_to(IPV4, 443);
	uint32_t steps;

	rules(f, exprs, 3, false);
	assert_in_range(k.n, 14, 70);
	assert_int_equal(said(f, &k, &steps), 0);
	assert_int_equal(match_packet(f, &k), 2);
	put_zeros(&k, 100 - k.n);
	assert_int_equal(match_packet(f, &k), 2);
	k.b[70] = 9;
	assert_int_equal(match_packet(f, &k), 0);
}

/* Address resolution is allowed by a stateful rule, which is no filter. */
static void resolution_is_asked_rule_by_rule(void **state)
{
	static const char *const exprs[] = { "tcp dst port 80",
					     "udp dst port 53" };
	struct fixture *f = *state;
	struct pkt arp, nd;

	put_start(&nd, PACKET_ICMPV6, v6(1), v6(2));
	memset(&arp, 0, sizeof(arp));
	put_eth(&arp, 0x0806);
	put_arp(&arp, 1, v4(1), v4(2));
	rules(f, exprs, 2, true);
	assert_int_equal(match_packet(f, &arp), 0);
	assert_int_equal(match_packet(f, &nd), POLICY_NO_ENTRY);
}

/* --- who gets one ------------------------------------------------------- */

static void pairs_with_the_same_rules_share_a_program(void **state)
{
	struct fixture *f = *state;
	uint16_t a = image_rule(f->image, POLICY_ALLOW, false, "tcp");
	uint16_t b = image_rule(f->image, POLICY_DENY, false, "udp port 53");
	uint16_t all = image_rule(f->image, POLICY_ALLOW, false, NULL);
	const uint16_t ab[] = { a, b }, ba[] = { b, a }, one[] = { a, all };

	image_pair(f->image, 0, 1, ab, 2);
	image_pair(f->image, 1, 0, ba, 2);
	image_pair(f->image, 2, 1, ab, 2);
	image_pair(f->image, 3, 1, one, 2);
	image_pair(f->image, 4, 1, one, 1);
	load(f);
	assert_int_equal(f->image->n_programs, 2);
	assert_int_equal(f->image->pair[0][1].program, 1);
	assert_int_equal(f->image->pair[1][0].program, 2);
	assert_int_equal(f->image->pair[2][1].program, 1);
	assert_int_equal(f->image->pair[3][1].program, 0);
	assert_int_equal(f->image->pair[4][1].program, 0);
}

static void without_room_there_is_none(void **state)
{
	struct fixture *f = *state;
	uint16_t numbers[2];

	numbers[0] = image_rule(f->image, POLICY_ALLOW, false, "tcp port 80");
	numbers[1] = image_rule(f->image, POLICY_ALLOW, false, "udp port 80");
	image_pair(f->image, 0, 1, numbers, 2);
	f->image->n_insns = POLICY_MAX_INSNS - 5;
	load(f);
	assert_int_equal(f->image->n_programs, 0);
	assert_int_equal(f->image->pair[0][1].program, 0);
	assert_int_equal(f->image->n_insns, POLICY_MAX_INSNS - 5);
}

/* Rules none of which says anything about another: 2^n paths. */
static void rules_that_multiply_paths_are_bounded(void **state)
{
	struct fixture *f = *state;
	char text[RULES][64];
	const char *exprs[RULES];
	struct pkt k = tcp_to(IPV4, 80);
	uint64_t x = 88172645463325252ull;

	for (unsigned int i = 0; i < RULES; i++) {
		snprintf(text[i], sizeof(text[i]),
			 "ether[%u] & %u != 0 and ether[%u] = %u", i % 50,
			 1u << i % 8, (i * 7 + 3) % 50, i);
		exprs[i] = text[i];
	}
	rules(f, exprs, RULES, false);
	assert_int_equal(f->image->pair[0][1].program, 1);
	for (unsigned int round = 0; round < 20000; round++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		k.b[x % 50] = (uint8_t)(x >> 32) % RULES;
		match_packet(f, &k);
	}
}

/* --- hostile programs --------------------------------------------------- */

static void two_rules(struct fixture *f)
{
	static const char *const exprs[] = { "tcp dst port 80",
					     "tcp dst port 443" };

	rules(f, exprs, 2, false);
}

static void expect_fault(struct fixture *f, enum policy_fault fault,
			 uint32_t at)
{
	uint32_t where;

	assert_int_equal(policy_load(f->merged, f->image, &where), fault);
	assert_int_equal(where, at);
}

static void hc18_programs_that_may_not_be_run_are_refused(void **state)
{
	struct fixture *f = *state;
	struct policy_program *p = &f->image->program[0];
	struct policy_program good;

	two_rules(f);
	good = *p;
	p->first = f->image->n_insns + 1;
	expect_fault(f, POLICY_FAULT_MERGED, 0);
	p->first = good.first;
	p->n = UINT32_MAX;
	expect_fault(f, POLICY_FAULT_MERGED, 0);
	p->n = good.n - 1;
	expect_fault(f, POLICY_FAULT_MERGED, 0);
	p->n = 0;
	expect_fault(f, POLICY_FAULT_MERGED, 0);
	*p = good;
	f->image->insn[p->first].code = 0xffff;
	expect_fault(f, POLICY_FAULT_MERGED, 0);
	f->image->n_programs = 0;
	expect_fault(f, POLICY_FAULT_PAIR, 1);
	f->image->n_programs = POLICY_MAX_PROGRAMS + 1;
	expect_fault(f, POLICY_FAULT_COUNTS, 0);
}

/* Any number it returns is an entry of the pair, or the rules are asked. */
static void hc18_programs_that_lie_stay_within_the_pair(void **state)
{
	static const uint32_t lies[] = { 2, 3, 0x7fffffff, UINT32_MAX,
					 POLICY_PROGRAM_MATCH | 2 };
	struct fixture *f = *state;
	struct pkt k = tcp_to(IPV4, 443);
	struct frame *frame = frame_new(&k, k.n, k.n);
	const uint16_t want[] = { POLICY_NO_ENTRY, 1, 1, 1, POLICY_NO_ENTRY };

	two_rules(f);
	f->image->program[0].n = 1;
	for (unsigned int i = 0; i < 5; i++) {
		f->image->insn[f->image->program[0].first] =
			(struct cbpf_insn){ .code = 0x06, .k = lies[i] };
		assert_int_equal(policy_load(f->merged, f->image, NULL),
				 POLICY_FAULT_SOUND);
		assert_int_equal(policy_match(f->merged, NULL, frame, 0, 1),
				 want[i]);
	}
	free(frame);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(any_comparisons_of_any_values),
		TEST(a_hundred_rules_cost_one_look_and_a_search),
		TEST(programs_that_are_too_long_decide_the_first_rules),
		TEST(what_is_too_general_is_asked_rule_by_rule),
		TEST(hc12_frames_that_are_too_short_are_asked_rule_by_rule),
		TEST(resolution_is_asked_rule_by_rule),
		TEST(pairs_with_the_same_rules_share_a_program),
		TEST(without_room_there_is_none),
		TEST(rules_that_multiply_paths_are_bounded),
		TEST(hc18_programs_that_may_not_be_run_are_refused),
		TEST(hc18_programs_that_lie_stay_within_the_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
