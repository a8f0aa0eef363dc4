/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor: `weir run`.
 *
 * It builds what the system describes, starts the PDs, restarts those that
 * fail, hands descriptors to processes that attach, answers the control socket
 * (docs/control.md) and takes everything down again.  Every PD trusts it.  Of
 * what peers write it reads only log lines, answers of fixed size, statistics
 * and status pages.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_MONITOR_H
#define WEIR_VMM_LINUX_MONITOR_MONITOR_H

#include "config/system.h"
#include "vmm/linux/error.h"

/**
 * monitor_run - run a system in the foreground until it is stopped
 * @sys:     from config_compile()
 * @err:     out
 *
 * Logs one line per event to standard error; "weir: NAME: running" once every
 * PD is ready and the control socket answers.  SIGINT, SIGTERM, SIGQUIT and the
 * control command "stop" end it cleanly; SIGHUP reloads the topology.
 *
 * Return: 0 after a clean stop; -1 with @err set if it could not start (nothing
 * is left behind).
 */
int monitor_run(const struct system *sys, struct error *err);

/**
 * monitor_rundir - where control sockets are, see docs/control.md
 * @buf: out: the path
 *
 * Return: 0, or -1 if it would be longer than @size.
 */
int monitor_rundir(char *buf, size_t size);

#endif
