/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues whose driver lies about indirect tables.
 */
#include "tests/unit/vq_rig.h"

static void tables_of_a_wrong_size(void **state)
{
	const uint32_t wrong[] = {
		0, 1, 47, 49, 16 * (VQ_PIECES + 1), UINT32_MAX - 15
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		for (unsigned int way = 0; way <= VR_PACKED; way++) {
			struct vq_rig r;

			vr_begin_chain(&r, way | VR_INDIRECT);
			vr_desc(&r, 0)->len = wrong[i];
			vr_assert_fault(&r, wrong[i] < 64 ? VQ_BAD_INDIRECT
							  : VQ_TOO_LONG);
			vr_end(&r);
		}
}

static void tables_at_a_wrong_place(void **state)
{
	(void)state;
	for (unsigned int way = 0; way <= VR_PACKED; way++) {
		struct vq_rig r;

		/* In a table. */
		vr_begin_chain(&r, way | VR_INDIRECT);
		*vr_flags(&r, vr_table(&r) + 1) |= VQ_DESC_INDIRECT;
		vr_assert_fault(&r, VQ_BAD_INDIRECT);
		vr_end(&r);
		/* Not the last. */
		vr_begin_chain(&r, way | VR_INDIRECT);
		*vr_flags(&r, vr_desc(&r, 0)) |= VQ_DESC_NEXT;
		vr_assert_fault(&r, VQ_BAD_INDIRECT);
		vr_end(&r);
		/* Not agreed. */
		vr_begin_chain(&r, way | VR_INDIRECT);
		r.vq.indirect = false;
		vr_assert_fault(&r, VQ_BAD_INDIRECT);
		vr_end(&r);
		/* Not in memory, or not all of it. */
		vr_begin_chain(&r, way | VR_INDIRECT);
		vr_desc(&r, 0)->addr = VR_BASE + VR_SIZE - 32;
		assert_int_equal(vq_take(&r.vq, &r.chain), -1);
		vr_end(&r);
	}
}

static void a_table_behind_pieces_of_a_packed_ring(void **state)
{
	struct vq_rig r;

	(void)state;
	vr_begin_chain(&r, VR_PACKED);
	*vr_flags(&r, vr_desc(&r, 2)) |= VQ_DESC_INDIRECT;
	vr_desc(&r, 2)->len = 32;
	vr_assert_fault(&r, VQ_BAD_INDIRECT);
	vr_end(&r);
}

/* As long as the longest ring; one entry more is refused above. */
static void hc10_the_longest_table(void **state)
{
	(void)state;
	for (unsigned int way = 0; way <= VR_PACKED; way++) {
		struct vq_desc *table;
		struct vq_rig r;

		vr_begin_chain(&r, way | VR_INDIRECT);
		table = vr_table(&r);
		vr_desc(&r, 0)->len = VQ_PIECES * sizeof(*table);
		for (unsigned int i = 0; i < VQ_PIECES; i++) {
			table[i] = (struct vq_desc){
				.addr = VR_BASE + VR_DATA,
				.len = 1,
				.next = (uint16_t)(r.packed ? 0 : i + 1),
			};
			if (!r.packed && i + 1 < VQ_PIECES)
				table[i].flags = VQ_DESC_NEXT;
		}
		vr_take(&r);
		assert_int_equal(r.chain.pieces, VQ_PIECES);
		assert_int_equal(r.chain.in, VQ_PIECES);
		vr_end(&r);
	}
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(tables_of_a_wrong_size),
		T(tables_at_a_wrong_place),
		T(hc10_the_longest_table),
		T(a_table_behind_pieces_of_a_packed_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
