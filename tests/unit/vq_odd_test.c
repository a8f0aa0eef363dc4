/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues whose driver does what looks wrong and is not, or means nothing:
 * bits without a meaning, names of its own, parts that overlap.
 */
#include "tests/unit/vq_rig.h"

#include <stdatomic.h>

/* Give back what was taken last, and see that the driver gets it. */
static void assert_back(struct vq_rig *r, int id)
{
	uint32_t written;

	vr_give(r, 0);
	vq_publish(&r->vq);
	assert_int_equal(vr_collect(r, &written), id);
}

/* A descriptor that names a table is neither to be read nor to be written. */
static void a_table_that_is_to_be_written(void **state)
{
	(void)state;
	for (unsigned int way = 0; way <= VR_PACKED; way++) {
		struct vq_rig r;

		vr_begin_chain(&r, way | VR_INDIRECT);
		*vr_flags(&r, vr_desc(&r, 0)) |= VQ_DESC_WRITE;
		vr_take(&r);
		assert_int_equal(r.chain.readable, 2);
		assert_int_equal(r.chain.pieces, 3);
		vr_end(&r);
	}
}

/* In a packed ring's table only one bit has a meaning. */
static void bits_of_a_packed_table(void **state)
{
	struct vq_rig r;

	(void)state;
	for (unsigned int bits = 0; bits < 0x10000; bits++) {
		if (bits & (VQ_DESC_INDIRECT | VQ_DESC_WRITE))
			continue;
		vr_begin_chain(&r, VR_PACKED | VR_INDIRECT);
		*vr_flags(&r, vr_table(&r) + 1) = (uint16_t)bits;
		vr_take(&r);
		assert_int_equal(r.chain.pieces, 3);
		assert_int_equal(r.chain.readable, 2);
		vr_end(&r);
	}
}

/* Tables need not be aligned, and may lie in several regions. */
static void tables_anywhere(void **state)
{
	(void)state;
	for (unsigned int way = 0; way <= VR_PACKED; way++)
		for (uint32_t off = 0; off < 48; off++) {
			struct guest_region *low, high;
			struct vq_rig r;

			vr_begin_chain(&r, way | VR_INDIRECT);
			memmove(r.mem + VR_DATA + 0x1000 + off,
				r.mem + VR_TABLES, 48);
			vr_desc(&r, 0)->addr = VR_BASE + VR_DATA + 0x1000 + off;
			/* Two regions meet in the table. */
			low = &r.memory.region[0];
			high = *low;
			low->size = VR_DATA + 0x1000 + 32;
			high.start += low->size;
			high.host += low->size;
			high.size -= low->size;
			assert_int_equal(guest_memory_add(&r.memory, &high),
					 GUEST_ADDED);
			/* They must not meet in an entry of it. */
			if (off % 16 && off < 32) {
				vr_assert_fault(&r, VQ_BAD_ADDRESS);
			} else {
				vr_take(&r);
				assert_int_equal(r.chain.pieces, 3);
			}
			vr_end(&r);
		}
}

/* A name is the driver's business: it comes back as it was. */
static void hc07_names_of_packed_chains(void **state)
{
	static const uint16_t name[] = { 0, 7, 8, 0x7fff, 0x8000, 0xffff };
	struct vq_rig r;

	(void)state;
	for (unsigned int i = 0; i < sizeof(name) / sizeof(*name); i++) {
		struct vq_packed_desc *d;

		vr_begin(&r, VR_PACKED, 8, VR_FEATURES);
		vr_add_one(&r, true);
		vr_add_one(&r, true);
		d = (void *)vr_desc(&r, 0);
		/* Both have the same. */
		d[0].id = d[1].id = name[i];
		for (unsigned int n = 0; n < 2; n++) {
			vr_take(&r);
			assert_int_equal(r.chain.id, name[i]);
			vr_give(&r, 5);
			vq_publish(&r.vq);
			assert_int_equal(d[n].id, name[i]);
		}
		vr_end(&r);
	}
}

/* The same chain in every place of the ring. */
static void hc07_one_head_many_times(void **state)
{
	struct vq_rig r;

	(void)state;
	vr_begin(&r, VR_SPLIT, 8, VR_FEATURES);
	vr_add_one(&r, true);
	for (unsigned int i = 0; i < 8; i++)
		vr_avail(&r)->ring[i] = 0;
	atomic_store(&vr_avail(&r)->idx, 8);
	for (unsigned int i = 0; i < 8; i++) {
		vr_take(&r);
		assert_int_equal(r.chain.id, 0);
	}
	assert_int_equal(vq_take(&r.vq, &r.chain), 0);
	for (unsigned int i = 0; i < 8; i++)
		vr_give(&r, 1);
	vq_publish(&r.vq);
	assert_int_equal(atomic_load(&vr_used(&r)->idx), 8);
	vr_end(&r);
}

/* What the driver writes over the device's part is not read. */
static void hc01_the_devices_part_is_not_read(void **state)
{
	(void)state;
	for (unsigned int way = 0; way <= VR_PACKED; way++) {
		struct vq_rig r;

		vr_begin(&r, way, 8, VR_FEATURES);
		for (unsigned int i = 0; i < 100; i++) {
			int id = vr_add_one(&r, true);

			memset(r.mem + VR_DEVICE, 0xff, 0x400);
			vr_take(&r);
			memset(r.mem + VR_DEVICE, (int)i, 0x400);
			assert_back(&r, id);
		}
		vr_end(&r);
	}
}

/* Other bits than those that say when to interrupt. */
static void bits_of_the_drivers_event(void **state)
{
	(void)state;
	for (unsigned int way = 0; way <= VR_PACKED; way++)
		for (unsigned int flags = 0; flags < 0x100; flags++) {
			struct vq_rig r;

			vr_begin(&r, way, 8, VQ_F_VERSION_1);
			if (r.packed)
				vr_event(&r, VR_DRIVER)->flags =
					(uint16_t)flags;
			else
				vr_avail(&r)->flags = (uint16_t)flags;
			vr_add_one(&r, true);
			vr_take(&r);
			vr_give(&r, 0);
			vq_publish(&r.vq);
			assert_int_equal(vq_must_notify(&r.vq),
					 r.packed ? flags != VQ_EVENT_NEVER
						  : !(flags & VQ_NO_NOTIFY));
			vr_end(&r);
		}
}

/* A piece that is the ring itself: it is overwritten, and nothing else. */
static void hc02_a_piece_over_the_ring(void **state)
{
	const struct vr_piece p = { VR_BASE, 0xc000, true };

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++)
		for (int byte = 0; byte < 256; byte++) {
			uint8_t bytes[0xc000];
			struct vq_cursor to;
			unsigned int taken = 0;
			struct vq_rig r;

			vr_begin(&r, way, 8, VR_FEATURES);
			vr_add(&r, &p, 1, way & VR_INDIRECT);
			vr_take(&r);
			memset(bytes, byte, sizeof(bytes));
			to = vq_writer(&r.chain);
			assert_int_equal(vq_write(&to, bytes, sizeof(bytes)),
					 sizeof(bytes));
			vr_give(&r, sizeof(bytes));
			vq_publish(&r.vq);
			vq_must_notify(&r.vq);
			while (vq_take(&r.vq, &r.chain) == 1)
				taken++;
			assert_in_range(taken, 0, 8);
			vr_end(&r);
		}
}

/* All three parts at one place. */
static void hc03_parts_that_overlap(void **state)
{
	(void)state;
	for (unsigned int way = 0; way <= VR_PACKED; way++)
		for (unsigned int seed = 0; seed < 256; seed++) {
			unsigned int taken = 0;
			struct vq_rig r;

			vr_begin(&r, way, 8, VR_FEATURES);
			r.config.driver = r.config.device = r.config.desc;
			assert_int_equal(vq_start(&r.vq, &r.memory, &r.config),
					 VQ_STARTED);
			for (unsigned int i = 0; i < 512; i++)
				r.mem[i] = (uint8_t)(i * seed);
			while (taken < 1000 && vq_take(&r.vq, &r.chain) == 1) {
				taken++;
				vr_give(&r, 1);
				vq_publish(&r.vq);
				vq_must_notify(&r.vq);
				vq_arm(&r.vq);
				vq_disarm(&r.vq);
			}
			assert_in_range(taken, 0, 1000);
			vr_end(&r);
		}
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_table_that_is_to_be_written),
		T(bits_of_a_packed_table),
		T(tables_anywhere),
		T(hc07_names_of_packed_chains),
		T(hc07_one_head_many_times),
		T(hc01_the_devices_part_is_not_read),
		T(bits_of_the_drivers_event),
		T(hc02_a_piece_over_the_ring),
		T(hc03_parts_that_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
