/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The linear index of the forwarding database: as many slots as entries, and a
 * scan.  For a handful of stations it beats any hash, and there is nothing in it
 * to get wrong.  The scan ends at the highest slot in use.
 */
#include "vswitch/fdb_impl.h"

static uint32_t linear_slots(uint32_t capacity)
{
	return capacity;
}

static void linear_setup(struct fdb *fdb, uint64_t seed)
{
	(void)seed;
	fdb->top = 0;
}

static uint32_t linear_find(const struct fdb *fdb, uint64_t key)
{
	for (uint32_t slot = 0; slot < fdb->top; slot++)
		if (fdb->key[slot] == key)
			return slot;
	return FDB_NO_SLOT;
}

static uint32_t linear_place(struct fdb *fdb, uint64_t key)
{
	uint32_t slot = linear_find(fdb, 0);

	/* The caller has seen to it that some slot is empty. */
	if (slot == FDB_NO_SLOT)
		slot = fdb->top++;
	fdb->key[slot] = key;
	return slot;
}

static void linear_displace(struct fdb *fdb, uint32_t slot)
{
	fdb->key[slot] = 0;
	while (fdb->top > 0 && fdb->key[fdb->top - 1] == 0)
		fdb->top--;
}

const struct fdb_index fdb_linear_index = {
	.slots = linear_slots,
	.setup = linear_setup,
	.find = linear_find,
	.place = linear_place,
	.displace = linear_displace,
};
