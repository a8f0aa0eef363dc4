/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio network card between two rings and a caller's buffers: headers and
 * frames split in any way, buffers that are merged, offloads that the guest has
 * or has not, and guests that lie.
 */
#include "tests/unit/segment_rig.h"
#include "tests/unit/vq_rig.h"

#include "base/vnet_header.h"
#include "virtio/net.h"

#define SLOTS 64u
#define DATA (VR_BASE + VR_DATA)
#define DATA_SIZE (VR_SIZE - VR_DATA)

#define OFFLOADS                                                               \
	(NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_HOST_TSO4 | NET_F_HOST_TSO6 |   \
	 NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6)

/* The guest's two rings, each in memory of its own, and the card. */
static struct vq_rig rx, tx;
static struct virtio_net net;
static struct seg seg;
static uint8_t want[SEG_MAX], got[SEG_MAX];

static void begin(unsigned int way, uint64_t features)
{
	memset(&net, 0, sizeof(net));
	vr_begin(&rx, way, SLOTS, VR_FEATURES);
	vr_begin(&tx, way, SLOTS, VR_FEATURES);
	net.rx = rx.vq;
	net.tx = tx.vq;
	net.rx_on = net.tx_on = true;
	net.longest = 1514;
	assert_true(virtio_net_agree(&net, VQ_F_VERSION_1 | features));
}

static void end(void)
{
	vr_end(&rx);
	vr_end(&tx);
}

static void fill(uint8_t *to, uint32_t n, unsigned int seed)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = (uint8_t)(i * 7 + seed);
}

/* The guest sends @len bytes at the start of its data, in these pieces. */
static void send(const uint32_t *piece, unsigned int n, unsigned int way)
{
	struct vr_piece p[8];
	uint64_t at = DATA;

	for (unsigned int i = 0; i < n; i++) {
		p[i] = (struct vr_piece){ at, piece[i], false };
		at += piece[i];
	}
	assert_int_not_equal(vr_add(&tx, p, n, way & VR_INDIRECT), -1);
}

/* A header and a frame, in one piece. */
static void send_frame(const struct vnet_header *h, const uint8_t *frame,
		       uint32_t len)
{
	const uint32_t whole = NET_HEADER + len;
	uint8_t *at = vr_at(&tx, DATA);

	memset(at, 0, NET_HEADER);
	memcpy(at, h, sizeof(*h));
	memcpy(at + NET_HEADER, frame, len);
	send(&whole, 1, 0);
}

static enum net_result take(uint32_t *len, struct offload *o)
{
	return virtio_net_take(&net, got, sizeof(got), len, o);
}

/* The guest gets one chain back, of its transmit ring. */
static void assert_sent(void)
{
	uint32_t written;
	bool r, t;

	virtio_net_publish(&net, &r, &t);
	assert_int_not_equal(vr_collect(&tx, &written), -1);
	assert_int_equal(written, 0);
}

/* The guest offers buffers of @size bytes each, from @from on. */
static void offer(unsigned int count, uint32_t size, unsigned int from,
		  unsigned int way)
{
	for (unsigned int i = 0; i < count; i++) {
		struct vr_piece p = { DATA + (from + i) * (uint64_t)size, size,
				      true };

		assert_int_not_equal(vr_add(&rx, &p, 1, way & VR_INDIRECT), -1);
	}
}

/* What the guest has received, in all buffers it got back. Return: how many. */
static unsigned int received(uint8_t *to, uint32_t *len, uint32_t size,
			     unsigned int first)
{
	unsigned int n = 0;
	uint32_t written;
	bool r, t;

	virtio_net_publish(&net, &r, &t);
	for (*len = 0; vr_collect(&rx, &written) != -1; n++) {
		memcpy(to + *len,
		       vr_at(&rx, DATA + (first + n) * (uint64_t)size),
		       written);
		*len += written;
	}
	return n;
}

static uint16_t buffers_of(const uint8_t *header)
{
	uint16_t n;

	memcpy(&n, header + 10, sizeof(n));
	return n;
}

/* --- pieces of any size ---------------------------------------------------- */

static void a_sent_frame_may_be_split_anywhere(void **state)
{
	const uint32_t frame = 60, whole = NET_HEADER + frame;

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		begin(way, 0);
		for (uint32_t i = 1; i < whole - 1; i++) {
			for (uint32_t k = i + 1; k < whole; k += 3) {
				const uint32_t p[] = { i, k - i, whole - k };
				struct offload o;
				uint32_t len;

				memset(vr_at(&tx, DATA), 0, NET_HEADER);
				fill(vr_at(&tx, DATA + NET_HEADER), frame, i);
				fill(want, frame, i);
				send(p, 3, way);
				assert_int_equal(take(&len, &o), NET_FRAME);
				assert_int_equal(len, frame);
				assert_memory_equal(got, want, frame);
				assert_false(offload_any(o));
				assert_sent();
				assert_int_equal(take(&len, &o), NET_NONE);
			}
		}
		end();
	}
}

static void a_received_frame_may_be_split_anywhere(void **state)
{
	const uint32_t frame = 60, whole = NET_HEADER + frame;
	const struct offload none = { 0 };

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		begin(way, 0);
		for (uint32_t i = 1; i < whole; i++) {
			struct vr_piece p[] = {
				{ DATA, i, true },
				{ DATA + 512, whole - i, true },
			};
			uint32_t written;
			bool r, t;

			fill(want, frame, i);
			vr_add(&rx, p, 2, way & VR_INDIRECT);
			assert_int_equal(virtio_net_put(&net, want, frame,
							none),
					 NET_FRAME);
			virtio_net_publish(&net, &r, &t);
			assert_int_not_equal(vr_collect(&rx, &written), -1);
			assert_int_equal(written, whole);
			memcpy(got, vr_at(&rx, DATA), i);
			memcpy(got + i, vr_at(&rx, DATA + 512), whole - i);
			assert_memory_equal(got + NET_HEADER, want, frame);
			assert_int_equal(buffers_of(got), 1);
		}
		end();
	}
}

/* --- merged buffers -------------------------------------------------------- */

static void a_long_frame_takes_several_buffers(void **state)
{
	const struct offload none = { 0 };

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		for (uint32_t frame = 14; frame < 1000; frame += 13) {
			unsigned int n = (NET_HEADER + frame + 63) / 64;
			uint32_t len;

			begin(way, NET_F_MRG_RXBUF);
			fill(want, frame, way);
			offer(n, 64, 0, way);
			assert_int_equal(virtio_net_put(&net, want, frame,
							none),
					 NET_FRAME);
			assert_int_equal(received(got, &len, 64, 0), n);
			assert_int_equal(len, NET_HEADER + frame);
			assert_int_equal(buffers_of(got), n);
			assert_memory_equal(got + NET_HEADER, want, frame);
			end();
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

		begin(way, NET_F_MRG_RXBUF);
		fill(want, 300, way);
		/* A frame before it, not yet published. */
		offer(1, 64, 0, way);
		assert_int_equal(virtio_net_put(&net, want, 40, none),
				 NET_FRAME);
		offer(4, 64, 1, way);
		for (int i = 0; i < 3; i++)
			assert_int_equal(virtio_net_put(&net, want, 300, none),
					 NET_NONE);
		assert_int_equal(received(got, &len, 64, 0), 1);
		assert_int_equal(len, NET_HEADER + 40);
		assert_int_equal(net.rx.out, 0);
		offer(1, 64, 5, way);
		assert_int_equal(virtio_net_put(&net, want, 300, none),
				 NET_FRAME);
		assert_int_equal(received(got, &len, 64, 1), 5);
		assert_int_equal(buffers_of(got), 5);
		assert_memory_equal(got + NET_HEADER, want, 300);
		assert_int_equal(net.count[NET_NO_BUFFER], 0);
		end();
	}
}

static void without_merging_what_does_not_fit_is_dropped(void **state)
{
	const struct offload none = { 0 };

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		uint32_t len;

		begin(way, 0);
		fill(want, 300, way);
		offer(2, 128, 0, way);
		assert_int_equal(virtio_net_put(&net, want, 300, none),
				 NET_DROPPED);
		assert_int_equal(net.count[NET_NO_BUFFER], 1);
		/* The next one has the same buffer. */
		assert_int_equal(virtio_net_put(&net, want, 116, none),
				 NET_FRAME);
		assert_int_equal(received(got, &len, 128, 0), 1);
		assert_memory_equal(got + NET_HEADER, want, 116);
		end();
	}
}

static void buffers_without_room_for_a_header(void **state)
{
	const struct offload none = { 0 };

	(void)state;
	for (uint32_t size = 1; size < NET_HEADER; size++) {
		begin(VR_SPLIT, NET_F_MRG_RXBUF);
		offer(SLOTS, size, 0, VR_SPLIT);
		assert_int_equal(virtio_net_put(&net, want, 60, none),
				 NET_DROPPED);
		assert_int_equal(net.count[NET_NO_BUFFER], 1);
		assert_int_equal(net.rx.out, 0);
		end();
	}
}

/* --- offloads -------------------------------------------------------------- */

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
		begin(VR_SPLIT, OFFLOADS);
		make_segment(ipv6, 1 + ipv6);
		h = header_of(&seg);
		send_frame(&h, seg.b, seg.len);
		assert_int_equal(take(&len, &o), NET_FRAME);
		assert_int_equal(len, seg.len);
		assert_memory_equal(got, seg.b, len);
		assert_memory_equal(&o, &seg.o, sizeof(o));
		end();
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
	begin(VR_SPLIT, OFFLOADS);
	for (unsigned int i = 0; i < 6; i++) {
		send_frame(&lie[i], seg.b, seg.len);
		assert_int_equal(take(&len, &o), NET_DROPPED);
		assert_int_equal(net.count[NET_BAD_OFFLOAD], i + 1);
		assert_sent();
	}
	end();
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
	begin(VR_SPLIT, 0);
	send_frame(&h, seg.b, 1000);
	assert_int_equal(take(&len, &o), NET_FRAME);
	assert_false(offload_any(o));
	send_frame(&h, seg.b, seg.len);
	assert_int_equal(take(&len, &o), NET_DROPPED);
	assert_int_equal(net.count[NET_BAD_LENGTH], 1);
	end();
}

static void a_segment_for_the_guest_keeps_its_header(void **state)
{
	struct vnet_header h;
	uint32_t len;

	(void)state;
	make_segment(true, 5);
	h = header_of(&seg);
	begin(VR_SPLIT, OFFLOADS | NET_F_MRG_RXBUF);
	offer(SLOTS, 256, 0, VR_SPLIT);
	assert_int_equal(virtio_net_put(&net, seg.b, seg.len, seg.o),
			 NET_FRAME);
	received(got, &len, 256, 0);
	assert_int_equal(len, NET_HEADER + seg.len);
	assert_memory_equal(got, &h, sizeof(h));
	assert_memory_equal(got + NET_HEADER, seg.b, seg.len);
	end();
}

/* The guest takes none: the frames are made here, with their checksums. */
static void a_segment_is_cut_for_a_guest_that_takes_none(void **state)
{
	uint32_t len, n;

	(void)state;
	make_segment(false, 6);
	begin(VR_SPLIT, 0);
	offer(8, 2048, 0, VR_SPLIT);
	assert_int_equal(virtio_net_put(&net, seg.b, seg.len, seg.o),
			 NET_FRAME);
	assert_int_equal(received(got, &len, 2048, 0), seg.at.frames);
	for (uint32_t i = 0; i < seg.at.frames; i++) {
		const uint8_t *at =
			vr_at(&rx, DATA + (uint64_t)i * 2048 + NET_HEADER);

		n = seg_expect(&seg, i, want);
		assert_memory_equal(at, want, n);
		assert_true(seg_sums_up(&seg, at, n));
	}
	end();
}

/* Buffers run out in between: the rest is dropped, and counted. */
static void the_rest_of_a_segment(void **state)
{
	uint32_t len;

	(void)state;
	make_segment(false, 7);
	begin(VR_SPLIT, 0);
	assert_int_equal(virtio_net_put(&net, seg.b, seg.len, seg.o), NET_NONE);
	assert_int_equal(net.count[NET_NO_BUFFER], 0);
	offer(2, 2048, 0, VR_SPLIT);
	assert_int_equal(virtio_net_put(&net, seg.b, seg.len, seg.o),
			 NET_DROPPED);
	assert_int_equal(received(got, &len, 2048, 0), 2);
	assert_int_equal(net.count[NET_NO_BUFFER], 1);
	end();
}

/* --- lengths, features, faults ---------------------------------------------- */

static void lengths_that_no_frame_has(void **state)
{
	static const uint32_t bad[] = { 1, NET_HEADER - 1, NET_HEADER,
					NET_HEADER + 13, NET_HEADER + 1515 };
	struct offload o;
	uint32_t len, most = NET_HEADER + 1514;

	(void)state;
	begin(VR_SPLIT, OFFLOADS);
	memset(vr_at(&tx, DATA), 0, DATA_SIZE);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		send(&bad[i], 1, 0);
		assert_int_equal(take(&len, &o), NET_DROPPED);
		assert_int_equal(net.count[NET_BAD_LENGTH], i + 1);
		assert_sent();
	}
	send(&most, 1, 0);
	assert_int_equal(take(&len, &o), NET_FRAME);
	/* A segment is bounded by the room there is for it. */
	((struct vnet_header *)vr_at(&tx, DATA))->type = VNET_TCP4;
	send(&most, 1, 0);
	assert_int_equal(virtio_net_take(&net, got, 1513, &len, &o),
			 NET_DROPPED);
	assert_int_equal(net.count[NET_BAD_LENGTH], 6);
	end();
}

static void features_that_need_others(void **state)
{
	(void)state;
	memset(&net, 0, sizeof(net));
	assert_false(virtio_net_agree(&net, 0));
	assert_false(virtio_net_agree(&net, VQ_F_VERSION_1 | NET_F_HOST_TSO4));
	assert_false(virtio_net_agree(&net, VQ_F_VERSION_1 | NET_F_GUEST_TSO6 |
						    NET_F_CSUM));
	assert_int_equal(net.features, 0);
	assert_true(virtio_net_agree(&net, virtio_net_offers(OFFLOAD_PORT)));
	assert_int_equal(net.takes, OFFLOAD_PORT | OFFLOAD_TAKES_ALL);
	assert_true(virtio_net_agree(&net, virtio_net_offers(0)));
	assert_int_equal(net.takes, OFFLOAD_PORT);
	/* Half of UDP is none. */
	assert_true(virtio_net_agree(&net, VQ_F_VERSION_1 | NET_F_GUEST_CSUM |
						   NET_F_GUEST_USO4));
	assert_false(net.takes & OFFLOAD_TAKES_UDP);
}

static void a_ring_that_is_off_or_broken(void **state)
{
	const struct offload none = { 0 };
	struct vr_piece outside = { VR_BASE - 64, 60, true };
	struct offload o;
	uint32_t len;

	(void)state;
	begin(VR_SPLIT, 0);
	offer(1, 2048, 0, VR_SPLIT);
	net.rx_on = net.tx_on = false;
	assert_int_equal(virtio_net_put(&net, want, 60, none), NET_NONE);
	assert_int_equal(take(&len, &o), NET_NONE);
	assert_false(virtio_net_arm(&net, true, true));
	net.rx_on = net.tx_on = true;
	assert_int_equal(virtio_net_put(&net, want, 60, none), NET_FRAME);
	vr_add(&rx, &outside, 1, false);
	assert_int_equal(virtio_net_put(&net, want, 60, none), NET_BROKEN);
	assert_int_equal(net.rx.fault, VQ_BAD_ADDRESS);
	outside.write = false;
	vr_add(&tx, &outside, 1, false);
	assert_int_equal(take(&len, &o), NET_BROKEN);
	end();
}

/* Buffers of one byte each, as many as there are: work is bounded. */
static void hc03_a_frame_takes_so_many_buffers(void **state)
{
	const struct offload none = { 0 };
	unsigned int tries = 0;

	(void)state;
	begin(VR_SPLIT, NET_F_MRG_RXBUF);
	offer(1, NET_HEADER, 0, VR_SPLIT);
	offer(SLOTS - 1, 1, NET_HEADER, VR_SPLIT);
	/* The ring has fewer slots than a frame may take; so say it has not. */
	assert_int_equal(virtio_net_put(&net, want, 64, none), NET_NONE);
	assert_int_equal(virtio_net_put(&net, want, 63, none), NET_FRAME);
	while (virtio_net_put(&net, want, 60, none) == NET_NONE && tries < 5)
		tries++;
	assert_int_equal(tries, 5);
	end();
}

/* --- suppression ------------------------------------------------------------ */

static void arms_for_what_is_wanted(void **state)
{
	const uint32_t whole = NET_HEADER + 60;
	struct offload o;
	uint32_t len;

	(void)state;
	for (unsigned int way = 0; way < 2; way++) {
		begin(way, 0);
		assert_false(virtio_net_arm(&net, true, true));
		memset(vr_at(&tx, DATA), 0, whole);
		send(&whole, 1, 0);
		assert_false(virtio_net_arm(&net, false, true));
		assert_true(virtio_net_arm(&net, true, false));
		assert_int_equal(take(&len, &o), NET_FRAME);
		offer(1, 2048, 0, way);
		assert_false(virtio_net_arm(&net, true, false));
		assert_true(virtio_net_arm(&net, true, true));
		end();
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
		cmocka_unit_test(a_segment_of_the_guest_has_offload_data),
		cmocka_unit_test(hc43_a_header_that_lies_costs_its_frame),
		cmocka_unit_test(what_was_not_agreed_is_not_read),
		cmocka_unit_test(a_segment_for_the_guest_keeps_its_header),
		cmocka_unit_test(a_segment_is_cut_for_a_guest_that_takes_none),
		cmocka_unit_test(the_rest_of_a_segment),
		cmocka_unit_test(lengths_that_no_frame_has),
		cmocka_unit_test(features_that_need_others),
		cmocka_unit_test(a_ring_that_is_off_or_broken),
		cmocka_unit_test(hc03_a_frame_takes_so_many_buffers),
		cmocka_unit_test(arms_for_what_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
