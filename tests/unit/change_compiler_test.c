/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes while it runs: the compiler may be slow, hang or die, and the client
 * that asked may leave. Most of it against a running monitor; timeouts in this
 * process, where time is what the test says it is.
 */
#include "tests/unit/change_rig.h"
#include "tests/unit/server_rig.h"

#include <limits.h>
#include <netdb.h>

#include "config/check/filter.h"

FAKE_COMPONENTS;

/* The name server of "slow.example" answers when there is a writer here. */
static char name_server[128];

/*
 * Takes the place of the C library's, whose declaration has names that nobody
 * else may use.
 */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int getaddrinfo(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **res)
{
	FILE *f = NULL;

	(void)service;
	(void)hints;
	(void)res;
	if (node != NULL && strcmp(node, "slow.example") == 0)
		f = fopen(name_server, "re");
	if (f != NULL)
		fclose(f);
	return EAI_NONAME;
}

/* A topology that takes long to compile, and is not right in the end. */
static void make_slow(const struct rig *r)
{
	filter_limit_ms = INT_MAX;
	snprintf(name_server, sizeof(name_server), "%s",
		 rig_path(r, "name-server"));
	assert_int_equal(mkfifo(name_server, 0600), 0);
	rig_write(r, "slow.conf",
		  CHANGE_TOPOLOGY "allow b -> c when \"host slow.example\"\n");
}

static pid_t wait_compiler(pid_t monitor)
{
	pid_t pid;

	for (int i = 0; i < RIG_TIMEOUT_MS; i++) {
		pid = rig_seek(monitor, "weir-compile");
		if (pid != 0)
			return pid;
		poll(NULL, 0, 1);
	}
	fail_msg("nobody compiles");
	return 0;
}

static void hc14_a_compiler_that_crashes(void **state)
{
	struct rig *r = *state;
	int fd;

	make_slow(r);
	rig_start(r, CHANGE_TOPOLOGY);
	fd = begin_reload(r, "slow.conf");
	kill(wait_compiler(r->pid), SIGABRT);
	assert_string_equal(rig_error(reply_of(fd)),
			    "the compiler was killed by SIGABRT; nothing was "
			    "changed");
	expect_switch(r, "sw0.a", "1", "3");
	/* The next one does better. */
	changed(reply_of(begin_change(r, "allow b -> c")));
	expect_switch(r, "sw0.a", "2", "4");
	assert_int_equal(rig_stop(r), 0);
}

static void hc14_who_goes_away_takes_his_compiler_along(void **state)
{
	struct rig *r = *state;
	pid_t pid;
	int fd;

	make_slow(r);
	rig_start(r, CHANGE_TOPOLOGY);
	fd = begin_reload(r, "slow.conf");
	pid = wait_compiler(r->pid);
	close(fd);
	changed(reply_of(begin_change(r, "allow b -> c")));
	assert_int_equal(kill(pid, 0), -1);
	expect_switch(r, "sw0.a", "2", "4");
	assert_int_equal(rig_stop(r), 0);
}

static void test_changes_wait_for_each_other(void **state)
{
	struct rig *r = *state;
	int first, second, third;

	make_slow(r);
	rig_start(r, CHANGE_TOPOLOGY);
	first = begin_reload(r, "slow.conf");
	wait_compiler(r->pid);
	second = begin_change(r, "deny a -> b when \\\"udp\\\"");
	/* Everything else goes on meanwhile. */
	expect_switch(r, "sw0.a", "1", "3");
	third = begin_change(r, "allow a -> b when \\\"tcp\\\"");
	expect_switch(r, "sw0.a", "1", "3");
	rig_write(r, "name-server", "");
	assert_non_null(strstr(report(reply_of(first)), "slow.example"));
	assert_string_equal(changed(reply_of(second)), "sw0");
	assert_string_equal(changed(reply_of(third)), "sw0");
	expect_switch(r, "sw0.a", "3", "5");
	assert_int_equal(rig_stop(r), 0);
}

static void test_its_end_does_not_wait_for_a_compiler(void **state)
{
	struct rig *r = *state;
	int fd;

	make_slow(r);
	rig_start(r, CHANGE_TOPOLOGY);
	fd = begin_reload(r, "slow.conf");
	wait_compiler(r->pid);
	/* Returns when the last process that holds its log has ended. */
	assert_int_equal(rig_stop(r), 0);
	close(fd);
	/* The same if it is killed. */
	rig_start(r, CHANGE_TOPOLOGY);
	fd = begin_reload(r, "slow.conf");
	wait_compiler(r->pid);
	kill(r->pid, SIGKILL);
	assert_true(WIFSIGNALED(rig_wait(r)));
	close(fd);
}

/* --- time, in this process ---------------------------------------------- */

static void hc14_a_compiler_that_hangs(void **state)
{
	const struct rig *r = *state;
	struct server s;
	int first, second;
	pid_t pid;

	make_slow(r);
	serve(&s, r);
	first = begin_reload(r, "slow.conf");
	serve_once(&s); /* the connection, and the request that is there */
	assert_int_equal(s.m.change.stage, CHANGE_COMPILING);
	pid = wait_compiler(getpid());
	second = begin_reload(r, "slow.conf");
	serve_once(&s);
	s.m.now_ns = s.m.change.caller->deadline_ns - 1;
	control_tick(&s.m);
	assert_int_equal(s.m.change.stage, CHANGE_COMPILING);
	s.m.now_ns++;
	control_tick(&s.m);
	assert_string_equal(rig_error(reply_of(first)),
			    "compiling takes too long; nothing was changed");
	/*
	 * Its end is awaited before the next one begins, who has had no turn.
	 */
	assert_true(child_runs(&s.m.change.compiler.child));
	s.m.now_ns += CONTROL_TIMEOUT_NS;
	control_tick(&s.m);
	assert_non_null(strstr(rig_error(reply_of(second)),
			       "other changes are being made"));
	while (child_runs(&s.m.change.compiler.child))
		serve_once(&s);
	assert_int_equal(s.m.change.stage, CHANGE_IDLE);
	assert_int_equal(kill(pid, 0), -1);
	assert_true(control_deadline(&s.m) == UINT64_MAX);
	assert_true(change_deadline(&s.m) == UINT64_MAX);
	end(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(hc14_a_compiler_that_crashes),
		rig_test(hc14_who_goes_away_takes_his_compiler_along),
		rig_test(test_changes_wait_for_each_other),
		rig_test(test_its_end_does_not_wait_for_a_compiler),
		rig_test(hc14_a_compiler_that_hangs),
	};

	return rig_main(argc, argv, "change_compiler", tests,
			sizeof(tests) / sizeof(tests[0]));
}
