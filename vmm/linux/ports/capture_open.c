/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening what a capture is written to: see capture_file.h.
 *
 * All of this happens before anything runs.  Besides what open(2) reports, it
 * refuses to overwrite a file that is not a capture, to write two captures into
 * one file, and to write binary data to a terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/linux/error.h"
#include "vmm/linux/ports/capture_file.h"

#define SUFFIX ".pcapng"

/* How many captures of one name are kept, at most. */
#define KEPT_MAX 9999u

int capture_file_name(const char *path, unsigned int index, char *buf,
		      size_t size)
{
	size_t len = strlen(path);
	const char *suffix = "";
	int n;

	if (len > strlen(SUFFIX) &&
	    strcmp(path + len - strlen(SUFFIX), SUFFIX) == 0) {
		len -= strlen(SUFFIX);
		suffix = SUFFIX;
	}
	n = snprintf(buf, size, "%.*s.%u%s", (int)len, path, index, suffix);
	return n < 0 || (size_t)n >= size ? -1 : 0;
}

/* open(2) of @path failed. */
static int cannot_open(const char *path, struct error *err)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return error_set(err,
				 "cannot write capture \"%s\": its folder does "
				 "not exist: make it, or give another path",
				 path);
	case EISDIR:
		return error_set(err,
				 "capture \"%s\" is a folder: give the name of "
				 "a file in it",
				 path);
	case EACCES:
	case EPERM:
	case EROFS:
		return error_set(err,
				 "cannot write capture \"%s\": %s: give a path "
				 "that you may write, or run weir as its owner",
				 path, strerror(errno));
	case ENXIO:
		return error_set(err,
				 "capture \"%s\" is a socket or a device "
				 "without driver: give a file, a FIFO or \"-\"",
				 path);
	default:
		return error_errno(err, "cannot write capture \"%s\"", path);
	}
}

/* A regular file must be empty or an old capture, and ours alone. */
static int check_file(const char *path, int fd, struct error *err)
{
	uint32_t magic = 0;
	ssize_t n = pread(fd, &magic, sizeof(magic), 0);

	if (n != 0 && (n != sizeof(magic) || magic != PCAPNG_MAGIC))
		return error_set(
			err,
			"\"%s\" exists and is not a pcapng capture, so it is "
			"not written over: remove it, or give another name",
			path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return error_set(err,
				 "\"%s\" is being written by another capture: "
				 "give another name, or stop that one",
				 path);
	return 0;
}

/* --- keeping what is there ------------------------------------------------ */

/* Rename a file to a name that does not exist yet: 0 or errno. */
static int move(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	/* For file systems without RENAME_NOREPLACE. */
	if (link(from, to) < 0 || unlink(from) < 0)
		return errno;
	return 0;
}

/* Move it to the first number that is free. */
static int keep(const char *path, struct error *err)
{
	char kept[PATH_MAX + 16];
	int e = EEXIST;

	for (unsigned int i = 1; i <= KEPT_MAX && e == EEXIST; i++) {
		if (capture_file_name(path, i, kept, sizeof(kept)) < 0)
			e = ENAMETOOLONG;
		else
			e = move(path, kept);
	}
	if (e == 0)
		return 0;
	if (e == EEXIST)
		return error_set(err,
				 "\"%s\" holds a capture, and so do all names "
				 "it could be kept under, up to \"%s\": move "
				 "them elsewhere, or say `overwrite`",
				 path, kept);
	return error_set(err,
			 "\"%s\" holds a capture, which cannot be renamed to "
			 "keep it: %s: move it elsewhere, or say `overwrite`",
			 path, strerror(e));
}

/* Give the new file the old one's owner and permissions. */
static void resemble(int fd, const struct stat *old)
{
	(void)!fchown(fd, old->st_uid, old->st_gid);
	(void)!fchmod(fd, old->st_mode & 0666);
}

/*
 * Rename a file that holds a capture, and make a new one.  A symbolic link
 * stays: its target is renamed.
 */
static int open_anew(const char *path, const struct stat *old,
		     struct error *err)
{
	char real[PATH_MAX];
	int fd;

	if (realpath(path, real) == NULL)
		return cannot_open(path, err);
	if (keep(real, err) < 0)
		return -1;
	fd = open(real,
		  O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NONBLOCK,
		  0600);
	if (fd < 0)
		return cannot_open(real, err);
	resemble(fd, old);
	if (check_file(real, fd, err) == 0)
		return fd;
	close(fd);
	return -1;
}

/* --- opening -------------------------------------------------------------- */

/*
 * Open a path so that neither open nor write blocks.  A FIFO is opened for
 * reading as well, so that it needs no reader yet.
 */
static int open_path(const struct sys_component *cfg, const char *path,
		     struct error *err)
{
	const struct sys_capture *cap = &cfg->capture;
	struct stat st;
	int anew = -1;
	/* Frames may hold passwords: readable for the owner only. */
	int fd = open(path,
		      O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY |
			      O_NONBLOCK,
		      0600);

	if (fd < 0)
		return cannot_open(path, err);
	if (fstat(fd, &st) < 0) {
		cannot_open(path, err);
	} else if (S_ISREG(st.st_mode)) {
		if (check_file(path, fd, err) == 0) {
			if (st.st_size == 0 || cap->rotate != 0 ||
			    cap->overwrite)
				return fd;
			anew = open_anew(path, &st, err);
		}
	} else if (cap->rotate != 0) {
		error_set(err,
			  "capture \"%s\" is no regular file and cannot be "
			  "rotated: leave `rotate` out, or give a file",
			  path);
	} else {
		return fd;
	}
	close(fd);
	return anew;
}

/*
 * Standard output.  O_NONBLOCK belongs to the open file, which we may share
 * with a shell; so a pipe is opened again, through /proc.
 */
static int open_stdout(const struct sys_component *cfg, struct error *err)
{
	struct stat st;
	int fd;

	if (cfg->capture.rotate != 0)
		return error_set(
			err, "standard output cannot be rotated: leave "
			     "`rotate` out, or give a file instead of \"-\"");
	if (fstat(STDOUT_FILENO, &st) < 0)
		return error_set(err,
				 "capture \"-\": standard output is closed");
	if (isatty(STDOUT_FILENO))
		return error_set(err, "capture \"-\" would write binary data "
				      "onto this terminal: send it elsewhere, "
				      "as in `weir run FILE | tcpdump -r -`");
	if (S_ISSOCK(st.st_mode))
		return error_set(err,
				 "capture \"-\": standard output is a socket: "
				 "use a pipe, as in `weir run FILE | cat`");
	if (S_ISFIFO(st.st_mode))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	else
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return error_errno(err, "capture \"-\"");
	return fd;
}

/* The files of a ring. */
static int open_ring(const struct sys_component *cfg, int *fds,
		     struct error *err)
{
	char path[SYS_PATH + 16];
	unsigned int n = cfg->capture.files;

	if (n == 0 || n > PD_MAX_FDS)
		return error_set(
			err,
			"a capture can rotate through 1 to %u files, not %u",
			PD_MAX_FDS, n);
	for (unsigned int i = 0; i < n; i++) {
		fds[i] = -1;
		if (capture_file_name(cfg->capture.path, i, path,
				      sizeof(path)) < 0)
			error_set(err, "the capture's path is too long");
		else
			fds[i] = open_path(cfg, path, err);
		if (fds[i] >= 0)
			continue;
		while (i-- > 0)
			close(fds[i]);
		return -1;
	}
	return (int)n;
}

int capture_file_open(const struct sys_component *cfg, int *fds,
		      struct error *err)
{
	if (strcmp(cfg->capture.path, "-") == 0)
		fds[0] = open_stdout(cfg, err);
	else if (cfg->capture.rotate != 0)
		return open_ring(cfg, fds, err);
	else
		fds[0] = open_path(cfg, cfg->capture.path, err);
	return fds[0] < 0 ? -1 : 1;
}
