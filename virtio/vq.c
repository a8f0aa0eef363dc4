/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Setting a queue up, and the verbs for both kinds of rings.
 */
#include "virtio/vq_impl.h"

/* A part of a ring: bytes and alignment, and does the device write it? */
struct part {
	uint64_t addr;
	uint64_t bytes;
	unsigned int align;
	bool write;
	void **at;
};

static enum vq_setup map(const struct guest_memory *m, const struct part *p)
{
	if (p->addr % p->align)
		return VQ_BAD_ALIGNMENT;
	*p->at = guest_memory_at(m, p->addr, p->bytes, p->write);
	/* What the guest sees as aligned need not be so for us. */
	if (*p->at == NULL || (uintptr_t)*p->at % p->align)
		return VQ_BAD_PLACE;
	return VQ_STARTED;
}

static enum vq_setup map_all(struct vq *vq, const struct vq_config *c)
{
	const struct part split[] = {
		{ c->desc, c->size * sizeof(struct vq_desc), 16, false,
		  &vq->desc },
		{ c->driver, sizeof(struct vq_avail) + (c->size + 1ull) * 2, 2,
		  false, &vq->driver },
		{ c->device,
		  sizeof(struct vq_used) +
			  c->size * sizeof(struct vq_used_elem) + 2,
		  4, true, &vq->device },
	};
	const struct part packed[] = {
		{ c->desc, c->size * sizeof(struct vq_packed_desc), 16, true,
		  &vq->desc },
		{ c->driver, sizeof(struct vq_event), 4, false, &vq->driver },
		{ c->device, sizeof(struct vq_event), 4, true, &vq->device },
	};
	const struct part *part = vq->packed ? packed : split;
	enum vq_setup why = VQ_STARTED;

	for (unsigned int i = 0; i < 3 && why == VQ_STARTED; i++)
		why = map(vq->memory, &part[i]);
	return why;
}

/* Where to begin: positions of the ring. */
static enum vq_setup place(struct vq *vq, const struct vq_config *c)
{
	vq->next.at = c->next;
	vq->used.at = c->used;
	if (vq->packed) {
		vq->next = (struct vq_position){ c->next & VQ_AT_MASK,
						 c->next >> 15 };
		vq->used = (struct vq_position){ c->used & VQ_AT_MASK,
						 c->used >> 15 };
		if (vq->next.at >= vq->size || vq->used.at >= vq->size)
			return VQ_BAD_START;
	}
	vq->known = vq->next.at;
	return VQ_STARTED;
}

enum vq_setup vq_start(struct vq *vq, const struct guest_memory *memory,
		       const struct vq_config *config)
{
	uint64_t features = config->features;
	uint32_t size = config->size;
	enum vq_setup why;

	*vq = (struct vq){
		.memory = memory,
		.size = (uint16_t)size,
		.packed = (features & VQ_F_PACKED) != 0,
		.event = (features & VQ_F_EVENT) != 0,
		.indirect = (features & VQ_F_INDIRECT) != 0,
	};
	if (size == 0 || size > VQ_MAX_SIZE ||
	    (!vq->packed && (size & (size - 1))))
		return VQ_BAD_SIZE;
	why = map_all(vq, config);
	return why == VQ_STARTED ? place(vq, config) : why;
}

static uint16_t as_word(const struct vq *vq, const struct vq_position *p)
{
	if (!vq->packed)
		return p->at;
	return (uint16_t)(p->at | p->wrap << 15);
}

void vq_where(const struct vq *vq, uint16_t *next, uint16_t *used)
{
	*next = as_word(vq, &vq->next);
	*used = as_word(vq, &vq->used);
}

int vq_take(struct vq *vq, struct vq_chain *chain)
{
	if (vq->fault != VQ_OK)
		return -1;
	return vq->packed ? packed_take(vq, chain) : split_take(vq, chain);
}

int vq_retake(struct vq *vq, uint16_t head, struct vq_chain *chain)
{
	if (vq->fault != VQ_OK)
		return -1;
	if (vq->packed || vq->out >= vq->size)
		return vq_fail(vq, VQ_BAD_HEAD);
	return split_retake(vq, head, chain);
}

unsigned int vq_take_singles(struct vq *vq, struct vq_single *single,
			     unsigned int count, bool write)
{
	if (vq->fault != VQ_OK || vq->memory->n == 0)
		return 0;
	return vq->packed ? packed_take_singles(vq, single, count, write)
			  : split_take_singles(vq, single, count, write);
}

void vq_untake(struct vq *vq, unsigned int chains, unsigned int slots)
{
	vq->out = (uint16_t)(vq->out - slots);
	if (vq->packed)
		packed_back(&vq->next, (uint16_t)slots, vq->size);
	else
		vq->next.at = (uint16_t)(vq->next.at - chains);
}

void vq_give(struct vq *vq, uint16_t id, uint16_t slots, uint32_t written)
{
	if (vq->packed)
		packed_give(vq, id, slots, written);
	else
		split_give(vq, id, written);
}

void vq_give_singles(struct vq *vq, const struct vq_single *single,
		     unsigned int count)
{
	if (vq->packed)
		packed_give_singles(vq, single, count);
	else
		split_give_singles(vq, single, count);
}

void vq_publish(struct vq *vq)
{
	if (vq->packed)
		packed_publish(vq);
	else
		split_publish(vq);
}

bool vq_must_notify(struct vq *vq)
{
	uint16_t since = vq->untold;

	vq->untold = 0;
	if (since == 0)
		return false;
	atomic_thread_fence(memory_order_seq_cst);
	return vq->packed ? packed_must_notify(vq, since)
			  : split_must_notify(vq, since);
}

bool vq_arm(struct vq *vq)
{
	if (vq->fault != VQ_OK)
		return true;
	return vq->packed ? packed_arm(vq) : split_arm(vq);
}

void vq_disarm(struct vq *vq)
{
	if (vq->packed)
		packed_disarm(vq);
	else
		split_disarm(vq);
}
