/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking frames from a port.
 *
 * A batch goes through three passes, so that the cache misses of its frames
 * overlap instead of queueing up:
 *
 *	check	 copy the descriptors out, check them, ask for the frames
 *	snapshot copy the frames' starts, parse, ask for the table's buckets
 *	handle	 decide, copy, give the buffer back: one after the other, in order
 *
 * The first two change nothing, so the result is that of one frame at a time.
 *
 * Every descriptor that names a buffer of the region gives it back, whatever is
 * wrong with the frame in it.  One that does not cannot: there is no buffer it
 * could mean.
 */
#include "vswitch/mem.h"
#include "vswitch/switch_impl.h"

/* --- check ------------------------------------------------------------------ */

static enum vswitch_reason check(const struct port *p, const struct net_desc *d)
{
	if (unlikely(d->io_or_offset >= p->in.size ||
		     (d->io_or_offset & p->in.mask) != 0))
		return REASON_BAD_BUFFER;
	if (unlikely(d->len < FRAME_MIN))
		return REASON_RUNT;
	if (unlikely(d->len > p->config.max_frame))
		return REASON_OVERSIZE;
	return REASON_NONE;
}

static void check_batch(struct vswitch *sw, const struct port *p,
			unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct net_desc d = queue_peek(&p->in.active, i);
		struct slot *s = &sw->batch[i];

		s->offset = d.io_or_offset;
		s->frame.len = d.len;
		s->reason = check(p, &d);
		if (likely(s->reason == REASON_NONE))
			__builtin_prefetch(p->in.data + s->offset);
	}
}

/* --- snapshot --------------------------------------------------------------- */

/* The smallest buffer is larger than a snapshot, so all of it can be read. */
_Static_assert(VSWITCH_MIN_BUFFER >= FRAME_SNAP, "snapshots stay inside");

static void snapshot(struct frame *f, const uint8_t *data)
{
	const volatile uint64_t *from = (const volatile uint64_t *)data;

	for (unsigned int i = 0; i < FRAME_SNAP / 8; i++)
		f->words[i] = from[i];
	f->snap = FRAME_SNAP;
	if (f->len < FRAME_SNAP) {
		f->snap = f->len;
		memset(f->bytes + f->len, 0, FRAME_SNAP - f->len);
	}
}

static void snapshot_batch(struct vswitch *sw, const struct port *p,
			   unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct slot *s = &sw->batch[i];

		if (unlikely(s->reason != REASON_NONE))
			continue;
		snapshot(&s->frame, p->in.data + s->offset);
		s->tag_ok = frame_parse(&s->frame);
		fdb_prefetch(sw->fdb, s->frame.src, s->frame.vlan);
		if (!mac_is_group(s->frame.dst))
			fdb_prefetch(sw->fdb, s->frame.dst, s->frame.vlan);
	}
}

/* --- handle ----------------------------------------------------------------- */

static void count_learning(struct vswitch_stats *stats,
			   const struct fdb_effect *e)
{
	stats->learned += e->outcome == FDB_LEARNED;
	stats->moved += e->outcome == FDB_MOVED;
	stats->not_learned += e->outcome == FDB_FULL;
	stats->evicted += e->evicted;
}

static void handle(struct vswitch *sw, unsigned int port, const struct slot *s)
{
	struct vswitch_verdict v;

	if (unlikely(s->reason != REASON_NONE)) {
		sw->port[port].stats->drops[s->reason]++;
		if (sw->tap != NULL) {
			memset(&v, 0, sizeof(v));
			v.reason = s->reason;
			v.out = FDB_NO_PORT;
			sw->tap(sw->tap_arg, port, NULL, &v);
		}
		return;
	}
	decide(sw, port, &s->frame, s->tag_ok, sw->now, true, &v);
	if (unlikely(v.looked_up && (v.learned.outcome != FDB_REFRESHED)))
		count_learning(sw->stats, &v.learned);
	if (unlikely(sw->tap != NULL))
		sw->tap(sw->tap_arg, port, &s->frame, &v);
	forward(sw, port, s, &v);
}

/* Hand the buffers of a batch back, as far as the peer left room for them. */
static void give_back(struct vswitch *sw, struct port *p, unsigned int n,
		      int room)
{
	for (unsigned int i = 0; i < n && room > 0; i++) {
		if (unlikely(sw->batch[i].reason == REASON_BAD_BUFFER))
			continue;
		queue_put(&p->in.free, sw->batch[i].offset, 0);
		room--;
	}
}

static void handle_batch(struct vswitch *sw, unsigned int port, unsigned int n)
{
	struct port *p = &sw->port[port];
	uint64_t octets = 0;

	for (unsigned int i = 0; i < n; i++) {
		const struct slot *s = &sw->batch[i];

		octets += s->reason != REASON_BAD_BUFFER ? s->frame.len : 0;
		handle(sw, port, s);
	}
	p->stats->in_frames += n;
	p->stats->in_bytes += octets;
}

/* One batch of @n frames.  False if the port turned out to be at fault. */
static bool batch(struct vswitch *sw, unsigned int port, unsigned int n,
		  uint64_t *ring)
{
	struct port *p = &sw->port[port];
	int room = queue_room(&p->in.free);

	if (room == QUEUE_FAULT) {
		port_fault(sw, port);
		return false;
	}
	check_batch(sw, p, n);
	snapshot_batch(sw, p, n);
	handle_batch(sw, port, n);
	forward_flush(sw, ring);
	give_back(sw, p, n, room);
	queue_release(&p->in.active, n);
	queue_publish(&p->in.free);
	if (queue_must_notify(&p->in.free))
		*ring |= bit(port);
	return true;
}

bool visit(struct vswitch *sw, unsigned int port, uint64_t *ring)
{
	int pending = queue_pending(&sw->port[port].in.active);
	unsigned int left, todo;

	if (pending == QUEUE_FAULT) {
		port_fault(sw, port);
		return false;
	}
	left = (unsigned int)pending;
	todo = left < VSWITCH_BUDGET ? left : VSWITCH_BUDGET;
	left -= todo;
	while (todo > 0) {
		unsigned int n = todo < VSWITCH_BATCH ? todo : VSWITCH_BATCH;

		if (!batch(sw, port, n, ring))
			return false;
		todo -= n;
	}
	return left > 0;
}
