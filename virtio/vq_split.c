/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split rings (virtio 1.2, section 2.7).
 *
 * The driver's index may be ahead of what we have given back by no more than
 * the ring has slots: every chain in between is one that the driver has handed
 * out and not got back, and a chain needs a descriptor.
 */
#include "virtio/vq_impl.h"

static volatile uint16_t *used_event(const struct vq *vq)
{
	return &((struct vq_avail *)vq->driver)->ring[vq->size];
}

static volatile uint16_t *avail_event(const struct vq *vq)
{
	return (volatile uint16_t *)&((struct vq_used *)vq->device)
		->ring[vq->size];
}

/* Return: chains to take, at least @wanted if there are so many, or -1. */
static int split_pending(struct vq *vq, unsigned int wanted)
{
	struct vq_avail *avail = vq->driver;
	uint16_t pending = (uint16_t)(vq->known - vq->next.at);

	if (pending >= wanted)
		return pending;
	vq->known = atomic_load_explicit(&avail->idx, memory_order_acquire);
	pending = (uint16_t)(vq->known - vq->next.at);
	if (pending > vq->size - vq->out)
		return vq_fail(vq, VQ_BAD_INDEX);
	return pending;
}

static enum vq_fault follow(const struct vq *vq, uint16_t head,
			    struct vq_chain *chain)
{
	uint16_t at = head;

	for (unsigned int left = vq->size; left > 0; left--) {
		struct vq_range d = vq_read_split(vq->desc, at);
		enum vq_fault fault;

		if (d.flags & VQ_DESC_INDIRECT)
			return chain_add_table(vq, chain, &d);
		fault = chain_add(vq->memory, chain, &d);
		if (fault != VQ_OK || !(d.flags & VQ_DESC_NEXT))
			return fault;
		at = d.extra;
		if (at >= vq->size)
			return VQ_BAD_NEXT;
	}
	return VQ_LOOP;
}

int split_retake(struct vq *vq, uint16_t head, struct vq_chain *chain)
{
	enum vq_fault fault;

	if (head >= vq->size)
		return vq_fail(vq, VQ_BAD_HEAD);
	chain_begin(chain);
	fault = follow(vq, head, chain);
	if (fault != VQ_OK)
		return vq_fail(vq, fault);
	chain->id = head;
	chain->slots = 1;
	vq->out++;
	return 1;
}

int split_take(struct vq *vq, struct vq_chain *chain)
{
	const volatile uint16_t *ring = ((struct vq_avail *)vq->driver)->ring;
	int taken = split_pending(vq, 1);

	if (taken <= 0)
		return taken;
	taken = split_retake(vq, ring[vq->next.at & (vq->size - 1u)], chain);
	if (taken == 1)
		vq->next.at++;
	return taken;
}

unsigned int split_take_singles(struct vq *vq, struct vq_single *single,
				unsigned int count, bool write)
{
	const volatile uint16_t *ring = ((struct vq_avail *)vq->driver)->ring;
	const struct guest_region *near = &vq->memory->region[0];
	int pending = split_pending(vq, count);
	unsigned int n = 0;

	for (; n < count && (int)n < pending; n++) {
		uint16_t head = ring[(vq->next.at + n) & (vq->size - 1u)];
		struct vq_range d;

		if (head >= vq->size)
			break;
		d = vq_read_split(vq->desc, head);
		single[n].at = vq_single_at(vq, &d, &near, write);
		if (single[n].at == NULL)
			break;
		single[n].len = d.len;
		single[n].id = head;
	}
	vq->next.at = (uint16_t)(vq->next.at + n);
	vq->out = (uint16_t)(vq->out + n);
	return n;
}

void split_give(struct vq *vq, uint16_t id, uint32_t written)
{
	volatile struct vq_used_elem *e =
		&((struct vq_used *)vq->device)
			 ->ring[vq->used.at & (vq->size - 1u)];

	e->id = id;
	e->len = written;
	vq->used.at++;
	vq_count(vq, 1);
}

void split_give_singles(struct vq *vq, const struct vq_single *single,
			unsigned int count)
{
	volatile struct vq_used_elem *ring =
		((struct vq_used *)vq->device)->ring;

	for (unsigned int i = 0; i < count; i++) {
		volatile struct vq_used_elem *e =
			&ring[vq->used.at++ & (vq->size - 1u)];

		e->id = single[i].id;
		e->len = single[i].len;
	}
	vq_count(vq, (uint16_t)count);
}

void split_publish(struct vq *vq)
{
	struct vq_used *used = vq->device;

	atomic_store_explicit(&used->idx, vq->used.at, memory_order_release);
}

bool split_must_notify(struct vq *vq, uint16_t since)
{
	const volatile struct vq_avail *avail = vq->driver;

	if (!vq->event)
		return !(avail->flags & VQ_NO_NOTIFY);
	return vq_crossed(*used_event(vq), vq->used.at, since);
}

bool split_arm(struct vq *vq)
{
	if (vq->event)
		*avail_event(vq) = vq->next.at;
	else
		((volatile struct vq_used *)vq->device)->flags = 0;
	atomic_thread_fence(memory_order_seq_cst);
	return split_pending(vq, 1) != 0;
}

/* With event indices, the one that was told of is history: nothing to do. */
void split_disarm(struct vq *vq)
{
	if (!vq->event)
		((volatile struct vq_used *)vq->device)->flags = VQ_NO_NOTIFY;
}
