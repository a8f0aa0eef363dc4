/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/vq_rig.h"

#include <stdatomic.h>

void *vr_at(struct vq_rig *r, uint64_t addr)
{
	assert_in_range(addr, VR_BASE, VR_BASE + VR_SIZE - 1);
	return r->mem + (addr - VR_BASE);
}

struct vq_avail *vr_avail(struct vq_rig *r)
{
	return vr_at(r, VR_BASE + VR_DRIVER);
}

struct vq_used *vr_used(struct vq_rig *r)
{
	return vr_at(r, VR_BASE + VR_DEVICE);
}

struct vq_event *vr_event(struct vq_rig *r, uint64_t part)
{
	return vr_at(r, VR_BASE + part);
}

struct vq_desc *vr_desc(struct vq_rig *r, unsigned int slot)
{
	return (struct vq_desc *)vr_at(r, VR_BASE) + slot;
}

void vr_begin(struct vq_rig *r, unsigned int way, unsigned int size,
	      uint64_t features)
{
	struct guest_region all = { VR_BASE, VR_SIZE, NULL, true };

	memset(r, 0, sizeof(*r));
	assert_int_equal(posix_memalign((void **)&r->mem, 4096, VR_SIZE), 0);
	memset(r->mem, 0, VR_SIZE);
	all.host = r->mem;
	r->packed = way & VR_PACKED;
	r->size = size;
	r->room = size;
	r->n_free = size;
	for (unsigned int i = 0; i < size; i++)
		r->free[i] = (uint16_t)(size - 1 - i);
	r->next.wrap = r->seen.wrap = r->packed;
	r->config = (struct vq_config){
		.size = size,
		.features = features | (r->packed ? VQ_F_PACKED : 0),
		.desc = VR_BASE,
		.driver = VR_BASE + VR_DRIVER,
		.device = VR_BASE + VR_DEVICE,
		.next = r->packed ? 0x8000 : 0,
		.used = r->packed ? 0x8000 : 0,
	};
	assert_int_equal(guest_memory_add(&r->memory, &all), GUEST_ADDED);
	assert_int_equal(vq_start(&r->vq, &r->memory, &r->config), VQ_STARTED);
}

void vr_end(struct vq_rig *r)
{
	free(r->mem);
}

static void forward(struct vq_rig *r, struct vq_position *p, unsigned int slots)
{
	p->at = (uint16_t)(p->at + slots);
	if (r->packed && p->at >= r->size) {
		p->at = (uint16_t)(p->at - r->size);
		p->wrap ^= 1;
	}
}

/* --- split -------------------------------------------------------------- */

static uint16_t flags_of(const struct vr_piece *p, bool more)
{
	return (uint16_t)((p->write ? VQ_DESC_WRITE : 0) |
			  (more ? VQ_DESC_NEXT : 0));
}

static void write_table(struct vq_rig *r, unsigned int id,
			const struct vr_piece *p, unsigned int n)
{
	struct vq_desc *table =
		vr_at(r, VR_BASE + VR_TABLES + (uint64_t)id * VR_TABLE);

	for (unsigned int i = 0; i < n; i++)
		table[i] = (struct vq_desc){
			.addr = p[i].addr,
			.len = p[i].len,
			.flags = flags_of(&p[i], !r->packed && i + 1 < n),
			.next = (uint16_t)(r->packed ? 0 : i + 1),
		};
	/* In a packed table the last two words have changed places. */
	for (unsigned int i = 0; r->packed && i < n; i++) {
		uint16_t flags = table[i].flags;

		table[i].flags = table[i].next;
		table[i].next = flags;
	}
}

static struct vr_piece table_of(unsigned int id, unsigned int n)
{
	return (struct vr_piece){
		.addr = VR_BASE + VR_TABLES + (uint64_t)id * VR_TABLE,
		.len = n * (unsigned int)sizeof(struct vq_desc),
	};
}

static int add_split(struct vq_rig *r, const struct vr_piece *p, unsigned int n,
		     bool indirect)
{
	struct vq_avail *avail = vr_avail(r);
	uint16_t head = r->free[r->n_free - 1], at = head;

	r->slots[head] = (uint16_t)n;
	for (unsigned int i = 0; i < n; i++) {
		struct vq_desc *d = vr_desc(r, at);

		r->n_free--;
		d->addr = p[i].addr;
		d->len = p[i].len;
		d->flags = flags_of(&p[i], i + 1 < n);
		if (indirect)
			d->flags |= VQ_DESC_INDIRECT;
		r->link[at] = d->next = i + 1 < n ? r->free[r->n_free - 1]
						  : UINT16_MAX;
		at = d->next;
	}
	avail->ring[r->next.at % r->size] = head;
	forward(r, &r->next, 1);
	atomic_store(&avail->idx, r->next.at);
	return head;
}

static int collect_split(struct vq_rig *r, uint32_t *written)
{
	struct vq_used *used = vr_used(r);
	struct vq_used_elem *e = &used->ring[r->seen.at % r->size];
	unsigned int n;

	if (atomic_load(&used->idx) == r->seen.at)
		return -1;
	forward(r, &r->seen, 1);
	*written = e->len;
	assert_in_range(e->id, 0, r->size - 1);
	n = r->slots[e->id];
	assert_int_not_equal(n, 0);
	for (unsigned int i = 0, at = e->id; i < n; i++, at = r->link[at])
		r->free[r->n_free++] = (uint16_t)at;
	r->room += n;
	r->slots[e->id] = 0;
	return (int)e->id;
}

/* --- packed ------------------------------------------------------------- */

static struct vq_packed_desc *packed(struct vq_rig *r, unsigned int slot)
{
	return (struct vq_packed_desc *)(void *)vr_desc(r, slot);
}

static int add_packed(struct vq_rig *r, const struct vr_piece *p,
		      unsigned int n, bool indirect)
{
	uint16_t id = r->free[--r->n_free];
	struct vq_packed_desc *first = packed(r, r->next.at);
	uint16_t first_flags = 0;

	r->slots[id] = (uint16_t)n;
	for (unsigned int i = 0; i < n; i++) {
		struct vq_packed_desc *d = packed(r, r->next.at);
		uint16_t flags = flags_of(&p[i], i + 1 < n);

		flags |= r->next.wrap ? VQ_DESC_AVAIL : VQ_DESC_USED;
		if (indirect)
			flags |= VQ_DESC_INDIRECT;
		d->addr = p[i].addr;
		d->len = p[i].len;
		/* In all but the last it has no meaning. */
		d->id = i + 1 < n ? 0xdead : id;
		if (i == 0)
			first_flags = flags;
		else
			d->flags = flags;
		forward(r, &r->next, 1);
	}
	atomic_thread_fence(memory_order_release);
	first->flags = first_flags;
	return id;
}

static int collect_packed(struct vq_rig *r, uint32_t *written)
{
	struct vq_packed_desc *d = packed(r, r->seen.at);
	bool avail = d->flags & VQ_DESC_AVAIL, used = d->flags & VQ_DESC_USED;
	unsigned int n;

	if (avail != used || used != (r->seen.wrap != 0))
		return -1;
	assert_in_range(d->id, 0, r->size - 1);
	*written = d->flags & VQ_DESC_WRITE ? d->len : 0;
	n = r->slots[d->id];
	assert_int_not_equal(n, 0);
	forward(r, &r->seen, n);
	r->room += n;
	r->free[r->n_free++] = d->id;
	r->slots[d->id] = 0;
	return d->id;
}

/* --- both --------------------------------------------------------------- */

int vr_add(struct vq_rig *r, const struct vr_piece *pieces, unsigned int n,
	   bool indirect)
{
	struct vr_piece table;

	if (r->n_free == 0 || r->room < (indirect ? 1 : n))
		return -1;
	if (indirect) {
		unsigned int id = r->free[r->n_free - 1];

		write_table(r, id, pieces, n);
		table = table_of(id, n);
		pieces = &table;
		n = 1;
	}
	r->room -= n;
	return r->packed ? add_packed(r, pieces, n, indirect)
			 : add_split(r, pieces, n, indirect);
}

int vr_add_one(struct vq_rig *r, bool write)
{
	const struct vr_piece p = { VR_BASE + VR_DATA, 64, write };

	return vr_add(r, &p, 1, false);
}

int vr_collect(struct vq_rig *r, uint32_t *written)
{
	return r->packed ? collect_packed(r, written)
			 : collect_split(r, written);
}

bool vr_peek_single(struct vq_rig *r, bool write, struct vq_single *single)
{
	unsigned int n = vq_take_singles(&r->vq, single, 1, write);

	assert_in_range(n, 0, 1);
	vq_untake(&r->vq, n, n);
	return n == 1;
}

/* A chain that was taken by itself before is the same. */
static void assert_same(const struct vq_rig *r, const struct vq_single *single)
{
	assert_int_equal(r->chain.pieces, 1);
	assert_int_equal(r->chain.slots, 1);
	assert_int_equal(r->chain.id, single->id);
	assert_ptr_equal(r->chain.piece[0].at, single->at);
	assert_int_equal(r->chain.piece[0].len, single->len);
}

void vr_take(struct vq_rig *r)
{
	struct vq_single in, out;
	bool reads = vr_peek_single(r, false, &in);
	bool writes = vr_peek_single(r, true, &out);

	assert_int_equal(vq_take(&r->vq, &r->chain), 1);
	assert_false(reads && writes);
	if (reads || writes) {
		assert_same(r, reads ? &in : &out);
		assert_int_equal(r->chain.readable, reads);
	}
}

void vr_give(struct vq_rig *r, uint32_t written)
{
	vq_give(&r->vq, r->chain.id, r->chain.slots, written);
}

/* --- drivers that lie --------------------------------------------------- */

void vr_begin_chain(struct vq_rig *r, unsigned int way)
{
	const struct vr_piece p[3] = {
		{ VR_BASE + VR_DATA, 12, false },
		{ VR_BASE + VR_DATA + 100, 20, false },
		{ VR_BASE + VR_DATA + 200, 30, true },
	};

	vr_begin(r, way, 8, VR_FEATURES);
	assert_int_not_equal(vr_add(r, p, 3, way & VR_INDIRECT), -1);
}

struct vq_desc *vr_table(struct vq_rig *r)
{
	return vr_at(r, VR_BASE + VR_TABLES);
}

uint16_t *vr_flags(struct vq_rig *r, struct vq_desc *d)
{
	return r->packed ? &((struct vq_packed_desc *)(void *)d)->flags
			 : &d->flags;
}

void vr_assert_fault(struct vq_rig *r, enum vq_fault fault)
{
	struct vq_single single;

	assert_false(vr_peek_single(r, false, &single));
	assert_false(vr_peek_single(r, true, &single));
	assert_int_equal(vq_take(&r->vq, &r->chain), -1);
	assert_int_equal(r->vq.fault, fault);
	vr_add_one(r, true);
	assert_int_equal(vq_take(&r->vq, &r->chain), -1);
	assert_true(vq_arm(&r->vq));
	assert_int_equal(r->vq.fault, fault);
}
