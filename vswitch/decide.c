/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is to become of a frame.
 *
 * The order of the steps is a security matter: nothing is learned from a frame
 * that its port may not send, so a port that lies about its address is refused
 * before the lie has changed anything.
 *
 * The same function serves forwarding and tracing.  The one difference is the
 * learning step, which tracing foretells instead of doing; resolve() then has to
 * see the table as it would be afterwards, which takes two corrections.
 */
#include "vswitch/switch_impl.h"

/* May the frame go to one destination? */
static enum vswitch_reason refuse_pair(const struct vswitch *sw,
				       const struct frame *f, unsigned int src,
				       unsigned int dst)
{
	enum vswitch_reason why;

	if (!vswitch_can_send(&sw->policy, f, src, dst, &why))
		return why;
	if (!bit_in(sw->up, dst))
		return REASON_PORT_DOWN;
	if (f->len > sw->port[dst].config.max_frame)
		return REASON_TOO_BIG;
	return REASON_NONE;
}

static void consider(const struct vswitch *sw, const struct frame *f,
		     unsigned int src, unsigned int dst,
		     struct vswitch_verdict *v)
{
	enum vswitch_reason why = refuse_pair(sw, f, src, dst);

	if (likely(why == REASON_NONE)) {
		v->deliver |= bit(dst);
		return;
	}
	v->refused |= bit(dst);
	v->refusal[dst] = (uint8_t)why;
}

/* To every candidate; refused as a whole if none of them takes it. */
static void offer(const struct vswitch *sw, const struct frame *f,
		  unsigned int src, struct vswitch_verdict *v)
{
	uint64_t todo = v->candidates;

	while (todo)
		consider(sw, f, src, bit_pop(&todo), v);
	if (v->deliver == 0)
		v->reason = (enum vswitch_reason)
				    v->refusal[bit_first(v->candidates)];
}

static void flood(const struct vswitch *sw, const struct frame *f,
		  unsigned int src, struct vswitch_verdict *v)
{
	v->candidates =
		policy_flood_set(&sw->policy, src) & sw->up & sw->senders;
	if (v->candidates == 0)
		v->reason = REASON_NO_DESTINATION;
	else
		offer(sw, f, src, v);
}

/*
 * Where an address is, as the table stands or, if learning was only foretold,
 * as it would stand: with the source address where it came from, and without
 * what would have been evicted for it.
 */
static int locate(const struct vswitch *sw, const struct frame *f,
		  unsigned int src, uint32_t now, bool learned,
		  const struct fdb_effect *e)
{
	if (!learned) {
		if (f->dst == f->src && e->outcome != FDB_FULL)
			return (int)src;
		if (e->evicted && f->dst == e->evicted_mac &&
		    f->vlan == e->evicted_vlan)
			return FDB_NO_PORT;
	}
	return fdb_lookup(sw->fdb, f->dst, f->vlan, now);
}

static void unicast(const struct vswitch *sw, const struct frame *f,
		    unsigned int src, struct vswitch_verdict *v)
{
	v->resolution = RESOLVED_UNICAST;
	if ((unsigned int)v->out == src) {
		v->reason = REASON_SAME_PORT;
		return;
	}
	v->candidates = bit((unsigned int)v->out);
	offer(sw, f, src, v);
}

static void resolve(const struct vswitch *sw, const struct frame *f,
		    unsigned int src, uint32_t now, bool learned,
		    struct vswitch_verdict *v)
{
	if (mac_is_group(f->dst)) {
		v->resolution = f->dst == MAC_BROADCAST ? RESOLVED_BROADCAST
							: RESOLVED_MULTICAST;
		flood(sw, f, src, v);
		return;
	}
	v->out = locate(sw, f, src, now, learned, &v->learned);
	if (likely(v->out != FDB_NO_PORT)) {
		unicast(sw, f, src, v);
		return;
	}
	v->resolution = RESOLVED_UNKNOWN;
	flood(sw, f, src, v);
}

/* Why the frame may not even be learned from. */
static enum vswitch_reason refuse_ingress(const struct vswitch *sw,
					  const struct frame *f,
					  unsigned int src, bool tag_ok)
{
	if (mac_is_reserved(f->dst) && !sw->port[src].config.forward_reserved)
		return REASON_RESERVED;
	if (!tag_ok)
		return REASON_VLAN;
	if (mac_is_group(f->src) || f->src == 0)
		return REASON_BAD_SOURCE;
	return policy_admit(&sw->policy, src, f);
}

void decide(const struct vswitch *sw, unsigned int src,
	    const struct frame *frame, bool tag_ok, uint32_t now, bool learn,
	    struct vswitch_verdict *v)
{
	unsigned int sticky = sw->port[src].config.sticky ? FDB_STICKY : 0;

	v->resolution = RESOLVED_NOT;
	v->looked_up = false;
	v->out = FDB_NO_PORT;
	v->candidates = 0;
	v->deliver = 0;
	v->refused = 0;
	v->reason = refuse_ingress(sw, frame, src, tag_ok);
	if (v->reason != REASON_NONE)
		return;
	v->looked_up = true;
	if (learn)
		v->learned = fdb_learn(sw->fdb, frame->src, frame->vlan, src,
				       sticky, now);
	else
		v->learned = fdb_probe(sw->fdb, frame->src, frame->vlan, src,
				       now);
	if (v->learned.outcome == FDB_PINNED) {
		v->reason = REASON_STATION_PINNED;
		return;
	}
	resolve(sw, frame, src, now, learn, v);
}
