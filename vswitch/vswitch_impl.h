/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the switch: the state, and what its files offer one another.
 *
 *	vswitch.c  making a switch and its ports; run and arm
 *	port.c	   a port's queues: epochs, faults, buffers, publishing
 *	visit.c	   taking a port's frames, a batch at a time
 *	decide.c   what becomes of a frame: pure, shared with vswitch_trace()
 *	forward.c  carrying the decision out: buffers, counters, copies
 *	segment.c  frames with offload data: checking, cutting
 *	lane.c	   the same for the frames that need nothing but the copy
 *	vlan.c	   which VLAN a frame is in, and what its tag becomes
 *	mcast*.c   who has asked for which multicast group
 *	repolicy.c taking a new policy
 *	mirror.c   records for capture ports
 *	ctl.c	   the control mailbox
 *
 * A batch goes through the switch in passes, so that the cache misses of its
 * frames overlap:
 *
 *	1  copy and check each descriptor, ask for the frame's first line
 *	2  snapshot and parse each header, ask for the table's lines
 *	3  in order, for each frame: decide, learn, take the receivers' buffers
 *	   and fill in their descriptors, ask for the buffers' first lines; or,
 *	   on the short path, the same in a tenth of the time
 *	4  in order: copy
 *	5  publish: each queue touched, once
 *
 * Only pass 3 changes anything a later frame could notice, and it works in
 * order, so the outcome is that of one frame at a time.
 */
#ifndef WEIR_VSWITCH_IMPL_H
#define WEIR_VSWITCH_IMPL_H

#include "base/bits.h"
#include "vswitch/state.h"
#include "vswitch/work.h"

/* --- counters ----------------------------------------------------------- */

/* Others read while we write: whole words, no order between them. */
/* NOLINTNEXTLINE(readability-non-const-parameter): does not know the builtin */
static inline void stat_show(uint64_t *shown, uint64_t value)
{
	__atomic_store_n(shown, value, __ATOMIC_RELAXED);
}

static inline void stat_bump(uint64_t *count, uint64_t *shown)
{
	stat_show(shown, ++*count);
}

/* Count one drop at the port it is charged to. */
static inline void port_drop(struct port *p, enum vswitch_reason reason)
{
	stat_bump(&p->count.drops[reason], &p->shown->drops[reason]);
}

/* --- vswitch.c ---------------------------------------------------------- */

/**
 * port_learn_flags - settle whether a port's addresses are pinned to it
 */
void port_learn_flags(struct vswitch *sw, unsigned int number);

/**
 * show_blocked - have the statistics say which ports are blocked
 */
void show_blocked(struct vswitch *sw);

/* --- port.c ------------------------------------------------------------- */

/**
 * port_check_link - act on the link page if it changed
 * @sw:     switch
 * @number: a port that exists
 *
 * On a new epoch the private indices start at zero, or, if it is even, the
 * queues are let go of; and what was learned there is forgotten.
 */
void port_check_link(struct vswitch *sw, unsigned int number);

/**
 * port_fault - the peer broke the queue protocol
 * @sw:     switch
 * @number: a port that is up
 *
 * The port's queues are not touched again before a new epoch.
 */
void port_fault(struct vswitch *sw, unsigned int number);

/**
 * port_look - read a receiver's indices, once a batch
 * @number: a port that is up
 *
 * Return: false if one is impossible: a fault of the port.
 */
bool port_look(struct vswitch *sw, unsigned int number);

/**
 * outlet_take - take the next egress buffer for a frame, and send it off
 * @o:   outlet of a port that was looked at in this batch
 * @len: bytes of the frame, at most a buffer's
 * @to:  out: where the frame has to be copied to
 *
 * Return: false, and nothing is done, if there is no buffer or slot left, or
 * the next buffer is impossible.
 */
static FAST_PATH bool outlet_take(struct outlet *o, uint32_t len, uint8_t **to)
{
	uint64_t offset;

	if (unlikely(o->left == 0))
		return false;
	offset = queue_slot(o->free, o->head, o->ring)->io_or_offset;
	if (unlikely(offset >= o->size) || unlikely(offset & o->mask))
		return false;
	queue_fill(queue_slot(o->active, o->tail, o->ring), offset,
		   (uint16_t)len);
	*to = o->data + offset;
	__builtin_prefetch(*to, 1);
	o->head += QUEUE_STEP;
	o->tail += QUEUE_STEP;
	o->bytes += len;
	o->left--;
	return true;
}

/**
 * port_take_slowly - port_take(), whatever the port's state
 */
enum vswitch_reason port_take_slowly(struct vswitch *sw, unsigned int number,
				     uint32_t len, uint8_t **to);

/**
 * port_take - take an egress buffer for a frame, and send it off
 * @sw:     switch
 * @number: receiver
 * @len:    bytes of the frame, at most the port's longest
 * @to:     out: where the frame has to be copied to before port_publish()
 *
 * Reads the peer's indices the first time in a batch.
 *
 * Return: REASON_NONE, REASON_NO_BUFFER, or REASON_PORT_DOWN (also if it just
 * turned out to be faulty).
 */
static inline enum vswitch_reason
port_take(struct vswitch *sw, unsigned int number, uint32_t len, uint8_t **to)
{
	/* Indices were read: it was up, and is, or they would not be fresh. */
	if (unlikely(!bit_in(sw->fresh, number)) ||
	    unlikely(!outlet_take(&sw->port[number].out, len, to)))
		return port_take_slowly(sw, number, len, to);
	return REASON_NONE;
}

/**
 * port_has - whether a port has buffers for so many frames, bad ones included
 *
 * Return: REASON_NONE, or as port_take().
 */
enum vswitch_reason port_has(struct vswitch *sw, unsigned int number,
			     uint32_t count);

/**
 * port_take_back - do not send the latest frames off after all
 * @count: of port_take()
 * @bytes: theirs
 *
 * Their buffers are lost to a receiver that has given impossible ones, too.
 */
void port_take_back(struct vswitch *sw, unsigned int number, uint32_t count,
		    uint32_t bytes);

/**
 * port_publish - hand over what this batch put on egress queues
 * @sw: switch
 */
void port_publish(struct vswitch *sw);

/**
 * port_rings - ports whose peer sleeps and got something in this run
 * @sw: switch
 */
uint64_t port_rings(struct vswitch *sw);

/* --- visit.c ------------------------------------------------------------ */

/**
 * visit - take frames from a port and deal with them
 * @sw:     switch
 * @number: a port that exists
 *
 * As many as VSWITCH_BUDGET plain ones cost (vswitch/work.h), but not none.
 *
 * Return: whether there is more.
 */
bool visit(struct vswitch *sw, unsigned int number);

/**
 * spend - a frame costs more than a plain one
 * @work: how much more, see vswitch/work.h
 *
 * The frame is finished; the visit takes fewer after it.
 */
static inline void spend(struct vswitch *sw, uint64_t work)
{
	uint64_t frames;

	work += sw->spent;
	if (work < WORK_FRAME) {
		sw->spent = (uint32_t)work;
		return;
	}
	frames = work / WORK_FRAME;
	sw->spent = (uint32_t)(work % WORK_FRAME);
	sw->quota -= frames < sw->quota ? (unsigned int)frames : sw->quota;
	if (sw->stop > sw->quota)
		sw->stop = sw->quota;
}

/* --- decide.c ----------------------------------------------------------- */

/**
 * verdict_refuse - a verdict on a frame that is dropped before anything else
 * @v:      out; @v->refusal is left alone
 * @reason: why
 */
void verdict_refuse(struct vswitch_verdict *v, enum vswitch_reason reason);

/**
 * check_length - judge a frame's length by itself
 * @max: most bytes of the port it comes from
 * @len: bytes
 *
 * Return: REASON_NONE, REASON_RUNT or REASON_OVERSIZE.
 */
static inline enum vswitch_reason check_length(uint32_t max, uint32_t len)
{
	if (unlikely(len < FRAME_MIN))
		return REASON_RUNT;
	if (unlikely(len > max))
		return REASON_OVERSIZE;
	return REASON_NONE;
}

/* A frame whose length is out of the usual: what is wrong, or heavy. */
static inline void judge_length(struct job *job, uint32_t max)
{
	job->refused = (uint8_t)check_length(max, job->frame.len);
	job->heavy = job->frame.len >= WORK_LONG;
}

/* The VLAN of a frame that has a tag, or from a port that is not transparent. */
static inline enum vswitch_reason vlan_of(const struct vswitch *sw,
					  unsigned int src, bool tagged,
					  struct frame *f)
{
	if (!frame_parse(f))
		return REASON_VLAN;
	if (tagged &&
	    !vlan_admit(&sw->policy->port[src], &sw->policy->trunk[src], f))
		return REASON_VLAN_IN;
	return REASON_NONE;
}

/**
 * job_parse - parse a snapshot and find its addresses' places in the table
 * @sw:  switch
 * @h:   hash of the table
 * @src: port it comes from
 * @tagged: that port is not transparent to VLANs
 * @job: in: bytes and lengths of @frame, @vlan 0; out: the rest of it, @vlan,
 *       @from, @to
 */
static FAST_PATH void job_parse(const struct vswitch *sw,
				const struct fdb_hash *h, unsigned int src,
				bool tagged, struct job *job)
{
	struct frame *f = &job->frame;
	uint64_t vlan = fdb_key(0, 0);

	if (unlikely(frame_begin(f)) || unlikely(tagged)) {
		job->vlan = (uint8_t)vlan_of(sw, src, tagged, f);
		vlan = fdb_key(0, f->vlan);
	}
	job->from = fdb_spot(h, vlan | f->src);
	job->to = fdb_spot(h, vlan | f->dst);
}

/**
 * tagging_of - what happens to a frame's tag on its way to a port
 * @dst: port that takes frames of its VLAN
 */
static inline enum vlan_tagging tagging_of(const struct vswitch *sw,
					   unsigned int src, unsigned int dst,
					   const struct frame *f)
{
	enum vlan_tagging tagging = VLAN_AS_IS;

	if (unlikely(policy_tagged(sw->policy) & (bit(src) | bit(dst))))
		vlan_give(&sw->policy->port[dst], &sw->policy->trunk[dst], f,
			  &tagging);
	return tagging;
}

/* Ports whose state leaves a copy as it is, and never refuses it. */
static inline uint64_t open_ports(const struct vswitch *sw, unsigned int src)
{
	const struct policy *policy = sw->policy;

	if (unlikely(bit_in(policy_tagged(policy), src)))
		return 0;
	return sw->receivers & ~(sw->state.flap.blocked | policy->limited |
				 policy_tagged(policy) | bit(src));
}

/**
 * plain_ports - ports that any frame of their length may go to from @src
 *
 * Of those, vswitch_can_send() and check_receiver() would say so of each.
 */
static inline uint64_t plain_ports(const struct vswitch *sw, unsigned int src)
{
	const struct policy *policy = sw->policy;

	if (policy_has_user())
		return 0;
	return open_ports(sw, src) & policy->port[src].allow &
	       ~policy_asks(policy, src);
}

/**
 * storm_units - what a flooded frame counts in a storm limit
 *
 * As many frames as it is on a wire; if the bucket never has so many, what it
 * can have.
 */
static inline uint64_t storm_units(const struct bucket *storm,
				   const struct job *job)
{
	uint64_t frames = job_segment(job) ? job->at.frames : 1;

	return frames < storm->rate.burst ? frames : storm->rate.burst;
}

/* What a flood counts as, for storm limits. */
static inline enum policy_storm storm_of(enum vswitch_resolution resolution)
{
	if (resolution == RESOLVED_BROADCAST)
		return STORM_BROADCAST;
	return resolution == RESOLVED_MULTICAST ? STORM_MULTICAST
						: STORM_UNKNOWN;
}

/**
 * decide - what becomes of a frame
 * @sw:  switch; not changed but by @act
 * @act: @sw again, to learn the source and fill the verdict cache; NULL to find
 *       out and leave no trace
 * @ask: the frame, for policy
 * @job: the frame, after job_parse()
 * @v:   out; of @v->refusal only what @v->refused says
 */
void decide(const struct vswitch *sw, struct vswitch *act,
	    struct policy_ask *ask, const struct job *job,
	    struct vswitch_verdict *v);

/* --- forward.c ---------------------------------------------------------- */

/**
 * forward_batch - decide on the frames of a batch and deliver them
 * @sw:    switch; the batch is in its scratch
 * @src:   port they come from
 * @count: how many
 *
 * Nothing is published yet.
 *
 * Return: on how many: fewer if that is all the work the visit may do, but not
 * none.
 */
unsigned int forward_batch(struct vswitch *sw, unsigned int src,
			   unsigned int count);

/**
 * frame_copy - write a frame: its snapshot and the rest, not one byte more
 * @to:  a receiver's buffer, or behind the record in a capture's: aligned to 8
 * @job: the frame
 * @how: enum vlan_tagging: what its tag becomes; and maybe COPY_BLANK
 */
void frame_copy(uint8_t *to, const struct job *job, unsigned int how);

/**
 * ask_about - begin with a new question to policy, @sw->ask
 */
static inline void ask_about(struct vswitch *sw, unsigned int src,
			     const struct frame *f)
{
	sw->ask.frame = f;
	sw->ask.src = src;
	sw->ask.parsed = false;
	sw->ask.answered = 0;
	sw->ask.now_ns = sw->now_ns;
}

/**
 * note_asked - a frame goes to a port whose rules were asked
 * @answer: what they said
 * @t:      its copy
 */
void note_asked(struct vswitch *sw, struct policy_ask *ask, unsigned int dst,
		const struct policy_answer *answer, struct transfer *t);

/* --- lane.c ------------------------------------------------------------- */

/**
 * lane_run - forward the frames of a batch that take the short path
 * @src:   port they come from
 * @first: number of the first one, less than @sw->stop
 *
 * Return: the first one that does not, or @sw->stop or more.
 */
unsigned int lane_run(struct vswitch *sw, unsigned int src, unsigned int first);

/**
 * lane_segment - forward a frame with offload data, if it takes the short path
 *
 * That is to a port which takes it as it is.  Return: false, and nothing is
 * done, if it does not.
 */
bool lane_segment(struct vswitch *sw, unsigned int src, struct job *job);

/* --- mirror.c ----------------------------------------------------------- */

/**
 * mirror_frame - records of one frame for the captures that want them
 * @sw:  switch with captures
 * @src: port it comes from
 * @job: the frame
 * @v:   verdict, receivers without a buffer already among the refused
 */
void mirror_frame(struct vswitch *sw, unsigned int src, const struct job *job,
		  const struct vswitch_verdict *v);

#endif
