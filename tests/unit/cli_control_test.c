/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command against instances: which one is meant, and what happens when the
 * answer is none, is refused, or makes no sense.
 */
#include "tests/unit/cli_rig.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct fake_answer home[] = {
	{ "\"ports\"", OK("[]") },
	{ "\"policy\"", "{\"ok\":false,\"error\":\"no\\u001b[2J; later\"}\n" },
	{ "\"stop\"", OK("{}") },
	{ NULL, NULL },
};

/* A socket whose owner was killed. */
static void leave_stale(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s.sock", fake_dir(),
		 name);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
}

static void test_nothing_runs(void **state)
{
	(void)state;
	leave_stale("old");
	assert_int_equal(run_weir("show ports"), 1);
	expect_error("weir: nothing runs (no instance in %s); start one with "
		     "'weir run FILE'\n",
		     fake_dir());
	assert_int_equal(run_weir("show ports -n old"), 1);
	expect_error("weir: old does not run, nor does any other instance "
		     "(looked in %s)\n",
		     fake_dir());
}

static void test_the_one_that_runs(void **state)
{
	(void)state;
	leave_stale("old");
	fake_instance("home", home);
	assert_int_equal(run_weir("show ports"), 0);
	assert_string_equal(fake_requests(),
			    "{\"cmd\":\"show\",\"what\":\"ports\"}\n");
	assert_string_equal(cli_err, "");
}

static void test_several_run(void **state)
{
	(void)state;
	fake_instance("lab", home);
	fake_instance("home", home);
	assert_int_equal(run_weir("show ports"), 1);
	expect_error("weir: several instances run: home, lab; choose one with "
		     "-n\n");
	assert_int_equal(run_weir("show ports -n hoem"), 1);
	expect_error("weir: hoem does not run; did you mean home? (running: "
		     "home, lab)\n");
	assert_int_equal(run_weir("show ports -n office"), 1);
	expect_error("weir: office does not run; running: home, lab\n");
	assert_int_equal(run_weir("show -nlab ports"), 0);
}

static void test_refusals_are_defused_and_fail(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("show policy"), 1);
	expect_error("weir: home: no\\x1b[2J; later\n");
}

static const struct fake_answer hostile[] = {
	{ "\"ports\"",
	  "{\"protocol\":2,\"ok\":true,\"data\":[{\"port\":\"a\\u001b[2J\\tb\","
	  "\"state\":\"\\u007f\\u009b\"}]}\n" },
	{ "\"fdb\"", "not json\n" },
	{ "\"drops\"", "{\"ok\":true}\n" },
	{ "\"policy\"", "" },
	{ "\"system\"", "{\"protocol\":2,\"ok\":true,\"data\":[1,2,\"x\"]}\n" },
	{ NULL, NULL },
};

/* A monitor of another version: its data may mean something else. */
static const struct fake_answer another[] = {
	{ "\"ports\"", "{\"protocol\":1,\"ok\":true,\"data\":[]}\n" },
	{ "\"fdb\"", "{\"ok\":true,\"data\":[]}\n" },
	{ "\"drops\"", "{\"protocol\":1,\"ok\":false,\"error\":\"no\"}\n" },
	{ "\"stop\"", "{\"protocol\":1,\"ok\":true,\"data\":{}}\n" },
	{ NULL, NULL },
};

static void test_another_version_is_told_and_can_be_stopped(void **state)
{
	(void)state;
	fake_instance("old", another);
	assert_int_equal(run_weir("show ports"), 1);
	assert_string_equal(cli_out, "");
	assert_non_null(strstr(cli_err, "old speaks version 1 of the control "
					"protocol"));
	assert_non_null(strstr(cli_err, "stop old and run it again"));
	assert_int_equal(run_weir("show -j fdb"), 1);
	assert_string_equal(cli_out, "");
	assert_non_null(strstr(cli_err, "old speaks version 0 of the control "
					"protocol"));
	assert_int_equal(run_weir("show drops"), 1);
	expect_error("weir: old: no\n");
	assert_int_equal(run_weir("stop"), 0);
}

static void test_hostile_replies(void **state)
{
	static const char *const nonsense[] = { "show fdb", "show drops" };

	(void)state;
	fake_instance("evil", hostile);
	assert_int_equal(run_weir("show ports"), 0);
	assert_null(strpbrk(cli_out, "\x1b\x7f\x9b"));
	assert_ptr_equal(strstr(cli_out, "a\\x1b[2J\\x09b\t-\t"), cli_out);
	assert_int_equal(run_weir("show -j ports"), 0);
	assert_null(strpbrk(cli_out, "\x1b\x7f\x9b\t"));
	assert_non_null(strstr(cli_out, "\\u001B[2J\\tb"));
	assert_non_null(strstr(cli_out, "\\u007f\\u009B"));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(run_weir(nonsense[i]), 1);
		assert_non_null(strstr(cli_err, "cannot understand evil"));
	}
	assert_int_equal(run_weir("show policy"), 1);
	expect_error("weir: evil closed the connection without an answer; its "
		     "log says why\n");
	/* Not what was asked for, but nothing to fall over. */
	assert_int_equal(run_weir("show system"), 0);
}

static void test_silence_ends_at_the_timeout(void **state)
{
	static const struct fake_answer mute[] = { { NULL, NULL } };

	(void)state;
	fake_instance("mute", mute);
	assert_int_equal(run_weir("show ports -t 1"), 1);
	expect_error("weir: mute did not answer within 1 s; try again with a "
		     "longer -t\n");
}

static void test_vms_are_turned_on_and_off(void **state)
{
	static const struct fake_answer vms[] = {
		{ "\"vm\":\"eve\"",
		  "{\"ok\":false,\"error\":\"no_vm\",\"vm\":\"eve\"}\n" },
		{ "\"console\"",
		  "{\"ok\":false,\"error\":\"is_off\",\"vm\":\"bob\"}\n" },
		{ "\"vm\"", OK("{}") },
		{ NULL, NULL },
	};

	(void)state;
	fake_instance("home", vms);
	assert_int_equal(run_weir("vm restart bob"), 0);
	assert_string_equal(
		fake_requests(),
		"{\"cmd\":\"vm\",\"do\":\"restart\",\"vm\":\"bob\"}\n");
	assert_int_equal(run_weir("vm start eve"), 1);
	expect_error(
		"weir: home: there is no vm \"eve\"; 'weir show vms' lists "
		"them\n");
	assert_int_equal(run_weir("vm dance bob"), 2);
	expect_error("weir: a VM can be told to start, stop or restart, not "
		     "'dance'\n");
	assert_int_equal(run_weir("console bob"), 1);
	expect_error("weir: home: vm bob is off; 'weir vm start bob' turns it "
		     "on\n");
}

static void test_stop(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("stop"), 0);
	assert_string_equal(fake_requests(), "{\"cmd\":\"stop\"}\n");
	assert_string_equal(cli_out, "");
	assert_int_equal(run_weir("stop home"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cli_test(test_nothing_runs),
		cli_test(test_the_one_that_runs),
		cli_test(test_several_run),
		cli_test(test_another_version_is_told_and_can_be_stopped),
		cli_test(test_refusals_are_defused_and_fail),
		cli_test(test_hostile_replies),
		cli_test(test_silence_ends_at_the_timeout),
		cli_test(test_vms_are_turned_on_and_off),
		cli_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
