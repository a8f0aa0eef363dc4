/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request, one reply, one deadline.
 *
 * The socket never blocks; every wait is a poll() for what is left of the
 * time.  The monitor's reply is not trusted: its size is bounded, it must be
 * one JSON object, and its texts are escaped before they are printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli/control.h"
#include "cli/facts.h"
#include "cli/text.h"
#include "vmm/linux/protocol.h"

/* A full forwarding database of 65536 entries is about 8 MB. */
#define REPLY_MAX (64u << 20)

/**
 * struct exchange - a connection with its deadline
 * @fd:       socket
 * @deadline: CLOCK_MONOTONIC, milliseconds
 * @to, @opt: for messages
 * @bytewise: what follows the reply is not the reply's, and stays unread
 * @read:     bytes of the reply so far
 * @broken:   it did not come
 */
struct exchange {
	int fd;
	int64_t deadline;
	const struct control *to;
	const struct cli_options *opt;
	bool bytewise;
	size_t read;
	bool broken;
};

int64_t cli_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/**
 * wait_for - sleep until a descriptor is ready
 *
 * Return: 0, or -1 with errno set; ETIMEDOUT at the deadline.
 */
static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline - cli_now_ms();
		int n;

		if (left < 0)
			left = 0;
		n = poll(&p, 1, (int)left);
		if (n > 0)
			return 0;
		if (n == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (errno != EINTR)
			return -1;
	}
}

/**
 * open_socket - connect without waiting
 *
 * Return: the descriptor, or -1 with errno set; EAGAIN: try again later.
 */
static int open_socket(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int error;
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int control_probe(const char *path)
{
	int fd = open_socket(path);

	if (fd >= 0) {
		close(fd);
		return 1;
	}
	/* EAGAIN: its queue of connections is full, so it is there. */
	if (errno == EAGAIN)
		return 1;
	/* EPROTOTYPE: a port's attach socket may well be in the same folder. */
	return errno == ECONNREFUSED || errno == ENOENT || errno == EPROTOTYPE
		       ? 0
		       : -1;
}

/* Say why an exchange failed. */
static void report(const struct exchange *x)
{
	const char *name = x->to->name;

	switch (errno) {
	case ETIMEDOUT:
		cli_error("%s did not answer within %u s; try again with a "
			  "longer -t",
			  name, x->opt->timeout);
		break;
	case ENOENT:
	case ECONNREFUSED:
		cli_error("%s does not run (nothing listens on %s)", name,
			  x->to->path);
		break;
	case EACCES:
	case EPERM:
		cli_error("may not talk to %s (%s belongs to another user); "
			  "run this as the user who started it",
			  name, x->to->path);
		break;
	case EPIPE:
	case ECONNRESET:
		cli_error("%s closed the connection without an answer; its "
			  "log says why",
			  name);
		break;
	default:
		cli_error("cannot talk to %s: %s", name, strerror(errno));
	}
}

/* Connect; the clock runs from here.  Wait for a full queue of connections. */
static int exchange_begin(struct exchange *x, const struct control *to,
			  const struct cli_options *opt)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	*x = (struct exchange){ .to = to, .opt = opt };
	x->deadline = cli_now_ms() + (int64_t)opt->timeout * 1000;
	while ((x->fd = open_socket(to->path)) < 0 && errno == EAGAIN) {
		if (cli_now_ms() >= x->deadline) {
			errno = ETIMEDOUT;
			break;
		}
		nanosleep(&pause, NULL);
	}
	if (x->fd < 0)
		report(x);
	return x->fd < 0 ? -1 : 0;
}

/* All of it, or -1 with errno set. */
static int exchange_send(struct exchange *x, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(x->fd, text, len, MSG_NOSIGNAL);

		if (n >= 0) {
			text += n;
			len -= (size_t)n;
			continue;
		}
		if ((errno != EAGAIN && errno != EINTR) ||
		    wait_for(x->fd, POLLOUT, x->deadline))
			return -1;
	}
	return 0;
}

/* Some of the reply, for json_load_callback(). */
static size_t exchange_receive(void *to, size_t size, void *arg)
{
	struct exchange *x = arg;
	ssize_t n;

	if (x->bytewise)
		size = 1;
	while ((n = recv(x->fd, to, size, 0)) < 0 &&
	       (errno == EAGAIN || errno == EINTR))
		if (wait_for(x->fd, POLLIN, x->deadline))
			break;
	if (!n)
		errno = ECONNRESET;
	if (n > 0 && (x->read += (size_t)n) > REPLY_MAX) {
		errno = EMSGSIZE;
		n = -1;
	}
	x->broken = n <= 0;
	return n > 0 ? (size_t)n : (size_t)-1;
}

/* Is the data of this command's version? */
static bool same_protocol(const struct control *to, const json_t *reply)
{
	json_int_t theirs =
		json_integer_value(json_object_get(reply, "protocol"));

	if (theirs == CONTROL_PROTOCOL)
		return true;
	cli_error("%s speaks version %lld of the control protocol, and this "
		  "command (%s) version %d: %s was started by another version "
		  "of weir; use that one, or stop %s and run it again",
		  to->name, (long long)theirs, WEIR_VERSION, CONTROL_PROTOCOL,
		  to->name, to->name);
	return false;
}

/**
 * understand - judge a reply
 * @any: of whatever version the instance is; then the data mean nothing
 *
 * Return: the reply, with data unless it is an error; NULL after saying that it
 * is neither.
 */
static json_t *understand(const struct control *to, json_t *reply, bool any)
{
	if (!json_is_true(json_object_get(reply, "ok")))
		json_object_del(reply, "data");
	if (!json_object_get(reply, "data")) {
		if (*json_member(reply, "error"))
			return reply;
		cli_error("cannot understand %s; is it of another version "
			  "than this command (%s)? Restart it",
			  to->name, WEIR_VERSION);
	} else if (any || same_protocol(to, reply)) {
		return reply;
	}
	json_decref(reply);
	return NULL;
}

/* The data of a reply, which is released; NULL after saying what is wrong. */
static json_t *data_of(const struct control *to, json_t *reply)
{
	json_t *data = json_incref(json_object_get(reply, "data"));
	char *error = error_text(reply, to->name);

	/* The compiler's messages. */
	text_print(stderr, json_member(reply, "report"), "\n");
	if (reply && !data)
		cli_error("%s: %s", to->name, error);
	free(error);
	json_decref(reply);
	return data;
}

/**
 * exchange_talk - send a request, take the reply
 * @request: released
 * @any:     take any version's reply
 *
 * Return: the reply, or NULL after saying what is wrong.
 */
static json_t *exchange_talk(struct exchange *x, json_t *request, bool any)
{
	char *text = json_dumps(request, JSON_COMPACT);
	char *line = xasprintf("%s\n", text ? text : "{}");
	json_t *reply = NULL;

	x->broken = exchange_send(x, line, strlen(line)) != 0;
	if (!x->broken)
		reply = json_load_callback(
			exchange_receive, x,
			JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, NULL);
	if (x->broken)
		report(x);
	else
		reply = understand(x->to, reply, any);
	free(line);
	free(text);
	json_decref(request);
	return reply;
}

json_t *control_reply(const struct control *to, const struct cli_options *opt,
		      json_t *request)
{
	struct exchange x;
	json_t *reply;

	if (exchange_begin(&x, to, opt)) {
		json_decref(request);
		return NULL;
	}
	reply = exchange_talk(&x, request, false);
	close(x.fd);
	return reply;
}

json_t *control_ask(const struct control *to, const struct cli_options *opt,
		    json_t *request)
{
	return data_of(to, control_reply(to, opt, request));
}

json_t *control_console(const struct control *to, const struct cli_options *opt,
			const char *vm, int *fd)
{
	struct exchange x;
	json_t *reply;
	char newline;

	*fd = -1;
	if (exchange_begin(&x, to, opt))
		return NULL;
	x.bytewise = true;
	reply = exchange_talk(
		&x, json_pack("{s:s, s:s}", "cmd", "console", "vm", vm), false);
	if (reply && json_object_get(reply, "data") &&
	    exchange_receive(&newline, 1, &x) == 1)
		*fd = x.fd;
	else
		close(x.fd);
	return reply;
}

json_t *control_show(const struct control *to, const struct cli_options *opt,
		     const char *what)
{
	json_t *data = control_ask(
		to, opt, json_pack("{s:s, s:s}", "cmd", "show", "what", what));

	return data ? facts_shown(what, data) : NULL;
}

/**
 * peer_pidfd - a descriptor of the process at the other end of a socket
 *
 * Taken while the peer is alive, so that its number is not another process's.
 *
 * Return: the descriptor, or -1 (the peer is in another PID namespace, say).
 */
static int peer_pidfd(int fd)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) ||
	    cred.pid <= 0)
		return -1;
	return (int)syscall(SYS_pidfd_open, cred.pid, 0);
}

int control_ask_stop(const struct control *to, const struct cli_options *opt)
{
	struct exchange x;
	json_t *data;
	int result = -1;
	int peer;

	if (exchange_begin(&x, to, opt))
		return -1;
	peer = peer_pidfd(x.fd);
	/* An instance of another version can be stopped, too. */
	data = data_of(to, exchange_talk(&x, json_pack("{s:s}", "cmd", "stop"),
					 true));
	if (data) {
		/* Without it: the monitor hangs up at its end. */
		result = wait_for(peer < 0 ? x.fd : peer, POLLIN, x.deadline);
		if (result)
			cli_error("%s is stopping, but has not ended within "
				  "%u s; its log says what it waits for",
				  to->name, opt->timeout);
	}
	json_decref(data);
	if (peer >= 0)
		close(peer);
	close(x.fd);
	return result;
}
