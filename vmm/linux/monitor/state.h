/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor's files share.
 *
 *	monitor.c	preparation, the main loop, shutdown
 *	end.c		in which order PDs go
 *	loop.c		one epoll set, one thread, nothing that blocks
 *	child.c		children for what may block: compiler.c, seeker.c,
 *			janitor.c, hang_up.c
 *	pd.c		PDs: start, log lines, death, restart
 *	placement.c	which processors they run on
 *	order.c		what is told to PDs while they run
 *	link.c		links: down, drained, clean, up (base/link.h)
 *	switch.c	switches: statistics, faults, the control mailbox
 *	policy.c	the policies in force
 *	change.c	how they are changed: compiler.c, statement.c
 *	reload.c	SIGHUP
 *	facts.c		why a request is refused, as JSON
 *	virt.c		virtualisers of driver VMs: statistics, faults
 *	blk_virt.c	those of disks
 *	guest.c		client VMs: memory, devices, consoles
 *	disk.c		disks: what they count
 *	vm.c		driver VMs: is the guest ready, has its card a link?
 *	outside.c	interfaces and peers: what port PDs say of them
 *	capture.c	captures: who waits until they listen
 *	carrier.c	carriers: what a port is told of the one it follows
 *	attach_server.c	processes that attach
 *	../control/	the control socket
 *
 * No code path performs a whole restart.  Each event only changes the state of
 * one PD or link ("this one is dead", "that one is down").  settle() in
 * monitor.c then takes every step that has become possible, until none is left.
 *
 *	PD:    DEAD -> STARTING -> RUNNING -> DEAD ...
 *	       A dead PD starts when all its links are CLEAN, after a pause if
 *	       it fails again and again (restart.h).
 *	link:  CLEAN -> UP -> DRAINING -> CLEAN ...
 *	       A link drains until no side uses it: live switches and
 *	       virtualisers have published the epoch, anything else is dead or
 *	       detached.  Then its queues are zeroed.  It goes up when both
 *	       sides run, and a VM's guest says that it is ready.
 *	       An attach port's link gets new memory instead of being zeroed:
 *	       DRAINING -> RENEWING -> CLEAN.  It is clean when its switch has
 *	       mapped that, or is dead.
 *
 * All cases follow from this.  A port PD dies: its link drains, the PD
 * restarts, the link goes up.  A switch dies: its links go down, so its port
 * PDs are killed, too, and so on through domains that several components share.
 * Virtualisers survive their switch; when they die, so does the VM.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_STATE_H
#define WEIR_VMM_LINUX_MONITOR_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/system.h"
#include "vmm/linux/monitor/attach_server.h"
#include "vmm/linux/monitor/backing.h"
#include "vmm/linux/monitor/change.h"
#include "vmm/linux/control/control.h"
#include "vmm/linux/monitor/disk.h"
#include "vmm/linux/monitor/guest.h"
#include "vmm/linux/monitor/janitor.h"
#include "vmm/linux/monitor/log.h"
#include "vmm/linux/monitor/loop.h"
#include "vmm/linux/monitor/policy.h"
#include "vmm/linux/monitor/switch.h"
#include "vmm/linux/monitor/vm.h"
#include "vmm/linux/outside.h"
#include "vmm/linux/monitor/restart.h"
#include "vmm/linux/monitor/seeker.h"
#include "vmm/linux/monitor/service.h"
#include "vmm/linux/monitor/spawn.h"
#include "base/link.h"
#include "base/queue.h"

#define MS_NS 1000000ull

/* How long a PD may take to get ready; a card may be slow. */
#define PD_READY_NS (60000 * MS_NS)
/*
 * How long a switch may take to act on an epoch or to answer a request;
 * virtualisers, to act on an epoch.
 */
#define SWITCH_ANSWER_NS (1000 * MS_NS)
/* How many requests in a row it may leave unanswered. */
#define SWITCH_SILENCES 4u
/* How often a draining link is looked at. */
#define LINK_POLL_NS MS_NS

enum mon_pd_state { PD_DEAD, PD_STARTING, PD_RUNNING };

/* A PD. */
struct mon_pd {
	const struct sys_pd *sys; /* what it is */
	enum mon_pd_state state;  /* see above */
	bool killed;		  /* SIGKILL is on its way */
	bool off;		  /* a VM that stays dead until it is wanted */
	bool wanted;		  /* it was told to end, which is no failure */
	bool innocent;		/* it was killed because of another's failure */
	struct pd_process proc; /* while it lives (STARTING, RUNNING) */
	struct loop_source exit; /* its pidfd */
	struct loop_source log;	 /* its log */
	struct loop_source ctl;	 /* its control socket */
	struct log_lines lines;	 /* its unfinished log line */
	struct log_limit limit;	 /* its allowance of log lines */
	uint64_t log_since_ns;	 /* its allowance of log bytes */
	size_t log_bytes;
	/* its last line, for "could not be started: ..." */
	char last[LOG_LINE_MAX];
	struct pd_fds *fds; /* by component: what open() gave */
	/* of failures that were its own fault */
	struct restart_history history;
	unsigned int restarts; /* how often it was restarted */
	/* STARTING: when it must be ready; DEAD: when it may be started */
	uint64_t deadline_ns;
};

enum mon_link_state {
	MON_LINK_CLEAN,
	MON_LINK_UP,
	MON_LINK_DRAINING,
	MON_LINK_RENEWING
};

/* A connection and its link page. */
struct mon_link {
	const struct sys_conn *conn; /* what it is */
	struct link_page *page;	     /* its link page, written by us alone */
	enum mon_link_state state;   /* see above */
	bool failed;		     /* it cannot be repaired and stays down */
	struct mon_switch *sw[2];    /* the switch at each end, or NULL */
	/* the virtualisers at each end, or NULL */
	struct mon_virt *virt[2];
	struct mon_vm *vm; /* SYS_TO_VM, SYS_TO_BLK_VM: the VM */
	/* the block virtualiser at end 0, or NULL, and which client's it is */
	struct mon_blk_virt *blk;
	uint32_t blk_client;
	/* of protocol faults of a side that is not restarted for them */
	struct restart_history history;
	/* because of these faults it does not go up before this time */
	uint64_t hold_ns;
	struct log_limit limit; /* allowance of log lines about them */
	/*
	 * DRAINING, UP: when both sides must have seen that; RENEWING: when
	 * the switch must have answered, or, while there is no new memory,
	 * when that is tried again
	 */
	uint64_t deadline_ns;
	uint32_t serial; /* RENEWING: number of the order to the switch */
	bool fresh;	 /* RENEWING: there is new memory */
	bool told;	 /* RENEWING: the order is on its way */
	bool renewed;	 /* RENEWING: it has been carried out */
	/* a capture's free queue, to see whether it records; else NULL */
	struct net_queue *lent;
	struct attach_server attach; /* SYS_TO_ATTACH: who is attached */
	/* what the port's PD says of its outside, or NULL */
	struct outside_page *outside;
	struct seeker seeker; /* looks for it when it is gone */
	/* history of losses, for the pause before the next search */
	struct restart_history lost;
};

enum mon_phase { MONITOR_STARTING, MONITOR_RUNNING, MONITOR_STOPPING };

/* The monitor. */
struct monitor {
	/* a copy of the compiler's, in which seeds are filled in */
	struct system sys;
	const struct system *origin; /* the compiler's */
	struct error *err;	     /* why it could not start */
	enum mon_phase phase;	     /* see above */
	bool announced;		     /* "running" has been logged */
	uint64_t announce_ns;	     /* when it is logged at the latest */
	int result;		     /* what monitor_run() will return */
	/* CLOCK_MONOTONIC as of this round of the loop */
	uint64_t now_ns;
	struct loop loop;	    /* epoll set */
	struct backing backing;	    /* memfds, eventfds, sockets */
	struct janitor janitor;	    /* cleans up after us */
	struct loop_source signals; /* SIGINT, SIGTERM, SIGQUIT, SIGHUP */
	struct reload reload;	    /* what SIGHUP has asked for */
	struct service service;	    /* who has started us, if a manager did */
	struct loop_source warden;  /* the janitor's pidfd */
	/* says when a named network namespace is deleted */
	struct loop_source netns;
	struct mon_pd *pd;     /* by index in the system */
	struct mon_link *link; /* by index of the connection */
	struct mon_switch *sw; /* switches, in the order of their PDs */
	size_t n_switches;     /* how many */
	/* virtualisers, in the order of their PDs */
	struct mon_virt *virt;
	size_t n_virts;		       /* how many */
	struct mon_blk_virt *blk_virt; /* in the order of their PDs */
	size_t n_blk_virts;
	struct mon_vm *vm;	 /* driver VMs, in the order of their ports */
	size_t n_vms;		 /* how many */
	struct mon_guest *guest; /* client VMs, in the order of their PDs */
	size_t n_guests;	 /* how many */
	struct mon_disk *disk;	 /* of guests, in the order of their PDs */
	size_t n_disks;		 /* how many */
	/* policies in force, their topology, changes at run time */
	struct compile_result held;
	struct change change;	       /* a change of policy in progress */
	struct control_server control; /* the control socket */
};

/* --- monitor.c ---------------------------------------------------------- */

/**
 * system_count - how many components of a kind a system has
 */
size_t system_count(const struct system *sys, enum sys_kind kind);

/**
 * monitor_stop - end the loop
 * @result: what monitor_run() returns; an earlier failure is kept
 */
void monitor_stop(struct monitor *m, int result);

/* --- monitor/pd.c ------------------------------------------------------- */

static inline bool pd_alive(const struct mon_pd *pd)
{
	return pd->state == PD_STARTING || pd->state == PD_RUNNING;
}

/**
 * pd_start - spawn a PD that is dead
 *
 * Return: 0; or -1 with @err set, and the PD still dead.
 */
int pd_start(struct monitor *m, struct mon_pd *pd, struct error *err);

/**
 * pd_kill - kill a PD; its pidfd reports the end
 * @innocent: not its own fault, so it does not count as a failure
 */
void pd_kill(struct mon_pd *pd, bool innocent);

/**
 * pd_settle - start a dead PD if its links are clean
 *
 * Return: whether anything changed.
 */
bool pd_settle(struct monitor *m, struct mon_pd *pd);

/**
 * pd_deadline - when pd_tick() must be called at the latest
 *
 * Return: CLOCK_MONOTONIC; UINT64_MAX: nothing to wait for.
 */
uint64_t pd_deadline(const struct mon_pd *pd);

/**
 * pd_pause - how long until a failed PD may be restarted; 0: now
 */
uint64_t pd_pause(const struct monitor *m, const struct mon_pd *pd);

/**
 * pd_tick - handle the deadline of a PD that starts or will, and its log
 */
void pd_tick(struct monitor *m, struct mon_pd *pd);

/**
 * pd_turn - turn a VM on, off, or, if both, on again
 *
 * It is turned off as by a mains switch.  None of it counts as a failure, and
 * what failed before is started without a pause.
 */
void pd_turn(struct mon_pd *pd, bool off, bool on);

/**
 * pd_reap - wait for a PD that was killed, for the end of the monitor
 * @until_ns: at most so long
 *
 * Return: whether it is gone.
 */
bool pd_reap(struct monitor *m, struct mon_pd *pd, uint64_t until_ns);

/* --- monitor/order.c ---------------------------------------------------- */

/**
 * pd_wake - have a PD look at its mailboxes and link pages, if it lives
 */
void pd_wake(const struct mon_pd *pd);

/**
 * pd_give - hand a component of a PD a descriptor
 * @what: what it is for (linux/order.h)
 * @fd:   still the caller's
 *
 * Return: 0; or -1 if the order could not be sent now.
 */
int pd_give(const struct mon_pd *pd, uint32_t comp, uint32_t what, int fd);

/**
 * pd_order_renewal - have the switch at an attach port map fresh memory
 *
 * Return: 0; or -1 if the order could not be sent now.
 */
int pd_order_renewal(const struct monitor *m, const struct mon_link *l);

/**
 * pd_hear - start reading a PD's answers
 * @fd: its control socket, taken over
 *
 * Return: 0, or -1 with errno set.
 */
int pd_hear(struct monitor *m, struct mon_pd *pd, int fd);

/* --- monitor/end.c ------------------------------------------------------ */

/**
 * pds_stop - end all PDs and attachments, captures last, and wait for that
 */
void pds_stop(struct monitor *m);

/* --- monitor/link.c ----------------------------------------------------- */

/**
 * link_down - take a connection down, whatever the reason
 *
 * A port PD is killed, and so is a VM (both come back and the link with them),
 * an attached process is disconnected; switches and virtualisers are notified.
 * Nothing happens if the link is not up.
 */
void link_down(struct monitor *m, struct mon_link *l);

/**
 * link_up - bring a clean connection up
 *
 * For attach_server.c, once a client has its descriptors; otherwise
 * link_settle() does it.
 */
void link_up(struct monitor *m, struct mon_link *l);

/**
 * link_is_carried - whether a link is up and its publishing sides have seen it
 */
bool link_is_carried(const struct mon_link *l);

/**
 * link_notify - have one side look at the link page
 * @side: 0 or 1, as in struct sys_conn
 */
void link_notify(const struct monitor *m, const struct mon_link *l, int side);

/**
 * link_settle - let a link take its next step, if it can
 *
 * Return: whether anything changed.
 */
bool link_settle(struct monitor *m, struct mon_link *l);

/**
 * link_spoil - renew a clean attach connection, whose memory was sent to a
 *	client that did not attach
 */
void link_spoil(struct monitor *m, struct mon_link *l);

/**
 * link_deadline - when link_settle() must be called at the latest
 *
 * Return: CLOCK_MONOTONIC; UINT64_MAX: when something else has happened.
 */
uint64_t link_deadline(const struct monitor *m, const struct mon_link *l);

/**
 * link_fault - an end of a connection broke the queue protocol
 * @end: which; where two switches face each other, it is not known and 1
 */
void link_fault(struct monitor *m, struct mon_link *l, unsigned int end);

/**
 * link_can_serve - may a connection go up, as far as the PDs are concerned?
 *
 * Not while it is held down after protocol faults.
 */
bool link_can_serve(const struct monitor *m, const struct mon_link *l);

/**
 * link_hold - how long a connection is still held down; 0: it is not
 */
uint64_t link_hold(const struct monitor *m, const struct mon_link *l);

/* --- monitor/outside.c -------------------------------------------------- */

/**
 * outsides_open - make the pages in which port PDs report their outside
 *
 * Return: 0, or -1 with @m->err set.
 */
int outsides_open(struct monitor *m);

/**
 * outsides_close - free them
 */
void outsides_close(struct monitor *m);

/**
 * outside_settle - start looking for what is gone
 */
void outside_settle(struct monitor *m, struct mon_link *l);

/**
 * outside_state - what the PD of a connection's port says; "up" without one
 */
enum outside_state outside_state(const struct mon_link *l);

/**
 * outside_name - what it says its interface is called, if not as configured
 * @buf: out
 *
 * Return: a name that need not be one; "": as configured, or not known.
 */
const char *outside_name(const struct monitor *m, const struct mon_link *l,
			 char buf[OUTSIDE_NAME]);

/**
 * outside_path - how frames get to its interface, as its PD says
 */
enum outside_path outside_path(const struct mon_link *l);

/**
 * outside_shared - bytes it says it shares with the outside, besides regions
 */
uint64_t outside_shared(const struct mon_link *l);

/**
 * outside_drops - frames it says it has dropped for one reason
 */
uint64_t outside_drops(const struct mon_link *l, enum outside_drop why);

/* --- monitor/capture.c -------------------------------------------------- */

/**
 * captures_map, captures_unmap - map and unmap the queues of captures
 */
int captures_map(struct monitor *m);
void captures_unmap(struct monitor *m);

/**
 * captures_hold - must this connection wait for a capture?
 *
 * For a second at most.
 */
bool captures_hold(const struct monitor *m, const struct mon_link *l);

/**
 * captures_deadline - when to look at the captures again
 *
 * Return: CLOCK_MONOTONIC; UINT64_MAX: nobody waits.
 */
uint64_t captures_deadline(const struct monitor *m);

/* --- monitor/carrier.c -------------------------------------------------- */

/**
 * link_driver - the connection behind the virtualisers of a driver VM's port
 *
 * Return: NULL if it is none.
 */
const struct mon_link *link_driver(const struct monitor *m,
				   const struct mon_link *l);

/**
 * carrier_init - set a link page's carrier before anything is started
 */
void carrier_init(struct mon_link *l);

/**
 * carrier_settle - update a connection's carrier, and notify its far end
 */
void carrier_settle(struct monitor *m, struct mon_link *l);

/**
 * carrier_deadline - when carrier_settle() must be called at the latest
 *
 * Return: CLOCK_MONOTONIC; UINT64_MAX: when something else has happened.
 */
uint64_t carrier_deadline(const struct monitor *m, const struct mon_link *l);

#endif
