/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of a topology that can change while it runs: rules, the groups they
 * name, and what a port may do by itself.
 *
 * A change comes as a text of its own (config_recompile()): rules in it are asked
 * before those of the files, and `set` replaces settings of a port.  So settings
 * are kept apart from what else a port is.
 */
#ifndef WEIR_CONFIG_RULES_H
#define WEIR_CONFIG_RULES_H

#include "config/lang/name.h"
#include "policy/image.h"

struct topo_port;
struct topo_rule;
struct topo_switch;

/**
 * struct topo_rate - so much a second
 * @o:         its value: octets, frames or moves
 * @burst:     likewise, at once
 */
struct topo_rate {
	struct option o;
	struct option burst;
};

/**
 * struct topo_prefix - an address or prefix of an IP lock
 */
struct topo_prefix {
	struct topo_prefix *next;
	struct policy_prefix prefix;
};

/**
 * struct topo_mac - an address of a MAC lock
 */
struct topo_mac {
	struct topo_mac *next;
	uint64_t mac;
	struct pos pos;
};

enum { LIMIT_IN, LIMIT_OUT, LIMITS };

/**
 * struct topo_settings - what a port may do; all but the first two can change
 * while it runs
 * @mtu, @buffers: options
 * @lock:     value: how many addresses
 * @macs:     those
 * @flood:    option; value: frames to unknown addresses do not get here
 * @sticky:   value: how many addresses
 * @moves:    addresses that may move to the port
 * @ip_lock:  option; value: how many prefixes
 * @prefixes: those
 * @vlan:     option; value: enum policy_vlan_mode
 * @vid:      access: the VLAN; trunk: the native one, or 0
 * @trunk:    trunk: its VLANs
 * @limit:    octets from and to the port
 * @storm:    frames, by enum policy_storm
 */
struct topo_settings {
	struct option mtu;
	struct option buffers;
	struct option lock;
	struct topo_mac *macs;
	struct option flood;
	struct option sticky;
	struct topo_rate moves;
	struct option ip_lock;
	struct topo_prefix *prefixes;
	struct option vlan;
	uint64_t vid;
	struct policy_trunk *trunk;
	struct topo_rate limit[LIMITS];
	struct topo_rate storm[STORMS];
};

/**
 * struct filter - a compiled filter
 * @n:    instructions; 0: none, every frame
 * @need: octets of a frame it may look at
 */
struct filter {
	struct cbpf_insn *insn;
	uint32_t n;
	uint32_t need;
};

/**
 * struct topo_entry - a rule that is asked about a pair of ports
 */
struct topo_entry {
	struct topo_entry *next;
	struct topo_rule *rule;
};

/**
 * struct topo_unasked - a rule that is not, see struct sys_unasked
 */
struct topo_unasked {
	struct topo_unasked *next;
	const struct topo_rule *rule;
	uint32_t from;
	uint32_t to;
};

/**
 * struct topo_pairs - pairs of ports something is to be said about
 * @a, @b: the first of them
 * @n:     how many
 */
struct topo_pairs {
	const struct topo_port *a;
	const struct topo_port *b;
	unsigned int n;
};

/**
 * struct topo_side - one side of a rule
 * @names: ports and groups
 * @list:  written as a list in braces, or one group
 */
struct topo_side {
	struct names names;
	bool list;
};

/**
 * struct topo_rule - one allow or deny statement
 * @side:   left and right
 * @deny:   deny rather than allow
 * @both:   <-> rather than ->
 * @broken: the arrow is neither, or something behind it is not understood
 * @runtime: from the text of a change: asked before those of files
 * @when:   its filter, or NULL
 * @reply:  option
 * @failed: checked: the filter is not good
 * @code:   checked: the filter
 * @sw:     checked: the switch its ports are on, NULL if it has no pair
 * @number: checked: of the rule there
 * @first:  checked: of its filter in the policy's instructions
 * @placed: checked: the filter is there because of this rule
 * @mute:   checked: pairs in which nothing can answer
 * @apart:  checked: pairs whose VLANs do not meet
 * @n_pairs: checked: those there are
 */
struct topo_rule {
	struct topo_rule *next;
	struct pos pos;
	struct topo_side side[2];
	bool deny;
	bool both;
	bool broken;
	bool runtime;
	bool failed;
	const struct name *when;
	struct option reply;
	struct filter code;
	struct topo_switch *sw;
	uint32_t number;
	uint32_t first;
	bool placed;
	struct topo_pairs mute;
	struct topo_pairs apart;
	unsigned int n_pairs;
};

/**
 * struct topo_group - a named set of ports
 * @name:    valid, or its text is NULL
 * @members: ports and groups
 * @used:    checked: a rule or another group names it
 * @inner:   checked: by member: the group it is, or NULL
 * @known:   checked: @port is filled in
 * @port, @n: checked: its ports, each once
 */
struct topo_group {
	struct topo_group *next;
	struct name name;
	bool broken;
	bool duplicate;
	bool used;
	bool known;
	struct names members;
	struct topo_group **inner;
	struct topo_port **port;
	size_t n;
};

/**
 * struct topo_set - set PORT { ... }, while it runs
 */
struct topo_set {
	struct topo_set *next;
	struct name port;
	struct topo_settings settings;
};

#endif
