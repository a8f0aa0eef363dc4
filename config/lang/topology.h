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

#include "config/lang/hosts.h"
#include "config/lang/rules.h"
#include "config/system.h"

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

struct source_text;
struct topo_domain;
struct topo_link;
struct topo_switch;
struct topo_vm;

/* What a capture port has on top of any other. */
struct topo_capture {
	bool all;
	struct names of;
	struct option drops;
	struct option overwrite;
	struct option rotate; /* value: octets */
	uint64_t files;
	struct option filter;
	struct filter code; /* checked */
	uint64_t mask;	    /* checked: the ports watched */
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
 * @reserved, @follow, @mode, @owner, @group: options
 * @tap_mac, @tap_address: options of taps
 * @addresses: with @tap_address, @n_addresses of them
 * @settings:  options that can change while it runs
 * @own_lock:  checked: the `mac lock` of the file, or 0
 * @leader:    checked: with @follow: the port
 * @link, @link_end: TO_LINK: the link and which end of it this is
 * @domain:    checked: what it is merged into, or NULL
 * @number:    checked: port number
 * @allow:     checked: bit d: some rule allows something to port d
 * @entries:   checked: by port number: what is asked, in that order
 * @met:       checks': the last group or side that was found to have it
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
	struct option reserved;
	struct option follow;
	struct option mode;
	struct option owner;
	struct option group;
	struct option tap_mac;
	struct option tap_address;
	uint32_t n_addresses;
	struct sys_address addresses[SYS_ADDRESSES];
	struct topo_settings settings;
	uint64_t own_lock;
	struct topo_port *leader;
	struct topo_link *link;
	unsigned int link_end;
	struct topo_domain *domain;
	unsigned int number;
	uint64_t allow;
	struct topo_entry *entries[MAX_PORTS];
	const void *met;
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
 * @flows:  option: how many at a time
 * @snoop:  option
 * @policy: option; @words: what it hands on
 * @rules, @n_entries, @n_insns, @n_prefixes: checked: of its policy
 * @unasked, @n_unasked: checked: rules that are never asked
 * @number: builder's: which of the system's policies
 * @domain: checked: what it is merged into, or NULL
 * @island: checked: switches joined by links have the same
 * @hop:    checked: link by which a search came here
 * @pd, @comp, @stats, @ctl_request, @ctl_reply, @image, @channel: builder's: indices
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
	struct option flows;
	struct option snoop;
	struct option policy;
	uint64_t words[POLICY_MAX_WORDS];
	uint32_t n_words;
	uint32_t n_rules;
	uint32_t n_entries;
	uint32_t n_insns;
	uint32_t n_prefixes;
	struct topo_unasked *unasked;
	uint32_t n_unasked;
	uint32_t number;
	struct topo_domain *domain;
	unsigned int island;
	struct topo_link *hop;
	uint32_t pd;
	uint32_t comp;
	uint32_t stats;
	uint32_t ctl_request;
	uint32_t ctl_reply;
	uint32_t image;
	uint32_t channel;
};

/**
 * struct topo_link - a link between two switches
 * @end:  as written, "switch.port"
 * @pos:  of the statement
 * @settings: of both its ports
 * @port: checked: the two ports it makes, NULL if it cannot
 */
struct topo_link {
	struct topo_link *next;
	struct name *end[2];
	struct pos pos;
	struct topo_settings settings;
	struct topo_port *port[2];
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
 * @kernel, @initrd: options; absolute, text NULL if unusable
 * @nic:     option: its address
 * @memory:  option: octets
 * @uncached: option
 * @watchdog: option: seconds, 0: off
 * @append:  option
 * @user:    checked: the port that has it
 * @pd, @ram, @status, @stats, @channel: builder's: indices
 */
struct topo_vm {
	struct topo_vm *next;
	struct name name;
	bool broken;
	bool duplicate;
	struct option kernel;
	struct option initrd;
	struct option nic;
	struct option memory;
	struct option uncached;
	struct option watchdog;
	struct option append;
	struct topo_port *user;
	uint32_t pd;
	uint32_t ram;
	uint32_t status;
	uint32_t stats;
	uint32_t channel;
};

/**
 * struct topology - all of it
 * @texts:  the files it was read from
 * @base:   a system made of the same files: they are not read again
 * @hosts:  checked: names in filters
 * @broken: a statement that could have made names was not understood
 */
struct topology {
	struct arena *arena;
	struct report *report;
	struct topo_switch *switches;
	struct topo_link *links;
	struct topo_rule *rules;
	struct topo_group *groups;
	struct topo_set *sets;
	struct topo_domain *domains;
	struct topo_vm *vms;
	struct source_text *texts;
	struct hosts hosts;
	const struct system *base;
	bool broken;
};

/**
 * topo_add_port - put a port at the end of a switch
 * @name: of the new port
 */
struct topo_port *topo_add_port(struct topology *t, struct topo_switch *sw,
				const struct name *name);

/**
 * topo_mtu - of a port, said or not
 */
uint32_t topo_mtu(const struct topo_port *port);

/**
 * topo_port_name - "switch.port"
 */
const char *topo_port_name(struct topology *t, const struct topo_port *port);

/**
 * topo_kind_name - "tap", "capture", ...
 */
const char *topo_kind_name(enum attachment kind);

#endif
