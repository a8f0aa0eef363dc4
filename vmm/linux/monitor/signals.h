/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals that would end a process although it does not use them. */
#ifndef WEIR_VMM_LINUX_MONITOR_SIGNALS_H
#define WEIR_VMM_LINUX_MONITOR_SIGNALS_H

#include <signal.h>

/* How signals were arranged. */
struct signals_old {
	struct sigaction action[_NSIG]; /* by number */
};

/**
 * signals_ignore - ignore every signal that ends a process by default
 * @old: out: how they were; may be NULL
 *
 * It leaves those that ask a process to end (SIGINT, SIGTERM, SIGQUIT,
 * SIGKILL), those that report a fault (SIGSEGV, ...), and those that stop or
 * continue it.  SIGXFSZ is ignored, so that a write beyond a file size limit
 * returns an error.  Child processes inherit this.
 */
void signals_ignore(struct signals_old *old);

/**
 * signals_restore - arrange them as they were
 */
void signals_restore(const struct signals_old *old);

#endif
