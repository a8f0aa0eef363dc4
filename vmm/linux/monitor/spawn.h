/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting a PD: one process, its regions, its sandbox.
 *
 * pd_spawn() makes a child in namespaces of its own (user, mount, net, pid,
 * ipc, uts, cgroup), which executes the weir binary again as `weir --pd`, or a
 * client PD's own program (client/pd.h); that finds its boot record
 * (vmm/linux/boot.h) and descriptors, maps its regions, enters the sandbox,
 * runs init of its components, reports "ready" and enters the loop.
 *
 * The child dies with the monitor (parent-death signal, and its control socket
 * closing), holds only the descriptors it needs, and cannot be traced by other
 * PDs.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_SPAWN_H
#define WEIR_VMM_LINUX_MONITOR_SPAWN_H

#include <sys/types.h>

#include "vmm/linux/monitor/backing.h"
#include "vmm/linux/pd/pd.h"

/* What a component of a PD was given by its open() and start(). */
struct pd_fds {
	unsigned int n; /* how many */
	/*
	 * how many of them are open()'s; the others come and go with each life
	 */
	unsigned int kept;
	bool paged;	    /* there is */
	int page;	    /* a memfd of its struct outside_page */
	int fd[PD_MAX_FDS]; /* which */
};

/* A PD that runs. */
struct pd_process {
	pid_t pid; /* process id in the monitor's pid namespace */
	int pidfd; /* readable when it has ended */
	/*
	 * stream socket of its log lines, each ended by '\n'. The first line
	 * of a PD that started is exactly "ready"; a PD that cannot start says
	 * why and exits with status 1. A PD of more than one component starts
	 * each further line with the component's name and ": "
	 */
	int log_fd;
	int ctl_fd; /* control socket (linux/order.h) */
};

/**
 * pd_spawn - start a PD
 * @b:    the system's backing
 * @pd:   index into the system's pd[]
 * @fds:  by component of the PD; stay open in the monitor, which closes those
 *        of start() afterwards
 * @proc: out
 *
 * Does not wait for "ready".
 *
 * Return: 0, or -1 with @err set.
 */
int pd_spawn(const struct backing *b, uint32_t pd, const struct pd_fds *fds,
	     struct pd_process *proc, struct error *err);

/**
 * pd_spawn_check - can PDs be started on this machine?
 * @err: out
 *
 * Starts one without regions and components and waits until it says that it is
 * ready.  For the monitor, before it makes anything a user can see.  Any later
 * pd_spawn() must come from the same thread: PDs die with it.
 *
 * Return: 0, or -1 with @err saying what the machine refuses and which setting
 * would allow it.
 */
int pd_spawn_check(struct error *err);

#endif
