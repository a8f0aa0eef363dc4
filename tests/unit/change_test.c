/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes while it runs: right ones, wrong ones, and those that are taken back.
 */
#include "tests/unit/change_rig.h"

FAKE_COMPONENTS;

static void test_a_change_takes_hold(void **state)
{
	struct rig *r = *state;

	rig_start(r, CHANGE_TOPOLOGY);
	/* What it was started with lay in its region by then. */
	assert_int_equal(rig_count(r, "no policy"), 0);
	expect_switch(r, "sw0.a", "1", "3");
	expect_switch(r, "sw1.d", "1", "2");
	assert_string_equal(changed(reply_of(begin_change(r, "allow b -> c"))),
			    "sw0");
	expect_switch(r, "sw0.a", "2", "4");
	/* The other was not asked. */
	expect_switch(r, "sw1.d", "1", "2");
	assert_string_equal(
		changed(reply_of(begin_change(
			r, "deny b -> c\\ndeny d -> e when \\\"arp\\\""))),
		"sw0 sw1");
	/* One took the place of an older one, one is new. */
	expect_switch(r, "sw0.a", "3", "4");
	expect_switch(r, "sw1.d", "2", "3");
	/* What is so already is no change. */
	assert_string_equal(changed(reply_of(begin_change(r, "deny b -> c"))),
			    "");
	expect_switch(r, "sw0.a", "3", "4");
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(
		rig_count(r, "policy changed (1 switch): allow b -> c"), 1);
}

static void test_a_wrong_change_changes_nothing(void **state)
{
	struct rig *r = *state;
	json_t *reply;

	rig_start(r, CHANGE_TOPOLOGY);
	reply = reply_of(begin_change(r, "allow a -> nobody"));
	assert_string_equal(rig_error(json_incref(reply)),
			    "1 error; nothing was changed");
	/*
	 * In the words that were sent, not by a line of what the monitor keeps.
	 */
	assert_int_equal(strncmp(report(reply),
				 "allow a -> nobody: unknown port \"nobody\"",
				 40),
			 0);
	assert_non_null(
		strstr(report(reply_of(begin_change(
			       r, "allow a -> c when \\\"prot 22\\\""))),
		       "allow a -> c when \"prot 22\": "));
	/* What cannot be read, as it was sent. */
	assert_string_equal(report(reply_of(begin_change(r, "port x"))),
			    "port x: \"port\" belongs in a switch\n");
	assert_string_equal(rig_error(reply_of(begin_change(r, ";"))),
			    "the change is empty; nothing was changed");
	assert_string_equal(
		rig_error(reply_of(begin_change(r, "allow a -> c\\u0007"))),
		"a change is printable ASCII, nothing else; nothing was "
		"changed");
	assert_string_equal(
		rig_error(
			reply_of(begin_change(r, "allow a -> c; deny a -> c"))),
		"the change contradicts itself about \"sw0.a -> sw0.c\"; "
		"nothing "
		"was changed");
	/* Half of it would be right. */
	report(reply_of(begin_change(r, "deny a -> b; deny a -> nobody")));
	expect_switch(r, "sw0.a", "1", "3");
	/* Nothing of it has been kept. */
	assert_string_equal(changed(reply_of(begin_change(r, "allow b -> c"))),
			    "sw0");
	expect_switch(r, "sw0.a", "2", "4");
	assert_int_equal(rig_stop(r), 0);
}

/* --- taking back -------------------------------------------------------- */

/* Take a change back; what it was, static. */
static const char *undone(json_t *reply, unsigned int number)
{
	static char text[128];
	json_t *data = rig_data(reply);

	assert_int_equal(json_integer_value(json_object_get(data, "number")),
			 number);
	snprintf(text, sizeof(text), "%s",
		 json_string_value(json_object_get(data, "undone")));
	json_decref(data);
	return text;
}

static void test_a_change_is_taken_back_alone(void **state)
{
	struct rig *r = *state;

	rig_start(r, CHANGE_TOPOLOGY);
	changed(reply_of(begin_change(r, "deny a -> b when \\\"arp\\\"")));
	changed(reply_of(begin_change(r, "allow b <-> c")));
	changed(reply_of(begin_change(r, "deny d -> e when \\\"arp\\\"")));
	expect_switch(r, "sw0.a", "3", "6");
	expect_switch(r, "sw1.d", "2", "3");
	/*
	 * The one in the middle; nothing of the others, nor of the other
	 * switch.
	 */
	assert_string_equal(undone(reply_of(begin_undo(r, ",\"number\":2")), 2),
			    "allow b -> c; allow c -> b");
	expect_switch(r, "sw0.a", "4", "4");
	expect_switch(r, "sw1.d", "2", "3");
	/* The last one. */
	assert_string_equal(undone(reply_of(begin_undo(r, "")), 3),
			    "deny d -> e when \"arp\"");
	expect_switch(r, "sw1.d", "3", "2");
	assert_non_null(strstr(
		rig_error(reply_of(begin_undo(r, ",\"number\":2"))),
		"there is no change 2; 'weir show policy' shows the numbers"));
	assert_string_equal(undone(reply_of(begin_undo(r, "")), 1),
			    "deny a -> b when \"arp\"");
	expect_switch(r, "sw0.a", "5", "3");
	assert_non_null(strstr(rig_error(reply_of(begin_undo(r, ""))),
			       "there is nothing to take back"));
	assert_non_null(
		strstr(rig_error(reply_of(begin_undo(r, ",\"number\":\"x\""))),
		       "wants no"));
	/* No number is given twice. */
	changed(reply_of(begin_change(r, "deny a -> b")));
	assert_string_equal(undone(reply_of(begin_undo(r, ",\"number\":4")), 4),
			    "deny a -> b");
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "policy changed back (1 switch): allow "
				      "b -> c; allow c -> b"),
			 1);
}

/*
 * A rule behind another stays where it is seen; who gave it is told what to do.
 */
static void test_a_warning_is_one_a_command_can_follow(void **state)
{
	struct rig *r = *state;
	json_t *data, *row, *of[3] = { NULL };
	const char *warning;
	size_t i, n = 0;

	rig_start(r, CHANGE_TOPOLOGY);
	changed(reply_of(begin_change(r, "deny a -> b when \\\"arp\\\"")));
	data = rig_data(reply_of(begin_change(r, "allow a -> b")));
	warning = json_string_value(json_object_get(data, "warnings"));
	assert_non_null(strstr(
		warning, "change 1, deny a -> b when \"arp\": warning: "));
	assert_non_null(strstr(warning, "a newer one allows every frame"));
	assert_non_null(strstr(warning, "'weir undo'"));
	assert_null(strstr(warning, "put this one first"));
	assert_null(strstr(warning, "(runtime)"));
	json_decref(data);
	data = rig_data(rig_ask(r, "{\"cmd\":\"show\",\"what\":\"policy\"}"));
	/* a -> b: the new rule, the older one and the topology's. */
	json_array_foreach(data, i, row)
		if (json_object_get(row, "to") != NULL && n < 3 &&
		    strcmp(json_string_value(json_object_get(row, "to")),
			   "sw0.b") == 0)
			of[n++] = row;
	assert_int_equal(n, 3);
	assert_int_equal(json_integer_value(json_object_get(of[0], "change")),
			 2);
	assert_int_equal(json_integer_value(json_object_get(of[1], "change")),
			 1);
	assert_int_equal(json_integer_value(json_object_get(of[1], "hits")), 0);
	assert_true(json_is_integer(json_object_get(of[1], "hits")));
	assert_null(json_object_get(of[2], "change"));
	json_decref(data);
	assert_int_equal(rig_stop(r), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_a_change_takes_hold),
		rig_test(test_a_wrong_change_changes_nothing),
		rig_test(test_a_change_is_taken_back_alone),
		rig_test(test_a_warning_is_one_a_command_can_follow),
	};

	return rig_main(argc, argv, "change", tests,
			sizeof(tests) / sizeof(tests[0]));
}
