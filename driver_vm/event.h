/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop of a driver VM: file descriptors and who waits for them.
 *
 * UIO devices, packet sockets and whatever another driver needs are all the
 * same here: a descriptor with a function to call.  The loop sleeps in
 * epoll_wait(2) and nowhere else, and it never decides that there is nothing to
 * do: whoever sleeps has armed its queues first (net.h).
 *
 * It sleeps no longer than DRIVER_BEAT_MS, so that the status page can tell a
 * program that has nothing to do from one that hangs (abi.h).
 *
 * Events are level-triggered.  A source that does not want to hear of a
 * condition it cannot do anything about (no room for frames, say) stops watching
 * it; otherwise the loop would spin.
 */
#ifndef WEIR_DRIVER_VM_EVENT_H
#define WEIR_DRIVER_VM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct event_source - a descriptor to be waited for; embedded in its owner
 * @fd:     not owned
 * @events: EPOLL* waited for at present; event_watch() changes it
 * @ready:  called with what has happened; EPOLLERR and EPOLLHUP are always
 *          reported
 */
struct event_source {
	int fd;
	uint32_t events;
	void (*ready)(struct event_source *source, uint32_t events);
};

/* The structure a source is embedded in. */
#define event_owner(source, type, member)                                      \
	((type *)((char *)(source)-offsetof(type, member)))

/**
 * struct event_loop - state
 * @epoll:    its descriptor
 * @syscalls: calls made by the loop, and by the sources that say so
 * @wakeups:  returns from epoll_wait(2) with something to do
 */
struct event_loop {
	int epoll;
	uint64_t syscalls;
	uint64_t wakeups;
};

/**
 * event_init - make a loop with no sources
 *
 * Return: 0 or negative errno.
 */
int event_init(struct event_loop *loop);

/**
 * event_add - wait for a source, too
 * @source: fd and ready are set; must stay where it is
 * @events: EPOLLIN, EPOLLOUT, both or 0
 *
 * Return: 0 or negative errno.
 */
int event_add(struct event_loop *loop, struct event_source *source,
	      uint32_t events);

/**
 * event_watch - change what a source is waited for; no system call if that is
 * what it is waited for already
 *
 * Return: 0 or negative errno.
 */
int event_watch(struct event_loop *loop, struct event_source *source,
		uint32_t events);

/**
 * event_wait - call ready() of every source that something happened to
 * @sleep: until there is one, but no longer than DRIVER_BEAT_MS; else only look
 *
 * Return: how many there were, or negative errno.
 */
int event_wait(struct event_loop *loop, bool sleep);

#endif
