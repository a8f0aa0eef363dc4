/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cutting segments as Linux does, byte for byte.
 *
 * A packet socket gives the kernel a segment with virtio's header, to be sent
 * by a TAP interface that has no offloads.  So the kernel cuts it and completes
 * its checksums in software, and what it makes of it is read from the device.
 */
#include "tests/unit/net_rig.h"
#include "tests/unit/segment_rig.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#define SEGMENTS 100000u

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

static struct seg seg;

/* A frame of the largest size, and one byte more. */
static uint8_t got[SEG_MAX + 1];
static uint8_t want[SEG_MAX];

static int open_tap(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	assert_true(fd >= 0);
	strcpy(ifr.ifr_name, "cut0");
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	comp_shell("ip link set cut0 mtu 65521 up");
	return fd;
}

static int open_sender(void)
{
	int fd = net_station("cut0"), one = 1;

	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one,
				    sizeof(one)),
			 0);
	return fd;
}

static struct virtio_net_hdr virtio_header(void)
{
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = seg.at.l4,
		.csum_offset = (uint16_t)(seg.at.field - seg.at.l4),
	};

	if (!(seg.o.flags & OFFLOAD_TYPE))
		return h;
	h.hdr_len = seg.at.payload;
	h.gso_size = seg.o.segment;
	if (!seg.at.tcp)
		h.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
	else
		h.gso_type = seg.at.ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6
					 : VIRTIO_NET_HDR_GSO_TCPV4;
	if (seg.o.flags & OFFLOAD_ECN)
		h.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	return h;
}

static bool give_to_linux(int fd)
{
	struct virtio_net_hdr h = virtio_header();
	struct iovec iov[2] = { { &h, sizeof(h) }, { seg.b, seg.len } };

	return writev(fd, iov, 2) == (ssize_t)(sizeof(h) + seg.len);
}

/* The next frame of ours; there is no other sender, but the kernel. */
static uint32_t read_frame(int tap)
{
	for (int i = 0; i < COMP_PATIENCE; i++) {
		ssize_t n = read(tap, got, sizeof(got));

		if (n > 12 && memcmp(got, seg.b, 12) == 0)
			return (uint32_t)n;
		if (n < 0)
			poll(NULL, 0, 1);
	}
	return 0;
}

static void check(int tap, unsigned int number)
{
	struct segment cut;

	seg_begin(&cut, &seg);
	for (uint32_t i = 0; i < cut.frames; i++) {
		uint32_t len = segment_length(&cut, i);
		uint32_t n = read_frame(tap);

		segment_write(&cut, i, want);
		if (n != len || memcmp(got, want, len) != 0)
			fail_msg("segment %u, frame %u of %u: %u bytes, Linux "
				 "has %u",
				 number, i, cut.frames, len, n);
	}
	assert_true(read(tap, got, sizeof(got)) < 0);
}

static void cut_as_linux_does(void **state)
{
	unsigned int frames = 0, kinds[4] = { 0 };
	uint64_t seed = 7;
	int tap, sender;

	(void)state;
	net_need_tun();
	tap = open_tap();
	sender = open_sender();
	for (unsigned int i = 0; i < SEGMENTS; i++) {
		const struct shape shape = seg_shape(&seed);

		seg_make(&seg, &shape, &seed);
		if (!give_to_linux(sender)) {
			/* Since Linux 6.2. */
			if (errno == EINVAL && !shape.tcp && shape.piece)
				continue;
			fail_msg("segment %u: %s", i, strerror(errno));
		}
		check(tap, i);
		kinds[shape.tcp * 2 + shape.ipv6]++;
		frames += seg.at.frames;
	}
	assert_true(kinds[0] && kinds[1] && kinds[2] && kinds[3]);
	assert_true(frames > 2 * SEGMENTS);
	close(sender);
	close(tap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_as_linux_does),
	};

	return cmocka_run_group_tests(tests, net_setup, NULL);
}
