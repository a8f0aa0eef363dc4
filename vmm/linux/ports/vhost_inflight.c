/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a device has taken and not given back, kept outside of its process
 * (vhost-user, "Inflight I/O tracking"; split rings only).
 *
 *	ring 0		ring 1		...	each aligned to 64 bytes
 *	header
 *	entry per descriptor: under way, and since when
 *
 * A device that answers in any order cannot say by a single index what it has
 * done.  If its process dies, the front-end has the guest's memory and this; it
 * gives both to the next process, which takes what was under way again, in the
 * order in which it was first taken.
 *
 * What is hard.  A chain is given back in two steps: the guest sees it, then it
 * is no longer under way; a process may die between them.  So the chains of a
 * batch are linked, the last one first, before the guest sees them, and the
 * index of the used ring is noted after that: if this is not the ring's, as many
 * of these links are of chains that the guest has.
 *
 * The front-end can write here at any time.  All that comes of it are numbers of
 * descriptors, which the queue checks as if they were the guest's.
 */
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vmm/linux/ports/vhost_message.h"

#define VERSION 1u
#define ALIGNMENT 64u

struct entry {
	uint8_t under_way;
	uint8_t pad[5];
	uint16_t next;
	uint64_t serial;
};

struct header {
	uint64_t features;
	uint16_t version;
	uint16_t slots;
	uint16_t last;
	uint16_t used;
	struct entry entry[];
};

ABI_SIZE(struct entry, 16);
ABI_AT(struct entry, next, 6);
ABI_AT(struct entry, serial, 8);
ABI_SIZE(struct header, 16);
ABI_AT(struct header, last, 12);
ABI_AT(struct header, used, 14);

static size_t ring_size(unsigned int slots)
{
	size_t size = sizeof(struct header) + slots * sizeof(struct entry);

	return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static volatile struct header *header(const struct vhost *v, unsigned int ring)
{
	const struct vhost_inflight *f = &v->inflight;

	if (f->map == NULL || ring >= f->rings)
		return NULL;
	return (volatile struct header *)(void *)(f->map + f->at +
						  ring * ring_size(f->slots));
}

void vhost_inflight_drop(struct vhost *v)
{
	if (v->inflight.map != NULL)
		munmap(v->inflight.map, v->inflight.mapped);
	v->inflight = (struct vhost_inflight){ .map = NULL };
}

static const char *map(struct vhost *v, const struct vhost_shared *s, int fd)
{
	struct vhost_inflight *f = &v->inflight;

	vhost_inflight_drop(v);
	if (s->rings == 0 || s->rings > v->device->rings || s->slots == 0 ||
	    s->slots > VQ_MAX_SIZE || s->at % ALIGNMENT != 0 ||
	    s->at > UINT32_MAX || s->size > UINT32_MAX ||
	    s->size < s->rings * ring_size(s->slots))
		return "what is under way has no size or place it can have";
	f->mapped = s->at + s->size;
	f->map = mmap(NULL, f->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      0);
	if (f->map == MAP_FAILED) {
		f->map = NULL;
		return "what is under way cannot be mapped";
	}
	f->at = s->at;
	f->rings = s->rings;
	f->slots = s->slots;
	return NULL;
}

const char *vhost_inflight_make(struct vhost *v, struct vhost_message *m)
{
	char end = 0;
	const struct iovec zero = { &end, 1 };
	struct vhost_shared *s = &m->shared;
	const char *why;

	s->at = 0;
	s->size = 0;
	m->answer = m->h.size;
	/* Of a packed ring it would have to hold the descriptors. */
	if (v->features & VQ_F_PACKED)
		return NULL;
	if (s->rings == 0 || s->slots == 0)
		return "there is nothing that could be under way";
	s->size = s->rings * ring_size(s->slots);
	/* Written at its end, so that it is as long. */
	m->send = memfd_create("inflight", MFD_CLOEXEC);
	if (m->send < 0 ||
	    pwritev2(m->send, &zero, 1, (off_t)s->size - 1, 0) != 1)
		return "there is no memory for what is under way";
	why = map(v, s, m->send);
	for (unsigned int i = 0; why == NULL && i < s->rings; i++) {
		header(v, i)->version = VERSION;
		header(v, i)->slots = s->slots;
	}
	return why;
}

const char *vhost_inflight_keep(struct vhost *v, const struct vhost_message *m)
{
	if (m->fds != 1)
		return "what is under way comes without its memory";
	return map(v, &m->shared, m->fd[0]);
}

/* --- a ring's ----------------------------------------------------------- */

void vhost_inflight_take(struct vhost *v, unsigned int ring, uint16_t head)
{
	volatile struct header *h = header(v, ring);

	if (h == NULL || head >= v->inflight.slots)
		return;
	h->entry[head].serial = v->inflight.serial++;
	atomic_signal_fence(memory_order_seq_cst);
	h->entry[head].under_way = 1;
}

void vhost_inflight_give(struct vhost *v, unsigned int ring, uint16_t head)
{
	volatile struct header *h = header(v, ring);

	if (h == NULL || head >= v->inflight.slots)
		return;
	h->entry[head].next = h->last;
	atomic_signal_fence(memory_order_seq_cst);
	h->last = head;
}

void vhost_inflight_given(struct vhost *v, unsigned int ring, uint16_t head,
			  uint16_t used)
{
	volatile struct header *h = header(v, ring);

	if (h == NULL || head >= v->inflight.slots)
		return;
	h->entry[head].under_way = 0;
	atomic_signal_fence(memory_order_seq_cst);
	h->used = used;
}

/* What the guest has, though the last process did not get to note it. */
static void forget_given(const struct vhost *v, volatile struct header *h,
			 uint16_t used)
{
	uint16_t more = (uint16_t)(used - h->used);
	uint16_t head = h->last;

	for (;
	     more > 0 && more <= v->inflight.slots && head < v->inflight.slots;
	     more--) {
		h->entry[head].under_way = 0;
		head = h->entry[head].next;
	}
	h->used = used;
}

unsigned int vhost_inflight_find(struct vhost *v, unsigned int ring,
				 uint16_t used, uint16_t head[VQ_MAX_SIZE])
{
	volatile struct header *h = header(v, ring);
	uint64_t since[VQ_MAX_SIZE];
	unsigned int n = 0;

	if (h == NULL)
		return 0;
	if (h->version != VERSION || h->slots != v->inflight.slots)
		return 0;
	forget_given(v, h, used);
	for (unsigned int i = 0; i < v->inflight.slots; i++) {
		uint64_t serial = h->entry[i].serial;
		unsigned int k = n;

		if (h->entry[i].under_way != 1)
			continue;
		for (; k > 0 && since[k - 1] > serial; k--) {
			since[k] = since[k - 1];
			head[k] = head[k - 1];
		}
		since[k] = serial;
		head[k] = (uint16_t)i;
		n++;
		if (serial >= v->inflight.serial)
			v->inflight.serial = serial + 1;
	}
	return n;
}
