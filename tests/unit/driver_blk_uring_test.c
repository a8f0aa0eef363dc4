/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM's disk by io_uring, with a file for the disk; and which block
 * device is taken for the disk, in a made-up sysfs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "driver_vm/blk_find.h"
#include "driver_vm/blk_uring.h"
#include "tests/unit/driver_blk_rig.h"

#define BLOCKS 64u

static char top[64];

static void shell(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && %s", top, command);
	assert_int_equal(system(line), 0);
}

static int setup(void **state)
{
	(void)state;
	/* Where files can be opened for direct I/O. */
	strcpy(top, "/var/tmp/weir-blk-test.XXXXXX");
	assert_non_null(mkdtemp(top));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	shell("rm -rf *");
	rmdir(top);
	return 0;
}

static void make_file(char *path, size_t size)
{
	snprintf(path, 128, "%s/disk", top);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

static void wait_for(struct blk_uring *u, struct event_loop *loop,
		     unsigned int count, int *results)
{
	unsigned int tag;
	int result;

	while (count > 0) {
		assert_true(event_wait(loop, true) >= 0);
		while (u->disk.ops->done(&u->disk, &tag, &result)) {
			results[tag] = result;
			count--;
		}
	}
}

static void transfers(void **state)
{
	static struct blk_uring u;
	struct event_loop loop;
	int result[BLK_DEPTH];
	uint8_t *data = aligned_alloc(BLK_SIZE, BLOCKS * BLK_SIZE);
	char path[128];

	(void)state;
	make_file(path, BLOCKS * BLK_SIZE);
	assert_int_equal(event_init(&loop), 0);
	if (blk_uring_open(&u, &loop, path) < 0)
		skip(); /* A container without io_uring, or no direct I/O. */
	assert_int_equal(u.disk.size, BLOCKS * BLK_SIZE);
	for (size_t i = 0; i < BLOCKS * BLK_SIZE; i++)
		data[i] = (uint8_t)(i * 7 + (i >> 12));
	for (unsigned int i = 0; i < BLK_DEPTH; i++)
		u.disk.ops->begin(&u.disk, i, BLK_WRITE, data + i * BLK_SIZE,
				  BLK_SIZE, (uint64_t)i * BLK_SIZE);
	u.disk.ops->submit(&u.disk);
	assert_int_equal(u.disk.batches, 1);
	wait_for(&u, &loop, BLK_DEPTH, result);
	for (unsigned int i = 0; i < BLK_DEPTH; i++)
		assert_int_equal(result[i], BLK_SIZE);
	u.disk.ops->begin(&u.disk, 3, BLK_FLUSH, NULL, 0, 0);
	u.disk.ops->submit(&u.disk);
	wait_for(&u, &loop, 1, result);
	assert_int_equal(result[3], 0);
	memset(data, 0, BLOCKS * BLK_SIZE);
	u.disk.ops->begin(&u.disk, 5, BLK_READ, data, BLOCKS * BLK_SIZE, 0);
	/* Beyond the end there is nothing. */
	u.disk.ops->begin(&u.disk, 6, BLK_READ, data, BLK_SIZE,
			  BLOCKS * BLK_SIZE);
	u.disk.ops->submit(&u.disk);
	wait_for(&u, &loop, 2, result);
	assert_int_equal(result[6], 0);
	assert_int_equal(result[5], BLOCKS * BLK_SIZE);
	for (size_t i = 0; i < BLOCKS * BLK_SIZE; i++)
		assert_int_equal(data[i], (uint8_t)(i * 7 + (i >> 12)));
	free(data);
}

static void refuses_what_is_none(void **state)
{
	static struct blk_uring u;
	struct event_loop loop;
	char path[128];

	(void)state;
	assert_int_equal(event_init(&loop), 0);
	assert_int_equal(blk_uring_open(&u, &loop, "/nowhere"), -ENOENT);
	make_file(path, BLK_SIZE - 512);
	assert_true(blk_uring_open(&u, &loop, path) < 0);
}

static void finds_the_disk(void **state)
{
	char name[BLK_NAME];
	char serial[BLK_SERIAL_SIZE];
	struct uio_where where = { top, "/dev" };

	(void)state;
	assert_int_equal(blk_find(&where, NULL, name, serial), 0);
	shell("mkdir -p block/loop0 block/vdb/device block/vda/device &&"
	      " echo 'a serial' >block/vda/serial &&"
	      " mkdir -p block/nvme0n1/device &&"
	      " printf 'S123   \\n' >block/nvme0n1/device/serial");
	assert_int_equal(blk_find(&where, NULL, name, serial), 3);
	assert_string_equal(name, "nvme0n1");
	assert_string_equal(serial, "S123");
	assert_int_equal(blk_find(&where, "vda", name, serial), 1);
	assert_string_equal(name, "vda");
	assert_string_equal(serial, "a");
	assert_int_equal(blk_find(&where, "vdb", name, serial), 1);
	assert_string_equal(serial, "");
	assert_int_equal(blk_find(&where, "vdx", name, serial), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(transfers, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_none, setup,
						teardown),
		cmocka_unit_test_setup_teardown(finds_the_disk, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
