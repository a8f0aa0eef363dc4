/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the control server's files share: requests in, JSON out.
 *
 * Functions that return JSON return it new; NULL if memory ran out.
 */
#ifndef WEIR_VMM_LINUX_CONTROL_JSON_H
#define WEIR_VMM_LINUX_CONTROL_JSON_H

#include "vmm/linux/monitor/facts.h"
#include "vmm/linux/monitor/state.h"

/* A value's name, or what stands for one that is none: it may be a lie. */
#define NAME_OF(names, value, other)                                           \
	((size_t)(value) < sizeof(names) / sizeof(*(names)) &&                 \
			 (names)[value] != NULL                                \
		 ? (names)[value]                                              \
		 : (other))

/* JSON's integers are signed; no honest counter gets beyond that. */
static inline json_int_t clamped(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (json_int_t)value;
}

/* A counter that another process writes. */
static inline json_int_t counter(const uint64_t *p)
{
	return clamped(switch_load64(p));
}

/* One more row; NULL, as of a port that is not there, is left out. */
static inline void add_row(json_t *rows, json_t *row)
{
	json_array_append_new(rows, row);
}

/* --- control.c ---------------------------------------------------------- */

/**
 * control_enter - begin with a state, and its time
 */
void control_enter(struct monitor *m, struct control_conn *c,
		   enum control_state state);

/**
 * control_answer - reply with data
 * @data: taken over; NULL stands for memory that ran out
 */
void control_answer(struct monitor *m, struct control_conn *c, json_t *data);

/**
 * control_refuse - reply with an error
 * @why: of facts_error(); taken over
 */
void control_refuse(struct monitor *m, struct control_conn *c, json_t *why);

/* --- request.c ---------------------------------------------------------- */

/**
 * control_request - act upon a request
 * @line: without its newline, not NUL-terminated
 *
 * Afterwards the connection is WRITING, ASKING or closed.
 */
void control_request(struct monitor *m, struct control_conn *c,
		     const char *line, size_t len);

/**
 * hex_decode - bytes from a string of hexadecimal digits
 * @out: out: @max bytes
 *
 * Return: how many, or -1 if that is no even number of digits, or too many.
 */
long hex_decode(const char *text, size_t len, uint8_t *out, size_t max);

/* --- job.c: what takes a while ------------------------------------------ */

/**
 * control_job_start - begin with the job, or change, that has been filled in
 */
void control_job_start(struct monitor *m, struct control_conn *c);

/**
 * control_job_step - take the next step, if it is possible
 * @c: ASKING
 */
void control_job_step(struct monitor *m, struct control_conn *c);

/**
 * control_job_drop - release what a job holds
 */
void control_job_drop(struct monitor *m, struct control_conn *c);

/* --- list.c ------------------------------------------------------------- */

/* What can be asked for: what switches say, or the monitor knows. */
struct control_list {
	const char *what; /* NULL: a trace */
	/* entry @i of a reply, not trusted; NULL if it makes no sense */
	json_t *(*row)(const struct monitor *m, const struct mon_switch *sw,
		       const struct vswitch_ctl_reply *reply, uint32_t i);
	uint32_t op;   /* enum vswitch_ctl_op */
	uint32_t page; /* entries a reply can have */
	/* replies that are enough for the largest table, whatever is said */
	unsigned int pages;
	bool names_rules; /* it is not shown while policies change */
	/* if the monitor knows it: all of it */
	json_t *(*data)(const struct monitor *m);
};

/* A switch's verdict on one frame. */
extern const struct control_list control_trace;

/**
 * control_list_find - a list by its name, or NULL
 */
const struct control_list *control_list_find(const char *what);

/**
 * ip_json - an address
 */
json_t *ip_json(const struct ip_addr *addr);

/**
 * prefix_json - likewise, but a prefix if @bits are fewer than it has
 * @addr: of IPv6
 */
json_t *prefix_json(const uint8_t addr[16], unsigned int bits);

/* --- show.c, show_vm.c, policy.c: data of the replies ------------------- */

json_t *show_ports(const struct monitor *m);
json_t *show_drops(const struct monitor *m);
json_t *show_system(const struct monitor *m);
json_t *show_vms(const struct monitor *m);

/** show_disks - for `show disks` (show_disk.c) */
json_t *show_disks(const struct monitor *m);

/** pd_state_name - "running", "starting", "restarting", "off" */
const char *pd_state_name(const struct mon_pd *pd);
json_t *show_policy(const struct monitor *m);

/**
 * show_rule - a rule, as it is shown with whatever it decided
 * @number: of a rule there is
 */
json_t *show_rule(const struct sys_policy *policy, uint32_t number);

/**
 * pause_ms - nanoseconds to wait, as milliseconds; 0 only if it is over
 */
json_int_t pause_ms(uint64_t ns);

/**
 * port_name - "sw0.alice"
 * @buf: out
 */
const char *port_name(const struct mon_switch *sw, uint32_t port,
		      char buf[SYS_NAME]);

/**
 * port_json - the same; NULL if there is no such port
 *
 * json_pack() makes NULL of it, too.
 */
json_t *port_json(const struct mon_switch *sw, uint32_t port);

/**
 * mac_json - "02:00:00:00:00:0a"
 */
json_t *mac_json(uint64_t mac);

/* --- trace.c ------------------------------------------------------------ */

/**
 * show_verdict - a switch's decision, and what it decided by
 * @policy:  what it judges by, or NULL
 * @request: what it was asked
 * @v:       what it said; not trusted
 */
json_t *show_verdict(const struct mon_switch *sw,
		     const struct sys_policy *policy,
		     const struct vswitch_ctl_request *request,
		     const struct vswitch_verdict *v);

#endif
