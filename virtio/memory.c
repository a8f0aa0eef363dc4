/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio/memory.h"

/* Regions are few and mostly one or two: looking at each is quickest. */
const struct guest_region *guest_memory_find(const struct guest_memory *m,
					     uint64_t addr)
{
	for (unsigned int i = 0; i < m->n; i++) {
		const struct guest_region *r = &m->region[i];

		if (addr - r->start < r->size)
			return r;
	}
	return NULL;
}

uint8_t *guest_memory_at(const struct guest_memory *m, uint64_t addr,
			 uint64_t len, bool write)
{
	const struct guest_region *r = guest_memory_find(m, addr);

	return r ? guest_region_at(r, addr, len, write) : NULL;
}

enum guest_add guest_memory_add(struct guest_memory *m,
				const struct guest_region *r)
{
	unsigned int at = 0;

	if (r->size == 0)
		return GUEST_EMPTY;
	if (r->start > UINT64_MAX - r->size ||
	    (uintptr_t)r->host > UINTPTR_MAX - r->size)
		return GUEST_WRAPS;
	if (m->n == GUEST_REGIONS)
		return GUEST_FULL;
	while (at < m->n && m->region[at].start < r->start)
		at++;
	if (at < m->n && m->region[at].start - r->start < r->size)
		return GUEST_OVERLAPS;
	if (at > 0 &&
	    r->start - m->region[at - 1].start < m->region[at - 1].size)
		return GUEST_OVERLAPS;
	for (unsigned int i = m->n; i > at; i--)
		m->region[i] = m->region[i - 1];
	m->region[at] = *r;
	m->n++;
	return GUEST_ADDED;
}

bool guest_memory_remove(struct guest_memory *m, uint64_t start, uint64_t size)
{
	for (unsigned int i = 0; i < m->n; i++) {
		if (m->region[i].start != start || m->region[i].size != size)
			continue;
		m->n--;
		for (; i < m->n; i++)
			m->region[i] = m->region[i + 1];
		return true;
	}
	return false;
}
