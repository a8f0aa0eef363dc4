/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver VMs, and the virtualisers between them and a switch or guests' disks,
 * as the monitor sees them.  Part of monitor/state.h.
 *
 * A driver VM's port is two connections:
 *
 *	switch  --"sw0.uplink"--  virtualisers  --"sw0.uplink.driver"--  VM
 *
 * Virtualisers publish the epochs they have acted on, as a switch does, so the
 * first goes down and comes up without either side being restarted.  The second
 * waits for the guest to say that it is ready.  When it goes down the VM is
 * killed, as a port PD is: the guest contains the driver and the hostile card,
 * and its answers would not be trusted.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_VM_H
#define WEIR_VMM_LINUX_MONITOR_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "config/system.h"
#include "virt/blk_virt.h"
#include "virt/driver_abi.h"
#include "virt/net_virt.h"
#include "vmm/kvm/vm_stats.h"
#include "vmm/linux/error.h"
#include "vmm/linux/monitor/log.h"
#include "vmm/linux/monitor/loop.h"
#include "vmm/linux/monitor/watchdog.h"

/* How long a guest may take to report ready. */
#define VM_READY_NS (60 * 1000000000ull)
/* A guest's doorbell is looked at once per interval. */
#define VM_LISTEN_NS (10 * 1000000ull)

struct mon_link;

/* The two virtualisers of a port. */
enum mon_queue { MON_RX, MON_TX, MON_QUEUES };

/* A port's virtualisers, seen through their statistics. */
struct mon_virt {
	const struct sys_component *comp; /* their configuration */
	uint32_t pd;			  /* index of their PD */
	/* by enum mon_queue: read-only */
	const struct net_virt_stats *stats[MON_QUEUES];
	struct loop_source ctl; /* the descriptor they notify us by */
	struct mon_link *link[NET_VIRT_SIDES]; /* by enum net_virt_side */
};

/* A block virtualiser, seen through its statistics. */
struct mon_blk_virt {
	const struct sys_component *comp;   /* its configuration */
	uint32_t pd;			    /* index of its PD */
	const struct blk_virt_stats *stats; /* read-only */
	struct loop_source ctl;	 /* the descriptor it notifies us by */
	struct mon_link *driver; /* SYS_TO_BLK_VM: to the VM */
};

/* A driver VM.  It has a card, a disk, or both. */
struct mon_vm {
	const struct sys_component *comp; /* its configuration */
	uint32_t pd;			  /* index of its PD */
	/* SYS_TO_VM: to the virtualisers; NULL: it has no card */
	struct mon_link *link;
	struct mon_link *port; /* SYS_TO_VIRT: the port it serves, or NULL */
	struct mon_link *blk;  /* SYS_TO_BLK_VM; NULL: it has no disk */
	/* what the guest says: hostile memory, read-only */
	const struct driver_status *status;
	const struct driver_blk_status *blk_status; /* of the same page */
	const struct vm_stats *counts; /* what the VMM says, read-only */
	struct loop_source rung;       /* the guest's doorbell */
	/* the guest has reported its card, or its disk, ready in this life */
	bool ready, blk_ready;
	bool carrier;	     /* its last report of the card's link */
	uint64_t started_ns; /* when this life began */
	uint64_t ready_ns;   /* how long after that it was ready */
	uint64_t listen_ns;  /* when the doorbell is watched again */
	/* whether the guest's event loop runs */
	struct watchdog watchdog;
	struct log_limit limit; /* its allowance of log lines */
};

/* --- monitor/virt.c ----------------------------------------------------- */

/**
 * virts_open - find the system's virtualisers, map what they show, listen
 *
 * Return: 0, or -1 with @m->err set.
 */
int virts_open(struct monitor *m);

/**
 * virts_close - unmap and forget
 */
void virts_close(struct monitor *m);

/**
 * virt_reset - zero dead virtualisers' statistics
 */
void virt_reset(struct monitor *m, const struct mon_virt *v);

/**
 * virt_has_seen - whether both, rx and tx, have acted upon a link epoch
 */
bool virt_has_seen(const struct mon_virt *v, enum net_virt_side side,
		   uint32_t epoch);

/* --- monitor/blk_virt.c ------------------------------------------------- */

/**
 * blk_virts_open - find the system's block virtualisers, map what they show,
 * listen
 *
 * Return: 0, or -1 with @m->err set.
 */
int blk_virts_open(struct monitor *m);

/**
 * blk_virts_close - unmap and forget
 */
void blk_virts_close(struct monitor *m);

/**
 * blk_virt_reset - zero a dead virtualiser's statistics
 */
void blk_virt_reset(struct monitor *m, const struct mon_blk_virt *v);

/**
 * blk_virt_has_seen - whether it has acted upon the epoch of its link @l
 */
bool blk_virt_has_seen(const struct mon_link *l, uint32_t epoch);

/**
 * blk_virt_waits - whether this link cannot have drained yet: the driver has
 * not answered
 */
bool blk_virt_waits(const struct mon_link *l);

/**
 * blk_virt_serves - whether what a disk's PD needs is there: it has its part of
 * the disk behind a driver VM, or needs none
 */
bool blk_virt_serves(const struct monitor *m, uint32_t pd);

/* --- monitor/vm.c ------------------------------------------------------- */

/**
 * vms_open - find the system's driver VMs, map what they show, listen
 *
 * Return: 0, or -1 with @m->err set.
 */
int vms_open(struct monitor *m);

/**
 * vms_close - unmap and forget
 */
void vms_close(struct monitor *m);

/**
 * vm_reset - zero a dead VM's memory, before it is started
 *
 * Return: 0, or -1 with @err set.
 */
int vm_reset(struct monitor *m, struct mon_vm *vm, struct error *err);

/**
 * vm_is_ready - whether a live VM's guest has reported all it has ready
 */
bool vm_is_ready(const struct monitor *m, const struct mon_vm *vm);

/**
 * vm_serves - whether it has reported ready what is behind this link
 */
bool vm_serves(const struct monitor *m, const struct mon_link *l);

/**
 * vm_mac - the card's address, as the guest reports it
 */
uint64_t vm_mac(const struct mon_vm *vm);

/**
 * vm_deadline - when vm_tick() must be called at the latest
 *
 * Return: CLOCK_MONOTONIC; UINT64_MAX: nothing to wait for.
 */
uint64_t vm_deadline(const struct monitor *m, const struct mon_vm *vm);

/**
 * vm_tick - handle a guest that does not get ready or no longer answers, and
 * its doorbell
 */
void vm_tick(struct monitor *m, struct mon_vm *vm);

#endif
