/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statements: what replaces what, in which order they stand, and what holds
 * again when one is taken back.
 */
#include "tests/unit/statement_rig.h"

static void test_the_newest_comes_first(void **state)
{
	struct statements s = { 0 };

	(void)state;
	expect_text(&s, "");
	make_change(&s, "allow alice -> bob when \"tcp\"");
	make_change(&s, "deny   alice->bob");
	expect_text(&s, "deny alice -> bob\nallow alice -> bob when \"tcp\"\n");
	/* Within a change, what is written first. */
	make_change(&s, "allow a -> b\nallow b -> c; allow c -> d");
	expect_text(&s, "allow a -> b\nallow b -> c\nallow c -> d\n"
			"deny alice -> bob\nallow alice -> bob when \"tcp\"\n");
	statements_free(&s);
	expect_text(&s, "");
}

static void test_a_rule_replaces_one_of_the_same_frames(void **state)
{
	struct statements s = { 0 };

	(void)state;
	make_change(&s, "allow alice -> carol when \"tcp\" reply");
	make_change(&s, "allow carol -> alice");
	make_change(&s, "deny alice -> carol when \"tcp\"");
	expect_text(&s,
		    "deny alice -> carol when \"tcp\"\nallow carol -> alice\n");
	/* Another filter, another direction, no filter: they stay. */
	make_change(&s, "deny alice -> carol when \"udp\"");
	make_change(&s, "deny alice -> carol");
	expect_text(&s,
		    "deny alice -> carol\n"
		    "deny alice -> carol when \"udp\"\n"
		    "deny alice -> carol when \"tcp\"\nallow carol -> alice\n");
	statements_free(&s);
}

static void test_ports_have_two_names(void **state)
{
	struct statements s = { 0 };

	(void)state;
	make_change(&s, "allow alice -> sw0.bob");
	make_change(&s, "deny sw0.alice -> sw0.bob");
	expect_text(&s, "deny sw0.alice -> sw0.bob\n");
	/* Two switches have a bob: that is nobody's full name. */
	make_change(&s, "allow alice -> bob");
	expect_text(&s, "allow alice -> bob\ndeny sw0.alice -> sw0.bob\n");
	make_change(&s, "set alice { limit in 1mbit }");
	make_change(&s, "set sw0.alice { limit in 2mbit }");
	expect_text(&s, "set sw0.alice { limit in 2mbit }\nallow alice -> bob\n"
			"deny sw0.alice -> sw0.bob\n");
	statements_free(&s);
}

static void test_both_ways_are_two(void **state)
{
	struct statements s = { 0 };

	(void)state;
	make_change(&s, "allow alice <-> carol when \"arp\"");
	expect_text(&s, "allow alice -> carol when \"arp\"\n"
			"allow carol -> alice when \"arp\"\n");
	make_change(&s, "deny carol -> alice when \"arp\"");
	expect_text(&s, "deny carol -> alice when \"arp\"\n"
			"allow alice -> carol when \"arp\"\n");
	make_change(&s, "allow { alice, kids } <-> carol");
	expect_text(&s, "allow { alice , kids } -> carol\n"
			"allow carol -> { alice , kids }\n"
			"deny carol -> alice when \"arp\"\n"
			"allow alice -> carol when \"arp\"\n");
	statements_free(&s);
}

static void test_each_setting_stands_alone(void **state)
{
	struct statements s = { 0 };

	(void)state;
	make_change(&s, "set alice { limit 10mbit burst 64k; mac lock off }");
	expect_text(&s, "set alice { limit in 10mbit burst 64k }\n"
			"set alice { limit out 10mbit burst 64k }\n"
			"set alice { mac lock off }\n");
	make_change(&s, "set alice { limit out off }");
	make_change(&s, "set alice {\nmac lock 02:00:00:00:00:07\n"
			"ip lock 10.0.0.7, fe80::/64\n}");
	expect_text(&s, "set alice { mac lock 02:00:00:00:00:07 }\n"
			"set alice { ip lock 10.0.0.7 , fe80::/64 }\n"
			"set alice { limit out off }\n"
			"set alice { limit in 10mbit burst 64k }\n");
	make_change(&s, "set alice { storm unknown 5/s }");
	make_change(&s, "set alice { storm none }");
	expect_text(&s, "set alice { storm broadcast off }\n"
			"set alice { storm multicast off }\n"
			"set alice { storm unknown off }\n"
			"set alice { mac lock 02:00:00:00:00:07 }\n"
			"set alice { ip lock 10.0.0.7 , fe80::/64 }\n"
			"set alice { limit out off }\n"
			"set alice { limit in 10mbit burst 64k }\n");
	undone(&s, 0, 5);
	undone(&s, 0, 4);
	/* One word says which setting, or two do. */
	make_change(&s, "set alice { vlan access 4 }");
	make_change(&s, "set alice { vlan trunk 5 }");
	make_change(&s, "set alice { mac sticky 4 }");
	expect_text(&s,
		    "set alice { mac sticky 4 }\nset alice { vlan trunk 5 }\n"
		    "set alice { mac lock 02:00:00:00:00:07 }\n"
		    "set alice { ip lock 10.0.0.7 , fe80::/64 }\n"
		    "set alice { limit out off }\n"
		    "set alice { limit in 10mbit burst 64k }\n");
	statements_free(&s);
}

static void test_what_was_replaced_holds_again(void **state)
{
	struct statements s = { 0 };

	(void)state;
	make_change(&s, "set alice { limit in 1mbit }");
	make_change(&s, "allow alice -> carol");
	make_change(&s, "set alice { limit 2mbit }");
	make_change(&s, "deny alice -> carol");
	expect_text(&s, "deny alice -> carol\nset alice { limit in 2mbit }\n"
			"set alice { limit out 2mbit }\n");
	assert_string_equal(undone(&s, 0, 4), "deny alice -> carol");
	assert_string_equal(undone(&s, 3, 3), "set alice { limit in 2mbit }; "
					      "set alice { limit out 2mbit }");
	expect_text(&s, "allow alice -> carol\nset alice { limit in 1mbit }\n");
	assert_non_null(strstr(undone(&s, 3, 0), "there is no change 3"));
	/* One that has been replaced can go as well; nothing else changes. */
	make_change(&s, "deny alice -> carol");
	assert_string_equal(undone(&s, 2, 2), "allow alice -> carol");
	expect_text(&s, "deny alice -> carol\nset alice { limit in 1mbit }\n");
	assert_string_equal(undone(&s, 0, 5), "deny alice -> carol");
	assert_string_equal(undone(&s, 0, 1), "set alice { limit in 1mbit }");
	assert_non_null(strstr(undone(&s, 0, 0), "nothing to take back"));
	make_change(&s, "allow a -> b");
	assert_int_equal(s.v[0].change, 6);
	statements_free(&s);
}

/* What is replaced is kept as long as there is room, the oldest goes first. */
static void test_replaced_ones_make_room(void **state)
{
	struct statements s = { 0 };
	char text[64];

	(void)state;
	for (unsigned int i = 1; i <= STATEMENTS_MAX + 3; i++) {
		snprintf(text, sizeof(text), "set alice { limit in %ukbit }",
			 i + 9);
		make_change(&s, text);
	}
	assert_int_equal(s.n, STATEMENTS_MAX);
	assert_string_equal(s.v[s.n - 1].text, "set alice { limit in 13kbit }");
	expect_text(&s, "set alice { limit in 268kbit }\n");
	undone(&s, 0, 259);
	expect_text(&s, "set alice { limit in 267kbit }\n");
	statements_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_newest_comes_first),
		cmocka_unit_test(test_a_rule_replaces_one_of_the_same_frames),
		cmocka_unit_test(test_ports_have_two_names),
		cmocka_unit_test(test_both_ways_are_two),
		cmocka_unit_test(test_each_setting_stands_alone),
		cmocka_unit_test(test_what_was_replaced_holds_again),
		cmocka_unit_test(test_replaced_ones_make_room),
	};

	return cmocka_run_group_tests(tests, statement_setup,
				      statement_teardown);
}
