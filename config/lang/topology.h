/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The topology: what the user wrote, as a tree.
 *
 * The parser makes it, checks fill in what follows from it (after a line that
 * says so), the builder reads it and keeps its indices in it.  All of it lives
 * in one arena.
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

#include "config/lang/disks.h"
#include "config/lang/rules.h"
#include "config/system.h"

enum attachment {
	NOT_ATTACHED,
	TO_TAP,
	TO_NIC,
	TO_SOCKET,
	TO_VHOST_USER,
	TO_ATTACH,
	TO_CAPTURE,
	TO_LINK,
	TO_PROGRAM,
	TO_DRIVER_VM,
	TO_VM,
};

/* What is to be known of a kind of port. */
struct topo_kind {
	const char *word;	 /* of the language */
	enum sys_kind component; /* SYS_KINDS: no process of ours serves it */
	enum sys_attachment to;
	bool host;	   /* behind it is a host rather than a network */
	bool own;	   /* no other port may have what it names */
	bool stack;	   /* behind it is the stack of a host or a guest */
	bool offload;	   /* takes segments, unless told otherwise */
	const char *alone; /* why it cannot be in a domain, or NULL */
};

extern const struct topo_kind topo_kinds[]; /* by enum attachment */

struct source_text;
struct topo_asked;
struct topo_known;
struct topo_domain;
struct topo_link;
struct topo_placement;
struct topo_switch;
struct topo_vm;

/* What a capture port has on top of any other. */
struct topo_capture {
	bool all;
	struct names of;
	struct option drops;
	struct option overwrite;
	struct option rotate; /* value: bytes */
	uint64_t files;
	struct option filter;
	/* Checked: */
	struct filter code;
	uint64_t mask; /* the ports watched */
};

struct topo_port {
	struct topo_port *next;
	struct topo_switch *sw;
	struct name name; /* valid, or its text is NULL */
	bool broken;
	enum attachment kind;
	struct pos kind_pos;
	struct name target; /* interface, path, address or VM */
	struct name netns;  /* of an interface; text NULL if none */
	bool connect;	    /* sockets: rather than listens */
	bool tcp;	    /* TO_SOCKET: with these: */
	const char *address;
	uint16_t tcp_port;
	struct topo_capture capture;
	const char *file; /* TO_PROGRAM: the program, absolute */
	struct name args; /* TO_PROGRAM: text NULL if none */
	struct option reserved;
	struct option follow;
	struct option mode;
	struct option owner;
	struct option group;
	struct option nic_xdp;
	struct option card_mac;
	struct option tap_address; /* with these: */
	uint32_t n_addresses;
	struct sys_address addresses[SYS_ADDRESSES];
	struct topo_settings settings; /* what can change while it runs */
	struct topo_link *link;	       /* TO_LINK, and which end: */
	unsigned int link_end;
	/* Checked: */
	struct topo_vm *vm;
	struct topo_port *leader;
	uint64_t own_lock;		  /* the `mac lock` of the file, or 0 */
	struct topo_domain *domain;	  /* what it is merged into, or NULL */
	struct topo_placement *placement; /* if it is not, or NULL */
	unsigned int number;
	uint64_t allow; /* bit d: some rule allows something to port d */
	/* By port number: what is asked, in that order. */
	struct topo_entry *entries[MAX_PORTS];
	const void *met; /* the last group that was found to have it */
	/* The builder's: */
	uint64_t mac; /* TO_PROGRAM, TO_VM: its address */
	uint32_t pd;
	uint32_t comp;
	uint32_t conn;
};

struct topo_switch {
	struct topo_switch *next;
	struct name name;
	bool broken;
	struct topo_port *ports; /* as declared, then those made by links */
	struct topo_port *last_port;
	unsigned int n_ports;
	struct option fdb; /* entries of the forwarding database */
	struct option ageing;
	struct option flows;
	struct option snoop;
	struct option policy; /* what it hands on: */
	uint64_t words[POLICY_MAX_WORDS];
	uint32_t n_words;
	/* Checked, of its policy: */
	uint32_t n_rules;
	uint32_t n_entries;
	uint32_t n_insns;
	uint32_t n_prefixes;
	struct sys_unasked *unasked;
	uint32_t n_unasked;
	/* Checked: */
	struct topo_domain *domain;	  /* what it is merged into, or NULL */
	struct topo_placement *placement; /* if it is not, or NULL */
	struct topo_switch *up;		  /* the next in a tree of links */
	/* The builder's: */
	uint32_t number; /* of its policy */
	uint32_t pd;
	uint32_t comp;
};

/* A link between two switches; its settings are those of both its ports. */
struct topo_link {
	struct topo_link *next;
	struct name *end[2]; /* as written, "switch.port" */
	struct pos pos;
	struct topo_settings settings;
	struct topo_port *port[2]; /* checked: those it makes, or NULL */
};

/* Components that share a PD. */
struct topo_domain {
	struct topo_domain *next;
	struct name name;
	bool broken;
	struct names members;
	struct option poll; /* microseconds */
	/* Checked: */
	struct topo_placement *placement; /* or NULL */
	uint32_t pd;			  /* the builder's; SYS_NONE at first */
};

/**
 * struct topo_placement - domains that run where it says
 * @cpus:     without `cpu`: one processor, chosen when it starts
 * @n:        checked: domains it places
 * @spinner:  checked: one of them that polls, or NULL
 * @together: checked: number of those without `cpu`, from 1; else 0
 */
struct topo_placement {
	struct topo_placement *next;
	struct pos pos;
	bool broken;
	struct names members;
	struct option cpu;
	struct sys_cpus cpus;
	unsigned int n;
	const struct topo_domain *spinner;
	uint32_t together;
};

/* A driver VM or a client VM; its files are absolute. */
struct topo_vm {
	struct topo_vm *next;
	struct name name;
	bool broken;
	struct option kernel;
	struct option initrd;
	struct option nic;
	struct option storage;
	struct option memory; /* bytes */
	struct option uncached;
	struct option watchdog; /* seconds; 0: off */
	struct option append;
	struct option cpus;
	struct topo_port *user;		  /* checked: a port that has it */
	unsigned int n_ports;		  /* checked: how many do */
	struct topo_disk *drives;	  /* checked: the disk, or NULL */
	unsigned int n_disks;		  /* checked: how many it has */
	struct topo_placement *placement; /* checked: or NULL */
	uint32_t pd;			  /* the builder's */
};

/**
 * struct topology - all of it
 * @texts:  the files it was read from
 * @base:   a system made of the same files: they are not read again
 * @known:  checked: names of things, and what they mean
 * @asked:  checked: filters with names, and what they are
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
	struct topo_disk *disks;
	struct topo_use *uses; /* of disks: those of VMs, then of sockets */
	struct topo_placement *placements;
	struct source_text *texts;
	struct topo_known *known;
	struct topo_known *last_known;
	struct topo_asked *asked;
	const struct system *base;
	bool broken;
};

/* The name of a switch, port, ... in a message. */
#define shown(thing) name_shown(&(thing)->name)

/* Walks all ports, switch by switch. */
#define for_each_port(port, t)                                                 \
	for ((port) = topo_port_from((t)->switches); (port);                   \
	     (port) = topo_next_port(port))

/* The first port of a switch, which may be NULL, or of those behind it. */
struct topo_port *topo_port_from(const struct topo_switch *sw);
struct topo_port *topo_next_port(const struct topo_port *port);

/* Puts a port at the end of a switch. */
struct topo_port *topo_add_port(struct topology *t, struct topo_switch *sw,
				const struct name *name);

/* The MTU of a port, said or not. */
uint32_t topo_mtu(const struct topo_port *port);

/* Does a port take segments whole? */
bool topo_offload(const struct topo_port *port);

/* Is a VM the client of ports, rather than the driver of something? */
bool topo_is_client(const struct topo_vm *vm);

/* "vm.disk0", or the disk's own. */
const char *topo_use_name(struct topology *t, const struct topo_use *use);

/* "switch.port" */
const char *topo_port_name(struct topology *t, const struct topo_port *port);

#endif
