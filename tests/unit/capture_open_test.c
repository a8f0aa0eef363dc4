/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures into FIFOs and standard output, and what open() refuses.
 */
#include "tests/unit/capture_rig.h"

/* --- FIFOs and pipes ---------------------------------------------------- */

static void fifo_without_a_reader(void **state)
{
	static uint8_t data[4 << 20];
	unsigned int sent;
	struct comp *rig;
	size_t got = 0;
	int reader;

	(void)state;
	assert_int_equal(mkfifo(cfg->capture.path, 0600), 0);
	rig = comp_run(cfg); /* does not wait for one */
	sent = fill(rig, 10000);
	assert_in_range(sent, 1000, 2000);
	assert_true(comp_logged(rig, "nothing reads"));
	assert_false(rig->c->ops->arm(rig->c));
	reader = open(cfg->capture.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	for (unsigned int quiet = 0; quiet < 3; quiet++) {
		ssize_t n = read(reader, data + got, sizeof(data) - got);

		if (n > 0) {
			got += (size_t)n;
			quiet = 0;
		}
		comp_turn(rig);
	}
	close(reader);
	/* All that was taken, in whole blocks from the header on. */
	assert_int_equal(see(data, got).sections, 1);
	assert_int_equal(see(data, got).packets, sent);
}

/* A reader that takes a little at a time gets everything. */
static void fifo_with_a_slow_reader(void **state)
{
	static uint8_t data[1 << 20];
	struct comp *rig;
	size_t got = 0;
	int reader;
	ssize_t n;

	(void)state;
	assert_int_equal(mkfifo(cfg->capture.path, 0600), 0);
	rig = comp_run(cfg);
	reader = open(cfg->capture.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	for (unsigned int i = 0; i < 3000; i++) {
		record_in(rig, i);
		comp_turn(rig);
		n = read(reader, data + got, 77);
		got += n > 0 ? (size_t)n : 0;
	}
	while ((n = read(reader, data + got, sizeof(data) - got)) > 0) {
		got += (size_t)n;
		comp_turn(rig);
	}
	close(reader);
	assert_int_equal(see(data, got).packets, 3000);
	assert_string_equal(rig->log, "");
}

/* Run with standard output replaced; the test's own goes on afterwards. */
static int replace_stdout(int fd)
{
	int old = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	close(fd);
	return old;
}

static void restore_stdout(int old)
{
	fflush(stdout);
	dup2(old, STDOUT_FILENO);
	close(old);
}

static void pipe_on_standard_output(void **state)
{
	static uint8_t data[65536];
	int pipes[2];
	struct comp *rig;
	int old, flags;
	ssize_t n;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	strcpy(cfg->capture.path, "-");
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	old = replace_stdout(pipes[1]);
	rig = comp_run(cfg);
	flags = fcntl(STDOUT_FILENO, F_GETFL);
	restore_stdout(old);
	/* Our parent may write to the same pipe and expect it to block. */
	assert_false(flags & O_NONBLOCK);
	record_in(rig, 1);
	comp_turn(rig);
	n = read(pipes[0], data, sizeof(data));
	assert_true(n > 0);
	assert_int_equal(see(data, (size_t)n).packets, 1);
	close(pipes[0]);
	fill(rig, 1000);
	assert_true(comp_logged(rig, "the reader of \"-\" has gone"));
	/* The switch sees that nobody takes them. */
	assert_int_equal(queue_pending(&rig->rx_free), 0);
}

/* --- what open() refuses ------------------------------------------------ */

static void refuses_a_terminal(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int fds[PD_MAX_FDS];
	struct error err = { "" };
	int old, slave, result;

	(void)state;
	strcpy(cfg->capture.path, "-");
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) {
		print_message("no pseudo terminals here\n");
		skip();
	}
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	old = replace_stdout(slave);
	result = capture_ops.open(cfg, fds, &err);
	restore_stdout(old);
	close(master);
	assert_int_equal(result, -1);
	assert_non_null(strstr(err.text, "terminal"));
	assert_non_null(strstr(err.text, "tcpdump -r -"));
}

static void refuses_impossible_paths(void **state)
{
	(void)state;
	snprintf(cfg->capture.path, SYS_PATH, "%s", dir);
	comp_refused(cfg, dir, "is a folder", NULL);
	snprintf(cfg->capture.path, SYS_PATH, "%s/no/x.pcapng", dir);
	comp_refused(cfg, "folder does not exist", NULL);
	snprintf(cfg->capture.path, SYS_PATH, "%s/fifo", dir);
	mkfifo(cfg->capture.path, 0600);
	cfg->capture.rotate = 4096;
	cfg->capture.files = 2;
	comp_shell("mkfifo %s/fifo.0", dir);
	comp_refused(cfg, "cannot be rotated", NULL);
	strcpy(cfg->capture.path, "-");
	comp_refused(cfg, "cannot be rotated", NULL);
	cfg->capture.files = PD_MAX_FDS + 1;
	snprintf(cfg->capture.path, SYS_PATH, "%s/x", dir);
	comp_refused(cfg, "1 to 64 files", NULL);
}

static void refuses_to_overwrite_anything_else(void **state)
{
	struct stat st;

	(void)state;
	comp_shell("echo precious >%s", cfg->capture.path);
	comp_refused(cfg, "not a pcapng capture", "not written over", NULL);
	assert_int_equal(stat(cfg->capture.path, &st), 0);
	assert_int_equal(st.st_size, 9);
	comp_shell("printf x >%s", cfg->capture.path);
	comp_refused(cfg, "not a pcapng capture", NULL);
}

static void refuses_a_file_in_use(void **state)
{
	struct comp *rig = comp_run(cfg);

	(void)state;
	comp_turn(rig);
	comp_refused(cfg, "being written by another", NULL);
	comp_free(rig);
	comp_run(cfg);
}

/* The third file of a ring cannot be opened: no descriptor is left. */
static void failed_open_leaves_nothing(void **state)
{
	unsigned int before = comp_open_fds();

	(void)state;
	cfg->capture.rotate = 4096;
	cfg->capture.files = 3;
	comp_shell("mkdir %s/x.2.pcapng", dir);
	comp_refused(cfg, "x.2.pcapng", "folder", NULL);
	assert_int_equal(comp_open_fds(), before);
}

static void only_the_owner_may_read(void **state)
{
	struct comp *rig = comp_run(cfg);
	struct stat st;

	(void)state;
	comp_turn(rig);
	assert_int_equal(stat(cfg->capture.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		capture_test(fifo_without_a_reader),
		capture_test(fifo_with_a_slow_reader),
		capture_test(pipe_on_standard_output),
		capture_test(refuses_a_terminal),
		capture_test(refuses_impossible_paths),
		capture_test(refuses_to_overwrite_anything_else),
		capture_test(refuses_a_file_in_use),
		capture_test(failed_open_leaves_nothing),
		capture_test(only_the_owner_may_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
