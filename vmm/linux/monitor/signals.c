/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/signals.h"

#include <stdbool.h>
#include <stddef.h>

static bool is_ignored(int number)
{
	switch (number) {
	case SIGHUP:
	case SIGPIPE:
	case SIGALRM:
	case SIGUSR1:
	case SIGUSR2:
	case SIGVTALRM:
	case SIGPROF:
	case SIGIO:
	case SIGSTKFLT:
	case SIGPWR:
	case SIGXCPU:
	case SIGXFSZ:
		return true;
	default:
		/* What lies before is the C library's own. */
		return number >= SIGRTMIN && number <= SIGRTMAX;
	}
}

void signals_ignore(struct signals_old *old)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (int i = 1; i < _NSIG; i++)
		if (is_ignored(i))
			sigaction(i, &ignore,
				  old != NULL ? &old->action[i] : NULL);
}

void signals_restore(const struct signals_old *old)
{
	for (int i = 1; i < _NSIG; i++)
		if (is_ignored(i))
			sigaction(i, &old->action[i], NULL);
}
