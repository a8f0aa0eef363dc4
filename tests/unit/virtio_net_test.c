/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio network card between two rings and a caller's buffers: headers and
 * frames split in any way, buffers that are merged, lengths and features.
 */
#include "tests/unit/virtio_net_rig.h"

/* --- pieces of any size ------------------------------------------------- */

static void a_sent_frame_may_be_split_anywhere(void **state)
{
	const uint32_t frame = 60, whole = NET_HEADER + frame;

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		vn_begin(way, SLOTS, 0);
		for (uint32_t i = 1; i < whole - 1; i++) {
			for (uint32_t k = i + 1; k < whole; k += 3) {
				const uint32_t p[] = { i, k - i, whole - k };
				struct offload o;
				uint32_t len;

				memset(vr_at(&vn_tx, DATA), 0, NET_HEADER);
				vn_fill(vr_at(&vn_tx, DATA + NET_HEADER), frame,
					i);
				vn_fill(vn_want, frame, i);
				vn_send(p, 3, way);
				assert_int_equal(vn_take(&len, &o), NET_FRAME);
				assert_int_equal(len, frame);
				assert_memory_equal(vn_got, vn_want, frame);
				assert_false(offload_any(o));
				vn_assert_sent();
				assert_int_equal(vn_take(&len, &o), NET_NONE);
			}
		}
		vn_end();
	}
}

static void a_received_frame_may_be_split_anywhere(void **state)
{
	const uint32_t frame = 60, whole = NET_HEADER + frame;
	const struct offload none = { 0 };

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		vn_begin(way, SLOTS, 0);
		for (uint32_t i = 1; i < whole; i++) {
			struct vr_piece p[] = {
				{ DATA, i, true },
				{ DATA + 512, whole - i, true },
			};
			uint32_t written;
			bool r, t;

			vn_fill(vn_want, frame, i);
			vr_add(&vn_rx, p, 2, way & VR_INDIRECT);
			assert_int_equal(vn_put(vn_want, frame, none),
					 NET_FRAME);
			virtio_net_publish(&vn, &r, &t);
			assert_int_not_equal(vr_collect(&vn_rx, &written), -1);
			assert_int_equal(written, whole);
			memcpy(vn_got, vr_at(&vn_rx, DATA), i);
			memcpy(vn_got + i, vr_at(&vn_rx, DATA + 512),
			       whole - i);
			assert_memory_equal(vn_got + NET_HEADER, vn_want,
					    frame);
			assert_int_equal(vn_buffers(vn_got), 1);
		}
		vn_end();
	}
}

/* --- merged buffers ----------------------------------------------------- */

static void a_long_frame_takes_several_buffers(void **state)
{
	const struct offload none = { 0 };

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		for (uint32_t frame = 14; frame < 1000; frame += 13) {
			unsigned int n = (NET_HEADER + frame + 63) / 64;
			uint32_t len;

			vn_begin(way, SLOTS, NET_F_MRG_RXBUF);
			vn_fill(vn_want, frame, way);
			vn_offer(n, 64, 0, way);
			assert_int_equal(vn_put(vn_want, frame, none),
					 NET_FRAME);
			assert_int_equal(vn_received(vn_got, &len, 64, 0), n);
			assert_int_equal(len, NET_HEADER + frame);
			assert_int_equal(vn_buffers(vn_got), n);
			assert_memory_equal(vn_got + NET_HEADER, vn_want,
					    frame);
			vn_end();
		}
	}
}

/* Too few buffers: none is given back, and they serve once there are more. */
static void all_buffers_or_none(void **state)
{
	const struct offload none = { 0 };

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		uint32_t len;

		vn_begin(way, SLOTS, NET_F_MRG_RXBUF);
		vn_fill(vn_want, 300, way);
		/* A frame before it, not yet published. */
		vn_offer(1, 64, 0, way);
		assert_int_equal(vn_put(vn_want, 40, none), NET_FRAME);
		vn_offer(4, 64, 1, way);
		for (int i = 0; i < 3; i++)
			assert_int_equal(vn_put(vn_want, 300, none), NET_NONE);
		assert_int_equal(vn_received(vn_got, &len, 64, 0), 1);
		assert_int_equal(len, NET_HEADER + 40);
		assert_int_equal(vn.rx.out, 0);
		vn_offer(1, 64, 5, way);
		assert_int_equal(vn_put(vn_want, 300, none), NET_FRAME);
		assert_int_equal(vn_received(vn_got, &len, 64, 1), 5);
		assert_int_equal(vn_buffers(vn_got), 5);
		assert_memory_equal(vn_got + NET_HEADER, vn_want, 300);
		assert_int_equal(vn.count[NET_NO_BUFFER], 0);
		vn_end();
	}
}

static void without_merging_what_does_not_fit_is_dropped(void **state)
{
	const struct offload none = { 0 };

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		uint32_t len;

		vn_begin(way, SLOTS, 0);
		vn_fill(vn_want, 300, way);
		vn_offer(2, 128, 0, way);
		assert_int_equal(vn_put(vn_want, 300, none), NET_DROPPED);
		assert_int_equal(vn.count[NET_NO_BUFFER], 1);
		/* The next one has the same buffer. */
		assert_int_equal(vn_put(vn_want, 116, none), NET_FRAME);
		assert_int_equal(vn_received(vn_got, &len, 128, 0), 1);
		assert_memory_equal(vn_got + NET_HEADER, vn_want, 116);
		vn_end();
	}
}

static void buffers_without_room_for_a_header(void **state)
{
	const struct offload none = { 0 };

	(void)state;
	for (uint32_t size = 1; size < NET_HEADER; size++) {
		vn_begin(VR_SPLIT, SLOTS, NET_F_MRG_RXBUF);
		vn_offer(SLOTS, size, 0, VR_SPLIT);
		assert_int_equal(vn_put(vn_want, 60, none), NET_DROPPED);
		assert_int_equal(vn.count[NET_NO_BUFFER], 1);
		assert_int_equal(vn.rx.out, 0);
		vn_end();
	}
}

/* --- lengths, features, faults ------------------------------------------ */

static void lengths_that_no_frame_has(void **state)
{
	static const uint32_t bad[] = { 1, NET_HEADER - 1, NET_HEADER,
					NET_HEADER + 13, NET_HEADER + 1515 };
	struct offload o;
	uint32_t len, most = NET_HEADER + 1514;

	(void)state;
	vn_begin(VR_SPLIT, SLOTS, OFFLOADS);
	memset(vr_at(&vn_tx, DATA), 0, DATA_SIZE);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		vn_send(&bad[i], 1, 0);
		assert_int_equal(vn_take(&len, &o), NET_DROPPED);
		assert_int_equal(vn.count[NET_BAD_LENGTH], i + 1);
		vn_assert_sent();
	}
	vn_send(&most, 1, 0);
	assert_int_equal(vn_take(&len, &o), NET_FRAME);
	/* A segment is bounded by the room there is for it. */
	((struct vnet_header *)vr_at(&vn_tx, DATA))->type = VNET_TCP4;
	vn_send(&most, 1, 0);
	assert_int_equal(vn_take_to(vn_got, 1513, &len, &o), NET_DROPPED);
	assert_int_equal(vn.count[NET_BAD_LENGTH], 6);
	vn_end();
}

static void features_that_need_others(void **state)
{
	(void)state;
	memset(&vn, 0, sizeof(vn));
	assert_false(virtio_net_agree(&vn, 0));
	assert_false(virtio_net_agree(&vn, VQ_F_VERSION_1 | NET_F_HOST_TSO4));
	assert_false(virtio_net_agree(&vn, VQ_F_VERSION_1 | NET_F_GUEST_TSO6 |
						   NET_F_CSUM));
	assert_int_equal(vn.features, 0);
	assert_true(virtio_net_agree(&vn, virtio_net_offers(OFFLOAD_PORT)));
	assert_int_equal(vn.takes, OFFLOAD_PORT | OFFLOAD_TAKES_ALL);
	assert_true(virtio_net_agree(&vn, virtio_net_offers(0)));
	assert_int_equal(vn.takes, OFFLOAD_PORT);
	/* Half of UDP is none. */
	assert_true(virtio_net_agree(&vn, VQ_F_VERSION_1 | NET_F_GUEST_CSUM |
						  NET_F_GUEST_USO4));
	assert_false(vn.takes & OFFLOAD_TAKES_UDP);
}

static void a_ring_that_is_off_or_broken(void **state)
{
	const struct offload none = { 0 };
	struct vr_piece outside = { VR_BASE - 64, 60, true };
	struct offload o;
	uint32_t len;

	(void)state;
	vn_begin(VR_SPLIT, SLOTS, 0);
	vn_offer(1, 2048, 0, VR_SPLIT);
	vn.rx_on = vn.tx_on = false;
	assert_int_equal(vn_put(vn_want, 60, none), NET_NONE);
	assert_int_equal(vn_take(&len, &o), NET_NONE);
	assert_false(virtio_net_arm(&vn, true, true));
	vn.rx_on = vn.tx_on = true;
	assert_int_equal(vn_put(vn_want, 60, none), NET_FRAME);
	vr_add(&vn_rx, &outside, 1, false);
	assert_int_equal(vn_put(vn_want, 60, none), NET_BROKEN);
	assert_int_equal(vn.rx.fault, VQ_BAD_ADDRESS);
	outside.write = false;
	vr_add(&vn_tx, &outside, 1, false);
	assert_int_equal(vn_take(&len, &o), NET_BROKEN);
	vn_end();
}

/* Buffers of one byte each, as many as there are: work is bounded. */
static void hc03_a_frame_takes_so_many_buffers(void **state)
{
	const struct offload none = { 0 };
	unsigned int tries = 0;

	(void)state;
	vn_begin(VR_SPLIT, SLOTS, NET_F_MRG_RXBUF);
	vn_offer(1, NET_HEADER, 0, VR_SPLIT);
	vn_offer(SLOTS - 1, 1, NET_HEADER, VR_SPLIT);
	/* The ring has fewer slots than a frame may take; so say it has not. */
	assert_int_equal(vn_put(vn_want, 64, none), NET_NONE);
	assert_int_equal(vn_put(vn_want, 63, none), NET_FRAME);
	while (vn_put(vn_want, 60, none) == NET_NONE && tries < 5)
		tries++;
	assert_int_equal(tries, 5);
	vn_end();
}

/* --- suppression -------------------------------------------------------- */

static void arms_for_what_is_wanted(void **state)
{
	const uint32_t whole = NET_HEADER + 60;
	struct offload o;
	uint32_t len;

	(void)state;
	for (unsigned int way = 0; way < 2; way++) {
		vn_begin(way, SLOTS, 0);
		assert_false(virtio_net_arm(&vn, true, true));
		memset(vr_at(&vn_tx, DATA), 0, whole);
		vn_send(&whole, 1, 0);
		assert_false(virtio_net_arm(&vn, false, true));
		assert_true(virtio_net_arm(&vn, true, false));
		assert_int_equal(vn_take(&len, &o), NET_FRAME);
		vn_offer(1, 2048, 0, way);
		assert_false(virtio_net_arm(&vn, true, false));
		assert_true(virtio_net_arm(&vn, true, true));
		vn_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sent_frame_may_be_split_anywhere),
		cmocka_unit_test(a_received_frame_may_be_split_anywhere),
		cmocka_unit_test(a_long_frame_takes_several_buffers),
		cmocka_unit_test(all_buffers_or_none),
		cmocka_unit_test(without_merging_what_does_not_fit_is_dropped),
		cmocka_unit_test(buffers_without_room_for_a_header),
		cmocka_unit_test(lengths_that_no_frame_has),
		cmocka_unit_test(features_that_need_others),
		cmocka_unit_test(a_ring_that_is_off_or_broken),
		cmocka_unit_test(hc03_a_frame_takes_so_many_buffers),
		cmocka_unit_test(arms_for_what_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
