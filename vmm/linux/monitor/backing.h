/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a system's regions and channels are made of on Linux.
 *
 * A region is a memfd, sized, sealed against growing and shrinking, and named
 * "weir:REGION", so that /proc/PID/maps shows who maps what.  A channel is, for
 * each direction, an eventfd (or, towards a process from outside, a socket
 * pair: see client/attach.h).  Only the monitor holds all of them.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_BACKING_H
#define WEIR_VMM_LINUX_MONITOR_BACKING_H

#include <stdbool.h>

#include "config/system.h"
#include "vmm/linux/error.h"
#include "vmm/linux/monitor/loop.h"

/* Descriptors of one channel. */
struct backing_channel {
	int wait[2]; /* by end: what that end waits on */
	/*
	 * by end: what is written to notify that end; the same eventfd as
	 * @wait, or the other end of a socket pair
	 */
	int ring[2];
};

/* All descriptors of a system. */
struct backing {
	const struct system *sys;	 /* the system, not owned */
	int *region;			 /* memfd by region index */
	struct backing_channel *channel; /* by channel index */
};

/**
 * backing_create - make memfds and event descriptors for a system
 *
 * Raises RLIMIT_NOFILE's soft limit if that is what is missing.
 *
 * Return: 0, or -1 with @err set and nothing left behind.
 */
int backing_create(struct backing *b, const struct system *sys,
		   struct error *err);

/**
 * backing_destroy - close everything
 */
void backing_destroy(struct backing *b);

/**
 * backing_map - map a region into the monitor
 * @perms: SYS_R or SYS_RW
 *
 * Return: the mapping, region's size long, or NULL with errno set.
 */
void *backing_map(const struct backing *b, uint32_t region, uint32_t perms);

/**
 * backing_zero - make a region all zero again
 *
 * For queues of a connection between two PDs that no longer use it.  Never for
 * memory an attached process has had: it may hold the inode's lock.
 *
 * Return: 0 or negative errno.
 */
int backing_zero(const struct backing *b, uint32_t region);

/**
 * backing_slot - the region a PD maps at a slot
 */
static inline uint32_t backing_slot(const struct backing *b, uint32_t pd,
				    uint32_t slot)
{
	return b->sys->pd[pd].map[slot].region;
}

/**
 * backing_unmap - undo backing_map()
 * @at: may be NULL
 */
void backing_unmap(const struct backing *b, uint32_t region,
		   const volatile void *at);

/**
 * backing_watch - watch an end of a channel in the monitor's loop
 * @events: EPOLLIN, and EPOLLET for one that is never read
 *
 * Return: 0, or -1 with errno set.
 */
int backing_watch(const struct backing *b, uint32_t channel, uint32_t end,
		  struct loop *loop, struct loop_source *s, uint32_t events,
		  void (*ready)(struct monitor *m, struct loop_source *s,
				uint32_t events));

/**
 * backing_dup - a descriptor of a region to hand to somebody
 * @perms: SYS_R gives one that was opened read-only
 *
 * Return: a new descriptor, or -1 with errno set.
 */
int backing_dup(const struct backing *b, uint32_t region, uint32_t perms);

/* Regions that are renewed: both queue pairs, both data regions. */
#define BACKING_RENEWED 6u

/**
 * backing_renewed - the regions that backing_renew() replaces
 * @region: out: BACKING_RENEWED indices
 */
void backing_renewed(const struct sys_conn *conn, uint32_t *region);

/**
 * backing_renew - new memory and new descriptors for an attach connection
 *
 * All but its link page.  The old ones are closed; existing mappings stay.  If
 * it fails, nothing has changed.
 *
 * Return: 0 or negative errno.
 */
int backing_renew(struct backing *b, const struct sys_conn *conn);

/**
 * backing_fresh - new memory for a region; existing mappings keep the old
 *
 * Return: 0 or negative errno; then nothing has changed.
 */
int backing_fresh(struct backing *b, uint32_t region);

/**
 * backing_ring_outside - notify the process that is attached, without waiting
 * @channel: one that leads outside
 */
void backing_ring_outside(const struct backing *b, uint32_t channel);

/**
 * backing_pair - a pair of connected Unix sockets, close-on-exec
 * @fd:   out: both -1 if there is none
 * @type: SOCK_STREAM or SOCK_SEQPACKET, and SOCK_NONBLOCK
 *
 * Return: 0, or -1 with errno set.
 */
int backing_pair(int fd[2], int type);

/**
 * backing_memfd - an empty memfd that can be sealed and never executed
 * @name: what /proc/PID/maps will show
 *
 * Return: a descriptor (close-on-exec), or -1 with errno set.
 */
int backing_memfd(const char *name);

/**
 * backing_sealed - a memfd of a fixed size, zero
 *
 * Return: a descriptor, or -1 with errno set.
 */
int backing_sealed(const char *name, size_t size);

/**
 * backing_more_fds - raise the limit of descriptors after a call has failed
 * @error: its errno
 *
 * Return: true if it was EMFILE and the soft limit has now been raised to the
 * hard one.
 */
bool backing_more_fds(int error);

/**
 * backing_fd_error - set the error for a descriptor that could not be made
 * @what, @name: what it was for: "memory region", "sw0.stats"
 *
 * Looks at errno.
 *
 * Return: -1
 */
int backing_fd_error(struct error *err, const char *what, const char *name);

#endif
