/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "virtio/chain.h"

/* Which regions a range lies in, one after another. */
static enum vq_fault map(const struct guest_memory *m, struct vq_chain *c,
			 uint64_t addr, uint32_t len, bool write)
{
	while (len > 0) {
		const struct guest_region *r = guest_memory_find(m, addr);
		struct vq_piece *piece = &c->piece[c->pieces];
		uint64_t here;

		if (r == NULL)
			return VQ_BAD_ADDRESS;
		if (write && !r->writable)
			return VQ_READ_ONLY;
		if (c->pieces == VQ_PIECES)
			return VQ_TOO_LONG;
		here = r->size - (addr - r->start);
		if (here > len)
			here = len;
		piece->at = r->host + (addr - r->start);
		piece->len = (uint32_t)here;
		c->pieces++;
		addr += here;
		len -= (uint32_t)here;
	}
	return VQ_OK;
}

enum vq_fault chain_add(const struct guest_memory *m, struct vq_chain *c,
			const struct vq_range *d)
{
	bool write = d->flags & VQ_DESC_WRITE;
	uint32_t *total = write ? &c->out : &c->in;
	enum vq_fault fault;

	if (d->len == 0)
		return VQ_EMPTY;
	if (!write && c->readable < c->pieces)
		return VQ_BAD_ORDER;
	if (d->len > UINT32_MAX - c->in - c->out)
		return VQ_TOO_LONG;
	fault = map(m, c, d->addr, d->len, write);
	if (!write)
		c->readable = c->pieces;
	*total += d->len;
	return fault;
}

/* The table's entries are linked, in a split ring, or all used, in order. */
static enum vq_fault add_entries(const struct vq *vq, struct vq_chain *c,
				 const struct vq_range *table, uint32_t entries)
{
	uint32_t at = 0;

	for (uint32_t left = entries; left > 0; left--) {
		const uint8_t *entry = guest_memory_at(
			vq->memory, table->addr + at * sizeof(struct vq_desc),
			sizeof(struct vq_desc), false);
		enum vq_fault fault;
		struct vq_range d;

		if (entry == NULL)
			return VQ_BAD_ADDRESS;
		d = vq->packed ? vq_read_packed(entry, 0)
			       : vq_read_split(entry, 0);
		if (d.flags & VQ_DESC_INDIRECT)
			return VQ_BAD_INDIRECT;
		fault = chain_add(vq->memory, c, &d);
		if (fault != VQ_OK)
			return fault;
		at++;
		if (vq->packed)
			continue;
		if (!(d.flags & VQ_DESC_NEXT))
			return VQ_OK;
		at = d.extra;
		if (at >= entries)
			return VQ_BAD_NEXT;
	}
	return vq->packed ? VQ_OK : VQ_LOOP;
}

enum vq_fault chain_add_table(const struct vq *vq, struct vq_chain *c,
			      const struct vq_range *table)
{
	uint32_t entries = table->len / sizeof(struct vq_desc);

	if (!vq->indirect || table->flags & VQ_DESC_NEXT || entries == 0 ||
	    table->len % sizeof(struct vq_desc))
		return VQ_BAD_INDIRECT;
	if (entries > VQ_PIECES)
		return VQ_TOO_LONG;
	return add_entries(vq, c, table, entries);
}

/* The next piece of memory to copy, at most @n bytes; @c moves behind it. */
static uint8_t *advance(struct vq_cursor *c, uint32_t n, uint32_t *here)
{
	uint8_t *at = c->piece->at + c->offset;

	*here = c->piece->len - c->offset;
	if (*here > n) {
		*here = n;
		c->offset += n;
	} else {
		c->piece++;
		c->offset = 0;
	}
	c->left -= *here;
	return at;
}

uint32_t vq_read(struct vq_cursor *c, void *to, uint32_t n)
{
	uint32_t done = 0, here;

	if (n > c->left)
		n = c->left;
	for (; done < n; done += here) {
		const uint8_t *at = advance(c, n - done, &here);

		memcpy((uint8_t *)to + done, at, here);
	}
	return n;
}

uint32_t vq_write(struct vq_cursor *c, const void *from, uint32_t n)
{
	uint32_t done = 0, here;

	if (n > c->left)
		n = c->left;
	for (; done < n; done += here) {
		uint8_t *at = advance(c, n - done, &here);

		memcpy(at, (const uint8_t *)from + done, here);
	}
	return n;
}
