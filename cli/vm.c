/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir vm, weir console.
 *
 * The console is a stream between this terminal, in raw mode, and the VM's PD:
 * the monitor hands over the connection that carried the request.  It ends with
 * that PD, so also when the guest reboots; then the monitor is asked again
 * until the VM runs, or is off.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/control.h"
#include "cli/facts.h"
#include "cli/text.h"

/* Ctrl-] */
#define LEAVE 0x1d
/* A VM that is being started is asked for after so long. */
#define RETRY_MS 100

enum cli_exit cli_vm(const struct cli_options *opt, int argc, char **argv)
{
	struct control to;
	json_t *data;

	(void)argc;
	if (strcmp(argv[0], "start") && strcmp(argv[0], "stop") &&
	    strcmp(argv[0], "restart")) {
		cli_error("a VM can be told to start, stop or restart, not "
			  "'%s'",
			  argv[0]);
		return CLI_USAGE;
	}
	if (instance_find(opt->name, &to))
		return CLI_FAILED;
	data = control_ask(&to, opt,
			   json_pack("{s:s, s:s, s:s}", "cmd", "vm", "do",
				     argv[0], "vm", argv[1]));
	json_decref(data);
	return data ? CLI_OK : CLI_FAILED;
}

/* --- the console -------------------------------------------------------- */

/**
 * struct session - somebody at a console
 * @fd:   the connection; -1: there is none now
 * @in:   standard input; -1: it has ended
 * @left: the person has left
 * @why:  why the console has ended; to be freed
 */
struct session {
	const struct control *to;
	const struct cli_options *opt;
	const char *vm;
	int fd;
	int in;
	bool left;
	char *why;
};

/* All of it, to a descriptor that may not block. */
static bool put(int fd, const char *data, size_t n)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	while (n) {
		ssize_t done = write(fd, data, n);

		if (done < 0 && errno == EAGAIN)
			poll(&p, 1, -1);
		else if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			data += done;
			n -= (size_t)done;
		}
	}
	return true;
}

static void hang_up(struct session *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* Text typed while there is no VM at the other end is lost. */
static void from_person(struct session *s)
{
	char data[1024];
	ssize_t n = read(s->in, data, sizeof(data));
	const char *leave = n > 0 ? memchr(data, LEAVE, (size_t)n) : NULL;

	if (n <= 0) {
		s->in = -1;
		return;
	}
	s->left = leave != NULL;
	if (s->fd >= 0 &&
	    !put(s->fd, data, leave ? (size_t)(leave - data) : (size_t)n))
		hang_up(s);
}

static void from_guest(struct session *s)
{
	char data[4096];
	ssize_t n = recv(s->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n > 0)
		s->left |= !put(STDOUT_FILENO, data, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		hang_up(s);
}

/* Return: false if there is nothing to wait for; @why, or what was said. */
static bool reach(struct session *s)
{
	json_t *reply = control_console(s->to, s->opt, s->vm, &s->fd);
	bool wait = s->fd >= 0 ||
		    (reply && !strcmp(json_member(reply, "error"), "not_yet"));

	if (reply && !wait)
		s->why = error_text(reply, s->to->name);
	json_decref(reply);
	return wait;
}

/* Return: whether the person has ended it. */
static bool talk(struct session *s)
{
	while (!s->left) {
		struct pollfd p[] = { { .fd = s->in, .events = POLLIN },
				      { .fd = s->fd, .events = POLLIN } };

		if (poll(p, 2, s->fd < 0 ? RETRY_MS : -1) < 0 && errno != EINTR)
			return false;
		if (p[0].revents)
			from_person(s);
		if (p[1].revents)
			from_guest(s);
		if (s->fd < 0 && !s->left && !p[1].revents && !reach(s))
			return false;
	}
	return true;
}

/* With the terminal, if there is one, as the guest wants it. */
static bool talk_raw(struct session *s)
{
	struct termios before, raw;
	bool left;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return talk(s);
	fprintf(stderr, "connected with %s; Ctrl-] leaves\n", s->vm);
	raw = before;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	left = talk(s);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	return left;
}

enum cli_exit cli_console(const struct cli_options *opt, int argc, char **argv)
{
	struct session s = { .opt = opt, .vm = argv[0], .fd = -1 };
	struct control to;
	bool left;

	(void)argc;
	if (instance_find(opt->name, &to))
		return CLI_FAILED;
	s.to = &to;
	/* Else the terminal would stay as it is. */
	signal(SIGPIPE, SIG_IGN);
	left = reach(&s) && talk_raw(&s);
	hang_up(&s);
	if (s.why)
		cli_error("%s: %s", to.name, s.why);
	free(s.why);
	return left ? CLI_OK : CLI_FAILED;
}
