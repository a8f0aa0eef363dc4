/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/service.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* It hears from us so many times within its limit. */
#define BEATS 3u

/* Return: a socket connected with an address, or -1. */
static int reach(const char *address)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = strlen(address);
	int fd;

	if ((address[0] != '/' && address[0] != '@') || n >= sizeof(a.sun_path))
		return -1;
	memcpy(a.sun_path, address, n);
	/* A name that is no path. */
	if (address[0] == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&a,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) !=
		    0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A variable that is a number above 0, or 0. */
static uint64_t number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	unsigned long long n;

	if (text == NULL || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' ? n : 0;
}

/* How often it wants to hear from this process, in nanoseconds. */
static uint64_t beat(void)
{
	uint64_t pid = number("WATCHDOG_PID");
	uint64_t limit_us = number("WATCHDOG_USEC");

	if ((pid != 0 && pid != (uint64_t)getpid()) ||
	    limit_us > UINT64_MAX / 1000)
		return 0;
	return limit_us * 1000 / BEATS;
}

void service_open(struct service *s)
{
	const char *address = getenv("NOTIFY_SOCKET");

	*s = (struct service){ .fd = address != NULL ? reach(address) : -1 };
	if (s->fd >= 0)
		s->beat_ns = beat();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void service_say(const struct service *s, const char *state)
{
	if (s->fd >= 0)
		send(s->fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void service_tick(struct service *s, uint64_t now_ns)
{
	if (s->beat_ns == 0 || now_ns < s->due_ns)
		return;
	s->due_ns = now_ns + s->beat_ns;
	service_say(s, "WATCHDOG=1");
}

uint64_t service_deadline(const struct service *s)
{
	return s->beat_ns > 0 ? s->due_ns : UINT64_MAX;
}

void service_close(struct service *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
