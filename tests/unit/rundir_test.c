/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's small parts: whose run directory and socket it is, and lines of
 * its log.
 */
#include "tests/unit/monitor_rig.h"

#include "vmm/linux/monitor/log.h"
#include "vmm/linux/monitor/rundir.h"

FAKE_COMPONENTS;

#define SECOND 1000000000ull

/* --- the log ------------------------------------------------------------ */

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

/*
 * A line as it comes out, with $JOURNAL_STREAM as a format of device and inode.
 */
static const char *logged(int level, const char *stream)
{
	static char text[256];
	FILE *f = tmpfile();
	int before = dup(STDERR_FILENO);
	struct stat st;
	ssize_t n;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	snprintf(text, sizeof(text), "%s%llu:%llu", stream,
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", text, 1);
	dup2(fileno(f), STDERR_FILENO);
	monitor_log(level, "home", "%s", "a line");
	dup2(before, STDERR_FILENO);
	close(before);
	unsetenv("JOURNAL_STREAM");
	n = pread(fileno(f), text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	fclose(f);
	return text;
}

static void test_log_lines_have_time_and_severity(void **state)
{
	static const struct tm t = { .tm_year = 126,
				     .tm_mon = 10,
				     .tm_mday = 29,
				     .tm_hour = 15,
				     .tm_min = 8,
				     .tm_sec = 27,
				     .tm_gmtoff = 3600 };
	char out[64];
	const char *text;
	unsigned int n[6];
	char sign;
	int end = 0;

	(void)state;
	log_prefix(out, sizeof(out), LOG_WARNING, false, &t);
	assert_string_equal(out, "2026-11-29T15:08:27+0100 warning ");
	log_prefix(out, sizeof(out), LOG_WARNING, true, &t);
	assert_string_equal(out, "<4>");
	/* The journal has a time of its own. */
	assert_string_equal(logged(LOG_ERR, ""), "<3>weir: home: a line\n");
	assert_string_equal(logged(LOG_INFO, ""), "<6>weir: home: a line\n");
	/* It is somebody else's standard error that goes there. */
	text = logged(LOG_ERR, "1");
	assert_int_equal(sscanf(text, "%u-%u-%uT%u:%u:%u%c%*4u error %n", &n[0],
				&n[1], &n[2], &n[3], &n[4], &n[5], &sign, &end),
			 7);
	assert_true(end > 0);
	assert_string_equal(text + end, "weir: home: a line\n");
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

/* More lines than whatever standard error is can hold, and one at the end. */
static _Noreturn void log_much(int err, int go)
{
	char byte;

	alarm(RIG_TIMEOUT_MS / 1000);
	dup2(err, STDERR_FILENO);
	for (int i = 0; i < 5000; i++)
		monitor_log(LOG_NOTICE, "test", "line %d", i);
	assert_int_equal(write(go, "", 1), 1);
	assert_int_equal(read(go, &byte, 1), 1);
	monitor_log(LOG_NOTICE, "test", "the last one");
	_exit(0);
}

/* Nobody reads; then somebody does, and is told what is missing. */
static void stop_reading(int err, int reader)
{
	char text[1 << 20];
	int go[2], status;
	size_t n = 0;
	char byte;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, go), 0);
	pid = fork();
	if (pid == 0) {
		close(reader);
		close(go[0]);
		log_much(err, go[1]);
	}
	close(go[1]);
	assert_int_equal(read(go[0], &byte, 1), 1);
	fcntl(reader, F_SETFL, O_NONBLOCK);
	while (read(reader, text, sizeof(text)) > 0)
		;
	assert_int_equal(write(go[0], "", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (ssize_t got;
	     (got = read(reader, text + n, sizeof(text) - n - 1)) > 0;)
		n += (size_t)got;
	text[n] = '\0';
	assert_non_null(strstr(text, "lines lost: standard error was full"));
	assert_non_null(strstr(text, "test: the last one"));
	close(go[0]);
	close(err);
	close(reader);
}

static void hc14_whoever_reads_the_log_stops_nobody(void **state)
{
	int fd[2], terminal;

	(void)state;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	stop_reading(fd[1], fd[0]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd),
			 0);
	stop_reading(fd[1], fd[0]);
	terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal >= 0);
	assert_int_equal(grantpt(terminal) | unlockpt(terminal), 0);
	fd[1] = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(fd[1] >= 0);
	stop_reading(fd[1], terminal);
}

/* --- the run directory -------------------------------------------------- */

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
	/* It may be /tmp. */
	assert_null(strstr(err.text, "chmod"));
	rmdir(dir);
	/* A link that somebody laid, a file, a place that is not there. */
	assert_int_equal(symlink("/tmp", dir), 0);
	err.text[0] = '\0';
	assert_int_equal(rundir_make(dir, &err), -1);
	assert_non_null(strstr(err.text, "is not a directory"));
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

	fd = rundir_listen(path, SOCK_STREAM, 1, NULL, &holder, &err);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* Taken: by us, and that is not an error of the function. */
	assert_int_equal(
		rundir_listen(path, SOCK_STREAM, 1, NULL, &holder, &err), -1);
	assert_int_equal(holder, getpid());
	assert_string_equal(err.text, "");
	/* Taken by a socket of another kind. */
	assert_int_equal(rundir_listen(path, SOCK_SEQPACKET, 1, NULL, &holder,
				       &err),
			 -1);
	assert_int_equal(holder, RUNDIR_UNKNOWN);
	/* Left behind: the path is there, nobody listens. */
	close(fd);
	fd = rundir_listen(path, SOCK_SEQPACKET, 1, NULL, &holder, &err);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	/* What is no socket is not ours to remove. */
	file = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(
		rundir_listen(path, SOCK_STREAM, 1, NULL, &holder, &err), -1);
	assert_int_equal(holder, 0);
	assert_non_null(strstr(err.text, "is no socket"));
	assert_int_equal(stat(path, &st), 0);
	close(file);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_text_is_harmless),
		cmocka_unit_test(test_log_lines_have_an_allowance),
		cmocka_unit_test(test_log_lines_have_time_and_severity),
		cmocka_unit_test(test_log_lines_come_in_pieces),
		cmocka_unit_test(hc14_whoever_reads_the_log_stops_nobody),
		rig_test(test_rundir_must_be_ours_alone),
		rig_test(test_socket_paths_are_claimed),
	};

	return rig_main(argc, argv, "rundir", tests,
			sizeof(tests) / sizeof(tests[0]));
}
