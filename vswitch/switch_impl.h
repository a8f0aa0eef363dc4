/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the switch: what its files share.
 *
 *	vswitch.c  making a switch and its ports, links, faults
 *	visit.c	   taking frames from a port, in batches
 *	decide.c   what is to become of a frame
 *	forward.c  the copy, the receiver's buffers, the books
 *	mirror.c   capture records
 *	ctl.c	   the control mailbox
 */
#ifndef WEIR_VSWITCH_SWITCH_IMPL_H
#define WEIR_VSWITCH_SWITCH_IMPL_H

#include "vswitch/bits.h"
#include "vswitch/vswitch.h"

/**
 * struct ingress - what a port's frames come through
 * @active, @free: our sides of the queues
 * @data:   the region; the peer may write it at any time
 * @size:   octets
 * @mask:   buffer size - 1
 */
struct ingress {
	struct queue_consumer active;
	struct queue_producer free;
	const uint8_t *data;
	uint64_t size;
	uint64_t mask;
};

/**
 * struct egress - what a port's frames leave through
 * @active, @free: our sides of the queues
 * @data:   the region
 * @size:   octets
 * @mask:   buffer size - 1
 * @usable: free buffers that may be used in this batch, if @counted
 * @taken:  of those, how many have been
 * @counted: whether the peer's indices have been read in this batch
 * @dirty:  something was put on @active in this batch
 */
struct egress {
	struct queue_producer active;
	struct queue_consumer free;
	uint8_t *data;
	uint64_t size;
	uint64_t mask;
	unsigned int usable;
	unsigned int taken;
	bool counted;
	bool dirty;
};

/**
 * struct port - one port
 * @config: as given
 * @epoch:  the link epoch we live in
 * @in, @out: its halves
 * @stats:  its counters, in the statistics region or in private
 */
struct port {
	struct vswitch_port_config config;
	uint32_t epoch;
	struct ingress in;
	struct egress out;
	struct vswitch_port_stats *stats;
};

/**
 * struct slot - one frame of a batch
 * @offset: where it is in the ingress region
 * @reason: REASON_NONE, or what is wrong with the descriptor
 * @tag_ok: what frame_parse() said
 * @frame:  snapshot, if @reason is REASON_NONE
 */
struct slot {
	uint64_t offset;
	enum vswitch_reason reason;
	bool tag_ok;
	struct frame frame;
};

/**
 * struct vswitch - a switch
 * @fdb:      forwarding database, behind this struct in memory
 * @policy:   who may send to whom
 * @stats:    statistics region, or @own_stats.  Nobody else can write it, so
 *            the counters live there and nowhere else
 * @exist:    ports that exist
 * @up:       ports whose link is up
 * @faulted:  ports that broke the protocol
 * @senders:  ports that are no captures
 * @captures: ports that are
 * @watched:  ports some capture watches
 * @touched:  ports with a dirty egress in this batch
 * @first:    where the next round of visits begins
 * @now_ns, @now: the time of this run, in nanoseconds and seconds
 * @ctl_seq:  the last request answered
 * @tap, @tap_arg: see vswitch_set_tap()
 */
struct vswitch {
	struct fdb *fdb;
	struct policy policy;
	struct vswitch_stats *stats;
	uint64_t exist;
	uint64_t up;
	uint64_t faulted;
	uint64_t senders;
	uint64_t captures;
	uint64_t watched;
	uint64_t touched;
	unsigned int first;
	uint64_t now_ns;
	uint32_t now;
	uint32_t ctl_seq;
	void (*tap)(void *arg, unsigned int port, const struct frame *frame,
		    const struct vswitch_verdict *verdict);
	void *tap_arg;
	struct port port[VSWITCH_MAX_PORTS];
	struct slot batch[VSWITCH_BATCH];
	struct vswitch_stats own_stats;
};

static inline uint32_t to_seconds(uint64_t ns)
{
	return (uint32_t)(ns / 1000000000u);
}

/* --- vswitch.c -------------------------------------------------------------- */

/**
 * port_fault - the peer broke the queue protocol: leave its queues alone
 */
void port_fault(struct vswitch *sw, unsigned int port);

/**
 * port_sync - act on the link page if it has changed
 * @ring: in/out: as in vswitch_run()
 */
void port_sync(struct vswitch *sw, unsigned int port, uint64_t *ring);

/* --- visit.c ---------------------------------------------------------------- */

/**
 * visit - take at most VSWITCH_BUDGET frames from a port
 *
 * Return: whether there are more.
 */
bool visit(struct vswitch *sw, unsigned int port, uint64_t *ring);

/* --- decide.c --------------------------------------------------------------- */

/**
 * decide - what is to become of a frame
 * @sw:     changed by learning only
 * @src:    port it came from
 * @frame:  parsed snapshot of a frame whose descriptor is in order
 * @tag_ok: what frame_parse() said
 * @now:    seconds
 * @learn:  learn from it; else find out what learning would do
 * @v:      out; of @refusal only what @refused names
 */
void decide(const struct vswitch *sw, unsigned int src,
	    const struct frame *frame, bool tag_ok, uint32_t now, bool learn,
	    struct vswitch_verdict *v);

/* --- forward.c -------------------------------------------------------------- */

/**
 * forward - do what was decided, and enter it in the books
 * @sw:   switch
 * @src:  port it came from
 * @s:    the frame
 * @v:    the decision
 */
void forward(struct vswitch *sw, unsigned int src, const struct slot *s,
	     const struct vswitch_verdict *v);

/**
 * forward_flush - hand over what was forwarded in this batch
 * @ring: in/out: as in vswitch_run()
 */
void forward_flush(struct vswitch *sw, uint64_t *ring);

/**
 * egress_take - take the next free buffer of a port
 * @port:   port that is up
 * @offset: out: where it is
 *
 * Return: REASON_NONE, REASON_NO_BUFFER, REASON_BAD_FREE (the descriptor is
 * used up, and counted by the caller) or REASON_PORT_DOWN (it has just come
 * out that the port is at fault).
 */
enum vswitch_reason egress_take(struct vswitch *sw, unsigned int port,
				uint64_t *offset);

/**
 * egress_put - send a buffer from egress_take() on its way
 */
void egress_put(struct vswitch *sw, unsigned int port, uint64_t offset,
		uint16_t len);

/**
 * frame_copy - write a frame to a receiver: the snapshot, then the rest
 * @to:   room for the whole frame
 * @s:    the frame
 * @data: the region it is in
 */
void frame_copy(uint8_t *to, const struct slot *s, const uint8_t *data);

/* --- mirror.c --------------------------------------------------------------- */

/**
 * mirror_in - a frame was accepted from a port
 */
void mirror_in(struct vswitch *sw, unsigned int src, const struct slot *s);

/**
 * mirror_out - a frame was copied to a port
 */
void mirror_out(struct vswitch *sw, unsigned int src, unsigned int dst,
		const struct slot *s);

/**
 * mirror_refused - a frame was refused, for one destination or as a whole
 * @dst: CAPTURE_NO_PORT: as a whole
 */
void mirror_refused(struct vswitch *sw, unsigned int src, unsigned int dst,
		    const struct slot *s, enum vswitch_reason reason);

#endif
