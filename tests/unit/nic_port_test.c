/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The nic port, on a veth pair in a network of the test's own.
 */
#include "tests/unit/nic_rig.h"

static uint8_t frame[16384];

#include "vmm/linux/ports/open.h"

/* --- frames ------------------------------------------------------------- */

static void frames_both_ways(void **state)
{
	static const size_t lens[] = { 14, 60, 1514 };
	struct comp *rig = nic_start();
	int far = net_station("far0");

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		comp_frame(frame, lens[i], i);
		net_say(far, frame, lens[i]);
		net_taken(rig, lens[i], i);
		assert_true(comp_send(rig, frame, lens[i]));
		net_hears(rig, far, lens[i], i);
	}
	assert_true(comp_rang(rig));
	/* What the port sends does not come back to it. */
	comp_turn(rig);
	assert_int_equal(net_take(rig, frame, sizeof(frame)), 0);
	assert_string_equal(rig->log, "");
	close(far);
}

/* Several times round both rings, in bursts that are no divisor of them. */
static void round_the_rings(void **state)
{
	struct comp *rig = nic_start();
	int far = net_station("far0");

	(void)state;
	for (unsigned int i = 0; i < 5100; i++) {
		comp_frame(frame, 60 + i % 1400, i);
		net_say(far, frame, 60 + i % 1400);
		if (i % 102 < 101)
			continue;
		for (unsigned int k = i - 101; k <= i; k++)
			net_taken(rig, 60 + k % 1400, k);
	}
	for (unsigned int i = 0; i < 2040; i++) {
		comp_frame(frame, 60 + i % 1400, i);
		assert_true(comp_send(rig, frame, 60 + i % 1400));
		if (i % 102 < 101)
			continue;
		for (unsigned int k = i - 101; k <= i; k++)
			net_hears(rig, far, 60 + k % 1400, k);
	}
	assert_int_equal(queue_pending(&rig->rx_free), COMP_CAPACITY);
	assert_string_equal(rig->log, "");
	close(far);
}

static void jumbo_frames(void **state)
{
	struct comp *rig;
	int far;

	(void)state;
	net_need();
	cfg->wire.max_frame = 9018;
	comp_shell("ip link set nic0 mtu 9000; ip link set far0 mtu 9000");
	rig = nic_start();
	far = net_station("far0");
	for (unsigned int i = 0; i < 20; i++) {
		comp_frame(frame, 9014, i);
		net_say(far, frame, 9014);
		net_taken(rig, 9014, i);
		assert_true(comp_send(rig, frame, 9014));
		net_hears(rig, far, 9014, i);
	}
	close(far);
}

/* A frame with these bytes behind the addresses, @len in all. */
static void tagged(const char *tags, size_t n, size_t len)
{
	comp_frame(frame, len, 9);
	memmove(frame + 12 + n, frame + 12, len - 12 - n);
	memcpy(frame + 12, tags, n);
}

/* The kernel takes the outer tag out on reception; it comes back. */
static void vlan_tags_stay(void **state)
{
	static const struct {
		const char *tags;
		size_t n, len;
	} cases[] = {
		{ "\x81\x00\x60\x07", 4, 64 },
		{ "\x81\x00\x00\x00", 4, 64 }, /* priority tag */
		{ "\x88\xa8\x6f\xfe", 4, 64 },
		{ "\x88\xa8\x00\x05\x81\x00\x00\x06", 8, 80 },
		{ "\x81\x00\x00\x07", 4, MAX_FRAME },
	};
	struct comp *rig = nic_start();
	int far = net_station("far0");
	size_t n;

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		uint8_t got[MAX_FRAME];

		tagged(cases[i].tags, cases[i].n, cases[i].len);
		net_say(far, frame, cases[i].len);
		comp_until(rig, (n = comp_take(rig, got, sizeof(got))) > 0);
		assert_int_equal(n, cases[i].len);
		assert_memory_equal(got, frame, n);
	}
	assert_string_equal(rig->log, "");
	close(far);
}

/* And on the way out, also when the tag makes the frame 1518 bytes long. */
static void tagged_frames_go_out(void **state)
{
	struct comp *rig = nic_start();
	int far = net_station("far0");
	uint8_t got[2048], control[256];
	struct iovec iov = { got, sizeof(got) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct tpacket_auxdata aux;
	ssize_t n;

	(void)state;
	tagged("\x81\x00\x60\x07", 4, MAX_FRAME);
	assert_true(comp_send(rig, frame, MAX_FRAME));
	comp_until(rig, (n = recvmsg(far, &msg, 0)) > 0);
	/* Our station is a packet socket as well: it sees the tag beside. */
	assert_int_equal(n, MAX_FRAME - 4);
	memcpy(&aux, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(aux));
	assert_true(aux.tp_status & TP_STATUS_VLAN_VALID);
	assert_int_equal(aux.tp_vlan_tci, 0x6007);
	assert_memory_equal(got + 12, frame + 16, (size_t)n - 12);
	close(far);
}

/* --- lengths ------------------------------------------------------------ */

static void frames_too_long_for_the_port(void **state)
{
	struct comp *rig;
	int far;

	(void)state;
	net_need();
	comp_shell("ip link set nic0 mtu 9000; ip link set far0 mtu 9000");
	rig = nic_start();
	far = net_station("far0");
	for (size_t len = MAX_FRAME + 1; len < 9000; len += 1000) {
		comp_frame(frame, len, 1);
		net_say(far, frame, len);
	}
	/* One that is too long with its tag only. */
	tagged("\x81\x00\x60\x07", 4, MAX_FRAME + 2);
	net_say(far, frame, MAX_FRAME + 2);
	comp_frame(frame, MAX_FRAME, 3);
	net_say(far, frame, MAX_FRAME);
	net_taken(rig, MAX_FRAME, 3);
	assert_true(comp_logged(
		rig, "a frame of 1519 bytes, this port takes 1518: match "
		     "the mtu of port and interface (1 so far)"));
	comp_turn(rig);
	assert_int_equal(comp_take(rig, frame, sizeof(frame)), 0);
	close(far);
}

static void frames_too_long_for_the_interface(void **state)
{
	struct comp *rig;
	int far;

	(void)state;
	cfg->wire.max_frame = 9018;
	rig = nic_start();
	far = net_station("far0");
	for (size_t len = 1515; len < 9018; len += 1500) {
		comp_frame(frame, len, 1);
		assert_true(comp_send(rig, frame, len));
	}
	comp_frame(frame, 1514, 3);
	assert_true(comp_send(rig, frame, 1514));
	net_hears(rig, far, 1514, 3);
	assert_true(comp_logged(
		rig,
		"a frame of 1515 bytes does not fit the mtu of nic0, 1500: "
		"match the mtu of port and interface (1 so far)"));
	comp_turn(rig);
	assert_int_equal(net_hear(far, frame, sizeof(frame)), 0);
	close(far);
}

/* --- slow sides --------------------------------------------------------- */

/* A card slower than the switch: the port waits for it, asleep. */
static void hc28_slow_interface(void **state)
{
	struct comp *rig;
	unsigned int sent = 0;
	int far;

	(void)state;
	net_need();
	if (system("tc qdisc add dev nic0 root tbf rate 20mbit burst 4k limit "
		   "4m"
		   " 2>/dev/null") != 0) {
		print_message("no tbf queueing discipline here\n");
		skip();
	}
	rig = nic_start();
	far = net_station("far0");
	/* Until the port takes no more: the switch finds no buffer. */
	for (unsigned int stuck = 0; stuck < 3; stuck++) {
		comp_frame(frame, 1500, sent);
		if (comp_send(rig, frame, 1500)) {
			sent++;
			stuck = 0;
		}
		comp_turn(rig);
	}
	assert_true(comp_watched(rig, NIC_TX) & EPOLLOUT);
	/* The other way is open; and everything arrives in the end. */
	comp_frame(frame, 77, 7);
	net_say(far, frame, 77);
	net_taken(rig, 77, 7);
	for (unsigned int i = 0; i < sent; i++)
		net_hears(rig, far, 1500, i);
	comp_turn(rig);
	assert_int_equal(queue_pending(&rig->rx_free), COMP_CAPACITY);
	assert_int_equal(comp_watched(rig, NIC_TX), 0);
	assert_string_equal(rig->log, "");
	close(far);
}

static void hc28_switch_returns_nothing(void **state)
{
	struct comp *rig = nic_start();
	int far = net_station("far0");

	(void)state;
	rig->hoard = true;
	/* More than buffers and receive ring hold together. */
	for (unsigned int i = 0; i < 4000; i++) {
		comp_frame(frame, 60, i);
		net_say(far, frame, 60);
		if (i % 10 == 0)
			comp_turn(rig);
	}
	assert_int_equal(queue_pending(&rig->tx_active), COMP_CAPACITY);
	assert_int_equal(comp_watched(rig, NIC_RX), 0);
	for (unsigned int i = 0; i < COMP_CAPACITY; i++)
		net_taken(rig, 60, i);
	rig->hoard = false;
	for (unsigned int i = 0; i < COMP_CAPACITY; i++) {
		queue_put(&rig->tx_free, i * rig->wire.buffer_size, 0);
		comp_publish(rig, &rig->tx_free);
	}
	/* What waited in the ring, then what comes anew. */
	net_taken(rig, 60, COMP_CAPACITY);
	do
		comp_turn(rig);
	while (net_take(rig, frame, sizeof(frame)) > 0);
	comp_frame(frame, 61, 5);
	net_say(far, frame, 61);
	net_taken(rig, 61, 5);
	close(far);
}

/* --- open() ------------------------------------------------------------- */

static void promiscuous_while_it_runs(void **state)
{
	struct comp *rig = nic_start();

	(void)state;
	comp_shell("ip -o link show nic0 up | grep -q nic0");
	comp_shell("ip -d link show nic0 | grep -q 'promiscuity 1'");
	nic_end(rig);
	comp_shell("ip -d link show nic0 | grep -q 'promiscuity 0'");
	comp_shell("ip link show nic0 >/dev/null");
}

static void in_a_named_namespace(void **state)
{
	struct comp *rig;
	int far;

	(void)state;
	net_need();
	comp_shell("ip netns add box && ip link set nic0 netns box");
	strcpy(cfg->nic.netns, "box");
	rig = nic_start();
	far = net_station("far0");
	comp_frame(frame, 60, 1);
	net_say(far, frame, 60);
	net_taken(rig, 60, 1);
	close(far);
	nic_end(rig);
	/* Both ends, now: a namespace takes its time to go. */
	comp_shell("ip link del far0; ip netns del box");
}

static void interfaces_that_are_no_port(void **state)
{
	unsigned int before;

	(void)state;
	net_need();
	before = comp_open_fds();
	strcpy(cfg->nic.ifname, "nope0");
	comp_refused(cfg, "no network interface \"nope0\"",
		     "there are: ", "nic0", "far0", NULL);
	strcpy(cfg->nic.ifname, "lo");
	comp_refused(cfg, "\"lo\" is the loopback interface", NULL);
	strcpy(cfg->nic.ifname, "tun9");
	if (system("ip tuntap add tun9 mode tun 2>/dev/null") == 0) {
		comp_refused(cfg, "\"tun9\" is not an Ethernet interface",
			     NULL);
		comp_shell("ip link del tun9");
	}
	strcpy(cfg->nic.netns, "nowhere");
	comp_refused(cfg, "ip netns add nowhere", NULL);
	assert_int_equal(comp_open_fds(), before);
}

static void no_privileges(void **state)
{
	(void)state;
	net_need();
	comp_shell("ip link set nic0 up");
	net_refused_as_nobody(cfg, "run weir as root");
	comp_shell("ip link set nic0 down");
	net_refused_as_nobody(cfg, "ip link set nic0 up");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		nic_test(frames_both_ways),
		nic_test(round_the_rings),
		nic_test(jumbo_frames),
		nic_test(vlan_tags_stay),
		nic_test(tagged_frames_go_out),
		nic_test(frames_too_long_for_the_port),
		nic_test(frames_too_long_for_the_interface),
		nic_test(hc28_slow_interface),
		nic_test(hc28_switch_returns_nothing),
		nic_test(promiscuous_while_it_runs),
		nic_test(in_a_named_namespace),
		nic_test(interfaces_that_are_no_port),
		nic_test(no_privileges),
	};

	return cmocka_run_group_tests_name("nic port", tests, net_setup_veth,
					   NULL);
}
