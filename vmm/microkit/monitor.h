/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor PD, inside: children, links, mailboxes, questions.
 *
 * Whatever wakes the monitor, it does the same: monitor_step() looks at all
 * statistics and mailboxes and goes on with what can go on.  It rings a channel
 * only when it has changed something there, and never waits.
 */
#ifndef WEIR_VMM_MICROKIT_MONITOR_H
#define WEIR_VMM_MICROKIT_MONITOR_H

#include <stdbool.h>

#include "base/link.h"
#include "base/restart.h"
#include "vmm/microkit/pd.h"
#include "vswitch/ctl.h"
#include "vswitch/stats.h"

enum mon_link_state {
	MON_UP,
	MON_DRAINING, /* the epoch has ended; not all sides have let go */
	MON_CLEAN,    /* queues are zero; it goes up again after its pause */
};

/**
 * struct mon_link - a link's state
 * @let_go:   by side: a peer that is not our child has said so
 * @history:  its faults
 * @renewals: epochs begun after the first
 */
struct mon_link {
	enum mon_link_state state;
	bool let_go[MK_SIDES];
	struct restart_history history;
	uint64_t renewals;
};

/**
 * struct mon_child - a child's state
 * @runs:     false: stopped, or faulted and so suspended
 * @restarts: since the start
 */
struct mon_child {
	bool runs;
	struct restart_history history;
	uint64_t restarts;
};

/**
 * struct mon_switch - what a switch has been asked through its mailbox
 * @seq:     of the last request
 * @op:      enum vswitch_ctl_op
 * @pending: not answered yet
 * @asker:   in the configuration's asker[], or MK_NONE: nobody's
 */
struct mon_switch {
	uint32_t seq;
	uint32_t op;
	bool pending;
	uint32_t asker;
};

struct monitor {
	const struct mk_monitor *cfg;
	uint64_t now_ns;
	uint64_t alarm_ns; /* when the timer will wake us */
	struct mon_child child[MK_CHANNELS];
	struct mon_switch sw[MK_SWITCHES];
	struct mon_link link[MK_LINKS];
};

/* Look at everything, do what can be done. */
void monitor_step(struct monitor *m);

/* --- monitor_link.c ----------------------------------------------------- */

/* A link's page. */
static inline struct link_page *mon_page(const struct monitor *m,
					 unsigned int link)
{
	return mk_at(m->cfg->link[link].page);
}

/**
 * links_begin - all links up for the first time
 */
void links_begin(struct monitor *m);

/**
 * link_down - end a link's epoch
 *
 * A peer that is our child is stopped, and its other links go down as well.
 */
void link_down(struct monitor *m, unsigned int link);

/**
 * child_down - a child has stopped: end the epochs of all its links
 */
void child_down(struct monitor *m, unsigned int child);

/**
 * links_step - find faults, zero what is drained, begin epochs, restart children
 */
void links_step(struct monitor *m);

/**
 * links_due - when the next pause ends; UINT64_MAX: there is none
 */
uint64_t links_due(const struct monitor *m);

/* --- monitor_order.c ---------------------------------------------------- */

/**
 * order_free - can a switch be ordered to do something?
 */
bool order_free(const struct monitor *m, unsigned int sw);

/**
 * order - have a switch do something; it is free
 * @asker: who is to be notified
 */
void order(struct monitor *m, unsigned int sw, uint32_t asker,
	   enum vswitch_ctl_op op, uint32_t port, uint32_t cursor);

/**
 * order_keep - remember the policy that holds, before it is changed
 */
void order_keep(const struct monitor *m, unsigned int sw);

/**
 * orders_step - look for answers
 */
void orders_step(struct monitor *m);

/**
 * order_cancel - the switch is to be restarted; it answers nothing any more
 */
void order_cancel(struct monitor *m, unsigned int sw);

/* --- monitor_ask.c ------------------------------------------------------ */

/**
 * monitor_ask - answer a protected procedure call
 * @ch: whose
 */
microkit_msginfo monitor_ask(struct monitor *m, microkit_channel ch,
			     microkit_msginfo msg);

#endif
