/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM's card by way of AF_PACKET: one end of a veth pair, in a network
 * of the test's own, under the real loop.
 */
#include "tests/unit/net_rig.h"
#include "tests/unit/driver_rig.h"

#include <linux/virtio_net.h>
#include <sys/mman.h>

#include "driver_vm/net_packet.h"
#include "driver_vm/rtlink.h"

#define RX_SLOTS 2048u

static struct event_loop loop;
static struct net_packet packet;
static struct rtlink link_of;
static struct driver_rig *rig;
static uint8_t frame[16384];
static int far;

/* --- the rig ------------------------------------------------------------ */

static int setup(void **state)
{
	(void)state;
	rig = NULL;
	far = -1;
	net_add_veth();
	return 0;
}

static void open_card(uint32_t max_frame)
{
	const struct net_config c = { .max_frame = max_frame };

	net_need();
	assert_int_equal(event_init(&loop), 0);
	assert_int_equal(rtlink_find(&link_of, "nic0"), 0);
	assert_int_equal(
		net_packet_open(&packet, &loop, link_of.index, "nic0", &c), 0);
	net_await_carrier("", "far0");
	rig = d_make(&packet.iface.card, false);
	d_up(rig);
	far = net_station("far0");
}

static int teardown(void **state)
{
	(void)state;
	if (rig != NULL) {
		munmap(packet.packet.rx.base,
		       packet.packet.rx.slot * packet.packet.rx.slots);
		munmap(packet.packet.tx.base,
		       packet.packet.tx.slot * packet.packet.tx.slots);
		free(packet.packet.big);
		close(packet.iface.rx.fd);
		close(packet.iface.tx.fd);
		close(link_of.fd);
		close(loop.epoll);
		close(far);
		d_free(rig);
	}
	net_del_veth();
	return 0;
	return 0;
}

/* What main() does between two sleeps, without sleeping. */
static void turn(void)
{
	d_run(rig);
	assert_true(event_wait(&loop, false) >= 0);
	d_run(rig);
}

#define until(condition)                                                       \
	do {                                                                   \
		int patience = COMP_PATIENCE;                                  \
		while (turn(), !(condition) && patience-- > 0)                 \
			poll(NULL, 0, 1);                                      \
		assert_true(patience > 0);                                     \
	} while (0)

static bool has_received(void)
{
	return queue_pending(&rig->rx_active) > 0;
}

/* Say a frame on the far end and find it on rx active. */
static void comes(size_t len, unsigned int which)
{
	d_frame(frame, len, which);
	net_say(far, frame, len);
}

static void taken(size_t len, unsigned int which)
{
	until(has_received());
	d_lend(rig, (unsigned int)(d_received(rig, len, which) / D_BUFFER), 1);
}

static size_t hear(uint8_t *got)
{
	size_t n;

	until((n = net_hear(far, got, 16384)) > 0);
	return n;
}

/* --- frames ------------------------------------------------------------- */

static void frames_both_ways(void **state)
{
	static const uint16_t lens[] = { 14, 60, 64, 1514 };
	struct net_desc d;
	uint8_t got[16384];

	(void)state;
	open_card(D_MAX_FRAME);
	d_lend(rig, 0, D_CAPACITY);
	for (unsigned int i = 0; i < 4; i++) {
		comes(lens[i], i);
		taken(lens[i], i);
		d_send(rig, i, lens[i], i + 1);
		turn();
		assert_true(d_take(&rig->tx_free, &d));
		d_is_frame(got, hear(got), lens[i], i + 1);
	}
	/* What it sends does not come back to it. */
	turn();
	assert_false(has_received());
	assert_int_equal(rig->net.count.bad_descriptors, 0);
	assert_int_equal(packet.iface.card.failed, 0);
}

/* Several times round both rings, one call to send a batch. */
static void round_the_rings(void **state)
{
	struct net_desc d;
	uint8_t got[16384];

	(void)state;
	open_card(D_MAX_FRAME);
	d_lend(rig, 0, D_CAPACITY);
	for (unsigned int i = 0; i < 5000; i += 100) {
		for (unsigned int k = i; k < i + 100; k++)
			comes(60 + k % 1400, k);
		for (unsigned int k = i; k < i + 100; k++)
			taken(60 + k % 1400, k);
	}
	for (unsigned int i = 0; i < 2000; i += 50) {
		uint64_t before;

		turn();
		before = loop.syscalls;
		for (unsigned int k = i; k < i + 50; k++)
			d_send(rig, k % D_CAPACITY, (uint16_t)(60 + k % 1400),
			       k);
		d_run(rig);
		assert_int_equal(loop.syscalls, before + 1);
		for (unsigned int k = i; k < i + 50; k++) {
			d_is_frame(got, hear(got), 60 + k % 1400, k);
			assert_true(d_take(&rig->tx_free, &d));
		}
	}
	assert_int_equal(rig->net.count.tx_frames, 2000);
	assert_int_equal(packet.iface.card.lost, 0);
	assert_int_equal(packet.iface.card.failed, 0);
}

/* The interface takes the port's length; its own is put right. */
static void jumbo_frames(void **state)
{
	(void)state;
	net_need();
	comp_shell("ip link set far0 mtu 9000");
	open_card(9018);
	assert_int_equal(packet.iface.card.mtu, 9000);
	comp_shell("ip -o link show nic0 | grep -q 'mtu 9000 '");
	rig->net.config.buffer_size = 16384;
	rig->net.config.max_frame = 9018;
	queue_put(&rig->rx_free, 16384, 0);
	queue_publish(&rig->rx_free);
	memset(frame, 7, 9014);
	net_say(far, frame, 9014);
	until(has_received());
	assert_int_equal(queue_peek(&rig->rx_active, 0).len, 9014);
	assert_memory_equal(rig->config.receive + 16384, frame, 9014);
}

/* --- what the kernel sets apart ----------------------------------------- */

/* A frame with these bytes behind the addresses, @len in all. */
static void tagged(const char *tags, size_t n, size_t len)
{
	d_frame(frame, len, 9);
	memmove(frame + 12 + n, frame + 12, len - 12 - n);
	memcpy(frame + 12, tags, n);
}

/* Also if the frame is looked at more than once before there is a buffer. */
static void vlan_tags_go_back_in(void **state)
{
	static const struct {
		const char *tags;
		size_t n, len;
	} cases[] = {
		{ "\x81\x00\x60\x07", 4, 64 },
		{ "\x88\xa8\x6f\xfe", 4, 64 },
		{ "\x88\xa8\x00\x05\x81\x00\x00\x06", 8, 80 },
		{ "\x81\x00\x00\x07", 4, D_MAX_FRAME },
	};
	struct net_desc d;

	(void)state;
	open_card(D_MAX_FRAME);
	for (unsigned int i = 0; i < 4; i++) {
		tagged(cases[i].tags, cases[i].n, cases[i].len);
		net_say(far, frame, cases[i].len);
		until(rig->net.starved);
		turn();
		d_lend(rig, i, 1);
		until(has_received());
		assert_true(d_take(&rig->rx_active, &d));
		assert_int_equal(d.len, cases[i].len);
		assert_memory_equal(rig->config.receive + d.io_or_offset, frame,
				    d.len);
	}
}

/* A neighbour leaves the checksum to a card that there is not. */
static void checksums_are_completed_once(void **state)
{
	struct {
		struct virtio_net_hdr hdr;
		uint8_t data[64];
	} out = {
		.hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			 .csum_start = 34,
			 .csum_offset = 6 },
	};
	static const uint8_t ip[] = { 0x08, 0x00, 0x45, 0x00, 0x00, 0x32 };
	uint8_t *data = out.data;
	struct net_desc d;
	uint32_t sum = 0;
	int one = 1;

	(void)state;
	open_card(D_MAX_FRAME);
	assert_int_equal(setsockopt(far, SOL_PACKET, PACKET_VNET_HDR, &one,
				    sizeof(one)),
			 0);
	d_frame(data, 64, 3);
	/* IPv4 and UDP, as far as the kernel wants to know. */
	memcpy(data + 12, ip, sizeof(ip));
	data[23] = 17;
	data[34 + 6] = 0x12;
	data[34 + 7] = 0x34;
	net_say(far, &out, sizeof(out.hdr) + 64);
	until(rig->net.starved);
	turn();
	d_lend(rig, 0, 1);
	until(has_received());
	assert_true(d_take(&rig->rx_active, &d));
	data = rig->config.receive + d.io_or_offset;
	/* Its complement is in its place: with 0x1234 for it, all adds up. */
	for (unsigned int i = 34; i < 64; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	sum += 0x1234;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum, 0xffff);
}

/* --- limits ------------------------------------------------------------- */

/* Frames wait in the ring, what does not fit is counted, nothing spins. */
static void what_the_ring_cannot_hold(void **state)
{
	unsigned int got = 0;

	(void)state;
	open_card(D_MAX_FRAME);
	for (unsigned int i = 0; i < RX_SLOTS + 100; i++)
		comes(60, i);
	turn();
	assert_true(rig->net.starved);
	assert_int_equal(event_wait(&loop, false), 0);
	while (got < RX_SLOTS) {
		d_lend(rig, got % D_CAPACITY, 1);
		turn();
		d_received(rig, 60, got++);
	}
	/* One more tells of those lost. */
	d_lend(rig, 0, 1);
	comes(60, 5);
	until(has_received());
	d_received(rig, 60, 5);
	assert_int_equal(packet.iface.card.lost, 100);
}

static void too_long_for_the_interface(void **state)
{
	uint8_t got[16384];

	(void)state;
	open_card(D_MAX_FRAME);
	d_send(rig, 0, D_MAX_FRAME, 0);
	d_send(rig, 1, 1514, 1);
	turn();
	d_is_frame(got, hear(got), 1514, 1);
	assert_int_equal(packet.iface.card.failed, 1);
	/* With a tag it is not. */
	tagged("\x81\x00\x00\x07", 4, D_MAX_FRAME);
	memcpy(d_transmit(rig) + 2 * D_BUFFER, frame, D_MAX_FRAME);
	queue_put(&rig->tx_active, 2 * D_BUFFER, D_MAX_FRAME);
	queue_publish(&rig->tx_active);
	turn();
	assert_int_equal(hear(got), D_MAX_FRAME - 4);
	assert_int_equal(packet.iface.card.failed, 1);
}

/* A card that takes no more: frames stay, and go on when there is room. */
static void a_slow_card(void **state)
{
	uint8_t got[16384];
	unsigned int heard = 0;
	int small = 1;

	(void)state;
	open_card(D_MAX_FRAME);
	/* The least the kernel allows: two frames or so at a time. */
	assert_int_equal(setsockopt(packet.iface.tx.fd, SOL_SOCKET, SO_SNDBUF,
				    &small, sizeof(small)),
			 0);
	for (unsigned int i = 0; i < 100; i++)
		d_send(rig, i, 1514, i);
	while (heard < 100) {
		d_is_frame(got, hear(got), 1514, heard);
		heard++;
	}
	assert_int_equal(queue_pending(&rig->tx_free), 100);
	assert_int_equal(packet.iface.card.failed, 0);
	assert_int_equal(packet.iface.tx.events, 0);
}

/* A card that refuses frames that were not queued: they are from then on. */
static void a_full_card(void **state)
{
	(void)state;
	open_card(D_MAX_FRAME);
	comp_shell("ip link set far0 down");
	until((rtlink_read(&link_of), !link_of.carrier));
	d_send(rig, 0, 60, 0);
	turn();
	assert_false(packet.bypass);
	assert_true(packet.iface.card.writable);
	assert_int_equal(queue_pending(&rig->tx_free), 1);
}

/* --- the interface ------------------------------------------------------ */

static void carrier_and_disappearance(void **state)
{
	struct net_desc d;
	uint8_t got[16384];

	(void)state;
	open_card(D_MAX_FRAME);
	until((rtlink_read(&link_of), link_of.carrier));
	for (unsigned int i = 0; i < 3; i++) {
		comp_shell("ip link set far0 down");
		until((rtlink_read(&link_of), !link_of.carrier));
		comp_shell("ip link set far0 up");
		until((rtlink_read(&link_of), link_of.carrier));
		net_await_carrier("", "far0");
		d_send(rig, i, 60, i);
		turn();
		assert_true(d_take(&rig->tx_free, &d));
		d_is_frame(got, hear(got), 60, i);
	}
	assert_false(link_of.gone);
	comp_shell("ip link del nic0");
	until((rtlink_read(&link_of), link_of.gone));
	/* It does not spin over what the sockets say of that. */
	turn();
	assert_int_equal(event_wait(&loop, false), 0);
}

static void what_is_done_to_the_interface(void **state)
{
	(void)state;
	net_need();
	comp_shell("ip link set nic0 mtu 1280 address 02:00:00:00:00:42");
	open_card(D_MAX_FRAME);
	assert_memory_equal(link_of.mac, "\x02\0\0\0\0\x42", 6);
	assert_int_equal(packet.iface.card.mtu, 1500);
	comp_shell(
		"ip -d -o link show nic0 | grep -q 'mtu 1500 .*promiscuity 1'");
	comp_shell("ip -o link show nic0 | grep -q '[<,]UP[,>]'");
	assert_true(packet.bypass);
	if (system("command -v ethtool >/dev/null") == 0)
		comp_shell(
			"ethtool -k nic0 | grep -q 'generic-receive-offload: "
			"off'");
}

static void an_interface_that_comes_late(void **state)
{
	char line[128] = "";
	struct rtlink link;
	int status, pipes[2];
	pid_t pid;

	(void)state;
	net_need();
	comp_shell("ip link del nic0");
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], STDERR_FILENO);
		if (rtlink_find(&link, NULL) != 0)
			_exit(1);
		_exit(strcmp(link.name, "nic0") == 0 ? 0 : 2);
	}
	/* It says that it waits, having subscribed and looked. */
	assert_true(read(pipes[0], line, sizeof(line) - 1) > 0);
	assert_non_null(strstr(line, "waiting"));
	comp_shell("ip link add nic0 type veth peer name far0");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* Of a pair either comes first. */
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
	close(pipes[0]);
	close(pipes[1]);
}

static void the_first_of_several(void **state)
{
	struct rtlink link;
	unsigned int lowest;

	(void)state;
	net_need();
	lowest = if_nametoindex("nic0");
	if (if_nametoindex("far0") < lowest)
		lowest = if_nametoindex("far0");
	assert_int_equal(rtlink_find(&link, NULL), 0);
	assert_int_equal(link.index, lowest);
	close(link.fd);
	assert_int_equal(rtlink_find(&link, "far0"), 0);
	assert_int_equal(link.index, if_nametoindex("far0"));
	close(link.fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_both_ways),
		TEST(round_the_rings),
		TEST(jumbo_frames),
		TEST(vlan_tags_go_back_in),
		TEST(checksums_are_completed_once),
		TEST(what_the_ring_cannot_hold),
		TEST(too_long_for_the_interface),
		TEST(a_slow_card),
		TEST(a_full_card),
		TEST(carrier_and_disappearance),
		TEST(what_is_done_to_the_interface),
		TEST(an_interface_that_comes_late),
		TEST(the_first_of_several),
	};

	return cmocka_run_group_tests(tests, net_setup_veth, NULL);
}
