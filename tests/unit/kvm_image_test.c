/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel images: good ones, everything a user may take for one, and damaged
 * ones; what is loaded never exceeds what was planned for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "vmm/kvm/image.h"

#define MIB 0x100000u
#define HEADER 64u

/* A file in memory. */
static int file_of(const void *data, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	return fd;
}

static void put64(uint8_t *to, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

/* A kernel of @size bytes that claims to occupy @memory. */
static uint8_t *kernel(size_t size, uint64_t memory)
{
	static const uint8_t mz[] = { 'M', 'Z' };
	static const uint8_t magic[] = { 'A', 'R', 'M', 'd' };
	uint8_t *k = malloc(size);

	for (size_t i = 0; i < size; i++)
		k[i] = (uint8_t)(i * 7 + i / 251);
	memset(k, 0, HEADER);
	memcpy(k, mz, sizeof(mz));
	put64(k + 8, 0x80000);
	put64(k + 16, memory);
	memcpy(k + 56, magic, sizeof(magic));
	return k;
}

/* The same, compressed by gzip; @size: in/out. */
static uint8_t *gzipped(const uint8_t *data, size_t *size)
{
	uLong bound = compressBound(*size) + 64;
	uint8_t *out = malloc(bound);
	z_stream z = { .next_in = (Bytef *)(uintptr_t)data,
		       .avail_in = (uInt)*size,
		       .next_out = out,
		       .avail_out = (uInt)bound };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	*size = z.total_out;
	deflateEnd(&z);
	return out;
}

/* What image_check() says of a file. */
static const char *verdict(const void *data, size_t size)
{
	static struct error err;
	struct image image;
	int fd = file_of(data, size);

	err.text[0] = '\0';
	if (image_check(&image, fd, "K", &err) == 0)
		assert_string_equal(err.text, "");
	else
		assert_string_not_equal(err.text, "");
	close(fd);
	return err.text;
}

/* --- good ones ---------------------------------------------------------- */

static void load_and_compare(int fd, const uint8_t *k, size_t size)
{
	struct error err = { 0 };
	struct image image;
	uint8_t *ram;

	assert_int_equal(image_check(&image, fd, "K", &err), 0);
	assert_int_equal(image.text_offset, 0x80000);
	assert_int_equal(image.memory, 2 * size);
	ram = malloc(image.memory + 1);
	ram[image.memory] = 0xee;
	/* Twice: the position a first life left behind is of no interest. */
	for (int life = 0; life < 2; life++) {
		memset(ram, 0, size);
		assert_int_equal(image_load(&image, fd, "K", ram, &err), 0);
		assert_memory_equal(ram, k, size);
	}
	assert_int_equal(ram[image.memory], 0xee);
	free(ram);
	close(fd);
}

static void plain_and_gzip_load(void **state)
{
	size_t size = 3 * MIB + 5, packed = size;
	uint8_t *k = kernel(size, 2 * size), *gz = gzipped(k, &packed);

	(void)state;
	assert_true(packed < size);
	load_and_compare(file_of(k, size), k, size);
	load_and_compare(file_of(gz, packed), k, size);
	free(gz);
	free(k);
}

/* --- what is none ------------------------------------------------------- */

static void other_files_are_named(void **state)
{
	static const struct {
		size_t at;
		const char *bytes;
		const char *say;
	} c[] = {
		{ 0, "\177ELF", "it is an ELF file" },
		{ 4, "zimg", "CONFIG_EFI_ZBOOT" },
		{ 0,
		  "\xfd"
		  "7zXZ",
		  "compressed by xz" },
		{ 0, "\x28\xb5\x2f\xfd", "compressed by zstd" },
		{ 0, "\047\005\031\126", "U-Boot" },
		{ 36, "\x18\x28\x6f\x01", "32-bit Arm" },
		{ 0, "MZ", "for another processor" },
		{ 0, "text", "give an Image or Image.gz" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		uint8_t data[4096] = { 0 };
		const char *say;

		memcpy(data + c[i].at, c[i].bytes, strlen(c[i].bytes));
		say = verdict(data, sizeof(data));
		assert_non_null(strstr(say, "K is no arm64 kernel image: "));
		assert_non_null(strstr(say, c[i].say));
	}
}

static void bad_headers_are_refused(void **state)
{
	uint8_t *k = kernel(4096, 4096);

	(void)state;
	assert_string_equal(verdict(k, 4096), "");
	assert_non_null(strstr(verdict(k, 0), "it is empty"));
	for (size_t n = 1; n < HEADER; n++)
		assert_non_null(strstr(verdict(k, n), "it is too short"));
	put64(k + 16, 0);
	assert_non_null(strstr(verdict(k, 4096), "header has no size"));
	for (int bit = 31; bit < 64; bit++) {
		put64(k + 16, 1ull << bit);
		assert_non_null(strstr(verdict(k, 4096), "damaged"));
	}
	put64(k + 16, UINT64_MAX);
	assert_non_null(strstr(verdict(k, 4096), "damaged"));
	put64(k + 16, 4096);
	put64(k + 8, UINT64_MAX - 4096);
	assert_non_null(strstr(verdict(k, 4096), "damaged"));
	put64(k + 8, 0);
	put64(k + 24, 1);
	assert_non_null(strstr(verdict(k, 4096), "big-endian"));
	free(k);
}

/* @room: bytes the header is said to claim */
static void refuse_load(const uint8_t *data, size_t length, size_t room,
			const char *say)
{
	struct image image = { .memory = room };
	struct error err = { 0 };
	uint8_t *ram = malloc(room + 1);
	int fd = file_of(data, length);

	ram[room] = 0xee;
	assert_int_equal(image_load(&image, fd, "K", ram, &err), -1);
	assert_non_null(strstr(err.text, "K is no arm64 kernel image: "));
	assert_non_null(strstr(err.text, say));
	assert_int_equal(ram[room], 0xee);
	close(fd);
	free(ram);
}

static void more_than_it_says_is_refused(void **state)
{
	size_t size = 64 * MIB, packed = size;
	uint8_t *bomb = calloc(1, size), *gz;

	(void)state;
	gz = gzipped(bomb, &packed);
	assert_true(packed < MIB);
	refuse_load(gz, packed, 2 * MIB, "more in it than its header says");
	refuse_load(bomb, 4097, 4096, "more in it than its header says");
	free(gz);
	free(bomb);
}

static void cut_off_gzip_is_refused(void **state)
{
	size_t size = MIB, packed = size;
	uint8_t *k = kernel(size, size), *gz = gzipped(k, &packed);

	(void)state;
	refuse_load(gz, packed / 2, size, "damaged or cut off");
	/* All data and no checksum would be fine with zlib. */
	refuse_load(gz, packed - 64, size, "damaged or cut off");
	assert_non_null(strstr(verdict(gz, 20), "damaged or cut off"));
	gz[packed / 2] ^= 0xff;
	gz[packed / 2 + 1] ^= 0xff;
	refuse_load(gz, packed, size, "damaged or cut off");
	free(gz);
	free(k);
}

/* --- places ------------------------------------------------------------- */

static void everything_has_a_place(void **state)
{
	struct image image = { .text_offset = 0x80000, .memory = 5 * MIB + 1 };
	struct image_plan p;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(image_plan(&p, &image, 300001, 32 * MIB, &err), 0);
	assert_int_equal(p.kernel, 0x80000);
	assert_true(p.fdt >= p.kernel + image.memory);
	/* Never across a 2 MiB boundary. */
	assert_int_equal(p.fdt % IMAGE_FDT_SIZE, 0);
	assert_true(p.initrd >= p.fdt + IMAGE_FDT_SIZE);
	assert_true(p.end >= p.initrd + 300001);
	assert_int_equal(p.end % 4096, 0);
}

static void too_little_memory_says_how_much(void **state)
{
	struct image image = { .memory = 3 * MIB };
	struct image_plan p;
	struct error err = { 0 };
	unsigned int least;

	(void)state;
	assert_int_equal(image_plan(&p, &image, MIB, 8 * MIB, &err), -1);
	assert_string_equal(
		err.text,
		"8 MiB of memory are too few for this kernel (3072 KiB) and "
		"initrd (1024 KiB): at least 13 MiB");
	least = 13;
	err.text[0] = '\0';
	assert_int_equal(image_plan(&p, &image, MIB, least * MIB, &err), 0);
	assert_int_equal(image_plan(&p, &image, MIB, (least - 1) * MIB, &err),
			 -1);
	err.text[0] = '\0';
	assert_int_equal(image_plan(&p, &image, UINT64_MAX, UINT64_MAX, &err),
			 -1);
	assert_non_null(strstr(err.text, "too large"));
}

static void initrd_is_read_whole(void **state)
{
	uint8_t *data = kernel(MIB + 3, 1), *ram = calloc(1, MIB + 4);
	int fd = file_of(data, MIB + 3);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(image_load_initrd(fd, "I", ram, MIB + 3, &err), 0);
	assert_memory_equal(ram, data, MIB + 3);
	assert_int_equal(ram[MIB + 3], 0);
	assert_int_equal(image_load_initrd(fd, "I", ram, MIB + 4, &err), -1);
	assert_non_null(strstr(err.text, "became shorter"));
	close(fd);
	free(ram);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_and_gzip_load),
		cmocka_unit_test(other_files_are_named),
		cmocka_unit_test(bad_headers_are_refused),
		cmocka_unit_test(more_than_it_says_is_refused),
		cmocka_unit_test(cut_off_gzip_is_refused),
		cmocka_unit_test(everything_has_a_place),
		cmocka_unit_test(too_little_memory_says_how_much),
		cmocka_unit_test(initrd_is_read_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
