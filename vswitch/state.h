/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch's state: ports, the frames of a batch, the switch itself.
 *
 * What every frame touches comes first in each structure.
 */
#ifndef WEIR_VSWITCH_STATE_H
#define WEIR_VSWITCH_STATE_H

#include "base/with.h"
#include "vswitch/fdb_impl.h"
#include "vswitch/vlan.h"
#include "vswitch/vswitch.h"

/* Impossible buffers of a receiver that are skipped for one frame. */
#define BAD_FREE_LIMIT 4u

/**
 * struct outlet - what a frame on its way out of a port touches
 * @free:      slots of the queue its buffers come from
 * @active:    slots of the queue it is put on
 * @data:      egress data region
 * @size:      its bytes
 * @mask:      its buffer size - 1
 * @ring:      of both queues, see queue_slot()
 * @head:      next slot of @free, in bytes
 * @tail:      next slot of @active, in bytes
 * @surplus:   how many more buffers there are than slots for them
 * @bytes:     of frames put on @active in this batch
 * @left:      buffers that can be taken, there being a slot for each
 * @max_frame: bytes
 * @max_segment: bytes of a segment, or 0
 * @offload:   OFFLOAD_PORT, OFFLOAD_TAKES_*
 *
 * One cache line.  From @head to @left all is of this batch, and means nothing
 * unless the port is in @fresh of the switch.
 */
struct outlet {
	volatile struct net_desc *free;
	volatile struct net_desc *active;
	uint8_t *data;
	uint64_t size;
	uint32_t mask;
	uint32_t ring;
	uint32_t head;
	uint32_t tail;
	int32_t surplus;
	uint32_t bytes;
	uint16_t left;
	uint16_t max_frame;
	uint16_t max_segment;
	uint8_t offload;
};

_Static_assert(sizeof(struct outlet) <= 64, "a cache line");

/**
 * struct port - one port, private to the switch
 * @out:         see above
 * @out_active:  egress queue we fill; @tail is the published one
 * @out_free:    egress buffers we take; @head is the released one
 * @state:       enum vswitch_port_state
 * @kind:        enum vswitch_port_kind
 * @learn_flags: what fdb_learn() is told: 0 or FDB_STICKY; follows from
 *              @config and the policy
 * @pace:        frames the next batch looks at, at most
 * @forward_reserved: see struct vswitch_port_config
 * @epoch:       link epoch last acted on
 * @shown:       where the counters are shown
 * @link:        link page
 * @count:       counters
 * @in_active:   ingress queue we empty
 * @in_free:     ingress buffers we give back
 * @in_data:     ingress data region
 * @in_size:     its bytes
 * @in_mask:     its buffer size - 1
 * @in_room:     slots left on @in_free as of this visit
 * @config:      as given
 *
 * A line each for the frames of a batch, for what is done once a batch, and for
 * the counters.
 */
struct port {
	_Alignas(64) struct outlet out;
	_Alignas(64) struct queue_producer out_active;
	struct queue_consumer out_free;
	uint8_t state;
	uint8_t kind;
	uint8_t learn_flags;
	uint8_t pace;
	uint32_t epoch;
	struct vswitch_port_stats *shown;
	const struct link_page *link;
	bool forward_reserved;
	_Alignas(64) struct vswitch_port_stats count;
	struct queue_consumer in_active;
	struct queue_producer in_free;
	const uint8_t *in_data;
	uint64_t in_size;
	uint32_t in_mask;
	uint32_t in_room;
	struct vswitch_port_config config;
};

/**
 * struct job - one frame of a batch
 * @data:    where the frame is in the sender's region; NULL if there is none
 * @from:    its source address in the table
 * @to:      its destination, likewise
 * @padding: where its padding begins, if a copy is COPY_BLANK
 * @refused: REASON_NONE, or what is wrong with the descriptor
 * @vlan:    REASON_NONE, or what is wrong with its VLAN
 * @heavy:   its bytes count as work
 * @offload: flags of its offload data; 0: it has none
 * @odd:     these four: not 0 keeps it off the short path
 * @frame:   snapshot; before it is taken, only the length is valid
 * @segment: if @offload: the rest of the data
 * @at:      if @offload: where things are in the frame
 */
struct job {
	const uint8_t *data;
	struct fdb_spot from;
	struct fdb_spot to;
	uint16_t padding;
	union {
		struct {
			uint8_t refused;
			uint8_t vlan;
			uint8_t heavy;
			uint8_t offload;
		};
		uint32_t odd;
	};
	struct frame frame;
	uint16_t segment;
	struct offload_place at;
};

/* Whether a frame has offload data. */
static inline bool job_segment(const struct job *job)
{
	return WITH_OFFLOADS && job->offload;
}

/* Besides what becomes of the tag: the padding is zeroed. */
#define COPY_BLANK 0x80u

/**
 * struct transfer - one copy of pass 4
 * @to:   the buffer
 * @port: receiver
 * @job:  which frame of the batch
 * @how:  enum vlan_tagging, and maybe COPY_BLANK
 */
struct transfer {
	uint8_t *to;
	struct job *job;
	uint8_t port;
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
 * @fits:      a frame of so many bytes is not too long for any port
 * @fresh:     egress indices read in this batch
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
 * @transfer:  copies of this batch
 * @next:      the first of @transfer that is not in use
 * @slot:      the policy that holds, and the next one
 * @ports:     how many there can be
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
	uint32_t fits;
	unsigned int turn;
	uint64_t present;
	uint64_t receivers;
	uint64_t faulted;
	uint64_t armed;
	uint64_t fresh;
	uint64_t warm;
	uint64_t ring_out;
	uint64_t ring_in;
	uint64_t aged_at;
	uint64_t dispute_ns;
	uint32_t ctl_seq;

	/* Scratch of one visit. */
	uint32_t spent;
	unsigned int quota;
	unsigned int stop;
	struct {
		uint64_t steps;
		uint64_t opened;
	} seen;

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
	struct policy_state state;

	/* Scratch of one batch. */
	uint32_t lost;
	struct transfer *next;
	struct transfer *transfer;
	struct job job[VSWITCH_BATCH];
	struct vswitch_verdict verdict;
	struct policy_ask ask;

	struct policy *slot[2];
	uint64_t *hit_slot[2];
	unsigned int ports;
	struct port port[];
};

/* The table of multicast groups, if there is one. */
static inline struct mcast *groups_of(const struct vswitch *sw)
{
	return WITH_GROUPS ? sw->groups : NULL;
}

static inline uint32_t captures_of(const struct vswitch *sw)
{
	return WITH_CAPTURES ? sw->captures : 0;
}

#endif
