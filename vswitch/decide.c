/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decision: one function for forwarding and for vswitch_trace().
 *
 * decide() changes nothing but the table, and that only if it is asked to learn.
 * Without learning it must still say what forwarding would do, although the
 * source has not been entered: the look-up of the destination therefore takes
 * into account what learning did *or would do* (resolve()).  Both callers go
 * through the same lines, so they cannot come apart.
 */
#include "vswitch/errno.h"
#include "vswitch/mem.h"
#include "vswitch/vswitch_impl.h"

void verdict_refuse(struct vswitch_verdict *v, enum vswitch_reason reason)
{
	v->reason = reason;
	v->resolution = RESOLVED_NOT;
	v->looked_up = false;
	v->out = FDB_NO_PORT;
	v->candidates = 0;
	v->deliver = 0;
	v->refused = 0;
}

/* What can be said of a frame before the table is asked. */
static enum vswitch_reason admit(const struct vswitch *sw, unsigned int src,
				 const struct frame *f, bool vlan_ok)
{
	if (unlikely(mac_is_reserved(f->dst)) &&
	    !sw->port[src].forward_reserved)
		return REASON_RESERVED;
	if (unlikely(!vlan_ok))
		return REASON_VLAN;
	if (unlikely(f->src == 0 || mac_is_group(f->src)))
		return REASON_BAD_SOURCE;
	return policy_admit(&sw->policy, src, f);
}

static inline void learn_source(const struct vswitch *sw, struct fdb *learn,
				unsigned int src, const struct job *job,
				uint32_t now, struct fdb_effect *effect)
{
	const struct frame *f = &job->frame;
	unsigned int flags = sw->port[src].learn_flags;

	if (likely(fdb_spot_settled(sw->fdb, job->from, src, flags, now))) {
		effect->outcome = FDB_REFRESHED;
		effect->was = FDB_NO_PORT;
		effect->evicted = false;
	} else if (learn != NULL) {
		*effect = fdb_learn(learn, f->src, f->vlan, src, flags, now);
	} else {
		*effect = fdb_probe(sw->fdb, f->src, f->vlan, src, now);
	}
}

/*
 * The port of the destination, as the table is once the source is learned,
 * whether it has been or only would be: the destination may be the very station
 * that sends, or the one that had to make room for it.
 */
static inline int resolve(const struct vswitch *sw, unsigned int src,
			  const struct job *job, uint32_t now,
			  const struct fdb_effect *learned)
{
	const struct frame *f = &job->frame;

	if (unlikely(f->dst == f->src) && learned->outcome != FDB_FULL)
		return (int)src;
	if (unlikely(learned->evicted) && learned->evicted_mac == f->dst &&
	    learned->evicted_vlan == f->vlan)
		return FDB_NO_PORT;
	return fdb_spot_lookup(sw->fdb, job->to, now);
}

/* Why a frame may not go to a port, or REASON_NONE. */
static inline enum vswitch_reason refusal(const struct vswitch *sw,
					  unsigned int src, unsigned int dst,
					  const struct frame *f)
{
	enum vswitch_reason why;

	if (!vswitch_can_send(&sw->policy, f, src, dst, &why))
		return why;
	if (unlikely(!bit_in(sw->receivers, dst)))
		return REASON_PORT_DOWN;
	if (unlikely(f->len > sw->port[dst].max_frame))
		return REASON_TOO_BIG;
	return REASON_NONE;
}

/* Offer a frame to one candidate. */
static inline enum vswitch_reason offer(const struct vswitch *sw,
					unsigned int src, unsigned int dst,
					const struct frame *f,
					struct vswitch_verdict *v)
{
	enum vswitch_reason why = refusal(sw, src, dst, f);

	if (likely(why == REASON_NONE)) {
		v->deliver |= bit(dst);
	} else {
		v->refused |= bit(dst);
		v->refusal[dst] = (uint8_t)why;
	}
	return why;
}

static void flood(const struct vswitch *sw, unsigned int src,
		  const struct frame *f, struct vswitch_verdict *v)
{
	uint64_t offered = policy_flood_set(&sw->policy, src) & sw->receivers;

	v->candidates = offered;
	if (f->dst == MAC_BROADCAST)
		v->resolution = RESOLVED_BROADCAST;
	else if (mac_is_group(f->dst))
		v->resolution = RESOLVED_MULTICAST;
	else
		v->resolution = RESOLVED_UNKNOWN;
	while (offered)
		offer(sw, src, bit_pop(&offered), f, v);
	if (v->deliver == 0)
		v->reason = v->refused ? v->refusal[bit_first(v->refused)]
				       : REASON_NO_DESTINATION;
}

static inline void unicast(const struct vswitch *sw, unsigned int src,
			   const struct frame *f, struct vswitch_verdict *v)
{
	unsigned int dst = (unsigned int)v->out;

	v->resolution = RESOLVED_UNICAST;
	if (unlikely(dst == src)) {
		v->reason = REASON_SAME_PORT;
		return;
	}
	v->candidates = bit(dst);
	v->reason = offer(sw, src, dst, f, v);
}

void decide(const struct vswitch *sw, struct fdb *learn, unsigned int src,
	    const struct job *job, uint32_t now, struct vswitch_verdict *v)
{
	const struct frame *f = &job->frame;

	verdict_refuse(v, admit(sw, src, f, job->vlan_ok));
	if (unlikely(v->reason != REASON_NONE))
		return;
	v->looked_up = true;
	learn_source(sw, learn, src, job, now, &v->learned);
	if (unlikely(v->learned.outcome == FDB_PINNED)) {
		v->reason = REASON_STATION_PINNED;
		return;
	}
	if (!mac_is_group(f->dst))
		v->out = resolve(sw, src, job, now, &v->learned);
	if (likely(v->out != FDB_NO_PORT))
		unicast(sw, src, f, v);
	else
		flood(sw, src, f, v);
}

int vswitch_trace(const struct vswitch *sw, unsigned int port,
		  const uint8_t *header, uint32_t len, uint64_t now_ns,
		  struct vswitch_verdict *verdict)
{
	uint32_t now = (uint32_t)(now_ns / 1000000000u);
	enum vswitch_reason why;
	struct job job;
	struct frame *f = &job.frame;

	if (port >= VSWITCH_MAX_PORTS || !bit_in(sw->present, port) ||
	    sw->port[port].kind == VSWITCH_PORT_CAPTURE)
		return -EINVAL;
	memset(verdict, 0, sizeof(*verdict));
	why = check_length(&sw->port[port], len);
	verdict_refuse(verdict, why);
	if (why != REASON_NONE)
		return 0;
	memset(f, 0, sizeof(*f));
	f->len = (uint16_t)len;
	f->snap = (uint16_t)(len < FRAME_SNAP ? len : FRAME_SNAP);
	memcpy(f->bytes, header, f->snap);
	job_parse(sw, &job);
	decide(sw, NULL, port, &job, now, verdict);
	return 0;
}
