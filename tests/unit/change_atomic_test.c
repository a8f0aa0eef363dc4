/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes while it runs: all switches take a change, or none does. A switch
 * that dies comes back with the policy in force.
 */
#include "tests/unit/change_rig.h"

FAKE_COMPONENTS;

static const char both[] = "deny b -> a when \\\"arp\\\"; "
			   "deny d -> e when \\\"arp\\\"";

/* Have the fake switch of a port treat its next policies so. */
static void fate(struct rig *r, const char *socket, const char *letters)
{
	struct rig_client c;
	char order[32];

	rig_attach(r, &c, socket);
	snprintf(order, sizeof(order), "policy %s", letters);
	rig_order(&c, order);
	snprintf(order, sizeof(order), "policies from now on: %s", letters);
	rig_expect(r, order, rig_count(r, order) + 1);
	rig_detach(&c);
}

/* Wait until a switch has been started again, so often in all. */
static void wait_restart(const struct rig *r, const char *name,
			 const char *times)
{
	for (int i = 0; i < RIG_TIMEOUT_MS; i++) {
		if (strcmp(rig_pd(r, name, "restarts"), times) == 0 &&
		    strcmp(rig_pd(r, name, "state"), "running") == 0)
			return;
		poll(NULL, 0, 1);
	}
	fail_msg("%s is not started again", name);
}

static void test_one_refusal_undoes_it_all(void **state)
{
	struct rig *r = *state;

	rig_start(r, CHANGE_TOPOLOGY);
	fate(r, "d.sock", "r");
	assert_string_equal(rig_error(reply_of(begin_change(r, both))),
			    "switch sw1 says that the policy has an impossible "
			    "rule (at 7); nothing was changed");
	/* The first one took it, and took the old one back. */
	expect_switch(r, "sw0.a", "3", "3");
	expect_switch(r, "sw1.d", "1", "2");
	/* Nobody was started again for it. */
	assert_int_equal(rig_count(r, "starting it again"), 0);
	/* It is as if it had never been wanted. */
	assert_string_equal(changed(reply_of(begin_change(r, both))),
			    "sw0 sw1");
	expect_switch(r, "sw0.a", "4", "4");
	expect_switch(r, "sw1.d", "2", "3");
	assert_int_equal(rig_stop(r), 0);
}

static void test_one_silence_undoes_it_all(void **state)
{
	struct rig *r = *state;

	rig_start(r, CHANGE_TOPOLOGY);
	fate(r, "d.sock", "m");
	assert_string_equal(rig_error(reply_of(begin_change(r, both))),
			    "switch sw1 does not answer; nothing was changed");
	expect_switch(r, "sw0.a", "3", "3");
	/* What it judges frames by, nobody could say. */
	rig_expect(r, "sw1: it does not say whether it has taken a policy", 1);
	wait_restart(r, "sw1", "1");
	expect_switch(r, "sw1.d", "1", "2");
	assert_int_equal(rig_stop(r), 0);
}

static void test_one_death_undoes_it_all(void **state)
{
	struct rig *r = *state;

	rig_start(r, CHANGE_TOPOLOGY);
	fate(r, "d.sock", "d");
	assert_string_equal(
		rig_error(reply_of(begin_change(r, both))),
		"switch sw1 died when it loaded the new policy; nothing was "
		"changed");
	expect_switch(r, "sw0.a", "3", "3");
	wait_restart(r, "sw1", "1");
	expect_switch(r, "sw1.d", "1", "2");
	rig_expect(r, "sw1: killed by", 1);
	assert_int_equal(rig_stop(r), 0);
}

static void test_who_does_not_go_back_is_started_again(void **state)
{
	struct rig *r = *state;

	rig_start(r, CHANGE_TOPOLOGY);
	fate(r, "a.sock", "ar");
	fate(r, "d.sock", "r");
	assert_non_null(strstr(rig_error(reply_of(begin_change(r, both))),
			       "switch sw1 says"));
	rig_expect(r, "sw0: it does not take its old policy back", 1);
	wait_restart(r, "sw0", "1");
	expect_switch(r, "sw0.a", "1", "3");
	assert_int_equal(rig_stop(r), 0);
}

static void test_a_restarted_switch_has_what_holds(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, CHANGE_TOPOLOGY);
	changed(reply_of(begin_change(r, "allow b <-> c")));
	expect_switch(r, "sw0.a", "2", "5");
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "crash");
	rig_expect(r, "starting it again", 1);
	rig_ended(&c);
	rig_detach(&c);
	wait_restart(r, "sw0", "1");
	expect_switch(r, "sw0.a", "1", "5");
	/* And is told of what comes then. */
	assert_string_equal(changed(reply_of(begin_change(r, "deny c -> a"))),
			    "sw0");
	expect_switch(r, "sw0.a", "2", "6");
	assert_int_equal(rig_stop(r), 0);
}

/* Who has agreed and dies must not start with what will not hold any more. */
static void test_a_death_after_it_has_agreed(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	int fd;

	rig_start(r, CHANGE_TOPOLOGY);
	fate(r, "d.sock", "s");
	rig_attach(r, &c, "a.sock");
	while (!link_is_up(link_epoch(c.link)))
		poll(NULL, 0, 1);
	fd = begin_change(r, both);
	rig_until(r, "sw0.a", "in_bytes", "2");
	rig_order(&c, "crash");
	rig_ended(&c);
	rig_detach(&c);
	assert_string_equal(changed(reply_of(fd)), "sw0 sw1");
	wait_restart(r, "sw0", "1");
	expect_switch(r, "sw0.a", "1", "4");
	expect_switch(r, "sw1.d", "2", "3");
	assert_int_equal(rig_stop(r), 0);
}

/*
 * Deaths at any moment: in the end a switch has what the monitor says it has.
 */
static void test_deaths_at_any_moment(void **state)
{
	struct rig *r = *state;
	unsigned int entries = 3;

	rig_start(r, CHANGE_TOPOLOGY);
	for (int i = 0; i < 4; i++) {
		struct rig_client c;
		char text[64];
		json_t *reply;
		int fd;

		rig_attach(r, &c, "a.sock");
		snprintf(text, sizeof(text), "deny a -> c when \\\"port %d\\\"",
			 i + 1);
		if (i % 2 == 0)
			rig_order(&c, "crash");
		fd = begin_change(r, text);
		if (i % 2 == 1)
			rig_order(&c, "crash");
		reply = reply_of(fd);
		entries += json_is_true(json_object_get(reply, "ok"));
		json_decref(reply);
		rig_ended(&c);
		rig_detach(&c);
		snprintf(text, sizeof(text), "%d", i + 1);
		wait_restart(r, "sw0", text);
		snprintf(text, sizeof(text), "%u", entries);
		assert_string_equal(rig_port(r, "sw0.a", "out_bytes"), text);
	}
	assert_int_equal(rig_stop(r), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_one_refusal_undoes_it_all),
		rig_test(test_one_silence_undoes_it_all),
		rig_test(test_one_death_undoes_it_all),
		rig_test(test_who_does_not_go_back_is_started_again),
		rig_test(test_a_restarted_switch_has_what_holds),
		rig_test(test_a_death_after_it_has_agreed),
		rig_test(test_deaths_at_any_moment),
	};

	return rig_main(argc, argv, "change_atomic", tests,
			sizeof(tests) / sizeof(tests[0]));
}
