/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor: start, restart, failure, the end. Real processes, sandboxed as
 * always, with components that fail as they are told (monitor_rig.h).
 */
#include "tests/unit/monitor_rig.h"

#include "vmm/linux/monitor_log.h"
#include "vmm/linux/restart.h"
#include "vmm/linux/rundir.h"

#define SECOND 1000000000ull

/* Two attach ports and a port PD. */
static const char small[] = "switch sw0 {\n"
			    "port a { attach \"@/a.sock\" }\n"
			    "port b { attach \"@/b.sock\" }\n"
			    "port p { socket listen \"@/p.made\" }\n"
			    "}\n"
			    "allow a <-> b\n"
			    "allow a <-> p\n";

/* Two switches, joined; the second has a port PD and a client of its own. */
static const char joined[] = "switch sw0 {\n"
			     "port a { attach \"@/a.sock\" }\n"
			     "}\n"
			     "switch sw1 {\n"
			     "port b { attach \"@/b.sock\" }\n"
			     "port q { socket listen \"@/q.made\" }\n"
			     "}\n"
			     "link sw0.up <-> sw1.down\n"
			     "allow sw0.a <-> sw0.up\n"
			     "allow sw1.b <-> sw1.down\n"
			     "allow sw1.q <-> sw1.down\n";

/* --- small parts -------------------------------------------------------------- */

static void test_restarts_are_counted_in_a_window(void **state)
{
	struct restart_history h = { 0 };
	uint64_t now = 100 * SECOND;

	(void)state;
	for (unsigned int i = 0; i < RESTART_MAX; i++)
		assert_true(restart_allowed(&h, now + i * SECOND));
	/* The sixth within ten seconds is one too many, ... */
	assert_false(restart_allowed(&h, now + RESTART_MAX * SECOND));
	/* ... and slow failures may go on for ever. */
	h = (struct restart_history){ 0 };
	for (unsigned int i = 0; i < 100; i++, now += 2 * SECOND)
		assert_true(restart_allowed(&h, now));
	/* A burst exactly as long as the window is not within it. */
	h = (struct restart_history){ 0 };
	for (unsigned int i = 0; i < RESTART_MAX; i++)
		assert_true(restart_allowed(&h, now));
	assert_true(restart_allowed(&h, now + RESTART_WINDOW_NS));
}

static void test_log_text_is_harmless(void **state)
{
	char out[16];

	(void)state;
	log_escape(out, sizeof(out), "a\x1b[m\n", 5);
	assert_string_equal(out, "a\\x1b[m\\x0a");
	log_escape(out, sizeof(out), "\xff\0", 2);
	assert_string_equal(out, "\\xff\\x00");
	/* Cut, whole escapes only, always ended. */
	log_escape(out, sizeof(out), "\1\1\1\1\1\1\1\1", 8);
	assert_string_equal(out, "\\x01\\x01\\x01");
	log_escape(out, 5, "abcdefgh", 8);
	assert_true(strlen(out) < 5);
}

static void test_log_lines_have_an_allowance(void **state)
{
	struct log_limit l = { 0 };
	unsigned int lost, passed = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		passed +=
			log_limit_pass(&l, 5 * SECOND + (unsigned int)i, &lost);
	assert_int_equal(passed, LOG_LINES);
	assert_false(log_limit_pass(&l, 6 * SECOND - 1, &lost));
	/* A second later there is a new one, and the loss is told once. */
	assert_true(log_limit_pass(&l, 6 * SECOND, &lost));
	assert_int_equal(lost, 1000 - LOG_LINES + 1);
	assert_true(log_limit_pass(&l, 6 * SECOND, &lost));
	assert_int_equal(lost, 0);
}

struct collected {
	char text[2048];
	unsigned int lines;
};

static void collect(void *arg, const char *text, size_t len)
{
	struct collected *c = arg;

	c->lines++;
	strncat(c->text, text, len);
	strcat(c->text, "|");
}

static void test_log_lines_come_in_pieces(void **state)
{
	struct collected c = { "", 0 };
	struct log_lines l = { 0 };
	char flood[3 * LOG_LINE_MAX];

	(void)state;
	log_lines_feed(&l, "one\ntw", 6, collect, &c);
	assert_string_equal(c.text, "one|");
	log_lines_feed(&l, "o\n\nthr", 6, collect, &c);
	log_lines_feed(&l, NULL, 0, collect, &c);
	assert_string_equal(c.text, "one|two||thr|");
	/* No end of line: kept up to a length, the rest is not. */
	memset(flood, 'x', sizeof(flood));
	c = (struct collected){ "", 0 };
	log_lines_feed(&l, flood, sizeof(flood), collect, &c);
	assert_int_equal(c.lines, 0);
	log_lines_feed(&l, "y\nz\n", 4, collect, &c);
	assert_int_equal(c.lines, 2);
	assert_int_equal(strlen(c.text), LOG_LINE_MAX + 1 + 2);
	assert_non_null(strstr(c.text, "x|z|"));
}

/* --- the run directory ----------------------------------------------------------- */

static void test_rundir_must_be_ours_alone(void **state)
{
	const struct rig *r = *state;
	const char *dir = rig_path(r, "run");
	struct error err = { "" };
	struct stat st;

	assert_int_equal(rundir_make(dir, &err), 0);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, geteuid() == 0 ? 0755 : 0700);
	assert_int_equal(rundir_make(dir, &err), 0);
	chmod(dir, 0777);
	assert_int_equal(rundir_make(dir, &err), -1);
	assert_non_null(strstr(err.text, "others may write"));
	rmdir(dir);
	/* A link that somebody laid, a file, a place that is not there. */
	assert_int_equal(symlink("/tmp", dir), 0);
	err.text[0] = '\0';
	assert_int_equal(rundir_make(dir, &err), -1);
	assert_non_null(strstr(err.text, "is no folder"));
	unlink(dir);
	err.text[0] = '\0';
	assert_int_equal(rundir_make(rig_path(r, "not/there"), &err), -1);
	assert_non_null(strstr(err.text, "set WEIR_RUNDIR"));
	if (geteuid() != 0)
		return;
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(chown(dir, 65534, 65534), 0);
	err.text[0] = '\0';
	assert_int_equal(rundir_make(dir, &err), -1);
	assert_non_null(strstr(err.text, "belongs to user 65534"));
	rmdir(dir);
}

static void test_socket_paths_are_claimed(void **state)
{
	const struct rig *r = *state;
	const char *path = rig_path(r, "claim.sock");
	struct error err = { "" };
	struct stat st;
	pid_t holder;
	int fd, file;

	fd = rundir_listen(path, SOCK_STREAM, 1, &holder, &err);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* Taken: by us, and that is not an error of the function. */
	assert_int_equal(rundir_listen(path, SOCK_STREAM, 1, &holder, &err),
			 -1);
	assert_int_equal(holder, getpid());
	assert_string_equal(err.text, "");
	/* Taken by a socket of another kind. */
	assert_int_equal(rundir_listen(path, SOCK_SEQPACKET, 1, &holder, &err),
			 -1);
	assert_int_equal(holder, RUNDIR_UNKNOWN);
	/* Left behind: the path is there, nobody listens. */
	close(fd);
	fd = rundir_listen(path, SOCK_SEQPACKET, 1, &holder, &err);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	/* What is no socket is not ours to remove. */
	file = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(rundir_listen(path, SOCK_STREAM, 1, &holder, &err),
			 -1);
	assert_int_equal(holder, 0);
	assert_non_null(strstr(err.text, "is no socket"));
	assert_int_equal(stat(path, &st), 0);
	close(file);
}

/* --- start and stop --------------------------------------------------------------- */

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
	char octet;
	int fd;

	rig_start(r, small);
	fd = rig_connect(r, "test.sock", SOCK_STREAM);
	assert_int_equal(write(fd, "{\"cmd\":\"stop\"}\n", 15), 15);
	reply = rig_data(rig_reply(fd));
	assert_int_equal(json_object_size(reply), 0);
	json_decref(reply);
	/* The connection ends when everything has been taken down. */
	assert_int_equal(read(fd, &octet, 1), 0);
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

/* --- killed ------------------------------------------------------------------------ */

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
	if (f == NULL)
		skip();
	assert_int_equal(fscanf(f, "%ld", &janitor), 1);
	fclose(f);
	kill((pid_t)janitor, SIGKILL);
	rig_expect(r, "the janitor (pid ", 1);
	/* The monitor cleans up after itself all the same. */
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_files(r), 0);
}

/* --- restart ----------------------------------------------------------------------- */

static void test_a_port_pd_comes_back(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	uint32_t epoch;

	rig_start(r, small);
	rig_attach(r, &c, "a.sock");
	rig_until(r, "sw0.p", "state", "up");
	epoch = link_epoch(c.link);
	rig_order(&c, "kill 2");
	rig_expect(r, "sw0.p: killed by SIG", 1);
	rig_until(r, "sw0.p", "restarts", "1");
	rig_until(r, "sw0.p", "state", "up");
	/* Nobody else noticed. */
	assert_int_equal(link_epoch(c.link), epoch);
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	assert_int_equal(rig_count(r, "dirty"), 0);
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void test_a_switch_comes_back_with_its_ports(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, small);
	rig_until(r, "sw0.p", "state", "up");
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "crash");
	rig_ended(&c);
	rig_detach(&c);
	rig_expect(r, "sw0: killed by SIG", 1);
	rig_until(r, "sw0.p", "restarts", "1");
	rig_until(r, "sw0.p", "state", "up");
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "1");
	/* Clients are served again. */
	rig_attach(r, &c, "a.sock");
	rig_until(r, "sw0.a", "state", "up");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void test_a_switch_comes_back_to_its_neighbour(void **state)
{
	struct rig *r = *state;
	struct rig_client a, b;

	rig_start(r, joined);
	rig_until(r, "sw1.down", "state", "up");
	rig_attach(r, &a, "a.sock");
	rig_attach(r, &b, "b.sock");
	rig_order(&a, "crash");
	rig_ended(&a);
	rig_expect(r, "sw0: killed by SIG", 1);
	rig_until(r, "sw0.up", "state", "up");
	rig_until(r, "sw1.down", "state", "up");
	/* The neighbour, its client and its port PD live on. */
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "1");
	assert_string_equal(rig_pd(r, "sw1", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw1.q", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw1.b", "state"), "up");
	rig_detach(&a);
	rig_detach(&b);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void test_a_merged_domain_comes_back_whole(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, "switch sw0 {\n"
		     "port a { attach \"@/a.sock\" }\n"
		     "port p { socket listen \"@/p.made\" }\n"
		     "}\n"
		     "allow a <-> p\n"
		     "domain fast { sw0 p }\n");
	rig_until(r, "sw0.p", "state", "up");
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "crash");
	rig_ended(&c);
	rig_detach(&c);
	rig_expect(r, "fast: killed by SIG", 1);
	rig_until(r, "sw0.p", "state", "up");
	assert_string_equal(rig_pd(r, "fast", "restarts"), "1");
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void test_a_deaf_switch_is_restarted(void **state)
{
	struct rig *r = *state;
	struct rig_client a, b;

	rig_start(r, joined);
	rig_attach(r, &a, "a.sock");
	rig_attach(r, &b, "b.sock");
	rig_order(&a, "deaf");
	rig_expect(r, "deaf from now on", 1);
	/* It notices nothing any more, the end of its client included. */
	rig_detach(&a);
	rig_expect(r, "sw0 does not answer", 1);
	rig_expect(r, "sw0: stopped; starting it again", 1);
	rig_until(r, "sw0.up", "state", "up");
	rig_attach(r, &a, "a.sock");
	assert_string_equal(rig_pd(r, "sw1", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw1.b", "state"), "up");
	rig_detach(&a);
	rig_detach(&b);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void test_what_fails_too_often_is_given_up(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	char restarts[16];

	rig_start(r, small);
	rig_attach(r, &c, "a.sock");
	for (unsigned int i = 0; i <= RESTART_MAX; i++) {
		rig_until(r, "sw0.p", "state", "up");
		rig_order(&c, "kill 2");
		snprintf(restarts, sizeof(restarts), "%u", i + 1);
		if (i < RESTART_MAX)
			rig_until(r, "sw0.p", "restarts", restarts);
	}
	rig_expect(r, "given up", 1);
	assert_int_equal(rig_count(r, "stop test and run it again"), 1);
	rig_until(r, "sw0.p", "state", "failed");
	assert_string_equal(rig_pd(r, "sw0.p", "state"), "failed");
	assert_string_equal(rig_pd(r, "sw0.p", "pid"), "0");
	/* The others go on. */
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "0");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
}

static void test_a_failed_switch_says_so_to_clients(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, small);
	for (unsigned int i = 0; i <= RESTART_MAX; i++) {
		rig_attach(r, &c, "a.sock");
		rig_order(&c, "crash");
		rig_ended(&c);
		rig_detach(&c);
	}
	rig_expect(r, "given up", 1);
	c.sock = rig_connect(r, "a.sock", SOCK_SEQPACKET);
	rig_hello(&c);
	assert_int_equal(c.hello.status, -ENETDOWN);
	assert_int_equal(c.fd[0], -1);
	close(c.sock);
	assert_string_equal(rig_port(r, "sw0.a", "state"), "failed");
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_files(r), 0);
}

/* --- faults -------------------------------------------------------------------------- */

static void hc14_a_faulty_port_pd_is_restarted(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, small);
	rig_until(r, "sw0.p", "state", "up");
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "fault 2");
	rig_expect(r, "sw0.p: it broke the queue protocol", 1);
	rig_until(r, "sw0.p", "restarts", "1");
	rig_until(r, "sw0.p", "state", "up");
	assert_string_equal(rig_port(r, "sw0.p", "faults"), "1");
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void hc14_a_faulty_client_is_put_out(void **state)
{
	struct rig *r = *state;
	struct rig_client a, b;

	rig_start(r, small);
	rig_attach(r, &a, "a.sock");
	rig_attach(r, &b, "b.sock");
	rig_order(&b, "fault 0");
	rig_ended(&a);
	rig_detach(&a);
	rig_expect(r, "sw0.a: the attached process broke the queue protocol",
		   1);
	assert_string_equal(rig_port(r, "sw0.b", "state"), "up");
	/* The port is there for the next one. */
	rig_attach(r, &a, "a.sock");
	rig_until(r, "sw0.a", "state", "up");
	rig_detach(&a);
	rig_detach(&b);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void hc14_a_faulty_link_is_given_up(void **state)
{
	struct rig *r = *state;
	struct rig_client a;
	unsigned int port;

	rig_start(r, joined);
	rig_attach(r, &a, "a.sock");
	port = (unsigned int)strtoul(rig_port(r, "sw0.up", "number"), NULL, 10);
	for (unsigned int i = 0; i <= RESTART_MAX; i++) {
		char order[16];

		snprintf(order, sizeof(order), "fault %u", port);
		rig_until(r, "sw0.up", "state", "up");
		rig_order(&a, order);
		rig_expect(r, "one of the switches broke", i + 1);
	}
	rig_expect(r, "this link stays down", 1);
	assert_string_equal(rig_port(r, "sw0.up", "state"), "failed");
	assert_string_equal(rig_port(r, "sw1.down", "state"), "failed");
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	rig_detach(&a);
	assert_int_equal(rig_stop(r), 0);
}

/* --- the log ------------------------------------------------------------------------- */

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

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restarts_are_counted_in_a_window),
		cmocka_unit_test(test_log_text_is_harmless),
		cmocka_unit_test(test_log_lines_have_an_allowance),
		cmocka_unit_test(test_log_lines_come_in_pieces),
		rig_test(test_rundir_must_be_ours_alone),
		rig_test(test_socket_paths_are_claimed),
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
		rig_test(test_a_port_pd_comes_back),
		rig_test(test_a_switch_comes_back_with_its_ports),
		rig_test(test_a_switch_comes_back_to_its_neighbour),
		rig_test(test_a_merged_domain_comes_back_whole),
		rig_test(test_a_deaf_switch_is_restarted),
		rig_test(test_what_fails_too_often_is_given_up),
		rig_test(test_a_failed_switch_says_so_to_clients),
		rig_test(hc14_a_faulty_port_pd_is_restarted),
		rig_test(hc14_a_faulty_client_is_put_out),
		rig_test(hc14_a_faulty_link_is_given_up),
		rig_test(test_pds_cannot_spoil_the_log),
	};

	return rig_main(argc, argv, "monitor", tests,
			sizeof(tests) / sizeof(tests[0]));
}
