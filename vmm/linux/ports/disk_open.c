/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening a disk's socket and its file: see open.h.
 *
 * The monitor must not wait for what is at the path, which may be a FIFO or a
 * device of any kind; so it is opened without waiting, and then looked at.
 *
 * Two that write to one file destroy it.  So the disk's part of the file is
 * locked, for this opening of it (open file description locks): another
 * instance, a second disk of this one, and QEMU are refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/linux/ports/open.h"

static int cannot_open(const struct sys_disk *d, struct error *err)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return error_set(err,
				 "there is no file \"%s\": make it, or say "
				 "`size` to have it made",
				 d->path);
	case EISDIR:
		return error_set(err,
				 "\"%s\" is a folder: give a file or a block "
				 "device",
				 d->path);
	case EACCES:
	case EPERM:
	case EROFS:
	case ETXTBSY:
		return error_set(err,
				 "may not %s \"%s\": %s: %s, or run weir as "
				 "its owner",
				 d->read_only ? "read" : "write", d->path,
				 strerror(errno),
				 d->read_only ? "give another file"
					      : "say `read-only`");
	case ENXIO:
		return error_set(err,
				 "\"%s\" is a socket or a device without "
				 "driver: give a file or a block device",
				 d->path);
	default:
		return error_errno(err, "cannot open disk \"%s\"", d->path);
	}
}

/* A new file, all of it one hole. */
static int make(const struct sys_disk *d, struct error *err)
{
	const unsigned long long size = d->first + d->size;
	int fd = open(d->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_errno(err, "cannot make disk \"%s\"", d->path);
	if (ftruncate(fd, (off_t)size) == 0)
		return fd;
	error_errno(err, "cannot make disk \"%s\" of %llu bytes", d->path,
		    size);
	unlink(d->path);
	close(fd);
	return -1;
}

/* Whoever has it mounted must be the only one. */
static int claim_device(const struct sys_disk *d, int fd, struct error *err)
{
	char self[32];
	int claimed;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	claimed = open(self, O_RDWR | O_EXCL | O_CLOEXEC | O_NONBLOCK);
	if (claimed < 0)
		error_set(err,
			  errno == EBUSY
				  ? "\"%s\" is in use, as a mounted file "
				    "system or by another device: unmount it"
				  : "cannot claim device \"%s\"",
			  d->path);
	close(fd);
	return claimed;
}

/* Return: bytes, or -1. */
static int64_t size_of(int fd, const struct stat *st)
{
	uint64_t bytes = 0;

	if (S_ISREG(st->st_mode))
		return st->st_size;
	return ioctl(fd, BLKGETSIZE64, &bytes) == 0 ? (int64_t)bytes : -1;
}

static int check(const struct sys_disk *d, int fd, const struct stat *st,
		 struct error *err)
{
	const uint64_t need = d->first + d->size;
	const int64_t have = size_of(fd, st);
	struct flock lock = {
		.l_type = d->read_only ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)d->first,
		.l_len = (off_t)d->size,
	};

	if (have < 0)
		return error_errno(err, "cannot tell the size of \"%s\"",
				   d->path);
	if ((uint64_t)have < need)
		return error_set(err,
				 "\"%s\" has %lld bytes, and the disk ends at "
				 "%llu: enlarge it, or correct the topology",
				 d->path, (long long)have,
				 (unsigned long long)need);
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0 &&
	    (errno == EAGAIN || errno == EACCES))
		return error_set(err,
				 "\"%s\" is used by another process, or by "
				 "another disk: stop that one, or copy the "
				 "file",
				 d->path);
	return 0;
}

static int open_file(const struct sys_disk *d, struct error *err)
{
	struct stat st;
	int fd = open(d->path, (d->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC |
				       O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ENOENT && d->make)
		fd = make(d, err);
	else if (fd < 0)
		return cannot_open(d, err);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0) {
		cannot_open(d, err);
	} else if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		error_set(err,
			  "\"%s\" is neither a file nor a block device: give "
			  "one of these",
			  d->path);
	} else {
		if (S_ISBLK(st.st_mode) && !d->read_only)
			fd = claim_device(d, fd, err);
		if (fd < 0 || check(d, fd, &st, err) == 0)
			return fd;
	}
	close(fd);
	return -1;
}

int disk_open(const struct sys_component *cfg, int *fds, struct error *err)
{
	const struct sys_disk *d = &cfg->disk;
	int n = socket_open_at(&d->socket, fds, err);

	if (n < 0 || d->source != SYS_DISK_FILE)
		return n;
	fds[n] = open_file(d, err);
	if (fds[n] >= 0)
		return n + 1;
	if (n > 0)
		close(fds[0]);
	disk_close(cfg);
	return -1;
}

void disk_close(const struct sys_component *cfg)
{
	socket_close_at(&cfg->disk.socket);
}
