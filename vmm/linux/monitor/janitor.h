/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The janitor: removes what the monitor has made, however the monitor ends.
 *
 * When a process dies, the kernel frees its memory, descriptors and TAP
 * interfaces.  Socket paths stay, and so does what a component's close()
 * removes.  A second process removes them: a monitor that is killed or crashes
 * cannot, and one that stops in order should not.  Removing a path waits for
 * the lock of its folder, and whoever may read the folder can hold that lock
 * for ever, by listing it into a page that never comes.
 *
 *	monitor ----- fork, before anything is made ----> janitor
 *	   |   ledger: shared memory, written by the monitor   |
 *	   |   a socket pair: pidfds of PDs; its end is        |
 *	   |   the sign that the monitor has gone              |
 *
 * The janitor sleeps until the monitor's end of the socket pair closes; the
 * kernel closes it however the monitor ends.  It then kills the remaining PDs
 * (their parent-death signal should have done so already) and undoes what the
 * ledger says.  On an orderly stop the monitor waits for that, for a bounded
 * time.
 *
 * It has a session of its own and ignores the signals of terminals and service
 * managers, so that they do not stop it before the monitor.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_JANITOR_H
#define WEIR_VMM_LINUX_MONITOR_JANITOR_H

#include <stdint.h>
#include <sys/types.h>

#include "config/system.h"
#include "vmm/linux/error.h"

struct ledger;

/* The monitor's handle on it; all zero: none. */
struct janitor {
	const struct system *sys; /* the system, not owned */
	pid_t pid;		  /* process */
	int pidfd;		  /* readable when it has ended */
	int sock;		  /* our end of the socket pair */
	struct ledger *ledger;	  /* what has been made */
	size_t size;		  /* bytes of @ledger */
};

/**
 * janitor_start - fork it; to be called before anything is made
 * @j:   out
 * @sys: stays valid until janitor_stop()
 * @err: out
 *
 * Return: 0 or -1.
 */
int janitor_start(struct janitor *j, const struct system *sys,
		  struct error *err);

/**
 * janitor_socket - note a socket path that we have just bound
 */
void janitor_socket(struct janitor *j, const char *path);

/**
 * janitor_opened - note that a component's open() succeeded
 * @pd:   index into the system's pd[]
 * @comp: index in the PD
 */
void janitor_opened(struct janitor *j, uint32_t pd, uint32_t comp);

/**
 * janitor_pd - hand over a PD's pidfd, in place of an earlier one
 * @pd:    index into the system's pd[]
 * @pidfd: stays the caller's
 */
void janitor_pd(struct janitor *j, uint32_t pd, int pidfd);

/**
 * janitor_stop - have everything in the ledger undone, and the janitor exit
 *
 * PDs must have been stopped before.
 */
void janitor_stop(struct janitor *j);

#endif
