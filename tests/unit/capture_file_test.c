/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures into files and rings of files: what is kept, what is dropped, and
 * what happens when the disk is full.
 */
#include "tests/unit/capture_rig.h"

#include <sys/resource.h>

/* --- files -------------------------------------------------------------- */

/* A name beside the capture's own: "x.1.pcapng". */
static const char *kept(unsigned int number)
{
	static char path[SYS_PATH + 16];

	assert_int_equal(capture_file_name(cfg->capture.path, number, path,
					   sizeof(path)),
			 0);
	return path;
}

static void capture_one(unsigned int which)
{
	struct comp *rig = comp_run(cfg);

	record_in(rig, which);
	comp_turn(rig);
	comp_free(rig);
}

static void old_captures_are_kept(void **state)
{
	struct seen s;
	struct stat st;

	(void)state;
	capture_one(1);
	assert_int_equal(chmod(cfg->capture.path, 0640), 0);
	capture_one(2);
	capture_one(3);
	s = see_file(cfg->capture.path);
	assert_int_equal(s.packets, 1);
	comp_assert_frame(s.data, s.len, 100, 3);
	for (unsigned int i = 1; i <= 2; i++) {
		s = see_file(kept(i));
		assert_int_equal(s.packets, 1);
		comp_assert_frame(s.data, s.len, 100, i);
	}
	assert_int_equal(access(kept(3), F_OK), -1);
	/* Whoever could read them can. */
	assert_int_equal(stat(cfg->capture.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

/* An empty file is none worth keeping: it may have been made for us. */
static void empty_file_is_used(void **state)
{
	struct stat st;

	(void)state;
	comp_shell("touch %s && chmod 644 %s", cfg->capture.path,
		   cfg->capture.path);
	capture_one(1);
	assert_int_equal(see_file(cfg->capture.path).packets, 1);
	assert_int_equal(stat(cfg->capture.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(access(kept(1), F_OK), -1);
}

/* A name that is taken is left alone, whatever it is. */
static void kept_names_are_not_taken(void **state)
{
	(void)state;
	capture_one(1);
	comp_shell("ln -s nowhere %s", kept(1));
	comp_shell("mkdir %s", kept(2));
	capture_one(2);
	assert_int_equal(see_file(kept(3)).packets, 1);
	comp_shell("test -L %s", kept(1));
}

/* Where a symbolic link leads to, not the link, is the capture. */
static void symbolic_link_stays(void **state)
{
	(void)state;
	comp_shell("mkdir %s/disk && ln -s disk/y.pcapng %s", dir,
		   cfg->capture.path);
	capture_one(1);
	capture_one(2);
	comp_shell("test -L %s && test -s %s/disk/y.pcapng && test -s "
		   "%s/disk/y.1.pcapng",
		   cfg->capture.path, dir, dir);
}

static void overwrite_replaces(void **state)
{
	struct comp *rig;

	(void)state;
	capture_one(1);
	capture_one(2);
	cfg->capture.overwrite = 1;
	rig = comp_run(cfg);
	/* Not before the PD runs: another component's open() may still fail. */
	comp_turn(rig);
	assert_int_equal(see_file(cfg->capture.path).packets, 0);
	assert_int_equal(see_file(kept(1)).packets, 1);
	assert_int_equal(access(kept(2), F_OK), -1);
}

static void open_alone_loses_nothing(void **state)
{
	struct comp *rig = comp_run(cfg);
	int fds[PD_MAX_FDS];

	(void)state;
	cfg->capture.overwrite = 1;
	record_in(rig, 1);
	comp_turn(rig);
	comp_free(rig);
	assert_int_equal(comp_open(cfg, fds), 1);
	close(fds[0]);
	assert_int_equal(see_file(cfg->capture.path).packets, 1);
}

static void crash_appends_a_section(void **state)
{
	struct comp *rig = comp_run(cfg);
	struct seen s;

	(void)state;
	record_in(rig, 1);
	comp_turn(rig);
	rig = crash(rig);
	record_in(rig, 2);
	comp_turn(rig);
	s = see_file(cfg->capture.path);
	assert_int_equal(s.sections, 2);
	assert_int_equal(s.packets, 2);
	assert_int_equal(s.interfaces, 2);
}

/* Killed in the middle of a write: what follows can be read all the same. */
static void half_a_block_is_cut_off(void **state)
{
	static const unsigned int cuts[] = { 1, 4, 30, 90 };
	struct comp *rig = comp_run(cfg);
	struct seen s;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		record_in(rig, 2 * i);
		record_in(rig, 2 * i + 1);
		comp_turn(rig);
		comp_shell("truncate -s -%u %s", cuts[i], cfg->capture.path);
		rig = crash(rig);
		comp_turn(rig);
		s = see_file(cfg->capture.path);
		assert_int_equal(s.sections, i + 2);
		assert_int_equal(s.packets, i + 1);
		comp_assert_frame(s.data, s.len, 100, 2 * i);
	}
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
	struct comp *rig;

	(void)state;
	cfg->capture.rotate = 4096;
	cfg->capture.files = 3;
	rig = comp_run(cfg);
	for (unsigned int i = 0; i < 200; i++) {
		record_in(rig, i);
		comp_turn(rig);
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
	struct comp *rig;

	(void)state;
	cfg->capture.rotate = 1;
	cfg->capture.files = 2;
	rig = comp_run(cfg);
	for (unsigned int i = 0; i < 5; i++) {
		struct seen s;

		record_in(rig, i);
		comp_turn(rig);
		s = see_ring(i % 2);
		assert_int_equal(s.packets, 1);
		comp_assert_frame(s.data, s.len, 100, i);
	}
}

static void crash_goes_on_in_the_ring(void **state)
{
	struct comp *rig;

	(void)state;
	cfg->capture.rotate = 4096;
	cfg->capture.files = 3;
	rig = comp_run(cfg);
	/* Into the second file. */
	for (unsigned int i = 0; see_ring(1).packets < 3; i++) {
		record_in(rig, i);
		comp_turn(rig);
	}
	rig = crash(rig);
	record_in(rig, 99);
	comp_turn(rig);
	assert_int_equal(see_ring(1).sections, 2);
	assert_int_equal(see_ring(1).packets, 4);
	assert_int_equal(size_of_ring(2), 0);
}

static unsigned int ring_packets(unsigned int files)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < files; i++)
		n += see_ring(i).packets;
	return n;
}

/* A new start loses no more of a ring than one that goes on. */
static void ring_goes_on_after_a_start(void **state)
{
	unsigned int before;
	struct comp *rig;

	(void)state;
	cfg->capture.rotate = 4096;
	cfg->capture.files = 3;
	rig = comp_run(cfg);
	for (unsigned int i = 0; see_ring(1).packets < 3; i++) {
		record_in(rig, i);
		comp_turn(rig);
	}
	before = ring_packets(3);
	for (unsigned int i = 0; i < 3; i++) {
		comp_free(rig);
		rig = comp_run(cfg);
		comp_turn(rig);
	}
	record_in(rig, 99);
	comp_turn(rig);
	assert_int_equal(ring_packets(3), before + 1);
	assert_int_equal(see_ring(1).sections, 4);
	assert_int_equal(size_of_ring(2), 0);
	/* What ends in the middle of a block is left alone. */
	comp_free(rig);
	comp_shell("truncate -s -4 %s/x.1.pcapng", dir);
	rig = comp_run(cfg);
	record_in(rig, 100);
	comp_turn(rig);
	assert_int_equal(see_ring(2).packets, 1);
	comp_free(rig);
	cfg->capture.overwrite = 1;
	rig = comp_run(cfg);
	comp_turn(rig);
	assert_int_equal(ring_packets(3), 0);
}

/* --- full disks --------------------------------------------------------- */

/* A limit on the size of files stands in for a full disk. */
static struct rlimit roomy;

static void disk_full(rlim_t most)
{
	struct rlimit now;

	getrlimit(RLIMIT_FSIZE, &roomy);
	now = roomy;
	now.rlim_cur = most;
	setrlimit(RLIMIT_FSIZE, &now);
}

static void disk_has_room(void)
{
	setrlimit(RLIMIT_FSIZE, &roomy);
}

static void no_room_on_the_disk(void **state)
{
	struct comp *rig = comp_run(cfg);

	(void)state;
	comp_turn(rig);
	disk_full(1000);
	for (unsigned int i = 0; i < 20; i++)
		record_in(rig, i);
	comp_turn(rig);
	disk_has_room();
	assert_true(comp_logged(rig, "cannot write"));
	/* Should this be the end, the file can be read: whole blocks only. */
	assert_in_range(see_file(cfg->capture.path).packets, 1, 19);
	/* Said once, and not tried before a second is over. */
	record_in(rig, 20);
	comp_turn(rig);
	assert_null(
		strstr(strstr(rig->log, "cannot write") + 1, "cannot write"));
	/* Then without a frame that makes it try. */
	comp_time += 2000000000;
	comp_turn(rig);
	assert_true(comp_logged(rig, "again; `weir show ports` says"));
	assert_int_equal(see_file(cfg->capture.path).packets, 21);
}

static void full_for_long(void **state)
{
	struct comp *rig = comp_run(cfg);
	unsigned int sent;

	(void)state;
	comp_turn(rig);
	disk_full(1000);
	sent = fill(rig, 10000);
	disk_has_room();
	assert_in_range(sent, 1000 + COMP_CAPACITY - 64, 1100 + COMP_CAPACITY);
	/* It is not even asked for: no turn without an end. */
	assert_false(rig->c->ops->arm(rig->c));
	comp_time += 2000000000;
	comp_until(rig, queue_pending(&rig->rx_free) == COMP_CAPACITY);
	assert_int_equal(see_file(cfg->capture.path).packets, sent);
}

/* Room again: the backlog goes into as many files as it needs. */
static void backlog_keeps_to_the_ring(void **state)
{
	struct comp *rig;
	unsigned int sent;

	(void)state;
	cfg->capture.rotate = 65536;
	cfg->capture.files = 64;
	rig = comp_run(cfg);
	comp_turn(rig);
	disk_full(1000);
	sent = fill(rig, 900);
	disk_has_room();
	comp_time += 2000000000;
	comp_turn(rig);
	assert_int_equal(ring_packets(64), sent);
	for (unsigned int i = 0; i < 64; i++)
		assert_true(size_of_ring(i) <= 65536);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		capture_test(old_captures_are_kept),
		capture_test(empty_file_is_used),
		capture_test(kept_names_are_not_taken),
		capture_test(symbolic_link_stays),
		capture_test(overwrite_replaces),
		capture_test(open_alone_loses_nothing),
		capture_test(crash_appends_a_section),
		capture_test(half_a_block_is_cut_off),
		capture_test(names_of_a_ring),
		capture_test(ring_of_files),
		capture_test(ring_of_tiny_files),
		capture_test(crash_goes_on_in_the_ring),
		capture_test(ring_goes_on_after_a_start),
		capture_test(no_room_on_the_disk),
		capture_test(full_for_long),
		capture_test(backlog_keeps_to_the_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
