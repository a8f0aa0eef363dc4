/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/virtio_net_rig.h"

struct vq_rig vn_rx, vn_tx;
struct virtio_net vn;
uint8_t vn_want[SEG_MAX], vn_got[SEG_MAX];

void vn_begin(unsigned int way, unsigned int slots, uint64_t features)
{
	memset(&vn, 0, sizeof(vn));
	vr_begin(&vn_rx, way, slots, VR_FEATURES);
	vr_begin(&vn_tx, way, slots, VR_FEATURES);
	vn.rx = vn_rx.vq;
	vn.tx = vn_tx.vq;
	vn.rx_on = vn.tx_on = true;
	vn.longest = 1514;
	assert_true(virtio_net_agree(&vn, VQ_F_VERSION_1 | features));
}

void vn_end(void)
{
	vr_end(&vn_rx);
	vr_end(&vn_tx);
}

void vn_fill(uint8_t *to, uint32_t n, unsigned int seed)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = (uint8_t)(i * 7 + seed);
}

static uint64_t dropped(void)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < NET_COUNTS; i++)
		n += vn.count[i];
	return n;
}

void vn_send(const uint32_t *piece, unsigned int n, unsigned int way)
{
	struct vr_piece p[8];
	uint64_t at = DATA;

	for (unsigned int i = 0; i < n; i++) {
		p[i] = (struct vr_piece){ at, piece[i], false };
		at += piece[i];
	}
	assert_int_not_equal(vr_add(&vn_tx, p, n, way & VR_INDIRECT), -1);
}

void vn_send_frame(const struct vnet_header *h, const uint8_t *frame,
		   uint32_t len)
{
	const uint32_t whole = NET_HEADER + len;
	uint8_t *at = vr_at(&vn_tx, DATA);

	memset(at, 0, NET_HEADER);
	memcpy(at, h, sizeof(*h));
	memcpy(at + NET_HEADER, frame, len);
	vn_send(&whole, 1, 0);
}

enum net_result vn_take_to(uint8_t *frame, uint32_t room, uint32_t *len,
			   struct offload *o)
{
	struct net_buffer p = { 0 };
	enum net_result end;

	p.data = frame;
	if (virtio_net_take(&vn, &p, 1, room, &end) == 0)
		return end == NET_FRAME ? NET_DROPPED : end;
	assert_int_equal(end, NET_FRAME);
	*len = p.len;
	*o = p.offload;
	return NET_FRAME;
}

enum net_result vn_take(uint32_t *len, struct offload *o)
{
	return vn_take_to(vn_got, sizeof(vn_got), len, o);
}

enum net_result vn_put(uint8_t *frame, uint32_t len, struct offload o)
{
	struct net_buffer p = { .len = (uint16_t)len, .offload = o };
	uint64_t before = dropped();
	enum net_result end;
	unsigned int done;

	p.data = frame;
	done = virtio_net_put(&vn, &p, 1, &end);
	assert_int_equal(done, end == NET_FRAME);
	return done && dropped() != before ? NET_DROPPED : end;
}

void vn_assert_sent(void)
{
	uint32_t written;
	bool r, t;

	virtio_net_publish(&vn, &r, &t);
	assert_int_not_equal(vr_collect(&vn_tx, &written), -1);
	assert_int_equal(written, 0);
}

void vn_offer(unsigned int count, uint32_t size, unsigned int from,
	      unsigned int way)
{
	for (unsigned int i = 0; i < count; i++) {
		struct vr_piece p = { DATA + (from + i) * (uint64_t)size, size,
				      true };

		assert_int_not_equal(vr_add(&vn_rx, &p, 1, way & VR_INDIRECT),
				     -1);
	}
}

unsigned int vn_received(uint8_t *to, uint32_t *len, uint32_t size,
			 unsigned int first)
{
	unsigned int n = 0;
	uint32_t written;
	bool r, t;

	virtio_net_publish(&vn, &r, &t);
	for (*len = 0; vr_collect(&vn_rx, &written) != -1; n++) {
		memcpy(to + *len,
		       vr_at(&vn_rx, DATA + (first + n) * (uint64_t)size),
		       written);
		*len += written;
	}
	return n;
}

uint16_t vn_buffers(const uint8_t *header)
{
	uint16_t n;

	memcpy(&n, header + 10, sizeof(n));
	return n;
}
