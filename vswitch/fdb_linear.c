/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The linear index of the forwarding database (`make FDB=linear`): as many
 * slots as entries, and a scan that ends at the highest slot in use.  For a
 * handful of stations there is nothing in it to get wrong.
 *
 * All keys are at home in the first bucket; it has spilled while a slot behind
 * it is in use.
 */
#include "vswitch/fdb_impl.h"

uint32_t fdb_index_slots(uint32_t capacity)
{
	return (capacity + FDB_WAYS - 1) & ~(FDB_WAYS - 1);
}

void fdb_index_setup(struct fdb *fdb, uint64_t seed)
{
	(void)seed;
	fdb->hash.mix = 0;
	fdb->hash.shift = 63;
	fdb->top = 0;
}

static void set_top(struct fdb *fdb, uint32_t top)
{
	fdb->top = top;
	fdb->hash.slot[0].spilled = top > FDB_WAYS;
}

uint32_t fdb_index_find(const struct fdb *fdb, uint64_t key)
{
	for (uint32_t slot = 0; slot < fdb->top; slot++)
		if (fdb->hash.slot[slot].key == key)
			return slot;
	return FDB_NO_SLOT;
}

uint32_t fdb_index_place(struct fdb *fdb, uint64_t key)
{
	uint32_t slot = fdb_index_find(fdb, 0);

	/* The caller has seen to it that some slot is empty. */
	if (slot == FDB_NO_SLOT) {
		slot = fdb->top;
		set_top(fdb, slot + 1);
	}
	fdb->hash.slot[slot].key = key;
	return slot;
}

void fdb_index_displace(struct fdb *fdb, uint32_t slot)
{
	uint32_t top = fdb->top;

	fdb->hash.slot[slot].key = 0;
	while (top > 0 && fdb->hash.slot[top - 1].key == 0)
		top--;
	set_top(fdb, top);
}
