/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an image to a policy: what is taken, what is refused, and that neither a
 * wrong image nor one that changes meanwhile does any harm.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/packet.h"
#include "policy/policy.h"
#include "tests/unit/image_rig.h"

/* --- what is taken ------------------------------------------------------ */

struct fixture {
	struct policy_image *image;
	struct policy *policy;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->image = image_new();
	f->policy = policy_new();
	*state = f;
	return f->policy == NULL;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	free(f->image);
	free(f->policy);
	free(f);
	return 0;
}

static void load(struct fixture *f)
{
	assert_int_equal(policy_load(f->policy, f->image, NULL),
			 POLICY_FAULT_SOUND);
}

static void an_empty_image_allows_nothing(void **state)
{
	struct fixture *f = *state;

	load(f);
	for (unsigned int p = 0; p < MAX_PORTS; p++) {
		assert_int_equal(policy_flood_set(f->policy, p), 0);
		assert_int_equal(f->policy->asks[p], 0);
		assert_int_equal(f->policy->snap[p], FRAME_SNAP);
	}
}

static void plain_pairs_are_not_asked(void **state)
{
	struct fixture *f = *state;

	image_allow(f->image, 1, 2, NULL);
	image_allow(f->image, 1, 63, "tcp");
	load(f);
	assert_true(f->policy->port[1].allow == 1ull << 2);
	assert_true(f->policy->asks[1] == 1ull << 63);
	assert_true(f->policy->reaches[1] == 1ull << 63);
	assert_true(policy_flood_set(f->policy, 1) == (1ull << 2 | 1ull << 63));
	assert_int_equal(policy_flood_set(f->policy, 2), 0);
}

/* A rule that decides every frame first makes those behind it of no account. */
static void what_denies_everything_is_reached_by_nothing(void **state)
{
	struct fixture *f = *state;
	uint16_t deny = image_rule(f->image, POLICY_DENY, false, NULL);

	image_pair(f->image, 4, 5, &deny, 1);
	load(f);
	assert_true(f->policy->asks[4] == 1ull << 5);
	assert_int_equal(policy_flood_set(f->policy, 4), 0);
}

static void answers_make_the_other_way_be_asked(void **state)
{
	struct fixture *f = *state;

	image_allow_reply(f->image, 7, 8, "tcp");
	load(f);
	assert_true(f->policy->answers[8] == 1ull << 7);
	assert_true(f->policy->asks[8] == 1ull << 7);
	assert_true(policy_flood_set(f->policy, 8) == 1ull << 7);
	assert_true(f->policy->replies);
	assert_true(f->policy->snap[7] >= PACKET_SNAP);
	assert_true(f->policy->snap[8] >= PACKET_SNAP);
	assert_int_equal(f->policy->snap[9], FRAME_SNAP);
}

/* The snapshot grows with what the rules of the sending port look at. */
static void snapshots_are_as_long_as_filters_need(void **state)
{
	struct fixture *f = *state;

	image_allow(f->image, 0, 1, "ether[100] = 7");
	image_allow(f->image, 2, 1, "ether[255] = 7");
	image_allow(f->image, 3, 1, "ip proto 6");
	load(f);
	assert_int_equal(f->policy->need[0], 101);
	assert_int_equal(f->policy->snap[0], 104);
	assert_int_equal(f->policy->snap[2], 256);
	assert_int_equal(f->policy->snap[3], FRAME_SNAP);
	assert_int_equal(f->policy->snap[1], FRAME_SNAP);
}

/* --- what is refused ---------------------------------------------------- */

static void refuses(struct fixture *f, enum policy_fault want, uint32_t where)
{
	uint32_t at = UINT32_MAX;
	enum policy_fault fault = policy_load(f->policy, f->image, &at);

	if (fault != want)
		fail_msg("%s, not %s", policy_fault_text(fault),
			 policy_fault_text(want));
	assert_int_equal(at, where);
	memset(f->image, 0, sizeof(*f->image));
	f->image->magic = POLICY_MAGIC;
}

static void images_that_are_none(void **state)
{
	struct fixture *f = *state;

	f->image->magic ^= 1;
	refuses(f, POLICY_FAULT_NO_IMAGE, 0);
	f->image->n_rules = POLICY_MAX_RULES + 1;
	refuses(f, POLICY_FAULT_COUNTS, 0);
	f->image->n_entries = UINT32_MAX;
	refuses(f, POLICY_FAULT_COUNTS, 0);
	f->image->n_insns = POLICY_MAX_INSNS + 1;
	refuses(f, POLICY_FAULT_COUNTS, 0);
	f->image->n_prefixes = POLICY_MAX_PREFIXES + 1;
	refuses(f, POLICY_FAULT_COUNTS, 0);
	f->image->n_words = POLICY_MAX_WORDS + 1;
	refuses(f, POLICY_FAULT_COUNTS, 0);
	f->image->snooping = 2;
	refuses(f, POLICY_FAULT_COUNTS, 0);
}

static void pairs_and_entries_that_name_what_is_not_there(void **state)
{
	struct fixture *f = *state;

	f->image->pair[1][3].n = 1;
	refuses(f, POLICY_FAULT_PAIR, 67);
	image_allow(f->image, 0, 1, NULL);
	f->image->pair[0][1].first = UINT16_MAX;
	refuses(f, POLICY_FAULT_PAIR, 1);
	image_allow(f->image, 0, 1, NULL);
	f->image->pair[0][1].n = UINT16_MAX;
	refuses(f, POLICY_FAULT_PAIR, 1);
	image_allow(f->image, 0, 1, NULL);
	f->image->entry[0] = 1;
	refuses(f, POLICY_FAULT_ENTRY, 0);
}

static void rules_that_cannot_be(void **state)
{
	struct fixture *f = *state;

	image_rule(f->image, POLICY_ALLOW + 1, false, NULL);
	refuses(f, POLICY_FAULT_RULE, 0);
	image_rule(f->image, POLICY_DENY, true, NULL);
	refuses(f, POLICY_FAULT_RULE, 0);
	image_rule(f->image, POLICY_ALLOW, false, NULL);
	image_rule(f->image, POLICY_ALLOW, false, "tcp");
	f->image->rule[1].first = UINT32_MAX;
	refuses(f, POLICY_FAULT_RULE, 1);
	image_rule(f->image, POLICY_ALLOW, false, "tcp");
	f->image->rule[0].n++;
	refuses(f, POLICY_FAULT_RULE, 0);
	image_rule(f->image, POLICY_ALLOW, false, "tcp");
	f->image->insn[0].code = 0xffff;
	refuses(f, POLICY_FAULT_PROGRAM, 0);
	/* One instruction short, it does not end in a return. */
	image_rule(f->image, POLICY_ALLOW, false, "tcp");
	f->image->rule[0].n--;
	refuses(f, POLICY_FAULT_PROGRAM, 0);
	image_rule(f->image, POLICY_ALLOW, false, "ether[256] = 7");
	refuses(f, POLICY_FAULT_DEEP, 0);
	image_rule(f->image, POLICY_ALLOW, false, "ip[ip[2]] = 7");
	refuses(f, POLICY_FAULT_DEEP, 0);
}

static void port_settings_that_cannot_be(void **state)
{
	struct fixture *f = *state;

	f->image->port[5].vlan_mode = 3;
	refuses(f, POLICY_FAULT_PORT, 5);
	f->image->port[5].vlan = 7;
	refuses(f, POLICY_FAULT_PORT, 5);
	f->image->port[5].vlan_mode = POLICY_VLAN_ACCESS;
	refuses(f, POLICY_FAULT_PORT, 5);
	f->image->port[5].vlan_mode = POLICY_VLAN_TRUNK;
	f->image->port[5].vlan = 4095;
	refuses(f, POLICY_FAULT_PORT, 5);
	f->image->port[6].locked = 1;
	refuses(f, POLICY_FAULT_PORT, 6);
	f->image->port[6].locked = 1;
	f->image->port[6].locked_mac = 0x010000000001;
	refuses(f, POLICY_FAULT_PORT, 6);
	f->image->port[6].n_prefixes = 1;
	refuses(f, POLICY_FAULT_PORT, 6);
	f->image->n_prefixes = 1;
	f->image->prefix[0].bits = 129;
	refuses(f, POLICY_FAULT_PREFIX, 0);
	f->image->port[63].storm[STORM_UNKNOWN].rate = 1;
	refuses(f, POLICY_FAULT_PORT, 63);
	f->image->port[63].limit_out.rate = POLICY_MAX_RATE + 1;
	f->image->port[63].limit_out.burst = 1;
	refuses(f, POLICY_FAULT_PORT, 63);
	f->image->port[63].moves.rate = 1;
	f->image->port[63].moves.burst = POLICY_MAX_BURST + 1;
	refuses(f, POLICY_FAULT_PORT, 63);
}

static void one_address_is_locked_to_one_port(void **state)
{
	struct fixture *f = *state;

	f->image->port[2].locked = f->image->port[9].locked = 1;
	f->image->port[2].locked_mac = f->image->port[9].locked_mac = 0x02;
	f->image->port[9].vlan_mode = POLICY_VLAN_ACCESS;
	f->image->port[9].vlan = 5;
	load(f);
	f->image->port[9].vlan_mode = POLICY_VLAN_TRANSPARENT;
	f->image->port[9].vlan = 0;
	refuses(f, POLICY_FAULT_LOCKS, 9);
}

static void further_addresses_are_checked_as_well(void **state)
{
	struct fixture *f = *state;
	struct policy_port *p = &f->image->port[9];

	f->image->n_macs = POLICY_MAX_MACS + 1;
	refuses(f, POLICY_FAULT_COUNTS, 0);
	f->image->n_macs = 2;
	f->image->mac[1] = 0x04;
	p->n_macs = 1;
	refuses(f, POLICY_FAULT_PORT, 9);
	f->image->n_macs = 1;
	p->locked = 1;
	p->locked_mac = 0x02;
	p->first_mac = 1;
	p->n_macs = 1;
	f->image->mac[1] = 0x04;
	refuses(f, POLICY_FAULT_PORT, 9);
	f->image->n_macs = 2;
	f->image->mac[1] = 0x010000000004;
	p->locked = 1;
	p->locked_mac = 0x02;
	p->first_mac = 1;
	p->n_macs = 1;
	refuses(f, POLICY_FAULT_PORT, 9);
	p->known_only = 2;
	refuses(f, POLICY_FAULT_PORT, 9);
	/* The further one is another port's only one. */
	f->image->n_macs = 2;
	f->image->mac[1] = 0x04;
	p->locked = 1;
	p->locked_mac = 0x02;
	p->first_mac = 1;
	p->n_macs = 1;
	f->image->port[12].locked = 1;
	f->image->port[12].locked_mac = 0x04;
	refuses(f, POLICY_FAULT_LOCKS, 12);
}

static void every_fault_has_its_words(void **state)
{
	(void)state;
	for (int i = 0; i < POLICY_FAULT_COUNT; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(
				policy_fault_text((enum policy_fault)i),
				policy_fault_text((enum policy_fault)k));
	assert_string_equal(policy_fault_text(POLICY_FAULT_COUNT),
			    "is unknown");
}

/* Any bytes at all are either a policy or refused. */
static void hc14_garbage_does_no_harm(void **state)
{
	struct fixture *f = *state;
	unsigned int refused = 0;
	uint64_t x = 88172645463325252ull;

	for (unsigned int round = 0; round < 300; round++) {
		uint64_t *words = (uint64_t *)f->image;

		memset(f->image, 0, sizeof(*f->image));
		f->image->magic = POLICY_MAGIC;
		f->image->n_rules = 4;
		f->image->n_entries = 8;
		f->image->n_insns = 64;
		for (unsigned int i = 0; i < 40; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			words[4 + x % (sizeof(*f->image) / 8 - 4)] = x >> 3;
		}
		refused += policy_load(f->policy, f->image, NULL) !=
			   POLICY_FAULT_SOUND;
	}
	assert_in_range(refused, 1, 300);
}

/* --- while somebody writes ---------------------------------------------- */

static atomic_bool writing;

static void *writer(void *arg)
{
	volatile struct policy_image *image = arg;

	while (atomic_load(&writing)) {
		image->n_rules = POLICY_MAX_RULES;
		image->rule[0].n = UINT16_MAX;
		image->pair[0][1].n = UINT16_MAX;
		image->entry[0] = UINT16_MAX;
		image->insn[1].jt = 255;
		image->n_rules = 1;
		image->rule[0].n = 4;
		image->pair[0][1].n = 1;
		image->entry[0] = 0;
		image->insn[1].jt = 0;
	}
	return NULL;
}

/* What was loaded can be used whatever the image has become. */
static void believable(const struct policy *p)
{
	const struct policy_pair *pair = &p->pair[0][1];

	for (unsigned int i = 0; i < pair->n; i++) {
		const struct policy_rule *r;
		struct cbpf_report report;

		assert_true(pair->first + i < p->n_entries);
		assert_true(p->entry[pair->first + i] < POLICY_MAX_RULES);
		r = &p->rule[p->entry[pair->first + i]];
		assert_true(r->first + r->n <= POLICY_MAX_INSNS);
		if (r->n > 0)
			assert_true(cbpf_validate(p->insn + r->first, r->n,
						  &report));
	}
}

static void hc01_an_image_may_change_while_it_is_read(void **state)
{
	struct fixture *f = *state;
	unsigned int taken = 0;
	pthread_t thread;

	image_allow(f->image, 0, 1, "ip");
	atomic_store(&writing, true);
	assert_int_equal(pthread_create(&thread, NULL, writer, f->image), 0);
	for (unsigned int i = 0; i < 3000; i++) {
		if (policy_load(f->policy, f->image, NULL) !=
		    POLICY_FAULT_SOUND)
			continue;
		taken++;
		believable(f->policy);
	}
	atomic_store(&writing, false);
	pthread_join(thread, NULL);
	print_message("%u of 3000 were whole\n", taken);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_image_allows_nothing),
		TEST(plain_pairs_are_not_asked),
		TEST(what_denies_everything_is_reached_by_nothing),
		TEST(answers_make_the_other_way_be_asked),
		TEST(snapshots_are_as_long_as_filters_need),
		TEST(images_that_are_none),
		TEST(pairs_and_entries_that_name_what_is_not_there),
		TEST(rules_that_cannot_be),
		TEST(port_settings_that_cannot_be),
		TEST(one_address_is_locked_to_one_port),
		TEST(further_addresses_are_checked_as_well),
		TEST(every_fault_has_its_words),
		TEST(hc14_garbage_does_no_harm),
		TEST(hc01_an_image_may_change_while_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
