/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line itself: words, options, exit codes, what goes where.
 */
#include "tests/unit/cli_rig.h"

static void test_wrong_words(void **state)
{
	static const struct {
		const char *words;
		const char *error;
	} wrong[] = {
		{ "chekc x", "weir: there is no command 'chekc'; did you mean "
			     "'check'?\n" },
		{ "frobnicate", "weir: there is no command 'frobnicate'; "
				"'weir help' lists them\n" },
		{ "show prots", "weir: there is no 'prots' to show; did you "
				"mean 'ports'? (ports, fdb, policy, flows, "
				"groups, drops, system, vms, disks)\n" },
		{ "show xyzzy", "weir: there is no 'xyzzy' to show; there are "
				"ports, fdb, policy, flows, groups, drops, "
				"system, vms and disks\n" },
		{ "show --jsno ports", "weir: 'weir show' has no option "
				       "--jsno; did you mean --json?\n" },
		{ "show -v ports", "weir: 'weir show' has no option -v; see "
				   "'weir help show'\n" },
		{ "check --name x y", "weir: 'weir check' has no option "
				      "--name; see 'weir help check'\n" },
		{ "show ports -t", "weir: -t needs a value: -t SECONDS\n" },
		{ "show ports -t 0", "weir: -t 0: whole seconds, 1 to 3600\n" },
		{ "show ports -t 1.5",
		  "weir: -t 1.5: whole seconds, 1 to 3600\n" },
		{ "show ports -t -5",
		  "weir: -t -5: whole seconds, 1 to 3600\n" },
		{ "show ports --timeout=x",
		  "weir: -t x: whole seconds, 1 to 3600\n" },
		{ "show ports --json=yes", "weir: --json takes no value; see "
					   "'weir help show'\n" },
		{ "show",
		  "weir: too few words; usage: weir show [-j|--table] "
		  "[-n NAME] [-t SECONDS] "
		  "ports|fdb|policy|flows|groups|drops|system|vms|disks\n" },
		{ "check a b",
		  "weir: too many words; usage: weir check [-v] FILE\n" },
		{ "help chekc", "weir: there is no command 'chekc'; did you "
				"mean 'check'?\n" },
		{ "run -n ../x /nonexistent",
		  "weir: \"../x\" cannot be an instance's name: letters, "
		  "digits, '.', '_' and '-', at most 31 of them, and neither "
		  "'.' nor '-' first\n" },
		{ "show -j --table ports",
		  "weir: --table is for people and --json for programs; choose "
		  "one\n" },
		{ "allow --table a b", "weir: 'weir allow' has no option "
				       "--table; see 'weir help allow'\n" },
		{ "stop -n a b", "weir: stop b or a? Name one\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(run_weir(wrong[i].words), 2);
		assert_string_equal(cli_err, wrong[i].error);
		assert_string_equal(cli_out, "");
	}
}

/* Words of other tools, and of what one would like to see. */
static void test_other_words_lead_to_the_command(void **state)
{
	static const struct {
		const char *words;
		const char *leads;
	} other[] = {
		{ "status", "'weir show ports'" },
		{ "list", "'weir show ports'" },
		{ "ports", "did you mean 'weir show ports'?" },
		{ "fdb", "did you mean 'weir show fdb'?" },
		{ "vms", "did you mean 'weir show vms'?" },
		{ "disks", "did you mean 'weir show disks'?" },
		{ "rules", "'weir show policy'" },
		{ "start", "'weir run FILE'" },
		{ "restart", "'weir reload'" },
		{ "log", "standard error" },
		{ "logs", "standard error" },
		{ "remove", "'weir undo'" },
		{ "kill", "'weir stop'" },
		{ "block", "'weir deny FROM TO'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		assert_int_equal(run_weir(other[i].words), 2);
		if (strstr(cli_err, other[i].leads) == NULL)
			fail_msg("%s: %s", other[i].words, cli_err);
	}
	/* Parts of a word are none of them. */
	assert_int_equal(run_weir("estar"), 2);
	assert_null(strstr(cli_err, "reload"));
}

static void test_options_may_stand_in_front(void **state)
{
	static const char *const same[] = {
		"-n nosuch show ports",	      "-nnosuch show ports",
		"--name nosuch show ports",   "--name=nosuch show ports",
		"-t 3 -jn nosuch show ports", "show -n nosuch ports",
		"-n nosuch -- show ports",
	};

	(void)state;
	fake_rundir();
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(run_weir(same[i]), 1);
		if (strncmp(cli_err, "weir: nosuch does not run", 25) != 0)
			fail_msg("%s: %s", same[i], cli_err);
	}
	fake_end();
	assert_int_equal(run_weir("-v show ports"), 2);
	assert_string_equal(cli_err, "weir: 'weir show' has no option -v; see "
				     "'weir help show'\n");
	assert_int_equal(run_weir("-n home"), 2);
	assert_string_equal(cli_err, "weir: which command? 'weir help' lists "
				     "them\n");
	assert_int_equal(run_weir("-h show"), 0);
	assert_ptr_equal(strstr(cli_out, "usage: weir show "), cli_out);
}

/* What help says of an option is what that command does. */
static void test_help_tells_each_command_s_defaults(void **state)
{
	(void)state;
	run_weir("help show");
	assert_non_null(strstr(cli_out, "how long it may take (default: 5)"));
	assert_non_null(strstr(cli_out, "--table"));
	run_weir("help allow");
	assert_non_null(strstr(cli_out, "how long it may take (default: 10)"));
	assert_null(strstr(cli_out, "default: 5"));
	run_weir("help run");
	assert_non_null(strstr(cli_out, "(default: like the file)"));
	assert_null(strstr(cli_out, "the one that runs"));
	run_weir("help check");
	assert_null(strstr(cli_out, "--name"));
	assert_non_null(strstr(cli_out, "--help"));
}

/* What cannot be a statement is not sent to anybody. */
static void test_wrong_changes(void **state)
{
	static const struct {
		const char *words;
		const char *error;
	} wrong[] = {
		{ "allow a -> b;x", "\"b;x\" is not a port or group" },
		{ "allow a{ b", "\"a{\" is not a port" },
		{ "allow a -", "the shell has taken the rest of the arrow" },
		{ "allow a <-", "the shell has taken the rest of the arrow" },
		{ "allow a ->", "to which port or group?" },
		{ "allow a b when", "a filter must follow" },
		{ "allow a b when reply", "a filter must follow" },
		{ "allow a b when tcp\" port", "without double quotes" },
		{ "allow a b when tcp\nallow c -> d",
		  "one line of plain text" },
		{ "allow a b when \xc3\xa9", "one line of plain text" },
		{ "allow a b if tcp", "\"if\" is neither" },
		{ "deny a b reply", "a deny rule cannot have" },
		{ "allow -v a b", "'weir allow' has no option -v" },
		{ "limit a in", "after \"limit in\" there must be RATE" },
		{ "limit a 1mbit 64k", "after \"limit\" there must be RATE" },
		{ "limit a 1mbit x 64k", "after \"limit\" there must be" },
		{ "storm a all 1/s", "\"all\" cannot be limited" },
		{ "storm a unknown 1/s 2 3", "after \"storm unknown\" there" },
		{ "storm a; none", "\"a;\" is not a port" },
		{ "storm a unknown", "after \"storm unknown\" there must" },
		{ "limit a }", "\"}\" is not a value" },
		{ "limit a;b 1mbit", "\"a;b\" is not a port" },
		{ "limit -b a 1mbit", "'weir limit' has no option -b" },
		{ "lock a tcp 02:00:00:00:00:01", "\"tcp\" is neither" },
		{ "lock a ip ,", "which addresses?" },
		{ "lock a ip 10.0.0.1;", "\"10.0.0.1;\" is not a value" },
		{ "undo 0", "\"0\" is not the number of a change" },
		{ "undo last", "\"last\" is not the number of a change" },
		{ "undo 99999999999", "is not the number of a change" },
		{ "undo 1 2", "too many words" },
		{ "reload -", "cannot read this command's standard input" },
		{ "allow a", "too few words" },
		{ "reload a b", "too many words" },
	};

	(void)state;
	setenv("WEIR_RUNDIR", "/nonexistent", 1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(run_weir(wrong[i].words), 2);
		if (strstr(cli_err, wrong[i].error) == NULL)
			fail_msg("%s: %s", wrong[i].words, cli_err);
		assert_string_equal(cli_out, "");
	}
}

static void test_hostile_words_are_defused(void **state)
{
	(void)state;
	assert_int_equal(run_weir("\x1b]0;x\a"), 2);
	assert_null(strpbrk(cli_err, "\x1b\a"));
	assert_non_null(strstr(cli_err, "\\x1b]0;x\\x07"));
}

static void test_no_words_is_wrong_but_helpful(void **state)
{
	(void)state;
	assert_int_equal(run_weir(""), 2);
	assert_string_equal(cli_out, "");
	assert_non_null(strstr(cli_err, "weir check"));
}

static void test_help_goes_to_standard_output(void **state)
{
	static const char *const ways[] = { "help", "--help", "-h" };
	static const char *const all[] = { "check", "run",  "show",   "trace",
					   "allow", "deny", "limit",  "storm",
					   "lock",  "undo", "reload", "stop" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(run_weir(ways[i]), 0);
		assert_string_equal(cli_err, "");
		for (size_t j = 0; j < 12; j++)
			assert_non_null(strstr(cli_out, all[j]));
		assert_null(strstr(cli_out, "--pd"));
	}
}

static void test_every_command_has_help(void **state)
{
	static const char *const all[] = { "check", "run",  "show",   "trace",
					   "allow", "deny", "limit",  "storm",
					   "lock",  "undo", "reload", "stop" };

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		char words[40];
		char usage[40];

		snprintf(usage, sizeof(usage), "usage: weir %s ", all[i]);
		snprintf(words, sizeof(words), "help %s", all[i]);
		assert_int_equal(run_weir(words), 0);
		assert_ptr_equal(strstr(cli_out, usage), cli_out);
		/* The same wherever -h stands, and nothing is done. */
		snprintf(words, sizeof(words), "%s x -h", all[i]);
		assert_int_equal(run_weir(words), 0);
		assert_ptr_equal(strstr(cli_out, usage), cli_out);
	}
}

static void test_version(void **state)
{
	(void)state;
	assert_int_equal(run_weir("--version"), 0);
	assert_int_equal(strncmp(cli_out, "weir 0.", 7), 0);
	assert_string_equal(cli_err, "");
	assert_int_equal(run_weir("version"), 0);
	assert_int_equal(strncmp(cli_out, "weir 0.", 7), 0);
}

static void test_missing_topology(void **state)
{
	static const char *const verbs[] = { "check", "run" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char words[60];

		snprintf(words, sizeof(words), "%s /nonexistent.conf",
			 verbs[i]);
		assert_int_equal(run_weir(words), 1);
		assert_non_null(strstr(cli_err, "/nonexistent.conf"));
		assert_string_equal(cli_out, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_words),
		cmocka_unit_test(test_other_words_lead_to_the_command),
		cmocka_unit_test(test_options_may_stand_in_front),
		cmocka_unit_test(test_help_tells_each_command_s_defaults),
		cmocka_unit_test(test_wrong_changes),
		cmocka_unit_test(test_hostile_words_are_defused),
		cmocka_unit_test(test_no_words_is_wrong_but_helpful),
		cmocka_unit_test(test_help_goes_to_standard_output),
		cmocka_unit_test(test_every_command_has_help),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_missing_topology),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
