/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM's card with a system call per frame: one end of a veth pair, in a
 * network of the test's own, under the real loop.
 */
#include "tests/unit/net_rig.h"
#include "tests/unit/driver_rig.h"

#include <sys/epoll.h>

#include "driver_vm/net_socket.h"
#include "driver_vm/rtlink.h"

static struct event_loop loop;
static struct net_socket card;
static struct rtlink link_of;
static struct driver_rig *rig;
static uint8_t frame[16384];
static uint8_t got[16384];
static int far;

/* --- the rig ------------------------------------------------------------ */

static int setup(void **state)
{
	(void)state;
	rig = NULL;
	net_add_veth();
	return 0;
}

static void open_card(void)
{
	const struct net_config c = { .max_frame = D_MAX_FRAME };

	net_need();
	assert_int_equal(event_init(&loop), 0);
	assert_int_equal(rtlink_find(&link_of, "nic0"), 0);
	assert_int_equal(
		net_socket_open(&card, &loop, link_of.index, "nic0", &c), 0);
	net_await_carrier("", "far0");
	rig = d_make(&card.iface.card, false);
	d_up(rig);
	far = net_station("far0");
}

static int teardown(void **state)
{
	(void)state;
	if (rig != NULL) {
		close(card.iface.rx.fd);
		close(card.iface.tx.fd);
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

static size_t hear(void)
{
	size_t n;

	until((n = net_hear(far, got, sizeof(got))) > 0);
	return n;
}

/* --- frames ------------------------------------------------------------- */

static void frames_both_ways(void **state)
{
	static const uint16_t lens[] = { 14, 60, 64, 1514 };
	struct net_desc d;

	(void)state;
	open_card();
	d_lend(rig, 0, D_CAPACITY);
	for (unsigned int i = 0; i < 4; i++) {
		comes(lens[i], i);
		taken(lens[i], i);
		d_send(rig, i, lens[i], i + 1);
		turn();
		assert_true(d_take(&rig->tx_free, &d));
		d_is_frame(got, hear(), lens[i], i + 1);
	}
	/* What it sends does not come back to it. */
	turn();
	assert_false(has_received());
	assert_int_equal(rig->net.count.bad_descriptors, 0);
	assert_int_equal(card.iface.card.failed, 0);
	assert_int_equal(card.iface.card.mtu, 1500);
	comp_shell(
		"ip -d -o link show nic0 | grep -q 'mtu 1500 .*promiscuity 1'");
}

/* That is what it is for. */
static void one_call_for_each_frame(void **state)
{
	struct net_desc d;
	uint64_t before;

	(void)state;
	open_card();
	d_lend(rig, 0, D_CAPACITY);
	turn();
	before = loop.syscalls;
	for (unsigned int i = 0; i < 50; i++)
		d_send(rig, i, 60, i);
	d_run(rig);
	assert_int_equal(loop.syscalls, before + 50);
	for (unsigned int i = 0; i < 50; i++) {
		assert_true(d_take(&rig->tx_free, &d));
		d_is_frame(got, hear(), 60, i);
	}
	for (unsigned int i = 0; i < 50; i++)
		comes(60, i);
	before = loop.syscalls;
	until(queue_pending(&rig->rx_active) == 50);
	for (unsigned int i = 0; i < 50; i++)
		d_received(rig, 60, i);
	assert_true(loop.syscalls >= before + 50);
	/* None to see that there are no more, having been told so once. */
	before = loop.syscalls;
	d_run(rig);
	assert_int_equal(loop.syscalls, before);
	assert_int_equal(rig->net.count.rx_frames, 50);
}

/* --- what the kernel sets apart ----------------------------------------- */

/* Also if the frame is looked at more than once before there is a buffer. */
static void vlan_tags_go_back_in(void **state)
{
	static const char *const tags[] = { "\x81\x00\x60\x07",
					    "\x88\xa8\x6f\xfe" };
	struct net_desc d;

	(void)state;
	open_card();
	for (unsigned int i = 0; i < 2; i++) {
		d_frame(frame, 64, 9);
		memmove(frame + 16, frame + 12, 48);
		memcpy(frame + 12, tags[i], 4);
		net_say(far, frame, 64);
		until(rig->net.starved);
		turn();
		d_lend(rig, i, 1);
		until(has_received());
		assert_true(d_take(&rig->rx_active, &d));
		assert_int_equal(d.len, 64);
		assert_memory_equal(rig->config.receive + d.io_or_offset, frame,
				    64);
	}
}

/* --- limits ------------------------------------------------------------- */

/* Frames wait in the socket, what does not fit is counted, nothing spins. */
static void what_the_socket_cannot_hold(void **state)
{
	unsigned int held = 1;
	int small = 1;

	(void)state;
	open_card();
	assert_int_equal(setsockopt(card.iface.rx.fd, SOL_SOCKET, SO_RCVBUF,
				    &small, sizeof(small)),
			 0);
	for (unsigned int i = 0; i < 100; i++)
		comes(1000, i);
	until(rig->net.starved);
	assert_int_equal(event_wait(&loop, false), 0);
	d_lend(rig, 0, D_CAPACITY - 1);
	turn();
	for (; has_received(); held++)
		d_received(rig, 1000, held - 1);
	held--;
	assert_true(held > 0 && held < 100);
	/* One more tells of those lost. */
	comes(1000, 5);
	until(has_received());
	d_received(rig, 1000, 5);
	assert_int_equal(card.iface.card.lost, 100 - held);
}

static void too_long_for_the_interface(void **state)
{
	(void)state;
	open_card();
	d_send(rig, 0, D_MAX_FRAME, 0);
	d_send(rig, 1, 1514, 1);
	turn();
	d_is_frame(got, hear(), 1514, 1);
	assert_int_equal(card.iface.card.failed, 1);
}

/* Longer than the port's: not cut to size. */
static void too_long_for_the_port(void **state)
{
	(void)state;
	net_need();
	open_card();
	d_lend(rig, 0, D_CAPACITY);
	comp_shell("ip link set nic0 mtu 4000 && ip link set far0 mtu 4000");
	comes(3000, 1);
	comes(60, 2);
	taken(60, 2);
	assert_int_equal(rig->net.count.rx_refused, 1);
}

/*
 * A card that takes no more: frames stay, and go on when there is room.  A pair
 * of sockets stands in for one, as veth has room always.
 */
static void a_slow_card(void **state)
{
	int pair[2];

	(void)state;
	open_card();
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				    0, pair),
			 0);
	assert_true(dup2(pair[0], card.iface.tx.fd) >= 0);
	assert_int_equal(event_add(&loop, &card.iface.tx, 0), 0);
	for (unsigned int i = 0; i < 100; i++)
		d_send(rig, i, 1514, i);
	d_run(rig);
	assert_false(card.iface.card.writable);
	assert_int_equal(card.iface.tx.events, EPOLLOUT);
	/* It does not spin meanwhile. */
	assert_int_equal(event_wait(&loop, false), 0);
	for (unsigned int i = 0; i < 100; i++) {
		until(recv(pair[1], got, sizeof(got), MSG_PEEK) > 0);
		d_is_frame(got, (size_t)recv(pair[1], got, sizeof(got), 0),
			   1514, i);
	}
	turn();
	assert_int_equal(queue_pending(&rig->tx_free), 100);
	assert_int_equal(card.iface.card.failed, 0);
	assert_int_equal(card.iface.tx.events, 0);
	close(pair[0]);
	close(pair[1]);
}

/* --- the interface ------------------------------------------------------ */

static void down_up_and_gone(void **state)
{
	struct net_desc d;

	(void)state;
	open_card();
	for (unsigned int i = 0; i < 2; i++) {
		comp_shell("ip link set nic0 down");
		d_send(rig, i, 60, i);
		turn();
		assert_true(d_take(&rig->tx_free, &d));
		assert_int_equal(card.iface.card.failed, i + 1);
		comp_shell("ip link set nic0 up");
		net_await_carrier("", "nic0");
		net_await_carrier("", "far0");
		d_send(rig, i, 60, i);
		turn();
		assert_true(d_take(&rig->tx_free, &d));
		d_is_frame(got, hear(), 60, i);
		d_lend(rig, i, 1);
		comes(60, i + 5);
		until(has_received());
		d_received(rig, 60, i + 5);
	}
	comp_shell("ip link del nic0");
	until((rtlink_read(&link_of), link_of.gone));
	/* It does not spin over what the sockets say of that. */
	turn();
	assert_int_equal(event_wait(&loop, false), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_both_ways),
		TEST(one_call_for_each_frame),
		TEST(vlan_tags_go_back_in),
		TEST(what_the_socket_cannot_hold),
		TEST(too_long_for_the_interface),
		TEST(too_long_for_the_port),
		TEST(a_slow_card),
		TEST(down_up_and_gone),
	};

	return cmocka_run_group_tests(tests, net_setup_veth, NULL);
}
