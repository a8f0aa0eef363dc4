/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM as a vhost-user front-end: what it says, in which order, and devices
 * that lie, die or come back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "vmm/kvm/vhost_front.h"

#define RAM_SIZE 0x10000u
#define RAM_START 0x40000000ull
#define FEATURES 0x123456789ull

enum { GET_FEATURES = 1, SET_FEATURES, SET_OWNER, SET_MEM_TABLE = 5 };
enum { NUM = 8, ADDR, BASE, GET_BASE, KICK, CALL };

static struct vhost_front front;
static int device; /* the other end */

/* --- the device --------------------------------------------------------- */

struct said {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
	uint64_t body[8];
};

/* What the front-end has said next. Return: the descriptor that came, or -1. */
static int hear(uint32_t request, struct said *s)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec head = { s, 12 };
	struct msghdr m = { .msg_iov = &head,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int fd = -1;

	assert_int_equal(recvmsg(device, &m, MSG_DONTWAIT), 12);
	assert_int_equal(s->request, request);
	assert_int_equal(s->flags, 1);
	c = CMSG_FIRSTHDR(&m);
	if (c != NULL)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	assert_true(s->size <= sizeof(s->body));
	/* To receive nothing would take the next one's descriptor. */
	if (s->size > 0)
		assert_int_equal(recv(device, s->body, s->size, MSG_DONTWAIT),
				 s->size);
	return fd;
}

static void reply(uint32_t request, uint64_t value)
{
	const struct {
		uint32_t head[3];
		uint64_t value;
	} __attribute__((packed)) r = { { request, 5, 8 }, value };

	assert_int_equal(send(device, &r, sizeof(r), 0), sizeof(r));
}

/* A new device, which has answered already. */
static bool arrive(const void *answer, size_t size)
{
	int pair[2];

	if (device >= 0)
		close(device);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	device = pair[0];
	assert_int_equal(send(device, answer, size, 0), size);
	return front_connect(&front, pair[1]);
}

static bool arrive_well(void)
{
	const struct {
		uint32_t head[3];
		uint64_t value;
	} __attribute__((packed)) r = { { GET_FEATURES, 5, 8 }, FEATURES };

	return arrive(&r, sizeof(r));
}

static int setup(void **state)
{
	int file = memfd_create("ram", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(file, RAM_SIZE), 0);
	device = -1;
	front = (struct vhost_front){
		.fd = -1,
		.queues = 2,
		.answer_s = 1,
		.inflight = { .fd = -1 },
		.ram_fd = file,
		.ram = { .start = RAM_START,
			 .size = RAM_SIZE,
			 .host = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
				      MAP_SHARED, file, 0),
			 .writable = true },
		.call = eventfd(0, EFD_NONBLOCK),
		.kick = { eventfd(0, EFD_NONBLOCK), eventfd(0, EFD_NONBLOCK) },
	};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	munmap(front.ram.host, RAM_SIZE);
	close(front.ram_fd);
	close(front.call);
	close(front.kick[0]);
	close(front.kick[1]);
	if (front.fd >= 0)
		close(front.fd);
	if (device >= 0)
		close(device);
	return 0;
}

/* A descriptor that was sent is this eventfd of ours. */
static void assert_same(int sent, int eventfd)
{
	uint64_t value = 7;

	assert_int_equal(write(sent, &value, sizeof(value)), sizeof(value));
	value = 0;
	assert_int_equal(read(eventfd, &value, sizeof(value)), sizeof(value));
	assert_int_equal(value, 7);
	close(sent);
}

/* --- what it says ------------------------------------------------------- */

static void memory_is_shared_at_once(void **state)
{
	struct said s;
	int fd;

	(void)state;
	assert_true(arrive_well());
	assert_int_equal(front.offers, FEATURES);
	hear(GET_FEATURES, &s);
	hear(SET_OWNER, &s);
	fd = hear(SET_MEM_TABLE, &s);
	assert_int_equal(s.body[0], 1);
	assert_int_equal(s.body[1], RAM_START);
	assert_int_equal(s.body[2], RAM_SIZE);
	assert_int_equal(s.body[3], RAM_START);
	assert_int_equal(s.body[4], 0);
	/* It is the guest's memory. */
	front.ram.host[5] = 42;
	assert_int_equal(pread(fd, s.body, 1, 5), 1);
	assert_int_equal(*(uint8_t *)s.body, 42);
	close(fd);
}

static const struct vq_config config = { .size = 64,
					 .desc = RAM_START,
					 .driver = RAM_START + 0x1000,
					 .device = RAM_START + 0x2000 };

static void hear_beginning(void)
{
	struct said s;

	hear(GET_FEATURES, &s);
	hear(SET_OWNER, &s);
	close(hear(SET_MEM_TABLE, &s));
}

/* A queue, and where it goes on: what the device has given back so far. */
static void hear_start(unsigned int queue, uint16_t next)
{
	struct said s;

	hear(SET_FEATURES, &s);
	assert_int_equal(s.body[0], 0x77);
	hear(NUM, &s);
	assert_int_equal(s.body[0], 64ull << 32 | queue);
	hear(BASE, &s);
	assert_int_equal(s.body[0], (uint64_t)next << 32 | queue);
	hear(ADDR, &s);
	assert_int_equal(s.body[0], queue);
	assert_int_equal(s.body[1], config.desc);
	assert_int_equal(s.body[2], config.device);
	assert_int_equal(s.body[3], config.driver);
	assert_same(hear(CALL, &s), front.call);
	assert_same(hear(KICK, &s), front.kick[queue]);
	assert_int_equal(s.body[0], queue);
}

static void a_queue_goes_on_with_the_next_device(void **state)
{
	uint16_t *used = (uint16_t *)(void *)(front.ram.host + 0x2002);

	(void)state;
	assert_true(arrive_well());
	hear_beginning();
	front_start(&front, 1, &config, 0x77);
	hear_start(1, 0);
	*used = 4711;
	assert_true(arrive_well());
	hear_beginning();
	front_start(&front, 1, &config, 0x77);
	hear_start(1, 4711);
}

static void a_queue_outside_of_memory_begins_at_0(void **state)
{
	const struct vq_config far = { .size = 64, .device = RAM_START - 4 };
	struct said s;

	(void)state;
	assert_true(arrive_well());
	hear_beginning();
	front_start(&front, 0, &far, 0);
	hear(SET_FEATURES, &s);
	hear(NUM, &s);
	hear(BASE, &s);
	assert_int_equal(s.body[0], 0);
}

/* It is asked, and must say that it has stopped. */
static void a_stopped_queue_is_confirmed(void **state)
{
	struct said s;

	(void)state;
	assert_true(arrive_well());
	hear_beginning();
	reply(GET_BASE, 0);
	front_stop(&front, 1);
	hear(GET_BASE, &s);
	assert_int_equal(s.body[0], 1);
	assert_true(front.fd >= 0);
}

/* --- devices that lie, or die ------------------------------------------- */

static void answers_that_are_none(void **state)
{
	static const uint32_t bad[][5] = {
		{ 2, 5, 8, 1, 0 },	      /* to another request */
		{ GET_FEATURES, 1, 8, 1, 0 }, /* not an answer */
		{ GET_FEATURES, 5, 4, 1, 0 }, /* of another size */
		{ GET_FEATURES, 6, 8, 1, 0 }, /* of another version */
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(arrive(bad[i], sizeof(bad[i])));
		assert_int_equal(front.fd, -1);
		assert_int_equal(front.offers, 0);
	}
	/* Too short. */
	assert_false(arrive(bad[0], 8));
}

static void a_device_that_is_gone(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[0]);
	assert_false(front_connect(&front, pair[1]));
	assert_int_equal(front.fd, -1);
	/* Nothing is said to nobody. */
	front_start(&front, 0, &config, 0);
	front_stop(&front, 0);
	assert_true(arrive_well());
	close(device);
	device = -1;
	front_start(&front, 0, &config, 0);
	assert_int_equal(front.fd, -1);
	assert_true(arrive_well());
}

/* It reads nothing: its socket fills, and nobody waits for it. */
static void a_device_that_does_not_listen(void **state)
{
	unsigned int tries = 0;

	(void)state;
	assert_true(arrive_well());
	while (front.fd >= 0 && tries++ < 100000)
		front_start(&front, 0, &config, 0);
	assert_int_equal(front.fd, -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_is_shared_at_once),
		TEST(a_queue_goes_on_with_the_next_device),
		TEST(a_queue_outside_of_memory_begins_at_0),
		TEST(a_stopped_queue_is_confirmed),
		TEST(answers_that_are_none),
		TEST(a_device_that_is_gone),
		TEST(a_device_that_does_not_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
