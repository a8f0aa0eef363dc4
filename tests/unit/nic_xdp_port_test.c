/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The nic port by AF_XDP, on a veth pair in a network of the test's own: frames
 * both ways, and what becomes of the program.
 */
#include "tests/unit/nic_rig.h"

#include <bpf/bpf.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>

#include "hostnet/offload.h"
#include "vmm/linux/ports/nic_xdp.h"
#include "vmm/linux/ports/open.h"

static uint8_t frame[16384];

/* --- a port by AF_XDP --------------------------------------------------- */

/* Skips if AF_XDP cannot be had here, and says why. */
static struct comp *xdp_start(void)
{
	struct comp *rig;
	const char *why;

	cfg->nic.xdp = 1;
	rig = nic_start();
	why = strstr(rig->log, "not by AF_XDP: ");
	if (why == NULL)
		return rig;
	/* These are reasons of the machine; others are the port's. */
	if (strstr(why, "run weir as root") == NULL &&
	    strstr(why, "Linux 6.8") == NULL &&
	    strstr(why, "CONFIG_XDP_SOCKETS") == NULL)
		fail_msg("%s", why);
	print_message("%s\n", why);
	skip();
	return NULL;
}

static enum outside_path path_of(const struct comp *rig)
{
	return (enum outside_path)atomic_load(&rig->c->outside->path);
}

static void assert_by_packet(struct comp *rig, const char *why)
{
	int far = net_station("far0");

	if (!comp_logged(rig, why))
		fail_msg("\"%s\" is not in: %s", why, rig->log);
	assert_int_equal(path_of(rig), OUTSIDE_PACKET);
	assert_int_equal(rig->c->n_fds, NIC_FDS + 1);
	comp_frame(frame, 60, 1);
	net_say(far, frame, 60);
	net_taken(rig, 60, 1);
	assert_true(comp_send(rig, frame, 60));
	net_hears(rig, far, 60, 1);
	close(far);
}

/* --- frames ------------------------------------------------------------- */

static void frames_of_all_lengths(void **state)
{
	struct comp *rig = xdp_start();
	int far = net_station("far0");

	(void)state;
	assert_int_equal(path_of(rig), OUTSIDE_XDP);
	for (size_t len = 14; len <= 1514; len += len < 80 ? 1 : 239) {
		comp_frame(frame, len, (unsigned int)len);
		net_say(far, frame, len);
		net_taken(rig, len, (unsigned int)len);
		assert_true(comp_send(rig, frame, len));
		net_hears(rig, far, len, (unsigned int)len);
	}
	assert_string_equal(rig->log, "");
	close(far);
}

/* Several times round all rings, in bursts. */
static void many_frames(void **state)
{
	struct comp *rig = xdp_start();
	int far = net_station("far0");

	(void)state;
	for (unsigned int i = 0; i < 5000; i += 20) {
		for (unsigned int k = i; k < i + 20; k++) {
			comp_frame(frame, 60 + k % 1400, k);
			net_say(far, frame, 60 + k % 1400);
			assert_true(comp_send(rig, frame, 60 + k % 1400));
		}
		for (unsigned int k = i; k < i + 20; k++) {
			net_taken(rig, 60 + k % 1400, k);
			net_hears(rig, far, 60 + k % 1400, k);
		}
	}
	assert_string_equal(rig->log, "");
	close(far);
}

static void tagged_frames(void **state)
{
	struct comp *rig = xdp_start();
	int far = net_station("far0");
	uint8_t got[2048];
	size_t n;

	(void)state;
	net_tagged(frame, "\x81\x00\x60\x07", 4, MAX_FRAME);
	net_say(far, frame, MAX_FRAME);
	comp_until(rig, (n = comp_take(rig, got, sizeof(got))) > 0);
	assert_int_equal(n, MAX_FRAME);
	assert_memory_equal(got, frame, n);
	/* The station is a packet socket: the tag is beside the frame. */
	assert_true(comp_send(rig, frame, MAX_FRAME));
	comp_until(rig, (n = (size_t)recv(far, got, sizeof(got), 0)) < 2048);
	assert_int_equal(n, MAX_FRAME - 4);
	assert_memory_equal(got + 12, frame + 16, n - 12);
	close(far);
}

/*
 * A peer that leaves the tag to us, as a VLAN device does: a program on its
 * interface takes it out of the frame.  It is put back.
 */
static void tag_beside_the_frame(void **state)
{
	struct comp *rig = xdp_start();
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K,
		  .dst_reg = 2,
		  .imm = 0x88a8 >> 8 | (0x88a8 & 0xff) << 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K,
		  .dst_reg = 3,
		  .imm = 0x6007 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_vlan_push },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "tag",
				    "Dual BSD/GPL", code,
				    sizeof(code) / sizeof(code[0]), NULL);
	int far = net_station("far0"), link;
	uint8_t got[2048];
	size_t n;

	(void)state;
	assert_true(program >= 0);
	/* BPF_TCX_EGRESS, of Linux 6.6. */
	link = bpf_link_create(program, (int)if_nametoindex("far0"), 47, &opts);
	if (link < 0) {
		print_message("no BPF programs on sent frames here\n");
		skip();
	}
	comp_frame(frame, 100, 3);
	net_say(far, frame, 100);
	comp_until(rig, (n = comp_take(rig, got, sizeof(got))) > 0);
	assert_int_equal(n, 104);
	assert_memory_equal(got, frame, 12);
	assert_memory_equal(got + 12, "\x88\xa8\x60\x07", 4);
	assert_memory_equal(got + 16, frame + 12, n - 16);
	close(link);
	close(program);
	close(far);
}

/* A packet socket that says what its sender has left to do. */
static int offloading_station(void)
{
	int far = net_station("far0"), one = 1;

	assert_int_equal(setsockopt(far, SOL_PACKET, PACKET_VNET_HDR, &one,
				    sizeof(one)),
			 0);
	return far;
}

/* UDP over IPv4 with the pseudo header's sum as its checksum. */
static void partial_datagram(uint8_t *f, size_t len)
{
	static const uint8_t head[42] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8,
					  0,
					  /* IPv4, 10.0.0.1 to 10.0.0.2 */
					  0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0,
					  0, 10, 0, 0, 1, 10, 0, 0, 2, 19, 136,
					  19, 137, 0, 0, 0, 0 };
	size_t ip = len - 14, udp = len - 34;
	size_t sum = 0x0a00 + 1 + 0x0a00 + 2 + 17 + udp;

	comp_frame(f, len, 9);
	memcpy(f, head, sizeof(head));
	f[16] = (uint8_t)(ip >> 8);
	f[17] = (uint8_t)ip;
	f[38] = (uint8_t)(udp >> 8);
	f[39] = (uint8_t)udp;
	f[40] = (uint8_t)(sum >> 8);
	f[41] = (uint8_t)sum;
}

static void checksum_left_to_hardware(void **state)
{
	struct comp *rig = xdp_start();
	struct virtio_net_hdr hdr = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = 34,
		.csum_offset = 6,
	};
	int far = offloading_station();
	uint8_t out[512], got[2048], want[512];
	size_t n;

	(void)state;
	partial_datagram(want, 301);
	memcpy(out, &hdr, sizeof(hdr));
	memcpy(out + sizeof(hdr), want, 301);
	assert_true(offload_checksum(want, 301, 34, 6));
	net_say(far, out, sizeof(hdr) + 301);
	comp_until(rig, (n = comp_take(rig, got, sizeof(got))) > 0);
	assert_int_equal(n, 301);
	assert_memory_equal(got, want, n);
	close(far);
}

static void frames_too_long(void **state)
{
	struct comp *rig = xdp_start();
	int far = net_station("far0");

	(void)state;
	comp_frame(frame, 1515, 1);
	assert_true(comp_send(rig, frame, 1515));
	comp_frame(frame, 1514, 2);
	assert_true(comp_send(rig, frame, 1514));
	net_hears(rig, far, 1514, 2);
	assert_int_equal(comp_dropped(rig, OUTSIDE_DROP_MTU), 1);
	close(far);
}

/* --- queues ------------------------------------------------------------- */

static void all_queues_are_served(void **state)
{
	struct comp *rig;
	unsigned int used = 0;
	int far;

	(void)state;
	net_need();
	net_del_veth();
	comp_shell("ip link add nic0 numtxqueues 4 numrxqueues 4 type veth peer"
		   " name far0 numtxqueues 4 numrxqueues 4"
		   " && ip link set far0 up");
	rig = xdp_start();
	assert_int_equal(rig->c->n_fds, NIC_FDS + XDP_QUEUE + 4);
	far = net_station("far0");
	/* A flow each, which the sender spreads over its queues. */
	for (unsigned int i = 0; i < 64; i++) {
		partial_datagram(frame, 100);
		frame[35] = (uint8_t)i;
		net_say(far, frame, 100);
	}
	for (unsigned int q = 0; q < 4; q++) {
		struct pollfd p = { rig->c->fd[NIC_XDP + XDP_QUEUE + q], POLLIN,
				    0 };

		used += poll(&p, 1, 0) == 1;
	}
	assert_true(used > 1);
	for (unsigned int taken = 0; taken < 64; taken++) {
		size_t n;

		comp_until(rig, (n = comp_take(rig, frame, 2048)) > 0);
		assert_int_equal(n, 100);
	}
	close(far);
}

/* --- what becomes of the program ---------------------------------------- */

static bool has_program(void)
{
	return system("ip -d link show nic0 | grep -q 'prog/xdp'") == 0;
}

static void program_ends_with_the_port(void **state)
{
	struct comp *rig = xdp_start();

	(void)state;
	assert_true(has_program());
	nic_end(rig);
	assert_false(has_program());
}

/* As after a crash: at once, while the kernel still lets go of the queue. */
static void started_again(void **state)
{
	(void)state;
	for (unsigned int life = 0; life < 5; life++) {
		struct comp *rig = xdp_start();
		int far = net_station("far0");

		assert_int_equal(path_of(rig), OUTSIDE_XDP);
		comp_frame(frame, 60, life);
		net_say(far, frame, 60);
		net_taken(rig, 60, life);
		assert_true(comp_send(rig, frame, 60));
		net_hears(rig, far, 60, life);
		close(far);
		nic_end(rig);
	}
}

static void interface_deleted(void **state)
{
	struct comp *rig = xdp_start();

	(void)state;
	comp_shell("ip link del nic0");
	comp_until(rig, comp_is(rig, OUTSIDE_GONE));
	comp_frame(frame, 60, 1);
	assert_true(comp_send(rig, frame, 60));
	comp_turn(rig);
	assert_int_equal(comp_dropped(rig, OUTSIDE_DROP_NOT_UP), 1);
	assert_int_equal(comp_watched(rig, NIC_XDP + XDP_QUEUE), 0);
}

static void interface_down_and_up(void **state)
{
	struct comp *rig = xdp_start();
	int far;

	(void)state;
	comp_shell("ip link set nic0 down");
	comp_until(rig, comp_is(rig, OUTSIDE_DOWN));
	comp_frame(frame, 60, 1);
	assert_true(comp_send(rig, frame, 60));
	comp_until(rig, comp_dropped(rig, OUTSIDE_DROP_NOT_UP) == 1);
	comp_shell("ip link set nic0 up");
	comp_until(rig, comp_is(rig, OUTSIDE_UP));
	far = net_station("far0");
	comp_frame(frame, 60, 5);
	net_say(far, frame, 60);
	net_taken(rig, 60, 5);
	assert_true(comp_send(rig, frame, 60));
	net_hears(rig, far, 60, 5);
	close(far);
}

/* --- AF_PACKET instead -------------------------------------------------- */

static void foreign_program(void **state)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int program, link;

	(void)state;
	nic_end(xdp_start());
	program = bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign", "Dual BSD/GPL",
				code, 2, NULL);
	link = bpf_link_create(program, (int)if_nametoindex("nic0"), BPF_XDP,
			       &opts);
	assert_true(link >= 0);
	assert_by_packet(nic_start(), "nic0 has an XDP program already");
	assert_true(has_program());
	close(link);
	close(program);
}

static void address_of_the_host(void **state)
{
	(void)state;
	nic_end(xdp_start());
	comp_shell("ip addr add 10.7.0.1/24 dev nic0");
	assert_by_packet(nic_start(), "nic0 has an address of this host");
	assert_false(has_program());
	nic_end(comp_now_running);
	comp_shell("ip addr flush dev nic0;"
		   " sysctl -qw net.ipv6.conf.nic0.disable_ipv6=0;"
		   " ip addr add fd07::1/64 dev nic0 nodad");
	assert_by_packet(nic_start(), "nic0 has an address of this host");
	nic_end(comp_now_running);
	/* The one that every interface has is none of these. */
	comp_shell("ip addr del fd07::1/64 dev nic0;"
		   " ip addr add fe80::7/64 dev nic0 nodad");
	assert_int_equal(path_of(nic_start()), OUTSIDE_XDP);
}

static void member_of_a_bridge(void **state)
{
	(void)state;
	nic_end(xdp_start());
	if (system("ip link add bridge0 type bridge 2>/dev/null") != 0) {
		print_message("no bridges in this kernel\n");
		skip();
	}
	comp_shell("ip link set nic0 master bridge0");
	assert_by_packet(nic_start(), "nic0 is a member of bridge0");
	assert_false(has_program());
	comp_shell("ip link del bridge0");
}

static void jumbo_frames(void **state)
{
	(void)state;
	nic_end(xdp_start());
	cfg->wire.max_frame = 9018;
	assert_by_packet(nic_start(), "it takes frames of 3840 bytes");
}

static void virtual_interface(void **state)
{
	(void)state;
	nic_end(xdp_start());
	comp_shell("ip link set nic0 name under && ip link add nic0 link under "
		   "type macvlan mode passthru && ip link set under up");
	assert_by_packet(nic_start(), "nic0 is a virtual interface");
	comp_shell("ip link del under");
}

/* In chunks of a page; more of them than there are. */
static void longest_frames(void **state)
{
	struct comp *rig;
	int far;

	(void)state;
	net_need();
	cfg->wire.max_frame = 3018;
	comp_shell("ip link set nic0 mtu 3000; ip link set far0 mtu 3000");
	rig = xdp_start();
	far = net_station("far0");
	for (unsigned int i = 0; i < 1100; i++) {
		comp_frame(frame, 3014, i);
		net_say(far, frame, 3014);
		net_taken(rig, 3014, i);
		assert_true(comp_send(rig, frame, 3014));
		net_hears(rig, far, 3014, i);
	}
	close(far);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		nic_test(frames_of_all_lengths),
		nic_test(many_frames),
		nic_test(tagged_frames),
		nic_test(tag_beside_the_frame),
		nic_test(checksum_left_to_hardware),
		nic_test(frames_too_long),
		nic_test(longest_frames),
		nic_test(all_queues_are_served),
		nic_test(program_ends_with_the_port),
		nic_test(started_again),
		nic_test(interface_deleted),
		nic_test(interface_down_and_up),
		nic_test(foreign_program),
		nic_test(address_of_the_host),
		nic_test(member_of_a_bridge),
		nic_test(jumbo_frames),
		nic_test(virtual_interface),
	};

	return cmocka_run_group_tests_name("nic port by AF_XDP", tests,
					   net_setup_veth, NULL);
}
