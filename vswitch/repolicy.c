/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking a new policy.
 *
 * There are two slots.  The new policy is built completely in the one not in
 * use; then a pointer changes.  This happens between two runs of the switch, so
 * each frame, and each batch, is judged by a single policy.
 *
 * Other state follows the policy: addresses that ports are locked to become
 * static entries of the forwarding database; addresses learned at a port whose
 * VLANs change are forgotten; and entries that stay keep their hit counts.
 */
#include "base/mem.h"
#include "vswitch/vswitch_impl.h"

/* How far from its old place a pair's entry is looked for. */
#define HIT_WINDOW 64u

/* --- hits --------------------------------------------------------------- */

/* Where the policy that holds counts, and where its successor will. */
static uint64_t *next_hits(struct vswitch *sw)
{
	return sw->hit_slot[sw->hits == sw->hit_slot[0]];
}

static uint32_t rule_id(const struct policy *policy, uint32_t entry)
{
	return policy->rule[policy->entry[entry]].id;
}

/**
 * old_hits - what an entry has counted under the last policy
 * @pair: the pair's entries then
 * @at:   in/out: where it is looked for first, and next time
 */
static uint64_t old_hits(const struct vswitch *sw,
			 const struct policy_pair *pair, uint32_t id,
			 uint32_t *at)
{
	for (uint32_t n = 0; n < pair->n && n < HIT_WINDOW; n++) {
		uint32_t i = (*at + n) % pair->n;

		if (rule_id(sw->policy, pair->first + i) != id)
			continue;
		*at = i + 1;
		return sw->hits[pair->first + i];
	}
	return 0;
}

static void carry_pair(struct vswitch *sw, const struct policy *next,
		       unsigned int src, unsigned int dst, uint64_t *hits)
{
	const struct policy_pair *pair = &next->pair[src][dst];
	uint32_t at = 0;

	for (uint32_t i = pair->first; i < (uint32_t)pair->first + pair->n; i++)
		hits[i] = old_hits(sw, &sw->policy->pair[src][dst],
				   rule_id(next, i), &at);
}

/* Readers know by @policies, 0 meanwhile, that the entries change meaning. */
static void show_hits(struct vswitch *sw)
{
	struct vswitch_stats *shown = sw->stats;

	__atomic_store_n(&shown->policies, 0, __ATOMIC_RELAXED);
	atomic_thread_fence(memory_order_release);
	for (uint32_t i = 0; i < sw->policy->n_entries; i++)
		stat_show(&shown->hits[i], sw->hits[i]);
	__atomic_store_n(&shown->policies, sw->policy->generation,
			 __ATOMIC_RELEASE);
}

/* --- what goes with it -------------------------------------------------- */

/* VLAN in which a port's locked addresses are pinned. */
static uint16_t lock_vlan(const struct policy_port *p)
{
	return p->vlan;
}

/* Is an address pinned to a port by a policy, in this VLAN? */
static bool pins(const struct policy *policy, unsigned int port, uint64_t mac,
		 uint16_t vlan)
{
	return lock_vlan(&policy->port[port]) == vlan &&
	       policy_has_mac(policy, port, mac);
}

static void unpin_old(struct vswitch *sw, const struct policy *next,
		      unsigned int port)
{
	const struct policy_port *was = &sw->policy->port[port];

	for (unsigned int i = 0; was->locked && i <= was->n_macs; i++) {
		uint64_t mac = policy_mac(sw->policy, was, i);

		if (!pins(next, port, mac, lock_vlan(was)))
			fdb_remove(sw->fdb, mac, lock_vlan(was));
	}
}

static void pin_new(struct vswitch *sw, const struct policy *next,
		    unsigned int port)
{
	const struct policy_port *p = &next->port[port];

	for (unsigned int i = 0; p->locked && i <= p->n_macs; i++)
		fdb_add_static(sw->fdb, policy_mac(next, p, i), lock_vlan(p),
			       port);
}

static void move_locks(struct vswitch *sw, const struct policy *next)
{
	for (unsigned int p = 0; p < sw->ports; p++)
		unpin_old(sw, next, p);
	/* So that nobody else can claim the address, nor ageing lose it. */
	for (unsigned int p = 0; p < sw->ports; p++)
		pin_new(sw, next, p);
}

static bool same_vlans(const struct policy *a, const struct policy *b,
		       unsigned int port)
{
	const struct policy_port *p = &a->port[port], *q = &b->port[port];

	if (p->vlan_mode != q->vlan_mode || p->vlan != q->vlan)
		return false;
	for (unsigned int i = 0; i < 64; i++)
		if (p->vlan_mode == POLICY_VLAN_TRUNK &&
		    a->trunk[port].member[i] != b->trunk[port].member[i])
			return false;
	return true;
}

static void follow(struct vswitch *sw, const struct policy *next)
{
	uint64_t *hits = next_hits(sw);

	for (unsigned int s = 0; s < sw->ports; s++) {
		if (!same_vlans(sw->policy, next, s))
			fdb_flush_port(sw->fdb, s);
		for (unsigned int d = 0; d < sw->ports; d++)
			carry_pair(sw, next, s, d, hits);
	}
	move_locks(sw, next);
	sw->hits = hits;
}

/* --- the whole ---------------------------------------------------------- */

/* A static entry for every lock must find a place. */
static bool locks_fit(const struct vswitch *sw, const struct policy *next)
{
	uint32_t n = 0;

	for (unsigned int p = 0; p < sw->ports; p++)
		n += next->port[p].locked ? next->port[p].n_macs + 1u : 0;
	return n <= fdb_capacity(sw->fdb);
}

static uint32_t next_generation(uint32_t generation)
{
	return generation + 1 ? generation + 1 : 1;
}

enum policy_fault vswitch_set_policy(struct vswitch *sw,
				     const volatile struct policy_image *image,
				     uint32_t *at)
{
	struct policy *next = sw->slot[sw->policy == sw->slot[0]];
	enum policy_fault fault = policy_load(next, image, at);

	if (fault != POLICY_FAULT_SOUND)
		return fault;
	if (next->replies && policy_flows(&sw->state) == NULL)
		return POLICY_FAULT_NO_FLOWS;
	if (!locks_fit(sw, next))
		return POLICY_FAULT_LOCKS;
	next->generation = next_generation(sw->policy->generation);
	follow(sw, next);
	sw->policy = next;
	policy_begin(&sw->state, next);
	/* The numbers begin again: no verdict may be taken for a new one's. */
	if (unlikely(next->generation == 1))
		cache_init(&sw->state.cache, sw->state.cache.port,
			   sw->state.cache.ports, sw->seed);
	for (unsigned int p = 0; p < sw->ports; p++)
		port_learn_flags(sw, p);
	show_hits(sw);
	return POLICY_FAULT_SOUND;
}
