/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two hosts that leave checksums and segmentation to their cards, with two
 * ports between them and the test as the switch.  The hosts are Linux itself,
 * each in a namespace; a segment with a wrong checksum would not be taken.
 *
 *	host "east"  east0 -- nic0 [rig] test [rig] nic1 -- west0  host "west"
 *	host "east"          east0 [rig] test [rig] west0          host "west"
 *
 * A port is a nic or a tap, and takes segments whole or has `offload off`.
 */
#include "tests/unit/nic_rig.h"

static uint8_t frame[65536];

#include <netinet/in.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#include "hostnet/offload.h"
#include "vmm/linux/ports/netns.h"

#define STREAM (4u << 20)

static struct comp *side[2];
static int spy;
static size_t longest; /* that nic0 got */
static size_t crossed; /* the longest that the switch forwarded */

/* --- a kernel before 6.2 ------------------------------------------------- */

static bool no_uso;

/* In place of the C library's: it refuses segments of UDP. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
ssize_t writev(int fd, const struct iovec *iov, int count)
{
	const struct virtio_net_hdr *h = iov[0].iov_base;

	if (no_uso && iov[0].iov_len == sizeof(*h) &&
	    h->gso_type == VIRTIO_NET_HDR_GSO_UDP_L4) {
		errno = EINVAL;
		return -1;
	}
	return syscall(SYS_writev, fd, iov, count);
}

/* --- hosts -------------------------------------------------------------- */

static const char *const hosts[] = { "east", "west" };

static void add_host(int i, bool nic)
{
	comp_shell("ip netns add %s", hosts[i]);
	if (nic)
		comp_shell("ip link add nic%d type veth peer name %s0 netns %s",
			   i, hosts[i], hosts[i]);
}

/* Once it has its interface. */
static void set_up_host(int i)
{
	comp_shell("ip -n %s addr add 10.8.0.%d/24 dev %s0", hosts[i], i + 1,
		   hosts[i]);
	comp_shell("ip -n %s addr add fd08::%d/64 dev %s0 nodad 2>&1 |"
		   " cat >/dev/null",
		   hosts[i], i + 1, hosts[i]);
	comp_shell("ip -n %s link set %s0 up", hosts[i], hosts[i]);
}

static int setup_hosts(void **state)
{
	if (nic_setup(state) != 0)
		return -1;
	if (net_missing != NULL)
		return 0;
	comp_shell("ip link del nic0");
	longest = crossed = 0;
	spy = -1;
	no_uso = false;
	return 0;
}

static int teardown_hosts(void **state)
{
	if (net_missing != NULL)
		return comp_teardown(state);
	nic_unmap();
	for (int i = 0; i < 2; i++)
		if (side[i] != NULL)
			comp_free(side[i]);
	side[0] = side[1] = NULL;
	comp_shell("for i in 0 1; do ip link del nic$i 2>/dev/null; done;"
		   " ip netns del east; ip netns del west");
	return comp_teardown(state);
}

static void start_side(int i, bool nic)
{
	memset(&cfg->tap, 0, sizeof(cfg->tap));
	cfg->kind = nic ? SYS_NIC : SYS_TAP;
	if (nic) {
		snprintf(cfg->nic.ifname, sizeof(cfg->nic.ifname), "nic%d", i);
	} else {
		snprintf(cfg->tap.ifname, sizeof(cfg->tap.ifname), "%s0",
			 hosts[i]);
		strcpy(cfg->tap.netns, hosts[i]);
	}
	side[i] = comp_run(cfg);
}

/* Two ports of these kinds, that take segments whole or not. */
static void start_sides(bool east_nic, bool west_nic, bool whole)
{
	net_need();
	if (!east_nic || !west_nic)
		net_need_tun();
	cfg->wire.offload = whole ? OFFLOAD_PORT | OFFLOAD_TAKES_ALL : 0;
	cfg->wire.max_segment = whole ? SYS_MAX_SEGMENT : 0;
	add_host(0, east_nic);
	add_host(1, west_nic);
	start_side(0, east_nic);
	start_side(1, west_nic);
	set_up_host(0);
	set_up_host(1);
	if (east_nic)
		net_await_carrier("-n east", "east0");
	if (west_nic)
		net_await_carrier("-n west", "west0");
	/*
	 * The kernel notices our ends' carriers later still, and that is said.
	 */
	for (int i = 0; i < 2; i++) {
		comp_until(side[i],
			   outside_is(side[i]->c->outside, OUTSIDE_UP));
		side[i]->log[0] = '\0';
	}
	if (east_nic)
		spy = net_station("nic0");
}

/* The switch: what comes from one side goes to the other. */
static void forward(void)
{
	struct offload o;
	size_t n;

	for (int i = 0; i < 2; i++) {
		comp_turn(side[i]);
		while (queue_pending(&side[!i]->rx_free) > 0 &&
		       (n = comp_take_offload(side[i], frame, sizeof(frame),
					      &o)) > 0) {
			comp_send_offload(side[!i], frame, n, o);
			crossed = n > crossed ? n : crossed;
		}
		comp_turn(side[!i]);
	}
	/* What nic0 really gets: longer than the MTU if offloads are on. */
	while (spy >= 0 && (n = (size_t)recv(spy, frame, sizeof(frame),
					     MSG_TRUNC)) <= 70000)
		longest = n > longest ? n : longest;
}

static int make_socket(void *arg, struct error *err)
{
	const int *kind = arg;

	(void)err;
	return socket(kind[0], kind[1] | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int socket_at(const char *host, int family, int type)
{
	int kind[2] = { family, type };
	struct error err = { "" };
	int fd = netns_call(host, make_socket, kind, &err);

	assert_true(fd >= 0);
	return fd;
}

/* West's address. */
static socklen_t west(int family, struct sockaddr_storage *addr)
{
	struct sockaddr_in *in = (struct sockaddr_in *)addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)addr;

	memset(addr, 0, sizeof(*addr));
	addr->ss_family = (sa_family_t)family;
	in->sin_port = htons(5000);
	if (family == AF_INET6) {
		inet_pton(AF_INET6, "fd08::2", &in6->sin6_addr);
		return sizeof(*in6);
	}
	inet_pton(AF_INET, "10.8.0.2", &in->sin_addr);
	return sizeof(*in);
}

/* --- TCP ---------------------------------------------------------------- */

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 31 + i / 251);
}

/* As much as goes; returns how far it got. */
static size_t send_some(int fd, size_t sent)
{
	static uint8_t data[65536];
	size_t n = STREAM - sent < sizeof(data) ? STREAM - sent : sizeof(data);
	ssize_t done;

	for (size_t i = 0; i < n; i++)
		data[i] = byte_at(sent + i);
	done = n > 0 ? send(fd, data, n, MSG_NOSIGNAL) : 0;
	return sent + (done > 0 ? (size_t)done : 0);
}

static size_t receive_some(int fd, size_t got)
{
	static uint8_t data[65536];
	ssize_t n = recv(fd, data, sizeof(data), 0);

	for (ssize_t i = 0; i < n; i++)
		assert_int_equal(data[i], byte_at(got + (size_t)i));
	return got + (n > 0 ? (size_t)n : 0);
}

static void stream(int family)
{
	struct sockaddr_storage addr;
	socklen_t len = west(family, &addr);
	int listener = socket_at("west", family, SOCK_STREAM);
	int client = socket_at("east", family, SOCK_STREAM);
	int server = -1;
	size_t sent = 0, got = 0;

	assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	(void)!connect(client, (struct sockaddr *)&addr, len);
	for (int patience = COMP_PATIENCE; server < 0; patience--) {
		forward();
		server = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		poll(NULL, 0, 1);
		assert_true(patience > 0);
	}
	for (int idle = 0; got < STREAM; idle++) {
		size_t before = got;

		sent = send_some(client, sent);
		forward();
		got = receive_some(server, got);
		if (got > before)
			idle = 0;
		else if (idle > 20)
			poll(NULL, 0, 1);
		assert_true(idle < COMP_PATIENCE);
	}
	close(client);
	close(server);
	close(listener);
}

/* Nothing was refused, and there was something to do. */
static void assert_trains(bool whole)
{
	if (spy >= 0) {
		close(spy);
		assert_true(longest > 3000);
	}
	assert_int_equal(crossed > 3000, whole);
	assert_string_equal(side[0]->log, "");
	assert_string_equal(side[1]->log, "");
}

/* Whether this kernel has it; if not, the test ends. */
static void need_ipv6(void)
{
	if (access("/proc/net/if_inet6", F_OK) == 0)
		return;
	if (spy >= 0)
		close(spy);
	print_message("no IPv6 in this kernel\n");
	skip();
}

static void tcp_over_ipv4(void **state)
{
	(void)state;
	start_sides(true, true, false);
	stream(AF_INET);
	assert_trains(false);
}

static void tcp_over_ipv6(void **state)
{
	(void)state;
	start_sides(true, true, false);
	need_ipv6();
	stream(AF_INET6);
	assert_trains(false);
}

static void tcp_whole_between_nics(void **state)
{
	(void)state;
	start_sides(true, true, true);
	stream(AF_INET);
	assert_trains(true);
}

static void tcp_whole_over_ipv6(void **state)
{
	(void)state;
	start_sides(true, true, true);
	need_ipv6();
	stream(AF_INET6);
	assert_trains(true);
}

static void tcp_whole_between_taps(void **state)
{
	(void)state;
	start_sides(false, false, true);
	stream(AF_INET);
	assert_trains(true);
}

static void tcp_whole_between_taps_over_ipv6(void **state)
{
	(void)state;
	start_sides(false, false, true);
	need_ipv6();
	stream(AF_INET6);
	assert_trains(true);
}

static void tcp_whole_from_tap_to_nic(void **state)
{
	(void)state;
	start_sides(false, true, true);
	stream(AF_INET);
	assert_trains(true);
}

static void tcp_whole_from_nic_to_tap(void **state)
{
	(void)state;
	start_sides(true, false, true);
	stream(AF_INET);
	assert_trains(true);
}

/* --- UDP ---------------------------------------------------------------- */

static void datagrams(unsigned int count, size_t size, int gso)
{
	struct sockaddr_storage addr;
	socklen_t len = west(AF_INET, &addr);
	int server = socket_at("west", AF_INET, SOCK_DGRAM);
	int client = socket_at("east", AF_INET, SOCK_DGRAM);
	static uint8_t data[16000], got[16000];

	assert_int_equal(bind(server, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&addr, len), 0);
	if (gso)
		assert_int_equal(setsockopt(client, IPPROTO_UDP, 103, &gso,
					    sizeof(gso)),
				 0);
	for (size_t i = 0; i < size; i++)
		data[i] = byte_at(i);
	assert_int_equal(send(client, data, size, 0), size);
	for (unsigned int i = 0, patience = COMP_PATIENCE; i < count;) {
		ssize_t n = recv(server, got, sizeof(got), 0);

		if (n > 0) {
			assert_memory_equal(got, data + i * size / count, n);
			i++;
			continue;
		}
		forward();
		poll(NULL, 0, 1);
		assert_true(patience-- > 0);
	}
	close(server);
	close(client);
}

static void udp_checksums(void **state)
{
	(void)state;
	start_sides(true, true, false);
	for (size_t size = 1; size < 1473; size += 184)
		datagrams(1, size, 0);
	close(spy);
	assert_string_equal(side[0]->log, "");
}

/* Left from one host to the other, or, where it meets a ring, made there. */
static void udp_checksums_left(void **state)
{
	(void)state;
	cfg->wire.max_frame = 9018;
	start_sides(false, true, true);
	comp_shell("ip link set nic1 mtu 9000;"
		   " ip -n west link set west0 mtu 9000");
	for (size_t size = 1; size < 8900; size += 811)
		datagrams(1, size, 0);
	assert_true(crossed > 2048);
	assert_string_equal(side[0]->log, "");
	for (unsigned int why = 0; why < OUTSIDE_DROP_COUNT; why++)
		assert_int_equal(comp_dropped(side[1], why), 0);
}

static bool shows_udp_trains(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	uname(&u);
	sscanf(u.release, "%d.%d", &major, &minor);
	return major > 6 || (major == 6 && minor >= 2);
}

static void need_udp_trains(void)
{
	if (shows_udp_trains())
		return;
	if (spy >= 0)
		close(spy);
	print_message("no trains of UDP are shown before Linux 6.2\n");
	skip();
}

static void udp_segmentation(void **state)
{
	(void)state;
	start_sides(true, true, false);
	need_udp_trains();
	datagrams(8, 8000, 1000);
	assert_trains(false);
}

static void udp_whole(void **state)
{
	(void)state;
	start_sides(false, true, true);
	need_udp_trains();
	datagrams(8, 8000, 1000);
	assert_trains(true);
}

/* From another machine's switch or client; this kernel does not take it. */
static void udp_cut_for_an_old_kernel(void **state)
{
	(void)state;
	start_sides(false, false, true);
	need_udp_trains();
	no_uso = true;
	datagrams(8, 8000, 1000);
	assert_trains(true);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup_hosts, teardown_hosts)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(tcp_over_ipv4),
		test(tcp_over_ipv6),
		test(tcp_whole_between_nics),
		test(tcp_whole_over_ipv6),
		test(tcp_whole_between_taps),
		test(tcp_whole_between_taps_over_ipv6),
		test(tcp_whole_from_tap_to_nic),
		test(tcp_whole_from_nic_to_tap),
		test(udp_checksums),
		test(udp_checksums_left),
		test(udp_segmentation),
		test(udp_whole),
		test(udp_cut_for_an_old_kernel),
	};

	return cmocka_run_group_tests_name("nic offloads", tests,
					   net_setup_veth, NULL);
}
