/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy on its way to the switch: plain data in shared memory.
 *
 * The topology compiler makes an image for each switch; on Linux the monitor
 * writes it into the region "SWITCH.policy" before the switch is started, and a
 * new one there whenever the policy is to change (CTL_POLICY, vswitch/ctl.h);
 * on seL4 the region is filled when the system is built.  The switch copies it,
 * each word once, checks every number of the copy (policy/load.c), and from
 * then on uses the copy: a policy is taken as a whole or not at all, between
 * two frames.
 *
 *	port[]		what each port may do by itself
 *	pair[s][d]	the entries for frames from s to d: a run of entry[],
 *			and maybe a merged program
 *	entry[]		numbers of rules, in the order in which they are asked
 *	rule[]		an action and, maybe, a filter: a run of insn[]
 *	program[]	merged programs: runs of insn[]
 *	insn[]		filters, classic BPF (policy/cbpf.h)
 *	prefix[]	addresses of `ip lock`: runs, named by port[]
 *	trunk[]		VLANs of trunks, by port
 *	word[]		what the topology passes to the user's own policy
 *
 * First match wins within a pair; a pair without entries, or in which no rule
 * matches, is refused.
 *
 * A merged program answers for all filters of a pair at once (config/merge/).
 * It is a short cut and need not decide everything: what it leaves open is
 * asked rule by rule.
 *
 * A rule's @id is derived from its content, so that counters and flows of a
 * rule survive changes of other rules.
 */
#ifndef WEIR_POLICY_IMAGE_H
#define WEIR_POLICY_IMAGE_H

#include <stdint.h>

#include "base/bits.h"
#include "base/abi.h"
#include "policy/cbpf.h"

#define POLICY_MAGIC 0x576569725f506f6cull /* "Weir_Pol" */

#define POLICY_MAX_RULES 1024u
/* A full mesh of 64 ports takes 4032 per rule. */
#define POLICY_MAX_ENTRIES 8192u
/* Of filters; merged programs take what is left of POLICY_MAX_INSNS. */
#define POLICY_MAX_FILTER_INSNS 16384u
#define POLICY_MAX_INSNS 32768u
#define POLICY_MAX_PROGRAMS 1024u
#define POLICY_MAX_PREFIXES 1024u
#define POLICY_MAX_MACS 384u
#define POLICY_MAX_WORDS 64u
#define POLICY_NO_ENTRY 0xffffu
/* VLAN ids are 1 to 4094. */
#define POLICY_MAX_VLAN 4094u

enum policy_action { POLICY_DENY, POLICY_ALLOW };

/**
 * struct policy_rule - one rule
 * @id:     the same for rules that say the same, different for others
 * @first:  first instruction of its filter in insn[]
 * @n:      how many; 0: every frame
 * @action: enum policy_action
 * @reply:  stateful: answers to what it allows are allowed as well
 */
struct policy_rule {
	uint32_t id;
	uint32_t first;
	uint16_t n;
	uint8_t action;
	uint8_t reply;
};

ABI_SIZE(struct policy_rule, 12);
ABI_AT(struct policy_rule, id, 0);
ABI_AT(struct policy_rule, first, 4);
ABI_AT(struct policy_rule, n, 8);
ABI_AT(struct policy_rule, action, 10);
ABI_AT(struct policy_rule, reply, 11);

/**
 * struct policy_pair - the entries of one pair of ports
 * @first:   in entry[]
 * @n:       how many
 * @program: number of its merged program, plus one; 0: it has none
 */
struct policy_pair {
	uint16_t first;
	uint16_t n;
	uint16_t program;
	uint16_t pad;
};

ABI_SIZE(struct policy_pair, 8);
ABI_AT(struct policy_pair, first, 0);
ABI_AT(struct policy_pair, n, 2);
ABI_AT(struct policy_pair, program, 4);
ABI_AT(struct policy_pair, pad, 6);

/*
 * A merged program returns how many of its pair's entries do not match; with
 * this bit set, the next one does.  0: it has decided nothing.
 */
#define POLICY_PROGRAM_MATCH (1u << 31)

/**
 * struct policy_program - a merged program
 * @first: its first instruction in insn[]
 * @n:     how many
 */
struct policy_program {
	uint32_t first;
	uint32_t n;
};

ABI_SIZE(struct policy_program, 8);
ABI_AT(struct policy_program, first, 0);
ABI_AT(struct policy_program, n, 4);

/**
 * struct policy_rate - a token bucket's settings
 * @rate:  bytes, frames or moves a second; 0: no limit
 * @burst: as many may come at once; at least 1 with a limit, and for bytes at
 *         least as many as the longest frame has
 */
struct policy_rate {
	uint64_t rate;
	uint64_t burst;
};

ABI_SIZE(struct policy_rate, 16);
ABI_AT(struct policy_rate, rate, 0);
ABI_AT(struct policy_rate, burst, 8);

/* 100 Gbit/s in bytes a second; frames a second are bounded by it as well. */
#define POLICY_MAX_RATE 12500000000ull
#define POLICY_MAX_BURST (1ull << 30)

/**
 * struct policy_prefix - addresses a locked port may use
 * @addr: first address; IPv4 mapped, ::ffff:a.b.c.d
 * @bits: leading bits that count, 0 to 128 (IPv4: 96 and more)
 */
struct policy_prefix {
	uint8_t addr[16];
	uint8_t bits;
	uint8_t pad[7];
};

ABI_SIZE(struct policy_prefix, 24);
ABI_AT(struct policy_prefix, addr, 0);
ABI_AT(struct policy_prefix, bits, 16);
ABI_AT(struct policy_prefix, pad, 17);

enum policy_vlan_mode {
	POLICY_VLAN_TRANSPARENT, /* every VLAN, tagged; VLAN 0 untagged */
	POLICY_VLAN_ACCESS,	 /* one VLAN, untagged */
	POLICY_VLAN_TRUNK, /* those of trunk[], tagged, but the native one */
};

/* What a storm limit counts: positions in struct policy_port. */
enum policy_storm { STORM_BROADCAST, STORM_MULTICAST, STORM_UNKNOWN, STORMS };

/**
 * struct policy_port - what one port may do
 * @allow:      bit d set: may send to port d, and no rule is asked.  For a pair
 *              with entries these decide, and the bit means nothing
 * @locked_mac: a source address of the port, if @locked; further ones in mac[]
 * @limit_in:   bytes from the port
 * @limit_out:  bytes to it
 * @storm:      frames from the port that are flooded, by enum policy_storm
 * @moves:      addresses that may move here from another port
 * @first_prefix, @n_prefixes: of @ip_locked
 * @sticky:     how many addresses may be learned at the port; 0: any number
 * @vlan:       access: its VLAN; trunk: the native one, or 0: none
 * @vlan_mode:  enum policy_vlan_mode
 * @locked:     source-MAC lock on
 * @ip_locked:  IP lock on
 * @known_only: frames to addresses that are not known are not flooded to it
 * @first_mac, @n_macs: of @locked: further addresses, in mac[]
 */
struct policy_port {
	uint64_t allow;
	uint64_t locked_mac;
	struct policy_rate limit_in;
	struct policy_rate limit_out;
	struct policy_rate storm[STORMS];
	struct policy_rate moves;
	uint16_t first_prefix;
	uint16_t n_prefixes;
	uint16_t sticky;
	uint16_t vlan;
	uint8_t vlan_mode;
	uint8_t locked;
	uint8_t ip_locked;
	uint8_t known_only;
	uint16_t first_mac;
	uint16_t n_macs;
};

ABI_SIZE(struct policy_port, 128);
ABI_AT(struct policy_port, allow, 0);
ABI_AT(struct policy_port, locked_mac, 8);
ABI_AT(struct policy_port, limit_in, 16);
ABI_AT(struct policy_port, limit_out, 32);
ABI_AT(struct policy_port, storm, 48);
ABI_AT(struct policy_port, moves, 96);
ABI_AT(struct policy_port, first_prefix, 112);
ABI_AT(struct policy_port, n_prefixes, 114);
ABI_AT(struct policy_port, sticky, 116);
ABI_AT(struct policy_port, vlan, 118);
ABI_AT(struct policy_port, vlan_mode, 120);
ABI_AT(struct policy_port, locked, 121);
ABI_AT(struct policy_port, ip_locked, 122);
ABI_AT(struct policy_port, known_only, 123);
ABI_AT(struct policy_port, first_mac, 124);
ABI_AT(struct policy_port, n_macs, 126);

/**
 * struct policy_trunk - VLANs a trunk carries
 * @member: bit v % 64 of member[v / 64] set: VLAN v
 */
struct policy_trunk {
	uint64_t member[64];
};

ABI_SIZE(struct policy_trunk, 512);
ABI_AT(struct policy_trunk, member, 0);

/**
 * struct policy_image - see above
 * @magic: POLICY_MAGIC
 * @n_*:   entries used
 * @snooping: multicast goes where it was asked for (vswitch/mcast.h)
 */
struct policy_image {
	uint64_t magic;
	uint32_t n_rules;
	uint32_t n_entries;
	uint32_t n_insns;
	uint32_t n_prefixes;
	uint32_t n_words;
	uint32_t snooping;
	uint32_t n_macs;
	uint32_t n_programs;
	struct policy_port port[MAX_PORTS];
	struct policy_pair pair[MAX_PORTS][MAX_PORTS];
	struct policy_rule rule[POLICY_MAX_RULES];
	uint16_t entry[POLICY_MAX_ENTRIES];
	struct policy_prefix prefix[POLICY_MAX_PREFIXES];
	struct policy_trunk trunk[MAX_PORTS];
	uint64_t word[POLICY_MAX_WORDS];
	uint64_t mac[POLICY_MAX_MACS];
	struct policy_program program[POLICY_MAX_PROGRAMS];
	struct cbpf_insn insn[POLICY_MAX_INSNS];
};

ABI_SIZE(struct policy_image, 400936);
ABI_AT(struct policy_image, magic, 0);
ABI_AT(struct policy_image, n_rules, 8);
ABI_AT(struct policy_image, n_entries, 12);
ABI_AT(struct policy_image, n_insns, 16);
ABI_AT(struct policy_image, n_prefixes, 20);
ABI_AT(struct policy_image, n_words, 24);
ABI_AT(struct policy_image, snooping, 28);
ABI_AT(struct policy_image, n_macs, 32);
ABI_AT(struct policy_image, n_programs, 36);
ABI_AT(struct policy_image, port, 40);
ABI_AT(struct policy_image, pair, 8232);
ABI_AT(struct policy_image, rule, 41000);
ABI_AT(struct policy_image, entry, 53288);
ABI_AT(struct policy_image, prefix, 69672);
ABI_AT(struct policy_image, trunk, 94248);
ABI_AT(struct policy_image, word, 127016);
ABI_AT(struct policy_image, mac, 127528);
ABI_AT(struct policy_image, program, 130600);
ABI_AT(struct policy_image, insn, 138792);

/**
 * policy_image_copy - copy the used part of an image
 * @to:   where a switch will read it; it must not be reading now
 * @from: private; its counts are within their limits
 *
 * An image has room for 32,768 instructions but seldom has more than a few, so
 * this makes a change of policy cheap.
 */
void policy_image_copy(struct policy_image *to,
		       const struct policy_image *from);

_Static_assert(sizeof(struct policy_image) % 8 == 0, "copied in words");

#endif
