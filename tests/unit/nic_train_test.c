/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a sender can leave to the card, made by hand: a packet socket with
 * PACKET_VNET_HDR says of each frame what is still to be done to it.
 */
#include "tests/unit/nic_rig.h"

static uint8_t frame[65536];

#include <linux/virtio_net.h>
#include <sys/uio.h>

/* 14 Ethernet, 20 IPv4, 20 TCP. */
#define L4 34u
#define HEADERS 54u

static uint8_t train[70000];

static int train_station(const char *ifname)
{
	int one = 1;
	int fd = net_station(ifname);

	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one,
				    sizeof(one)),
			 0);
	return fd;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t sum(uint32_t s, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		s += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		s = (s & 0xffff) + (s >> 16);
	}
	return s;
}

static uint32_t pseudo(const uint8_t *ip, size_t len)
{
	uint8_t rest[4] = { 0, 6, (uint8_t)(len >> 8), (uint8_t)len };

	return sum(sum(0, ip + 12, 8), rest, 4);
}

/* A TCP packet of @payload bytes, its checksum left to the card. */
static size_t make(uint8_t *f, size_t payload)
{
	size_t len = HEADERS + payload;
	static const uint8_t addresses[] = { 10, 7, 0, 1, 10, 7, 0, 2 };
	uint8_t *ip = f + 14;

	comp_frame(f, len, 1);
	put16(f + 12, 0x0800);
	memset(ip, 0, 40);
	ip[0] = 0x45;
	put16(ip + 2, (uint32_t)(len - 14));
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, addresses, sizeof(addresses));
	put16(ip + 10, 0xffff & ~sum(0, ip, 20));
	f[L4 + 12] = 0x50;
	f[L4 + 13] = 0x10;
	put16(f + L4 + 16, pseudo(ip, len - L4));
	return len;
}

static struct virtio_net_hdr partial(void)
{
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = L4,
		.csum_offset = 16,
	};
}

static struct virtio_net_hdr tso(void)
{
	struct virtio_net_hdr h = partial();

	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	h.gso_size = 1400;
	h.hdr_len = HEADERS;
	return h;
}

static bool leave(int station, const struct virtio_net_hdr *h, size_t len)
{
	struct iovec iov[2] = { { (void *)(uintptr_t)h, sizeof(*h) },
				{ train, len } };

	return writev(station, iov, 2) == (ssize_t)(sizeof(*h) + len);
}

/* The switch gets the next one, and it is a correct TCP packet. */
static size_t correct_packet(struct comp *rig, size_t tag)
{
	const uint8_t *ip = frame + 14 + tag;
	size_t n;

	comp_until(rig, (n = comp_take(rig, frame, sizeof(frame))) > 0);
	assert_int_equal(sum(0, ip, 20), 0xffff);
	assert_int_equal(ip[2] << 8 | ip[3], n - 14 - tag);
	assert_int_equal(sum(pseudo(ip, n - L4 - tag), ip + 20, n - L4 - tag),
			 0xffff);
	return n;
}

static void insert_tag(size_t len)
{
	static const uint8_t tag[] = { 0x81, 0x00, 0x60, 0x07 };

	memmove(train + 16, train + 12, len - 12);
	memcpy(train + 12, tag, sizeof(tag));
}

static void checksum_left_to_the_card(void **state)
{
	struct comp *rig = nic_start();
	int far = train_station("far0");
	struct virtio_net_hdr h = partial();

	(void)state;
	for (size_t payload = 0; payload < 1460; payload += 73) {
		assert_true(leave(far, &h, make(train, payload)));
		assert_int_equal(correct_packet(rig, 0), HEADERS + payload);
	}
	close(far);
}

/* Where the checksum is counts from a frame without the tag. */
static void checksum_behind_a_tag(void **state)
{
	struct comp *rig = nic_start();
	int far = train_station("far0");
	struct virtio_net_hdr h = partial();
	size_t len = make(train, 500);

	(void)state;
	insert_tag(len);
	h.csum_start += 4;
	assert_true(leave(far, &h, len + 4));
	assert_int_equal(correct_packet(rig, 4), len + 4);
	assert_memory_equal(frame + 12, "\x81\x00\x60\x07", 4);
	close(far);
}

/* Short ones fit into a slot of the ring, long ones do not. */
static void trains(void **state)
{
	static const size_t payloads[] = { 1401, 1500, 2800, 9000, 64000 };
	struct comp *rig = nic_start();
	int far = train_station("far0");
	struct virtio_net_hdr h = tso();

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		size_t left = payloads[i];

		assert_true(leave(far, &h, make(train, payloads[i])));
		while (left > 0) {
			size_t n = correct_packet(rig, 0) - HEADERS;

			assert_int_equal(n, left < 1400 ? left : 1400);
			assert_memory_equal(
				frame + HEADERS,
				train + HEADERS + payloads[i] - left, n);
			left -= n;
		}
	}
	assert_string_equal(rig->log, "");
	close(far);
}

/* A train of four frames behind a tag; its length without the tag. */
static size_t leave_tagged(int far, struct virtio_net_hdr *h)
{
	size_t len = make(train, 5600);

	insert_tag(len);
	h->csum_start += 4;
	h->hdr_len += 4;
	if (!leave(far, h, len + 4)) {
		close(far);
		print_message("this kernel sends no tagged trains\n");
		skip();
	}
	return len;
}

static void train_behind_a_tag(void **state)
{
	struct comp *rig = nic_start();
	int far = train_station("far0");
	struct virtio_net_hdr h = tso();

	(void)state;
	leave_tagged(far, &h);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(correct_packet(rig, 4), HEADERS + 4 + 1400);
		assert_memory_equal(frame + 12, "\x81\x00\x60\x07", 4);
	}
	close(far);
}

/* The switch has few buffers: a train is cut as they come back. */
static void hc28_train_waits_for_buffers(void **state)
{
	struct comp *rig = nic_start();
	int far = train_station("far0");
	struct virtio_net_hdr h = tso();

	(void)state;
	rig->hoard = true;
	for (unsigned int i = 0; i < 4; i++)
		assert_true(leave(far, &h, make(train, 64400)));
	comp_turn(rig);
	assert_int_equal(queue_pending(&rig->tx_active), COMP_CAPACITY);
	for (unsigned int i = 0; i < COMP_CAPACITY; i++)
		correct_packet(rig, 0);
	rig->hoard = false;
	for (unsigned int i = 0; i < COMP_CAPACITY; i++) {
		queue_put(&rig->tx_free, i * rig->wire.buffer_size, 0);
		comp_publish(rig, &rig->tx_free);
	}
	for (unsigned int i = COMP_CAPACITY; i < 4 * 46; i++)
		correct_packet(rig, 0);
	close(far);
}

static void segments_too_long_for_the_port(void **state)
{
	struct virtio_net_hdr h = tso();
	struct comp *rig;
	int far;

	(void)state;
	net_need();
	comp_shell("ip link set nic0 mtu 9000; ip link set far0 mtu 9000");
	rig = nic_start();
	far = train_station("far0");
	h.gso_size = 3000;
	assert_true(leave(far, &h, make(train, 9000)));
	h.gso_size = 1000;
	assert_true(leave(far, &h, make(train, 2000)));
	correct_packet(rig, 0);
	assert_true(comp_logged(rig,
				"a frame of 3054 bytes, this port takes 1518"));
	close(far);
}

/* A checksum that is none: SCTP's place.  Refused with advice, and the next
 * frame is fine. */
static void what_cannot_be_done(void **state)
{
	struct comp *rig = nic_start();
	int far = train_station("far0");
	struct virtio_net_hdr h = partial();

	(void)state;
	h.csum_offset = 8;
	assert_true(leave(far, &h, make(train, 100)));
	h = partial();
	assert_true(leave(far, &h, make(train, 100)));
	correct_packet(rig, 0);
	assert_true(comp_logged(rig, "`ethtool -K SENDER tx off gso off`"));
	comp_turn(rig);
	assert_int_equal(comp_take(rig, frame, sizeof(frame)), 0);
	close(far);
}

/* --- segments that cross whole -------------------------------------------- */

static struct comp *whole_start(void)
{
	cfg->wire.offload = OFFLOAD_PORT | OFFLOAD_TAKES_ALL;
	cfg->wire.max_segment = SYS_MAX_SEGMENT;
	return nic_start();
}

/* The switch gets the train as it is, of so many bytes. */
static void assert_whole(struct comp *rig, size_t len, struct offload want)
{
	struct offload o;
	size_t n;

	comp_until(rig,
		   (n = comp_take_offload(rig, frame, sizeof(frame), &o)) > 0);
	assert_int_equal(n, len);
	assert_memory_equal(frame, train, len);
	assert_int_equal(o.flags, want.flags);
	assert_int_equal(o.segment, want.segment);
}

static const struct offload tcp4 = { .flags = OFFLOAD_CHECKSUM | OFFLOAD_TCP4,
				     .segment = 1400 };

/* Short ones fit into a slot of the ring; up to the longest that may be. */
static void whole_trains(void **state)
{
	static const size_t payloads[] = { 1401, 1500, 2800, 9000,
					   SYS_MAX_SEGMENT - HEADERS };
	struct comp *rig = whole_start();
	int far = train_station("far0");
	struct virtio_net_hdr h = tso();

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		size_t len = make(train, payloads[i]);

		assert_true(leave(far, &h, len));
		assert_whole(rig, len, tcp4);
	}
	assert_string_equal(rig->log, "");
	close(far);
}

/* The kernel takes the tag out; it is put back where the train is read to. */
static void whole_behind_a_tag(void **state)
{
	struct comp *rig = whole_start();
	int far = train_station("far0");
	struct virtio_net_hdr h = tso();
	size_t len = leave_tagged(far, &h);

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		assert_true(i == 0 || leave(far, &h, len + 4));
		assert_whole(rig, len + 4, tcp4);
	}
	/* Nothing was written in front of a buffer. */
	for (unsigned int i = 1; i < COMP_CAPACITY; i++)
		assert_memory_equal(rig->wire.tx_data +
					    i * rig->wire.buffer_size - 4,
				    "\0\0\0\0", 4);
	close(far);
}

/* Of a long frame; a short one's is made at once. */
static void checksum_stays_left(void **state)
{
	static const struct offload checksum = { .flags = OFFLOAD_CHECKSUM };
	struct virtio_net_hdr h = partial();
	size_t len;
	struct comp *rig;
	int far;

	(void)state;
	net_need();
	comp_shell("ip link set nic0 mtu 9000; ip link set far0 mtu 9000");
	cfg->wire.max_frame = 9018;
	rig = whole_start();
	far = train_station("far0");
	assert_true(leave(far, &h, make(train, 700)));
	assert_int_equal(correct_packet(rig, 0), HEADERS + 700);
	len = make(train, 7000);
	assert_true(leave(far, &h, len));
	assert_whole(rig, len, checksum);
	insert_tag(len);
	h.csum_start += 4;
	assert_true(leave(far, &h, len + 4));
	assert_whole(rig, len + 4, checksum);
	close(far);
}

/* Too long, or too many frames, for the switch: cut here. */
static void trains_that_cannot_go_whole(void **state)
{
	struct comp *rig = whole_start();
	int far = train_station("far0");
	struct virtio_net_hdr h = tso();

	(void)state;
	assert_true(leave(far, &h, make(train, SYS_MAX_SEGMENT - HEADERS + 1)));
	for (size_t left = SYS_MAX_SEGMENT - HEADERS + 1; left > 0;)
		left -= correct_packet(rig, 0) - HEADERS;
	h.gso_size = 100;
	assert_true(leave(far, &h, make(train, 100 * OFFLOAD_MAX_FRAMES + 1)));
	for (unsigned int i = 0; i < OFFLOAD_MAX_FRAMES; i++)
		assert_int_equal(correct_packet(rig, 0), HEADERS + 100);
	assert_int_equal(correct_packet(rig, 0), HEADERS + 1);
	assert_string_equal(rig->log, "");
	close(far);
}

/* No train, and longer than the port's MTU allows. */
static void long_frames_stay_refused(void **state)
{
	struct virtio_net_hdr h = partial();
	struct comp *rig;
	int far;

	(void)state;
	net_need();
	comp_shell("ip link set nic0 mtu 9000; ip link set far0 mtu 9000");
	rig = whole_start();
	far = train_station("far0");
	assert_true(leave(far, &h, make(train, 3000)));
	h.flags = 0;
	assert_true(leave(far, &h, make(train, 3000)));
	h = tso();
	assert_true(leave(far, &h, make(train, 3000)));
	assert_whole(rig, HEADERS + 3000, tcp4);
	assert_true(comp_logged(rig,
				"a frame of 3054 bytes, this port takes 1518"));
	assert_int_equal(comp_dropped(rig, OUTSIDE_DROP_OVERSIZE), 2);
	close(far);
}

/* What it stands for must fit the interface's MTU, not what it is. */
static void trains_for_a_smaller_mtu(void **state)
{
	struct offload o = tcp4;
	struct comp *rig = whole_start();
	int far = net_station("far0");
	size_t len = make(train, 2800);

	(void)state;
	comp_shell("ip link set nic0 mtu 1440");
	comp_turn(rig);
	assert_true(comp_send_offload(rig, train, len, o));
	comp_until(rig,
		   recv(far, frame, sizeof(frame), MSG_TRUNC) == (ssize_t)len);
	o.segment = 1401;
	assert_true(comp_send_offload(rig, train, len, o));
	comp_until(rig, comp_dropped(rig, OUTSIDE_DROP_MTU) == 1);
	close(far);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		nic_test(checksum_left_to_the_card),
		nic_test(checksum_behind_a_tag),
		nic_test(trains),
		nic_test(train_behind_a_tag),
		nic_test(hc28_train_waits_for_buffers),
		nic_test(segments_too_long_for_the_port),
		nic_test(what_cannot_be_done),
		nic_test(whole_trains),
		nic_test(whole_behind_a_tag),
		nic_test(checksum_stays_left),
		nic_test(trains_that_cannot_go_whole),
		nic_test(long_frames_stay_refused),
		nic_test(trains_for_a_smaller_mtu),
	};

	return cmocka_run_group_tests_name("nic trains", tests, net_setup_veth,
					   NULL);
}
