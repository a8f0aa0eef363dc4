/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack of policies behind the switch's two questions.
 *
 * Cheap checks of the topology come first; the user's own file is asked last,
 * about frames that would pass otherwise.  No layer can allow what an earlier
 * one refused, with one exception: answers to a flow that a stateful rule
 * (`reply`) allowed pass whatever the rules of the other direction say.
 */
#include "policy/policy.h"

#include "policy/lock.h"
#include "base/bits.h"

#define NS_PER_S 1000000000u

/* --- state ------------------------------------------------------------- */

void policy_begin(struct policy_state *state, const struct policy *policy)
{
	for (unsigned int p = 0; p < policy->room.ports; p++) {
		const struct policy_port *port = &policy->port[p];
		struct policy_buckets *buckets = &state->bucket[p];

		bucket_set(&buckets->in, &port->limit_in);
		bucket_set(&buckets->out, &port->limit_out);
		bucket_set(&state->flap.port[p].moves, &port->moves);
		for (unsigned int i = 0; i < STORMS; i++)
			bucket_set(&buckets->storm[i], &port->storm[i]);
	}
}

/* --- may it send at all? ----------------------------------------------- */

enum vswitch_reason policy_guard(const struct policy *policy,
				 const struct policy_state *state,
				 const struct policy_ask *ask)
{
	const struct policy_port *port = &policy->port[ask->src];

	if (unlikely(bit_in(state->flap.blocked, ask->src)))
		return REASON_BLOCKED;
	if (port->locked && port->locked_mac != ask->frame->src &&
	    !policy_has_mac(policy, ask->src, ask->frame->src))
		return REASON_MAC_LOCK;
	if (WITH_IPLOCKS && port->ip_locked &&
	    !lock_allows(policy->prefix + port->first_prefix, port->n_prefixes,
			 ask->frame))
		return REASON_IP_LOCK;
	if (!bucket_has(&state->bucket[ask->src].in, ask->now_ns,
			ask->frame->len))
		return REASON_RATE_IN;
	return REASON_NONE;
}

/* --- may it go there? -------------------------------------------------- */

/* Is there still a stateful rule between two ports? */
static bool has_reply_rule(const struct policy *policy, unsigned int src,
			   unsigned int dst, uint32_t id)
{
	const struct policy_pair *pair = &policy->pair[src][dst];

	for (unsigned int i = 0; i < pair->n; i++) {
		const struct policy_rule *r =
			&policy->rule[policy->entry[pair->first + i]];

		if (r->id == id && r->reply)
			return true;
	}
	return false;
}

static const struct packet *packet_of(struct policy_ask *ask)
{
	if (!ask->parsed)
		packet_parse(ask->frame, &ask->packet);
	ask->parsed = true;
	return &ask->packet;
}

static struct flow_path path_of(const struct policy_ask *ask, unsigned int dst)
{
	return (struct flow_path){ .vlan = ask->frame->vlan,
				   .src = (uint8_t)ask->src,
				   .dst = (uint8_t)dst };
}

static uint32_t seconds(const struct policy_ask *ask)
{
	return (uint32_t)(ask->now_ns / NS_PER_S);
}

/*
 * A flow survives a change of policy if its rule does.  Address resolution
 * belongs to any stateful rule, and there is one, or this would not be called.
 */
static bool answers(const struct policy *policy,
		    const struct policy_state *state, struct policy_ask *ask,
		    unsigned int dst, struct flow_hit *hit)
{
	const struct flow_path path = path_of(ask, dst);

	if (policy_flows(state) == NULL ||
	    !flow_answers(policy_flows(state), ask->frame, packet_of(ask),
			  &path, seconds(ask), hit))
		return false;
	return hit->resolves || hit->generation == policy->generation ||
	       has_reply_rule(policy, dst, ask->src, hit->rule);
}

enum vswitch_reason policy_asked(const struct policy *policy,
				 const struct policy_state *state,
				 struct policy_cache *cache,
				 struct policy_ask *ask, unsigned int dst,
				 struct policy_answer *answer)
{
	const struct flow_path path = path_of(ask, dst);
	struct flow_hit hit;
	bool known;

	if (!WITH_FLOWS || !bit_in(policy->answers[ask->src], dst))
		return policy_ruled(policy, cache, ask, dst, answer);
	known = policy_flows(state) != NULL &&
		flow_is_answered(policy_flows(state), ask->frame, &path,
				 policy->generation, seconds(ask));
	if (!known && !answers(policy, state, ask, dst, &hit))
		return policy_ruled(policy, cache, ask, dst, answer);
	*answer = (struct policy_answer){ .entry = POLICY_NO_ENTRY,
					  .reply = true,
					  .noted = known };
	return REASON_NONE;
}

/* --- it goes there ----------------------------------------------------- */

/*
 * Address resolution that passes beside a filter, or as an answer, must not
 * carry data in its padding.  Neighbour discovery is too long to be padded.
 */
static inline unsigned int padding_of(struct policy_ask *ask)
{
	const struct packet *p = packet_of(ask);

	if (likely(p->kind != PACKET_ARP) || p->end == ask->frame->len ||
	    !packet_resolves(ask->frame, p))
		return 0;
	return p->end;
}

unsigned int policy_noted(const struct policy *policy,
			  struct policy_state *state, struct policy_ask *ask,
			  unsigned int dst, const struct policy_answer *answer)
{
	const struct flow_path path = path_of(ask, dst);
	const struct policy_said *said;
	struct flow_hit hit;

	if (answer->reply) {
		if (answers(policy, state, ask, dst, &hit))
			flow_answered(policy_flows(state), packet_of(ask),
				      &path, &hit, policy->generation,
				      seconds(ask));
		return padding_of(ask);
	}
	if (policy_flows(state) == NULL)
		return 0;
	said = &policy->said[answer->entry];
	if (likely(flow_goes_on(policy_flows(state), ask->frame, &path,
				said->id, policy->generation, seconds(ask))))
		return 0;
	flow_opened(policy_flows(state), packet_of(ask), &path, said->id,
		    policy->generation, seconds(ask));
	return said->says & POLICY_SAYS_FILTER ? padding_of(ask) : 0;
}
