/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making the socket of a socket port: see open.h.
 *
 * There is no authentication in QEMU's framing.  A Unix socket is guarded by
 * its path's permissions; TCP is for the loopback addresses only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "vmm/linux/monitor/access.h"
#include "vmm/linux/ports/open.h"

#define CONNECT_TIMEOUT_MS 5000
/* One peer is served at a time; others are refused. */
#define BACKLOG 1
/* The pause after the first attempt to connect, and the longest one. */
#define PAUSE_MS 100
#define PAUSE_MAX_MS 10000

/**
 * struct where - an address, and its text as in the topology
 */
struct where {
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr;
	socklen_t len;
	char text[SYS_PATH + 8];
};

/* --- addresses ---------------------------------------------------------- */

static int where_unix(const struct sys_socket *s, struct where *w,
		      struct error *err)
{
	const char *path = s->path;

	if (strlen(path) >= sizeof(w->addr.un.sun_path))
		return error_set(err,
				 "socket path \"%s\" is longer than %zu bytes: "
				 "choose a shorter one",
				 path, sizeof(w->addr.un.sun_path) - 1);
	w->addr.un.sun_family = AF_UNIX;
	memcpy(w->addr.un.sun_path, path, strlen(path) + 1);
	w->len = sizeof(w->addr.un);
	snprintf(w->text, sizeof(w->text), "%s", path);
	return 0;
}

static bool loopback(const struct where *w)
{
	if (w->addr.any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&w->addr.in6.sin6_addr);
	return ntohl(w->addr.in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static int where_tcp(const struct sys_socket *s, struct where *w,
		     struct error *err)
{
	const char *text = s->address;
	in_port_t port = htons(s->port);

	if (inet_pton(AF_INET, text, &w->addr.in.sin_addr) == 1) {
		w->addr.in.sin_family = AF_INET;
		w->addr.in.sin_port = port;
		w->len = sizeof(w->addr.in);
	} else if (inet_pton(AF_INET6, text, &w->addr.in6.sin6_addr) == 1) {
		w->addr.in6.sin6_family = AF_INET6;
		w->addr.in6.sin6_port = port;
		w->len = sizeof(w->addr.in6);
	}
	if (w->len == 0 || !loopback(w))
		return error_set(err,
				 "\"%s\" is not a loopback address: use "
				 "127.0.0.1 or ::1 (there is no "
				 "authentication, so other hosts are kept out)",
				 text);
	snprintf(w->text, sizeof(w->text),
		 w->addr.any.sa_family == AF_INET6 ? "[%s]:%u" : "%s:%u", text,
		 s->port);
	return 0;
}

static int new_socket(const struct where *w, struct error *err)
{
	int fd = socket(w->addr.any.sa_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return error_errno(err, "cannot make a socket for %s", w->text);
	/*
	 * Frames are sent in batches already, so Nagle's algorithm only delays.
	 * Accepted connections inherit this.
	 */
	if (w->addr.any.sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* --- listening ---------------------------------------------------------- */

/* Whether the path is a socket on which nobody listens. */
static bool stale(const struct where *w)
{
	struct stat st;
	int fd;
	bool refused;

	if (w->addr.any.sa_family != AF_UNIX ||
	    lstat(w->addr.un.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	refused = connect(fd, &w->addr.any, w->len) < 0 &&
		  errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static int cannot_listen(const struct where *w, struct error *err)
{
	struct stat st;

	if (errno == EADDRINUSE && w->addr.any.sa_family == AF_UNIX &&
	    lstat(w->addr.un.sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return error_set(err,
				 "\"%s\" exists and is not a socket: remove "
				 "it, or choose another path",
				 w->text);
	switch (errno) {
	case EADDRINUSE:
		return error_set(err,
				 "another process listens on %s: stop it, or "
				 "choose another",
				 w->text);
	case ENOENT:
	case ENOTDIR:
		return error_set(err,
				 "cannot make socket \"%s\": its folder does "
				 "not exist: make it, or choose another path",
				 w->text);
	case EACCES:
	case EPERM:
	case EROFS:
		return error_set(err,
				 "may not listen on %s: %s: choose another, or "
				 "run weir as root",
				 w->text, strerror(errno));
	default:
		return error_errno(err, "cannot listen on %s", w->text);
	}
}

/* 0; -1 with errno, or with @err set. */
static int bind_to(int fd, const struct sys_socket *s, const struct where *w,
		   struct error *err)
{
	if (w->addr.any.sa_family == AF_UNIX)
		return access_bind(fd, &w->addr.un, &s->access, 0, err);
	return bind(fd, &w->addr.any, w->len);
}

static int listen_on(const struct sys_socket *s, const struct where *w,
		     struct error *err)
{
	int fd = new_socket(w, err);
	int one = 1;
	int bound;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	bound = bind_to(fd, s, w, err);
	if (bound < 0 && err->text[0] == '\0' && errno == EADDRINUSE) {
		/* The second attempt also sets errno anew. */
		if (stale(w))
			unlink(w->addr.un.sun_path);
		bound = bind_to(fd, s, w, err);
	}
	if (bound == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	if (err->text[0] == '\0')
		cannot_listen(w, err);
	close(fd);
	return -1;
}

/* --- connecting --------------------------------------------------------- */

/* connect(2) with a limit; 0 or -1 with errno. */
static int connect_within(int fd, const struct where *w)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int error = 0;

	if (connect(fd, &w->addr.any, w->len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -1;
	if (poll(&p, 1, CONNECT_TIMEOUT_MS) <= 0)
		error = ETIMEDOUT;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* Return: the connection; 0: no peer yet, no descriptor; -1: an error. */
static int connect_to(const struct where *w, struct error *err)
{
	int fd = new_socket(w, err);
	int error;

	if (fd < 0)
		return -1;
	if (connect_within(fd, w) == 0)
		return fd;
	error = errno;
	close(fd);
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
	case EAGAIN:
	case ETIMEDOUT:
	case ECONNRESET:
		return 0;
	case EACCES:
	case EPERM:
		return error_set(err,
				 "may not connect to %s: let its owner allow "
				 "it, or run weir as that user",
				 w->text);
	default:
		return error_set(err, "cannot connect to %s: %s", w->text,
				 strerror(error));
	}
}

/* --- the component's operations ----------------------------------------- */

int socket_open_at(const struct sys_socket *s, int *fds, struct error *err)
{
	struct where w = { 0 };

	/* There is nothing outside to open. */
	if (s->mode == SYS_SOCKET_GIVEN)
		return 0;
	if ((s->tcp ? where_tcp(s, &w, err) : where_unix(s, &w, err)) < 0)
		return -1;
	fds[0] = s->mode == SYS_SOCKET_LISTEN ? listen_on(s, &w, err)
					      : connect_to(&w, err);
	if (fds[0] < 0)
		return -1;
	return fds[0] == 0 ? 0 : 1;
}

int socket_open(const struct sys_component *cfg, int *fds, struct error *err)
{
	return socket_open_at(&cfg->socket, fds, err);
}

int socket_seek(const struct sys_component *cfg, int *fds)
{
	unsigned int pause = PAUSE_MS;

	for (;;) {
		const struct timespec wait = {
			.tv_sec = pause / 1000,
			.tv_nsec = (long)(pause % 1000) * 1000000,
		};
		struct error err = { "" };

		if (socket_open(cfg, fds, &err) > 0)
			return 1;
		nanosleep(&wait, NULL);
		pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
	}
}

void socket_close_at(const struct sys_socket *s)
{
	if (s->mode == SYS_SOCKET_LISTEN && !s->tcp)
		unlink(s->path);
}

void socket_close(const struct sys_component *cfg)
{
	socket_close_at(&cfg->socket);
}
