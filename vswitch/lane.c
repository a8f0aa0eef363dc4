/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short path: unicast to a known address that needs nothing but the copy.
 *
 * decide() asks some thirty questions of a frame, and most answers are those of
 * the frame before.  What is the same for all frames of a sender is worked out
 * once (struct sender): above all the set of ports that need nothing but the
 * copy.  While one frame after another goes to the same of these ports, its
 * *lane* stays open: what was found out about it holds.  All that a frame needs
 * of a port is in one cache line (struct outlet), so it costs little to go from
 * lane to lane.
 *
 * This is an optimisation of decide() and deliver(), never a second opinion.  A
 * frame is taken only if decide() would deliver it to that one port and nothing
 * else had to be noted.  All others are left to the caller, in order, and the
 * answers are worked out anew after each of them, because they may have changed
 * anything.  No check of what a peer wrote is left out.
 */
#include "base/mem.h"
#include "vswitch/segment.h"
#include "vswitch/vswitch_impl.h"

/**
 * struct sender - what holds until something is decided in full
 * @plain:   ports that need nothing but the copy
 * @asked:   ports that need it if the rules, and the user's own policy, agree
 * @settled: the end of a source's slot, where @mask has bits
 * @counted: those of @plain whose frames are counted for an entry
 * @fdb:     the table
 * @fresh:   second from which on an address has not expired
 */
struct sender {
	uint64_t plain;
	uint64_t asked;
	uint64_t settled;
	uint64_t mask;
	uint64_t counted;
	const struct fdb *fdb;
	uint32_t fresh;
};

/* --- the sender --------------------------------------------------------- */

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
	if (WITH_FILTERS)
		s.asked = open_ports(sw, src) & ~s.plain &
			  (policy->port[src].allow | policy->asks[src]);
	s.counted = s.plain & policy->counted[src];
	return s;
}

/* --- the lane ----------------------------------------------------------- */

/* Count its frames for the entry that let them pass, if one did. */
static FAST_PATH void lane_close(struct vswitch *sw, const struct sender *s,
				 unsigned int src, unsigned int dst,
				 long frames)
{
	unsigned int entry;

	if (frames == 0 || likely(!bit_in(s->counted, dst)))
		return;
	entry = sw->policy->pair[src][dst].first;
	sw->hits[entry] += (uint64_t)frames;
	stat_show(&sw->stats->hits[entry], sw->hits[entry]);
}

/*
 * A port without a buffer gets a lane, too, and then no frame.  One that is at
 * fault gets none; what follows from that is up to port_take().
 */
static FAST_PATH struct outlet *lane_open(struct vswitch *sw, unsigned int dst)
{
	if (unlikely(!bit_in(sw->fresh, dst)) && !port_look(sw, dst))
		return NULL;
	return &sw->port[dst].out;
}

/* Take a buffer for a frame, and note its copy. */
static FAST_PATH bool lane_send(struct outlet *out, struct job *job,
				unsigned int dst, struct transfer *t)
{
	uint32_t len = job->frame.len;

	if (unlikely(len > out->max_frame) ||
	    unlikely(!outlet_take(out, len, &t->to)))
		return false;
	t->job = job;
	t->port = (uint8_t)dst;
	t->how = VLAN_AS_IS;
	return true;
}

/* --- frames ------------------------------------------------------------- */

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

/* For a frame that may be an answer, or where there is a user's own policy. */
static SLOW_PATH void ask_all(struct vswitch *sw, unsigned int dst)
{
	vswitch_can_send(sw->policy, &sw->state, &sw->state.cache, &sw->ask,
			 dst, &sw->ask.answer);
}

/* Do the rules of a pair, and the user's own policy, let a frame pass? */
static FAST_PATH bool may_pass(struct vswitch *sw, unsigned int src,
			       unsigned int dst, const struct frame *f)
{
	struct policy_ask *ask = &sw->ask;
	struct policy_answer *answer = &ask->answer;

	ask_about(sw, src, f);
	if (policy_has_user() ||
	    unlikely(bit_in(sw->policy->answers[src], dst)))
		ask_all(sw, dst);
	else
		answer->why = policy_ruled(sw->policy, &sw->state.cache, ask,
					   dst, answer);
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
	/* Rules were asked, or only the user's own policy was. */
	if (policy_has_user() && !bit_in(sw->policy->asks[ask->src], dst))
		return;
	if (likely(ask->answer.noted) &&
	    likely(sw->state.cache.steps == sw->seen.steps))
		spend(sw, WORK_ASKED);
	else
		note_asked(sw, ask, dst, &ask->answer, t);
}

bool lane_segment(struct vswitch *sw, unsigned int src, struct job *job)
{
	struct transfer *t = sw->next;
	uint32_t len = job->frame.len;
	const struct fdb_slot *way;
	struct outlet *out;
	struct sender s;
	bool asked;

	if (captures_of(sw) || sw->tap != NULL || job->vlan ||
	    mac_is_group(job->frame.dst))
		return false;
	s = sender_of(sw, src);
	way = way_of(&s, job);
	if (way == NULL || !bit_in(s.plain | s.asked, way->port))
		return false;
	out = lane_open(sw, way->port);
	if (out == NULL || !segment_whole(out, job, len) ||
	    (!segment_fits(sw, way->port, job, VLAN_AS_IS) &&
	     len > out->max_frame))
		return false;
	asked = !bit_in(s.plain, way->port);
	if ((asked && !may_pass(sw, src, way->port, &job->frame)) ||
	    !outlet_take(out, len, &t->to))
		return false;
	segment_say(out, job, len);
	t->job = job;
	t->port = way->port;
	t->how = VLAN_AS_IS;
	sw->next++;
	lane_close(sw, &s, src, way->port, 1);
	if (asked)
		note(sw, way->port, t);
	if (job->heavy)
		spend(sw, WORK_BYTES(len));
	return true;
}

unsigned int lane_run(struct vswitch *sw, unsigned int src, unsigned int first)
{
	struct transfer *t = sw->next, *since = t;
	const struct job *end = sw->job + sw->stop;
	struct job *job = sw->job + first;
	unsigned int dst = MAX_PORTS; /* which no frame goes to */
	struct outlet *out = &sw->port[src].out;
	bool asked = false;
	struct sender s;

	if (job >= end || captures_of(sw) || sw->tap != NULL ||
	    mac_is_group(job->frame.dst))
		return first;
	s = sender_of(sw, src);
	for (; job < end && likely(!job->odd); job++, t++) {
		const struct fdb_slot *way = way_of(&s, job);

		if (unlikely(way == NULL))
			break;
		if (unlikely(way->port != dst)) {
			lane_close(sw, &s, src, dst, t - since);
			since = t;
			dst = way->port;
			asked = !bit_in(s.plain, dst);
			if (asked && (!WITH_FILTERS || !bit_in(s.asked, dst)))
				break;
			out = lane_open(sw, dst);
			if (out == NULL)
				break;
		}
		if (!WITH_FILTERS || likely(!asked)) {
			if (!lane_send(out, job, dst, t))
				break;
			continue;
		}
		if (!may_pass(sw, src, dst, &job->frame) ||
		    !lane_send(out, job, dst, t))
			break;
		note(sw, dst, t);
		end = sw->job + sw->stop;
	}
	lane_close(sw, &s, src, dst, t - since);
	sw->next = t;
	return (unsigned int)(job - sw->job);
}
