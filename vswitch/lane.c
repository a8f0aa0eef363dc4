/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short path: unicast to a known address that needs nothing but the copy.
 *
 * decide() asks some thirty questions of a frame, and most answers are those of
 * the frame before.  What is the same for all frames of a sender is worked out
 * once (struct sender): above all the set of ports that need nothing but the
 * copy.  While frames go to one of these ports after another frame to the same,
 * its indices and counters are held in locals (struct lane).
 *
 * This is an optimisation of decide() and deliver(), never a second opinion.  A
 * frame is taken only if decide() would deliver it to that one port and nothing
 * else had to be noted.  All others are left to the caller, in order, and the
 * answers are worked out anew after each of them, because they may have changed
 * anything.  No check of what a peer wrote is left out.
 */
#include "base/mem.h"
#include "vswitch/vswitch_impl.h"

/**
 * struct sender - what holds until something is decided in full
 * @plain:   ports that need nothing but the copy
 * @asked:   ports that need it if the rules, and the user's own policy, agree
 * @settled: the end of a source's slot, where @mask has bits
 * @fdb:     the table
 * @fresh:   second from which on an address has not expired
 */
struct sender {
	uint64_t plain;
	uint64_t asked;
	uint64_t settled;
	uint64_t mask;
	const struct fdb *fdb;
	uint32_t fresh;
};

/**
 * struct lane - a receiver, as long as frames go to it
 * @dst:    its number, or MAX_PORTS
 * @room:   buffers that could be taken when it was opened
 * @left:   those that still can
 * @bytes:  of the frames it got
 * @free, @active: its queues' slots; @head, @tail: the next of them
 * @longest: bytes it takes, as long as nobody counts them as work
 */
struct lane {
	unsigned int dst;
	uint32_t room;
	uint32_t left;
	uint32_t bytes;
	const volatile struct net_desc *free;
	volatile struct net_desc *active;
	uint32_t head;
	uint32_t tail;
	uint32_t free_mask;
	uint32_t active_mask;
	uint8_t *data;
	uint64_t size;
	uint32_t mask;
	uint32_t longest;
};

/* --- the sender ---------------------------------------------------------- */

/* What a slot says of an address besides its key, as one word. */
static FAST_PATH uint64_t seen_word(const struct fdb_slot *slot)
{
	uint64_t word;

	_Static_assert(offsetof(struct fdb_slot, stamp) == 8, "one word");
	__builtin_memcpy(&word, &slot->stamp, sizeof(word));
	return word;
}

static FAST_PATH struct sender sender_of(const struct vswitch *sw,
					 unsigned int src)
{
	const struct policy *policy = sw->policy;
	uint8_t flags = sw->port[src].learn_flags;
	struct fdb_slot at = { .stamp = sw->now,
			       .port = (uint8_t)src,
			       .flags = flags };
	struct fdb_slot mask = { .stamp = UINT32_MAX,
				 .port = UINT8_MAX,
				 .flags = flags };
	uint32_t ageing = sw->fdb->ageing;
	struct sender s = { .settled = seen_word(&at),
			    .mask = seen_word(&mask),
			    .fdb = sw->fdb,
			    .fresh = sw->now >= ageing ? sw->now - ageing + 1
						       : 0 };

	if (bit_in(policy->guarded | sw->state.flap.blocked, src))
		return s;
	s.plain = plain_ports(sw, src);
	s.asked = open_ports(sw, src) & ~s.plain &
		  (policy->port[src].allow | policy->asks[src]);
	return s;
}

/* --- the lane ------------------------------------------------------------ */

/* Count for the entry of a pair that is allowed without a look at frames. */
static FAST_PATH void count_hits(struct vswitch *sw, unsigned int src,
				 unsigned int dst, uint32_t frames)
{
	const struct policy_pair *pair = &sw->policy->pair[src][dst];
	unsigned int entry = pair->first;

	if (pair->n == 0 || policy_has_user() ||
	    bit_in(sw->policy->asks[src], dst))
		return;
	sw->hits[entry] += frames;
	stat_show(&sw->stats->hits[entry], sw->hits[entry]);
}

static FAST_PATH void lane_close(struct vswitch *sw, unsigned int src,
				 const struct lane *l)
{
	uint32_t frames = l->room - l->left;
	struct port *p;

	if (frames == 0)
		return;
	p = &sw->port[l->dst];
	p->out_active.tail = (uint16_t)l->tail;
	p->free_used = (uint16_t)(p->free_used + frames);
	p->room = (uint16_t)(p->room - frames);
	p->count.out_frames += frames;
	p->count.out_bytes += l->bytes;
	sw->dirty |= bit(l->dst);
	count_hits(sw, src, l->dst, frames);
}

/*
 * A port without a buffer gets a lane, too, and then no frame.  One that is at
 * fault gets none; what follows from that is up to port_take().
 */
static FAST_PATH bool lane_open(struct vswitch *sw, unsigned int dst,
				struct lane *l)
{
	const struct port *p = &sw->port[dst];
	uint32_t have;

	if (unlikely(!bit_in(sw->fresh, dst)) && !port_look(sw, dst))
		return false;
	have = (uint32_t)(p->free_have - p->free_used);
	l->dst = dst;
	l->room = have < p->room ? have : p->room;
	l->left = l->room;
	l->bytes = 0;
	l->free = p->out_free.shared->desc;
	l->head = (uint32_t)p->out_free.head + p->free_used;
	l->free_mask = p->out_free.capacity - 1u;
	l->active = p->out_active.shared->desc;
	l->tail = p->out_active.tail;
	l->active_mask = p->out_active.capacity - 1u;
	l->data = p->out_data;
	l->size = p->out_size;
	l->mask = p->out_mask;
	l->longest = p->max_frame < WORK_LONG ? p->max_frame : WORK_LONG - 1;
	return true;
}

/*
 * Take the next buffer for a frame, unless there is none or an impossible one.
 */
static FAST_PATH bool lane_take(struct lane *l, uint16_t len, uint8_t **to)
{
	uint64_t offset;

	if (unlikely(len > l->longest) || unlikely(l->left == 0))
		return false;
	offset = l->free[l->head & l->free_mask].io_or_offset;
	if (unlikely(offset >= l->size) || unlikely(offset & l->mask))
		return false;
	*to = l->data + offset;
	__builtin_prefetch(*to, 1);
	queue_fill(&l->active[l->tail & l->active_mask], offset, len);
	l->head++;
	l->tail++;
	l->left--;
	l->bytes += len;
	return true;
}

/* --- frames -------------------------------------------------------------- */

/* A destination's slot, if to learn the source would change nothing. */
static FAST_PATH const struct fdb_slot *way_of(const struct sender *s,
					       const struct job *job)
{
	const struct fdb_slot *from = fdb_find(s->fdb, job->from);
	const struct fdb_slot *to = fdb_find(s->fdb, job->to);

	if (unlikely(from == NULL) || unlikely(to == NULL) ||
	    unlikely((seen_word(from) ^ s->settled) & s->mask))
		return NULL;
	if (unlikely(to->stamp < s->fresh) && !(to->flags & FDB_STATIC))
		return NULL;
	return to;
}

/* Do the rules of a pair, and the user's own policy, let a frame pass? */
static SLOW_PATH bool may_pass(struct vswitch *sw, unsigned int src,
			       unsigned int dst, const struct frame *f)
{
	const struct policy *policy = sw->policy;
	struct policy_cache *cache = &sw->state.cache;
	struct policy_ask *ask = &sw->ask;
	struct policy_answer *answer = &ask->answer;

	ask_about(sw, src, f);
	if (policy_has_user() || bit_in(policy->answers[src], dst))
		vswitch_can_send(policy, &sw->state, cache, ask, dst, answer);
	else
		answer->why = policy_ruled(policy, cache, ask, dst, answer);
	ask->answered = dst + 1;
	return answer->why == REASON_NONE;
}

/* A frame that was asked about has a copy. */
static FAST_PATH void note(struct vswitch *sw, unsigned int dst,
			   struct transfer *t)
{
	struct policy_ask *ask = &sw->ask;
	unsigned int entry = ask->answer.entry;

	if (likely(entry != POLICY_NO_ENTRY))
		stat_bump(&sw->hits[entry], &sw->stats->hits[entry]);
	if (unlikely(!bit_in(sw->policy->asks[ask->src], dst)))
		return;
	if (likely(ask->answer.noted) &&
	    likely(sw->state.cache.steps == sw->seen.steps))
		spend(sw, WORK_ASKED);
	else
		note_asked(sw, ask, dst, &ask->answer, t);
}

unsigned int lane_run(struct vswitch *sw, unsigned int src, unsigned int first)
{
	struct transfer *t = sw->transfer + sw->transfers;
	const struct job *end = sw->job + sw->stop;
	struct job *job = sw->job + first;
	struct lane lane = { .dst = MAX_PORTS };
	struct sender s;

	if (job >= end || sw->captures || sw->tap != NULL ||
	    mac_is_group(job->frame.dst))
		return first;
	s = sender_of(sw, src);
	for (; job < end && likely(!(job->refused | job->vlan)); job++, t++) {
		const struct fdb_slot *way = way_of(&s, job);
		bool asked = false;

		if (unlikely(way == NULL))
			break;
		if (unlikely(!bit_in(s.plain, way->port))) {
			if (!bit_in(s.asked, way->port))
				break;
			asked = may_pass(sw, src, way->port, &job->frame);
			if (!asked)
				break;
		}
		if (unlikely(way->port != lane.dst)) {
			lane_close(sw, src, &lane);
			lane.room = lane.left;
			if (!lane_open(sw, way->port, &lane))
				break;
		}
		if (!lane_take(&lane, job->frame.len, &t->to))
			break;
		t->job = job;
		t->port = way->port;
		t->how = VLAN_AS_IS;
		if (unlikely(asked)) {
			note(sw, lane.dst, t);
			end = sw->job + sw->stop;
		}
	}
	lane_close(sw, src, &lane);
	sw->transfers = (unsigned int)(t - sw->transfer);
	return (unsigned int)(job - sw->job);
}
