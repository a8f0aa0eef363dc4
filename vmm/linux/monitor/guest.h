/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Client VMs as the monitor sees them.  Part of monitor/state.h.
 *
 * A client VM and its devices, cards and disks, are a PD each.  None waits for another: whenever
 * a device and its VM both run and are not connected, the monitor makes a
 * socket pair and hands each an end.  If one of the two ends, the other notices
 * by its socket, and gets a new one when both run again.  So a device that
 * crashes comes back to a guest that goes on, and a VM that starts again finds
 * devices that have forgotten the one before.
 *
 * Each life of a VM has memory of its own: a device that is slow to notice the
 * end writes to that of the old one.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_GUEST_H
#define WEIR_VMM_LINUX_MONITOR_GUEST_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/system.h"
#include "vmm/kvm/vm_stats.h"
#include "vmm/linux/error.h"
#include "vmm/linux/monitor/log.h"

/* A guest that reboots sooner waits for the rest of it. */
#define GUEST_REBOOT_NS (1000000000ull)
/* If a device cannot be connected now, it is tried again after so long. */
#define GUEST_RETRY_NS (100 * 1000000ull)

struct monitor;
struct mon_pd;
struct pd_fds;

/* A client VM. */
struct mon_guest {
	const struct sys_component *comp; /* its configuration */
	uint32_t pd;			  /* index of its PD */
	const struct vm_stats *counts;	  /* what the VMM says, read-only */
	/* the device and it have been connected: ports, then disks */
	bool tied[SYS_VM_PORTS + SYS_VM_DISKS];
	uint64_t retry_ns;	/* when those that are not are tried again */
	uint64_t started_ns;	/* when this life began */
	unsigned int reboots;	/* how often its guest started itself again */
	struct log_limit limit; /* allowance of lines about that */
};

/**
 * guests_open - find the system's client VMs, map what they show
 *
 * Return: 0, or -1 with @m->err set.
 */
int guests_open(struct monitor *m);

/** guests_close - unmap and forget */
void guests_close(struct monitor *m);

/**
 * guest_reset - memory for the next life of a client VM
 * @pd: index of a PD; nothing is done if it is no client VM's
 *
 * Return: 0, or -1 with @err set.
 */
int guest_reset(struct monitor *m, uint32_t pd, struct error *err);

/**
 * guest_take - what a client VM's PD is given when it starts: its memory
 * @fds: in/out: behind what they have
 *
 * Return: 0, or -1 with @err set.
 */
int guest_take(const struct monitor *m, uint32_t pd, struct pd_fds *fds,
	       struct error *err);

/**
 * guest_ended - a PD has ended: was that a guest's own will?
 *
 * Return: whether it was; then it is no failure.
 */
bool guest_ended(struct monitor *m, struct mon_pd *pd, const siginfo_t *info);

/** guest_untie - a PD has ended; @pd: its index, of whatever kind it is */
void guest_untie(struct monitor *m, uint32_t pd);

/** guests_settle - connect VMs and devices that run */
void guests_settle(struct monitor *m);

/**
 * guests_deadline - when guests_settle() must be called at the latest
 *
 * Return: CLOCK_MONOTONIC; UINT64_MAX: when something else has happened.
 */
uint64_t guests_deadline(const struct monitor *m);

/**
 * guest_notify - have the VM look at the link page of one of its ports
 * @conn: index of a connection, of a VM's port or not
 */
void guest_notify(const struct monitor *m, uint32_t conn);

/**
 * guest_open_console - hand a VM somebody's connection
 * @fd: still the caller's
 *
 * Return: 0, or -1 if it cannot take it now.
 */
int guest_open_console(const struct monitor *m, const struct mon_guest *g,
		       int fd);

#endif
