/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The learning virtual switch: the one place where frames are multiplexed.
 *
 * A switch has up to 64 ports.  A port is two queue pairs and two data regions
 * shared with whatever is attached to it:
 *
 *	                    ingress: peer -> switch
 *	  +------+   active (frames)    ------------->   +--------+
 *	  |      |   free   (buffers)   <-------------   |        |
 *	  |      |   ingress_data: peer rw, switch r     |        |
 *	  | peer |                                       | switch |
 *	  |      |          egress: switch -> peer       |        |
 *	  |      |   active (frames)    <-------------   |        |
 *	  |      |   free   (buffers)   ------------->   |        |
 *	  +------+   egress_data: peer r, switch rw      +--------+
 *
 * A frame is copied once, from the sender's ingress_data into a buffer of the
 * receiver's egress_data that the receiver itself gave; the sender's buffer
 * goes straight back to the sender's free queue.  No buffer ever crosses from
 * one peer to another, so a peer that hoards, forges or returns buffers twice
 * only hurts itself.
 *
 * The path of a frame:
 *
 *	descriptor checks -> snapshot of the header -> reserved addresses
 *	-> VLAN -> source address sane -> policy_admit() -> learn (unless the
 *	address moves too often or is one too many) -> resolve -> storm limit
 *	-> for each destination: not the source, in the VLAN,
 *	   vswitch_can_send(), up, not blocked, fits, within its rate, has a
 *	   buffer -> copy (tag added or removed) -> publish
 *
 * One function, decide(), does the middle part for forwarding and for
 * vswitch_trace() alike.
 *
 * A frame whose source is its destination is not learned from, and is dropped
 * (SAME_PORT).
 *
 * Segments.  A frame from a port with offloads may carry offload data
 * (base/offload.h); data that do not fit it are refused (BAD_OFFLOAD).  One
 * decision is made about a segment, as long as it is.  It goes as it is to
 * ports that take it.  For others it is cut into the frames it stands for, and
 * checksums are completed, while it is copied; such a port gets all of the
 * frames or, for want of buffers, none.  Whether a segment is too big for a
 * port is a question of these frames, and of the port's MTU.
 *
 * Resolving.  Group addresses and unknown unicast are flooded.  A known address
 * has one candidate, the port in the table, or none if the frame came from that
 * port (SAME_PORT).  The candidates of a flood are the ports of
 * policy_flood_set() that are up and are not captures: a denied, missing or
 * unattached port counts no drop for a broadcast.  Then each candidate is
 * judged; the first of these that applies is its drop reason: VLAN_OUT,
 * NOT_ALLOWED, NO_RULE or DENIED, POLICY, PORT_DOWN (unicast only; also if the
 * port of a static entry does not exist or is a capture), BLOCKED_OUT, TOO_BIG,
 * RATE_OUT.
 *
 * Buffers.  A frame's buffer goes back to its sender, delivered or not, if its
 * descriptor names a valid one; the peer's free queue has room for all of them.
 * Invalid buffers of a receiver are discarded and counted (BAD_FREE), a few for
 * each frame; if none of these is valid, the frame is dropped (NO_BUFFER).
 *
 * Links.  When a port's epoch changes or its peer breaks the protocol, the
 * addresses learned there are forgotten, except static entries; a new link also
 * unblocks the port.  Flows the port has begun are forgotten.  Flows it answers
 * stay: a connection outlives a restart of the port that answers.
 *
 * Time and waiting.  The switch never reads a clock, blocks, allocates or makes
 * a system call.  The platform calls vswitch_run() with the ports that were
 * notified and the time, as long as it returns ports with more to do; then
 * vswitch_arm(); and if that returns nothing, it may sleep:
 *
 *	for (;;) {
 *		work = notified ports;
 *		do {
 *			while (work)
 *				work = vswitch_run(sw, work, now(), &ring);
 *			work = vswitch_arm(sw, every port just run);
 *		} while (work);
 *		ring the channels in `ring`, sleep
 *	}
 *
 * A visit to a port does as much work as VSWITCH_BUDGET plain frames take
 * (vswitch/work.h), and ports are visited in turn, so no port can starve
 * another.  The switch never waits for a receiver: without a buffer the frame
 * is dropped and counted.
 */
#ifndef WEIR_VSWITCH_VSWITCH_H
#define WEIR_VSWITCH_VSWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/abi.h"
#include "policy/policy.h"
#include "vswitch/capture.h"
#include "vswitch/fdb.h"
#include "base/frame.h"
#include "base/link.h"
#include "base/offload.h"
#include "vswitch/mcast.h"
#include "base/queue.h"
#include "base/reason.h"
#include "vswitch/stats.h"

/* Plain frames taken from one port in one visit; fewer if they cost more. */
#define VSWITCH_BUDGET 64u
/* Frames looked at together inside a visit, to overlap their cache misses. */
#define VSWITCH_BATCH 32u
/* Captures a switch can have. */
#define VSWITCH_MAX_CAPTURES 8u
/* Buffer sizes a port may have: powers of two within these. */
#define VSWITCH_MIN_BUFFER 128u
#define VSWITCH_MAX_BUFFER 65536u

enum vswitch_port_kind {
	/* The peer is a client: it owns its transmit buffers. */
	VSWITCH_PORT_CLIENT,
	/* The peer is another switch's egress: our ingress side owns the
	 * buffers and fills the ingress free queue when the link comes up. */
	VSWITCH_PORT_LINK,
	/* Egress half only, gets capture records; neither sends nor is sent
	 * to. */
	VSWITCH_PORT_CAPTURE,
};

/* Who fills the free queues of a client's port when its link comes up. */
enum vswitch_fill {
	/* The client lends its receive buffers; its transmit buffers are in its
	 * hands, and it knows that without being told. */
	VSWITCH_FILL_CLIENT,
	/* As in sDDF: the client itself puts its transmit buffers on the
	 * ingress free queue, and the switch, in the place of sDDF's copier,
	 * puts the client's receive buffers on the egress free queue.  The
	 * client must have as many transmit buffers as the region holds. */
	VSWITCH_FILL_SDDF,
};

/**
 * struct vswitch_half - one direction of a port
 * @active:      queue of frames
 * @free:        queue of empty buffers
 * @data:        data region the buffers lie in
 * @data_size:   its bytes: a multiple of @buffer_size, at most
 *               @capacity buffers
 * @capacity:    slots of both queues
 * @buffer_size: bytes of a buffer; buffers start at multiples of it
 *
 * Queues and region are aligned to 8 at least.
 */
struct vswitch_half {
	struct net_queue *active;
	struct net_queue *free;
	uint8_t *data;
	size_t data_size;
	uint32_t capacity;
	uint32_t buffer_size;
};

/**
 * struct vswitch_port_config - one port
 * @kind:             see enum vswitch_port_kind
 * @fill:             see enum vswitch_fill; of other kinds 0
 * @ingress:          peer -> switch; unused for a capture
 * @egress:           switch -> peer
 * @link:             link page, or NULL for a link that is always up
 * @max_frame:        longest frame both ways, bytes (MTU + FRAME_OVERHEAD);
 *                    at most the buffer size (less CAPTURE_HEADROOM on a
 *                    capture)
 * @offload:          OFFLOAD_PORT, OFFLOAD_TAKES_* (base/offload.h), or 0; of
 *                    a link the same at both switches
 * @max_segment:      longest segment both ways, bytes; at most the buffer size;
 *                    0: none
 * @forward_reserved: frames to 802.1 reserved addresses from this port are
 *                    forwarded like any group address
 * @sticky:           addresses learned here are pinned here
 * @capture_of:       captures: bit p set: port p is watched
 * @capture_drops:    captures: refused frames as well
 */
struct vswitch_port_config {
	enum vswitch_port_kind kind;
	enum vswitch_fill fill;
	struct vswitch_half ingress;
	struct vswitch_half egress;
	const struct link_page *link;
	uint32_t max_frame;
	uint32_t offload;
	uint32_t max_segment;
	bool forward_reserved;
	bool sticky;
	uint64_t capture_of;
	bool capture_drops;
};

/* What the table said of a frame's destination. */
enum vswitch_resolution {
	RESOLVED_NOT,	    /* dropped before it was looked up */
	RESOLVED_UNICAST,   /* known: one port */
	RESOLVED_UNKNOWN,   /* unicast not in the table: flooded */
	RESOLVED_MULTICAST, /* flooded */
	RESOLVED_BROADCAST, /* flooded */
};

/**
 * struct vswitch_verdict - the decision on one frame, step by step
 * @reason:     enum vswitch_reason: REASON_NONE if @deliver has members, else
 *              why the frame as a whole is dropped: what stopped it before it
 *              was resolved; SAME_PORT; NO_DESTINATION if a flood has no
 *              candidates; or why the lowest of the candidates is refused.
 *              With REASON_NONE,
 *              @deliver may still lose members to a receiver without a buffer
 * @resolution: enum vswitch_resolution
 * @out:        RESOLVED_UNICAST: the port the table named; else FDB_NO_PORT
 * @vlan:       VLAN the frame belongs to, if it got as far as that
 * @looked_up:  1 if learning took place (@learned is valid), else 0
 * @frames:     vswitch_trace() alone: how many frames it stands for, if it has
 *              offload data and that is legal; else 0
 * @learned:    what learning did or would do
 * @candidates: ports considered: of a unicast, @out unless it is the source;
 *              of a flood, see above
 * @deliver:    ports it goes to
 * @refused:    ports of @candidates it does not go to
 * @replies:    ports of @candidates a flow lets it go to
 * @gone:       @candidates narrowed by multicast snooping: ports that did not
 *              ask for the group
 * @left:       vswitch_trace() alone: ports a flood is not offered to, but for
 *              captures and those in @gone; @refusal says why not, or
 *              REASON_NONE where floods alone do not go
 * @cut:        vswitch_trace() alone: ports of @deliver that get these frames,
 *              complete, in place of a frame with offload data
 * @entry:      for each port in @candidates: the entry of the policy that
 *              decided, or POLICY_NO_ENTRY
 * @refusal:    why, for each port in @refused; of no meaning for others
 *
 * Of a frame dropped before it was resolved (RESOLVED_NOT) the three sets are
 * empty.  A frame without candidates is charged to its source port once; else
 * each refused pair is charged, to source or destination as the reason says.
 */
struct vswitch_verdict {
	uint32_t reason;
	uint32_t resolution;
	int32_t out;
	uint16_t vlan;
	uint8_t looked_up;
	uint8_t frames;
	struct fdb_effect learned;
	uint64_t candidates;
	uint64_t deliver;
	uint64_t refused;
	uint64_t replies;
	uint64_t gone;
	uint64_t left;
	uint64_t cut;
	uint16_t entry[MAX_PORTS];
	uint8_t refusal[MAX_PORTS];
};

ABI_SIZE(struct vswitch_verdict, 288);
ABI_AT(struct vswitch_verdict, reason, 0);
ABI_AT(struct vswitch_verdict, resolution, 4);
ABI_AT(struct vswitch_verdict, out, 8);
ABI_AT(struct vswitch_verdict, vlan, 12);
ABI_AT(struct vswitch_verdict, looked_up, 14);
ABI_AT(struct vswitch_verdict, frames, 15);
ABI_AT(struct vswitch_verdict, learned, 16);
ABI_AT(struct vswitch_verdict, candidates, 40);
ABI_AT(struct vswitch_verdict, deliver, 48);
ABI_AT(struct vswitch_verdict, refused, 56);
ABI_AT(struct vswitch_verdict, replies, 64);
ABI_AT(struct vswitch_verdict, gone, 72);
ABI_AT(struct vswitch_verdict, left, 80);
ABI_AT(struct vswitch_verdict, cut, 88);
ABI_AT(struct vswitch_verdict, entry, 96);
ABI_AT(struct vswitch_verdict, refusal, 224);

struct vswitch;

/**
 * struct vswitch_tables - how large the tables of a switch are
 * @fdb:    forwarding database; its seed is the secret of all hashes
 * @flows:  flows at a time (policy/flow.h); 0: none, and no rules with `reply`
 * @groups: memberships of multicast groups at a time (vswitch/mcast.h); 0: no
 *          snooping
 * @room:   ports, and what its policies may hold (policy/policy.h)
 */
struct vswitch_tables {
	struct fdb_config fdb;
	uint32_t flows;
	uint32_t groups;
	struct policy_room room;
};

/**
 * vswitch_size - bytes a switch needs, its tables included
 * @tables: checked; 0 is returned if they are out of range
 */
size_t vswitch_size(const struct vswitch_tables *tables);

/**
 * vswitch_stats_size - bytes of its statistics region that a switch uses
 */
size_t vswitch_stats_size(const struct vswitch_tables *tables);

/**
 * vswitch_init - make a switch without ports that allows nothing
 * @memory: aligned to 64
 * @size:   bytes at @memory
 * @tables: how large its tables are
 * @stats:  statistics region, vswitch_stats_size() bytes
 *
 * Return: the switch (inside @memory), or NULL if @tables are out of range or
 * @size less than vswitch_size().
 */
struct vswitch *vswitch_init(void *memory, size_t size,
			     const struct vswitch_tables *tables,
			     struct vswitch_stats *stats);

/**
 * vswitch_add_port - attach a port
 * @sw:     switch
 * @port:   number, less than the tables' ports, not yet in use
 * @config: copied
 *
 * The link page is looked at at once, so a port whose link is up can be sent to
 * from here on.
 *
 * Return: 0, -EINVAL if a number, size or alignment is impossible, -EEXIST,
 * -ENOSPC (too many captures).
 */
int vswitch_add_port(struct vswitch *sw, unsigned int port,
		     const struct vswitch_port_config *config);

/**
 * vswitch_policy - the switch's policy, to be filled in by hand
 *
 * For small systems and tests, before any frame: the allow lists and MAC locks
 * of @port can be set, other things by vswitch_set_policy().  A source lock
 * also wants fdb_add_static() on vswitch_fdb(), at one of the switch's ports.
 */
struct policy *vswitch_policy(struct vswitch *sw);

/**
 * vswitch_set_policy - replace the policy
 * @image: shared or not; see policy/image.h
 * @at:    out: which part of it is wrong; may be NULL
 *
 * Not during vswitch_run().  Frames from now on are judged by the new policy,
 * all before were by the old one; if it is not sound, the old one stays.
 * Locked addresses are pinned to their ports in the forwarding database; what a
 * port whose VLANs change had learned is forgotten.
 *
 * Return: POLICY_FAULT_SOUND, or what is wrong.
 */
enum policy_fault vswitch_set_policy(struct vswitch *sw,
				     const volatile struct policy_image *image,
				     uint32_t *at);

/**
 * vswitch_fdb - the switch's forwarding database
 */
struct fdb *vswitch_fdb(struct vswitch *sw);

/**
 * vswitch_run - do a bounded amount of work
 * @sw:     switch
 * @ports:  bit p set: look at port p
 * @now_ns: the time; never less than at an earlier call
 * @ring:   in/out: bits are added for ports whose peer must be notified
 *
 * Notices link pages that changed, for the ports it looks at.  Rings for what
 * was published, on those queues whose consumer sleeps: frames for a port, and
 * transmit buffers going back to it.
 *
 * Return: ports that have (or may have) more to do.
 */
uint64_t vswitch_run(struct vswitch *sw, uint64_t ports, uint64_t now_ns,
		     uint64_t *ring);

/**
 * vswitch_arm - ask to be notified by these ports
 * @sw:    switch
 * @ports: those vswitch_run() has emptied
 *
 * A port can be found to break the protocol here as well as in vswitch_run().
 *
 * Return: ports at which something came meanwhile, a new epoch included; they
 * must be run again.
 */
uint64_t vswitch_arm(struct vswitch *sw, uint64_t ports);

/**
 * vswitch_due - when vswitch_run() wants to be called, though no port has work
 *
 * When the next blocked port is unblocked.  Return: nanoseconds, UINT64_MAX if
 * no port is blocked.
 */
uint64_t vswitch_due(const struct vswitch *sw);

/**
 * vswitch_ports - ports that exist
 */
uint64_t vswitch_ports(const struct vswitch *sw);

/**
 * vswitch_faulted - ports that broke the queue protocol and wait for an epoch
 */
uint64_t vswitch_faulted(const struct vswitch *sw);

/**
 * vswitch_disputes - addresses found to go to and fro; see struct vswitch_stats
 */
uint64_t vswitch_disputes(const struct vswitch *sw);

/**
 * vswitch_trace - decide on a frame as forwarding would, and do nothing
 * @sw:      switch
 * @port:    port it would come from, whether it is up or not
 * @header:  its first bytes
 * @len:     bytes of the whole frame; @header holds the first
 *           min(@len, FRAME_SNAP_MAX) of them
 * @o:       its offload data; all zero: none
 * @now_ns:  the time
 * @verdict: out
 *
 * Return: 0, or -EINVAL if there is no such port or it cannot send.
 */
int vswitch_trace(const struct vswitch *sw, unsigned int port,
		  const uint8_t *header, uint32_t len, struct offload o,
		  uint64_t now_ns, struct vswitch_verdict *verdict);

/**
 * vswitch_set_tap - have every decision of forwarding reported
 * @sw:  switch
 * @tap: called once per frame with its snapshot and verdict, before the copy;
 *       the frame is NULL if the descriptor was refused.  NULL turns it off
 * @arg: handed to @tap
 *
 * For tests and tools that hold the switch against an oracle.
 */
void vswitch_set_tap(struct vswitch *sw,
		     void (*tap)(void *arg, unsigned int port,
				 const struct frame *frame,
				 const struct vswitch_verdict *verdict),
		     void *arg);

#endif
