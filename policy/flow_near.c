/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses at the ends of flows: which ones an initiator has used with which
 * port, and where it has found others.  policy/flow.h says, with the reasons,
 * what follows for ARP and neighbour discovery.
 *
 * No other port can make an address the initiator's own.  An address is found
 * at another port only if the initiator has asked for it, or if it has answered
 * a flow.
 */
#include "policy/flow_impl.h"

/*
 * The other end must be able to ask for this address for as long as it may
 * answer; once it has answered, for as long as any flow can live.
 */
static enum flow_life life_of_own(enum flow_life life)
{
	if (life >= FLOW_LIFE_ANSWERED)
		return FLOW_LIFE_CONNECTION;
	return life < FLOW_LIFE_ASKED ? FLOW_LIFE_ASKED : life;
}

void flow_note_own(struct flow_table *t, const struct ip_addr *own,
		   const struct flow_path *path, enum flow_life life, bool make,
		   uint32_t now)
{
	struct flow_key key = flow_key_own(own, path);
	uint32_t slot = flow_find(t->ends, &key, now);

	life = life_of_own(life);
	if (slot != FLOW_NO_SLOT) {
		if (life < t->ends->record[slot].life)
			life = t->ends->record[slot].life;
		flow_touch(t->ends, slot, life, now);
	} else if (make && !flow_is_nobody(own) && !flow_is_group(own)) {
		flow_make(t->ends, &key, life, now);
	}
}

void flow_note_asked(struct flow_table *t, const struct ip_addr *other,
		     const struct flow_path *path, uint32_t now)
{
	struct flow_key key = flow_key_near(other, path->vlan, path->src);
	uint32_t slot = flow_find(t->ends, &key, now);

	if (slot == FLOW_NO_SLOT) {
		slot = flow_make(t->ends, &key, FLOW_LIFE_MISSED, now);
		t->ends->record[slot].port = FLOW_NOWHERE;
	} else if (t->ends->record[slot].port == FLOW_NOWHERE) {
		flow_touch(t->ends, slot, FLOW_LIFE_MISSED, now);
	}
}

void flow_note_near(struct flow_table *t, const struct ip_addr *other,
		    const struct flow_path *path, bool move, uint32_t now)
{
	struct flow_key key = flow_key_near(other, path->vlan, path->dst);
	uint32_t slot = flow_find(t->ends, &key, now);

	if (slot == FLOW_NO_SLOT) {
		slot = flow_make(t->ends, &key, FLOW_LIFE_FOUND, now);
		move = true;
	}
	if (move)
		t->ends->record[slot].port = path->src;
	if (t->ends->record[slot].port == path->src)
		flow_touch(t->ends, slot, FLOW_LIFE_FOUND, now);
}

/* Has the initiator used this address with the sender's port? */
static bool is_own(const struct flow_table *t, const struct ip_addr *a,
		   const struct flow_path *path, uint32_t now)
{
	const struct flow_path sent = { path->vlan, path->dst, path->src };
	struct flow_key key = flow_key_own(a, &sent);

	return flow_find(t->ends, &key, now) != FLOW_NO_SLOT;
}

bool flow_may_resolve(const struct flow_table *t, const struct flow_talk *talk,
		      const struct flow_path *path, uint32_t slot, uint32_t now)
{
	struct flow_key key = flow_key_near(&talk->own, path->vlan, path->dst);
	bool asked = slot != FLOW_NO_SLOT;
	uint32_t near;

	/* The address that the initiator probes for is taken. */
	if (asked && flow_key_probes(&t->record[slot].key))
		return true;
	if (is_own(t, &talk->own, path, now) || flow_is_group(&talk->own))
		return false;
	if (asked)
		return true;
	near = flow_find(t->ends, &key, now);
	if (near != FLOW_NO_SLOT)
		return t->ends->record[near].port == path->src;
	return talk->asks && is_own(t, &talk->other, path, now);
}
