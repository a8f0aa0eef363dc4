/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "vmm/linux/monitor/state.h"

/* Events fetched at once; the rest comes in the next round. */
#define EVENTS 32

uint64_t loop_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

int loop_open(struct loop *l)
{
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	return l->epoll < 0 ? -1 : 0;
}

void loop_close(struct loop *l)
{
	if (l->epoll >= 0)
		close(l->epoll);
	l->epoll = -1;
}

int loop_add(struct loop *l, struct loop_source *s, int fd, uint32_t events,
	     void (*ready)(struct monitor *m, struct loop_source *s,
			   uint32_t events))
{
	struct epoll_event e = { .events = events, .data.ptr = s };
	int error;

	*s = (struct loop_source){ .fd = fd, .events = events, .ready = ready };
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) == 0)
		return 0;
	error = errno;
	close(fd);
	s->fd = -1;
	errno = error;
	return -1;
}

void loop_watch(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	if (s->fd < 0 || s->events == events)
		return;
	s->events = events;
	epoll_ctl(l->epoll, EPOLL_CTL_MOD, s->fd, &e);
}

int loop_take(struct loop *l, struct loop_source *s)
{
	int fd = s->fd;

	/*
	 * Before close(): a copy in another process would keep it in the set.
	 */
	if (fd >= 0)
		epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
	s->fd = -1;
	return fd;
}

void loop_del(struct loop *l, struct loop_source *s)
{
	int fd = loop_take(l, s);

	if (fd >= 0)
		close(fd);
}

void loop_round(struct loop *l, struct monitor *m, int timeout_ms)
{
	struct epoll_event e[EVENTS];
	int n = epoll_wait(l->epoll, e, EVENTS, timeout_ms);

	m->now_ns = loop_now();
	for (int i = 0; i < n; i++) {
		struct loop_source *s = e[i].data.ptr;

		if (s->fd >= 0)
			s->ready(m, s, e[i].events);
	}
}

int loop_accept(struct loop *l, struct loop_source *s)
{
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		loop_watch(l, s, EPOLLIN);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		 errno == ENOMEM)
		loop_watch(l, s, EPOLLIN | EPOLLET);
	return fd;
}
