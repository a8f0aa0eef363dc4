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

void frame_copy(uint8_t *to, const struct job *job)
{
	const struct frame *f = &job->frame;

	if (f->len < FRAME_SNAP) {
		copy_short(to, f->bytes, f->len);
		return;
	}
	copy_fixed(to, f->words, FRAME_SNAP);
	if (f->len > FRAME_SNAP)
		memcpy(to + FRAME_SNAP, job->data + FRAME_SNAP,
		       f->len - FRAME_SNAP);
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

/* Give the frame a buffer of each receiver; who has none is refused it. */
static inline void deliver(struct vswitch *sw, unsigned int job,
			   struct vswitch_verdict *v)
{
	uint16_t len = sw->job[job].frame.len;
	uint64_t ports = v->deliver;

	while (ports) {
		unsigned int dst = bit_pop(&ports);
		struct port *p = &sw->port[dst];
		enum vswitch_reason why;
		uint32_t offset;

		why = port_take(sw, dst, &offset);
		if (unlikely(why != REASON_NONE)) {
			v->deliver &= ~bit(dst);
			v->refused |= bit(dst);
			v->refusal[dst] = (uint8_t)why;
			continue;
		}
		__builtin_prefetch(p->out_data + offset, 1);
		queue_put(&p->out_active, offset, len);
		p->count.out_frames++;
		p->count.out_bytes += len;
		sw->transfer[sw->transfers++] = (struct transfer){
			.offset = offset,
			.port = (uint8_t)dst,
			.job = (uint8_t)job,
		};
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

static inline void forward_frame(struct vswitch *sw, unsigned int src,
				 unsigned int number)
{
	struct vswitch_verdict *v = &sw->verdict;
	const struct job *job = &sw->job[number];

	/* Whoever compares whole verdicts must not find an older one's rest. */
	if (unlikely(sw->tap != NULL))
		memset(v, 0, sizeof(*v));
	decide(sw, sw->fdb, src, job, sw->now, v);
	if (v->looked_up && unlikely(v->learned.outcome != FDB_REFRESHED))
		count_learning(sw, &v->learned);
	if (v->resolution > RESOLVED_UNICAST && v->deliver)
		stat_bump(&sw->count.flooded, &sw->stats->flooded);
	tell_tap(sw, src, &job->frame, v);
	deliver(sw, number, v);
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
			   &sw->job[t->job]);
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
