/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch's verdict is told with its reason and the rule behind it; a
 * nonsensical verdict does no harm.
 */
#include <stdio.h>

#include "tests/unit/decision_rig.h"

/* The last step of an explanation without a policy, "step result"; static. */
static const char *last_step(struct told *t, size_t *steps)
{
	static char text[64];
	json_t *data, *list, *last;

	t->request = (struct vswitch_ctl_request){ .len = 60 };
	data = told_shown(t, NULL);
	list = json_object_get(data, "steps");
	*steps = json_array_size(list);
	last = json_array_get(list, *steps - 1);
	snprintf(text, sizeof(text), "%s %s", told_text(last, "step"),
		 told_text(last, "result"));
	json_decref(data);
	return text;
}

static void test_each_reason_has_its_step(void **state)
{
	static const struct {
		enum vswitch_reason reason;
		const char *last;
		size_t steps;
	} table[] = {
		{ REASON_RUNT, "length drop", 1 },
		{ REASON_OVERSIZE, "length drop", 1 },
		{ REASON_RESERVED, "reserved drop", 2 },
		{ REASON_VLAN, "vlan drop", 3 },
		{ REASON_VLAN_IN, "vlan drop", 3 },
		{ REASON_BAD_SOURCE, "source drop", 4 },
		{ REASON_BLOCKED, "admit drop", 5 },
		{ REASON_MAC_LOCK, "admit drop", 5 },
		{ REASON_IP_LOCK, "admit drop", 6 },
		{ REASON_RATE_IN, "admit drop", 6 },
		{ REASON_STICKY, "learn drop", 6 },
		{ REASON_MOVES, "learn drop", 6 },
		{ REASON_STATION_PINNED, "learn pinned", 6 },
		{ REASON_SAME_PORT, "resolve drop", 7 },
		{ REASON_STORM, "storm drop", 8 },
		{ REASON_NO_DESTINATION, "resolve drop", 8 },
		{ REASON_VLAN_OUT, "vlan-out drop", 8 },
		{ REASON_NOT_ALLOWED, "allow drop", 8 },
		{ REASON_NO_RULE, "allow drop", 8 },
		{ REASON_DENIED, "allow drop", 8 },
		{ REASON_POLICY, "policy drop", 9 },
		{ REASON_PORT_DOWN, "deliver drop", 10 },
		{ REASON_BLOCKED_OUT, "deliver drop", 10 },
		{ REASON_RATE_OUT, "deliver drop", 10 },
		{ REASON_TOO_BIG, "deliver drop", 10 },
		{ REASON_NO_BUFFER, "deliver drop", 10 },
		{ REASON_NONE, "deliver pass", 10 },
	};
	struct told *t = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t steps;

		t->v = (struct vswitch_verdict){
			.reason = table[i].reason,
			.resolution = RESOLVED_UNICAST,
			.looked_up = true,
			.learned = { .outcome = FDB_PINNED, .was = 2 },
			.out = 1,
			.candidates = 2,
			.refused = table[i].reason != REASON_NONE ? 2 : 0,
			.deliver = table[i].reason == REASON_NONE ? 2 : 0,
			.refusal = { [1] = (uint8_t)table[i].reason },
		};
		assert_string_equal(last_step(t, &steps), table[i].last);
		assert_int_equal(steps, table[i].steps);
	}
}

static void test_a_flood_is_told_port_by_port(void **state)
{
	struct told *t = *state;
	size_t steps;

	t->v = (struct vswitch_verdict){
		.resolution = RESOLVED_BROADCAST,
		.looked_up = true,
		.learned = { .outcome = FDB_MOVED, .was = 1 },
		.candidates = 6,
		.deliver = 2,
		.refused = 4,
		.refusal = { [2] = REASON_PORT_DOWN },
	};
	assert_string_equal(last_step(t, &steps), "deliver drop");
	assert_int_equal(steps, 7 + 3 + 3);
}

/* Of a flood, each port that gets no frame is named with the reason. */
static void test_ports_left_out_are_named(void **state)
{
	struct told *t = *state;
	json_t *data, *rows;
	char *text;

	t->comp.sw.n_ports = 6;
	strcpy(t->comp.sw.port[3].name, "d");
	strcpy(t->comp.sw.port[4].name, "e");
	strcpy(t->comp.sw.port[5].name, "cap");
	t->comp.sw.port[5].kind = VSWITCH_PORT_CAPTURE;
	t->v = (struct vswitch_verdict){
		.resolution = RESOLVED_BROADCAST,
		.reason = REASON_NO_DESTINATION,
		.looked_up = true,
		.vlan = 20,
		.left = 0x1e,
		.refusal = { [1] = REASON_VLAN_OUT,
			     [2] = REASON_PORT_DOWN,
			     [3] = REASON_NOT_ALLOWED,
			     [4] = REASON_BLOCKED_OUT },
	};
	expect_steps(t, "left-out",
		     "skip: sw0.b is not in VLAN 20\n"
		     "skip: sw0.c is down\n"
		     "skip: sw0.d: no rule is about frames from sw0.a to it\n"
		     "skip: sw0.e: destination port is blocked (a loop?)\n"
		     "skip: sw0.cap is a capture: it gets copies of what it "
		     "watches, and is sent nothing\n");
	data = told_shown(t, &t->policy);
	rows = json_object_get(data, "left_out");
	text = json_dumps(rows, JSON_COMPACT);
	assert_string_equal(text,
			    "[{\"port\":\"sw0.b\",\"reason\":\"vlan_out\"},"
			    "{\"port\":\"sw0.c\",\"reason\":\"port_down\"},"
			    "{\"port\":\"sw0.d\",\"reason\":\"not_allowed\"},"
			    "{\"port\":\"sw0.e\",\"reason\":"
			    "\"blocked_out\"},"
			    "{\"port\":\"sw0.cap\",\"reason\":\"capture\"}]");
	free(text);
	json_decref(data);
	/* Of a frame with one destination nothing is left out. */
	t->v.resolution = RESOLVED_UNICAST;
	expect_steps(t, "left-out", "");
}

/* The rule the step `allow` names, and the one of the refusal, as JSON. */
static void expect_rule(const struct told *t, const char *in_step,
			const char *in_refusal)
{
	json_t *data = told_shown(t, &t->policy);
	json_t *step, *rule = NULL;
	char *text;
	size_t i;

	json_array_foreach(json_object_get(data, "steps"), i, step)
		if (strcmp(told_text(step, "step"), "allow") == 0)
			rule = json_object_get(step, "rule");
	text = json_dumps(rule, JSON_COMPACT);
	assert_string_equal(text != NULL ? text : "", in_step);
	free(text);
	rule = json_object_get(
		json_array_get(json_object_get(data, "refused"), 0), "rule");
	text = json_dumps(rule, JSON_COMPACT);
	assert_string_equal(text != NULL ? text : "", in_refusal);
	free(text);
	json_decref(data);
}

static void test_the_rule_that_decides_is_named(void **state)
{
	struct told *t = *state;

	expect_steps(t, "allow",
		     "pass: sw0.a -> sw0.b: allow, rule home.conf:12 when "
		     "\"tcp port 443\"\n");
	expect_rule(t,
		    "{\"action\":\"allow\",\"filter\":\"tcp port 443\","
		    "\"reply\":true,\"where\":\"home.conf:12\","
		    "\"snapshot\":100}",
		    "");
	t->v.entry[1] = 5;
	told_refuse(t, REASON_DENIED);
	expect_steps(t, "allow",
		     "drop: sw0.a -> sw0.b: deny, rule home.conf:9\n");
	expect_rule(t,
		    "{\"action\":\"deny\",\"filter\":\"\",\"reply\":false,"
		    "\"where\":\"home.conf:9\"}",
		    "{\"action\":\"deny\",\"filter\":\"\",\"reply\":false,"
		    "\"where\":\"home.conf:9\"}");
	/* What stops it later does not hide what let it go so far. */
	t->v.entry[1] = 4;
	told_refuse(t, REASON_PORT_DOWN);
	expect_steps(t, "allow",
		     "pass: sw0.a -> sw0.b: allow, rule home.conf:12 when "
		     "\"tcp port 443\"\n");
	expect_steps(t, "deliver",
		     "drop: to sw0.b: destination port is down\n");
}

static void test_no_rule_is_told_as_that(void **state)
{
	struct told *t = *state;

	t->v.entry[1] = POLICY_NO_ENTRY;
	told_refuse(t, REASON_NO_RULE);
	expect_steps(t, "allow", "drop: no rule of sw0.a -> sw0.b matches\n");
	expect_rule(t, "", "");
	t->policy.image.pair[0][1].n = 0;
	expect_steps(t, "allow", "drop: sw0.a -> sw0.b has no rule\n");
	told_refuse(t, REASON_NOT_ALLOWED);
	expect_steps(t, "allow", "drop: sw0.a -> sw0.b has no rule\n");
}

static void test_an_answer_needs_no_rule(void **state)
{
	struct told *t = *state;

	t->v.entry[1] = POLICY_NO_ENTRY;
	t->v.replies = 2;
	expect_steps(
		t, "allow",
		"pass: sw0.a -> sw0.b: it answers what was begun the other "
		"way\n");
	expect_rule(t, "", "");
}

/* A rule of another pair, or of none, is not shown as the one that decided. */
static void hc25_entries_that_are_not_the_pair_s(void **state)
{
	static const uint16_t wild[] = { 0, 3, 6, 100, 8192, 0xffff };
	struct told *t = *state;

	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		t->v.entry[1] = wild[i];
		expect_steps(t, "allow", "pass: sw0.a -> sw0.b is allowed\n");
		expect_rule(t, "", "");
	}
	t->v.entry[1] = 4;
	t->policy.image.entry[4] = 2; /* a rule there is not */
	expect_rule(t, "", "");
}

/* The same noise each time. */
static uint32_t noise(uint32_t *x)
{
	*x = *x * 1664525u + 1013904223u;
	return *x >> 8;
}

static void hc14_verdicts_of_noise(void **state)
{
	struct told *t = *state;
	uint32_t x = 14;

	for (int i = 0; i < 3000; i++) {
		uint8_t *byte = (uint8_t *)&t->v;
		json_t *data;

		for (size_t n = 0; n < sizeof(t->v); n++)
			byte[n] = (uint8_t)noise(&x);
		/* Most of them are dropped early; not all shall be. */
		if (i % 2 == 0)
			t->v.reason = (enum vswitch_reason)(noise(&x) % 30);
		data = told_shown(t, &t->policy);
		assert_non_null(json_object_get(data, "verdict"));
		json_decref(data);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, told_setup, told_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_reason_has_its_step),
		TEST(test_a_flood_is_told_port_by_port),
		TEST(test_the_rule_that_decides_is_named),
		TEST(test_no_rule_is_told_as_that),
		TEST(test_an_answer_needs_no_rule),
		TEST(hc25_entries_that_are_not_the_pair_s),
		TEST(test_ports_left_out_are_named),
		TEST(hc14_verdicts_of_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
