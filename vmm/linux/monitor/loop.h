/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's event loop: an epoll set of sources, each a descriptor and a
 * function.
 *
 * Sources are parts of longer-lived structures and are never freed while the
 * loop runs, so an event that was fetched together with the one that closed its
 * source finds a descriptor of -1 and is dropped.  A source that was closed and
 * opened again in the same round may get a spurious event, which every function
 * must tolerate.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_LOOP_H
#define WEIR_VMM_LINUX_MONITOR_LOOP_H

#include <stddef.h>
#include <stdint.h>

struct monitor;

/* An epoll set. */
struct loop {
	int epoll; /* descriptor */
};

/* A descriptor that is watched. */
struct loop_source {
	int fd;		 /* the descriptor, or -1 */
	uint32_t events; /* what it is watched for */
	/* called with the events that are there */
	void (*ready)(struct monitor *m, struct loop_source *s,
		      uint32_t events);
};

/* The structure a source is part of. */
#define loop_owner(source, type, member)                                       \
	((type *)(void *)((char *)(source)-offsetof(type, member)))

/**
 * loop_open - make the epoll set
 *
 * Return: 0, or -1 with errno set.
 */
int loop_open(struct loop *l);

/**
 * loop_close - close the epoll set; sources must be closed by their owners
 */
void loop_close(struct loop *l);

/**
 * loop_add - start watching
 * @s:  out
 * @fd: taken over
 *
 * Return: 0, or -1 with errno set; @fd is then closed.
 */
int loop_add(struct loop *l, struct loop_source *s, int fd, uint32_t events,
	     void (*ready)(struct monitor *m, struct loop_source *s,
			   uint32_t events));

/**
 * loop_watch - change what a source is watched for
 * @events: 0: nothing, for now
 */
void loop_watch(struct loop *l, struct loop_source *s, uint32_t events);

/**
 * loop_del - stop watching and close
 * @s: may be closed already
 */
void loop_del(struct loop *l, struct loop_source *s);

/**
 * loop_take - stop watching, and hand the descriptor to the caller
 *
 * Return: the descriptor, or -1 if it was closed already.
 */
int loop_take(struct loop *l, struct loop_source *s);

/**
 * loop_round - sleep until there are events, and call their sources
 * @m:          handed to the sources; its now_ns is set
 * @timeout_ms: -1: for ever
 */
void loop_round(struct loop *l, struct monitor *m, int timeout_ms);

/**
 * loop_accept - take a connection from a listening source
 *
 * When descriptors have run out, the connection stays in the backlog and the
 * source would be ready for ever.  It is then watched for *new* connections
 * only, until one can be accepted.
 *
 * Return: a non-blocking descriptor, or -1.
 */
int loop_accept(struct loop *l, struct loop_source *s);

/**
 * loop_now - CLOCK_MONOTONIC in nanoseconds
 */
uint64_t loop_now(void);

#endif
