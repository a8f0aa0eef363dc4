/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio disk whose process has died: requests that were under way are taken
 * again by the next one.
 */
#include "tests/unit/virtio_blk_rig.h"

#define IN VB_HEADER

static void taken_again_in_any_order(void **state)
{
	static struct vblk_request r[3];
	uint32_t written;

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way += VR_INDIRECT) {
		vb_begin(way, 8, false, 0);
		for (unsigned int i = 0; i < 3; i++) {
			vb_header(VB_FLUSH, 0);
			vb_ask(IN, 1, way);
			vb_take();
			r[i].chain.id = vb_request.chain.id;
		}
		/* The device dies here. */
		vb_ring.config.next = 3;
		assert_int_equal(vq_start(&vb_ring.vq, &vb_ring.memory,
					  &vb_ring.config),
				 VQ_STARTED);
		for (unsigned int i = 3; i-- > 0;) {
			uint16_t head = r[i].chain.id;

			assert_int_equal(virtio_blk_retake(&vb, &vb_ring.vq,
							   head, &r[i]),
					 1);
			assert_int_equal(r[i].what, VBLK_FLUSH);
			assert_int_equal(r[i].chain.id, head);
		}
		assert_int_equal(virtio_blk_take(&vb, &vb_ring.vq, &vb_request),
				 0);
		for (unsigned int i = 0; i < 3; i++) {
			virtio_blk_give(&vb, &vb_ring.vq, &r[i], VBLK_OK);
			vq_publish(&vb_ring.vq);
			assert_int_equal(vr_collect(&vb_ring, &written),
					 r[i].chain.id);
		}
		vb_end();
	}
}

/* Whoever says what was taken may lie. */
static void hc07_taken_again_what_never_was(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		vb_begin(way, 8, false, 0);
		assert_int_equal(virtio_blk_retake(&vb, &vb_ring.vq, 8,
						   &vb_request),
				 -1);
		assert_int_equal(vb_ring.vq.fault, VQ_BAD_HEAD);
		vb_end();
	}
	/* More often than the ring has slots. */
	vb_begin(VR_SPLIT, 8, false, 0);
	vb_header(VB_FLUSH, 0);
	vb_ask(IN, 1, VR_SPLIT);
	vb_take();
	for (unsigned int i = 1; i < 8; i++)
		assert_int_equal(virtio_blk_retake(&vb, &vb_ring.vq,
						   vb_request.chain.id,
						   &vb_request),
				 1);
	assert_int_equal(virtio_blk_retake(&vb, &vb_ring.vq,
					   vb_request.chain.id, &vb_request),
			 -1);
	vb_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken_again_in_any_order),
		cmocka_unit_test(hc07_taken_again_what_never_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
