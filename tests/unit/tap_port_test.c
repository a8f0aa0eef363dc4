/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tap port, with a real TAP interface in a network of the test's own.
 */
#include "tests/unit/nic_rig.h"
#include "vmm/linux/ports/open.h"

#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>

static uint8_t frame[65536];

/* --- the interface ------------------------------------------------------ */

static void interface_is_up_with_the_ports_mtu(void **state)
{
	struct comp *rig;

	(void)state;
	cfg->wire.max_frame = 9018;
	rig = tap_start();
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
	rig = tap_start();
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
	rig = tap_start();
	comp_shell("ip -n box -o link show alice0 up | grep -q 'mtu 1500'");
	comp_shell("! ip link show alice0 2>/dev/null");
	comp_free(rig);
	comp_shell("ip netns del box");
}

/* --- frames ------------------------------------------------------------- */

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
	struct comp *rig = tap_start();
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
	struct comp *rig = tap_start();
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

/* --- offloads ----------------------------------------------------------- */

static struct comp *whole_start(void)
{
	cfg->wire.offload = OFFLOAD_PORT | OFFLOAD_TAKES_ALL;
	cfg->wire.max_segment = SYS_MAX_SEGMENT;
	return tap_start();
}

/* The stack cuts what would not fit itself. */
static void segments_have_limits(void **state)
{
	(void)state;
	whole_start();
	comp_shell("ip -d -o link show alice0 | grep -q 'gso_max_size %u "
		   "gso_max_segs %u '",
		   SYS_MAX_SEGMENT, OFFLOAD_MAX_FRAMES);
}

/* The next IPv4 frame, which may have offload data. */
static size_t take_whole(struct comp *rig, struct offload *o)
{
	size_t n;

	do
		comp_until(rig, (n = comp_take_offload(rig, frame,
						       sizeof(frame), o)) > 0);
	while (frame[12] != 8 || frame[13] != 0);
	return n;
}

/* What is short is completed at once; the kernel left it, too. */
static void kernel_leaves_the_rest(void **state)
{
	int segment = 1000, udp;
	struct offload o;
	struct comp *rig;
	static uint8_t data[5500];

	(void)state;
	cfg->wire.max_frame = 9018;
	rig = whole_start();
	udp = udp_host();
	assert_int_equal(send(udp, data, 100, 0), 100);
	assert_udp(frame, take_whole(rig, &o), 100);
	assert_int_equal(o.flags, 0);
	assert_int_equal(send(udp, data, 3000, 0), 3000);
	assert_int_equal(take_whole(rig, &o), 3042);
	assert_int_equal(o.flags, OFFLOAD_CHECKSUM);
	if (setsockopt(udp, IPPROTO_UDP, 103 /* UDP_SEGMENT */, &segment,
		       sizeof(segment)) == 0) {
		assert_int_equal(send(udp, data, sizeof(data), 0),
				 sizeof(data));
		/* Before Linux 6.2 no segment of UDP is left. */
		if (take_whole(rig, &o) > 1042) {
			assert_int_equal(o.flags,
					 OFFLOAD_CHECKSUM | OFFLOAD_UDP);
			assert_int_equal(o.segment, 1000);
		}
	}
	close(udp);
}

/* A frame longer than the MTU that is no segment. */
static void long_frames_stay_refused(void **state)
{
	struct comp *rig = whole_start();
	int host = net_station("alice0");

	(void)state;
	comp_shell("ip link set alice0 mtu 9000");
	comp_frame(frame, 9014, 2);
	net_say(host, frame, 9014);
	comp_frame(frame, MAX_FRAME, 3);
	net_say(host, frame, MAX_FRAME);
	net_taken(rig, MAX_FRAME, 3);
	assert_int_equal(comp_dropped(rig, OUTSIDE_DROP_OVERSIZE), 1);
	assert_true(comp_logged(rig, "set a larger mtu for the port"));
	close(host);
}

/*
 * Whoever had a persistent TAP may have left it with several queues, a longer
 * header and other offloads.
 */
static void prepared_otherwise(void **state)
{
	const char *const how[] = { "", "multi_queue", "vnet_hdr" };
	struct comp *rig;

	(void)state;
	net_need_tun();
	for (int i = 0; i < 6; i++) {
		int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
		struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI |
						  IFF_VNET_HDR };
		int header = 12;

		comp_shell("ip tuntap add alice0 mode tap %s", how[i / 2]);
		if (i / 2 == 1)
			ifr.ifr_flags |= IFF_MULTI_QUEUE;
		strcpy(ifr.ifr_name, "alice0");
		assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
		assert_int_equal(ioctl(fd, TUNSETVNETHDRSZ, &header), 0);
		assert_int_equal(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM), 0);
		close(fd);
		cfg->wire.offload = 0;
		cfg->wire.max_segment = 0;
		rig = i % 2 ? whole_start() : tap_start();
		fd = net_station("alice0");
		comp_frame(frame, 60, 5);
		net_say(fd, frame, 60);
		net_taken(rig, 60, 5);
		comp_frame(frame, 60, 7);
		assert_true(comp_send(rig, frame, 60));
		net_hears(rig, fd, 60, 7);
		close(fd);
		comp_free(rig);
		comp_shell("ip link del alice0");
	}
}

/* --- what goes wrong ---------------------------------------------------- */

static void frames_too_long_for_the_port(void **state)
{
	struct comp *rig = tap_start();
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

static void carrier_and_name(void **state)
{
	struct comp *rig = tap_start();

	(void)state;
	if (system("ip link set alice0 carrier off 2>/dev/null") == 0) {
		comp_until(rig, comp_is(rig, OUTSIDE_NO_CARRIER));
		comp_shell("ip link set alice0 carrier on");
		comp_until(rig, comp_is(rig, OUTSIDE_UP));
	}
	comp_shell("ip link set alice0 down; ip link set alice0 name bob0");
	comp_until(rig,
		   comp_logged(rig, "interface alice0 is called bob0 now"));
}

/* Frames flow, also in the PD's next life. */
static void moved_to_another_namespace(void **state)
{
	struct comp *rig = tap_start();
	int fds[TAP_FDS];

	(void)state;
	comp_shell("ip netns add box && ip link set alice0 netns box"
		   " && ip -n box link set alice0 up");
	comp_until(rig,
		   comp_logged(rig, "alice0 was moved to another network"));
	comp_dup_fds(rig, fds);
	comp_free(rig);
	rig = comp_new(cfg);
	comp_start(rig, fds, TAP_FDS);
	assert_true(comp_is(rig, OUTSIDE_UP));
	comp_frame(frame, 60, 5);
	assert_true(comp_send(rig, frame, 60));
	comp_until(rig, system("ip -n box -s -j link show alice0 |"
			       " grep -q '\"rx\":{\"bytes\":60'") == 0);
	assert_int_equal(comp_dropped(rig, OUTSIDE_DROP_NOT_UP), 0);
	comp_shell("ip netns del box");
}

/* --- what open() refuses ------------------------------------------------ */

static void name_in_use(void **state)
{
	struct comp *rig = tap_start();

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
	rig = tap_start();
	comp_until(rig, comp_is(rig, OUTSIDE_UP));
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
	struct comp *rig = tap_start();

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
	comp_free(tap_start());
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

#define test(f) cmocka_unit_test_setup_teardown(f, tap_setup, comp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(interface_is_up_with_the_ports_mtu),
		test(addresses_of_the_topology),
		test(in_a_named_namespace),
		test(kernel_completes_checksums),
		test(kernel_segments),
		test(segments_have_limits),
		test(kernel_leaves_the_rest),
		test(long_frames_stay_refused),
		test(prepared_otherwise),
		test(frames_too_long_for_the_port),
		test(carrier_and_name),
		test(moved_to_another_namespace),
		test(name_in_use),
		test(prepared_interface),
		test(no_such_namespace),
		test(impossible_name),
		test(failed_open_leaves_nothing),
		test(no_privileges),
	};

	return cmocka_run_group_tests_name("tap port", tests, net_setup, NULL);
}
