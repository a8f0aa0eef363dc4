/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor PD's protected procedure (vmm/microkit/ask.h): what it answers,
 * whom, and what it does with arguments that cannot be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/reason.h"
#include "tests/unit/mk_rig.h"

#define WORDS 8u

static int set_up(void **state)
{
	struct mk_rig *r = mk_rig_new(false);

	*state = r;
	mk_rig_start(r);
	return 0;
}

static int tear_down(void **state)
{
	mk_rig_free(*state);
	return 0;
}

/* --- answers ------------------------------------------------------------ */

static void counters_and_links_are_told(void **state)
{
	struct mk_rig *r = *state;
	uint64_t w[WORDS] = { 0 };

	mk_rig_send(r, 0);
	mk_rig_received(r, 1);
	assert_int_equal(mk_rig_ask(r, MK_ASK_SYSTEM, 0, w), MK_OK);
	assert_int_equal(w[0], 1);
	assert_int_equal(w[1], MK_RIG_PORTS);
	w[0] = 0;
	w[1] = 1;
	assert_int_equal(mk_rig_ask(r, MK_ASK_PORT, 2, w), MK_OK);
	assert_int_equal(w[0], PORT_UP);
	assert_int_equal(w[5], 1);
	w[0] = 0;
	assert_int_equal(mk_rig_ask(r, MK_ASK_SWITCH, 1, w), MK_OK);
	assert_int_equal(w[0], MK_RIG_PORTS);
	assert_int_equal(w[1], 1);
	w[0] = 0;
	w[1] = 2;
	assert_int_equal(mk_rig_ask(r, MK_ASK_POLICY, 2, w), MK_OK);
	assert_int_equal(w[0], 3);
	assert_int_equal(w[1], 0);
}

static void addresses_are_told(void **state)
{
	struct mk_rig *r = *state;
	uint64_t w[MK_WORDS] = { 0 };

	mk_rig_send(r, 2);
	kernel_notified(r->k, r->asker);
	assert_int_equal(mk_rig_ask(r, MK_ASK_ADDRESSES, 2, w), MK_PENDING);
	assert_int_equal(kernel_notified(r->k, r->asker), 1);
	w[0] = 0;
	assert_int_equal(mk_rig_ask(r, MK_ASK_RESULT, 1, w), MK_OK);
	assert_int_equal(w[0], 0);
	assert_int_equal(w[3], 0);
	assert_int_equal(w[4], 0x020000000003);
	assert_int_equal(w[5] >> 16 & 0xffff, 2);
}

/* --- changes ------------------------------------------------------------ */

/* Have an order done; its status. */
static int done(struct mk_rig *r, enum mk_ask ask, unsigned int words,
		uint64_t *w)
{
	uint64_t result[MK_WORDS] = { 0 };

	assert_int_equal(mk_rig_ask(r, ask, words, w), MK_PENDING);
	assert_int_equal(mk_rig_ask(r, MK_ASK_RESULT, 1, result), MK_OK);
	return (int)(int64_t)result[0];
}

static void an_allow_list_is_changed_and_back(void **state)
{
	struct mk_rig *r = *state;
	uint64_t off[] = { 0, 0, 1, 0 }, on[] = { 0, 0, 1, 1 };

	assert_int_equal(done(r, MK_ASK_ALLOW, 4, off), 0);
	mk_rig_send(r, 0);
	assert_int_equal(mk_rig_received(r, 1), 0);
	assert_int_equal(done(r, MK_ASK_ALLOW, 4, on), 0);
	mk_rig_send(r, 0);
	assert_int_equal(mk_rig_received(r, 1), 1);
	assert_int_equal(r->stats->policies, 4);
}

static void a_sound_proposal_holds(void **state)
{
	struct mk_rig *r = *state;
	uint64_t w[] = { 0 };

	memcpy(r->proposal, r->policy, sizeof(*r->proposal));
	r->proposal->port[0].allow = 0;
	assert_int_equal(done(r, MK_ASK_PROPOSE, 1, w), 0);
	mk_rig_send(r, 0);
	assert_int_equal(mk_rig_received(r, 1), 0);
	assert_int_equal(mk_rig_received(r, 2), 0);
}

static void hc23_an_unsound_proposal_changes_nothing(void **state)
{
	struct mk_rig *r = *state;
	uint64_t w[] = { 0 };

	memset(r->proposal, 0xff, sizeof(*r->proposal));
	assert_int_equal(done(r, MK_ASK_PROPOSE, 1, w), -EINVAL);
	w[0] = 0;
	memcpy(r->proposal, r->policy, sizeof(*r->proposal));
	r->proposal->pair[0][1] = (struct policy_pair){ .first = 9, .n = 1 };
	assert_int_equal(done(r, MK_ASK_PROPOSE, 1, w), -EINVAL);
	/* A switch that is restarted reads the region. */
	assert_true(r->policy->magic == POLICY_MAGIC);
	assert_int_equal(r->policy->pair[0][1].n, 0);
	mk_rig_send(r, 0);
	assert_int_equal(mk_rig_received(r, 1), 1);
	assert_int_equal(r->stats->policies, 2);
}

/* --- refusals ----------------------------------------------------------- */

static void a_channel_has_the_rights_it_was_given(void **state)
{
	struct mk_rig *r = *state;
	uint64_t w[] = { 0, 0, 1, 0 };

	r->mon_cfg->asker[0].rights = MK_MAY_LOOK;
	assert_int_equal(mk_rig_ask(r, MK_ASK_ALLOW, 4, w), MK_REFUSED);
	assert_int_equal(mk_rig_ask(r, MK_ASK_FLUSH, 2, w), MK_REFUSED);
	assert_int_equal(mk_rig_ask(r, MK_ASK_PROPOSE, 1, w), MK_REFUSED);
	assert_int_equal(mk_rig_ask(r, MK_ASK_LET_GO, 1, w), MK_REFUSED);
	assert_int_equal(mk_rig_ask(r, MK_ASK_SWITCH, 1, w), MK_OK);
	r->mon_cfg->asker[0].switches = 0;
	w[0] = 0;
	assert_int_equal(mk_rig_ask(r, MK_ASK_SWITCH, 1, w), MK_REFUSED);
}

static void a_stranger_gets_nothing(void **state)
{
	struct mk_rig *r = *state;

	for (uint64_t ask = 0; ask < MK_ASKS + 2; ask++) {
		struct message m = { .label = ask, .count = 4 };

		assert_true(kernel_call(r->k, r->stranger, 0, &m));
		assert_int_equal(m.label, MK_REFUSED);
		assert_int_equal(m.count, 0);
	}
}

static void hc23_numbers_beyond_the_tables_are_wrong(void **state)
{
	struct mk_rig *r = *state;
	static const struct {
		enum mk_ask ask;
		unsigned int n;
		uint64_t w[4];
	} wrong[] = {
		{ MK_ASK_SWITCH, 1, { 1 } },
		{ MK_ASK_SWITCH, 1, { 1ull << 32 } },
		{ MK_ASK_SWITCH, 2, { 0 } },
		{ MK_ASK_PORT, 2, { 0, MK_RIG_PORTS } },
		{ MK_ASK_PORT, 2, { 0, 1ull << 32 } },
		{ MK_ASK_PORT, 2, { UINT64_MAX, 0 } },
		{ MK_ASK_DROPS, 3, { 0, 0, REASON_COUNT } },
		{ MK_ASK_LINK, 1, { MK_RIG_PORTS } },
		{ MK_ASK_CHILD, 1, { 1 + MK_RIG_PORTS } },
		{ MK_ASK_POLICY, 2, { 0, 64 } },
		{ MK_ASK_ADDRESSES, 2, { 0, 1ull << 32 } },
		{ MK_ASK_FLUSH, 2, { 0, 64 } },
		{ MK_ASK_ALLOW, 4, { 0, 0, 0, 1 } },
		{ MK_ASK_ALLOW, 4, { 0, 0, 64, 1 } },
		{ MK_ASK_ALLOW, 4, { 0, 0, 1, 2 } },
		{ MK_ASK_ALLOW, 3, { 0, 0, 1 } },
		{ (enum mk_ask)0, 0, { 0 } },
		{ MK_ASKS, 0, { 0 } },
	};

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint64_t w[MK_WORDS];

		memcpy(w, wrong[i].w, sizeof(wrong[i].w));
		assert_int_equal(mk_rig_ask(r, wrong[i].ask, wrong[i].n, w),
				 MK_WRONG);
	}
	assert_int_equal(r->stats->policies, 2);
}

/* xorshift64* */
static uint64_t number(uint64_t below)
{
	static uint64_t state = 0x5765697220766d31ull;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dull % below;
}

/* hc14: any label, any number of words, any words. */
static void hc14_garbage_is_answered(void **state)
{
	struct mk_rig *r = *state;
	const char *console = kernel_console(r->k);

	for (unsigned int i = 0; i < 20000; i++) {
		struct message m = {
			.label = number(MK_ASKS + 3),
			.count = (uint32_t)number(6),
		};

		for (unsigned int k = 0; k < 5; k++)
			m.mr[k] = number(4) ? number(4)
					    : number(UINT64_MAX) >> number(64);
		if (number(64) == 0)
			m.label <<= 32;
		if (m.label == MK_ASK_PROPOSE)
			memset(r->proposal, (int)number(256), 4096);
		assert_true(kernel_call(r->k, r->asker, 0, &m));
		assert_in_range(m.label, MK_OK, MK_NOTHING);
		assert_in_range(m.count, 0, MK_WORDS);
	}
	/* Nobody's link suffered. */
	for (unsigned int p = 0; p < MK_RIG_PORTS; p++)
		assert_int_equal(mk_rig_epoch(r, p), 1);
	assert_string_equal(console, "");
}

/* --- a switch that lies ------------------------------------------------- */

static void a_switch_that_does_not_answer_keeps_nobody(void **state)
{
	struct mk_rig *r = mk_rig_new(true);
	uint64_t w[MK_WORDS] = { 0 };

	(void)state;
	mk_rig_start(r);
	assert_int_equal(mk_rig_ask(r, MK_ASK_ADDRESSES, 2, w), MK_PENDING);
	assert_int_equal(mk_rig_ask(r, MK_ASK_RESULT, 1, w), MK_PENDING);
	assert_int_equal(mk_rig_ask(r, MK_ASK_ADDRESSES, 2, w), MK_BUSY);
	/* It answers with more than an answer holds. */
	r->reply->count = UINT32_MAX;
	r->reply->more = 1;
	atomic_store(&r->reply->seq, r->request->seq);
	kernel_notify(r->k, r->sw, 60);
	assert_true(kernel_run(r->k));
	assert_int_equal(kernel_notified(r->k, r->asker), 1);
	assert_int_equal(mk_rig_ask(r, MK_ASK_RESULT, 1, w), MK_OK);
	mk_rig_free(r);
}

/* What it was asked to change is taken back. */
static void a_switch_that_crashes_leaves_its_policy(void **state)
{
	struct mk_rig *r = mk_rig_new(true);
	uint64_t w[MK_WORDS] = { 0, 0, 1, 0 };

	(void)state;
	mk_rig_start(r);
	assert_int_equal(mk_rig_ask(r, MK_ASK_ALLOW, 4, w), MK_PENDING);
	assert_int_equal(r->policy->port[0].allow, 4);
	kernel_crash(r->k, r->sw);
	assert_true(kernel_run(r->k));
	assert_int_equal(r->policy->port[0].allow, 6);
	w[0] = 0;
	assert_int_equal(mk_rig_ask(r, MK_ASK_RESULT, 1, w), MK_NOTHING);
	mk_rig_free(r);
}

/* --- a peer of another parent ------------------------------------------- */

static void a_peer_of_another_parent_says_when_it_has_let_go(void **state)
{
	struct mk_rig *r = mk_rig_new(false);
	uint64_t w[MK_WORDS] = { 0 };

	(void)state;
	r->mon_cfg->link[0].side[1].child = MK_NONE;
	r->mon_cfg->asker[0].link = 0;
	mk_rig_start(r);
	mk_rig_forge(r, 0);
	assert_true(kernel_run(r->k));
	assert_int_equal(mk_rig_epoch(r, 0), 2);
	assert_int_equal(kernel_restarts(r->k, r->port[0].pd), 0);
	w[0] = 1;
	assert_int_equal(mk_rig_ask(r, MK_ASK_LET_GO, 1, w), MK_REFUSED);
	w[0] = 0;
	assert_int_equal(mk_rig_ask(r, MK_ASK_LET_GO, 1, w), MK_OK);
	assert_int_equal(mk_rig_epoch(r, 0), 3);
	mk_rig_received(r, 0);
	mk_rig_send(r, 0);
	assert_int_equal(mk_rig_received(r, 1), 1);
	mk_rig_free(r);
}

#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(counters_and_links_are_told),
		WITH_RIG(addresses_are_told),
		WITH_RIG(an_allow_list_is_changed_and_back),
		WITH_RIG(a_sound_proposal_holds),
		WITH_RIG(hc23_an_unsound_proposal_changes_nothing),
		WITH_RIG(a_channel_has_the_rights_it_was_given),
		WITH_RIG(a_stranger_gets_nothing),
		WITH_RIG(hc23_numbers_beyond_the_tables_are_wrong),
		WITH_RIG(hc14_garbage_is_answered),
		cmocka_unit_test(a_switch_that_does_not_answer_keeps_nobody),
		cmocka_unit_test(a_switch_that_crashes_leaves_its_policy),
		cmocka_unit_test(
			a_peer_of_another_parent_says_when_it_has_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
