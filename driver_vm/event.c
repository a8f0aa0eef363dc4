/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop: see event.h.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "virt/driver_abi.h"
#include "driver_vm/event.h"

/* Events per system call; the rest comes with the next one. */
#define EVENTS 16

int event_init(struct event_loop *loop)
{
	*loop = (struct event_loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	return loop->epoll < 0 ? -errno : 0;
}

static int control(struct event_loop *loop, int what,
		   struct event_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	loop->syscalls++;
	if (epoll_ctl(loop->epoll, what, source->fd, &event) < 0)
		return -errno;
	source->events = events;
	return 0;
}

int event_add(struct event_loop *loop, struct event_source *source,
	      uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, source, events);
}

int event_watch(struct event_loop *loop, struct event_source *source,
		uint32_t events)
{
	if (source->events == events)
		return 0;
	return control(loop, EPOLL_CTL_MOD, source, events);
}

int event_wait(struct event_loop *loop, bool sleep)
{
	struct epoll_event event[EVENTS];
	int n = epoll_wait(loop->epoll, event, EVENTS,
			   sleep ? DRIVER_BEAT_MS : 0);

	loop->syscalls++;
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	loop->wakeups += n > 0;
	for (int i = 0; i < n; i++) {
		struct event_source *source = event[i].data.ptr;

		source->ready(source, event[i].events);
	}
	return n;
}
