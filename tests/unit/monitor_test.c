/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor: start, stop, being killed, its log. Real processes, sandboxed as
 * always, with components that do as they are told (fake_components.h).
 */
#include "tests/unit/monitor_rig.h"

#include "vmm/linux/monitor/log.h"

FAKE_COMPONENTS;

/* Two attach ports and a port PD. */
static const char small[] = "switch sw0 {\n"
			    "port a { attach \"@/a.sock\" }\n"
			    "port b { attach \"@/b.sock\" }\n"
			    "port p { socket listen \"@/p.made\" }\n"
			    "}\n"
			    "allow a <-> b\n"
			    "allow a <-> p\n";

/* --- start and stop ----------------------------------------------------- */

static void test_it_runs_and_leaves_nothing(void **state)
{
	struct rig *r = *state;
	struct stat st;

	rig_start(r, small);
	assert_int_equal(stat(rig_path(r, "a.sock"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(rig_path(r, "test.sock"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* test.sock, a.sock, b.sock, what the component made. */
	assert_int_equal(rig_files(r), 4);
	rig_until(r, "sw0.p", "state", "up");
	assert_string_equal(rig_port(r, "sw0.a", "state"), "down");
	/* Its end is the end of its log: no process is left to hold that. */
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_files(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
	assert_int_equal(rig_count(r, "stopping: SIGTERM"), 1);
}

static void test_it_stops_when_asked(void **state)
{
	struct rig *r = *state;
	json_t *reply;
	char byte;
	int fd;

	rig_start(r, small);
	fd = rig_connect(r, "test.sock", SOCK_STREAM);
	assert_int_equal(write(fd, "{\"cmd\":\"stop\"}\n", 15), 15);
	reply = rig_data(rig_reply(fd));
	assert_int_equal(json_object_size(reply), 0);
	json_decref(reply);
	/* The connection ends when everything has been taken down. */
	assert_int_equal(read(fd, &byte, 1), 0);
	assert_int_equal(rig_files(r), 0);
	close(fd);
	assert_int_equal(rig_wait(r), 0);
}

static void test_a_name_is_taken_once(void **state)
{
	struct rig *r = *state;
	struct rig second = { .pid = 0 };
	char pid[32];

	rig_start(r, small);
	strcpy(second.dir, r->dir);
	rig_launch(&second, "switch x { port z { attach \"@/z.sock\" }\n"
			    "port y { attach \"@/y.sock\" } }\n"
			    "allow y <-> z\n");
	snprintf(pid, sizeof(pid), "as pid %d;", (int)r->pid);
	assert_int_equal(WEXITSTATUS(rig_wait(&second)), 1);
	assert_int_equal(rig_count(&second, "test is already running"), 1);
	assert_int_equal(rig_count(&second, pid), 1);
	assert_int_equal(rig_count(&second, "'weir stop test'"), 1);
	free(second.text);
	/* The first one was not disturbed. */
	assert_string_equal(rig_port(r, "sw0.p", "restarts"), "0");
	assert_int_equal(rig_files(r), 4);
}

static void test_an_attach_path_is_taken_once(void **state)
{
	struct rig *r = *state;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/b.sock", r->dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	rig_launch(r, small);
	assert_int_equal(WEXITSTATUS(rig_wait(r)), 1);
	assert_int_equal(rig_count(r, "another process listens on"), 1);
	/* Undone, all but what was there. */
	assert_int_equal(rig_files(r), 1);
	/* Left behind, it is no obstacle. */
	close(fd);
	rig_start(r, small);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_files(r), 0);
}

static void test_a_failed_open_undoes_the_rest(void **state)
{
	struct rig *r = *state;
	int fd = open(rig_path(r, "two.made"), O_CREAT | O_WRONLY, 0600);

	close(fd);
	rig_launch(r, "switch sw0 {\n"
		      "port a { socket listen \"@/one.made\" }\n"
		      "port b { socket listen \"@/two.made\" }\n"
		      "}\n"
		      "allow a <-> b\n");
	assert_int_equal(WEXITSTATUS(rig_wait(r)), 1);
	assert_int_equal(rig_count(r, "error: sw0.b: fake open: File exists"),
			 1);
	/* close() was called for what open() had made, and for that alone. */
	assert_int_equal(rig_files(r), 1);
	assert_int_equal(access(rig_path(r, "two.made"), F_OK), 0);
}

static void test_a_pd_that_cannot_start_ends_it_all(void **state)
{
	struct rig *r = *state;

	rig_launch(r, "switch sw0 {\n"
		      "port a { attach \"@/a.sock\" }\n"
		      "port broken { socket listen \"@/b.made\" }\n"
		      "}\n"
		      "allow a <-> broken\n");
	assert_int_equal(WEXITSTATUS(rig_wait(r)), 1);
	assert_int_equal(rig_count(r, "error: sw0.broken could not be "
				      "started: "),
			 1);
	assert_int_equal(rig_count(r, "Input/output error\nresult -1"), 1);
	assert_int_equal(rig_count(r, "running"), 0);
	assert_int_equal(rig_files(r), 0);
}

/* --- killed ------------------------------------------------------------- */

static void test_killed_it_leaves_nothing(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, small);
	rig_attach(r, &c, "a.sock");
	assert_int_equal(rig_files(r), 4);
	kill(r->pid, SIGKILL);
	/* The log ends when the last process that holds it has ended. */
	assert_true(WIFSIGNALED(rig_wait(r)));
	rig_expect(r, "the monitor died", 1);
	assert_int_equal(rig_files(r), 0);
	rig_ended(&c);
	rig_detach(&c);
	/* And it can be started again. */
	rig_start(r, small);
	assert_int_equal(rig_stop(r), 0);
}

/* Are these processes gone? They are nobody's children here, so look. */
static bool all_gone(const pid_t *pid, int n)
{
	for (int i = 0; i < n; i++)
		if (kill(pid[i], 0) == 0 || errno != ESRCH)
			return false;
	return true;
}

static void test_killed_its_pds_die(void **state)
{
	struct rig *r = *state;
	pid_t pid[2];

	rig_start(r, small);
	pid[0] = (pid_t)strtol(rig_pd(r, "sw0", "pid"), NULL, 10);
	pid[1] = (pid_t)strtol(rig_pd(r, "sw0.p", "pid"), NULL, 10);
	assert_true(pid[0] > 0 && kill(pid[0], 0) == 0);
	assert_true(pid[1] > 0 && kill(pid[1], 0) == 0);
	kill(r->pid, SIGKILL);
	rig_wait(r);
	for (int i = 0; i < RIG_TIMEOUT_MS / 5 && !all_gone(pid, 2); i++)
		poll(NULL, 0, 5);
	assert_true(all_gone(pid, 2));
}

static void test_the_janitor_leaves_strangers_alone(void **state)
{
	struct rig *r = *state;
	int fd;

	rig_start(r, small);
	/* Somebody puts something else where a socket of ours was. */
	unlink(rig_path(r, "a.sock"));
	fd = open(rig_path(r, "a.sock"), O_CREAT | O_WRONLY, 0600);
	close(fd);
	kill(r->pid, SIGKILL);
	rig_wait(r);
	assert_int_equal(rig_files(r), 1);
	assert_int_equal(access(rig_path(r, "a.sock"), F_OK), 0);
}

static void test_a_janitor_that_dies_is_missed(void **state)
{
	struct rig *r = *state;
	char path[64];
	long janitor = 0;
	FILE *f;

	rig_start(r, small);
	/* The first process the monitor started. */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)r->pid,
		 (int)r->pid);
	f = fopen(path, "r");
	if (f == NULL) {
		print_message("this kernel does not list children in /proc\n");
		skip();
	}
	assert_int_equal(fscanf(f, "%ld", &janitor), 1);
	fclose(f);
	kill((pid_t)janitor, SIGKILL);
	rig_expect(r, "the janitor (pid ", 1);
	/* The monitor cleans up after itself all the same. */
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_files(r), 0);
}

/* --- the log ------------------------------------------------------------ */

static void test_pds_cannot_spoil_the_log(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, small);
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "odd");
	rig_expect(r, "odd", 1);
	rig_expect(r, "text", 1);
	assert_int_equal(rig_count(r, "\x1b"), 0);
	assert_int_equal(rig_count(r, "\r"), 0);
	assert_true(rig_count(r, "weir: test: sw0: odd\\x1b") == 1);
	rig_order(&c, "flood");
	rig_expect(r, "flood", LOG_LINES / 2);
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	/* Two seconds' worth, if it fell on the border of two. */
	assert_true(rig_count(r, "flood") <= 2 * LOG_LINES);
}

static void test_nobody_need_read_the_log(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, small);
	rig_attach(r, &c, "a.sock");
	/* Gone: what is logged from now on is written to nobody. */
	close(r->log);
	r->log = open("/dev/null", O_RDONLY);
	rig_order(&c, "kill 2");
	rig_until(r, "sw0.p", "restarts", "1");
	rig_until(r, "sw0.p", "state", "up");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_files(r), 0);
}

static void test_a_log_that_is_not_read_holds_nobody(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, small);
	/* More lines than the pipe holds, at two a session. */
	fcntl(r->log, F_SETPIPE_SZ, 4096);
	for (int i = 0; i < 20; i++) {
		rig_attach(r, &c, "b.sock");
		rig_order(&c, "flood");
		rig_until(r, "sw0.b", "state", "up");
		rig_detach(&c);
	}
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_files(r), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_it_runs_and_leaves_nothing),
		rig_test(test_it_stops_when_asked),
		rig_test(test_a_name_is_taken_once),
		rig_test(test_an_attach_path_is_taken_once),
		rig_test(test_a_failed_open_undoes_the_rest),
		rig_test(test_a_pd_that_cannot_start_ends_it_all),
		rig_test(test_killed_it_leaves_nothing),
		rig_test(test_killed_its_pds_die),
		rig_test(test_the_janitor_leaves_strangers_alone),
		rig_test(test_a_janitor_that_dies_is_missed),
		rig_test(test_pds_cannot_spoil_the_log),
		rig_test(test_nobody_need_read_the_log),
		rig_test(test_a_log_that_is_not_read_holds_nobody),
	};

	return rig_main(argc, argv, "monitor", tests,
			sizeof(tests) / sizeof(tests[0]));
}
