/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing the policy while it runs: `weir reload`, `allow`, `deny`, `undo`, ...
 *
 * A change takes hold everywhere or nowhere, and one is made at a time:
 *
 *	IDLE	   who has asked longest is next
 *	COMPILING  a child compiles; nothing is touched yet, and it can be told
 *		   to end
 *	WAITING	   compiled; a switch it concerns is just being started
 *	ASKING	   switch by switch: the new policy goes into the switch's region
 *		   (policy/image.h) and it is asked to take it
 *	UNDOING	   one has refused: those that have been asked get back the policy
 *		   that holds, and so does the one that refused
 *	ENDING	   nobody waits for the child any more; its end is waited for
 *
 * Only switches whose image changes are asked.  "The policy that holds" is what the
 * monitor keeps a copy of; it becomes the new one when the last switch has agreed,
 * and is what a switch that is started is given.
 *
 * Switches die.  While switches are asked, none of those concerned is started (it
 * could not be said what its region should hold): one that is dead when its turn
 * comes agrees, for it will start with whatever holds in the end.  One that dies
 * over the new policy, or does not answer, refuses it.  One that cannot be
 * brought to take the old policy back judges frames by nobody knows what, and is
 * killed; it then starts with the policy that holds.
 *
 * Who asked may go away, or run out of time.  Up to WAITING that is the end of
 * the change; from then on it goes on to its end without him, which is never
 * far: a switch answers at once, or within SWITCH_ANSWER_NS it does not.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_CHANGE_H
#define WEIR_VMM_LINUX_MONITOR_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/linux/monitor/compiler.h"
#include "vmm/linux/error.h"
#include "vmm/linux/monitor/switch.h"
#include "vmm/linux/monitor/statement.h"

/* Time to compile a change, and for switches to take it. */
#define CHANGE_TIMEOUT_NS (5 * 1000000000ull)

/* Behind the reasons why a change is not made. */
#define CHANGED_NOTHING "; nothing was changed"

enum change_stage {
	CHANGE_IDLE,
	CHANGE_COMPILING,
	CHANGE_WAITING,
	CHANGE_ASKING,
	CHANGE_UNDOING,
	CHANGE_ENDING,
};

struct change_asker;

enum change_kind {
	CHANGE_RELOAD, /* the topology is to be loaded again */
	CHANGE_ADD,    /* statements are to be added */
	CHANGE_UNDO,   /* those of a change are to be taken back */
};

/**
 * struct change_order - what somebody wants changed
 * @kind:   see above
 * @text:   ADD: the statements; UNDO: those taken back, once it is known
 * @file:   RELOAD: from this file; NULL: the one it was started from
 * @number: UNDO: of the change; 0: the last one
 */
struct change_order {
	enum change_kind kind;
	char *text;
	char *file;
	unsigned int number;
};

/**
 * struct change_outcome - what became of an order
 * @refusal: why nothing, or nobody knows what, was changed; NULL: it is made
 * @report:  the compiler's lines, or NULL; if it is made they are warnings
 * @kind:    of the order
 * @number:  ADD, UNDO: of the change, if it is made
 * @undone:  UNDO: what was taken back, if it is made
 *
 * If it is made, the switches it concerned are those that are @concerned.
 */
struct change_outcome {
	const char *refusal;
	const char *report;
	enum change_kind kind;
	unsigned int number;
	const char *undone;
};

/**
 * struct change_asker - somebody who orders a change
 * @done:        called once for each order, unless it is forgotten; he may order
 *               another
 * @order:       what he wants, until it is taken up
 * @next:        in the queue
 * @deadline_ns: when he is told that it takes too long
 */
struct change_asker {
	void (*done)(struct monitor *m, struct change_asker *a,
		     const struct change_outcome *o);
	struct change_order order;
	struct change_asker *next;
	uint64_t deadline_ns;
};

/**
 * struct change - the one that is being made
 * @stage:      see above
 * @queue:      who has ordered one that has not been taken up, in this order
 * @caller:     who waits for its end, or NULL
 * @order:      what he wants
 * @statements: what they will be
 * @compiler:   COMPILING, ENDING
 * @result:     from WAITING on
 * @asker:      ASKING, UNDOING: what switches answer to
 * @at:         switch that is asked, or will be next
 * @asked:      it has been
 * @why:        UNDOING: why it is not made
 */
struct change {
	enum change_stage stage;
	struct change_asker *queue;
	struct change_asker *caller;
	struct change_order order;
	struct statements statements;
	struct compiler compiler;
	struct compile_result result;
	struct switch_asker asker;
	size_t at;
	bool asked;
	struct error why;
};

/**
 * change_init - before anything else
 */
void change_init(struct change *c);

/**
 * change_tick - take whatever step has become possible
 */
void change_tick(struct monitor *m);

/**
 * change_forget - somebody does not want to know any more
 * @a: may have ordered nothing
 *
 * What he has ordered is given up, as long as that is possible.
 */
void change_forget(struct monitor *m, struct change_asker *a);

/**
 * change_is_under_way - are switches being asked?
 *
 * What holds, and what a switch has, may then differ.
 */
bool change_is_under_way(const struct monitor *m);

/**
 * change_holds_back - may a PD not be started just now?
 * @pd: its index
 */
bool change_holds_back(const struct monitor *m, uint32_t pd);

/* --- change_queue.c ----------------------------------------------------- */

/**
 * change_ask - have an order carried out when it is its turn
 * @a: @done and @order filled in
 */
void change_ask(struct monitor *m, struct change_asker *a);

/**
 * change_deadline - when change_tick() must be called at the latest
 *
 * Return: CLOCK_MONOTONIC; UINT64_MAX: nothing to wait for.
 */
uint64_t change_deadline(const struct monitor *m);

/**
 * change_expire - tell one whose time is over
 *
 * Return: whether there was one.
 */
bool change_expire(struct monitor *m);

/* --- change_say.c ------------------------------------------------------- */

/**
 * change_explain - have the compiler's lines in words of who gives commands
 */
void change_explain(struct monitor *m);

/**
 * change_log - it is made: tell the log
 */
void change_log(const struct monitor *m);

/* --- change.c ----------------------------------------------------------- */

/**
 * change_close - end everything, for the end of the monitor
 */
void change_close(struct monitor *m);

#endif
