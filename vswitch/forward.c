/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy, the receivers' buffers, and the books.
 *
 * A receiver's indices are read once per batch.  Buffers are taken from its free
 * queue by peeking further and further and given up all at once when the batch
 * is done, and frames are put on its active queue and published all at once; so
 * the cost per frame of a queue is one descriptor each.
 *
 * A receiver that has no buffer, or returns nonsense, costs each frame meant for
 * it one counted drop, and nobody anything else.
 */
#include "vswitch/mem.h"
#include "vswitch/switch_impl.h"

/* --- a receiver's buffers --------------------------------------------------- */

/*
 * Read a receiver's indices.  It cannot have lent more buffers than its active
 * queue has room for, unless it lends one twice.
 */
static bool egress_count(struct vswitch *sw, unsigned int port)
{
	struct egress *out = &sw->port[port].out;
	int buffers = queue_pending(&out->free);
	int room = queue_room(&out->active);

	if (buffers == QUEUE_FAULT || room == QUEUE_FAULT) {
		port_fault(sw, port);
		return false;
	}
	out->usable = (unsigned int)(buffers < room ? buffers : room);
	out->taken = 0;
	out->counted = true;
	sw->touched |= bit(port);
	return true;
}

enum vswitch_reason egress_take(struct vswitch *sw, unsigned int port,
				uint64_t *offset)
{
	struct egress *out = &sw->port[port].out;
	struct net_desc d;

	if (!out->counted && !egress_count(sw, port))
		return REASON_PORT_DOWN;
	if (unlikely(out->taken == out->usable))
		return REASON_NO_BUFFER;
	d = queue_peek(&out->free, out->taken++);
	if (unlikely(d.io_or_offset >= out->size ||
		     (d.io_or_offset & out->mask) != 0))
		return REASON_BAD_FREE;
	*offset = d.io_or_offset;
	return REASON_NONE;
}

void egress_put(struct vswitch *sw, unsigned int port, uint64_t offset,
		uint16_t len)
{
	struct egress *out = &sw->port[port].out;

	queue_put(&out->active, offset, len);
	out->dirty = true;
}

void forward_flush(struct vswitch *sw, uint64_t *ring)
{
	uint64_t todo = sw->touched;

	sw->touched = 0;
	while (todo) {
		unsigned int port = bit_pop(&todo);
		struct egress *out = &sw->port[port].out;

		out->counted = false;
		if (out->taken > 0)
			queue_release(&out->free, out->taken);
		if (!out->dirty)
			continue;
		out->dirty = false;
		queue_publish(&out->active);
		if (queue_must_notify(&out->active))
			*ring |= bit(port);
	}
}

/* --- the copy --------------------------------------------------------------- */

void frame_copy(uint8_t *to, const struct slot *s, const uint8_t *data)
{
	const struct frame *f = &s->frame;

	if (f->len <= FRAME_SNAP) {
		memcpy(to, f->bytes, f->len);
		return;
	}
	memcpy(to, f->bytes, FRAME_SNAP);
	memcpy(to + FRAME_SNAP, data + s->offset + FRAME_SNAP,
	       f->len - FRAME_SNAP);
}

static enum vswitch_reason deliver(struct vswitch *sw, unsigned int src,
				   unsigned int dst, const struct slot *s)
{
	struct port *to = &sw->port[dst];
	enum vswitch_reason why;
	uint64_t offset;

	/* It may have been found at fault since the frame was judged. */
	if (unlikely(!bit_in(sw->up, dst)))
		return REASON_PORT_DOWN;
	why = egress_take(sw, dst, &offset);
	if (unlikely(why != REASON_NONE))
		return why;
	frame_copy(to->out.data + offset, s, sw->port[src].in.data);
	egress_put(sw, dst, offset, s->frame.len);
	to->stats->out_frames++;
	to->stats->out_bytes += s->frame.len;
	return REASON_NONE;
}

/* --- the books -------------------------------------------------------------- */

static void refuse_pair(struct vswitch *sw, unsigned int src, unsigned int dst,
			const struct slot *s, enum vswitch_reason why)
{
	unsigned int charged = vswitch_reason_is_out(why) ? dst : src;

	sw->port[charged].stats->drops[why]++;
	if (unlikely(sw->watched))
		mirror_refused(sw, src, dst, s, why);
}

static void refuse_all(struct vswitch *sw, unsigned int src,
		       const struct slot *s, enum vswitch_reason why)
{
	sw->port[src].stats->drops[why]++;
	if (unlikely(sw->watched))
		mirror_refused(sw, src, CAPTURE_NO_PORT, s, why);
}

void forward(struct vswitch *sw, unsigned int src, const struct slot *s,
	     const struct vswitch_verdict *v)
{
	uint64_t todo = v->deliver;
	uint64_t refused = v->refused;

	if (v->candidates == 0) {
		refuse_all(sw, src, s, v->reason);
		return;
	}
	if (unlikely(sw->watched) && v->reason == REASON_NONE)
		mirror_in(sw, src, s);
	if (v->resolution != RESOLVED_UNICAST && v->reason == REASON_NONE)
		sw->stats->flooded++;
	while (refused) {
		unsigned int dst = bit_pop(&refused);

		refuse_pair(sw, src, dst, s,
			    (enum vswitch_reason)v->refusal[dst]);
	}
	while (todo) {
		unsigned int dst = bit_pop(&todo);
		enum vswitch_reason why = deliver(sw, src, dst, s);

		if (unlikely(why != REASON_NONE))
			refuse_pair(sw, src, dst, s, why);
		else if (unlikely(sw->watched))
			mirror_out(sw, src, dst, s);
	}
}
