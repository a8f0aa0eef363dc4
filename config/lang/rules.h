/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of a topology that can change while it runs: rules, the groups they
 * name, and what a port may do by itself.
 *
 * A change comes as a text of its own (config_recompile()): rules in it are
 * asked before those of the files, and `set` replaces settings of a port.  So
 * settings are kept apart from what else a port is.
 */
#ifndef WEIR_CONFIG_RULES_H
#define WEIR_CONFIG_RULES_H

#include "config/lang/name.h"
#include "policy/image.h"

struct topo_known;
struct topo_port;
struct topo_rule;
struct topo_switch;

/* An address or prefix of an IP lock. */
struct topo_prefix {
	struct topo_prefix *next;
	struct policy_prefix prefix;
};

/* An address of a MAC lock. */
struct topo_mac {
	struct topo_mac *next;
	uint64_t mac;
	struct pos pos;
};

enum { LIMIT_IN, LIMIT_OUT, LIMITS };

/* What a port may do, and what can change while it runs. */
struct topo_settings {
	struct option mtu; /* these three cannot */
	struct option buffers;
	struct option offload; /* set: off */
	struct option lock;    /* value: how many addresses: */
	struct topo_mac *macs;
	struct option flood;   /* value: none to unknown addresses */
	struct option sticky;  /* value: how many addresses */
	struct option moves;   /* a second, of addresses to the port */
	struct option ip_lock; /* value: how many prefixes: */
	struct topo_prefix *prefixes;
	struct option vlan; /* value: enum policy_vlan_mode */
	uint64_t vid;	    /* the VLAN; trunk: the native one, or 0 */
	struct policy_trunk *trunk;
	struct option limit[LIMITS]; /* bytes a second, from and to the port */
	struct option storm[STORMS]; /* frames a second, by enum policy_storm */
};

/* A compiled filter. */
struct filter {
	struct cbpf_insn *insn;
	uint32_t n;    /* 0: none, every frame */
	uint32_t need; /* bytes of a frame it may look at */
};

/* A rule that is asked about a pair of ports. */
struct topo_entry {
	struct topo_entry *next;
	struct topo_rule *rule;
};

/* Pairs of ports something is to be said about; @a and @b are the first. */
struct topo_pairs {
	const struct topo_port *a;
	const struct topo_port *b;
	unsigned int n;
};

/* One side of a rule. */
struct topo_side {
	struct names names; /* ports and groups */
	bool list;	    /* written as a list in braces, or one group */
};

/**
 * struct topo_rule - one allow or deny statement
 * @broken: the arrow is neither, or something behind it is not understood
 * @runtime: from the text of a change: asked before those of files
 * @sw:     the switch its ports are on, NULL if it has no pair
 * @first:  of its filter in the policy's instructions
 * @placed: the filter is there because of this rule
 * @mute:   pairs in which nothing can answer
 * @apart:  pairs whose VLANs do not meet
 */
struct topo_rule {
	struct topo_rule *next;
	struct pos pos;
	struct topo_side side[2];
	bool deny; /* rather than allow */
	bool both; /* <-> rather than -> */
	bool broken;
	bool runtime;
	const struct name *when; /* its filter, or NULL */
	struct option reply;
	/* Checked: */
	bool failed; /* the filter is not good */
	struct filter code;
	struct topo_switch *sw;
	uint32_t number; /* of the rule there */
	uint32_t first;
	bool placed;
	struct topo_pairs mute;
	struct topo_pairs apart;
	unsigned int n_pairs;
};

/**
 * struct topo_group - a named set of ports
 * @used:  checked: a rule or another group names it
 * @known: checked: @port is filled in
 * @meant: checked: by member: what it is, or NULL
 * @port:  checked: its ports, each once
 */
struct topo_group {
	struct topo_group *next;
	struct name name; /* valid, or its text is NULL */
	bool broken;
	bool used;
	bool known;
	struct names members; /* ports and groups */
	const struct topo_known **meant;
	struct topo_port **port;
	size_t n;
};

/* set PORT { ... }, while it runs */
struct topo_set {
	struct topo_set *next;
	struct name port;
	struct topo_settings settings;
};

#endif
