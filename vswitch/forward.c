/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carrying out the decisions on a batch: buffers, counters, copies.
 *
 * Frames are decided on in order and their receivers' buffers taken at once, so
 * that a receiver short of buffers gets the frames that came first.  The copies
 * follow when the whole batch is decided on, by which time the buffers' first
 * lines are on their way.
 */
#include "vswitch/mem.h"
#include "vswitch/vswitch_impl.h"

/* The first and the last @n octets, which may overlap but leave none out. */
#define COPY_ENDS(to, from, len, n)                                            \
	do {                                                                   \
		__builtin_memcpy(to, from, n);                                 \
		__builtin_memcpy((to) + (len) - (n), (from) + (len) - (n), n); \
	} while (0)

_Static_assert(FRAME_MIN >= 8 && FRAME_SNAP <= 64, "copy_short() covers all");

/*
 * Shorter than a snapshot, as every ARP request is.  A loop over words, or a
 * call with a length that is not constant, would take several times as long.
 */
static void copy_short(uint8_t *to, const uint8_t *from, unsigned int len)
{
	if (len >= 32)
		COPY_ENDS(to, from, len, 32);
	else if (len >= 16)
		COPY_ENDS(to, from, len, 16);
	else
		COPY_ENDS(to, from, len, 8);
}

/* What lies behind the first FRAME_SNAP octets: judged, then unjudged ones. */
static void copy_rest(uint8_t *to, const struct job *job)
{
	const struct frame *f = &job->frame;

	if (unlikely(f->snap > FRAME_SNAP))
		memcpy(to + FRAME_SNAP, f->bytes + FRAME_SNAP,
		       f->snap - FRAME_SNAP);
	if (f->len > f->snap)
		memcpy(to + f->snap, job->data + f->snap,
		       (size_t)(f->len - f->snap));
}

static inline void copy_plain(uint8_t *to, const struct job *job)
{
	const struct frame *f = &job->frame;

	if (f->len < FRAME_SNAP) {
		copy_short(to, f->bytes, f->len);
		return;
	}
	copy_fixed(to, f->words, FRAME_SNAP);
	if (f->len > FRAME_SNAP)
		copy_rest(to, job);
}

static void copy_changed(uint8_t *to, const struct job *job, unsigned int how)
{
	enum vlan_tagging tagging = (enum vlan_tagging)(how & ~COPY_BLANK);
	const struct frame *f = &job->frame;
	uint32_t at = vlan_length(job->padding, tagging);

	if (tagging != VLAN_AS_IS)
		vlan_copy(to, f, job->data, tagging);
	else
		copy_plain(to, job);
	if (how & COPY_BLANK)
		memset(to + at, 0, vlan_length(f->len, tagging) - at);
}

void frame_copy(uint8_t *to, const struct job *job, unsigned int how)
{
	if (unlikely(how != VLAN_AS_IS))
		copy_changed(to, job, how);
	else
		copy_plain(to, job);
}

static void count_learning(struct vswitch *sw, const struct fdb_effect *e)
{
	struct vswitch_stats *shown = sw->stats;

	switch (e->outcome) {
	case FDB_LEARNED:
		stat_bump(&sw->count.learned, &shown->learned);
		break;
	case FDB_MOVED:
		stat_bump(&sw->count.moved, &shown->moved);
		break;
	case FDB_FULL:
		stat_bump(&sw->count.not_learned, &shown->not_learned);
		break;
	case FDB_REFRESHED:
	case FDB_PINNED:
		break;
	}
	if (e->evicted)
		stat_bump(&sw->count.evicted, &shown->evicted);
}

/* What the policy remembers of a frame that goes to a port, and has done to it. */
static inline void note_sent(struct vswitch *sw, struct policy_ask *ask,
			     unsigned int dst, uint32_t len,
			     const struct vswitch_verdict *v,
			     struct transfer *t)
{
	struct policy_answer answer;
	unsigned int padding;

	if (unlikely(bit_in(sw->policy->limited, dst)))
		bucket_take(&sw->state.out[dst], ask->now_ns, len);
	if (likely(!bit_in(sw->policy->asks[ask->src], dst)))
		return;
	answer.why = REASON_NONE;
	answer.reply = bit_in(v->replies, dst);
	answer.entry = v->entry[dst];
	padding = policy_sent(sw->policy, &sw->state, ask, dst, &answer);
	if (likely(padding == 0))
		return;
	sw->job[t->job].padding = (uint16_t)padding;
	t->how |= COPY_BLANK;
}

/* Give the frame a buffer of each receiver; who has none is refused it. */
static inline void deliver(struct vswitch *sw, struct policy_ask *ask,
			   unsigned int job, struct vswitch_verdict *v)
{
	const struct frame *f = &sw->job[job].frame;
	uint64_t ports = v->deliver;

	while (ports) {
		unsigned int dst = bit_pop(&ports);
		struct port *p = &sw->port[dst];
		enum vlan_tagging tagging = tagging_of(sw, ask->src, dst, f);
		uint32_t len = vlan_length(f->len, tagging);
		enum vswitch_reason why;
		struct transfer *t;
		uint32_t offset;

		why = port_take(sw, dst, &offset);
		if (unlikely(why != REASON_NONE)) {
			v->deliver &= ~bit(dst);
			v->refused |= bit(dst);
			v->refusal[dst] = (uint8_t)why;
			continue;
		}
		__builtin_prefetch(p->out_data + offset, 1);
		queue_put(&p->out_active, offset, (uint16_t)len);
		p->count.out_frames++;
		p->count.out_bytes += len;
		t = &sw->transfer[sw->transfers++];
		*t = (struct transfer){
			.offset = offset,
			.port = (uint8_t)dst,
			.job = (uint8_t)job,
			.how = (uint8_t)tagging,
		};
		note_sent(sw, ask, dst, len, v, t);
	}
}

/* Each refused pair is charged to one port; so is a frame that got nowhere. */
static void charge(struct vswitch *sw, unsigned int src,
		   const struct vswitch_verdict *v)
{
	uint64_t refused = v->refused;

	if (v->candidates == 0)
		port_drop(&sw->port[src], v->reason);
	while (refused) {
		unsigned int dst = bit_pop(&refused);
		enum vswitch_reason why = v->refusal[dst];

		port_drop(&sw->port[vswitch_reason_is_out(why) ? dst : src],
			  why);
	}
}

static void tell_tap(struct vswitch *sw, unsigned int src,
		     const struct frame *f, struct vswitch_verdict *v)
{
	if (sw->tap != NULL)
		sw->tap(sw->tap_arg, src, f, v);
}

static void refuse_descriptor(struct vswitch *sw, unsigned int src,
			      enum vswitch_reason reason)
{
	verdict_refuse(&sw->verdict, reason);
	port_drop(&sw->port[src], reason);
	tell_tap(sw, src, NULL, &sw->verdict);
}

void show_isolated(struct vswitch *sw)
{
	for (unsigned int p = 0; p < VSWITCH_MAX_PORTS; p++) {
		struct vswitch_port_stats *shown = sw->port[p].shown;

		stat_show(&shown->isolated, bit_in(sw->state.flap.isolated, p));
		stat_show(&shown->isolations, sw->state.flap.port[p].times);
	}
}

/* An address was found at another port than before, or would have been. */
static void note_move(struct vswitch *sw, const struct policy_ask *ask,
		      const struct vswitch_verdict *v)
{
	const struct flap_move move = {
		.mac = ask->frame->src,
		.vlan = ask->frame->vlan,
		.from = (uint8_t)v->learned.was,
		.to = (uint8_t)ask->src,
	};

	if (v->reason != REASON_MOVES
		    ? flap_moved(&sw->state.flap, &move, ask->now_ns)
		    : flap_refused(&sw->state.flap, &move, ask->now_ns))
		show_isolated(sw);
}

/* The source address was new here, or is at least looked at anew. */
static void note_learning(struct vswitch *sw, const struct policy_ask *ask,
			  const struct vswitch_verdict *v)
{
	if (v->learned.outcome == FDB_MOVED && v->reason != REASON_STICKY)
		note_move(sw, ask, v);
	if (v->reason != REASON_MOVES && v->reason != REASON_STICKY)
		count_learning(sw, &v->learned);
}

/* A frame was flooded, as far as policy goes. */
static void note_flood(struct vswitch *sw, const struct policy_ask *ask,
		       const struct vswitch_verdict *v)
{
	enum policy_storm storm = storm_of(v->resolution);

	if (v->deliver)
		stat_bump(&sw->count.flooded, &sw->stats->flooded);
	if (unlikely(bucket_limits(&sw->state.storm[ask->src][storm])))
		bucket_take(&sw->state.storm[ask->src][storm], ask->now_ns, 1);
	if (unlikely(sw->policy->snooping) &&
	    v->resolution == RESOLVED_MULTICAST && sw->groups != NULL)
		mcast_heard(sw->groups, ask->frame, ask->src, v->deliver,
			    sw->now);
}

static inline void count_hits(struct vswitch *sw,
			      const struct vswitch_verdict *v)
{
	uint64_t ports = v->candidates;

	do {
		unsigned int entry = v->entry[bit_pop(&ports)];

		if (entry != POLICY_NO_ENTRY)
			stat_bump(&sw->hits[entry], &sw->stats->hits[entry]);
	} while (unlikely(ports));
}

/* What a frame that was not refused at its entry leaves behind. */
static inline void note(struct vswitch *sw, const struct policy_ask *ask,
			const struct vswitch_verdict *v)
{
	if (unlikely(bit_in(sw->policy->guarded, ask->src)))
		bucket_take(&sw->state.in[ask->src], ask->now_ns,
			    ask->frame->len);
	if (unlikely(v->learned.outcome != FDB_REFRESHED))
		note_learning(sw, ask, v);
	if (v->resolution > RESOLVED_UNICAST && v->reason != REASON_STORM)
		note_flood(sw, ask, v);
	if (likely(v->candidates))
		count_hits(sw, v);
}

static inline void forward_frame(struct vswitch *sw, unsigned int src,
				 unsigned int number)
{
	struct vswitch_verdict *v = &sw->verdict;
	const struct job *job = &sw->job[number];
	struct policy_ask ask;

	ask.frame = &job->frame;
	ask.src = src;
	ask.parsed = false;
	ask.now_ns = sw->now_ns;
	/* Whoever compares whole verdicts must not find an older one's rest. */
	if (unlikely(sw->tap != NULL))
		memset(v, 0, sizeof(*v));
	decide(sw, sw, &ask, job, v);
	if (likely(v->looked_up))
		note(sw, &ask, v);
	tell_tap(sw, src, &job->frame, v);
	deliver(sw, &ask, number, v);
	if (unlikely(v->reason != REASON_NONE || v->refused))
		charge(sw, src, v);
	if (unlikely(sw->captures))
		mirror_frame(sw, src, job, v);
}

static void copy_all(struct vswitch *sw)
{
	for (unsigned int i = 0; i < sw->transfers; i++) {
		const struct transfer *t = &sw->transfer[i];

		frame_copy(sw->port[t->port].out_data + t->offset,
			   &sw->job[t->job], t->how);
	}
}

void forward_batch(struct vswitch *sw, unsigned int src, unsigned int count)
{
	struct port *p = &sw->port[src];

	sw->fresh = 0;
	sw->transfers = 0;
	p->count.in_frames += count;
	for (unsigned int i = 0; i < count; i++) {
		if (unlikely(sw->job[i].refused)) {
			refuse_descriptor(sw, src, sw->job[i].refused);
			continue;
		}
		forward_frame(sw, src, i);
	}
	copy_all(sw);
}

void vswitch_set_tap(struct vswitch *sw,
		     void (*tap)(void *arg, unsigned int port,
				 const struct frame *frame,
				 const struct vswitch_verdict *verdict),
		     void *arg)
{
	sw->tap = tap;
	sw->tap_arg = arg;
}
