/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packed rings (virtio 1.2, section 2.8).
 *
 * A descriptor is available if its two bits differ and the first is that of the
 * wrap counter; given back, both are the same.  The driver writes the flags of
 * a chain's first descriptor last, so whoever has seen them sees the whole
 * chain.  We do the same for a batch: the flags of the first descriptor that is
 * given back are written at vq_publish().
 */
#include "virtio/vq_impl.h"

static volatile struct vq_packed_desc *slot(const struct vq *vq, uint16_t at)
{
	return (volatile struct vq_packed_desc *)vq->desc + at;
}

/* The flags go through an atomic, to be ordered with the rest. */
static _Atomic(uint16_t) *flags_of(const struct vq *vq, uint16_t at)
{
	struct vq_packed_desc *d = (struct vq_packed_desc *)vq->desc + at;

	return (_Atomic(uint16_t) *)&d->flags;
}

/* Of a position: are these the flags of a descriptor that is available? */
static bool says_available(uint16_t flags, uint16_t wrap)
{
	const uint16_t both = VQ_DESC_AVAIL | VQ_DESC_USED;

	return (flags & both) == (wrap ? VQ_DESC_AVAIL : VQ_DESC_USED);
}

static bool is_available(const struct vq *vq)
{
	return says_available(atomic_load_explicit(flags_of(vq, vq->next.at),
						   memory_order_acquire),
			      vq->next.wrap);
}

static enum vq_fault follow(const struct vq *vq, struct vq_chain *chain)
{
	struct vq_position at = vq->next;

	/* What is out cannot be available. */
	for (unsigned int left = vq->size - vq->out; left > 0; left--) {
		struct vq_range d = vq_read_packed(vq->desc, at.at);
		enum vq_fault fault;

		chain->id = d.extra;
		chain->slots++;
		if (d.flags & VQ_DESC_INDIRECT)
			return chain->slots == 1
				       ? chain_add_table(vq, chain, &d)
				       : VQ_BAD_INDIRECT;
		fault = chain_add(vq->memory, chain, &d);
		if (fault != VQ_OK || !(d.flags & VQ_DESC_NEXT))
			return fault;
		packed_forward(&at, 1, vq->size);
	}
	return VQ_LOOP;
}

int packed_take(struct vq *vq, struct vq_chain *chain)
{
	enum vq_fault fault;

	if (!is_available(vq))
		return 0;
	if (vq->out == vq->size)
		return vq_fail(vq, VQ_BAD_INDEX);
	chain_begin(chain);
	chain->slots = 0;
	fault = follow(vq, chain);
	if (fault != VQ_OK)
		return vq_fail(vq, fault);
	packed_forward(&vq->next, chain->slots, vq->size);
	vq->out = (uint16_t)(vq->out + chain->slots);
	return 1;
}

unsigned int packed_take_singles(struct vq *vq, struct vq_single *single,
				 unsigned int count, bool write)
{
	const struct guest_region *near = &vq->memory->region[0];
	struct vq_position at = vq->next;
	unsigned int n = 0, left = vq->size - vq->out;

	for (; n < count && n < left; n++) {
		const volatile struct vq_packed_desc *d = slot(vq, at.at);
		struct vq_range copy = {
			.flags = atomic_load_explicit(flags_of(vq, at.at),
						      memory_order_acquire),
		};

		if (!says_available(copy.flags, at.wrap))
			break;
		copy.addr = d->addr;
		copy.len = d->len;
		single[n].id = d->id;
		single[n].len = copy.len;
		single[n].at = vq_single_at(vq, &copy, &near, write);
		if (single[n].at == NULL)
			break;
		packed_forward(&at, 1, vq->size);
	}
	vq->next = at;
	vq->out = (uint16_t)(vq->out + n);
	return n;
}

void packed_give(struct vq *vq, uint16_t id, uint16_t slots, uint32_t written)
{
	volatile struct vq_packed_desc *d = slot(vq, vq->used.at);
	uint16_t flags = written ? VQ_DESC_WRITE : 0;

	if (vq->used.wrap)
		flags |= VQ_DESC_AVAIL | VQ_DESC_USED;
	d->id = id;
	d->len = written;
	if (vq->fresh == 0)
		vq->fresh_flags = flags;
	else
		d->flags = flags;
	vq->fresh = (uint16_t)(vq->fresh + slots);
	packed_forward(&vq->used, slots, vq->size);
	vq_count(vq, slots);
}

void packed_give_singles(struct vq *vq, const struct vq_single *single,
			 unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		packed_give(vq, single[i].id, 1, single[i].len);
}

void packed_publish(struct vq *vq)
{
	struct vq_position first = vq->used;

	if (vq->fresh == 0)
		return;
	packed_back(&first, vq->fresh, vq->size);
	atomic_store_explicit(flags_of(vq, first.at), vq->fresh_flags,
			      memory_order_release);
	vq->fresh = 0;
}

/*
 * An index says at which turn of the ring it is by bit 15; one of the turn
 * before is so many slots less.
 */
bool packed_must_notify(struct vq *vq, uint16_t since)
{
	const volatile struct vq_event *event = vq->driver;
	uint16_t flags = event->flags, at;

	if (flags != VQ_EVENT_AT || !vq->event)
		return flags != VQ_EVENT_NEVER;
	at = event->at;
	if (at >> 15 == vq->used.wrap)
		at &= VQ_AT_MASK;
	else
		at = (uint16_t)((at & VQ_AT_MASK) - vq->size);
	return vq_crossed(at, vq->used.at, since);
}

bool packed_arm(struct vq *vq)
{
	volatile struct vq_event *event = vq->device;

	if (vq->event) {
		event->at = (uint16_t)(vq->next.at | vq->next.wrap << 15);
		atomic_thread_fence(memory_order_release);
	}
	event->flags = vq->event ? VQ_EVENT_AT : VQ_EVENT_ALWAYS;
	atomic_thread_fence(memory_order_seq_cst);
	return is_available(vq);
}

void packed_disarm(struct vq *vq)
{
	((volatile struct vq_event *)vq->device)->flags = VQ_EVENT_NEVER;
}
