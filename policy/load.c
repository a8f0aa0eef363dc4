/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an image in shared memory to a policy: copy out, then check the copy.
 *
 * The image may change while it is read, so each word is read once, counts
 * first, and only the copy is used after that.  The copy is trusted once every
 * number in it has been checked: pairs refer to existing entries, entries to
 * rules and rules to instructions; filters may be run (cbpf_validate()) and
 * look at no more of a frame than its snapshot; rates do not overflow.
 *
 * Work is bounded by the size of an image.  Only its used part is copied, so
 * that a small policy takes microseconds.
 */
#include "policy/policy.h"
#include "base/bits.h"
#include "base/mem.h"

_Static_assert(sizeof(struct policy_port) % 8 == 0 &&
		       sizeof(struct policy_pair) % 8 == 0,
	       "copied in words");
#define IN_WORDS(member)                                                       \
	(__builtin_offsetof(struct policy_image, member) % 8 == 0)
_Static_assert(IN_WORDS(port) && IN_WORDS(pair) && IN_WORDS(rule) &&
		       IN_WORDS(entry) && IN_WORDS(prefix) && IN_WORDS(trunk) &&
		       IN_WORDS(word) && IN_WORDS(mac) && IN_WORDS(program) &&
		       IN_WORDS(insn),
	       "copied in words");

const char *policy_fault_text(enum policy_fault fault)
{
#define POLICY_FAULT_TEXT(symbol, text) text,
	static const char *const texts[] = { POLICY_FAULTS(POLICY_FAULT_TEXT) };
#undef POLICY_FAULT_TEXT

	return (unsigned int)fault < POLICY_FAULT_COUNT ? texts[fault]
							: "is unknown";
}

/* --- copying ----------------------------------------------------------- */

/* The image's counts. */
struct counts {
	uint32_t rules;
	uint32_t entries;
	uint32_t insns;
	uint32_t prefixes;
	uint32_t words;
	uint32_t macs;
	uint32_t programs;
	uint32_t snooping;
};

/* A word that may alias the structures that are copied. */
typedef uint64_t __attribute__((may_alias)) word_t;

/* Copy whole words, each once; both sides have room for the last one. */
static void copy_words(void *to, const volatile void *from, size_t bytes)
{
	const volatile word_t *f = from;
	word_t *t = to;

	for (size_t i = 0; i < (bytes + 7) / 8; i++)
		t[i] = f[i];
}

static bool read_counts(struct counts *c,
			const volatile struct policy_image *image,
			const struct policy_room *room)
{
	c->rules = image->n_rules;
	c->entries = image->n_entries;
	c->insns = image->n_insns;
	c->prefixes = image->n_prefixes;
	c->words = image->n_words;
	c->macs = image->n_macs;
	c->programs = image->n_programs;
	c->snooping = image->snooping;
	return c->rules <= room->rules && c->entries <= room->entries &&
	       c->insns <= room->insns && c->prefixes <= room->prefixes &&
	       c->words <= room->words && c->macs <= room->macs &&
	       c->programs <= room->programs && c->snooping <= 1;
}

static void copy_out(struct policy *to,
		     const volatile struct policy_image *image,
		     const struct counts *c)
{
	copy_words(to->port, image->port, to->room.ports * sizeof(to->port[0]));
	for (unsigned int s = 0; s < to->room.ports; s++)
		copy_words(to->pair[s], image->pair[s],
			   to->room.ports * sizeof(to->pair[s][0]));
	copy_words(to->rule, image->rule, c->rules * sizeof(to->rule[0]));
	copy_words(to->entry, image->entry, c->entries * sizeof(to->entry[0]));
	copy_words(to->prefix, image->prefix,
		   c->prefixes * sizeof(to->prefix[0]));
	copy_words(to->word, image->word, c->words * sizeof(to->word[0]));
	copy_words(to->mac, image->mac, c->macs * sizeof(to->mac[0]));
	copy_words(to->program, image->program,
		   c->programs * sizeof(to->program[0]));
	copy_words(to->insn, image->insn, c->insns * sizeof(to->insn[0]));
	for (unsigned int p = 0; p < to->room.trunks; p++)
		if (to->port[p].vlan_mode == POLICY_VLAN_TRUNK)
			copy_words(&to->trunk[p], &image->trunk[p],
				   sizeof(to->trunk[p]));
	to->n_entries = c->entries;
	to->words = (struct policy_words){ to->word, c->words };
	to->snooping = c->snooping != 0;
}

/* --- checking ---------------------------------------------------------- */

static bool rate_ok(const struct policy_rate *r)
{
	return r->rate == 0 || (r->rate <= POLICY_MAX_RATE && r->burst >= 1 &&
				r->burst <= POLICY_MAX_BURST);
}

static bool vlan_ok(const struct policy_port *p)
{
	if (!WITH_VLANS && p->vlan_mode != POLICY_VLAN_TRANSPARENT)
		return false;
	switch (p->vlan_mode) {
	case POLICY_VLAN_TRANSPARENT:
		return p->vlan == 0;
	case POLICY_VLAN_ACCESS:
		return p->vlan >= 1 && p->vlan <= POLICY_MAX_VLAN;
	case POLICY_VLAN_TRUNK:
		return p->vlan <= POLICY_MAX_VLAN;
	default:
		return false;
	}
}

static bool station_ok(uint64_t mac)
{
	return mac != 0 && mac <= MAC_BROADCAST && !mac_is_group(mac);
}

static bool macs_ok(const struct policy *policy, const struct policy_port *p,
		    uint32_t macs)
{
	if (!p->locked)
		return p->n_macs == 0;
	if ((uint32_t)p->first_mac + p->n_macs > macs ||
	    !station_ok(p->locked_mac))
		return false;
	for (unsigned int i = 0; i < p->n_macs; i++)
		if (!station_ok(policy->mac[p->first_mac + i]))
			return false;
	return true;
}

static bool port_ok(const struct policy_port *p, uint32_t prefixes)
{
	for (unsigned int i = 0; i < STORMS; i++)
		if (!rate_ok(&p->storm[i]))
			return false;
	return rate_ok(&p->limit_in) && rate_ok(&p->limit_out) &&
	       rate_ok(&p->moves) && vlan_ok(p) && p->locked <= 1 &&
	       p->ip_locked <= WITH_IPLOCKS && p->known_only <= 1 &&
	       (uint32_t)p->first_prefix + p->n_prefixes <= prefixes;
}

/* Is the port locked to an address of another locked port? */
static bool locks_collide(const struct policy *policy, unsigned int port)
{
	const struct policy_port *p = &policy->port[port];

	for (unsigned int i = 0; p->locked && i < port; i++) {
		if (policy->port[i].vlan != p->vlan)
			continue;
		for (unsigned int k = 0; k <= p->n_macs; k++)
			if (policy_has_mac(policy, i, policy_mac(policy, p, k)))
				return true;
	}
	return false;
}

/* Only the first so many ports may be trunks. */
static bool has_room(const struct policy *policy, unsigned int port)
{
	return port < policy->room.trunks ||
	       policy->port[port].vlan_mode != POLICY_VLAN_TRUNK;
}

static enum policy_fault check_ports(const struct policy *policy,
				     const struct counts *c, uint32_t *at)
{
	for (*at = 0; *at < policy->room.ports; ++*at) {
		if (!port_ok(&policy->port[*at], c->prefixes) ||
		    !macs_ok(policy, &policy->port[*at], c->macs) ||
		    !has_room(policy, *at))
			return POLICY_FAULT_PORT;
		if (locks_collide(policy, *at))
			return POLICY_FAULT_LOCKS;
	}
	for (*at = 0; *at < c->prefixes; ++*at)
		if (policy->prefix[*at].bits > 128)
			return POLICY_FAULT_PREFIX;
	return POLICY_FAULT_SOUND;
}

static enum policy_fault check_rule(const struct policy *policy,
				    const struct policy_rule *r, uint32_t insns)
{
	struct cbpf_report report;

	if (r->action > POLICY_ALLOW || r->reply > 1 ||
	    (r->reply && r->action != POLICY_ALLOW))
		return POLICY_FAULT_RULE;
	if (r->n == 0)
		return POLICY_FAULT_SOUND;
	if (!WITH_FILTERS)
		return POLICY_FAULT_RULE;
	if (r->first > insns || r->n > insns - r->first)
		return POLICY_FAULT_RULE;
	if (!cbpf_validate(policy->insn + r->first, r->n, &report))
		return POLICY_FAULT_PROGRAM;
	return report.need <= FRAME_SNAP_MAX ? POLICY_FAULT_SOUND
					     : POLICY_FAULT_DEEP;
}

static enum policy_fault check_rules(const struct policy *policy,
				     const struct counts *c, uint32_t *at)
{
	enum policy_fault fault;

	for (*at = 0; *at < c->rules; ++*at) {
		fault = check_rule(policy, &policy->rule[*at], c->insns);
		if (fault != POLICY_FAULT_SOUND)
			return fault;
	}
	for (*at = 0; *at < c->entries; ++*at)
		if (policy->entry[*at] >= c->rules)
			return POLICY_FAULT_ENTRY;
	return POLICY_FAULT_SOUND;
}

static enum policy_fault check_pairs(const struct policy *policy,
				     const struct counts *c, uint32_t *at)
{
	for (*at = 0; *at < MAX_PORTS * MAX_PORTS; ++*at) {
		unsigned int src = *at / MAX_PORTS, dst = *at % MAX_PORTS;
		const struct policy_pair *pair;

		if (src >= policy->room.ports || dst >= policy->room.ports)
			continue;
		pair = &policy->pair[src][dst];
		if ((uint32_t)pair->first + pair->n > c->entries ||
		    pair->program > c->programs)
			return POLICY_FAULT_PAIR;
	}
	return POLICY_FAULT_SOUND;
}

/*
 * How much of a frame they look at does not matter: a load behind the snapshot
 * leaves the decision to the rules.
 */
static enum policy_fault check_programs(const struct policy *policy,
					const struct counts *c, uint32_t *at)
{
	struct cbpf_report report;

	for (*at = 0; WITH_FILTERS && *at < c->programs; ++*at) {
		const struct policy_program *p = &policy->program[*at];

		if (p->first > c->insns || p->n > c->insns - p->first ||
		    !cbpf_validate(policy->insn + p->first, p->n, &report))
			return POLICY_FAULT_MERGED;
	}
	return POLICY_FAULT_SOUND;
}

static enum policy_fault check(const struct policy *policy,
			       const struct counts *c, uint32_t *at)
{
	enum policy_fault fault = check_ports(policy, c, at);

	if (fault == POLICY_FAULT_SOUND)
		fault = check_rules(policy, c, at);
	if (fault == POLICY_FAULT_SOUND)
		fault = check_pairs(policy, c, at);
	if (fault == POLICY_FAULT_SOUND)
		fault = check_programs(policy, c, at);
	return fault;
}

/* --- what follows from it ---------------------------------------------- */

static uint32_t need_of(const struct policy *policy,
			const struct policy_rule *r)
{
	struct cbpf_report report = { .need = 0 };

	if (WITH_FILTERS && r->n > 0)
		cbpf_validate(policy->insn + r->first, r->n, &report);
	return report.need;
}

static const struct policy_rule *rule_of(const struct policy *policy,
					 uint32_t entry)
{
	return &policy->rule[policy->entry[entry]];
}

/* A rule without filter and connection tracking need not be asked. */
static bool is_plain(const struct policy *policy,
		     const struct policy_pair *pair)
{
	const struct policy_rule *r = rule_of(policy, pair->first);

	return r->n == 0 && r->action == POLICY_ALLOW && !r->reply;
}

static struct policy_said said_by(const struct policy_rule *r)
{
	return (struct policy_said){
		.id = r->id,
		.says = (r->action == POLICY_ALLOW ? POLICY_SAYS_ALLOW : 0u) |
			(r->reply ? POLICY_SAYS_REPLY : 0u) |
			(r->n > 0 ? POLICY_SAYS_FILTER : 0u),
	};
}

/**
 * settle_pair - what one pair's entries mean for its ports
 * @needs: by rule: bytes it looks at, plus one; 0 if not known yet
 */
static void settle_pair(struct policy *policy, unsigned int src,
			unsigned int dst, uint16_t *needs)
{
	const struct policy_pair *pair = &policy->pair[src][dst];

	if (pair->n == 0)
		return;
	if (is_plain(policy, pair)) {
		policy->port[src].allow |= bit(dst);
		policy->counted[src] |= bit(dst);
		return;
	}
	policy->asks[src] |= bit(dst);
	for (uint32_t i = pair->first; i < (uint32_t)pair->first + pair->n;
	     i++) {
		const struct policy_rule *r = rule_of(policy, i);
		uint16_t *need = &needs[policy->entry[i]];

		if (*need == 0)
			*need = (uint16_t)(need_of(policy, r) + 1);
		if (*need - 1 > policy->need[src])
			policy->need[src] = (uint16_t)(*need - 1);
		policy->said[i] = said_by(r);
		if (r->action == POLICY_ALLOW)
			policy->reaches[src] |= bit(dst);
		if (r->reply)
			policy->answers[dst] |= bit(src);
	}
}

static uint16_t larger(uint16_t a, uint16_t b)
{
	return a > b ? a : b;
}

/* Bytes of this port's frames that a snapshot needs. */
static uint16_t snap_of(const struct policy *policy, unsigned int src)
{
	uint16_t snap = larger(FRAME_SNAP, policy->need[src]);
	bool begins = false;

	for (unsigned int d = 0; d < MAX_PORTS; d++)
		begins |= bit_in(policy->answers[d], src);
	if (begins || policy->answers[src] || policy->port[src].ip_locked)
		snap = larger(snap, PACKET_SNAP);
	if (policy->snooping)
		snap = FRAME_SNAP_MAX;
	return (uint16_t)((snap + 7u) & ~7u);
}

void policy_settle(struct policy *policy)
{
	/* Computed once per rule: the same rule may be in all pairs. */
	uint16_t needs[POLICY_MAX_RULES];

	memset(needs, 0, sizeof(needs));
	memset(policy->asks, 0, sizeof(policy->asks));
	memset(policy->counted, 0, sizeof(policy->counted));
	memset(policy->answers, 0, sizeof(policy->answers));
	memset(policy->reaches, 0, sizeof(policy->reaches));
	memset(policy->need, 0, sizeof(policy->need));
	for (unsigned int s = 0; s < policy->room.ports; s++)
		for (unsigned int d = 0; d < policy->room.ports; d++)
			settle_pair(policy, s, d, needs);
	policy->guarded = 0;
	policy->limited = 0;
	policy->known_only = 0;
	policy->tagged = 0;
	policy->replies = false;
	for (unsigned int p = 0; p < policy->room.ports; p++) {
		const struct policy_port *port = &policy->port[p];

		if (port->locked || port->ip_locked || port->limit_in.rate)
			policy->guarded |= bit(p);
		if (port->limit_out.rate)
			policy->limited |= bit(p);
		if (port->known_only)
			policy->known_only |= bit(p);
		if (port->vlan_mode != POLICY_VLAN_TRANSPARENT)
			policy->tagged |= bit(p);
		policy->replies |= policy->answers[p] != 0;
		policy->reaches[p] |= policy->answers[p];
		policy->asks[p] |= policy->answers[p] & ~policy->port[p].allow;
		policy->snap[p] = snap_of(policy, p);
	}
}

static bool asks_any(const struct policy *policy)
{
	uint64_t any = 0;

	for (unsigned int p = 0; p < MAX_PORTS; p++)
		any |= policy->asks[p];
	return any != 0;
}

enum policy_fault policy_load(struct policy *to,
			      const volatile struct policy_image *image,
			      uint32_t *at)
{
	enum policy_fault fault;
	struct counts counts;
	uint32_t where = 0;

	if (at == NULL)
		at = &where;
	*at = 0;
	if (image->magic != POLICY_MAGIC)
		return POLICY_FAULT_NO_IMAGE;
	if (!read_counts(&counts, image, &to->room))
		return POLICY_FAULT_COUNTS;
	copy_out(to, image, &counts);
	fault = check(to, &counts, at);
	if (fault == POLICY_FAULT_SOUND)
		policy_settle(to);
	if (fault == POLICY_FAULT_SOUND && !to->room.asks && asks_any(to))
		return POLICY_FAULT_COUNTS;
	return fault;
}
