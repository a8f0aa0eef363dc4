/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helper children: what may block runs in one.
 *
 * A child is a copy of the monitor with a name of its own.  It keeps no
 * descriptor but the standard ones and those it needs.  Most die with the
 * monitor, which learns of their end by a pidfd; one that hangs is killed, not
 * waited for.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_CHILD_H
#define WEIR_VMM_LINUX_MONITOR_CHILD_H

#include <signal.h>
#include <stdbool.h>

#include "vmm/linux/monitor/loop.h"

/* A helper child; all zero but @exit.fd -1: none. */
struct child {
	struct loop_source exit; /* its pidfd */
	bool killed;		 /* it has been told to end */
};

/**
 * child_fork - fork a child that lives as long as it likes
 * @name: what ps shows
 * @keep: a descriptor it keeps, or -1
 * @also: another one, or -1
 * @run:  called in the child, which then exits with what it returns
 *
 * Return: its pid, or -1 with errno set.
 */
pid_t child_fork(const char *name, int keep, int also, int (*run)(void *arg),
		 void *arg);

/**
 * child_start - fork one that dies with the monitor
 * @name, @keep, @run: as above
 * @ended: called in the loop once the child may have ended: child_finish()
 *
 * Return: 0, or -1 with errno set.
 */
int child_start(struct child *c, struct loop *loop, const char *name, int keep,
		int (*run)(void *arg), void *arg,
		void (*ended)(struct monitor *m, struct loop_source *s,
			      uint32_t events));

static inline bool child_runs(const struct child *c)
{
	return c->exit.fd >= 0;
}

/**
 * child_finish - reap a child
 * @info: out: how it ended
 *
 * Return: false if it still runs.
 */
bool child_finish(struct child *c, struct loop *loop, siginfo_t *info);

/**
 * child_kill - have the child end; child_finish() is still to be called
 * @c: may be none
 */
void child_kill(struct child *c);

/**
 * child_close - end the child and wait for that
 * @c: may be none
 */
void child_close(struct child *c, struct loop *loop);

#endif
