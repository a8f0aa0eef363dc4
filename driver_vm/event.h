/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop of a driver VM.
 *
 * UIO devices, packet sockets and whatever another driver needs are all
 * descriptors with a function to call.  The loop sleeps only in epoll_wait(2);
 * the caller has armed its queues before (net.h).
 *
 * It sleeps no longer than DRIVER_BEAT_MS, so that the status page
 * distinguishes an idle program from one that hangs (virt/driver_abi.h).
 *
 * Events are level-triggered.  A source that cannot handle a condition now (no
 * room for frames, say) must stop watching it; otherwise the loop would spin.
 *
 * Functions return 0 or negative errno, unless they say otherwise.
 */
#ifndef WEIR_DRIVER_VM_EVENT_H
#define WEIR_DRIVER_VM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct event_source - a watched descriptor; embedded in its owner
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

/* The loop. */
struct event_loop {
	int epoll; /* its descriptor */
	/* calls made by the loop, and by the sources that say so */
	uint64_t syscalls;
	uint64_t wakeups; /* returns from epoll_wait(2) with something to do */
};

/** event_init - make a loop with no sources */
int event_init(struct event_loop *loop);

/**
 * event_add - wait for a source, too
 * @source: fd and ready are set; must stay where it is
 * @events: EPOLLIN, EPOLLOUT, both or 0
 */
int event_add(struct event_loop *loop, struct event_source *source,
	      uint32_t events);

/**
 * event_watch - change the events a source is watched for; no system call if
 * they are the same
 */
int event_watch(struct event_loop *loop, struct event_source *source,
		uint32_t events);

/**
 * event_wait - call ready() of every source with events
 * @sleep: until there is one, but no longer than DRIVER_BEAT_MS; else only look
 *
 * Return: how many there were, or negative errno.
 */
int event_wait(struct event_loop *loop, bool sleep);

#endif
