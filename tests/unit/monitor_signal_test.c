/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals to a running monitor: which end it, which load its topology again,
 * and that all others do no harm to it nor to those it has started.
 */
#include "tests/unit/monitor_rig.h"

#include <sys/resource.h>

FAKE_COMPONENTS;

#define TOPOLOGY(rule)                                                         \
	"switch sw0 {\n"                                                       \
	"port a { attach \"@/a.sock\" }\n"                                     \
	"port b { attach \"@/b.sock\" }\n"                                     \
	"port p { socket listen \"@/p.made\" }\n"                              \
	"}\n" rule

static const char small[] = TOPOLOGY("allow a <-> b\nallow a <-> p\n");

static void write_topology(const struct rig *r, const char *text)
{
	FILE *f = fopen(rig_path(r, "test.conf"), "w");

	assert_non_null(f);
	for (const char *p = text; *p != '\0'; p++)
		fprintf(f, *p == '@' ? "%s" : "%.1s", *p == '@' ? r->dir : p);
	fclose(f);
}

/* --- SIGHUP ------------------------------------------------------------- */

static void test_sighup_loads_the_topology_again(void **state)
{
	struct rig *r = *state;

	rig_start(r, small);
	write_topology(r, TOPOLOGY("allow a <-> b\nallow a -> p\n"));
	kill(r->pid, SIGHUP);
	rig_expect(r, "notice weir: test: SIGHUP: loading the topology again\n",
		   1);
	rig_expect(r, "notice weir: test: policy loaded again (1 switch)\n", 1);
	/* Warnings are told; nothing has changed. */
	write_topology(r, TOPOLOGY("allow a <-> b\nallow a -> p\n"
				   "allow a -> p\n"));
	kill(r->pid, SIGHUP);
	rig_expect(r, "policy loaded again", 2);
	rig_expect(r, "warning weir: test: ", 1);
	assert_string_equal(rig_port(r, "sw0.p", "restarts"), "0");
	assert_int_equal(rig_stop(r), 0);
}

static void test_sighup_that_changes_nothing_says_why(void **state)
{
	struct rig *r = *state;

	rig_start(r, small);
	/* The rig has taken the file away. */
	kill(r->pid, SIGHUP);
	rig_expect(r, "error weir: test: SIGHUP: 1 error; nothing was changed",
		   1);
	assert_int_equal(rig_count(r, "No such file"), 1);
	write_topology(r, TOPOLOGY("allow a <-> nobody\n"));
	kill(r->pid, SIGHUP);
	rig_expect(r, "SIGHUP: 1 error; nothing was changed", 2);
	assert_int_equal(rig_count(r, "test.conf:6:13: unknown port"), 1);
	/* What takes a restart. */
	write_topology(r, "switch sw0 {\nport a { attach \"@/a.sock\" }\n"
			  "port b { attach \"@/b.sock\" }\n}\n"
			  "allow a <-> b\n");
	kill(r->pid, SIGHUP);
	rig_expect(r, "error weir: test: SIGHUP: ", 3);
	assert_string_equal(rig_port(r, "sw0.p", "restarts"), "0");
	assert_int_equal(rig_stop(r), 0);
}

static void test_many_sighups(void **state)
{
	struct rig *r = *state;
	unsigned int fds;

	rig_start(r, small);
	write_topology(r, small);
	fds = rig_least_fds(r->pid);
	for (int i = 0; i < 500; i++)
		kill(r->pid, SIGHUP);
	/* Many are one, but the last one is followed by a load. */
	rig_expect(r, "policy loaded again", 1);
	write_topology(r, TOPOLOGY("allow a <-> b\n"));
	kill(r->pid, SIGHUP);
	rig_expect(r, "policy loaded again (1 switch)", 1);
	while (rig_fds(r->pid) != fds)
		poll(NULL, 0, 5);
	assert_string_equal(rig_port(r, "sw0.p", "restarts"), "0");
	assert_int_equal(rig_stop(r), 0);
}

/* --- the others --------------------------------------------------------- */

/* The child of a process that has a name. */
static pid_t child_of(pid_t parent, const char *name)
{
	DIR *d = opendir("/proc");
	pid_t found = 0;

	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		char path[64], comm[32] = "";
		int pid, of;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%.16s/stat", e->d_name);
		f = fopen(path, "r");
		if (f == NULL)
			continue;
		if (fscanf(f, "%d (%31[^)]) %*c %d", &pid, comm, &of) == 3 &&
		    of == (int)parent && strcmp(comm, name) == 0)
			found = pid;
		fclose(f);
	}
	closedir(d);
	return found;
}

static bool ends_it(int number)
{
	switch (number) {
	case SIGINT:
	case SIGTERM:
	case SIGQUIT:
	case SIGKILL:
	/* It says so of itself only. */
	case SIGILL:
	case SIGTRAP:
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
	case SIGSYS:
	/* It stops. */
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return true;
	default:
		/* The C library's own. */
		return number > 31 && number < SIGRTMIN;
	}
}

static void test_other_signals_do_no_harm(void **state)
{
	struct rig *r = *state;
	pid_t who[4];

	rig_start(r, small);
	rig_until(r, "sw0.p", "state", "up");
	who[0] = r->pid;
	who[1] = child_of(r->pid, "weir-janitor");
	who[2] = (pid_t)strtol(rig_pd(r, "sw0", "pid"), NULL, 10);
	who[3] = (pid_t)strtol(rig_pd(r, "sw0.p", "pid"), NULL, 10);
	for (int i = 0; i < 4; i++)
		for (int number = 1; number <= SIGRTMAX; number++) {
			assert_true(who[i] > 1);
			if (!ends_it(number))
				assert_int_equal(kill(who[i], number), 0);
		}
	rig_expect(r, "SIGHUP", 1);
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "0");
	assert_string_equal(rig_pd(r, "sw0.p", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw0.p", "state"), "up");
	assert_int_equal(kill(who[1], 0), 0);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "died"), 0);
	assert_int_equal(rig_files(r), 0);
}

static void test_what_asks_it_to_end(void **state)
{
	static const int number[] = { SIGINT, SIGTERM, SIGQUIT };
	struct rig *r = *state;

	for (int i = 0; i < 3; i++) {
		rig_start(r, small);
		kill(r->pid, number[i]);
		assert_int_equal(rig_wait(r), 0);
		assert_int_equal(rig_count(r, "stopping: SIG"), 1);
		assert_int_equal(rig_files(r), 0);
	}
}

/* --- a limit of file sizes ---------------------------------------------- */

static void test_a_limit_of_file_sizes_is_told(void **state)
{
	struct rig *r = *state;
	struct rlimit before, low;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	low = before;
	low.rlim_cur = 8192;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	rig_launch(r, small);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	/* It ends by itself, and leaves nothing. */
	assert_int_equal(WEXITSTATUS(rig_wait(r)), 1);
	assert_int_equal(rig_count(r, "larger than the 8192 bytes a file"), 1);
	assert_int_equal(rig_count(r, "ulimit -f unlimited"), 1);
	assert_int_equal(rig_files(r), 0);
	/* One that comes later finds nothing left to make. */
	rig_start(r, small);
	low.rlim_cur = 0;
	assert_int_equal(prlimit(r->pid, RLIMIT_FSIZE, &low, NULL), 0);
	kill((pid_t)strtol(rig_pd(r, "sw0.p", "pid"), NULL, 10), SIGKILL);
	rig_expect(r, "sw0.p: killed by SIGKILL", 1);
	rig_expect(r, "ulimit -f unlimited", 1);
	/* And when there is no limit any more, it is started. */
	assert_int_equal(prlimit(r->pid, RLIMIT_FSIZE, &before, NULL), 0);
	rig_until(r, "sw0.p", "state", "up");
	assert_int_equal(rig_stop(r), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_sighup_loads_the_topology_again),
		rig_test(test_sighup_that_changes_nothing_says_why),
		rig_test(test_many_sighups),
		rig_test(test_other_signals_do_no_harm),
		rig_test(test_what_asks_it_to_end),
		rig_test(test_a_limit_of_file_sizes_is_told),
	};

	return rig_main(argc, argv, "monitor_signal", tests,
			sizeof(tests) / sizeof(tests[0]));
}
