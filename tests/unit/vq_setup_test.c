/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Setting a virtqueue up: what is accepted is exactly what lies in memory, with
 * all of its parts, and can be indexed.
 */
#include "tests/unit/vq_rig.h"

static void assert_refused(struct vq_rig *r, const struct vq_config *c,
			   enum vq_setup why)
{
	struct vq vq;

	assert_int_equal(vq_start(&vq, &r->memory, c), why);
}

static void a_queue_that_cannot_be(struct vq_rig *r)
{
	const struct vq_config good = r->config;
	struct vq_config c = good;

	c.size = 0;
	assert_refused(r, &c, VQ_BAD_SIZE);
	c.size = VQ_MAX_SIZE + 1;
	assert_refused(r, &c, VQ_BAD_SIZE);
	c.size = 65536 + 8;
	assert_refused(r, &c, VQ_BAD_SIZE);
	c.size = 12;
	assert_refused(r, &c, r->packed ? VQ_STARTED : VQ_BAD_SIZE);
	c = good;
	c.desc += 8;
	assert_refused(r, &c, VQ_BAD_ALIGNMENT);
	c = good;
	c.driver += 1;
	assert_refused(r, &c, VQ_BAD_ALIGNMENT);
	c = good;
	c.device += 2;
	assert_refused(r, &c, VQ_BAD_ALIGNMENT);
	c = good;
	c.desc = VR_BASE - 16;
	assert_refused(r, &c, VQ_BAD_PLACE);
	c.desc = VR_BASE + VR_SIZE - 16;
	assert_refused(r, &c, VQ_BAD_PLACE);
	c = good;
	c.driver = UINT64_MAX - 3;
	assert_refused(r, &c, VQ_BAD_PLACE);
	c = good;
	c.device = 0;
	assert_refused(r, &c, VQ_BAD_PLACE);
	c = good;
	c.next = (uint16_t)c.size;
	assert_refused(r, &c, r->packed ? VQ_BAD_START : VQ_STARTED);
	assert_refused(r, &good, VQ_STARTED);
}

/*
 * The three parts, each in memory of its own, which ends where it ends; bytes
 * are those of section 2.7 and 2.8 of the specification.
 */
struct parts {
	uint64_t bytes[3];
	bool writable[3];
};

static struct parts parts_of(unsigned int way, uint32_t size)
{
	if (way == VR_PACKED)
		return (struct parts){ { 16ull * size, 4, 4 },
				       { true, false, true } };
	return (struct parts){ { 16ull * size, 6 + 2ull * size,
				 6 + 8ull * size },
			       { false, false, true } };
}

static enum vq_setup start_in(unsigned int way, uint32_t size,
			      const struct parts *p)
{
	static _Alignas(16) uint8_t host[3][VQ_MAX_SIZE * 16 + 16];
	struct guest_memory m = { 0 };
	uint64_t at[3];
	struct vq vq;

	for (unsigned int i = 0; i < 3; i++) {
		struct guest_region r = { (i + 1) * 0x100000ull, p->bytes[i],
					  host[i], p->writable[i] };

		at[i] = r.start;
		assert_int_equal(guest_memory_add(&m, &r), GUEST_ADDED);
	}
	return vq_start(&vq, &m,
			&(struct vq_config){
				.size = size,
				.features = way == VR_PACKED ? VQ_F_PACKED : 0,
				.desc = at[0],
				.driver = at[1],
				.device = at[2],
			});
}

/* With a byte less of any part, or without leave to write, it is refused. */
static void hc08_parts_that_just_fit(void **state)
{
	static const uint32_t size[] = { 1, 2, 8, 512, VQ_MAX_SIZE };

	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++)
		for (unsigned int s = 0; s < 5; s++) {
			const struct parts fit = parts_of(way, size[s]);

			assert_int_equal(start_in(way, size[s], &fit),
					 VQ_STARTED);
			for (unsigned int i = 0; i < 3; i++) {
				struct parts p = fit;

				p.bytes[i]--;
				assert_int_equal(start_in(way, size[s], &p),
						 VQ_BAD_PLACE);
				p = fit;
				p.writable[i] = false;
				assert_int_equal(start_in(way, size[s], &p),
						 fit.writable[i] ? VQ_BAD_PLACE
								 : VQ_STARTED);
			}
		}
}

/* Aligned for the guest, not here: where a front-end maps it at an odd place. */
static void memory_that_is_not_aligned_here(void **state)
{
	static const unsigned int align[2][3] = { { 16, 2, 4 }, { 16, 4, 4 } };

	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++)
		for (unsigned int part = 0; part < 3; part++)
			for (unsigned int off = 0; off < 16; off++) {
				uint64_t end = VR_BASE + VR_SIZE - 64;
				struct guest_region odd = { end, 48, NULL,
							    true };
				struct vq_config c;
				struct vq_rig r;
				struct vq vq;

				vr_begin(&r, way, 2, VR_FEATURES);
				r.memory.region[0].size -= 64;
				odd.host = r.mem + VR_SIZE - 64 + off;
				assert_int_equal(guest_memory_add(&r.memory,
								  &odd),
						 GUEST_ADDED);
				c = r.config;
				*(part == 0   ? &c.desc
				  : part == 1 ? &c.driver
					      : &c.device) = end;
				assert_int_equal(vq_start(&vq, &r.memory, &c),
						 off % align[way][part]
							 ? VQ_BAD_PLACE
							 : VQ_STARTED);
				vr_end(&r);
			}
}

/* --- where to go on ------------------------------------------------------ */

/* A slot that a packed ring does not have, at either of its ends. */
static void hc04_starts_beyond_a_packed_ring(void **state)
{
	struct vq_rig r;

	(void)state;
	vr_begin(&r, VR_PACKED, 8, VR_FEATURES);
	for (unsigned int at = 0; at < 0x10000; at++) {
		struct vq_config c = r.config;
		bool bad = (at & VQ_AT_MASK) >= 8;

		c.next = (uint16_t)at;
		assert_refused(&r, &c, bad ? VQ_BAD_START : VQ_STARTED);
		c = r.config;
		c.used = (uint16_t)at;
		assert_refused(&r, &c, bad ? VQ_BAD_START : VQ_STARTED);
	}
	vr_end(&r);
}

/* What was taken before is not taken again, though the ring is still there. */
static void a_split_ring_goes_on_anywhere(void **state)
{
	(void)state;
	for (unsigned int at = 0; at < 0x10000; at += 13) {
		struct vq_rig r;

		vr_begin(&r, VR_SPLIT, 8, VR_FEATURES);
		vr_avail(&r)->idx = (uint16_t)at;
		r.next.at = r.seen.at = (uint16_t)at;
		vr_used(&r)->idx = (uint16_t)at;
		r.config.next = r.config.used = (uint16_t)at;
		assert_int_equal(vq_start(&r.vq, &r.memory, &r.config),
				 VQ_STARTED);
		assert_int_equal(vq_take(&r.vq, &r.chain), 0);
		vr_add_one(&r, true);
		vr_take(&r);
		assert_int_equal(vq_take(&r.vq, &r.chain), 0);
		vr_end(&r);
	}
}

static void setting_up_both_kinds(void **state)
{
	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		struct vq_rig r;

		vr_begin(&r, way, 8, VR_FEATURES);
		a_queue_that_cannot_be(&r);
		vr_end(&r);
	}
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(setting_up_both_kinds),
		T(hc08_parts_that_just_fit),
		T(memory_that_is_not_aligned_here),
		T(hc04_starts_beyond_a_packed_ring),
		T(a_split_ring_goes_on_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
