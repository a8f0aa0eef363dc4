/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at the files that disks are in: see disk_look.h. */
#include "config/check/disk_look.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/check/helpers.h"
#include "virt/blk_table.h"

int disk_look_limit_ms = 4000;

/* --- in a process of its own -------------------------------------------- */

static bool is_disk(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISBLK(st->st_mode);
}

/* To open what can be no disk might wait, or do something to it. */
static int open_disk(struct disk_look *l)
{
	const int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct stat st;
	int fd;

	if (stat(l->path, &st) != 0)
		return -errno;
	l->mode = st.st_mode;
	if (!is_disk(&st))
		return -EMEDIUMTYPE;
	fd = open(l->path, flags | (l->writes ? O_RDWR : O_RDONLY));
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || !is_disk(&st)) {
		close(fd);
		return -EMEDIUMTYPE;
	}
	l->dev = S_ISBLK(st.st_mode) ? 0 : st.st_dev;
	l->ino = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_ino;
	return fd;
}

static void read_table(struct disk_look *l, int fd, uint32_t sector)
{
	struct blk_table_want want = { .number = l->part.number };
	static uint8_t data[BLK_SIZE];
	struct blk_table table;
	uint64_t block;

	_Static_assert(sizeof(want.name) <= sizeof(l->part.name), "names fit");
	memcpy(want.name, l->part.name, sizeof(want.name) - 1);
	if (blk_table_start(&table, sector, l->size >> BLK_SHIFT, &want, 1) !=
	    0) {
		l->why = BLK_PART_NO_TABLE;
		return;
	}
	while (blk_table_next(&table, &block)) {
		bool good = pread(fd, data, sizeof(data),
				  (off_t)(block << BLK_SHIFT)) ==
			    (ssize_t)sizeof(data);

		blk_table_take(&table, good ? data : NULL);
	}
	l->why = want.why;
	l->first = want.first;
	l->length = want.size;
}

static void look(void *ctx, unsigned int number)
{
	struct disk_look *l = (struct disk_look *)ctx + number;
	int fd = open_disk(l), sector = SYS_SECTOR;
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	if (fd < 0 || size < 0) {
		l->error = fd < 0 ? -fd : errno;
	} else {
		l->size = (uint64_t)size;
		if (S_ISBLK(l->mode) && ioctl(fd, BLKSSZGET, &sector) != 0)
			sector = SYS_SECTOR;
		if (l->part.number != 0 || *l->part.name)
			read_table(l, fd, (uint32_t)sector);
	}
	if (fd >= 0)
		close(fd);
	__atomic_store_n(&l->done, true, __ATOMIC_RELEASE);
}

/* --- in the compiler ---------------------------------------------------- */

void disk_look_all(struct disk_look *look_at, unsigned int n)
{
	helpers_run("weir-disks", n, look, look_at, disk_look_limit_ms);
	for (unsigned int i = 0; i < n; i++) {
		struct disk_look *l = &look_at[i];

		/* The process may have been taken over by what it read. */
		if (!__atomic_load_n(&l->done, __ATOMIC_ACQUIRE) ||
		    l->error != 0 || l->why >= BLK_PART_REASON_COUNT)
			l->why = BLK_PART_UNREADABLE;
		else if (l->why == BLK_PART_OK &&
			 (l->first > l->size || l->length > l->size - l->first))
			l->why = BLK_PART_OUTSIDE;
	}
}
