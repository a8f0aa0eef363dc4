/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy stack.  policy_user() is this test's own, so that it can be seen
 * when it is asked; the example policy is compiled in under another name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/policy.h"
#include "tests/unit/image_rig.h"

#define policy_user example_user
bool example_user(const struct frame *frame, unsigned int src, unsigned int dst,
		  const struct policy_words *words);
/* NOLINTNEXTLINE(bugprone-suspicious-include): under another name */
#include "policy/user/only_arp_and_ip.c"
#undef policy_user

static unsigned int asked;
static bool answer;
static const struct policy_words *told;

/* What has been seen: nothing. */
static struct policy_buckets buckets[MAX_PORTS];
static const struct policy_state nothing = { .bucket = buckets };

bool policy_user(const struct frame *frame, unsigned int src, unsigned int dst,
		 const struct policy_words *words)
{
	told = words;
	assert_non_null(frame);
	assert_in_range(src, 0, 63);
	assert_in_range(dst, 0, 63);
	asked++;
	return answer;
}

static int forget(void **state)
{
	(void)state;
	asked = 0;
	answer = true;
	return 0;
}

/* Allow list and user's policy decide alone: no rule does, and no flow. */
static enum vswitch_reason ask(const struct policy *p, unsigned int src,
			       unsigned int dst)
{
	const struct frame frame = { .src = 1 };
	struct policy_ask a = { .frame = &frame, .src = src };
	struct policy_answer out = { .why = REASON_COUNT, .reply = true };
	bool yes = vswitch_can_send(p, &nothing, NULL, &a, dst, &out);

	assert_int_equal(yes, out.why == REASON_NONE);
	assert_int_equal(out.entry, POLICY_NO_ENTRY);
	assert_false(out.reply);
	return out.why;
}

static enum vswitch_reason admit(struct policy *p, unsigned int src,
				 const struct frame *frame)
{
	const struct policy_ask a = { .frame = frame, .src = src };

	policy_settle(p);
	return policy_admit(p, &nothing, &a);
}

static void an_empty_policy_refuses_everything(void **state)
{
	struct policy *none = policy_new();

	(void)state;
	for (unsigned int src = 0; src < 64; src++) {
		for (unsigned int dst = 0; dst < 64; dst++)
			assert_int_equal(ask(none, src, dst),
					 REASON_NOT_ALLOWED);
		assert_int_equal(policy_flood_set(none, src), 0);
	}
	/* The user's policy cannot allow what the list refused. */
	assert_int_equal(asked, 0);
	free(none);
}

/* Of all pairs with @from in them, only from -> to is allowed. */
static void check_cell(const struct policy *p, unsigned int from,
		       unsigned int to)
{
	for (unsigned int i = 0; i < 64; i++) {
		enum vswitch_reason there = ask(p, from, i);
		enum vswitch_reason back = i != from ? ask(p, i, from)
						     : REASON_NOT_ALLOWED;

		assert_int_equal(there,
				 i == to ? REASON_NONE : REASON_NOT_ALLOWED);
		/* One way only, unless said. */
		assert_int_equal(back, REASON_NOT_ALLOWED);
	}
}

static void each_cell_is_its_own(void **state)
{
	struct policy *p = policy_new();

	(void)state;
	for (unsigned int cell = 0; cell < 64 * 64; cell++) {
		p->port[cell / 64].allow = 1ull << cell % 64;
		policy_settle(p);
		check_cell(p, cell / 64, cell % 64);
		p->port[cell / 64].allow = 0;
	}
	free(p);
}

static void the_users_policy_is_asked_last_and_only_refuses(void **state)
{
	struct policy *p = policy_new();

	(void)state;
	p->port[3].allow = 1ull << 60;
	policy_settle(p);
	assert_int_equal(ask(p, 3, 60), REASON_NONE);
	assert_int_equal(asked, 1);
	answer = false;
	assert_int_equal(ask(p, 3, 60), REASON_POLICY);
	assert_int_equal(ask(p, 3, 61), REASON_NOT_ALLOWED);
	assert_int_equal(asked, 2);
	assert_ptr_equal(told, &p->words);
	free(p);
}

static void a_flood_never_comes_back(void **state)
{
	struct policy *p = policy_new();

	(void)state;
	for (unsigned int src = 0; src < 64; src++) {
		p->port[src].allow = UINT64_MAX;
		policy_settle(p);
		assert_true(policy_flood_set(p, src) ==
			    (UINT64_MAX & ~(1ull << src)));
	}
	free(p);
}

static void a_lock_admits_one_source(void **state)
{
	struct policy *p = policy_new();
	struct frame f = { .src = 0x020000000007 };

	(void)state;
	assert_int_equal(admit(p, 5, &f), REASON_NONE);
	/* What is not switched on does not matter. */
	p->port[5].locked_mac = 1;
	assert_int_equal(admit(p, 5, &f), REASON_NONE);
	/* Nor if the port is looked at for another reason. */
	p->port[5].limit_in.rate = 1;
	assert_int_equal(admit(p, 5, &f), REASON_NONE);
	p->port[5].limit_in.rate = 0;
	p->port[5].locked = true;
	assert_int_equal(admit(p, 5, &f), REASON_MAC_LOCK);
	assert_int_equal(admit(p, 4, &f), REASON_NONE);
	for (unsigned int byte = 0; byte < 48; byte++) {
		p->port[5].locked_mac = f.src ^ 1ull << byte;
		assert_int_equal(admit(p, 5, &f), REASON_MAC_LOCK);
	}
	p->port[5].locked_mac = f.src;
	assert_int_equal(admit(p, 5, &f), REASON_NONE);
	free(p);
}

/* --- the example -------------------------------------------------------- */

static bool example(uint16_t ethertype, unsigned int src, unsigned int dst,
		    const uint64_t *word, unsigned int n)
{
	const struct frame f = { .ethertype = ethertype };
	const struct policy_words words = { .word = word, .n = n };

	return example_user(&f, src, dst, &words);
}

static bool is_good(unsigned int type)
{
	return type == 0x0800 || type == 0x0806 || type == 0x86dd;
}

static void the_example_passes_arp_and_ip_between_its_ports(void **state)
{
	static const uint64_t word[] = { 5, 2 };

	(void)state;
	for (unsigned int type = 0; type < 65536; type++) {
		uint16_t t = (uint16_t)type;

		assert_int_equal(example(t, 5, 2, word, 2), is_good(type));
		assert_int_equal(example(t, 2, 5, word, 2), is_good(type));
		assert_true(example(t, 5, 1, word, 2));
		assert_true(example(t, 1, 2, word, 2));
		assert_true(example(t, 0, 1, word, 2));
		assert_true(example(t, 62, 63, word, 2));
	}
}

static void the_example_watches_exactly_the_pair_it_is_told(void **state)
{
	(void)state;
	for (unsigned int pair = 0; pair < 64 * 64; pair++) {
		const uint64_t word[] = { pair / 64, pair % 64 };

		if (word[0] == word[1])
			continue;
		for (unsigned int i = 0; i < 64 * 64; i++) {
			bool watched =
				(i / 64 == word[0] && i % 64 == word[1]) ||
				(i / 64 == word[1] && i % 64 == word[0]);

			assert_int_equal(example(1, i / 64, i % 64, word, 2),
					 !watched);
		}
	}
}

/* All pairs are watched: what is missing never makes it refuse less. */
static void check_watches_all(const uint64_t *word, unsigned int n)
{
	for (unsigned int i = 0; i < 64 * 64; i++) {
		assert_false(example(0x88b5, i / 64, i % 64, word, n));
		assert_true(example(0x0806, i / 64, i % 64, word, n));
	}
}

static void the_example_without_a_pair_watches_all(void **state)
{
	static const uint64_t good[] = { 0, 1, 2 };
	static const uint64_t bad[][2] = {
		{ 7, 7 },	   { 0, 64 },
		{ 64, 0 },	   { 0, 1ull << 32 | 1 },
		{ UINT64_MAX, 1 }, { 0, 0x0a000001 },
	};

	(void)state;
	check_watches_all(NULL, 0);
	check_watches_all(good, 1);
	check_watches_all(good, 3);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_watches_all(bad[i], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_empty_policy_refuses_everything,
				       forget),
		cmocka_unit_test_setup(each_cell_is_its_own, forget),
		cmocka_unit_test_setup(
			the_users_policy_is_asked_last_and_only_refuses,
			forget),
		cmocka_unit_test_setup(a_flood_never_comes_back, forget),
		cmocka_unit_test_setup(a_lock_admits_one_source, forget),
		cmocka_unit_test(
			the_example_passes_arp_and_ip_between_its_ports),
		cmocka_unit_test(
			the_example_watches_exactly_the_pair_it_is_told),
		cmocka_unit_test(the_example_without_a_pair_watches_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
