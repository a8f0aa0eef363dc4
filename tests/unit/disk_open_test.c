/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What may be a disk's file: it is opened without waiting for it, and by one
 * writer.
 */
#include "tests/unit/disk_rig.h"

#include <sys/stat.h>

static int opened[PD_MAX_FDS];

/* Open it; the socket is in the way of a second opening, so it is removed. */
static int open_disk(void)
{
	int n = comp_open(cfg, opened);

	assert_int_equal(n, 2);
	assert_int_equal(unlink(cfg->disk.socket.path), 0);
	close(opened[0]);
	return opened[1];
}

static void use(const char *name)
{
	snprintf(cfg->disk.path, SYS_PATH, "%s/%s", dir, name);
}

static void a_fifo_is_refused_at_once(void **state)
{
	(void)state;
	use("fifo");
	assert_int_equal(mkfifo(cfg->disk.path, 0600), 0);
	comp_refused(cfg, "neither a file nor a block device", NULL);
	cfg->disk.read_only = true;
	comp_refused(cfg, "neither a file nor a block device", NULL);
	assert_int_equal(access(cfg->disk.socket.path, F_OK), -1);
}

static void what_is_no_file(void **state)
{
	(void)state;
	use("none");
	comp_refused(cfg, "there is no file", "say `size`", NULL);
	use("none/none");
	cfg->disk.make = true;
	comp_refused(cfg, "cannot make disk", NULL);
	use(".");
	comp_refused(cfg, "is a folder", NULL);
	snprintf(cfg->disk.path, SYS_PATH, "/dev/null");
	comp_refused(cfg, "neither a file nor a block device", NULL);
}

static void a_file_that_is_too_short(void **state)
{
	(void)state;
	cfg->disk.first = 512;
	comp_refused(cfg, "has 1048576 bytes", "ends at 1049088", NULL);
	cfg->disk.size = DK_SIZE - 512;
	close(open_disk());
}

static void a_missing_file_is_made(void **state)
{
	struct stat st;

	(void)state;
	use("new");
	cfg->disk.make = true;
	close(open_disk());
	assert_int_equal(stat(cfg->disk.path, &st), 0);
	assert_int_equal(st.st_size, DK_SIZE);
	assert_int_equal(st.st_blocks, 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* And is left as it is the next time. */
	close(open_disk());
}

static void one_writer_or_many_readers(void **state)
{
	int first = open_disk(), second;

	(void)state;
	comp_refused(cfg, "is used by another process", NULL);
	cfg->disk.read_only = true;
	comp_refused(cfg, "is used by another process", NULL);
	close(first);
	first = open_disk();
	second = open_disk();
	cfg->disk.read_only = false;
	comp_refused(cfg, "is used by another process", NULL);
	close(first);
	close(second);
	close(open_disk());
}

static void parts_of_a_file_have_writers_of_their_own(void **state)
{
	int first;

	(void)state;
	cfg->disk.size = DK_SIZE / 2;
	first = open_disk();
	cfg->disk.first = DK_SIZE / 2 - 512;
	comp_refused(cfg, "is used by another process", NULL);
	cfg->disk.first = DK_SIZE / 2;
	close(open_disk());
	close(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		disk_test(a_fifo_is_refused_at_once),
		disk_test(what_is_no_file),
		disk_test(a_file_that_is_too_short),
		disk_test(a_missing_file_is_made),
		disk_test(one_writer_or_many_readers),
		disk_test(parts_of_a_file_have_writers_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
