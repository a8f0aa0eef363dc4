/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attach server against clients, most of them hostile.
 */
#include "tests/unit/monitor_rig.h"

#include "vmm/linux/monitor/attach_server.h"

FAKE_COMPONENTS;

static const char topology[] = "switch sw0 {\n"
			       "port a { attach \"@/a.sock\"; buffers 64 }\n"
			       "port b { attach \"@/b.sock\" }\n"
			       "}\n"
			       "allow a <-> b\n";

/* --- the server --------------------------------------------------------- */

static void test_hello_and_permissions(void **state)
{
	/* What each descriptor lets its holder map. */
	static const bool writable[] = {
		[ATTACH_FD_TX_ACTIVE] = true, [ATTACH_FD_TX_FREE] = true,
		[ATTACH_FD_RX_ACTIVE] = true, [ATTACH_FD_RX_FREE] = true,
		[ATTACH_FD_TX_DATA] = true,   [ATTACH_FD_RX_DATA] = false,
		[ATTACH_FD_LINK] = false,
	};
	struct rig *r = *state;
	struct rig_client c;
	char text[64];

	rig_start(r, topology);
	rig_attach(r, &c, "a.sock");
	assert_int_equal(c.hello.magic, ATTACH_MAGIC);
	assert_int_equal(c.hello.version, ATTACH_VERSION);
	assert_int_equal(c.hello.capacity, 64);
	assert_int_equal(c.hello.buffer_size, 2048);
	assert_int_equal(c.hello.max_frame, 1518);
	assert_int_equal(c.hello.tx_size, 64 * 2048);
	assert_int_equal(c.hello.rx_size, 64 * 2048);
	assert_string_equal(c.hello.port, "sw0.a");
	for (unsigned int i = 0; i <= ATTACH_FD_LINK; i++) {
		void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
				c.fd[i], 0);

		assert_int_equal(at != MAP_FAILED, writable[i]);
		assert_int_equal(ftruncate(c.fd[i], 0), -1);
	}
	snprintf(text, sizeof(text), "sw0.a: attached by process %d",
		 (int)getpid());
	rig_expect(r, text, 1);
	rig_until(r, "sw0.a", "state", "up");
	rig_detach(&c);
	rig_until(r, "sw0.a", "state", "down");
	assert_int_equal(rig_count(r, "sw0.a: detached from process"), 0);
	rig_expect(r, "sw0.a: detached from process", 1);
	assert_int_equal(rig_stop(r), 0);
}

static void test_one_client_at_a_time(void **state)
{
	struct rig *r = *state;
	struct rig_client first, second;

	rig_start(r, topology);
	rig_attach(r, &first, "a.sock");
	second.sock = rig_connect(r, "a.sock", SOCK_SEQPACKET);
	rig_hello(&second);
	assert_int_equal(second.hello.status, -EBUSY);
	assert_int_equal(second.fd[0], -1);
	rig_ended(&second);
	close(second.sock);
	/* Another port is another matter; the first one is not disturbed. */
	rig_attach(r, &second, "b.sock");
	assert_int_equal(link_epoch(first.link), 1);
	rig_detach(&first);
	/* Waits in the backlog for the epoch to be over, then is served. */
	rig_attach(r, &first, "a.sock");
	while (link_epoch(first.link) != 3)
		poll(NULL, 0, 1);
	rig_detach(&first);
	rig_detach(&second);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void hc14_a_byte_ends_it(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	uint32_t epoch;

	rig_start(r, topology);
	rig_attach(r, &c, "a.sock");
	rig_until(r, "sw0.a", "state", "up");
	epoch = link_epoch(c.link);
	assert_int_equal(send(c.sock, "x", 1, 0), 1);
	rig_ended(&c);
	assert_int_equal(link_epoch(c.link), epoch + 1);
	rig_detach(&c);
	/* A descriptor sent to the monitor goes nowhere. */
	rig_attach(r, &c, "a.sock");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
}

static void hc16_a_successor_sees_nothing_of_its_predecessor(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	const char *rx;

	rig_start(r, topology);
	rig_attach(r, &c, "a.sock");
	/* Everything it may write, in every region. */
	for (unsigned int i = 0; i <= ATTACH_FD_TX_DATA; i++) {
		char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
				c.fd[i], 0);

		/* Poison; the fake switch takes no orders past 64 bytes. */
		memset(at + 64, 0xa5, 4096 - 64);
		munmap(at, 4096);
	}
	/* And what the switch has delivered to it: an order, for our part. */
	rig_order(&c, "kill 0");
	rx = mmap(NULL, 4096, PROT_READ, MAP_SHARED, c.fd[ATTACH_FD_RX_DATA],
		  0);
	while (*(volatile const char *)rx == 0)
		poll(NULL, 0, 1);
	munmap((void *)(uintptr_t)rx, 4096);
	rig_detach(&c);
	rig_attach(r, &c, "a.sock");
	for (unsigned int i = 0; i <= ATTACH_FD_RX_DATA; i++) {
		static const char zero[4096];
		char *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, c.fd[i], 0);

		assert_memory_equal(at, zero, sizeof(zero));
		munmap(at, 4096);
	}
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void hc14_a_client_cannot_make_the_monitor_wait(void **state)
{
	struct rig *r = *state;
	const uint64_t most = UINT64_MAX - 1;
	uint64_t count;
	struct rig_client c;

	rig_start(r, topology);
	rig_attach(r, &c, "a.sock");
	/* Blocking descriptors, a full counter, notifications left behind. */
	fcntl(c.fd[ATTACH_FD_WAIT], F_SETFL, 0);
	while (read(c.fd[ATTACH_FD_RING], &count, sizeof(count)) > 0)
		;
	assert_int_equal(write(c.fd[ATTACH_FD_RING], &most, sizeof(most)),
			 sizeof(most));
	fcntl(c.fd[ATTACH_FD_RING], F_SETFL, 0);
	close(c.sock);
	c.sock = rig_connect(r, "a.sock", SOCK_SEQPACKET);
	/* The old descriptors are still open while the next one attaches. */
	for (unsigned int i = 0; i < ATTACH_FDS; i++)
		close(c.fd[i]);
	rig_hello(&c);
	assert_int_equal(c.hello.status, 0);
	assert_true(fcntl(c.fd[ATTACH_FD_WAIT], F_GETFL) & O_NONBLOCK);
	rig_until(r, "sw0.a", "state", "up");
	munmap(c.order, c.hello.tx_size);
	munmap((void *)(uintptr_t)c.link, 4096);
	c.order = NULL;
	c.link = NULL;
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
}

static void hc20_hostile_sessions_leave_no_descriptor(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	unsigned int before, peak = 0;

	rig_start(r, topology);
	rig_attach(r, &c, "b.sock");
	rig_until(r, "sw0.b", "state", "up");
	before = rig_least_fds(r->pid);
	for (unsigned int i = 0; i < 1000; i++) {
		int fd = rig_connect(r, "a.sock", SOCK_SEQPACKET);

		/* Some say something, some take what they are sent, ... */
		if (i % 3 == 0)
			(void)!send(fd, "garbage", 7, MSG_NOSIGNAL);
		if (i % 5 == 0) {
			c.sock = fd;
			recv(fd, &c.hello, sizeof(c.hello), 0);
		}
		if (i % 100 == 99)
			peak = rig_fds(r->pid);
		/* ... the others leave it where it is, descriptors and all. */
		close(fd);
	}
	assert_true(peak <= before + ATTACH_FDS + 2);
	rig_until(r, "sw0.a", "state", "down");
	assert_int_equal(rig_least_fds(r->pid), before);
	/* Whoever was attached elsewhere still is; the port works. */
	assert_string_equal(rig_port(r, "sw0.b", "state"), "up");
	rig_attach(r, &c, "a.sock");
	rig_until(r, "sw0.a", "state", "up");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	assert_true(rig_count(r, "attached by") < 1000);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void hc20_a_crowd_is_turned_away(void **state)
{
	struct rig *r = *state;
	struct rig_client c, other;
	unsigned int before;
	int fd[64];

	rig_start(r, topology);
	rig_attach(r, &c, "a.sock");
	rig_until(r, "sw0.a", "state", "up");
	before = rig_least_fds(r->pid);
	for (size_t i = 0; i < sizeof(fd) / sizeof(fd[0]); i++)
		fd[i] = rig_connect(r, "a.sock", SOCK_SEQPACKET);
	/* Nobody of them reads; each has been told and closed. */
	for (size_t i = 0; i < sizeof(fd) / sizeof(fd[0]); i++) {
		other.sock = fd[i];
		rig_hello(&other);
		assert_int_equal(other.hello.status, -EBUSY);
		rig_ended(&other);
		close(fd[i]);
	}
	assert_int_equal(rig_least_fds(r->pid), before);
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_hello_and_permissions),
		rig_test(test_one_client_at_a_time),
		rig_test(hc14_a_byte_ends_it),
		rig_test(hc16_a_successor_sees_nothing_of_its_predecessor),
		rig_test(hc14_a_client_cannot_make_the_monitor_wait),
		rig_test(hc20_hostile_sessions_leave_no_descriptor),
		rig_test(hc20_a_crowd_is_turned_away),
	};

	return rig_main(argc, argv, "attach", tests,
			sizeof(tests) / sizeof(tests[0]));
}
