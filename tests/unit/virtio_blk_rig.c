/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/virtio_blk_rig.h"

struct vq_rig vb_ring;
struct virtio_blk vb;
struct vblk_request vb_request;

/* Of the request that was asked last. */
static unsigned int asked_way;
static uint32_t answer_at;
static uint32_t may_write;

void vb_begin(unsigned int way, unsigned int slots, bool read_only,
	      uint64_t without)
{
	asked_way = way;
	vr_begin(&vb_ring, way, slots, VR_FEATURES);
	vb = (struct virtio_blk){
		.sectors = VB_SECTORS,
		.block = VBLK_SECTOR,
		.queues = 1,
		.read_only = read_only,
		.discards = !read_only,
		.id = "a disk of some name",
	};
	virtio_blk_agree(&vb, virtio_blk_offers(&vb) & ~without);
}

void vb_end(void)
{
	vr_end(&vb_ring);
}

uint8_t *vb_byte(uint32_t i)
{
	return vr_at(&vb_ring, VB_DATA + i);
}

void vb_header(uint32_t kind, uint64_t sector)
{
	const struct {
		uint32_t kind;
		uint32_t reserved;
		uint64_t sector;
	} h = { kind, 0x55555555, sector };

	memcpy(vb_byte(0), &h, sizeof(h));
}

void vb_ask(uint32_t in, uint32_t out, unsigned int way)
{
	struct vr_piece p[2];
	unsigned int n = 0;

	if (in > 0)
		p[n++] = (struct vr_piece){ VB_DATA, in, false };
	if (out > 0)
		p[n++] = (struct vr_piece){ VB_DATA + in, out, true };
	if (out > 0)
		*vb_byte(in + out - 1) = VB_NONE;
	answer_at = in + out - 1;
	may_write = out;
	assert_int_not_equal(vr_add(&vb_ring, p, n, way & VR_INDIRECT), -1);
}

void vb_take(void)
{
	assert_int_equal(virtio_blk_take(&vb, &vb_ring.vq, &vb_request), 1);
}

void vb_answer(enum vblk_status status)
{
	uint32_t written = 0;
	int id = vb_request.chain.id;

	virtio_blk_give(&vb, &vb_ring.vq, &vb_request, status);
	vq_publish(&vb_ring.vq);
	assert_int_equal(vr_collect(&vb_ring, &written), id);
	assert_int_equal(*vb_byte(answer_at), status);
	assert_int_equal(written, may_write);
}

void vb_refused(uint32_t in, uint32_t out, enum vblk_status status,
		enum vblk_error why)
{
	uint64_t failed[VBLK_ERRORS];

	memcpy(failed, vb.failed, sizeof(failed));
	vb_ask(in, out, asked_way);
	vb_take();
	assert_int_equal(vb_request.what, VBLK_ANSWERED);
	assert_int_equal(vb_request.answer, status);
	vb_answer(status);
	failed[why]++;
	assert_memory_equal(vb.failed, failed, sizeof(failed));
}
