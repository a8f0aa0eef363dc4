/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir --pd`, and a program's main(): the life of a PD process, from exec to
 * the end.
 *
 * spawn.c has made the namespaces and arranged the descriptors; here the rest
 * of the stages follow, in the only order in which each still has what it
 * needs.  Components are initialised unprivileged but before the filter: they
 * may allocate, and have been given every descriptor they need.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "vmm/linux/boot.h"
#include "vmm/linux/pd/loop.h"
#include "vmm/linux/pd/sandbox.h"
#include "vmm/linux/pd/main.h"

/* Write the reason to the log, where the monitor looks for it. */
static _Noreturn void give_up(const struct error *err)
{
	dprintf(BOOT_LOG_FD, "%s\n", err->text);
	_exit(1);
}

static void set_title(const struct boot_record *r)
{
	char title[SYS_NAME + sizeof("weir:")];

	/* The kernel keeps the first 15 characters. */
	snprintf(title, sizeof(title), "weir:%s", r->name);
	prctl(PR_SET_NAME, title);
}

static struct pd *start(const struct boot_record *r, struct error *err)
{
	struct pd *pd = pd_new(r, BOOT_LOG_FD, err);

	if (pd != NULL && pd_listen(pd, BOOT_CTL_FD) != 0) {
		error_errno(err, "cannot listen to the monitor");
		return NULL;
	}
	if (pd == NULL || sandbox_regions(r, pd->map, err) != 0 ||
	    sandbox_root(err) != 0 || sandbox_privileges(r, err) != 0 ||
	    pd_init(pd, err) != 0 || sandbox_filter(r, err) != 0)
		return NULL;
	return pd;
}

_Noreturn void pd_main(void)
{
	static const char ready[] = "ready\n";
	const struct boot_record *r = boot_read();
	struct error err = { 0 };
	struct pd *pd;

	if (r == NULL && errno == EPROTO) {
		error_set(&err, "it was built from other sources than weir; "
				"build both from the same");
		give_up(&err);
	}
	if (r == NULL) {
		fprintf(stderr, "weir: --pd is how weir starts its protection "
				"domains; use `weir run FILE`\n");
		_exit(2);
	}
	if (SANDBOX_SANITIZED)
		dup2(BOOT_LOG_FD, STDERR_FILENO);
	set_title(r);
	signal(SIGPIPE, SIG_IGN);
	pd = start(r, &err);
	if (pd == NULL)
		give_up(&err);
	(void)!write(BOOT_LOG_FD, ready, sizeof(ready) - 1);
	while (pd_work(pd) && pd_look(pd, -1))
		;
	/* The monitor is gone. */
	_exit(0);
}
