/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What statements do; the table of words has how they are written.  An option
 * that has been said before is not set again: its action is not called.
 */
#ifndef WEIR_CONFIG_ACTIONS_H
#define WEIR_CONFIG_ACTIONS_H

#include "config/lang/parser.h"

/* The largest frame's payload; with all headers it fits the largest buffer. */
#define MAX_MTU 9216u

/* struct form: what @n says of some. */
enum { CONNECT = 1, TCP = 2 };
enum { BOTH = 1 };
enum { DENY = 1 };
enum { MANY = 100000000 };
enum { USER = 1 };
enum partition_by { BY_NUMBER = 1, BY_NAME };

/* Any option: a number, a text, a file. */
form_action on_number, on_text, on_file;
/* actions.c: the topology, a switch, a vm */
form_action on_switch, on_link, on_rule, on_group, on_domain, on_vm, on_include;
form_action on_placement, on_cpu;
form_action on_set, on_fdb, on_port, on_flows, on_policy, refuse_linear;
form_action on_memory, on_append, on_never, on_card, refuse_interface;
/* actions_port.c: a port */
form_action on_interface, on_socket, on_vhost_user, on_attach, on_program,
	on_capture;
form_action on_mode, on_owner, on_address, on_rotate, on_card_mac;
form_action refuse_card;
/* actions_disk.c: a disk, and a vm's */
form_action on_disk, on_disk_file, on_disk_socket, on_partition;
form_action on_vm_file, on_vm_disk, on_vm_partition;
/* actions_settings.c: a port, a link, a set */
form_action on_lock, on_ip_lock, on_access, on_trunk, on_limit, on_rate;
form_action on_flood, on_buffers, on_off, storms_off;
form_action refuse_in_link, refuse_follow;

/* The name of something new; @broken: what lacks it if it is no good. */
struct name new_name(struct parser *p, const struct args *a, const char *what,
		     bool *broken);

/*
 * Is this in the text of a change, which cannot have such a statement?  If so,
 * that is reported, and what is in the statement is lost.
 */
bool refuse_runtime(struct parser *p, struct pos at);

#endif
