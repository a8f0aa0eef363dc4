/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk by io_uring: see blk_uring.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver_vm/blk_uring.h"
#include "driver_vm/say.h"

/* Of a file, which has none. */
#define FILE_SECTOR 512

/* The only file that is registered. */
enum { THE_DISK };

/* --- operations --------------------------------------------------------- */

static struct blk_uring *uring(struct blk_disk *disk)
{
	return event_owner(disk, struct blk_uring, disk);
}

/* Each tag has at most one entry, so there is always one. */
static void uring_begin(struct blk_disk *disk, unsigned int tag,
			enum blk_code code, void *data, size_t len, uint64_t at)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring(disk)->ring);

	if (code == BLK_READ)
		io_uring_prep_read(sqe, THE_DISK, data, (unsigned int)len, at);
	else if (code == BLK_WRITE)
		io_uring_prep_write(sqe, THE_DISK, data, (unsigned int)len, at);
	else
		io_uring_prep_fsync(sqe, THE_DISK, IORING_FSYNC_DATASYNC);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	io_uring_sqe_set_data64(sqe, tag);
}

static void uring_submit(struct blk_disk *disk)
{
	struct blk_uring *u = uring(disk);

	/* What does not go now, for want of memory, goes with the next ones. */
	if (io_uring_sq_ready(&u->ring) == 0)
		return;
	io_uring_submit(&u->ring);
	disk->batches++;
	u->loop->syscalls++;
}

static bool uring_done(struct blk_disk *disk, unsigned int *tag, int *result)
{
	struct blk_uring *u = uring(disk);
	struct io_uring_cqe *cqe;

	if (io_uring_peek_cqe(&u->ring, &cqe) != 0)
		return false;
	*tag = (unsigned int)io_uring_cqe_get_data64(cqe);
	*result = cqe->res;
	io_uring_cqe_seen(&u->ring, cqe);
	return true;
}

static const struct blk_disk_ops uring_ops = {
	.begin = uring_begin,
	.submit = uring_submit,
	.done = uring_done,
};

/* What is done is looked at in each round; this only wakes the loop. */
static void something_done(struct event_source *source, uint32_t events)
{
	(void)source;
	(void)events;
}

/* --- opening ------------------------------------------------------------ */

static int geometry(struct blk_uring *u, const char *path)
{
	struct blk_disk *d = &u->disk;
	int sector = FILE_SECTOR;
	int read_only = 0;
	struct stat st;

	if (fstat(u->fd, &st) < 0)
		return -errno;
	d->size = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode) && (ioctl(u->fd, BLKGETSIZE64, &d->size) < 0 ||
				    ioctl(u->fd, BLKSSZGET, &sector) < 0 ||
				    ioctl(u->fd, BLKROGET, &read_only) < 0))
		return -errno;
	d->sector = (uint32_t)sector;
	d->read_only |= read_only != 0;
	if (d->size >= BLK_SIZE && d->sector > 0 && BLK_SIZE % d->sector == 0)
		return 0;
	say("%s has %llu bytes in sectors of %u; needed are %u bytes at least, "
	    "in sectors of which whole ones make %u",
	    path, (unsigned long long)d->size, d->sector, BLK_SIZE, BLK_SIZE);
	return -EINVAL;
}

static int open_disk(struct blk_uring *u, const char *path)
{
	u->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (u->fd < 0 && (errno == EROFS || errno == EACCES)) {
		u->disk.read_only = true;
		u->fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	}
	return u->fd < 0 ? -errno : geometry(u, path);
}

static int open_ring(struct blk_uring *u)
{
	int e = io_uring_queue_init(BLK_DEPTH, &u->ring, 0);

	if (e == 0)
		e = io_uring_register_files(&u->ring, &u->fd, 1);
	if (e < 0)
		say("no io_uring (CONFIG_IO_URING), which reaches disks: %s",
		    strerror(-e));
	return e;
}

int blk_uring_open(struct blk_uring *u, struct event_loop *loop,
		   const char *path)
{
	int e;

	*u = (struct blk_uring){ .disk.ops = &uring_ops, .loop = loop };
	e = open_disk(u, path);
	if (e < 0) {
		say("%s cannot be opened as a disk: %s", path, strerror(-e));
		return e;
	}
	e = open_ring(u);
	if (e < 0)
		return e;
	u->source.fd = u->ring.ring_fd;
	u->source.ready = something_done;
	return event_add(loop, &u->source, EPOLLIN);
}
