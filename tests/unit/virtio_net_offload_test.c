/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio network card's offloads: those the guest has and has not, and headers
 * that lie.
 */
#include "tests/unit/virtio_net_rig.h"

static struct seg seg;

static struct vnet_header header_of(const struct seg *s)
{
	struct vnet_header h;

	vnet_header_make(&h, s->o, &s->at);
	return h;
}

static void make_segment(bool ipv6, uint64_t seed)
{
	const struct shape shape = {
		.ipv6 = ipv6,
		.tcp = true,
		.words = 5,
		.payload = 5000,
		.piece = 1000,
	};

	seg_make(&seg, &shape, &seed);
}

static void a_segment_of_the_guest_has_offload_data(void **state)
{
	struct vnet_header h;
	struct offload o;
	uint32_t len;

	(void)state;
	for (unsigned int ipv6 = 0; ipv6 < 2; ipv6++) {
		vn_begin(VR_SPLIT, SLOTS, OFFLOADS);
		make_segment(ipv6, 1 + ipv6);
		h = header_of(&seg);
		vn_send_frame(&h, seg.b, seg.len);
		assert_int_equal(vn_take(&len, &o), NET_FRAME);
		assert_int_equal(len, seg.len);
		assert_memory_equal(vn_got, seg.b, len);
		assert_memory_equal(&o, &seg.o, sizeof(o));
		vn_end();
	}
}

/* Each lie: a frame less, and the ring goes on. */
static void hc43_a_header_that_lies_costs_its_frame(void **state)
{
	struct vnet_header lie[6];
	struct offload o;
	uint32_t len;

	(void)state;
	make_segment(false, 3);
	for (unsigned int i = 0; i < 6; i++)
		lie[i] = header_of(&seg);
	lie[0].start++;
	lie[1].field += 2;
	lie[2].type = VNET_TCP6;
	lie[3].type = 77;
	lie[4].segment = 0;
	lie[5].flags = 0;
	vn_begin(VR_SPLIT, SLOTS, OFFLOADS);
	for (unsigned int i = 0; i < 6; i++) {
		vn_send_frame(&lie[i], seg.b, seg.len);
		assert_int_equal(vn_take(&len, &o), NET_DROPPED);
		assert_int_equal(vn.count[NET_BAD_OFFLOAD], i + 1);
		vn_assert_sent();
	}
	vn_end();
}

/* Without CSUM the header means nothing, and a segment is only too long. */
static void what_was_not_agreed_is_not_read(void **state)
{
	struct vnet_header h;
	struct offload o;
	uint32_t len;

	(void)state;
	make_segment(false, 4);
	h = header_of(&seg);
	vn_begin(VR_SPLIT, SLOTS, 0);
	vn_send_frame(&h, seg.b, 1000);
	assert_int_equal(vn_take(&len, &o), NET_FRAME);
	assert_false(offload_any(o));
	vn_send_frame(&h, seg.b, seg.len);
	assert_int_equal(vn_take(&len, &o), NET_DROPPED);
	assert_int_equal(vn.count[NET_BAD_LENGTH], 1);
	vn_end();
}

static void a_segment_for_the_guest_keeps_its_header(void **state)
{
	struct vnet_header h;
	uint32_t len;

	(void)state;
	make_segment(true, 5);
	h = header_of(&seg);
	vn_begin(VR_SPLIT, SLOTS, OFFLOADS | NET_F_MRG_RXBUF);
	vn_offer(SLOTS, 256, 0, VR_SPLIT);
	assert_int_equal(vn_put(seg.b, seg.len, seg.o), NET_FRAME);
	vn_received(vn_got, &len, 256, 0);
	assert_int_equal(len, NET_HEADER + seg.len);
	assert_memory_equal(vn_got, &h, sizeof(h));
	assert_memory_equal(vn_got + NET_HEADER, seg.b, seg.len);
	vn_end();
}

/* The guest takes none: the frames are made here, with their checksums. */
static void a_segment_is_cut_for_a_guest_that_takes_none(void **state)
{
	uint32_t len, n;

	(void)state;
	make_segment(false, 6);
	vn_begin(VR_SPLIT, SLOTS, 0);
	vn_offer(8, 2048, 0, VR_SPLIT);
	assert_int_equal(vn_put(seg.b, seg.len, seg.o), NET_FRAME);
	assert_int_equal(vn_received(vn_got, &len, 2048, 0), seg.at.frames);
	for (uint32_t i = 0; i < seg.at.frames; i++) {
		const uint8_t *at =
			vr_at(&vn_rx, DATA + (uint64_t)i * 2048 + NET_HEADER);

		n = seg_expect(&seg, i, vn_want);
		assert_memory_equal(at, vn_want, n);
		assert_true(seg_sums_up(&seg, at, n));
	}
	vn_end();
}

/* Buffers run out in between: the rest is dropped, and counted. */
static void the_rest_of_a_segment(void **state)
{
	uint32_t len;

	(void)state;
	make_segment(false, 7);
	vn_begin(VR_SPLIT, SLOTS, 0);
	assert_int_equal(vn_put(seg.b, seg.len, seg.o), NET_NONE);
	assert_int_equal(vn.count[NET_NO_BUFFER], 0);
	vn_offer(2, 2048, 0, VR_SPLIT);
	assert_int_equal(vn_put(seg.b, seg.len, seg.o), NET_DROPPED);
	assert_int_equal(vn_received(vn_got, &len, 2048, 0), 2);
	assert_int_equal(vn.count[NET_NO_BUFFER], 1);
	vn_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_of_the_guest_has_offload_data),
		cmocka_unit_test(hc43_a_header_that_lies_costs_its_frame),
		cmocka_unit_test(what_was_not_agreed_is_not_read),
		cmocka_unit_test(a_segment_for_the_guest_keeps_its_header),
		cmocka_unit_test(a_segment_is_cut_for_a_guest_that_takes_none),
		cmocka_unit_test(the_rest_of_a_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
