/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing the policy of a running system: `weir reload`, `allow`, `undo` ...
 *
 * A change takes effect at all switches or at none, and one is made at a time:
 *
 *	IDLE	   the order that has waited longest is next, once the compiler
 *		   of one that was given up has ended
 *	COMPILING  a child compiles; nothing has been touched yet
 *	WAITING	   compiled; a switch that is concerned is still starting
 *	ASKING	   switch by switch, the new policy is put into the switch's
 *		   region (policy/image.h) and the switch is asked to take it
 *	UNDOING	   one has refused; it, and those asked before, get the old
 *		   policy back
 *
 * Only switches whose policy image changes are concerned.  The policy in force
 * (policy.h) is what a switch is started with; the new one comes into force
 * when the last switch has agreed.
 *
 * Switches die.  During ASKING and UNDOING no switch that is concerned is
 * started, because it is not known yet which policy it is to have.  One that is
 * dead when its turn comes agrees.  One that dies while it is asked, or does
 * not answer, refuses.  One that does not take the old policy back is killed
 * and starts with the policy in force.
 *
 * Whoever ordered the change may go away, or its time may run out.  Up to
 * WAITING that ends the change; from then on it is carried through, which takes
 * at most SWITCH_ANSWER_NS for each switch.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_CHANGE_H
#define WEIR_VMM_LINUX_MONITOR_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/linux/monitor/compiler.h"
#include "vmm/linux/monitor/facts.h"
#include "vmm/linux/monitor/switch.h"

/* Time to compile a change; and for the switches to take it. */
#define CHANGE_TIMEOUT_NS (5 * 1000000000ull)

enum change_stage {
	CHANGE_IDLE,
	CHANGE_COMPILING,
	CHANGE_WAITING,
	CHANGE_ASKING,
	CHANGE_UNDOING,
};

/* Embedded in whatever orders changes. */
struct change_asker {
	/*
	 * called once for each order, unless change_forget() comes first.
	 * @made: it is made, and @facts is the reply's data; otherwise @facts
	 * is of facts_error(). @facts is the callee's
	 */
	void (*done)(struct monitor *m, struct change_asker *a, bool made,
		     json_t *facts);
	struct change_order order; /* until it is taken up */
	struct change_asker *next; /* in the queue */
	uint64_t deadline_ns;	   /* when @done is called at the latest */
};

/* The change that is being made. */
struct change {
	enum change_stage stage;
	/* orders that have not been taken up, the oldest first */
	struct change_asker *queue;
	struct change_asker *caller; /* who gave the order, or NULL */
	struct change_order order;   /* what is to be changed */
	/* COMPILING; while it ends after that, no change begins */
	struct compiler compiler;
	struct compile_result result; /* from WAITING on */
	/* ASKING, UNDOING: what switches answer to */
	struct switch_asker asker;
	size_t at;   /* the switch that is asked, or will be next */
	bool asked;  /* it has been */
	json_t *why; /* UNDOING: of facts_error() */
};

/**
 * change_init - before anything else
 */
void change_init(struct change *c);

/**
 * change_ask - have an order carried out when it is its turn
 * @a: @done and @order filled in
 */
void change_ask(struct monitor *m, struct change_asker *a);

/**
 * change_forget - give up an order as far as that is possible
 * @a: may have ordered nothing
 */
void change_forget(struct monitor *m, struct change_asker *a);

/**
 * change_tick - take every step that has become possible
 */
void change_tick(struct monitor *m);

/**
 * change_deadline - when change_tick() must be called at the latest
 *
 * Return: CLOCK_MONOTONIC; UINT64_MAX: nothing to wait for.
 */
uint64_t change_deadline(const struct monitor *m);

/**
 * change_is_under_way - are switches being asked?
 *
 * What a switch has may then differ from what is in force.
 */
bool change_is_under_way(const struct monitor *m);

/**
 * change_holds_back - must a PD not be started just now?
 * @pd: its index
 */
bool change_holds_back(const struct monitor *m, uint32_t pd);

/**
 * change_close - end everything, for the end of the monitor
 */
void change_close(struct monitor *m);

/* --- reload.c: SIGHUP orders a change, as `weir reload` does ------------- */

struct reload {
	struct change_asker asker; /* for change_ask() */
	/* that have come since the one that has been ordered, itself included */
	unsigned int signals;
};

/**
 * reload_start - a signal has come: load the topology again, say in the log
 *	what came of it
 */
void reload_start(struct monitor *m);

/**
 * reload_close - forget it, for the end of the monitor
 */
void reload_close(struct monitor *m);

#endif
