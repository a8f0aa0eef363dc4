/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switches as the monitor sees them; see monitor/state.h.
 *
 * A switch handles frames from hostile peers, and one might subvert it.  Its
 * replies are copied before they are read, and not trusted.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_SWITCH_H
#define WEIR_VMM_LINUX_MONITOR_SWITCH_H

#include <stdint.h>

#include "config/system.h"
#include "vmm/linux/monitor/loop.h"
#include "vswitch/ctl.h"
#include "vswitch/stats.h"

struct mon_link;
struct mon_switch;

/*
 * Embedded in whatever sends requests to switches.
 *
 * One of them is called for each switch_ask(), unless switch_withdraw() comes
 * first.
 */
struct switch_asker {
	/* a switch has answered; @reply is a private copy, not to be trusted */
	void (*reply)(struct monitor *m, struct switch_asker *a,
		      struct mon_switch *sw,
		      const struct vswitch_ctl_reply *reply);
	/*
	 * it has not answered in time (either may be NULL: nobody wants to
	 * know)
	 */
	void (*silence)(struct monitor *m, struct switch_asker *a,
			struct mon_switch *sw);
};

/* A switch, seen through its regions. */
struct mon_switch {
	const struct sys_component *comp;  /* its configuration */
	uint32_t pd;			   /* index of its PD */
	const struct vswitch_stats *stats; /* its statistics, read-only */
	/* its mailbox: ours to write */
	struct vswitch_ctl_request *request;
	/* its mailbox: read-only */
	const struct vswitch_ctl_reply *reply;
	/* its policy region: ours to write */
	struct policy_image *policy;
	struct loop_source ctl; /* the descriptor it notifies us by */
	uint32_t seq;		/* the last request's */
	/* what waits for the reply, or NULL */
	struct switch_asker *asker;
	uint64_t deadline_ns; /* when the reply must be there */
	/* requests in a row it has not answered in time */
	unsigned int silent;
	uint64_t disputes;   /* disputed addresses that were logged */
	uint64_t dispute_ns; /* when the next one may be logged */
	/* its number for the policy it took last; 0: not asked yet */
	uint64_t generation;
	bool concerned; /* the change in progress changes its policy */
	/* it has taken the new one, which is not in force yet */
	bool touched;
	struct mon_link *link[MAX_PORTS]; /* by port number */
};

/**
 * switches_map - find the system's switches and map what they show
 *
 * Return: 0, or -1 with @m->err set.
 */
int switches_map(struct monitor *m);

/**
 * switches_watch - watch the switches' notifications
 *
 * Return: 0, or -1 with @m->err set.
 */
int switches_watch(struct monitor *m);

/**
 * switches_free - unmap and forget
 */
void switches_free(struct monitor *m);

/**
 * switch_reset - zero a dead switch's regions
 */
void switch_reset(struct monitor *m, struct mon_switch *sw);

/**
 * switch_port_epoch - the link epoch a switch last acted upon at a port
 */
uint32_t switch_port_epoch(const struct mon_switch *sw, uint32_t port);

/**
 * switch_port_state - enum vswitch_port_state, or PORT_ABSENT if it is none
 */
enum vswitch_port_state switch_port_state(const struct mon_switch *sw,
					  uint32_t port);

/**
 * switch_ask - put a request into a switch's mailbox
 * @sw:      whose mailbox is free (@sw->asker is NULL) and whose PD runs
 * @request: all but seq
 */
void switch_ask(struct monitor *m, struct mon_switch *sw,
		const struct vswitch_ctl_request *request,
		struct switch_asker *asker);

/**
 * switch_withdraw - cancel an asker's requests to all switches
 */
void switch_withdraw(struct monitor *m, const struct switch_asker *asker);

/**
 * switch_prod - check whether a switch still answers
 *
 * Called when a user looks at it: an idle switch is never woken otherwise.
 * Nobody waits for the answer; a switch that gives none is killed.
 */
void switch_prod(struct monitor *m, struct mon_switch *sw);

/**
 * switch_tick - handle the deadline of a request
 *
 * A switch that leaves SWITCH_SILENCES requests in a row unanswered hangs; it
 * is killed and restarted.
 */
void switch_tick(struct monitor *m, struct mon_switch *sw);

/**
 * switch_load64 - read a counter another process writes
 */
static inline uint64_t switch_load64(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

#endif
