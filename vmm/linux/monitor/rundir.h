/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where control sockets live, and how a Unix socket's path is claimed.
 *
 * A socket's path outlives the process that made it, so a path that exists may
 * belong to a running instance or to one that was killed together with its
 * janitor.  connect() tells the two apart: a socket nobody listens on refuses.
 * Between that answer and bind() another instance could claim the same path;
 * claims of control sockets therefore hold a lock on the run directory.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_RUNDIR_H
#define WEIR_VMM_LINUX_MONITOR_RUNDIR_H

#include <stddef.h>
#include <sys/types.h>

#include "config/system.h"
#include "vmm/linux/error.h"

/**
 * rundir_make - make sure the run directory is there and ours
 * @dir: as monitor_rundir() says
 * @err: out
 *
 * Made with mode 0700 (0755 for root, whose attach sockets others may be let
 * in to).  One that belongs to somebody else, or that others may write to, is
 * refused: they could put their own socket in our place.
 *
 * Return: 0 or -1.
 */
int rundir_make(const char *dir, struct error *err);

/**
 * rundir_lock - keep other instances from claiming names
 *
 * Return: a descriptor to close, or -1 with @err set.
 */
int rundir_lock(const char *dir, struct error *err);

/* Somebody listens, but it cannot be found out who. */
#define RUNDIR_UNKNOWN ((pid_t)-1)

/**
 * rundir_listen - claim a path and listen on it
 * @path:    a socket nobody listens on is removed first
 * @type:    SOCK_STREAM or SOCK_SEQPACKET
 * @backlog: connections that may wait to be accepted
 * @access:  who may connect, or NULL; without a mode 0600
 * @holder:  out: the process that listens there already, RUNDIR_UNKNOWN, or 0
 * @err:     out; not set if there is a @holder: the caller knows better what to
 *           say
 *
 * Return: a non-blocking descriptor, or -1.
 */
int rundir_listen(const char *path, int type, int backlog,
		  const struct sys_access *access, pid_t *holder,
		  struct error *err);

#endif
