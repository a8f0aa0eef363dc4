/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tap port, with a real TAP interface in a network of the test's own.
 */
#include "tests/unit/net_rig.h"
#include "vmm/linux/ports/open.h"

#include <netinet/in.h>
#include <netinet/udp.h>

static uint8_t frame[16384];

static int setup(void **state)
{
	(void)state;
	if (comp_setup(SYS_TAP, "sw0.alice") != 0)
		return -1;
	strcpy(cfg->tap.ifname, "alice0");
	return 0;
}

/* As open(), or skip if this machine has no TAP interfaces to give. */
static struct comp *start(void)
{
	net_need_tun();
	return comp_run(cfg);
}

/* --- the interface ------------------------------------------------------ */

static void interface_is_up_with_the_ports_mtu(void **state)
{
	struct comp *rig;

	(void)state;
	cfg->wire.max_frame = 9018;
	rig = start();
	comp_shell("ip -o link show alice0 up | grep -q 'mtu 9000'");
	comp_free(rig);
	/* It goes with its descriptor. */
	comp_shell("! ip link show alice0 2>/dev/null");
}

static void addresses_of_the_topology(void **state)
{
	struct comp *rig;

	(void)state;
	cfg->tap.mac = 0x020000000077;
	cfg->tap.n_addresses = 2;
	cfg->tap.address[0] = (struct sys_address){
		.addr = { 10, 9, 0, 1 },
		.bits = 24,
	};
	cfg->tap.address[1] = (struct sys_address){
		.addr = { 10, 9, 1, 1 },
		.bits = 16,
	};
	rig = start();
	comp_shell("ip -o link show alice0 up | grep -q 02:00:00:00:00:77");
	comp_shell("ip -o addr show alice0 | grep -q 'inet 10.9.0.1/24 '");
	comp_shell("ip -o addr show alice0 | grep -q 'inet 10.9.1.1/16 '");
	comp_free(rig);
}

static void in_a_named_namespace(void **state)
{
	struct comp *rig;

	(void)state;
	net_need();
	comp_shell("ip netns add box");
	strcpy(cfg->tap.netns, "box");
	rig = start();
	comp_shell("ip -n box -o link show alice0 up | grep -q 'mtu 1500'");
	comp_shell("! ip link show alice0 2>/dev/null");
	comp_free(rig);
	comp_shell("ip netns del box");
}

/* --- frames ------------------------------------------------------------- */

static void frames_both_ways(void **state)
{
	static const size_t lens[] = { 14, 60, 1514 };
	struct comp *rig = start();
	int host = net_station("alice0");

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		comp_frame(frame, lens[i], i);
		net_say(host, frame, lens[i]);
		net_taken(rig, lens[i], i);
		assert_true(comp_send(rig, frame, lens[i]));
		net_hears(rig, host, lens[i], i);
	}
	assert_true(comp_rang(rig));
	assert_string_equal(rig->log, "");
	close(host);
}

/* More than there are buffers, and than a run takes: all, in order. */
static void bursts_both_ways(void **state)
{
	struct comp *rig = start();
	int host = net_station("alice0");

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		comp_frame(frame, 60 + i % 1400, i);
		net_say(host, frame, 60 + i % 1400);
		if (i % 100 < 99)
			continue;
		for (unsigned int k = i - 99; k <= i; k++)
			net_taken(rig, 60 + k % 1400, k);
	}
	for (unsigned int i = 0; i < 2000; i++) {
		comp_frame(frame, 60 + i % 1400, i);
		assert_true(comp_send(rig, frame, 60 + i % 1400));
		if (i % 100 < 99)
			continue;
		for (unsigned int k = i - 99; k <= i; k++)
			net_hears(rig, host, 60 + k % 1400, k);
	}
	assert_int_equal(queue_pending(&rig->rx_free), COMP_CAPACITY);
	close(host);
}

static void vlan_tag_stays(void **state)
{
	static const uint8_t tag[] = { 0x81, 0x00, 0x60, 0x07 };
	struct comp *rig = start();
	int host = net_station("alice0");
	size_t n;

	(void)state;
	/* 1500 bytes of payload behind the tag. */
	comp_frame(frame, MAX_FRAME, 1);
	memcpy(frame + 12, tag, 4);
	net_say(host, frame, MAX_FRAME);
	comp_until(rig, (n = comp_take(rig, frame, sizeof(frame))) > 0);
	assert_int_equal(n, MAX_FRAME);
	assert_memory_equal(frame + 12, tag, 4);
	close(host);
}

static uint32_t add(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* A UDP frame whose checksum is what it has to be. */
static void assert_udp(const uint8_t *f, size_t len, size_t payload)
{
	uint8_t pseudo[4] = { 0, 17, (uint8_t)((len - 34) >> 8),
			      (uint8_t)(len - 34) };

	assert_int_equal(len, 42 + payload);
	assert_int_equal(f[23], 17);
	assert_int_not_equal(f[40] << 8 | f[41], 0);
	assert_int_equal(add(add(add(0, f + 26, 8), pseudo, 4), f + 34,
			     len - 34),
			 0xffff);
}

/* A UDP socket of the host's that speaks over the interface. */
static int udp_host(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	comp_shell(
		"ip addr add 10.9.0.1/24 dev alice0 &&"
		" ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev alice0");
	inet_pton(AF_INET, "10.9.0.2", &to.sin_addr);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* The next IPv4 frame; hosts say other things too. */
static size_t take_ipv4(struct comp *rig)
{
	size_t n;

	do
		comp_until(rig, (n = comp_take(rig, frame, sizeof(frame))) > 0);
	while (frame[12] != 8 || frame[13] != 0);
	return n;
}

/* What the stack leaves to a card is done before a frame gets to us. */
static void kernel_completes_checksums(void **state)
{
	struct comp *rig = start();
	int udp = udp_host();
	static uint8_t data[1400];

	(void)state;
	for (size_t len = 1; len < 1400; len += 99) {
		memset(data, (int)len, len);
		assert_int_equal(send(udp, data, len, 0), len);
		assert_udp(frame, take_ipv4(rig), len);
	}
	close(udp);
}

static void kernel_segments(void **state)
{
	struct comp *rig = start();
	int udp = udp_host();
	int segment = 1000;
	static uint8_t data[5500];

	(void)state;
	if (setsockopt(udp, IPPROTO_UDP, 103 /* UDP_SEGMENT */, &segment,
		       sizeof(segment)) != 0) {
		close(udp);
		print_message("no UDP segmentation in this kernel\n");
		skip();
	}
	memset(data, 0xa7, sizeof(data));
	assert_int_equal(send(udp, data, sizeof(data), 0), sizeof(data));
	for (unsigned int i = 0; i < 6; i++)
		assert_udp(frame, take_ipv4(rig), i < 5 ? 1000 : 500);
	close(udp);
}

/* --- what goes wrong ---------------------------------------------------- */

static void frames_too_long_for_the_port(void **state)
{
	struct comp *rig = start();
	int host = net_station("alice0");

	(void)state;
	comp_shell("ip link set alice0 mtu 9000");
	comp_frame(frame, MAX_FRAME + 1, 1);
	net_say(host, frame, MAX_FRAME + 1);
	comp_frame(frame, 9014, 2);
	net_say(host, frame, 9014);
	comp_frame(frame, MAX_FRAME, 3);
	net_say(host, frame, MAX_FRAME);
	net_taken(rig, MAX_FRAME, 3);
	assert_true(comp_logged(
		rig, "longer than this port's 1518 bytes: dropped; "));
	assert_true(comp_logged(rig, "one for the interface (1 so far)"));
	close(host);
}

static bool is(const struct comp *rig, enum outside_state state)
{
	return outside_is(rig->c->outside, state);
}

static uint64_t dropped(const struct comp *rig, enum outside_drop why)
{
	return atomic_load(&rig->c->outside->drops[why]);
}

static void interface_down_and_up(void **state)
{
	struct comp *rig = start();
	int host = net_station("alice0");

	(void)state;
	comp_shell("ip link set alice0 down");
	comp_until(rig, is(rig, OUTSIDE_DOWN));
	for (unsigned int i = 0; i < 3 * COMP_CAPACITY; i++) {
		comp_frame(frame, 60, i);
		assert_true(comp_send(rig, frame, 60));
		comp_turn(rig);
	}
	assert_int_equal(dropped(rig, OUTSIDE_DROP_NOT_UP), 3 * COMP_CAPACITY);
	assert_true(comp_logged(
		rig, "interface alice0 is down: `ip link set alice0 up`"));
	comp_shell("ip link set alice0 up");
	comp_until(rig, is(rig, OUTSIDE_UP));
	assert_true(read(host, frame, 1) < 0); /* ENETDOWN, once */
	comp_frame(frame, 60, 5);
	assert_true(comp_send(rig, frame, 60));
	net_hears(rig, host, 60, 5);
	comp_frame(frame, 61, 6);
	net_say(host, frame, 61);
	net_taken(rig, 61, 6);
	close(host);
}

static void carrier_and_name(void **state)
{
	struct comp *rig = start();

	(void)state;
	if (system("ip link set alice0 carrier off 2>/dev/null") == 0) {
		comp_until(rig, is(rig, OUTSIDE_NO_CARRIER));
		comp_shell("ip link set alice0 carrier on");
		comp_until(rig, is(rig, OUTSIDE_UP));
	}
	comp_shell("ip link set alice0 down; ip link set alice0 name bob0");
	comp_until(rig,
		   comp_logged(rig, "interface alice0 is called bob0 now"));
}

/* Frames flow, also in the PD's next life. */
static void moved_to_another_namespace(void **state)
{
	struct comp *rig = start();
	int fds[TAP_FDS];

	(void)state;
	comp_shell("ip netns add box && ip link set alice0 netns box"
		   " && ip -n box link set alice0 up");
	comp_until(rig,
		   comp_logged(rig, "alice0 was moved to another network"));
	for (unsigned int i = 0; i < TAP_FDS; i++)
		fds[i] = fcntl(rig->c->fd[i], F_DUPFD_CLOEXEC, 3);
	comp_free(rig);
	rig = comp_new(cfg);
	comp_start(rig, fds, TAP_FDS);
	assert_true(is(rig, OUTSIDE_UP));
	comp_frame(frame, 60, 5);
	assert_true(comp_send(rig, frame, 60));
	comp_until(rig, system("ip -n box -s -j link show alice0 |"
			       " grep -q '\"rx\":{\"bytes\":60'") == 0);
	assert_int_equal(dropped(rig, OUTSIDE_DROP_NOT_UP), 0);
	comp_shell("ip netns del box");
}

static void interface_deleted(void **state)
{
	struct comp *rig = start();
	int fds[TAP_FDS];

	(void)state;
	comp_shell("ip link del alice0");
	comp_until(rig, is(rig, OUTSIDE_GONE));
	assert_true(comp_logged(rig, "interface alice0 is gone"));
	for (unsigned int i = 0; i < 3 * COMP_CAPACITY; i++) {
		comp_frame(frame, 60, i);
		assert_true(comp_send(rig, frame, 60));
		comp_turn(rig);
	}
	assert_int_equal(dropped(rig, OUTSIDE_DROP_NOT_UP), 3 * COMP_CAPACITY);
	assert_int_equal(comp_watched(rig, TAP_DEVICE), 0);
	assert_int_equal(comp_watched(rig, TAP_WATCH), 0);
	assert_int_equal(rig->pd->n_due, 0);
	/* Started again it does not pretend. */
	for (unsigned int i = 0; i < TAP_FDS; i++)
		fds[i] = fcntl(rig->c->fd[i], F_DUPFD_CLOEXEC, 3);
	comp_free(rig);
	rig = comp_new(cfg);
	comp_start(rig, fds, TAP_FDS);
	assert_true(is(rig, OUTSIDE_GONE));
	comp_free(rig);
	rig = comp_new(cfg);
	comp_start(rig, fds, 0);
	assert_true(is(rig, OUTSIDE_GONE));
}

static void hc28_switch_returns_nothing(void **state)
{
	struct comp *rig = start();
	int host = net_station("alice0");

	(void)state;
	rig->hoard = true;
	for (unsigned int i = 0; i < COMP_CAPACITY + 20; i++) {
		comp_frame(frame, 60, i);
		net_say(host, frame, 60);
		comp_turn(rig);
	}
	/* Nothing left to do it with: not watched, so no spinning. */
	assert_int_equal(queue_pending(&rig->tx_active), COMP_CAPACITY);
	assert_int_equal(comp_watched(rig, 0), 0);
	/* The other direction goes on. */
	comp_frame(frame, 70, 1);
	assert_true(comp_send(rig, frame, 70));
	net_hears(rig, host, 70, 1);
	/* Buffers back: so is everything. */
	for (unsigned int i = 0; i < COMP_CAPACITY; i++)
		net_taken(rig, 60, i);
	rig->hoard = false;
	for (unsigned int i = 0; i < COMP_CAPACITY; i++) {
		queue_put(&rig->tx_free, i * rig->wire.buffer_size, 0);
		comp_publish(rig, &rig->tx_free);
	}
	for (unsigned int i = COMP_CAPACITY; i < COMP_CAPACITY + 20; i++)
		net_taken(rig, 60, i);
	close(host);
}

static void link_down_and_up(void **state)
{
	struct comp *rig = start();
	int host = net_station("alice0");

	(void)state;
	comp_link_down(rig);
	comp_turn(rig);
	assert_int_equal(comp_watched(rig, 0), 0);
	comp_link_up(rig);
	comp_turn(rig);
	comp_frame(frame, 60, 2);
	net_say(host, frame, 60);
	net_taken(rig, 60, 2);
	close(host);
}

/* --- what open() refuses ------------------------------------------------ */

static void name_in_use(void **state)
{
	struct comp *rig = start();

	(void)state;
	(void)rig;
	comp_refused(cfg,
		     "TAP interface \"alice0\" is in use by another process",
		     NULL);
	/* An interface of another kind is never offered for deletion. */
	strcpy(cfg->tap.ifname, "lo");
	comp_refused(cfg, "\"lo\" exists and is not a TAP",
		     "write nic \"lo\" instead", NULL);
	comp_shell("ip tuntap add tun9 mode tun");
	strcpy(cfg->tap.ifname, "tun9");
	comp_refused(cfg, "\"tun9\" exists and is not a TAP", NULL);
	comp_shell("ip link del tun9");
}

/* Made by `ip tuntap`: used as it is, and left as it was. */
static void prepared_interface(void **state)
{
	struct comp *rig;

	(void)state;
	net_need_tun();
	comp_shell("ip tuntap add alice0 mode tap && ip link set alice0"
		   " address 02:00:00:00:00:77 &&"
		   " ip addr add 10.9.0.1/24 dev alice0");
	rig = start();
	comp_until(rig, is(rig, OUTSIDE_UP));
	comp_frame(frame, 60, 5);
	assert_true(comp_send(rig, frame, 60));
	/* It is in use now. */
	comp_refused(cfg, "is in use by another process", NULL);
	comp_free(rig);
	comp_shell("ip -o link show alice0 | grep -q 02:00:00:00:00:77 &&"
		   " ip -o addr show alice0 | grep -q 10.9.0.1/24");
	comp_shell("ip link del alice0");
}

static void no_such_namespace(void **state)
{
	unsigned int before = comp_open_fds();

	(void)state;
	net_need();
	strcpy(cfg->tap.netns, "nowhere");
	comp_refused(cfg, "ip netns add nowhere", NULL);
	assert_int_equal(comp_open_fds(), before);
}

static void impossible_name(void **state)
{
	struct comp *rig = start();

	(void)state;
	(void)rig;
	strcpy(cfg->tap.ifname, "a/b");
	comp_refused(cfg, "\"a/b\" cannot be an interface's name", NULL);
}

/* The MTU is refused: the interface that was made already is gone again. */
static void failed_open_leaves_nothing(void **state)
{
	unsigned int before;

	(void)state;
	comp_free(start());
	before = comp_open_fds();
	cfg->wire.max_frame = 18 + 10;
	comp_refused(cfg, "cannot bring up", "MTU of 10", NULL);
	comp_shell("! ip link show alice0 2>/dev/null");
	assert_int_equal(comp_open_fds(), before);
}

static void no_privileges(void **state)
{
	(void)state;
	net_need();
	net_refused_as_nobody(cfg, "run weir as root");
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, comp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(interface_is_up_with_the_ports_mtu),
		test(addresses_of_the_topology),
		test(in_a_named_namespace),
		test(frames_both_ways),
		test(bursts_both_ways),
		test(vlan_tag_stays),
		test(kernel_completes_checksums),
		test(kernel_segments),
		test(frames_too_long_for_the_port),
		test(interface_down_and_up),
		test(carrier_and_name),
		test(moved_to_another_namespace),
		test(interface_deleted),
		test(hc28_switch_returns_nothing),
		test(link_down_and_up),
		test(name_in_use),
		test(prepared_interface),
		test(no_such_namespace),
		test(impossible_name),
		test(failed_open_leaves_nothing),
		test(no_privileges),
	};

	return cmocka_run_group_tests_name("tap port", tests, net_setup, NULL);
}
