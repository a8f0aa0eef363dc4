/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's memory, as its devices see it: a table of regions.
 *
 * A guest names memory by addresses of its own.  A device reaches it only
 * through this table, which the VMM or the vhost-user front-end fills, and which
 * is asked anew for each access; so a guest can make a device touch nothing but
 * that guest's memory.  Regions do not overlap, none ends beyond the address
 * space, and a region the device may only read says so.
 */
#ifndef WEIR_VIRTIO_MEMORY_H
#define WEIR_VIRTIO_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* QEMU passes up to eight; with memory that is plugged in, some more. */
#define GUEST_REGIONS 32u

struct guest_region {
	uint64_t start;
	uint64_t size;
	uint8_t *host;
	bool writable;
};

/**
 * struct guest_memory - regions in order of their addresses
 */
struct guest_memory {
	unsigned int n;
	struct guest_region region[GUEST_REGIONS];
};

enum guest_add {
	GUEST_ADDED,
	GUEST_FULL,  /* there are GUEST_REGIONS */
	GUEST_EMPTY, /* a size of 0 */
	GUEST_WRAPS, /* ends beyond the address space, here or in the guest */
	GUEST_OVERLAPS, /* a region that is there */
};

/**
 * guest_memory_add - enter a region
 * @m: table, at first all zero
 * @r: region; @r->host is mapped for @r->size bytes as long as it is in @m
 *
 * Return: GUEST_ADDED, or why @m is unchanged.
 */
enum guest_add guest_memory_add(struct guest_memory *m,
				const struct guest_region *r);

/**
 * guest_memory_remove - take a region out
 * @start, @size: exactly those it was entered with
 *
 * Return: whether it was there.
 */
bool guest_memory_remove(struct guest_memory *m, uint64_t start, uint64_t size);

/**
 * guest_memory_find - the region that holds an address
 *
 * Return: the region, or NULL.
 */
const struct guest_region *guest_memory_find(const struct guest_memory *m,
					     uint64_t addr);

/**
 * guest_region_at - a range in a region, if it lies in this one
 * @r: any; the others as for guest_memory_at()
 */
static inline uint8_t *guest_region_at(const struct guest_region *r,
				       uint64_t addr, uint64_t len, bool write)
{
	uint64_t offset = addr - r->start;

	if (offset >= r->size || len > r->size - offset ||
	    (write && !r->writable))
		return NULL;
	return r->host + offset;
}

/**
 * guest_memory_at - a range that lies within one region
 * @len:   bytes, at least one
 * @write: the device means to write
 *
 * Return: where it is mapped, or NULL: it is not, not in one region, or must
 * not be written.
 */
uint8_t *guest_memory_at(const struct guest_memory *m, uint64_t addr,
			 uint64_t len, bool write);

#endif
