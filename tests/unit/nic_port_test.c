/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The nic port, on a veth pair in a network of the test's own.
 */
#include "tests/unit/nic_rig.h"

#include "vmm/linux/ports/open.h"

static uint8_t frame[16384];

/* --- frames ------------------------------------------------------------- */

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
	net_tagged(frame, "\x81\x00\x60\x07", 4, MAX_FRAME);
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
	net_tagged(frame, "\x81\x00\x60\x07", 4, MAX_FRAME + 2);
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
		nic_test(jumbo_frames),
		nic_test(tagged_frames_go_out),
		nic_test(frames_too_long_for_the_port),
		nic_test(frames_too_long_for_the_interface),
		nic_test(hc28_slow_interface),
		nic_test(promiscuous_while_it_runs),
		nic_test(in_a_named_namespace),
		nic_test(interfaces_that_are_no_port),
		nic_test(no_privileges),
	};

	return cmocka_run_group_tests_name("nic port", tests, net_setup_veth,
					   NULL);
}
