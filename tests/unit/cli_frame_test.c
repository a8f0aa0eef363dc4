/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames as people write them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/frame.h"

static uint8_t bytes[FRAME_MAX];
static struct frame_text f;

static int fresh(void **state)
{
	(void)state;
	f = (struct frame_text){ .bytes = bytes };
	memset(bytes, 0xaa, sizeof(bytes));
	return 0;
}

static void expect_bytes(const char *want, size_t n)
{
	assert_int_equal(f.len, n);
	assert_memory_equal(bytes, want, n);
}

static void test_hex_in_all_usual_clothes(void **state)
{
	static const char *const same[] = {
		"02000000000708Ff",
		"02:00:00:00:00:07:08:ff",
		"0200.0000.0007.08ff",
		"02-00-00-00-00-07 08ff",
		" 02 00 00\n00 00 07\t08ff\n",
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		fresh(state);
		assert_int_equal(frame_hex(&f, same[i]), 0);
		expect_bytes("\x02\0\0\0\0\x07\x08\xff", 8);
	}
}

static void test_hex_pieces_add_up(void **state)
{
	(void)state;
	assert_int_equal(frame_hex(&f, "0102"), 0);
	assert_int_equal(frame_hex(&f, "03"), 0);
	expect_bytes("\1\2\3", 3);
}

static void test_bad_hex_is_named(void **state)
{
	assert_int_equal(frame_hex(&f, "02 0g"), -1);
	assert_string_equal(f.error, "a byte has two hex digits, but '0' "
				     "(character 4) stands alone");
	fresh(state);
	assert_int_equal(frame_hex(&f, "02xx"), -1);
	assert_string_equal(f.error, "'x' (character 3) is not a hex digit");
	fresh(state);
	assert_int_equal(frame_hex(&f, "020"), -1);
	fresh(state);
	/* A separator splits bytes, not digits. */
	assert_int_equal(frame_hex(&f, "0:2"), -1);
}

static void test_too_long_is_refused(void **state)
{
	char *text = malloc((size_t)2 * FRAME_MAX + 3);

	(void)state;
	memset(text, '0', 2 * FRAME_MAX + 2);
	text[2 * FRAME_MAX + 2] = 0;
	assert_int_equal(frame_hex(&f, text), -1);
	assert_string_equal(f.error, "a frame of more than 65535 bytes");
	text[(size_t)2 * FRAME_MAX] = 0;
	fresh(NULL);
	assert_int_equal(frame_hex(&f, text), 0);
	assert_int_equal(f.len, FRAME_MAX);
	free(text);
}

static char path[] = "/tmp/weir-frame-XXXXXX";

static void write_file(const void *data, size_t n)
{
	int fd;

	strcpy(path, "/tmp/weir-frame-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	close(fd);
}

static void test_files(void **state)
{
	write_file("02 00\n0a", 8);
	assert_int_equal(frame_read(&f, path, true), 0);
	expect_bytes("\x02\0\x0a", 3);
	fresh(state);
	assert_int_equal(frame_read(&f, path, false), 0);
	expect_bytes("02 00\n0a", 8);
	unlink(path);
	fresh(state);
	assert_int_equal(frame_read(&f, path, true), -1);
	assert_non_null(strstr(f.error, "No such file"));
}

static void test_binary_where_hex_is_meant(void **state)
{
	(void)state;
	write_file("\0\1\2", 3);
	assert_int_equal(frame_read(&f, path, true), -1);
	assert_non_null(strstr(f.error, "@FILE"));
	unlink(path);
}

static void test_endless_files_are_refused(void **state)
{
	assert_int_equal(frame_read(&f, "/dev/zero", false), -1);
	assert_non_null(strstr(f.error, "more than 65535"));
	fresh(state);
	assert_int_equal(frame_read(&f, "/dev/zero", true), -1);
}

static int describe(const char *words, struct frame_words *w)
{
	static char text[256]; /* @w points into it */

	*w = (struct frame_words){ .vlan = -1 };
	snprintf(text, sizeof(text), "%s", words);
	for (char *s = strtok(text, " "); s; s = strtok(NULL, " "))
		if (frame_key(&f, s, w))
			return -1;
	return 0;
}

static void test_description(void **state)
{
	struct frame_words w;

	(void)state;
	assert_int_equal(describe("dst=bob", &w), 0);
	assert_string_equal(w.dst, "bob");
	assert_null(w.src);
	assert_int_equal(w.vlan, -1);
	assert_false(w.has_type);
	assert_int_equal(w.len, 0);
	assert_int_equal(
		describe("dst=a src=b vlan=0 type=0x88b5 len=1514", &w), 0);
	assert_string_equal(w.src, "b");
	assert_int_equal(w.vlan, 0);
	assert_int_equal(w.type, 0x88b5);
	assert_int_equal(w.len, 1514);
	assert_int_equal(describe("type=arp", &w), 0);
	assert_int_equal(w.type, 0x0806);
}

static void test_bad_descriptions(void **state)
{
	static const struct {
		const char *words;
		const char *error;
	} bad[] = {
		{ "dst=x dts=y",
		  "a frame has no dts=; did you mean dst=? (there "
		  "are dst, src, vlan, type and len)" },
		{ "vlan=4096", "vlan=4096: a VLAN id is 0 to 4095" },
		{ "vlan=-1", "vlan=-1: a VLAN id" },
		{ "vlan=", "vlan=: a VLAN id" },
		{ "type=tcp", "type=tcp: an EtherType" },
		{ "type=65536", "type=65536: an EtherType" },
		{ "len=65536", "len=65536: a length" },
		{ "len=60x", "len=60x: a length" },
		{ "len=99999999999999999999", "len=99999999999999999999: a" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct frame_words w;

		fresh(state);
		assert_int_equal(describe(bad[i].words, &w), -1);
		if (strncmp(f.error, bad[i].error, strlen(bad[i].error)))
			fail_msg("%s: %s", bad[i].words, f.error);
	}
}

static const uint8_t dst[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t src[6] = { 2, 0, 0, 0, 0, 2 };

static void test_untagged_frame_is_built(void **state)
{
	struct frame_words w;

	(void)state;
	assert_int_equal(describe("type=0x0806", &w), 0);
	assert_int_equal(frame_build(&f, &w, dst, src), 0);
	assert_int_equal(f.len, 60);
	f.len = 16;
	expect_bytes("\2\0\0\0\0\1\2\0\0\0\0\2\x08\x06\0\0", 16);
	assert_int_equal(bytes[59], 0);
	assert_int_equal(bytes[60], 0xaa);
}

static void test_tagged_frame_is_built(void **state)
{
	struct frame_words w;

	(void)state;
	assert_int_equal(describe("vlan=258 len=18", &w), 0);
	assert_int_equal(frame_build(&f, &w, dst, src), 0);
	expect_bytes("\2\0\0\0\0\1\2\0\0\0\0\2\x81\0\1\2\x08\0", 18);
}

static void test_frame_shorter_than_its_header(void **state)
{
	struct frame_words w;

	assert_int_equal(describe("len=13", &w), 0);
	assert_int_equal(frame_build(&f, &w, dst, src), -1);
	fresh(state);
	assert_int_equal(describe("len=17 vlan=1", &w), 0);
	assert_int_equal(frame_build(&f, &w, dst, src), -1);
	assert_non_null(strstr(f.error, "18 bytes"));
}

static void test_addresses(void **state)
{
	uint8_t mac[6];

	(void)state;
	assert_int_equal(frame_mac("02:00:00:00:00:01", mac), 0);
	assert_memory_equal(mac, dst, 6);
	assert_int_equal(frame_mac("0200.0000.0001", mac), 0);
	assert_int_equal(frame_mac("broadcast", mac), 0);
	assert_memory_equal(mac, "\xff\xff\xff\xff\xff\xff", 6);
	assert_int_equal(frame_mac("02:00:00:00:00", mac), -1);
	assert_int_equal(frame_mac("02:00:00:00:00:01:02", mac), -1);
	assert_int_equal(frame_mac("alice", mac), -1);
	assert_int_equal(frame_mac("", mac), -1);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hex_in_all_usual_clothes),
		TEST(test_hex_pieces_add_up),
		TEST(test_bad_hex_is_named),
		TEST(test_too_long_is_refused),
		TEST(test_files),
		TEST(test_binary_where_hex_is_meant),
		TEST(test_endless_files_are_refused),
		TEST(test_description),
		TEST(test_bad_descriptions),
		TEST(test_untagged_frame_is_built),
		TEST(test_tagged_frame_is_built),
		TEST(test_frame_shorter_than_its_header),
		TEST(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
