/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the control server's files share: requests in, JSON out.
 */
#ifndef WEIR_VMM_LINUX_CONTROL_JSON_H
#define WEIR_VMM_LINUX_CONTROL_JSON_H

#include "vmm/linux/monitor_state.h"

/* "02:00:00:00:00:07" with its NUL. */
#define MAC_TEXT 18

/* --- control.c: what becomes of a connection ---------------------------- */

/**
 * control_answer - reply with data
 * @data: taken over; NULL stands for memory that ran out
 */
void control_answer(struct monitor *m, struct control_conn *c, json_t *data);

/**
 * control_refuse - reply with an error
 */
void control_refuse(struct monitor *m, struct control_conn *c,
		    const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* --- control_request.c: what is asked ----------------------------------- */

/**
 * control_request - act upon a request
 * @line: without its newline, not NUL-terminated
 *
 * Afterwards the connection is WRITING, ASKING or closed.
 */
void control_request(struct monitor *m, struct control_conn *c,
		     const char *line, size_t len);

/**
 * control_job_step - put the job's request into the mailbox, if that is free
 * @c: ASKING
 */
void control_job_step(struct monitor *m, struct control_conn *c);

/**
 * control_job_drop - release what a job holds
 */
void control_job_drop(struct monitor *m, struct control_conn *c);

/**
 * hex_decode - octets from a string of hexadecimal digits
 * @out: out
 * @max: room at @out
 *
 * Return: how many, or -1 if that is no even number of digits, or too many.
 */
long hex_decode(const char *text, size_t len, uint8_t *out, size_t max);

/* --- control_show.c: the answers ---------------------------------------- */

/**
 * show_ports, show_policy, show_drops, show_system - data of the replies
 *
 * Return: new JSON, or NULL if memory ran out.
 */
json_t *show_ports(const struct monitor *m);
json_t *show_policy(const struct monitor *m);
json_t *show_drops(const struct monitor *m);
json_t *show_system(const struct monitor *m);

/**
 * show_address - one row of the forwarding database
 * @entry: not believed
 *
 * Return: new JSON, or NULL if there is no such port, or memory ran out.
 */
json_t *show_address(const struct mon_switch *sw,
		     const struct fdb_entry *entry);

/**
 * port_name - "sw0.alice"
 * @buf: out
 */
const char *port_name(const struct mon_switch *sw, uint32_t port,
		      char buf[SYS_NAME]);

/**
 * mac_text - an address for a person
 * @buf: out
 */
const char *mac_text(uint64_t mac, char buf[MAC_TEXT]);

/* --- control_show_vm.c -------------------------------------------------- */

/**
 * show_vms - data of that reply: driver VMs
 *
 * Return: new JSON, or NULL if memory ran out.
 */
json_t *show_vms(const struct monitor *m);

/* --- control_trace.c ---------------------------------------------------- */

/**
 * show_verdict - explain a switch's decision
 * @sw:      the switch
 * @request: what it was asked
 * @v:       what it said; not believed
 *
 * Return: new JSON, or NULL if memory ran out.
 */
json_t *show_verdict(const struct mon_switch *sw,
		     const struct vswitch_ctl_request *request,
		     const struct vswitch_verdict *v);

#endif
