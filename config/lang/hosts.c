/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that looks a name up writes one message into a pipe:
 *
 *	"+4 10.0.0.1\n6 fd00::1\n"	addresses, with their family
 *	"-Name or service not known"	what the resolver said
 *
 * It is at most PIPE_BUF octets, so that it arrives as a whole or not at all.
 */
#include "config/lang/hosts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AT_A_TIME 16

/**
 * struct host - a name
 * @asked:  it has been looked up, or is being
 * @answer: what came of it: addresses as in the message, or NULL
 * @why:    without an answer: the reason
 * @pid, @fd: while it is being looked up
 */
struct host {
	struct host *next;
	const char *name;
	bool asked;
	const char *answer;
	const char *why;
	pid_t pid;
	int fd;
};

int hosts_limit_ms = 4000;

static struct host *find(const struct hosts *h, const char *name, size_t len)
{
	for (struct host *host = h->first; host; host = host->next) {
		if (strlen(host->name) == len &&
		    memcmp(host->name, name, len) == 0)
			return host;
	}
	return NULL;
}

void hosts_add(struct hosts *h, struct arena *a, const char *name, size_t len)
{
	struct host **tail = &h->first;

	if (find(h, name, len))
		return;
	while (*tail)
		tail = &(*tail)->next;
	*tail = arena_alloc(a, sizeof(**tail));
	(*tail)->name = arena_strndup(a, name, len);
}

/* --- in a process of its own ---------------------------------------------- */

static void print_address(const struct addrinfo *ai, FILE *out)
{
	char text[INET6_ADDRSTRLEN];
	const struct sockaddr_in6 *v6 = (const void *)ai->ai_addr;
	const struct sockaddr_in *v4 = (const void *)ai->ai_addr;

	if (ai->ai_family == AF_INET)
		fprintf(out, "4 %s\n",
			inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)));
	else if (ai->ai_family == AF_INET6)
		fprintf(out, "6 %s\n",
			inet_ntop(AF_INET6, &v6->sin6_addr, text,
				  sizeof(text)));
}

static void print_answer(const char *name, FILE *out)
{
	/* What libpcap asks for. */
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
					.ai_socktype = SOCK_STREAM,
					.ai_protocol = IPPROTO_TCP };
	struct addrinfo *list = NULL;
	int error = getaddrinfo(name, NULL, &hints, &list);

	if (error) {
		fprintf(out, "-%s", gai_strerror(error));
		return;
	}
	fputc('+', out);
	for (const struct addrinfo *ai = list; ai; ai = ai->ai_next)
		print_address(ai, out);
}

static _Noreturn void child(const char *name, int fd, pid_t parent)
{
	char text[PIPE_BUF];
	FILE *out;

	prctl(PR_SET_NAME, "weir-resolve");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	out = fmemopen(text, sizeof(text), "w");
	if (!out)
		_exit(1);
	print_answer(name, out);
	if (fflush(out) != 0 || ferror(out))
		_exit(1);
	_exit(write(fd, text, (size_t)ftell(out)) > 0 ? 0 : 1);
}

/* --- in the compiler ------------------------------------------------------ */

static void start(struct host *host)
{
	pid_t parent = getpid();
	int fd[2];

	host->asked = true;
	host->why =
		"could not be looked up: no process could be started; try again, or write the address";
	if (pipe2(fd, O_CLOEXEC) != 0)
		return;
	host->pid = fork();
	if (host->pid == 0)
		child(host->name, fd[1], parent);
	close(fd[1]);
	host->fd = fd[0];
	if (host->pid < 0)
		close(fd[0]);
}

static bool runs(const struct host *host)
{
	return host->pid > 0;
}

static void end(struct host *host)
{
	kill(host->pid, SIGKILL);
	while (waitpid(host->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(host->fd);
	host->pid = 0;
}

/* Its process has written, or is no more. */
static void take(struct host *host, struct arena *a)
{
	char text[PIPE_BUF + 1];
	ssize_t n = read(host->fd, text, PIPE_BUF);

	text[n > 0 ? n : 0] = '\0';
	if (*text == '+')
		host->answer = arena_printf(a, "%s", text + 1);
	else
		host->why = arena_printf(
			a, "could not be looked up: %s; write the address",
			*text == '-' ? text + 1 : "the look-up failed");
	end(host);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Those that are being looked up, after more of them have been started. */
static unsigned int gather(struct hosts *h, struct host **running,
			   struct pollfd *poll)
{
	unsigned int n = 0;

	for (struct host *host = h->first; host && n < AT_A_TIME;
	     host = host->next) {
		if (!host->asked)
			start(host);
		if (!runs(host))
			continue;
		poll[n] = (struct pollfd){ .fd = host->fd, .events = POLLIN };
		running[n++] = host;
	}
	return n;
}

static void give_up(struct hosts *h, struct arena *a)
{
	const char *why = arena_printf(
		a,
		"could not be looked up within %g s, the limit for all names "
		"together; write the address",
		hosts_limit_ms / 1000.0);

	for (struct host *host = h->first; host; host = host->next) {
		if (host->asked && !runs(host))
			continue;
		host->asked = true;
		host->why = why;
		if (runs(host))
			end(host);
	}
}

void hosts_look_up(struct hosts *h, struct arena *a)
{
	int64_t deadline = now_ms() + hosts_limit_ms;
	struct host *running[AT_A_TIME];
	struct pollfd fds[AT_A_TIME];
	unsigned int n;

	while ((n = gather(h, running, fds)) > 0) {
		int64_t left = deadline - now_ms();
		int ready = left > 0 ? poll(fds, n, (int)left) : 0;

		if (ready == 0) {
			give_up(h, a);
			return;
		}
		for (unsigned int i = 0; ready > 0 && i < n; i++) {
			if (fds[i].revents)
				take(running[i], a);
		}
	}
}

/* --- answers -------------------------------------------------------------- */

const char *hosts_find(const struct hosts *h, struct arena *a, const char *name,
		       size_t len, enum host_family family, const char **why)
{
	const struct host *host = find(h, name, len);
	const char *line = host ? host->answer : NULL;
	const char *list = NULL;

	*why = host && !line ? host->why
	       : family == HOST_V6
		       ? "has no IPv6 address; take \"ip6\" out"
		       : "has no IPv4 address; take the qualifier out, or write \"ip6\"";
	for (; line && *line; line = strchr(line, '\n') + 1) {
		int n = (int)strcspn(line, "\n");

		if (family != HOST_ANY && (*line == '4') != (family == HOST_V4))
			continue;
		list = list ? arena_printf(a, "%s or %.*s", list, n - 2,
					   line + 2)
			    : arena_printf(a, "(%.*s", n - 2, line + 2);
	}
	return list ? arena_printf(a, "%s)", list) : NULL;
}
