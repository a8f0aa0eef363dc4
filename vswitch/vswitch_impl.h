/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the switch: the state, and what its files offer one another.
 *
 *	vswitch.c  making a switch and its ports; run and arm
 *	port.c	   a port's queues: epochs, faults, buffers, publishing
 *	visit.c	   taking a port's frames, a batch at a time
 *	decide.c   what becomes of a frame: pure, shared with vswitch_trace()
 *	forward.c  carrying the decision out: buffers, counters, copies
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
 *	   and fill in their descriptors, ask for the buffers' first lines
 *	4  in order: copy
 *	5  publish: each queue touched, once
 *
 * Only pass 3 changes anything a later frame could notice, and it works in
 * order, so the outcome is that of one frame at a time.
 */
#ifndef WEIR_VSWITCH_IMPL_H
#define WEIR_VSWITCH_IMPL_H

#include "base/bits.h"
#include "vswitch/fdb_impl.h"
#include "vswitch/vlan.h"
#include "vswitch/vswitch.h"
#include "vswitch/work.h"

/* Impossible buffers of a receiver that are skipped for one frame. */
#define BAD_FREE_LIMIT 4u

/**
 * struct port - one port, private to the switch
 * @out_active:  egress queue we fill
 * @out_free:    egress buffers we take
 * @out_data:    egress data region
 * @out_size:    its bytes
 * @out_mask:    its buffer size - 1
 * @free_have:   descriptors on @out_free as of this batch
 * @free_used:   of those, how many we have taken and not yet released
 * @room:        slots left on @out_active as of this batch
 * @state:       enum vswitch_port_state
 * @kind:        enum vswitch_port_kind
 * @max_frame:   bytes
 * @learn_flags: what fdb_learn() is told: 0 or FDB_STICKY; follows from
 *              @config and the policy
 * @forward_reserved: see struct vswitch_port_config
 * @in_active:   ingress queue we empty
 * @in_free:     ingress buffers we give back
 * @in_data:     ingress data region
 * @in_size:     its bytes
 * @in_mask:     its buffer size - 1
 * @in_room:     slots left on @in_free as of this visit
 * @pace:        frames the next batch looks at, at most
 * @epoch:       link epoch last acted on
 * @link:        link page
 * @config:      as given
 * @count:       counters
 * @shown:       where the counters are shown
 */
struct port {
	struct queue_producer out_active;
	struct queue_consumer out_free;
	uint8_t *out_data;
	uint64_t out_size;
	uint32_t out_mask;
	uint16_t free_have;
	uint16_t free_used;
	uint16_t room;
	uint8_t state;
	uint8_t kind;
	uint16_t max_frame;
	uint8_t learn_flags;
	uint8_t pace;
	bool forward_reserved;
	struct queue_consumer in_active;
	struct queue_producer in_free;
	const uint8_t *in_data;
	uint64_t in_size;
	uint32_t in_mask;
	uint32_t in_room;
	uint32_t epoch;
	const struct link_page *link;
	struct vswitch_port_config config;
	struct vswitch_port_stats count;
	struct vswitch_port_stats *shown;
};

/**
 * struct job - one frame of a batch
 * @frame:   snapshot; before it is taken, only the length is valid
 * @data:    where the frame is in the sender's region; NULL if there is none
 * @padding: where its padding begins, if a copy is COPY_BLANK
 * @from:    its source address in the table
 * @to:      its destination, likewise
 * @refused: REASON_NONE, or what is wrong with the descriptor
 * @vlan_ok: what frame_parse() said
 * @vlan_in: what vlan_admit() said
 */
struct job {
	struct frame frame;
	const uint8_t *data;
	struct fdb_spot from;
	struct fdb_spot to;
	uint16_t padding;
	uint8_t refused;
	bool vlan_ok;
	bool vlan_in;
};

/* Besides what becomes of the tag: the padding is zeroed. */
#define COPY_BLANK 0x80u

/**
 * struct transfer - one copy of pass 4
 * @offset: of the buffer in the receiver's region
 * @port:   receiver
 * @job:    which frame of the batch
 * @how:    enum vlan_tagging, and maybe COPY_BLANK
 */
struct transfer {
	uint32_t offset;
	uint8_t port;
	uint8_t job;
	uint8_t how;
};

/**
 * struct vswitch - a switch
 * @fdb:       forwarding database
 * @groups:    multicast groups, or NULL
 * @seed:      secret of all hashes
 * @policy:    the policy that holds: one of @slot
 * @hits:      its entries' counts: one of @hit_slot
 * @stats:     where the counters are shown; @own if nobody looks
 * @now_ns:    time of this run
 * @now:       the same, seconds
 * @present:   ports that exist
 * @receivers: ports that are up and not captures
 * @faulted:   ports in PORT_FAULT
 * @armed:     ports that will notify us of frames
 * @fresh:     egress indices read in this batch
 * @dirty:     egress queues to be published at the end of this batch
 * @warm:      those of the last batch: likely the next one's
 * @ring_out:  egress queues published in this run
 * @ring_in:   ingress free queues published in this run
 * @turn:      port the next run starts with
 * @aged_at:   second for which ageing is done, plus one
 * @dispute_ns: from when on the next disputed address is told
 * @ctl_seq:   last control request answered
 * @tap:       see vswitch_set_tap()
 * @tap_arg:   handed to @tap
 * @capture:   port numbers of the captures
 * @captures:  how many
 * @watchers:  per port: bit i: capture[i] watches it
 * @count:     counters of the whole switch
 * @spent:     work of this visit that @quota does not show yet
 * @seen:      counts of @state when they were last looked at
 * @quota:     plain frames this visit may take, as of the start of the batch
 * @stop:      frames of this batch that it may take
 * @lost:      buffers of this batch that cannot be given back
 * @transfers: entries of @transfer in use
 */
struct vswitch {
	struct fdb *fdb;
	struct mcast *groups;
	uint64_t seed;
	struct policy *policy;
	uint64_t *hits;
	struct vswitch_stats *stats;
	uint64_t now_ns;
	uint32_t now;
	uint32_t captures;
	uint64_t present;
	uint64_t receivers;
	uint64_t faulted;
	uint64_t armed;
	uint64_t fresh;
	uint64_t dirty;
	uint64_t warm;
	uint64_t ring_out;
	uint64_t ring_in;
	uint64_t aged_at;
	uint64_t dispute_ns;
	unsigned int turn;
	uint32_t ctl_seq;
	void (*tap)(void *arg, unsigned int port, const struct frame *frame,
		    const struct vswitch_verdict *verdict);
	void *tap_arg;
	uint8_t capture[VSWITCH_MAX_CAPTURES];
	uint8_t watchers[MAX_PORTS];
	struct {
		uint64_t learned;
		uint64_t moved;
		uint64_t evicted;
		uint64_t not_learned;
		uint64_t flooded;
		uint64_t disputes;
	} count;
	struct port port[MAX_PORTS];
	struct policy_state state;

	/* Scratch of one visit. */
	uint32_t spent;
	struct {
		uint64_t steps;
		uint64_t opened;
	} seen;
	unsigned int quota;

	/* Scratch of one batch. */
	unsigned int stop;
	uint32_t lost;
	unsigned int transfers;
	struct job job[VSWITCH_BATCH];
	struct vswitch_verdict verdict;
	struct transfer transfer[VSWITCH_BATCH * MAX_PORTS];

	/* The policy that holds, and the next one. */
	struct policy slot[2];
	uint64_t hit_slot[2][POLICY_MAX_ENTRIES];

	struct vswitch_stats own;
};

/* --- counters ------------------------------------------------------------- */

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

/* --- vswitch.c ------------------------------------------------------------ */

/**
 * port_learn_flags - settle whether a port's addresses are pinned to it
 */
void port_learn_flags(struct vswitch *sw, unsigned int number);

/* --- port.c --------------------------------------------------------------- */

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
 * port_take - take an egress buffer that the receiver gave
 * @sw:     switch
 * @number: receiver
 * @offset: out: where it is in the receiver's data region
 *
 * Reads the peer's indices the first time in a batch.  There is a slot on the
 * egress queue for the buffer.
 *
 * Return: REASON_NONE, REASON_NO_BUFFER, or REASON_PORT_DOWN (also if it just
 * turned out to be faulty).
 */
enum vswitch_reason port_take(struct vswitch *sw, unsigned int number,
			      uint32_t *offset);

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

/* --- visit.c -------------------------------------------------------------- */

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

/* --- decide.c ------------------------------------------------------------- */

/**
 * verdict_refuse - a verdict on a frame that is dropped before anything else
 * @v:      out; @v->refusal is left alone
 * @reason: why
 */
void verdict_refuse(struct vswitch_verdict *v, enum vswitch_reason reason);

/**
 * check_length - judge a frame's length by itself
 * @p:   port it comes from
 * @len: bytes
 *
 * Return: REASON_NONE, REASON_RUNT or REASON_OVERSIZE.
 */
static inline enum vswitch_reason check_length(const struct port *p,
					       uint32_t len)
{
	if (unlikely(len < FRAME_MIN))
		return REASON_RUNT;
	if (unlikely(len > p->max_frame))
		return REASON_OVERSIZE;
	return REASON_NONE;
}

/**
 * job_parse - parse a snapshot and find its addresses' places in the table
 * @sw:  switch
 * @src: port it comes from
 * @job: in: bytes and lengths of @frame; out: the rest of it, @vlan_ok,
 *       @vlan_in, @from, @to
 */
static inline void job_parse(const struct vswitch *sw, unsigned int src,
			     struct job *job)
{
	struct frame *f = &job->frame;

	job->vlan_ok = frame_parse(f);
	job->vlan_in = true;
	if (unlikely(bit_in(sw->policy->tagged, src)) && job->vlan_ok)
		job->vlan_in = vlan_admit(&sw->policy->port[src],
					  &sw->policy->trunk[src], f);
	job->from = fdb_spot(sw->fdb, f->src, f->vlan);
	job->to = fdb_spot(sw->fdb, f->dst, f->vlan);
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

	if (unlikely(sw->policy->tagged & (bit(src) | bit(dst))))
		vlan_give(&sw->policy->port[dst], &sw->policy->trunk[dst], f,
			  &tagging);
	return tagging;
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

/* --- forward.c ------------------------------------------------------------ */

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
 * show_blocked - have the statistics say which ports are blocked
 */
void show_blocked(struct vswitch *sw);

/* --- mirror.c ------------------------------------------------------------- */

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
