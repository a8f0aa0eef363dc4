/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks in files: what is a disk and how large, partitions of it, and who has
 * the same bytes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/check/disk_look.h"
#include "tests/unit/blk_disk_rig.h"
#include "tests/unit/config_rig.h"

static void put(const char *name, const void *data, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

static void make(const char *name, off_t size)
{
	put(name, "", 0);
	assert_int_equal(truncate(name, size), 0);
}

static struct system *compile(const char *text, struct config_report *report)
{
	rig_put("t.conf", text);
	return config_compile("t.conf", report);
}

/* The topology is wrong, and this is said of it. */
static void says(const char *text, const char *message)
{
	struct config_report report;

	assert_null(compile(text, &report));
	if (strstr(report.text, message) == NULL)
		fail_msg("\"%s\" is not in:\n%s", message, report.text);
	assert_int_equal(report.errors, 1);
	config_report_free(&report);
}

/* It is right, and the only disk is there. */
static void lies(const char *text, uint64_t first, uint64_t size)
{
	struct config_report report;
	struct system *sys = compile(text, &report);

	assert_string_equal(report.text, "");
	assert_non_null(sys);
	assert_int_equal(sys->pd[0].comp[0].kind, SYS_DISK);
	assert_int_equal(sys->pd[0].comp[0].disk.first, first);
	assert_int_equal(sys->pd[0].comp[0].disk.size, size);
	system_free(sys);
	config_report_free(&report);
}

#define DISK(name, what)                                                       \
	"disk " name " { vhost-user \"/run/" name ".sock\"; " what " }\n"

/* --- files -------------------------------------------------------------- */

static void test_a_file_is_a_disk(void **state)
{
	(void)state;
	make("a.img", 1536);
	lies(DISK("a", "file \"a.img\""), 0, 1536);
	lies(DISK("a", "file \"a.img\"; read-only"), 0, 1536);
	/* Not there yet, and there already. */
	lies(DISK("a", "file \"new.img\"; size 2m"), 0, 2 << 20);
	make("new.img", 2 << 20);
	lies(DISK("a", "file \"new.img\"; size 2m"), 0, 2 << 20);
	make("new.img", 3 << 20);
	says(DISK("a", "file \"new.img\"; size 2m"), "rather than 2097152");
}

static void test_what_is_no_disk(void **state)
{
	(void)state;
	mkdir("folder", 0700);
	mkfifo("fifo", 0600);
	make("empty", 0);
	make("odd", 513);
	says(DISK("a", "file \"folder\""), "is a directory, not a disk");
	says(DISK("a", "file \"fifo\""), "is a FIFO or pipe, not a disk");
	says(DISK("a", "file \"/dev/null\""), "is a device, not a disk");
	says(DISK("a", "file \"none\""), "there is no file \"none\"");
	says(DISK("a", "file \"empty\""), "is empty");
	says(DISK("a", "file \"odd\""), "513 bytes, not a multiple of 512");
	assert_int_equal(symlink("loop", "loop"), 0);
	says(DISK("a", "file \"loop\""), "cannot open \"loop\"");
}

/* As one that is on a server that is away. */
static void test_what_takes_too_long(void **state)
{
	const int limit = disk_look_limit_ms;

	(void)state;
	make("a.img", 4096);
	disk_look_limit_ms = 0;
	says(DISK("a", "file \"a.img\""), "was not looked at within 0 s");
	disk_look_limit_ms = limit;
}

/* --- who has the same --------------------------------------------------- */

static void test_one_file_by_two_paths(void **state)
{
	(void)state;
	make("a.img", 1 << 20);
	assert_int_equal(link("a.img", "hard.img"), 0);
	assert_int_equal(symlink("a.img", "soft.img"), 0);
	says(DISK("a", "file \"a.img\"") DISK("b", "file \"hard.img\""),
	     "disk b and disk a (line 1) would share bytes");
	says(DISK("a", "file \"a.img\"") DISK("b", "file \"soft.img\""),
	     "would share bytes");
	says(DISK("a", "file \"a.img\"") DISK("b", "file \"./a.img\""),
	     "would share bytes");
	says(DISK("a", "file \"a.img\"; read-only")
		     DISK("b", "file \"hard.img\""),
	     "would share bytes");
	/* One that is still to be made. */
	says(DISK("a", "file \"none.img\"; size 1m")
		     DISK("b", "file \"none.img\"; size 1m"),
	     "would share bytes");
	lies(DISK("a", "file \"a.img\"; read-only")
		     DISK("b", "file \"hard.img\"; read-only"),
	     0, 1 << 20);
}

/* --- partitions --------------------------------------------------------- */

#define SECTORS 2048u

static void make_gpt(const char *name, bool bad)
{
	uint8_t *disk = calloc(SECTORS, 512);
	const struct bd_gpt g = { .disk = disk,
				  .sector_size = 512,
				  .sectors = SECTORS,
				  .entries = 128,
				  .entry_size = 128 };

	assert_non_null(disk);
	bd_gpt(&g);
	bd_gpt_part(&g, 1, 64, 127, "boot");
	bd_gpt_part(&g, 2, 128, 1023, "root");
	bd_gpt_part(&g, 3, 120, 143, "both");
	bd_sums(&g, false);
	bd_sums(&g, true);
	if (bad) {
		bd_header(&g, false)[8] ^= 1;
		bd_header(&g, true)[8] ^= 1;
	}
	put(name, disk, SECTORS * 512);
	free(disk);
}

#define OF_GPT(name, what) DISK(name, "file \"g.img\"; partition " what)

static void test_partitions_by_number_and_name(void **state)
{
	(void)state;
	make_gpt("g.img", false);
	lies(OF_GPT("a", "1"), 64 * 512, 64 * 512);
	lies(OF_GPT("a", "\"root\""), 128 * 512, 896 * 512);
	lies(DISK("a", "of g; partition 2") "disk g { file \"g.img\" }\n",
	     128 * 512, 896 * 512);
	says(OF_GPT("a", "4"), "partition 4 of \"g.img\" cannot be used: the "
			       "table has no such partition");
	says(OF_GPT("a", "\"Root\""),
	     "partition \"Root\" of \"g.img\" cannot be used");
	make_gpt("g.img", true);
	says(OF_GPT("a", "1"), "the partition table is broken, and so is its "
			       "backup");
}

static void test_partitions_of_an_mbr(void **state)
{
	static uint8_t disk[64 * 512];

	(void)state;
	bd_mbr(disk);
	bd_mbr_part(disk, 1, 0x83, 8, 16);
	put("g.img", disk, sizeof(disk));
	lies(OF_GPT("a", "1"), 8 * 512, 16 * 512);
	says(OF_GPT("a", "2"), "the table has no such partition");
}

static void test_partitions_that_overlap(void **state)
{
	struct config_report report;
	struct system *sys;

	(void)state;
	make_gpt("g.img", false);
	sys = compile(OF_GPT("a", "1") OF_GPT("b", "2"), &report);
	assert_string_equal(report.text, "");
	assert_non_null(sys);
	system_free(sys);
	config_report_free(&report);
	says(OF_GPT("a", "2") OF_GPT("b", "3"), "would share bytes");
	says(OF_GPT("a", "1") OF_GPT("b", "3"), "would share bytes");
	says(OF_GPT("a", "1") OF_GPT("b", "\"boot\""), "would share bytes");
	says(OF_GPT("a", "2") DISK("b", "file \"g.img\""), "would share bytes");
}

/* --- while it runs ------------------------------------------------------ */

/* A change of rules takes what the files said when it was started. */
static void test_a_change_does_not_look_again(void **state)
{
	static const char text[] =
		"switch s { port a { tap \"a\" }; port b { tap \"b\" } }\n"
		"allow a -> b\n" DISK("d", "file \"g.img\"; partition 2");
	struct config_report report;
	struct system *sys, *changed;
	char *why;

	(void)state;
	make_gpt("g.img", false);
	sys = compile(text, &report);
	assert_non_null(sys);
	config_report_free(&report);
	unlink("g.img");
	changed = config_recompile(sys, "allow b -> a", &report);
	assert_non_null(changed);
	assert_string_equal(report.text, "");
	config_report_free(&report);
	assert_int_equal(config_differs(sys, changed, &why), 0);
	free(why);
	system_free(changed);
	system_free(sys);
}

/* --- all ---------------------------------------------------------------- */

static int clean(void **state)
{
	static const char *const names[] = { "t.conf", "a.img",	   "new.img",
					     "fifo",   "empty",	   "odd",
					     "loop",   "hard.img", "soft.img",
					     "g.img" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	rmdir("folder");
	return rig_end(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_begin, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_file_is_a_disk),
		TEST(test_what_is_no_disk),
		TEST(test_what_takes_too_long),
		TEST(test_one_file_by_two_paths),
		TEST(test_partitions_by_number_and_name),
		TEST(test_partitions_of_an_mbr),
		TEST(test_partitions_that_overlap),
		TEST(test_a_change_does_not_look_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
