/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The topology: what the user wrote, as a tree.
 *
 * The parser makes it, checks fill in what follows from it (fields marked
 * "checked"), the builder reads it.  All of it lives in one arena.
 *
 * Marks that keep one mistake from being reported as many:
 *   - a struct name whose text is NULL could not be read and has been
 *     reported;
 *   - a `broken` switch, port or topology has lost something to an error, so
 *     what seems to be missing from it may have been there.
 */
#ifndef WEIR_CONFIG_TOPOLOGY_H
#define WEIR_CONFIG_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/report.h"
#include "config/system.h"

/**
 * struct name - a name, string or number in the text
 * @next:   in lists
 * @text:   NULL: not readable, and reported as such
 * @pos:    where it stands
 */
struct name {
	struct name *next;
	const char *text;
	struct pos pos;
};

/**
 * struct names - a list of them
 * @n: how many
 */
struct names {
	struct name *first;
	struct name *last;
	size_t n;
};

/**
 * struct option - something that may be said once
 * @set:   whether it was
 * @pos:   where
 * @value: its value, or 0 where there is none (or it was wrong)
 */
struct option {
	bool set;
	struct pos pos;
	uint64_t value;
};

enum attachment {
	NOT_ATTACHED,
	TO_TAP,
	TO_NIC,
	TO_SOCKET,
	TO_ATTACH,
	TO_CAPTURE,
	TO_LINK,
	TO_PROGRAM,
	TO_DRIVER_VM,
};

struct topo_allow;
struct topo_domain;
struct topo_link;
struct topo_switch;
struct topo_vm;

/* What a capture port has on top of any other. */
struct topo_capture {
	bool all;
	struct names of;
	struct option drops;
	struct option rotate; /* value: octets */
	uint64_t files;
	struct option filter;
	struct name filter_text;
	struct sys_insn *insn; /* checked */
	uint32_t n_insn;       /* checked */
	uint64_t mask;	       /* checked: the ports watched */
};

/**
 * struct topo_port - a port
 * @sw:        its switch
 * @name:      valid, or its text is NULL
 * @broken:    see above
 * @duplicate: another port has the name; not found by it
 * @kind:      what is attached
 * @kind_pos:  where that is said
 * @target:    interface, path, address or VM
 * @netns:     TO_TAP, TO_NIC: text NULL if none
 * @connect:   TO_SOCKET: connects rather than listens
 * @tcp:       TO_SOCKET
 * @address, @tcp_port: checked: TO_SOCKET with @tcp
 * @capture:   TO_CAPTURE
 * @file:      TO_PROGRAM: the program, absolute
 * @args:      TO_PROGRAM: text NULL if none
 * @vm:        checked: TO_DRIVER_VM
 * @lock, @mtu, @buffers, @reserved, @follow: options
 * @leader_ref: with @follow: as written
 * @leader:    checked: with @follow: the port
 * @link, @link_end: TO_LINK: the link and which end of it this is
 * @domain:    checked: what it is merged into, or NULL
 * @number:    checked: port number
 * @allow:     checked: bit d: may send to port d
 * @allowed_by: checked: by port number: the first rule that says so
 * @mac:       builder's: TO_PROGRAM: its address
 * @pd, @comp, @conn: builder's: indices
 * @stats_rx, @stats_tx, @ctl: builder's: TO_DRIVER_VM: indices
 */
struct topo_port {
	struct topo_port *next;
	struct topo_switch *sw;
	struct name name;
	bool broken;
	bool duplicate;
	enum attachment kind;
	struct pos kind_pos;
	struct name target;
	struct name netns;
	bool connect;
	bool tcp;
	const char *address;
	uint16_t tcp_port;
	struct topo_capture capture;
	const char *file;
	struct name args;
	struct topo_vm *vm;
	struct option lock;
	struct option mtu;
	struct option buffers;
	struct option reserved;
	struct option follow;
	struct name leader_ref;
	struct topo_port *leader;
	struct topo_link *link;
	unsigned int link_end;
	struct topo_domain *domain;
	unsigned int number;
	uint64_t allow;
	const struct topo_allow *allowed_by[VSWITCH_MAX_PORTS];
	uint64_t mac;
	uint32_t pd;
	uint32_t comp;
	uint32_t conn;
	uint32_t stats_rx;
	uint32_t stats_tx;
	uint32_t ctl;
};

/**
 * struct topo_switch - a switch
 * @ports:  in order of declaration; ports made by links come last
 * @last_port: end of that list
 * @n_ports: how many
 * @fdb:    option; its value is enum fdb_kind
 * @entries: of the forwarding database
 * @ageing: option, seconds
 * @domain: checked: what it is merged into, or NULL
 * @island: checked: switches joined by links have the same
 * @hop:    checked: link by which a search came here
 * @pd, @comp, @stats, @ctl_request, @ctl_reply, @channel: builder's: indices
 */
struct topo_switch {
	struct topo_switch *next;
	struct name name;
	bool broken;
	bool duplicate;
	struct topo_port *ports;
	struct topo_port *last_port;
	unsigned int n_ports;
	struct option fdb;
	uint64_t entries;
	struct option ageing;
	struct topo_domain *domain;
	unsigned int island;
	struct topo_link *hop;
	uint32_t pd;
	uint32_t comp;
	uint32_t stats;
	uint32_t ctl_request;
	uint32_t ctl_reply;
	uint32_t channel;
};

/**
 * struct topo_link - a link between two switches
 * @end:  as written, "switch.port"
 * @pos:  of the statement
 * @port: checked: the two ports it makes, NULL if it cannot
 */
struct topo_link {
	struct topo_link *next;
	struct name *end[2];
	struct pos pos;
	struct option mtu;
	struct option buffers;
	struct topo_port *port[2];
};

/**
 * struct topo_allow - one allow statement
 * @side: left and right
 * @list: whether that side was written as a list in braces
 * @both: <-> rather than ->
 * @broken: the arrow is neither
 */
struct topo_allow {
	struct topo_allow *next;
	struct pos pos;
	struct names side[2];
	bool list[2];
	bool both;
	bool broken;
};

/**
 * struct topo_domain - components that share a PD
 * @poll: option, microseconds
 * @pd:   builder's: index, SYS_NONE before there is one
 */
struct topo_domain {
	struct topo_domain *next;
	struct name name;
	bool broken;
	struct names members;
	struct option poll;
	uint32_t pd;
};

/**
 * struct topo_vm - a driver VM
 * @name:    valid, or its text is NULL
 * @kernel, @initrd: options; the files are absolute, text NULL if unusable
 * @nic:     option; its address has text NULL if it is none
 * @memory:  option: octets
 * @uncached: option
 * @append:  option; its words have text NULL if they are none
 * @user:    checked: the port that has it
 * @pd, @ram, @status, @stats, @channel: builder's: indices
 */
struct topo_vm {
	struct topo_vm *next;
	struct name name;
	bool broken;
	bool duplicate;
	struct option kernel;
	struct name kernel_file;
	struct option initrd;
	struct name initrd_file;
	struct option nic;
	struct name nic_address;
	struct option memory;
	struct option uncached;
	struct option append;
	struct name append_words;
	struct topo_port *user;
	uint32_t pd;
	uint32_t ram;
	uint32_t status;
	uint32_t stats;
	uint32_t channel;
};

/**
 * struct topology - all of it
 * @broken: a statement that could have made names was not understood
 */
struct topology {
	struct arena *arena;
	struct report *report;
	struct topo_switch *switches;
	struct topo_link *links;
	struct topo_allow *allows;
	struct topo_domain *domains;
	struct topo_vm *vms;
	bool broken;
};

/* Walks a list of anything that has `next`. */
#define for_each(item, list)                                                   \
	for ((item) = (list); (item); (item) = (item)->next)

/**
 * topo_append - put something that has `next` at the end of a list
 */
#define topo_append(list, item)                                                \
	do {                                                                   \
		__typeof__(list) *topo_tail = &(list);                         \
		while (*topo_tail)                                             \
			topo_tail = &(*topo_tail)->next;                       \
		*topo_tail = (item);                                           \
	} while (0)

/**
 * name_shown - a name for a message: "?" if it could not be read
 */
const char *name_shown(const struct name *name);

/**
 * names_add - put a name at the end of a list
 */
void names_add(struct names *names, struct name *name);

/**
 * topo_add_port - put a port at the end of a switch
 * @name: of the new port
 */
struct topo_port *topo_add_port(struct topology *t, struct topo_switch *sw,
				const struct name *name);

/**
 * topo_port_name - "switch.port"
 */
const char *topo_port_name(struct topology *t, const struct topo_port *port);

/**
 * topo_kind_name - "tap", "capture", ...
 */
const char *topo_kind_name(enum attachment kind);

#endif
