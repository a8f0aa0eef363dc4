/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a capture goes: files, rings of files, FIFOs, standard output; what
 * happens when they are full, and what open() refuses.
 */
#include "tests/unit/capture_rig.h"

#include <sys/resource.h>

/* --- files -------------------------------------------------------------------- */

static void old_capture_is_replaced(void **state)
{
	struct rig *rig = start();

	(void)state;
	record_in(rig, 1);
	record_in(rig, 2);
	rig_turn(rig);
	rig_free(rig);
	rig = start();
	/* Not before the PD runs: another component's open() may still fail. */
	rig_turn(rig);
	assert_int_equal(see_file(cfg->capture.path).packets, 0);
}

static void open_alone_loses_nothing(void **state)
{
	struct rig *rig = start();
	int fds[PD_MAX_FDS];

	(void)state;
	record_in(rig, 1);
	rig_turn(rig);
	rig_free(rig);
	assert_int_equal(rig_open(cfg, fds), 1);
	close(fds[0]);
	assert_int_equal(see_file(cfg->capture.path).packets, 1);
}

static void crash_appends_a_section(void **state)
{
	struct rig *rig = start();
	struct seen s;

	(void)state;
	record_in(rig, 1);
	rig_turn(rig);
	rig = crash(rig);
	record_in(rig, 2);
	rig_turn(rig);
	s = see_file(cfg->capture.path);
	assert_int_equal(s.sections, 2);
	assert_int_equal(s.packets, 2);
	assert_int_equal(s.interfaces, 2);
}

static void names_of_a_ring(void **state)
{
	char name[32];

	(void)state;
	assert_int_equal(capture_file_name("a/home.pcapng", 0, name, 32), 0);
	assert_string_equal(name, "a/home.0.pcapng");
	assert_int_equal(capture_file_name("home", 12, name, 32), 0);
	assert_string_equal(name, "home.12");
	assert_int_equal(capture_file_name(".pcapng", 1, name, 32), 0);
	assert_string_equal(name, ".pcapng.1");
	assert_int_equal(capture_file_name("home", 12, name, 7), -1);
}

static off_t size_of_ring(unsigned int index)
{
	char path[SYS_PATH + 16];
	struct stat st;

	capture_file_name(cfg->capture.path, index, path, sizeof(path));
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void ring_of_files(void **state)
{
	unsigned int kept = 0;
	struct rig *rig;

	(void)state;
	cfg->capture.rotate = 4096;
	cfg->capture.files = 3;
	rig = start();
	for (unsigned int i = 0; i < 200; i++) {
		record_in(rig, i);
		rig_turn(rig);
		for (unsigned int f = 0; f < 3; f++) {
			struct seen s;

			assert_true(size_of_ring(f) <= 4096);
			if (size_of_ring(f) == 0)
				continue;
			s = see_ring(f);
			assert_int_equal(s.sections, 1);
			assert_int_equal(s.interfaces, 2);
		}
	}
	/* All three are in use, two of them full. */
	for (unsigned int f = 0; f < 3; f++)
		kept += see_ring(f).packets;
	assert_in_range(kept, 2 * 20 + 1, 3 * 28);
	assert_int_equal(access(cfg->capture.path, F_OK), -1);
}

/* A limit that not even one frame fits: one frame a file, none lost. */
static void ring_of_tiny_files(void **state)
{
	struct rig *rig;

	(void)state;
	cfg->capture.rotate = 1;
	cfg->capture.files = 2;
	rig = start();
	for (unsigned int i = 0; i < 5; i++) {
		struct seen s;

		record_in(rig, i);
		rig_turn(rig);
		s = see_ring(i % 2);
		assert_int_equal(s.packets, 1);
		rig_assert_frame(s.data, s.len, 100, i);
	}
}

static void crash_goes_on_in_the_ring(void **state)
{
	struct rig *rig;

	(void)state;
	cfg->capture.rotate = 4096;
	cfg->capture.files = 3;
	rig = start();
	/* Into the second file. */
	for (unsigned int i = 0; see_ring(1).packets < 3; i++) {
		record_in(rig, i);
		rig_turn(rig);
	}
	rig = crash(rig);
	record_in(rig, 99);
	rig_turn(rig);
	assert_int_equal(see_ring(1).sections, 2);
	assert_int_equal(see_ring(1).packets, 4);
	assert_int_equal(size_of_ring(2), 0);
}

static void no_room_on_the_disk(void **state)
{
	struct rlimit old, now;
	struct rig *rig = start();
	unsigned int held;
	struct seen s;

	(void)state;
	rig_turn(rig);
	/* A limit on the size of files stands in for a full disk. */
	getrlimit(RLIMIT_FSIZE, &old);
	now = old;
	now.rlim_cur = 1000;
	setrlimit(RLIMIT_FSIZE, &now);
	for (unsigned int i = 0; i < 20; i++)
		record_in(rig, i);
	rig_turn(rig);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_true(rig_logged(rig, "cannot write"));
	/* Said once, and not tried before a second is over. */
	record_in(rig, 20);
	rig_turn(rig);
	assert_null(
		strstr(strstr(rig->log, "cannot write") + 1, "cannot write"));
	rig_time += 2000000000;
	record_in(rig, 21);
	rig_turn(rig);
	assert_true(rig_logged(rig, "again; 0 frames were not captured"));
	s = see_file(cfg->capture.path);
	held = s.packets;
	assert_int_equal(held, 22);
}

static void full_for_long(void **state)
{
	struct rlimit old, now;
	struct rig *rig = start();
	unsigned int sent = 0;

	(void)state;
	rig_turn(rig);
	getrlimit(RLIMIT_FSIZE, &old);
	now = old;
	now.rlim_cur = 1000;
	setrlimit(RLIMIT_FSIZE, &now);
	for (unsigned int round = 0; round < 200; round++) {
		for (unsigned int i = 0; i < 60; i++, sent++)
			record_in(rig, sent);
		rig_turn(rig);
	}
	setrlimit(RLIMIT_FSIZE, &old);
	rig_time += 2000000000;
	record_in(rig, sent++);
	rig_turn(rig);
	assert_true(rig_logged(rig, "frames were not captured"));
	assert_false(rig_logged(rig, "again; 0 frames"));
	/* Whole blocks only, and some were lost. */
	assert_in_range(see_file(cfg->capture.path).packets, 5000, sent - 1);
}

/* --- FIFOs and pipes ------------------------------------------------------------ */

static void fifo_without_a_reader(void **state)
{
	static uint8_t data[4 << 20];
	struct rig *rig;
	size_t got = 0;
	struct seen s;
	int reader;

	(void)state;
	assert_int_equal(mkfifo(cfg->capture.path, 0600), 0);
	rig = start(); /* does not wait for one */
	for (unsigned int i = 0; i < 200 * 60; i++) {
		record_in(rig, i);
		if (i % 60 == 59)
			rig_turn(rig);
	}
	assert_true(rig_logged(rig, "nothing reads"));
	reader = open(cfg->capture.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	for (unsigned int quiet = 0; quiet < 3; quiet++) {
		ssize_t n = read(reader, data + got, sizeof(data) - got);

		if (n > 0) {
			got += (size_t)n;
			quiet = 0;
		}
		rig_turn(rig);
	}
	close(reader);
	/* What came is whole blocks from the header on, and not everything. */
	s = see(data, got);
	assert_int_equal(s.sections, 1);
	assert_in_range(s.packets, 5000, 200 * 60 - 1);
}

/* A reader that takes a little at a time gets everything. */
static void fifo_with_a_slow_reader(void **state)
{
	static uint8_t data[1 << 20];
	struct rig *rig;
	size_t got = 0;
	int reader;
	ssize_t n;

	(void)state;
	assert_int_equal(mkfifo(cfg->capture.path, 0600), 0);
	rig = start();
	reader = open(cfg->capture.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	for (unsigned int i = 0; i < 3000; i++) {
		record_in(rig, i);
		rig_turn(rig);
		n = read(reader, data + got, 77);
		got += n > 0 ? (size_t)n : 0;
	}
	while ((n = read(reader, data + got, sizeof(data) - got)) > 0) {
		got += (size_t)n;
		rig_turn(rig);
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
	struct rig *rig;
	int old, flags;
	ssize_t n;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	strcpy(cfg->capture.path, "-");
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	old = replace_stdout(pipes[1]);
	rig = start();
	flags = fcntl(STDOUT_FILENO, F_GETFL);
	restore_stdout(old);
	/* Our parent may write to the same pipe and expect it to block. */
	assert_false(flags & O_NONBLOCK);
	record_in(rig, 1);
	rig_turn(rig);
	n = read(pipes[0], data, sizeof(data));
	assert_true(n > 0);
	assert_int_equal(see(data, (size_t)n).packets, 1);
	close(pipes[0]);
	for (unsigned int i = 0; i < 1000; i++) {
		record_in(rig, i);
		rig_turn(rig);
	}
	assert_true(rig_logged(rig, "the reader of \"-\" has gone"));
	assert_int_equal(queue_pending(&rig->rx_free), RIG_CAPACITY);
}

/* --- what open() refuses ----------------------------------------------------------- */

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
	rig_refused(cfg, "sw0.pcap", dir, "is a folder", NULL);
	snprintf(cfg->capture.path, SYS_PATH, "%s/no/x.pcapng", dir);
	rig_refused(cfg, "folder does not exist", NULL);
	snprintf(cfg->capture.path, SYS_PATH, "%s/fifo", dir);
	mkfifo(cfg->capture.path, 0600);
	cfg->capture.rotate = 4096;
	cfg->capture.files = 2;
	rig_shell("mkfifo %s/fifo.0", dir);
	rig_refused(cfg, "cannot be rotated", NULL);
	strcpy(cfg->capture.path, "-");
	rig_refused(cfg, "cannot be rotated", NULL);
	cfg->capture.files = PD_MAX_FDS + 1;
	snprintf(cfg->capture.path, SYS_PATH, "%s/x", dir);
	rig_refused(cfg, "1 to 64 files", NULL);
}

static void refuses_to_overwrite_anything_else(void **state)
{
	struct stat st;

	(void)state;
	rig_shell("echo precious >%s", cfg->capture.path);
	rig_refused(cfg, "not a pcapng capture", "not written over", NULL);
	assert_int_equal(stat(cfg->capture.path, &st), 0);
	assert_int_equal(st.st_size, 9);
	rig_shell("printf x >%s", cfg->capture.path);
	rig_refused(cfg, "not a pcapng capture", NULL);
}

static void refuses_a_file_in_use(void **state)
{
	struct rig *rig = start();

	(void)state;
	rig_turn(rig);
	rig_refused(cfg, "being written by another", NULL);
	rig_free(rig);
	start();
}

/* The third file of a ring cannot be opened: no descriptor is left. */
static void failed_open_leaves_nothing(void **state)
{
	unsigned int before = rig_open_fds();

	(void)state;
	cfg->capture.rotate = 4096;
	cfg->capture.files = 3;
	rig_shell("mkdir %s/x.2.pcapng", dir);
	rig_refused(cfg, "x.2.pcapng", "folder", NULL);
	assert_int_equal(rig_open_fds(), before);
}

static void only_the_owner_may_read(void **state)
{
	struct rig *rig = start();
	struct stat st;

	(void)state;
	rig_turn(rig);
	assert_int_equal(stat(cfg->capture.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		capture_test(old_capture_is_replaced),
		capture_test(open_alone_loses_nothing),
		capture_test(crash_appends_a_section),
		capture_test(names_of_a_ring),
		capture_test(ring_of_files),
		capture_test(ring_of_tiny_files),
		capture_test(crash_goes_on_in_the_ring),
		capture_test(no_room_on_the_disk),
		capture_test(full_for_long),
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

	return cmocka_run_group_tests_name("capture files", tests, NULL, NULL);
}
