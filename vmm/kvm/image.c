/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading kernels.
 *
 * zlib reads a file that is not compressed as it stands, so there is one way
 * for both.  Of a compressed file no more is unpacked than the header claims,
 * and that has been checked against the RAM.
 */
#include "vmm/kvm/image.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* "ARM\x64" */
#define ARM64_MAGIC 0x644d5241u
#define FLAG_BIG_ENDIAN 1u
/* Kernels start on this boundary, and so does RAM. */
#define KERNEL_ALIGN 0x200000u
#define PAGE 0x1000u
/* More than this is no kernel, whatever the RAM. */
#define MEMORY_MAX 0x40000000u

#define MIB 0x100000ull

/* An Image's first bytes; little endian. */
struct header {
	uint8_t code[8];
	uint64_t text_offset;
	uint64_t image_size;
	uint64_t flags;
	uint64_t reserved[3];
	uint32_t magic;
	uint32_t pe;
};

_Static_assert(sizeof(struct header) == 64, "as the kernel has it");

/* --- what else a file may be ---------------------------------------------- */

static const struct {
	uint8_t at, len;
	const char *bytes;
	const char *what;
} other_formats[] = {
	{ 4, 4, "zimg",
	  "it is a self-extracting EFI image: build the kernel without "
	  "CONFIG_EFI_ZBOOT, or give arch/arm64/boot/Image" },
	{ 0, 4, "\177ELF",
	  "it is an ELF file: give arch/arm64/boot/Image, not vmlinux" },
	{ 0, 4, "\047\005\031\126",
	  "it is a U-Boot image: give arch/arm64/boot/Image" },
	{ 0, 4, "\xd0\x0d\xfe\xed",
	  "it is a device tree or FIT image: give arch/arm64/boot/Image" },
	{ 0, 6,
	  "\xfd"
	  "7zXZ",
	  "it is compressed by xz: unpack it, or compress it by gzip" },
	{ 0, 4, "\x28\xb5\x2f\xfd",
	  "it is compressed by zstd: unpack it, or compress it by gzip" },
	{ 0, 3, "BZh",
	  "it is compressed by bzip2: unpack it, or compress it by gzip" },
	{ 0, 4, "\x02\x21\x4c\x18",
	  "it is compressed by lz4: unpack it, or compress it by gzip" },
	{ 36, 4, "\x18\x28\x6f\x01",
	  "it is a kernel for 32-bit Arm: give one built for arm64" },
	{ 48, 4, "RISC",
	  "it is a kernel for RISC-V: give one built for arm64" },
};

static const char *what_is_it(const uint8_t *bytes)
{
	for (size_t i = 0; i < sizeof(other_formats) / sizeof(other_formats[0]);
	     i++)
		if (memcmp(bytes + other_formats[i].at, other_formats[i].bytes,
			   other_formats[i].len) == 0)
			return other_formats[i].what;
	if (bytes[0] == 'M' && bytes[1] == 'Z')
		return "it is an EFI program for another processor: give a "
		       "kernel built for arm64";
	return "give an Image or Image.gz built for arm64";
}

static int refuse(struct error *err, const char *name, const char *why)
{
	return error_set(err, "%s is no arm64 kernel image: %s", name, why);
}

/* --- reading -------------------------------------------------------------- */

/* A reader at the start of @fd, which stays open when the reader is closed. */
static gzFile reader(int fd, const char *name, struct error *err)
{
	gzFile file = NULL;
	int copy = lseek(fd, 0, SEEK_SET) == 0 ? dup(fd) : -1;

	if (copy >= 0)
		file = gzdopen(copy, "rb");
	if (file != NULL)
		return file;
	error_errno(err, "cannot read %s", name);
	if (copy >= 0)
		close(copy);
	return NULL;
}

/* Why reading ended, unless it was the file's end. */
static int read_error(gzFile file, const char *name, struct error *err)
{
	int code = Z_OK;
	const char *text = gzerror(file, &code);

	if (code == Z_OK || code == Z_STREAM_END)
		return 0;
	if (code == Z_ERRNO)
		return error_errno(err, "cannot read %s", name);
	return error_set(err,
			 "%s is no arm64 kernel image: damaged or cut off (%s)",
			 name, code == Z_BUF_ERROR ? "unexpected end" : text);
}

/* Up to @size bytes; fewer only at the end of the file. -1 on an error. */
static int64_t read_some(gzFile file, const char *name, void *to, uint64_t size,
			 struct error *err)
{
	uint64_t done = 0;

	while (done < size) {
		uint64_t want = size - done < MIB ? size - done : MIB;
		int n = gzread(file, (uint8_t *)to + done, (unsigned int)want);

		if (n <= 0)
			break;
		done += (uint64_t)n;
	}
	if (done < size && read_error(file, name, err) != 0)
		return -1;
	return (int64_t)done;
}

static int parse(struct image *image, const struct header *h, const char *name,
		 struct error *err)
{
	if (le32toh(h->magic) != ARM64_MAGIC)
		return refuse(err, name, what_is_it((const uint8_t *)h));
	if (le64toh(h->flags) & FLAG_BIG_ENDIAN)
		return refuse(err, name,
			      "it is big-endian: build it little-endian");
	image->text_offset = le64toh(h->text_offset);
	image->memory = le64toh(h->image_size);
	if (image->memory == 0)
		return refuse(
			err, name,
			"its header has no size: use Linux 3.17 or newer");
	if (image->memory < sizeof(*h) || image->memory > MEMORY_MAX ||
	    image->text_offset >= KERNEL_ALIGN)
		return refuse(err, name, "its header is damaged");
	return 0;
}

int image_check(struct image *image, int fd, const char *name,
		struct error *err)
{
	struct header h;
	gzFile file = reader(fd, name, err);
	int64_t n;

	if (file == NULL)
		return -1;
	n = read_some(file, name, &h, sizeof(h), err);
	gzclose(file);
	if (n < 0)
		return -1;
	if (n < (int64_t)sizeof(h))
		return refuse(err, name,
			      n == 0 ? "it is empty" : "it is too short");
	return parse(image, &h, name, err);
}

int image_load(const struct image *image, int fd, const char *name, void *to,
	       struct error *err)
{
	gzFile file = reader(fd, name, err);
	uint8_t more;
	int64_t n;

	if (file == NULL)
		return -1;
	n = read_some(file, name, to, image->memory, err);
	if (n == (int64_t)image->memory) {
		n = read_some(file, name, &more, sizeof(more), err);
		if (n > 0)
			n = refuse(err, name,
				   "there is more in it than its header says");
	}
	gzclose(file);
	return n < 0 ? -1 : 0;
}

int image_load_initrd(int fd, const char *name, void *to, uint64_t size,
		      struct error *err)
{
	uint64_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (uint8_t *)to + done, size - done,
				  (off_t)done);

		if (n < 0)
			return error_errno(err, "cannot read %s", name);
		if (n == 0)
			return error_set(err,
					 "%s became shorter while it was read: "
					 "start again",
					 name);
		done += (uint64_t)n;
	}
	return 0;
}

/* --- places --------------------------------------------------------------- */

static uint64_t up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

int image_plan(struct image_plan *plan, const struct image *image,
	       uint64_t initrd, uint64_t ram, struct error *err)
{
	uint64_t need;

	/* So that no sum below overflows. */
	if (initrd > MEMORY_MAX)
		return error_set(
			err, "an initrd of %llu MiB is too large: at most %llu",
			initrd / MIB, MEMORY_MAX / MIB);
	plan->kernel = image->text_offset;
	plan->fdt = up(plan->kernel + image->memory, IMAGE_FDT_SIZE);
	plan->initrd = plan->fdt + IMAGE_FDT_SIZE;
	plan->end = up(plan->initrd + initrd, PAGE);
	need = plan->end + IMAGE_SLACK;
	if (ram >= need)
		return 0;
	return error_set(err,
			 "%llu MiB of memory are too few for this kernel (%llu "
			 "KiB) and initrd (%llu KiB): at least %llu MiB",
			 ram / MIB, (unsigned long long)(image->memory / 1024),
			 (unsigned long long)(initrd / 1024),
			 up(need, MIB) / MIB);
}
