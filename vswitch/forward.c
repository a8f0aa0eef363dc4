/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carrying out the decisions on a batch: buffers, counters, copies.
 *
 * Frames are decided on in order and their receivers' buffers taken at once, so
 * that a receiver short of buffers gets the frames that came first.  The copies
 * follow when the whole batch is decided on, by which time the buffers' first
 * lines are on their way.
 */
#include "base/mem.h"
#include "vswitch/segment.h"
#include "vswitch/vswitch_impl.h"

/* Least time between two reports of a disputed address. */
#define DISPUTE_NS 60000000000ull

/* The first and the last @n bytes, which may overlap but leave none out. */
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
static inline void copy_short(uint8_t *to, const uint8_t *from,
			      unsigned int len)
{
	if (len >= 32)
		COPY_ENDS(to, from, len, 32);
	else if (len >= 16)
		COPY_ENDS(to, from, len, 16);
	else
		COPY_ENDS(to, from, len, 8);
}

/* What lies behind the first FRAME_SNAP bytes: judged, then unjudged ones. */
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
	unsigned int len = f->len;

	if (len < FRAME_SNAP) {
		copy_short(to, f->bytes, len);
		return;
	}
	copy_fixed(to, f->words, FRAME_SNAP);
	if (len > FRAME_SNAP)
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

	switch ((enum fdb_outcome)e->outcome) {
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
	case FDB_ECHOED:
		break;
	}
	if (e->evicted)
		stat_bump(&sw->count.evicted, &shown->evicted);
}

/* Steps of filters since the last call; the cache counts them. */
static uint64_t work_of_filters(struct vswitch *sw)
{
	uint64_t steps = sw->state.cache.steps - sw->seen.steps;

	sw->seen.steps += steps;
	return steps * WORK_STEP;
}

static uint64_t work_of_flows(struct vswitch *sw)
{
	uint64_t opened = flow_counts(sw->state.flows).opened - sw->seen.opened;

	sw->seen.opened += opened;
	return opened * WORK_NEW_FLOW;
}

/* @ports ports were asked whether their rules let a frame pass. */
static inline void spend_on_rules(struct vswitch *sw,
				  const struct policy_ask *ask,
				  unsigned int ports)
{
	uint64_t work = (uint64_t)ports * WORK_ASKED;

	if (sw->state.cache.steps != sw->seen.steps)
		work += work_of_filters(sw);
	if (ask->parsed && policy_flows(&sw->state) != NULL)
		work += (uint64_t)ports * WORK_FLOW + work_of_flows(sw);
	spend(sw, work);
}

/* The cost of policy_guard(). */
static void spend_on_guard(struct vswitch *sw, unsigned int src)
{
	if (bit_in(sw->policy->guarded, src))
		spend(sw,
		      (uint64_t)sw->policy->port[src].n_prefixes * WORK_PREFIX);
}

void note_asked(struct vswitch *sw, struct policy_ask *ask, unsigned int dst,
		const struct policy_answer *answer, struct transfer *t)
{
	unsigned int padding =
		policy_sent(sw->policy, &sw->state, ask, dst, answer);

	if (unlikely(padding)) {
		t->job->padding = (uint16_t)padding;
		t->how |= COPY_BLANK;
	}
	spend_on_rules(sw, ask, 1);
}

/* Rate limit, flows and padding of a frame that goes to a port. */
static inline void note_sent(struct vswitch *sw, struct policy_ask *ask,
			     unsigned int dst, uint32_t len,
			     const struct vswitch_verdict *v,
			     struct transfer *t)
{
	if (unlikely(bit_in(sw->policy->limited, dst)))
		bucket_take(&sw->state.bucket[dst].out, ask->now_ns, len);
	if (unlikely(bit_in(policy_asks(sw->policy, ask->src), dst))) {
		const struct policy_answer answer = {
			.why = REASON_NONE,
			.reply = bit_in(v->replies, dst),
			.entry = v->entry[dst],
		};

		note_asked(sw, ask, dst, &answer, t);
	}
}

/* Note one more copy of a frame. */
static FAST_PATH struct transfer *put(struct vswitch *sw, struct job *job,
				      unsigned int dst, uint8_t *to)
{
	struct transfer *t = sw->next++;

	t->to = to;
	t->job = job;
	t->port = (uint8_t)dst;
	t->how = VLAN_AS_IS;
	return t;
}

/*
 * Deliver to ports that take a frame as it is; return those without a buffer.
 */
static uint64_t deliver_plainly(struct vswitch *sw, struct job *job,
				uint64_t ports)
{
	uint64_t ready = ports & sw->fresh, left = ports & ~sw->fresh;
	uint32_t len = job->frame.len;
	uint8_t *to;

	while (ready) {
		unsigned int dst = bit_pop(&ready);

		if (likely(outlet_take(&sw->port[dst].out, len, &to)))
			put(sw, job, dst, to);
		else
			left |= bit(dst);
	}
	return left;
}

/* Take a buffer of each receiver; one without a buffer is refused the frame. */
static FAST_PATH void deliver(struct vswitch *sw, struct policy_ask *ask,
			      struct job *job, struct vswitch_verdict *v,
			      bool offload)
{
	const struct frame *f = &job->frame;
	uint64_t ports = v->deliver;
	uint64_t plain = ports & plain_ports(sw, ask->src);

	if (!offload && bit_rest(plain))
		ports ^= plain ^ deliver_plainly(sw, job, plain);
	while (ports) {
		unsigned int dst = bit_pop(&ports);
		enum vlan_tagging tagging = tagging_of(sw, ask->src, dst, f);
		uint32_t len = vlan_length(f->len, tagging);
		enum vswitch_reason why;
		struct transfer *t;
		uint8_t *to;

		why = offload ? segment_deliver(sw, dst, job, tagging, len, &to)
			      : port_take(sw, dst, len, &to);
		if (unlikely(why != REASON_NONE)) {
			v->deliver &= ~bit(dst);
			v->refused |= bit(dst);
			v->refusal[dst] = (uint8_t)why;
			continue;
		}
		t = put(sw, job, dst, to);
		t->how = (uint8_t)tagging;
		note_sent(sw, ask, dst, len, v, t);
		/* What was cut has been copied. */
		if (offload && to == NULL)
			sw->next--;
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

/* Two ports claim one address. Reported rarely, since a peer can cause it. */
static void note_dispute(struct vswitch *sw, const struct flap_move *move,
			 uint64_t now_ns)
{
	struct vswitch_stats *shown = sw->stats;
	uint8_t home, other;

	if (!flap_is_disputed(&sw->state.flap, move, now_ns, &home, &other))
		return;
	sw->dispute_ns = now_ns + DISPUTE_NS;
	stat_show(&shown->dispute_mac, (uint64_t)move->vlan << 48 | move->mac);
	stat_show(&shown->dispute_ports, home | (uint64_t)other << 8);
	atomic_thread_fence(memory_order_release);
	stat_bump(&sw->count.disputes, &shown->disputes);
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
		show_blocked(sw);
	if (ask->now_ns >= sw->dispute_ns)
		note_dispute(sw, &move, ask->now_ns);
}

/* The source address was new here, or is at least looked at anew. */
static SLOW_PATH void note_learning(struct vswitch *sw,
				    const struct policy_ask *ask,
				    const struct vswitch_verdict *v)
{
	if (v->learned.outcome == FDB_MOVED && v->reason != REASON_STICKY)
		note_move(sw, ask, v);
	if (v->reason != REASON_MOVES && v->reason != REASON_STICKY)
		count_learning(sw, &v->learned);
	spend(sw, WORK_LEARN);
}

/* The first port and copy are part of a plain frame's cost. */
static void spend_on_flood(struct vswitch *sw, uint32_t len,
			   const struct vswitch_verdict *v)
{
	spend(sw, bit_count(bit_rest(v->candidates)) * WORK_OFFER +
			  bit_count(bit_rest(v->deliver)) *
				  (WORK_COPY + WORK_BYTES(len)));
}

/* Multicast snooping hears what a frame says of groups. */
static void note_groups(struct vswitch *sw, const struct policy_ask *ask,
			uint64_t reached)
{
	unsigned int named =
		mcast_heard(sw->groups, ask->frame, ask->src, reached, sw->now);

	spend(sw, WORK_GROUPS + named * WORK_MEMBER);
}

/* A frame was flooded, as far as policy goes. */
static SLOW_PATH void note_flood(struct vswitch *sw,
				 const struct policy_ask *ask,
				 const struct job *job,
				 const struct vswitch_verdict *v)
{
	struct bucket *bucket =
		&sw->state.bucket[ask->src].storm[storm_of(v->resolution)];

	if (v->deliver)
		stat_bump(&sw->count.flooded, &sw->stats->flooded);
	if (unlikely(bucket_limits(bucket)))
		bucket_take(bucket, ask->now_ns, storm_units(bucket, job));
	if (unlikely(sw->policy->snooping) &&
	    v->resolution == RESOLVED_MULTICAST && groups_of(sw) != NULL)
		note_groups(sw, ask, v->deliver);
	spend_on_flood(sw, ask->frame->len, v);
}

static inline void count_hits(struct vswitch *sw, unsigned int src,
			      const struct vswitch_verdict *v)
{
	/* Other pairs have no entries. */
	uint64_t ports = v->candidates & (policy_asks(sw->policy, src) |
					  sw->policy->counted[src]);

	while (ports) {
		unsigned int entry = v->entry[bit_pop(&ports)];

		if (entry != POLICY_NO_ENTRY)
			stat_bump(&sw->hits[entry], &sw->stats->hits[entry]);
	}
}

static SLOW_PATH void note_guarded(struct vswitch *sw,
				   const struct policy_ask *ask)
{
	bucket_take(&sw->state.bucket[ask->src].in, ask->now_ns,
		    ask->frame->len);
	spend_on_guard(sw, ask->src);
}

/* What a frame that was not refused at its entry leaves behind. */
static inline void note(struct vswitch *sw, const struct policy_ask *ask,
			const struct job *job, const struct vswitch_verdict *v)
{
	if (unlikely(bit_in(sw->policy->guarded, ask->src)))
		note_guarded(sw, ask);
	if (unlikely(v->learned.outcome != FDB_REFRESHED))
		note_learning(sw, ask, v);
	if (v->resolution > RESOLVED_UNICAST && v->reason != REASON_STORM)
		note_flood(sw, ask, job, v);
	count_hits(sw, ask->src, v);
}

/* What few frames need, behind a single branch. */
static SLOW_PATH void finish(struct vswitch *sw, const struct policy_ask *ask,
			     const struct job *job,
			     const struct vswitch_verdict *v)
{
	if (job->heavy)
		spend(sw, WORK_BYTES(job->frame.len));
	if (!v->looked_up)
		spend_on_guard(sw, ask->src);
	if (v->reason != REASON_NONE || v->refused) {
		charge(sw, ask->src, v);
		spend_on_rules(sw, ask,
			       bit_count(v->refused &
					 policy_asks(sw->policy, ask->src)));
	}
	if (captures_of(sw))
		mirror_frame(sw, ask->src, job, v);
}

static FAST_PATH void forward_frame(struct vswitch *sw, unsigned int src,
				    unsigned int number, bool offload)
{
	struct vswitch_verdict *v = &sw->verdict;
	struct job *job = &sw->job[number];
	struct policy_ask *ask = &sw->ask;

	if (likely(ask->frame != &job->frame))
		ask_about(sw, src, &job->frame);
	/* A tap may compare whole verdicts: leave nothing of the last one. */
	if (unlikely(sw->tap != NULL))
		memset(v, 0, sizeof(*v));
	decide(sw, sw, ask, job, v);
	if (likely(v->looked_up))
		note(sw, ask, job, v);
	tell_tap(sw, src, &job->frame, v);
	deliver(sw, ask, job, v, offload);
	if (unlikely(v->reason | v->refused | captures_of(sw) | job->heavy))
		finish(sw, ask, job, v);
}

/* A frame that is refused, long, or has offload data. */
static SLOW_PATH void forward_odd(struct vswitch *sw, unsigned int src,
				  unsigned int number)
{
	struct job *job = &sw->job[number];

	if (job->refused)
		refuse_descriptor(sw, src, job->refused);
	else if (!job_segment(job) || !lane_segment(sw, src, job))
		forward_frame(sw, src, number, job_segment(job));
}

static void copy_all(struct vswitch *sw)
{
	const struct transfer *end = sw->next;

	for (const struct transfer *t = sw->transfer; t < end; t++) {
		if (unlikely(t->how != VLAN_AS_IS))
			copy_changed(t->to, t->job, t->how);
		else
			copy_plain(t->to, t->job);
	}
}

unsigned int forward_batch(struct vswitch *sw, unsigned int src,
			   unsigned int count)
{
	unsigned int i = 0;

	sw->fresh = 0;
	sw->next = sw->transfer;
	sw->stop = count;
	sw->ask.frame = NULL;
	while ((i = lane_run(sw, src, i)) < sw->stop) {
		if (unlikely(sw->job[i].odd))
			forward_odd(sw, src, i);
		else
			forward_frame(sw, src, i, false);
		i++;
	}
	sw->port[src].count.in_frames += i;
	copy_all(sw);
	return i;
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
