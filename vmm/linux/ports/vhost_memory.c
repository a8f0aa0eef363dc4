/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's memory in the port's process: see vhost.h.
 *
 * A file is mapped from its beginning, because a file of huge pages can be
 * mapped at boundaries of its own only, and nobody tells how large these are.
 */
#include <sys/mman.h>

#include "vmm/linux/ports/vhost.h"

/* No more than a process can map. */
#define LONGEST (1ull << 46)

/* Huge pages: a mapping of them is a multiple of their size. */
static const size_t pages[] = { 4096, 2u << 20, 1u << 30 };

static void unmap(const struct vhost_region *r)
{
	for (unsigned int i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		size_t size = (r->mapped + pages[i] - 1) & ~(pages[i] - 1);

		if (munmap(r->map, size) == 0)
			return;
	}
}

static const char *enter(struct vhost *v, const struct vhost_region *r)
{
	const struct guest_region region = {
		.start = r->start,
		.size = r->size,
		.host = r->map + r->offset,
		.writable = true,
	};

	switch (guest_memory_add(&v->memory, &region)) {
	case GUEST_ADDED:
		return NULL;
	case GUEST_OVERLAPS:
		return "two regions overlap";
	case GUEST_WRAPS:
		return "a region ends beyond the address space";
	default:
		return "a region is empty";
	}
}

const char *vhost_map(struct vhost *v, const struct vhost_region *r, int fd)
{
	struct vhost_region *to = &v->region[v->regions];
	const char *why;

	if (v->regions == VHOST_REGIONS)
		return "too many regions";
	if (r->size == 0 || r->size > LONGEST || r->offset > LONGEST)
		return "a region's size or offset is impossible";
	if (r->user + r->size < r->user)
		return "a region ends beyond the address space";
	*to = *r;
	to->mapped = r->size + r->offset;
	to->map = mmap(NULL, to->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       0);
	if (to->map == MAP_FAILED)
		return "a region cannot be mapped; is the memory shared "
		       "(QEMU: memory-backend-memfd,share=on)?";
	why = enter(v, to);
	if (why != NULL)
		unmap(to);
	else
		v->regions++;
	return why;
}

void vhost_unmap(struct vhost *v)
{
	for (unsigned int i = 0; i < v->regions; i++)
		unmap(&v->region[i]);
	v->regions = 0;
	v->memory.n = 0;
}

size_t vhost_mapped(const struct vhost *v)
{
	size_t all = 0;

	for (unsigned int i = 0; i < v->regions; i++)
		all += v->region[i].mapped;
	return all;
}

bool vhost_guest_address(const struct vhost *v, uint64_t user, uint64_t *guest)
{
	for (unsigned int i = 0; i < v->regions; i++) {
		const struct vhost_region *r = &v->region[i];

		if (user - r->user < r->size) {
			*guest = r->start + (user - r->user);
			return true;
		}
	}
	return false;
}
