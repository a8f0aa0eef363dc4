/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio network card at its limits, with guests that go beyond them; both
 * kinds of rings.  virtio_net_test.c has what it does.
 */
#include "tests/unit/virtio_net_rig.h"

static struct seg seg;
static uint8_t frame[SEG_MAX];
static const struct offload none;

static void add(struct vq_rig *r, uint32_t len, bool write)
{
	const struct vr_piece p = { DATA, len, write };

	assert_int_not_equal(vr_add(r, &p, 1, false), -1);
}

static unsigned int collect(struct vq_rig *r)
{
	unsigned int n = 0;
	uint32_t written;
	bool told[2];

	virtio_net_publish(&vn, &told[0], &told[1]);
	while (vr_collect(r, &written) != -1)
		n++;
	return n;
}

/* A frame may take NET_MERGE buffers, and not one more. */
static void hc13_a_frame_in_the_most_buffers(void **state)
{
	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++)
		for (uint32_t more = 0; more < 3; more++) {
			vn_begin(way, 256, NET_F_MRG_RXBUF);
			add(&vn_rx, NET_HEADER, true);
			for (unsigned int i = 1; i < 256; i++)
				add(&vn_rx, 1, true);
			assert_int_equal(vn_put(frame, NET_MERGE - 1 + more,
						none),
					 more ? NET_DROPPED : NET_FRAME);
			assert_int_equal(vn.count[NET_NO_BUFFER], more > 0);
			assert_int_equal(vn.rx.out, 0);
			/* What was dropped has left its buffers. */
			assert_int_equal(collect(&vn_rx), more ? 0 : NET_MERGE);
			vn_end();
		}
}

/* Every length of a frame in every size of room, and one byte beyond. */
static void hc08_frames_fit_the_room(void **state)
{
	static uint8_t room[128];
	struct offload o;
	uint32_t len;

	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		vn_begin(way, 16, 0);
		for (uint32_t size = 0; size < sizeof(room); size++)
			for (uint32_t n = FRAME_MIN; n < sizeof(room); n++) {
				room[size] = 0x5a;
				add(&vn_tx, NET_HEADER + n, false);
				assert_int_equal(
					vn_take_to(room, size, &len, &o),
					n <= size ? NET_FRAME : NET_DROPPED);
				assert_int_equal(room[size], 0x5a);
				assert_int_equal(collect(&vn_tx), 1);
			}
		vn_end();
	}
}

static void make(uint32_t payload, uint32_t piece)
{
	const struct shape shape = {
		.tcp = true, .words = 5, .payload = payload, .piece = piece
	};
	uint64_t seed = 1;

	seg_make(&seg, &shape, &seed);
}

/* A frame that has to be completed here, and is too long for that. */
static void a_frame_too_long_to_be_made_here(void **state)
{
	(void)state;
	vn_begin(VR_SPLIT, 16, NET_F_MRG_RXBUF);
	for (unsigned int i = 0; i < 8; i++)
		add(&vn_rx, 4000, true);
	make(NET_PIECE, 0);
	assert_int_equal(vn_put(seg.b, seg.len, seg.o), NET_DROPPED);
	assert_int_equal(vn.count[NET_NO_BUFFER], 1);
	make(NET_PIECE - 100, 0);
	assert_int_equal(vn_put(seg.b, seg.len, seg.o), NET_FRAME);
	vn_end();
}

/* The second frame of a segment meets a buffer that is not the guest's. */
static void a_ring_that_breaks_in_a_segment(void **state)
{
	const struct vr_piece outside = { VR_BASE - 4096, 2048, true };

	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		vn_begin(way, 16, 0);
		make(3000, 1000);
		add(&vn_rx, 2048, true);
		vr_add(&vn_rx, &outside, 1, false);
		add(&vn_rx, 2048, true);
		assert_int_equal(vn_put(seg.b, seg.len, seg.o), NET_BROKEN);
		assert_int_equal(vn.rx.fault, VQ_BAD_ADDRESS);
		/* There is nothing to sleep or wake for any more. */
		assert_false(virtio_net_arm(&vn, false, true));
		assert_int_equal(collect(&vn_rx), 1);
		vn_end();
	}
}

/* Pieces of the wrong kind: a frame less, and the ring goes on. */
static void hc12_pieces_of_the_wrong_kind(void **state)
{
	const struct vr_piece half[2] = { { DATA, NET_HEADER, false },
					  { DATA + 100, 60, true } };

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		struct offload o;
		uint32_t len;

		vn_begin(way, 16, NET_F_MRG_RXBUF);
		/* A frame that is to be written, in part or as a whole. */
		vr_add(&vn_tx, half, 2, way & VR_INDIRECT);
		vr_add(&vn_tx, half + 1, 1, way & VR_INDIRECT);
		for (unsigned int i = 1; i <= 2; i++) {
			assert_int_equal(vn_take_to(frame, 1514, &len, &o),
					 NET_DROPPED);
			assert_int_equal(vn.count[NET_BAD_LENGTH], i);
		}
		assert_int_equal(collect(&vn_tx), 2);
		/* A buffer that is to be read. */
		vr_add(&vn_rx, half, 1, way & VR_INDIRECT);
		assert_int_equal(vn_put(frame, 60, none), NET_DROPPED);
		assert_int_equal(vn.count[NET_NO_BUFFER], 1);
		vn_end();
	}
}

/* What a header says beyond what was agreed, or has no meaning. */
static void hc43_bits_without_a_meaning(void **state)
{
	const struct vr_piece p = { DATA, NET_HEADER + 60, false };
	struct offload o;
	uint32_t len;

	(void)state;
	vn_begin(VR_SPLIT, 16, NET_F_CSUM);
	memset(vn_tx.mem + VR_DATA, 0xff, NET_HEADER + 60);
	/* All flags but one, no segment; a number of buffers. */
	vn_tx.mem[VR_DATA] = 0xfe;
	vn_tx.mem[VR_DATA + 1] = 0;
	vr_add(&vn_tx, &p, 1, false);
	assert_int_equal(vn_take_to(frame, 1514, &len, &o), NET_FRAME);
	assert_int_equal(len, 60);
	assert_false(offload_any(o));
	vn_end();
}

/* A checksum anywhere: it is made inside the frame, or the frame is dropped. */
static void hc43_a_checksum_anywhere(void **state)
{
	static uint8_t room[60 + 1];
	const struct vr_piece p = { DATA, NET_HEADER + 60, false };

	(void)state;
	vn_begin(VR_SPLIT, 16, NET_F_CSUM);
	for (unsigned int start = 0; start < 70; start++)
		for (unsigned int field = 0; field < 70; field++) {
			const uint16_t words[3] = { 0, (uint16_t)start,
						    (uint16_t)field };
			bool inside = start + field + 2 <= 60 && field != 8;
			struct offload o;
			uint32_t len;

			memset(vn_tx.mem + VR_DATA, 0, NET_HEADER + 60);
			vn_tx.mem[VR_DATA] = 1;
			memcpy(vn_tx.mem + VR_DATA + 4, words, sizeof(words));
			room[60] = 0x5a;
			vr_add(&vn_tx, &p, 1, false);
			assert_int_equal(vn_take_to(room, 60, &len, &o),
					 inside ? NET_FRAME : NET_DROPPED);
			assert_int_equal(room[60], 0x5a);
			assert_int_equal(collect(&vn_tx), 1);
		}
	vn_end();
}

/* Frames of a ring that is off stay where they are. */
static void a_ring_that_is_off_is_not_read(void **state)
{
	struct offload o;
	uint32_t len;

	(void)state;
	vn_begin(VR_SPLIT, 16, 0);
	add(&vn_tx, NET_HEADER + 60, false);
	vn.tx_on = false;
	assert_int_equal(vn_take_to(frame, 1514, &len, &o), NET_NONE);
	assert_int_equal(collect(&vn_tx), 0);
	vn.tx_on = true;
	assert_int_equal(vn_take_to(frame, 1514, &len, &o), NET_FRAME);
	vn_end();
}

/* Does the driver of a packed ring ring its bell? */
static bool rings(struct vq_rig *r)
{
	return vr_event(r, VR_DEVICE)->flags != VQ_EVENT_NEVER;
}

static void only_what_is_wanted_is_armed(void **state)
{
	(void)state;
	for (unsigned int wanted = 0; wanted < 4; wanted++) {
		vn_begin(VR_PACKED, 16, 0);
		assert_false(virtio_net_arm(&vn, wanted & 1, wanted & 2));
		assert_int_equal(rings(&vn_tx), wanted & 1);
		assert_int_equal(rings(&vn_rx), wanted >> 1);
		vn_end();
	}
	/* Neither, if there is something to do. */
	for (unsigned int which = 0; which < 2; which++) {
		vn_begin(VR_PACKED, 16, 0);
		add(which ? &vn_tx : &vn_rx, 100, !which);
		assert_true(virtio_net_arm(&vn, true, true));
		assert_false(rings(which ? &vn_tx : &vn_rx));
		if (!which)
			assert_false(rings(&vn_tx));
		vn_end();
	}
}

/* Each feature and what follows from it; a segment needs its checksum. */
static void what_a_guest_takes(void **state)
{
	static const struct {
		uint64_t features;
		uint32_t takes;
	} of[] = {
		{ 0, 0 },
		{ NET_F_GUEST_CSUM, OFFLOAD_TAKES_CHECKSUM },
		{ NET_F_GUEST_CSUM | NET_F_GUEST_TSO4,
		  OFFLOAD_TAKES_CHECKSUM | OFFLOAD_TAKES_TCP4 },
		{ NET_F_GUEST_CSUM | NET_F_GUEST_TSO6,
		  OFFLOAD_TAKES_CHECKSUM | OFFLOAD_TAKES_TCP6 },
		{ NET_F_GUEST_CSUM | NET_F_GUEST_ECN,
		  OFFLOAD_TAKES_CHECKSUM | OFFLOAD_TAKES_ECN },
		{ NET_F_GUEST_CSUM | NET_F_GUEST_USO4, OFFLOAD_TAKES_CHECKSUM },
		{ NET_F_GUEST_CSUM | NET_F_GUEST_USO6, OFFLOAD_TAKES_CHECKSUM },
		{ NET_F_GUEST_CSUM | NET_F_GUEST_USO4 | NET_F_GUEST_USO6,
		  OFFLOAD_TAKES_CHECKSUM | OFFLOAD_TAKES_UDP },
		{ NET_F_CSUM | NET_F_HOST_TSO4 | NET_F_HOST_USO, 0 },
	};
	static const uint64_t host[] = { NET_F_HOST_TSO4, NET_F_HOST_TSO6,
					 NET_F_HOST_ECN, NET_F_HOST_USO };
	static const uint64_t guest[] = { NET_F_GUEST_TSO4, NET_F_GUEST_TSO6,
					  NET_F_GUEST_ECN, NET_F_GUEST_USO4,
					  NET_F_GUEST_USO6 };

	(void)state;
	for (unsigned int i = 0; i < sizeof(of) / sizeof(*of); i++) {
		assert_true(
			virtio_net_agree(&vn, VQ_F_VERSION_1 | of[i].features));
		assert_int_equal(vn.takes, OFFLOAD_PORT | of[i].takes);
	}
	for (unsigned int i = 0; i < 4; i++)
		assert_false(virtio_net_agree(
			&vn, VQ_F_VERSION_1 | NET_F_GUEST_CSUM | host[i]));
	for (unsigned int i = 0; i < 5; i++)
		assert_false(virtio_net_agree(&vn, VQ_F_VERSION_1 | NET_F_CSUM |
							   guest[i]));
}

/*
 * Chains come back in the order in which they were made available, also such as
 * were put back in between.
 */
static void buffers_come_back_in_order(void **state)
{
	const struct vr_piece p = { DATA, 20, true };

	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		vn_begin(way, 16, VQ_F_IN_ORDER | NET_F_MRG_RXBUF);
		for (unsigned int round = 0; round < 1000; round++) {
			uint32_t written;
			bool told[2];
			int id[6];

			/* 12 and 100 bytes in buffers of 20: six. */
			for (unsigned int i = 0; i < 6; i++) {
				if (i > round % 6)
					assert_int_equal(vn_put(frame, 100,
								none),
							 NET_NONE);
				id[i] = vr_add(&vn_rx, &p, 1, false);
			}
			assert_int_equal(vn_put(frame, 100, none), NET_FRAME);
			virtio_net_publish(&vn, &told[0], &told[1]);
			for (unsigned int i = 0; i < 6; i++)
				assert_int_equal(vr_collect(&vn_rx, &written),
						 id[i]);
		}
		vn_end();
	}
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(hc13_a_frame_in_the_most_buffers),
		T(hc08_frames_fit_the_room),
		T(a_frame_too_long_to_be_made_here),
		T(a_ring_that_breaks_in_a_segment),
		T(hc12_pieces_of_the_wrong_kind),
		T(hc43_bits_without_a_meaning),
		T(hc43_a_checksum_anywhere),
		T(a_ring_that_is_off_is_not_read),
		T(only_what_is_wanted_is_armed),
		T(what_a_guest_takes),
		T(buffers_come_back_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
