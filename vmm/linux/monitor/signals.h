/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals that would end a process and mean nothing to it.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_SIGNALS_H
#define WEIR_VMM_LINUX_MONITOR_SIGNALS_H

#include <signal.h>

/**
 * struct signals_old - how somebody had arranged them
 * @action: by number
 */
struct signals_old {
	struct sigaction action[_NSIG];
};

/**
 * signals_ignore - ignore every signal that ends a process by default
 * @old: out: how they were; may be NULL
 *
 * Left are those that ask a process to end (SIGINT, SIGTERM, SIGQUIT, SIGKILL),
 * those that say it is broken (SIGSEGV, ...), and those that stop it or let it go
 * on.  SIGXFSZ is ignored, so that a limit of file sizes is an error to be told.
 * Processes that are started from here inherit it.
 */
void signals_ignore(struct signals_old *old);

/**
 * signals_restore - arrange them as they were
 */
void signals_restore(const struct signals_old *old);

#endif
