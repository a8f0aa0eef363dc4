/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first rule that matches: with remembered verdicts, without, and by
 * running libpcap's own interpreter rule by rule.  All three must say the same,
 * of any policy and any frame.
 *
 * The seed is printed; WEIR_TEST_SEED=N takes another one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/image_rig.h"
#include "tests/unit/match_rig.h"

#define PAIRS 1000000u
#define FRAMES_A_POLICY 2000u

static uint64_t seed = 18;
static struct match_rig *rig;

static uint32_t below(uint32_t n)
{
	return cbpf_random(&rig->random, n);
}

/* --- any policy, any frame ---------------------------------------------- */

static void compare(const struct frame *f, unsigned int src, unsigned int dst)
{
	uint16_t naive = match_naive(rig, f, src, dst);
	uint16_t plain = policy_match(rig->policy, NULL, f, src, dst);
	uint16_t cached = policy_match(rig->policy, rig->cache, f, src, dst);

	if (plain != naive || cached != naive)
		fail_msg("seed %llu, generation %u, %u to %u, %u of %u bytes: "
			 "%u by itself, %u remembered, not %u",
			 (unsigned long long)seed, rig->policy->generation, src,
			 dst, f->snap, f->len, plain, cached, naive);
}

static unsigned int programs, lists;

static void count_programs(void)
{
	for (unsigned int s = 0; s < MATCH_PORTS; s++)
		for (unsigned int d = 0; d < MATCH_PORTS; d++) {
			lists++;
			programs += rig->image->pair[s][d].program != 0;
		}
}

static void compare_many(bool deep)
{
	struct match_bytes sent;
	struct frame f;

	match_policy(rig, deep);
	count_programs();
	match_family(rig);
	for (unsigned int i = 0; i < FRAMES_A_POLICY; i++) {
		unsigned int src = below(MATCH_PORTS);

		match_member(rig, &sent);
		match_snapshot(&f, &sent, rig->policy->snap[src]);
		compare(&f, src, below(MATCH_PORTS));
	}
}

/* Return: verdicts that were found, of a hundred. */
static uint64_t rate_of(bool deep)
{
	uint64_t hits = rig->cache->hits, misses = rig->cache->misses;

	for (unsigned int n = 0; n < PAIRS / 2; n += FRAMES_A_POLICY)
		compare_many(deep);
	hits = rig->cache->hits - hits;
	misses = rig->cache->misses - misses;
	print_message("seed %llu: %llu found, %llu not\n",
		      (unsigned long long)seed, (unsigned long long)hits,
		      (unsigned long long)misses);
	return 100 * hits / (hits + misses);
}

static void hc18_remembered_as_run_as_libpcap_says(void **state)
{
	(void)state;
	assert_in_range(rate_of(false), 51, 100);
	print_message("%u of %u rule lists merged\n", programs, lists);
	assert_true(programs > lists / 2);
}

static void hc18_the_same_of_deep_filters(void **state)
{
	unsigned int deep = 0;

	(void)state;
	for (unsigned int i = 0; i < rig->n_pool; i++)
		deep += rig->deep[i];
	assert_in_range(deep, 10, rig->n_pool - 100);
	/* What is read behind the first bytes is not remembered. */
	assert_in_range(rate_of(true), 20, 100);
}

/* --- what exactly is remembered ----------------------------------------- */

static bool found(const struct frame *f)
{
	uint32_t generation = rig->policy->generation;
	uint16_t entry;

	if (!cache_recent(rig->cache, f, 0, 1, generation, &entry) &&
	    !cache_find(rig->cache, f, 0, 1, generation, &entry))
		return false;
	assert_int_equal(entry, match_naive(rig, f, 0, 1));
	return true;
}

/* One rule from port 0 to port 1, and nothing remembered. */
static void one_rule(const struct cbpf_program *p)
{
	struct policy_image *image = rig->image;
	uint16_t rule;

	memset(image->pair, 0, sizeof(image->pair));
	image->n_rules = image->n_entries = 0;
	image->n_insns = image->n_programs = 0;
	rule = image_rule(image, POLICY_ALLOW, false, NULL);
	image->rule[rule].n = (uint16_t)p->n;
	image->n_insns = p->n;
	memcpy(image->insn, p->insn, p->n * sizeof(*p->insn));
	image_pair(image, 0, 1, &rule, 1);
	match_take(rig);
}

/* Return: whether a verdict is remembered at all. */
static bool change_each_byte(const struct cbpf_program *p, struct frame *f)
{
	struct policy_seen seen = { .all = false };
	uint32_t yes =
		cbpf_run_seen(p->insn, p->n, f->bytes, f->snap, f->len, &seen);

	assert_int_equal(yes,
			 cbpf_run(p->insn, p->n, f->bytes, f->snap, f->len));
	rig->policy->generation++;
	assert_false(found(f));
	policy_match(rig->policy, rig->cache, f, 0, 1);
	assert_int_equal(found(f), !seen.all);
	for (unsigned int i = 0; i < CACHE_BYTES && i < f->snap; i++) {
		bool holds = !seen.all && !(seen.bytes >> i & 1);
		uint8_t change = (uint8_t)(1u << below(8));

		f->bytes[i] ^= change;
		/* As the switch does; where to look follows from it. */
		frame_parse(f);
		assert_int_equal(found(f), holds);
		f->bytes[i] ^= change;
		frame_parse(f);
	}
	assert_int_equal(found(f), !seen.all);
	return !seen.all;
}

static void hc18_each_byte_that_was_read_counts(void **state)
{
	unsigned int remembered = 0, all = 0;
	struct match_bytes sent;
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < rig->n_pool; i++) {
		one_rule(&rig->pool[i]);
		match_family(rig);
		for (unsigned int n = 0; n < 6; n++, all++) {
			match_member(rig, &sent);
			match_snapshot(&f, &sent, rig->policy->snap[0]);
			remembered += change_each_byte(&rig->pool[i], &f);
		}
	}
	print_message("%u of %u remembered\n", remembered, all);
	assert_true(remembered > all / 2);
}

static void rule_of(const char *expr)
{
	struct cbpf_program p;

	assert_true(cbpf_compile(expr, true, &p));
	one_rule(&p);
}

static struct frame zeros(uint32_t len)
{
	struct match_bytes sent = { .len = len };
	struct frame f;

	match_snapshot(&f, &sent, rig->policy->snap[0]);
	return f;
}

static bool may_pass(const struct frame *f)
{
	compare(f, 0, 1);
	return policy_match(rig->policy, rig->cache, f, 0, 1) == 0;
}

/* What is not there is no zero, whoever comes first. */
static void hc12_hc18_short_frames_have_verdicts_of_their_own(void **state)
{
	static const char *const exprs[] = { "ether[20] = 0", "ether[40:4] = 0",
					     "ether[63] = 0" };
	static const uint32_t ends[] = { 21, 44, 64 };

	(void)state;
	for (unsigned int e = 0; e < 3; e++) {
		for (uint32_t len = FRAME_MIN; len <= 70; len++) {
			struct frame f = zeros(len);
			struct frame whole = zeros(100);

			rule_of(exprs[e]);
			assert_int_equal(may_pass(&f), len >= ends[e]);
			assert_true(may_pass(&whole));
			assert_int_equal(may_pass(&f), len >= ends[e]);
			/* A verdict of another length will do if it can. */
			assert_int_equal(found(&f), len >= ends[e]);
		}
	}
}

static void hc18_lengths_are_not_remembered(void **state)
{
	(void)state;
	rule_of("greater 80");
	for (uint32_t len = 75; len < 85; len++) {
		struct frame f = zeros(len);

		assert_int_equal(may_pass(&f), len >= 80);
		assert_false(found(&f));
	}
}

static void hc18_bytes_behind_are_not_remembered(void **state)
{
	struct match_bytes sent = { .len = 300 };
	struct frame f;

	(void)state;
	rule_of("ether[200] = 5");
	assert_int_equal(rig->policy->snap[0], 208);
	for (unsigned int value = 0; value < 10; value++) {
		sent.bytes[200] = (uint8_t)value;
		match_snapshot(&f, &sent, rig->policy->snap[0]);
		assert_int_equal(may_pass(&f), value == 5);
		assert_false(found(&f));
	}
	/* Nor may the one in the first bytes' last place be taken for it. */
	rule_of("ether[64] = 5");
	sent.bytes[64] = 5;
	match_snapshot(&f, &sent, rig->policy->snap[0]);
	assert_true(may_pass(&f));
	assert_false(found(&f));
}

/* --- for whom ----------------------------------------------------------- */

static void hc18_another_policy_forgets(void **state)
{
	struct frame f = zeros(100);
	uint64_t misses;

	(void)state;
	rule_of("ether[20] = 0");
	assert_true(may_pass(&f));
	misses = rig->cache->misses;
	assert_true(may_pass(&f));
	assert_int_equal(rig->cache->misses, misses);
	rule_of("ether[20] = 1");
	assert_false(found(&f));
	assert_false(may_pass(&f));
	rule_of("ether[20] = 0");
	assert_false(found(&f));
	assert_true(may_pass(&f));
}

static void each_pair_by_itself(void **state)
{
	struct frame f = zeros(100);
	uint16_t yes, no, pairs[2][2];

	(void)state;
	rule_of("ether[20] = 0");
	yes = 0;
	no = image_rule(rig->image, POLICY_DENY, false, "ether[20] = 0");
	image_pair(rig->image, 0, 2, &no, 1);
	image_pair(rig->image, 2, 1, &no, 1);
	image_pair(rig->image, 2, 2, &yes, 1);
	match_take(rig);
	for (unsigned int round = 0; round < 2; round++)
		for (unsigned int i = 0; i < 4; i++) {
			unsigned int src = i & 2, dst = 1 + (i & 1);

			compare(&f, src, dst);
			pairs[i / 2][i % 2] = policy_match(
				rig->policy, rig->cache, &f, src, dst);
			assert_int_equal(pairs[i / 2][i % 2],
					 rig->image->pair[src][dst].first);
		}
	/* Nobody's but theirs. */
	assert_int_equal(policy_match(rig->policy, rig->cache, &f, 1, 1),
			 POLICY_NO_ENTRY);
}

/* A UDP datagram of this flow. */
static struct frame datagram(uint32_t flow)
{
	struct match_bytes sent = {
		.len = 60,
		.bytes = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45 },
	};
	struct frame f;

	sent.bytes[23] = 17;
	sent.bytes[26] = 10;
	sent.bytes[30] = 10;
	memcpy(sent.bytes + 27, &flow, 3);
	sent.bytes[34] = (uint8_t)(flow >> 24);
	sent.bytes[37] = 53;
	/* What no filter reads. */
	sent.bytes[50] = (uint8_t)below(256);
	match_snapshot(&f, &sent, FRAME_SNAP);
	return f;
}

static void ask(uint32_t flow, unsigned int src)
{
	struct frame f = datagram(flow);

	policy_match(rig->policy, rig->cache, &f, src, 1);
}

/* A rule for two senders that tells flows apart. */
static void rule_for_two(const char *expr)
{
	uint16_t rule = 0;

	rule_of(expr);
	image_pair(rig->image, 2, 1, &rule, 1);
	match_take(rig);
}

static void hc21_one_ports_flows_push_out_none_of_anothers(void **state)
{
	uint64_t misses;

	(void)state;
	rule_for_two("udp dst port 53 and not src host 10.9.9.9");
	for (unsigned int round = 0; round < 2; round++)
		for (uint32_t flow = 0; flow < 4; flow++)
			ask(flow, 2);
	for (uint32_t flow = 0; flow < 100000; flow++)
		ask(flow, 0);
	misses = rig->cache->misses;
	for (uint32_t flow = 0; flow < 4; flow++)
		ask(flow, 2);
	assert_int_equal(rig->cache->misses, misses);
}

/* What filters do not ask about needs no place of its own. */
static void flows_that_nobody_tells_apart_are_one(void **state)
{
	uint64_t misses;

	(void)state;
	rule_for_two("udp");
	for (uint32_t flow = 0; flow < 2; flow++)
		ask(flow, 0);
	misses = rig->cache->misses;
	for (uint32_t flow = 0; flow < 1000; flow++)
		ask(flow * 7919, 0);
	assert_int_equal(rig->cache->misses, misses);
}

/* Half as many as there are places, in turn, so that it is never the latest. */
static void flows_in_turn_are_found(void **state)
{
	uint64_t misses;

	(void)state;
	rule_for_two("src host 10.0.0.1 or src port 7");
	for (uint32_t n = 0; n < 100; n++)
		for (uint32_t flow = 0; flow < CACHE_PLACES / 2; flow++)
			ask(flow << 16, 0);
	misses = rig->cache->misses;
	for (uint32_t n = 0; n < 100; n++)
		for (uint32_t flow = 0; flow < CACHE_PLACES / 2; flow++)
			ask(flow << 16, 0);
	misses = rig->cache->misses - misses;
	print_message("%llu of %u not found\n", (unsigned long long)misses,
		      CACHE_PLACES / 2 * 100);
	assert_true(misses < CACHE_PLACES / 2 * 100 / 2);
}

static int init(void **state)
{
	const char *text = getenv("WEIR_TEST_SEED");

	(void)state;
	if (text)
		seed = strtoull(text, NULL, 0);
	rig = match_rig_new(seed);
	return 0;
}

static int fini(void **state)
{
	(void)state;
	match_rig_free(rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc18_remembered_as_run_as_libpcap_says),
		cmocka_unit_test(hc18_the_same_of_deep_filters),
		cmocka_unit_test(hc18_each_byte_that_was_read_counts),
		cmocka_unit_test(
			hc12_hc18_short_frames_have_verdicts_of_their_own),
		cmocka_unit_test(hc18_lengths_are_not_remembered),
		cmocka_unit_test(hc18_bytes_behind_are_not_remembered),
		cmocka_unit_test(hc18_another_policy_forgets),
		cmocka_unit_test(each_pair_by_itself),
		cmocka_unit_test(
			hc21_one_ports_flows_push_out_none_of_anothers),
		cmocka_unit_test(flows_that_nobody_tells_apart_are_one),
		cmocka_unit_test(flows_in_turn_are_found),
	};

	return cmocka_run_group_tests(tests, init, fini);
}
