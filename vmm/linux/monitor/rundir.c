/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "vmm/linux/monitor/access.h"
#include "vmm/linux/monitor/monitor.h"

/* Another instance's claim takes microseconds; this many tries, a second. */
#define LOCK_TRIES 100
#define LOCK_PAUSE_NS 10000000l

int monitor_rundir(char *buf, size_t size)
{
	const char *own = getenv("WEIR_RUNDIR");
	const char *users = getenv("XDG_RUNTIME_DIR");
	int n;

	if (own != NULL && own[0] != '\0')
		n = snprintf(buf, size, "%s", own);
	/* Root in a user namespace cannot write to /run: an ordinary user. */
	else if (geteuid() == 0 && access("/run", W_OK) == 0)
		n = snprintf(buf, size, "/run/weir");
	else if (users != NULL && users[0] != '\0')
		n = snprintf(buf, size, "%s/weir", users);
	else
		n = snprintf(buf, size, "/tmp/weir-%u",
			     (unsigned int)geteuid());
	return n < 0 || (size_t)n >= size ? -1 : 0;
}

/* A call on the run directory has failed. */
static int unusable(struct error *err, const char *dir, const char *what)
{
	return error_set(err,
			 "cannot %s the run directory %s: %s; set WEIR_RUNDIR "
			 "to a directory of yours",
			 what, dir, strerror(errno));
}

int rundir_make(const char *dir, struct error *err)
{
	mode_t mode = geteuid() == 0 ? 0755 : 0700;
	struct stat st;

	if (mkdir(dir, mode) == 0) {
		/* The user's umask may have removed more than we want. */
		if (chmod(dir, mode) != 0)
			return unusable(err, dir, "set the mode of");
	} else if (errno != EEXIST) {
		return unusable(err, dir, "make");
	}
	/* Not stat(): in /tmp somebody else could have made a symbolic link. */
	if (lstat(dir, &st) != 0)
		return unusable(err, dir, "use");
	if (!S_ISDIR(st.st_mode))
		return error_set(err,
				 "the run directory %s is not a directory; set "
				 "WEIR_RUNDIR to one of yours",
				 dir);
	if (st.st_uid != geteuid())
		return error_set(err,
				 "the run directory %s belongs to user %u, not "
				 "to you; set WEIR_RUNDIR to a directory of "
				 "yours",
				 dir, (unsigned int)st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(
			err,
			"others may write to the run directory %s, and "
			"could put their own sockets there; set "
			"WEIR_RUNDIR to a directory that only you may "
			"write to, such as %s/weir-%u, which weir "
			"makes",
			dir, dir, (unsigned int)geteuid());
	return 0;
}

int rundir_lock(const char *dir, struct error *err)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return unusable(err, dir, "use");
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		nanosleep(&pause, NULL);
	}
	close(fd);
	return error_set(
		err,
		"another process holds a lock on the run directory %s; "
		"try again, or set WEIR_RUNDIR to another",
		dir);
}

/* What is at a socket's path. */
enum claim {
	CLAIM_FREE,  /* nothing */
	CLAIM_STALE, /* a socket nobody listens on */
	CLAIM_TAKEN, /* a socket somebody listens on */
	CLAIM_ERROR,
};

static enum claim probe_socket(const struct sockaddr_un *address, int type,
			       pid_t *holder)
{
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	enum claim claim = CLAIM_ERROR;

	if (fd < 0)
		return CLAIM_ERROR;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) ==
	    0) {
		/* A process of another pid namespace has no number here. */
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) ==
			    0 &&
		    peer.pid > 0)
			*holder = peer.pid;
		claim = CLAIM_TAKEN;
	} else if (errno == ECONNREFUSED) {
		claim = CLAIM_STALE;
	} else if (errno == EAGAIN || errno == EPROTOTYPE) {
		/* Its backlog is full, or it is of another type. */
		claim = CLAIM_TAKEN;
	}
	close(fd);
	return claim;
}

static enum claim probe(const struct sockaddr_un *address, int type,
			pid_t *holder, struct error *err)
{
	const char *path = address->sun_path;
	enum claim claim;
	struct stat st;

	if (lstat(path, &st) != 0) {
		/* bind() reports anything else that is wrong with the path. */
		return CLAIM_FREE;
	}
	if (!S_ISSOCK(st.st_mode)) {
		error_set(err,
			  "%s is there and is no socket, so it is left alone; "
			  "choose another path, or move it away",
			  path);
		return CLAIM_ERROR;
	}
	claim = probe_socket(address, type, holder);
	if (claim == CLAIM_ERROR)
		error_set(err,
			  "cannot find out who listens on %s: %s; choose "
			  "another path",
			  path, strerror(errno));
	return claim;
}

static int bind_listen(const struct sockaddr_un *address, int type, int backlog,
		       const struct sys_access *access, struct error *err)
{
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int result;

	if (fd < 0)
		return error_set(err, "cannot make the socket %s: %s",
				 address->sun_path, strerror(errno));
	result = access_bind(fd, address, access, 0600, err);
	if (result == 0 && listen(fd, backlog) == 0)
		return fd;
	if (err->text[0] == '\0')
		error_set(err, "cannot make the socket %s: %s; %s",
			  address->sun_path, strerror(errno),
			  errno == ENOENT
				  ? "make its directory first"
				  : "choose a path in a directory of yours");
	if (result == 0)
		unlink(address->sun_path);
	close(fd);
	return -1;
}

int rundir_listen(const char *path, int type, int backlog,
		  const struct sys_access *access, pid_t *holder,
		  struct error *err)
{
	static const struct sys_access by_default = { 0 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	*holder = 0;
	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err,
				 "socket path %s is too long; at most %zu "
				 "characters fit",
				 path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	switch (probe(&address, type, holder, err)) {
	case CLAIM_FREE:
		break;
	case CLAIM_STALE:
		if (unlink(path) != 0)
			return error_set(err,
					 "the socket %s is of no use any more, "
					 "and cannot be removed: %s; choose "
					 "another path, or have its owner "
					 "remove it",
					 path, strerror(errno));
		break;
	case CLAIM_TAKEN:
		if (*holder == 0)
			*holder = RUNDIR_UNKNOWN;
		return -1;
	case CLAIM_ERROR:
		return -1;
	}
	return bind_listen(&address, type, backlog,
			   access != NULL ? access : &by_default, err);
}
