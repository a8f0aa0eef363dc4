/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch's verdict, told step by step: what the files that tell it share.
 *
 * Nothing is decided here.  The switch ran the code that forwards, and its
 * verdict says where the frame stopped; these files walk the same path, name what
 * each step looked at, and stop where the verdict stopped.  The steps, in the
 * order of vswitch/vswitch.h:
 *
 *	length reserved vlan source admit learn resolve storm snooping
 *	left-out
 *						control/trace.c, _left.c
 *	and for each destination: vlan-out allow policy deliver
 *						control/trace_to.c
 *
 * A switch may have been subverted by a frame: what it says is used as an index
 * only after it has been looked at.
 */
#ifndef WEIR_VMM_LINUX_CONTROL_STORY_H
#define WEIR_VMM_LINUX_CONTROL_STORY_H

#include "vmm/linux/control/json.h"

/**
 * struct story - the explanation while it is written
 * @sw:     who decided
 * @policy: what by, or NULL
 * @rules:  of the port the frame would come from
 * @port:   that port
 * @cfg:    its configuration
 * @frame:  the frame, parsed
 * @v:      the decision
 * @steps:  what has been told
 */
struct story {
	const struct mon_switch *sw;
	const struct sys_policy *policy;
	const struct policy_port *rules;
	uint32_t port;
	const struct sys_switch_port *cfg;
	struct frame frame;
	const struct vswitch_verdict *v;
	json_t *steps;
};

/**
 * story_step - tell one step
 *
 * Return: it, not the caller's, so that more can be said; NULL if memory ran out.
 */
json_t *story_step(struct story *s, const char *name, const char *result,
		   const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * story_name - a port's name, or "?" if it has none
 * @buf: out
 */
const char *story_name(const struct story *s, uint32_t port,
		       char buf[SYS_NAME]);

/**
 * story_rule - the rule by which a frame may or may not go to a port
 * @to: a port there is
 *
 * Return: its number, or SYS_NONE.
 */
uint32_t story_rule(const struct story *s, uint32_t to);

/**
 * story_destination - tell what becomes of the frame at one of its destinations
 */
void story_destination(struct story *s, uint32_t to);

/**
 * story_left_out - tell of the ports a flood is not offered to
 */
void story_left_out(struct story *s);

/**
 * story_left_out_rows - the same for programs, with those snooping leaves out
 *
 * Return: new JSON.
 */
json_t *story_left_out_rows(const struct story *s);

#endif
