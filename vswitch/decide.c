/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decision: one function for forwarding and for vswitch_trace().
 *
 * decide() changes only the forwarding database and the verdict cache, and only
 * if it is asked to act.  A trace does not learn the source, yet must say what
 * forwarding would do; so the look-up of the destination takes into account
 * what learning did *or would do* (resolve()).  Both callers run the same code,
 * so they cannot diverge.
 */
#include "base/errno.h"
#include "base/mem.h"
#include "vswitch/segment.h"
#include "vswitch/vswitch_impl.h"

#define NS_PER_S 1000000000u
/* A frame that comes back through a loop does so within a second. */
#define ECHO_S 1u

void verdict_refuse(struct vswitch_verdict *v, enum vswitch_reason reason)
{
	v->reason = reason;
	v->resolution = RESOLVED_NOT;
	v->looked_up = false;
	v->out = FDB_NO_PORT;
	v->candidates = 0;
	v->deliver = 0;
	v->refused = 0;
	v->replies = 0;
	v->gone = 0;
	v->vlan = 0;
}

/* What can be said of a frame before the table is asked. */
static enum vswitch_reason admit(const struct vswitch *sw,
				 struct policy_ask *ask, const struct job *job)
{
	const struct frame *f = ask->frame;
	enum vswitch_reason why;

	if (unlikely(mac_is_reserved(f->dst)) &&
	    !sw->port[ask->src].forward_reserved)
		return REASON_RESERVED;
	if (unlikely(job->vlan))
		return job->vlan;
	if (unlikely(f->src == 0 || mac_is_group(f->src)))
		return REASON_BAD_SOURCE;
	why = policy_admit(sw->policy, &sw->state, ask);
	/*
	 * Source and destination are equal: a loopback test, as VRRP routers
	 * send from their virtual address.  It goes nowhere and is not learned
	 * from, because several stations may have that address.
	 */
	if (unlikely(f->src == f->dst) && why == REASON_NONE)
		return REASON_SAME_PORT;
	return why;
}

static enum vswitch_resolution kind_of_flood(const struct frame *f)
{
	if (f->dst == MAC_BROADCAST)
		return RESOLVED_BROADCAST;
	return mac_is_group(f->dst) ? RESOLVED_MULTICAST : RESOLVED_UNKNOWN;
}

static const struct bucket *storm_limit(const struct vswitch *sw,
					unsigned int src, const struct frame *f)
{
	return &sw->state.bucket[src].storm[storm_of(kind_of_flood(f))];
}

/* Whether policy lets an address come, or come over, to a port. */
static enum vswitch_reason may_learn(const struct vswitch *sw,
				     const struct policy_ask *ask,
				     const struct fdb_effect *effect,
				     const struct flap_move *move)
{
	const struct policy_port *p = &sw->policy->port[ask->src];

	if (p->sticky &&
	    fdb_held(sw->fdb, ask->src, (uint32_t)(ask->now_ns / NS_PER_S)) >=
		    p->sticky)
		return REASON_STICKY;
	if (effect->outcome == FDB_MOVED &&
	    !flap_may_move(&sw->state.flap, move, ask->now_ns))
		return REASON_MOVES;
	return REASON_NONE;
}

/*
 * Whether to learn from a flooded frame whose source is not known at this port.
 *
 * A frame beyond the port's storm limit is not learned from; otherwise frames
 * that circulate in a loop would move the address of every station that sends.
 * Frames within the limit must not do that either: on a port with a storm limit
 * but no limit of moves (which would detect the loop), a flood does not move an
 * address that was seen at its present port within ECHO_S.  A station that
 * really has moved sends again, or sends something that is not flooded.
 */
static enum vswitch_reason believe_flood(const struct vswitch *sw,
					 const struct policy_ask *ask,
					 const struct job *job, uint32_t now,
					 const struct flap_move *move,
					 struct fdb_effect *effect)
{
	const struct frame *f = &job->frame;
	const struct bucket *storm = storm_limit(sw, ask->src, f);

	if (!bucket_limits(storm) ||
	    (!mac_is_group(f->dst) &&
	     fdb_spot_lookup(sw->fdb, job->to, now) != FDB_NO_PORT))
		return REASON_NONE;
	if (!bucket_has(storm, ask->now_ns, storm_units(storm, job)))
		return REASON_STORM;
	if (effect->outcome == FDB_MOVED &&
	    !bucket_limits(&sw->state.flap.port[ask->src].moves) &&
	    fdb_spot_seen(sw->fdb, job->from, now, ECHO_S) &&
	    !flap_is_home(&sw->state.flap, move, ask->now_ns))
		effect->outcome = FDB_ECHOED;
	return REASON_NONE;
}

/* The address is not known at this port, or its entry needs a refresh. */
static SLOW_PATH enum vswitch_reason
learn_anew(const struct vswitch *sw, struct vswitch *act,
	   const struct policy_ask *ask, const struct job *job, uint32_t now,
	   struct fdb_effect *effect)
{
	const struct frame *f = ask->frame;
	struct flap_move move = { f->src, f->vlan, 0, (uint8_t)ask->src };
	enum vswitch_reason why = REASON_NONE;

	*effect = fdb_probe(sw->fdb, f->src, f->vlan, ask->src, now);
	if (unlikely(effect->outcome == FDB_PINNED))
		return REASON_STATION_PINNED;
	if (effect->outcome == FDB_LEARNED || effect->outcome == FDB_MOVED) {
		move.from = (uint8_t)effect->was;
		why = believe_flood(sw, ask, job, now, &move, effect);
		if (why == REASON_NONE && effect->outcome != FDB_ECHOED)
			why = may_learn(sw, ask, effect, &move);
	}
	if (why == REASON_NONE && effect->outcome != FDB_ECHOED && act != NULL)
		*effect = fdb_learn(act->fdb, f->src, f->vlan, ask->src,
				    sw->port[ask->src].learn_flags, now);
	return why;
}

/* Return: REASON_NONE, or why address and frame are refused. */
static inline enum vswitch_reason
learn_source(const struct vswitch *sw, struct vswitch *act,
	     const struct policy_ask *ask, const struct job *job, uint32_t now,
	     struct fdb_effect *effect)
{
	unsigned int flags = sw->port[ask->src].learn_flags;

	if (likely(fdb_spot_settled(sw->fdb, job->from, ask->src, flags,
				    now))) {
		effect->outcome = FDB_REFRESHED;
		effect->was = FDB_NO_PORT;
		effect->evicted = false;
		return REASON_NONE;
	}
	return learn_anew(sw, act, ask, job, now, effect);
}

/*
 * The port of the destination, as the table is once the source is learned,
 * whether it has been or only would be: the destination may be the station that
 * had to make room for the one that sends.
 */
static inline int resolve(const struct vswitch *sw, const struct job *job,
			  uint32_t now, const struct fdb_effect *learned)
{
	const struct frame *f = &job->frame;

	if (unlikely(learned->evicted) && learned->evicted_mac == f->dst &&
	    learned->evicted_vlan == f->vlan)
		return FDB_NO_PORT;
	return fdb_spot_lookup(sw->fdb, job->to, now);
}

/* Is the frame's VLAN one of the port's, and what becomes of its tag? */
static inline enum vswitch_reason check_vlan(const struct vswitch *sw,
					     unsigned int src, unsigned int dst,
					     const struct frame *f,
					     enum vlan_tagging *tagging)
{
	*tagging = VLAN_AS_IS;
	if (likely(!(policy_tagged(sw->policy) & (bit(src) | bit(dst)))))
		return REASON_NONE;
	return vlan_give(&sw->policy->port[dst], &sw->policy->trunk[dst], f,
			 tagging);
}

/* What the receiver's state has to say, whoever may send to it. */
static inline enum vswitch_reason check_receiver(const struct vswitch *sw,
						 unsigned int dst,
						 const struct job *job,
						 enum vlan_tagging tagging,
						 uint64_t now_ns)
{
	uint32_t len = vlan_length(job->frame.len, tagging);

	if (unlikely(!bit_in(sw->receivers, dst)))
		return REASON_PORT_DOWN;
	if (unlikely(bit_in(sw->state.flap.blocked, dst)))
		return REASON_BLOCKED_OUT;
	if (unlikely(len > sw->port[dst].out.max_frame) &&
	    !(WITH_OFFLOADS && segment_fits(sw, dst, job, tagging)))
		return REASON_TOO_BIG;
	if (unlikely(bit_in(sw->policy->limited, dst)) &&
	    !bucket_has(&sw->state.bucket[dst].out, now_ns, len))
		return REASON_RATE_OUT;
	return REASON_NONE;
}

/* Why a frame may not go to a port, or REASON_NONE. */
static FAST_PATH enum vswitch_reason
refusal(const struct vswitch *sw, struct vswitch *act, struct policy_ask *ask,
	const struct job *job, unsigned int dst, struct vswitch_verdict *v)
{
	struct policy_cache *cache = act ? &act->state.cache : NULL;
	enum vlan_tagging tagging;
	struct policy_answer answer;
	enum vswitch_reason why;
	bool may;

	v->entry[dst] = POLICY_NO_ENTRY;
	why = check_vlan(sw, ask->src, dst, ask->frame, &tagging);
	if (unlikely(why != REASON_NONE))
		return why;
	may = vswitch_can_send(sw->policy, &sw->state, cache, ask, dst,
			       &answer);
	v->entry[dst] = answer.entry;
	if (unlikely(answer.reply))
		v->replies |= bit(dst);
	if (!may)
		return answer.why;
	return check_receiver(sw, dst, job, tagging, ask->now_ns);
}

/* Offer a frame to one candidate. */
static FAST_PATH enum vswitch_reason
offer(const struct vswitch *sw, struct vswitch *act, struct policy_ask *ask,
      const struct job *job, unsigned int dst, struct vswitch_verdict *v)
{
	enum vswitch_reason why = refusal(sw, act, ask, job, dst, v);

	if (likely(why == REASON_NONE)) {
		v->deliver |= bit(dst);
	} else {
		v->refused |= bit(dst);
		v->refusal[dst] = (uint8_t)why;
	}
	return why;
}

/* Those of a set of ports that take frames of this one's VLAN. */
static uint64_t in_vlan(const struct vswitch *sw, unsigned int src,
			const struct frame *f, uint64_t ports)
{
	uint64_t left = ports;
	enum vlan_tagging tagging;

	if (likely(!policy_tagged(sw->policy)))
		return ports;
	while (left) {
		unsigned int dst = bit_pop(&left);

		if (check_vlan(sw, src, dst, f, &tagging) != REASON_NONE)
			ports &= ~bit(dst);
	}
	return ports;
}

/* The candidates of a flood; other ports count no drop. */
static uint64_t flood_set(const struct vswitch *sw,
			  const struct policy_ask *ask,
			  struct vswitch_verdict *v)
{
	uint64_t ports = policy_flood_set(sw->policy, ask->src) &
			 sw->receivers & ~sw->state.flap.blocked;

	/* Stations behind these ports are known already. */
	if (v->resolution == RESOLVED_UNKNOWN)
		ports &= ~sw->policy->known_only;
	ports = in_vlan(sw, ask->src, ask->frame, ports);
	if (unlikely(sw->policy->snooping) && groups_of(sw) != NULL &&
	    v->resolution == RESOLVED_MULTICAST) {
		uint64_t want = mcast_ports(sw->groups, ask->frame, ask->src,
					    ports,
					    (uint32_t)(ask->now_ns / NS_PER_S));

		v->gone = ports & ~want;
		ports = want;
	}
	return ports;
}

/* Those of a set of ports for which a frame is too long. */
static uint64_t too_short(const struct vswitch *sw, uint64_t ports,
			  uint32_t len)
{
	uint64_t found = 0;

	while (ports) {
		unsigned int dst = bit_pop(&ports);

		if (len > sw->port[dst].out.max_frame)
			found |= bit(dst);
	}
	return found;
}

/* Offer a frame to those of a set that take any frame; return them. */
static uint64_t offer_plainly(const struct vswitch *sw,
			      const struct policy_ask *ask, uint64_t offered,
			      struct vswitch_verdict *v)
{
	const struct policy_pair *pair = sw->policy->pair[ask->src];
	uint64_t plain = offered & plain_ports(sw, ask->src);
	uint64_t counted;

	if (unlikely(ask->frame->len > sw->fits))
		plain &= ~too_short(sw, plain, ask->frame->len);
	for (unsigned int i = 0; i < MAX_PORTS; i++)
		v->entry[i] = POLICY_NO_ENTRY;
	counted = plain & sw->policy->counted[ask->src];
	while (counted) {
		unsigned int dst = bit_pop(&counted);

		v->entry[dst] = pair[dst].first;
	}
	v->deliver |= plain;
	return plain;
}

/*
 * Ports whose links came up since they were last visited.  Their clients know
 * it already, and may have told the sender that they listen.
 */
static inline void look_at_links(const struct vswitch *sw, struct vswitch *act,
				 uint64_t ports)
{
	ports &= sw->present & ~sw->receivers;
	while (unlikely(ports) && act != NULL)
		port_check_link(act, bit_pop(&ports));
}

static SLOW_PATH void flood(const struct vswitch *sw, struct vswitch *act,
			    struct policy_ask *ask, const struct job *job,
			    struct vswitch_verdict *v)
{
	const struct bucket *storm;
	uint64_t offered;

	v->resolution = kind_of_flood(ask->frame);
	storm = storm_limit(sw, ask->src, ask->frame);
	if (unlikely(bucket_limits(storm)) &&
	    !bucket_has(storm, ask->now_ns, storm_units(storm, job))) {
		v->reason = REASON_STORM;
		return;
	}
	look_at_links(sw, act, policy_flood_set(sw->policy, ask->src));
	offered = flood_set(sw, ask, v);
	v->candidates = offered;
	offered &= ~offer_plainly(sw, ask, offered, v);
	while (offered)
		offer(sw, act, ask, job, bit_pop(&offered), v);
	if (v->deliver == 0)
		v->reason = v->refused ? v->refusal[bit_first(v->refused)]
				       : REASON_NO_DESTINATION;
}

static inline void unicast(const struct vswitch *sw, struct vswitch *act,
			   struct policy_ask *ask, const struct job *job,
			   struct vswitch_verdict *v)
{
	unsigned int dst = (unsigned int)v->out;

	v->resolution = RESOLVED_UNICAST;
	if (unlikely(dst == ask->src)) {
		v->reason = REASON_SAME_PORT;
		return;
	}
	look_at_links(sw, act, bit(dst));
	v->candidates = bit(dst);
	v->reason = offer(sw, act, ask, job, dst, v);
}

void decide(const struct vswitch *sw, struct vswitch *act,
	    struct policy_ask *ask, const struct job *job,
	    struct vswitch_verdict *v)
{
	uint32_t now = (uint32_t)(ask->now_ns / NS_PER_S);

	verdict_refuse(v, admit(sw, ask, job));
	if (unlikely(v->reason != REASON_NONE))
		return;
	v->looked_up = true;
	v->vlan = ask->frame->vlan;
	v->reason = learn_source(sw, act, ask, job, now, &v->learned);
	if (unlikely(v->reason != REASON_NONE)) {
		if (v->reason == REASON_STORM) {
			v->looked_up = false;
			v->resolution = kind_of_flood(ask->frame);
		}
		return;
	}
	if (!mac_is_group(ask->frame->dst))
		v->out = resolve(sw, job, now, &v->learned);
	if (likely(v->out != FDB_NO_PORT))
		unicast(sw, act, ask, job, v);
	else
		flood(sw, act, ask, job, v);
}

/*
 * A trace also lists the ports a flood is not offered to, which forwarding does
 * not count.  The reason is the one a unicast frame to that port would get; if
 * it would get none, only floods are kept from the port.
 */
static void tell_left_out(const struct vswitch *sw, struct policy_ask *ask,
			  const struct job *job, struct vswitch_verdict *v)
{
	uint64_t ports = sw->present & ~bit(ask->src) & ~v->candidates &
			 ~v->gone;

	if (v->resolution <= RESOLVED_UNICAST || v->reason == REASON_STORM)
		return;
	while (ports) {
		unsigned int dst = bit_pop(&ports);
		enum vswitch_reason why;

		if (sw->port[dst].kind == VSWITCH_PORT_CAPTURE)
			continue;
		v->left |= bit(dst);
		why = refusal(sw, NULL, ask, job, dst, v);
		if (why == REASON_NONE)
			why = REASON_KNOWN_ONLY;
		v->refusal[dst] = (uint8_t)why;
	}
	/* Nothing goes there, be it an answer or not. */
	v->replies &= ~v->left;
}

/* A frame as the first two passes would have it, or refused. */
static void imagine(const struct vswitch *sw, unsigned int port,
		    const uint8_t *header, uint32_t len, struct offload o,
		    struct job *job)
{
	const struct outlet *in = &sw->port[port].out;
	const struct fdb_hash hash = sw->fdb->hash;
	struct frame *f = &job->frame;
	uint32_t snap = sw->policy->snap[port];

	memset(job, 0, sizeof(*job));
	f->len = (uint16_t)len;
	job->refused = (uint8_t)check_length(in->max_frame, len);
	if (WITH_OFFLOADS && in->offload && offload_any(o) && len <= UINT16_MAX)
		segment_note(job, o, in);
	if (job->refused != REASON_NONE)
		return;
	if (job_segment(job))
		snap = FRAME_SNAP_MAX;
	f->snap = (uint16_t)(len < snap ? len : snap);
	memcpy(f->bytes, header, f->snap);
	job_parse(sw, &hash, port, bit_in(policy_tagged(sw->policy), port),
		  job);
	if (job_segment(job))
		segment_judge(job);
}

int vswitch_trace(const struct vswitch *sw, unsigned int port,
		  const uint8_t *header, uint32_t len, struct offload o,
		  uint64_t now_ns, struct vswitch_verdict *verdict)
{
	struct job job;
	struct policy_ask ask = { .frame = &job.frame,
				  .src = port,
				  .now_ns = now_ns };

	if (port >= MAX_PORTS || !bit_in(sw->present, port) ||
	    sw->port[port].kind == VSWITCH_PORT_CAPTURE)
		return -EINVAL;
	memset(verdict, 0, sizeof(*verdict));
	imagine(sw, port, header, len, o, &job);
	verdict_refuse(verdict, job.refused);
	if (job.refused != REASON_NONE)
		return 0;
	decide(sw, NULL, &ask, &job, verdict);
	tell_left_out(sw, &ask, &job, verdict);
	if (job.offload)
		segment_tell(sw, port, &job, verdict);
	return 0;
}
