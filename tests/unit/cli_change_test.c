/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that change an instance: the statement that is sent, and what is
 * told of the answer.
 */
#include "tests/unit/cli_rig.h"

#include <unistd.h>

static const struct fake_answer home[] = {
	{ "when \\\"tcp port 1\\\"",
	  "{\"ok\":false,\"error\":\"errors\",\"count\":1,"
	  "\"report\":\"(runtime):1:7: unknown port\\u001b[2J\\n\"}\n" },
	{ "\"change\"", OK("{\"warnings\":\"(runtime):1:1: warning: odd\\n\","
			   "\"switches\":[\"sw0\"],\"changed\":1}") },
	{ "\"undo\"", OK("{\"warnings\":\"\",\"switches\":[],\"changed\":0,"
			 "\"number\":3,\"undone\":\"deny a\\u001b -> b\"}") },
	{ "\"reload\"", OK("{\"warnings\":\"\",\"switches\":[],"
			   "\"changed\":0}") },
	{ NULL, NULL },
};

/* What is typed, and the statement that is sent. */
static void test_changes_are_statements(void **state)
{
	static const struct {
		const char *words;
		const char *text;
	} table[] = {
		{ "allow alice bob", "allow alice -> bob" },
		{ "allow alice -> bob", "allow alice -> bob" },
		{ "allow sw0.alice <-> kids", "allow sw0.alice <-> kids" },
		{ "allow -b alice bob", "allow alice <-> bob" },
		{ "allow alice bob --both", "allow alice <-> bob" },
		{ "allow alice bob reply", "allow alice -> bob reply" },
		{ "allow alice bob when tcp or arp reply",
		  "allow alice -> bob when \\\"tcp or arp\\\" reply" },
		{ "deny alice bob when port 22",
		  "deny alice -> bob when \\\"port 22\\\"" },
		{ "deny -> bob -b", NULL },
		{ "limit alice 10mbit", "set alice { limit 10mbit }" },
		{ "limit alice in 10mbit burst 64k",
		  "set alice { limit in 10mbit burst 64k }" },
		{ "limit alice out off", "set alice { limit out off }" },
		{ "storm alice broadcast 100/s burst 10",
		  "set alice { storm broadcast 100/s burst 10 }" },
		{ "storm alice unknown off",
		  "set alice { storm unknown off }" },
		{ "storm alice none", "set alice { storm none }" },
		{ "lock alice mac 02:00:00:00:00:01",
		  "set alice { mac lock 02:00:00:00:00:01 }" },
		{ "lock alice mac 02:00:00:00:00:01 02:00:00:00:00:02",
		  "set alice { mac lock 02:00:00:00:00:01, "
		  "02:00:00:00:00:02 }" },
		{ "lock alice mac off", "set alice { mac lock off }" },
		{ "lock alice ip 10.0.0.1,fe80::/64",
		  "set alice { ip lock 10.0.0.1, fe80::/64 }" },
		{ "lock alice ip 10.0.0.1 10.0.0.2, 10.1.0.0/16",
		  "set alice { ip lock 10.0.0.1, 10.0.0.2, 10.1.0.0/16 }" },
	};

	(void)state;
	fake_instance("home", home);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char want[256];

		if (table[i].text == NULL) {
			assert_int_equal(run_weir(table[i].words), 2);
			continue;
		}
		assert_int_equal(run_weir(table[i].words), 0);
		snprintf(want, sizeof(want),
			 "{\"cmd\":\"change\",\"text\":\"%s\"}\n",
			 table[i].text);
		if (strstr(fake_requests(), want) == NULL)
			fail_msg("%s sent %s", table[i].words, fake_requests());
		/* Nothing is said but warnings. */
		assert_string_equal(cli_out, "");
		assert_string_equal(cli_err, "(runtime):1:1: warning: odd\n");
	}
	assert_int_equal(run_weir("allow alice bob -j"), 0);
	assert_non_null(strstr(cli_out, "\"changed\": 1"));
}

static void test_a_change_that_is_refused(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("allow alice bob when tcp port 1"), 1);
	expect_error("(runtime):1:7: unknown port\\x1b[2J\n"
		     "weir: home: 1 error; nothing was changed\n");
}

static void test_undo(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("undo"), 0);
	assert_string_equal(fake_requests(), "{\"cmd\":\"undo\"}\n");
	assert_string_equal(cli_out, "change 3 taken back: deny a\\x1b -> b\n");
	assert_string_equal(cli_err, "");
	assert_int_equal(run_weir("undo 3 -j"), 0);
	assert_non_null(
		strstr(fake_requests(), "{\"cmd\":\"undo\",\"number\":3}\n"));
	assert_non_null(strstr(cli_out, "\"number\": 3"));
	assert_null(strstr(cli_out, "taken back"));
}

static void test_reload_names_a_file_in_full(void **state)
{
	char *here = getcwd(NULL, 0);
	char want[1024];

	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("reload"), 0);
	assert_string_equal(fake_requests(), "{\"cmd\":\"reload\"}\n");
	assert_int_equal(run_weir("reload /etc/weir/home.conf"), 0);
	assert_non_null(strstr(fake_requests(), "{\"cmd\":\"reload\",\"file\":"
						"\"/etc/weir/home.conf\"}\n"));
	assert_int_equal(run_weir("reload new.conf"), 0);
	snprintf(want, sizeof(want),
		 "{\"cmd\":\"reload\",\"file\":\"%s/new.conf\"}\n", here);
	assert_non_null(strstr(fake_requests(), want));
	assert_string_equal(cli_out, "");
	assert_string_equal(cli_err, "");
	free(here);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cli_test(test_changes_are_statements),
		cli_test(test_a_change_that_is_refused),
		cli_test(test_undo),
		cli_test(test_reload_names_a_file_in_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
