/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's virtio devices: random numbers, which it serves itself, and cards
 * and disks, which other processes serve.
 */
#include "tests/unit/kvm_device_rig.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "virtio/abi.h"
#include "virtio/blk.h"
#include "virtio/net.h"
#include "vmm/kvm/blk_device.h"
#include "vmm/kvm/net_device.h"
#include "vmm/kvm/rng_device.h"

enum { GET_FEATURES = 1, SET_FEATURES, SET_OWNER, SET_MEM_TABLE = 5 };
enum { NUM = 8, ADDR, BASE, GET_BASE, KICK, CALL };
enum { GET_PROTOCOL = 15, SET_PROTOCOL, GET_CONFIG = 24 };
enum { GET_INFLIGHT = 31, SET_INFLIGHT };

#define P_CONFIG (1ull << 9)
#define P_INFLIGHT (1ull << 12)

/* --- random numbers ----------------------------------------------------- */

static struct vq_desc *desc_of(unsigned int i)
{
	return (struct vq_desc *)(void *)(kd.ram.host + KD_QUEUE) + i;
}

static uint16_t *driver_ring(void)
{
	return (uint16_t *)(void *)(kd.ram.host + KD_QUEUE + 0x1000);
}

static const struct vq_used *device_ring(void)
{
	return (const void *)(kd.ram.host + KD_QUEUE + 0x2000);
}

/* The guest adds a buffer and rings. */
static void offer(struct rng_device *r, unsigned int i, uint16_t head)
{
	*desc_of(i) = (struct vq_desc){
		.addr = KD_START + KD_BUFFERS + i * 64,
		.len = 64,
		.flags = 2, /* for the device to write */
	};
	driver_ring()[2 + i] = head;
	driver_ring()[1] = (uint16_t)(i + 1);
	kd_write(&r->dev, MMIO_NOTIFY, 0);
}

static void begin_rng(struct rng_device *r)
{
	struct error err = { "" };

	memset(r, 0, sizeof(*r));
	assert_int_equal(rng_device_make(r, &kd.ram, &err), 0);
	assert_int_equal(kd_read(&r->dev, MMIO_DEVICE), 4);
	kd_drive(&r->dev, VQ_F_VERSION_1, 0, 8);
}

static void test_random_bytes(void **state)
{
	static const uint8_t none[64];
	static struct rng_device r;

	(void)state;
	begin_rng(&r);
	for (unsigned int i = 0; i < 2; i++) {
		const uint8_t *buffer = kd.ram.host + KD_BUFFERS + i * 64;

		offer(&r, i, (uint16_t)i);
		assert_int_equal(device_ring()->idx, i + 1);
		assert_memory_not_equal(buffer, none, sizeof(none));
		assert_int_equal(kd_interrupts(&r.dev), 1);
		assert_int_equal(kd_read(&r.dev, MMIO_INTERRUPT), MMIO_USED);
		kd_write(&r.dev, MMIO_INTERRUPT_ACK, MMIO_USED);
	}
	assert_memory_not_equal(kd.ram.host + KD_BUFFERS,
				kd.ram.host + KD_BUFFERS + 64, 64);
	close(r.dev.irq);
}

/* Hostile: a chain that is in no table; the device stops until it is reset. */
static void test_random_bytes_for_nobody(void **state)
{
	static struct rng_device r;

	(void)state;
	begin_rng(&r);
	offer(&r, 0, 8);
	assert_true(kd_read(&r.dev, MMIO_STATUS) & MMIO_NEEDS_RESET);
	assert_int_equal(kd_interrupts(&r.dev), 1);
	offer(&r, 1, 1);
	assert_int_equal(device_ring()->idx, 0);
	memset(kd.ram.host, 0, KD_SIZE);
	kd_drive(&r.dev, VQ_F_VERSION_1, 0, 8);
	offer(&r, 0, 0);
	assert_int_equal(device_ring()->idx, 1);
	close(r.dev.irq);
}

/* --- cards -------------------------------------------------------------- */

static void end_front(struct front_device *d)
{
	for (unsigned int i = 0; i < d->front.queues; i++)
		close(d->front.kick[i]);
	if (d->front.fd >= 0)
		close(d->front.fd);
	if (d->front.inflight.fd >= 0)
		close(d->front.inflight.fd);
	close(d->dev.irq);
	munmap(d->dev.shown, MMIO_SIZE);
}

static void begin_card(struct front_device *d)
{
	const struct net_device_config config = {
		.ram = kd.ram,
		.ram_fd = kd.ram_fd,
		.mac = 0x020000000007,
		.mtu = 9000,
	};
	struct error err = { "" };

	memset(d, 0, sizeof(*d));
	assert_int_equal(net_device_make(d, &config, &err), 0);
}

#define NET_OWN (NET_F_MAC | NET_F_STATUS | NET_F_MTU)
#define NET_OTHER (1ull << 15)
static const struct kd_answers card = {
	.features = VQ_F_VERSION_1 | VQ_F_PACKED | FRONT_F_PROTOCOL | NET_OTHER,
	.inflight = -1,
};

static void test_a_card_says_what_it_is(void **state)
{
	static struct front_device d;
	uint32_t generation;

	(void)state;
	begin_card(&d);
	assert_int_equal(kd_read(&d.dev, MMIO_DEVICE), 1);
	assert_int_equal(kd_read(&d.dev, MMIO_CONFIG), 0x00000002);
	/* The address's end, and no link. */
	assert_int_equal(kd_read(&d.dev, MMIO_CONFIG + 4), 0x0700);
	/* Pairs of queues, MTU. */
	assert_int_equal(kd_read(&d.dev, MMIO_CONFIG + 8), 9000u << 16 | 1);
	assert_true(kd_arrive(&d, &card));
	kd_drive(&d.dev, VQ_F_VERSION_1 | NET_F_STATUS, 0, 8);
	assert_int_equal(kd_interrupts(&d.dev), 0);
	generation = kd_read(&d.dev, MMIO_GENERATION);
	net_device_carrier(&d, true);
	assert_int_equal(kd_interrupts(&d.dev), 1);
	assert_int_equal(kd_read(&d.dev, MMIO_CONFIG + 4), 0x10700);
	assert_true(kd_read(&d.dev, MMIO_INTERRUPT) & MMIO_CHANGED);
	assert_int_not_equal(kd_read(&d.dev, MMIO_GENERATION), generation);
	/* The guest is told of changes only. */
	net_device_carrier(&d, true);
	assert_int_equal(kd_interrupts(&d.dev), 0);
	net_device_carrier(&d, false);
	assert_int_equal(kd_interrupts(&d.dev), 1);
	end_front(&d);
}

static void hear_card(uint64_t body[8])
{
	kd_hear(GET_FEATURES, body);
	kd_hear(SET_OWNER, body);
	close(kd_hear(SET_MEM_TABLE, body));
}

static void hear_queue(uint64_t body[8], unsigned int queue, uint64_t features)
{
	kd_hear(SET_FEATURES, body);
	assert_int_equal(body[0], features);
	kd_hear(NUM, body);
	assert_int_equal(body[0], 8ull << 32 | queue);
	kd_hear(BASE, body);
	kd_hear(ADDR, body);
	close(kd_hear(CALL, body));
	close(kd_hear(KICK, body));
}

/* The guest is offered what its process has, and what the registers have. */
static void test_a_card_that_comes_back(void **state)
{
	static struct front_device d;
	uint64_t body[8];

	(void)state;
	begin_card(&d);
	assert_false(front_device_connected(&d));
	assert_true(kd_arrive(&d, &card));
	assert_true(front_device_connected(&d));
	assert_int_equal(kd_offers(&d.dev),
			 VQ_F_VERSION_1 | NET_OTHER | NET_OWN);
	hear_card(body);
	kd_drive(&d.dev, VQ_F_VERSION_1 | NET_OTHER | NET_OWN, 1, 8);
	hear_queue(body, 1, VQ_F_VERSION_1 | NET_OTHER);
	/* Its process died: the next one goes on. */
	assert_true(kd_arrive(&d, &card));
	hear_card(body);
	hear_queue(body, 1, VQ_F_VERSION_1 | NET_OTHER);
	end_front(&d);
}

/* --- disks -------------------------------------------------------------- */

static void begin_disk(struct front_device *d)
{
	struct error err = { "" };

	memset(d, 0, sizeof(*d));
	assert_int_equal(blk_device_make(d, &kd.ram, kd.ram_fd, 3, &err), 0);
}

static struct kd_answers disk_of(const struct vblk_config *config, int inflight)
{
	return (struct kd_answers){
		.features = VQ_F_VERSION_1 | FRONT_F_PROTOCOL | VBLK_F_MQ,
		.protocol = P_CONFIG | P_INFLIGHT | 1,
		.config = config,
		.bytes = sizeof(*config),
		.inflight = inflight,
	};
}

/* It is as large as its process says, and has a queue for each processor. */
static void test_a_disk_says_what_it_is(void **state)
{
	static const struct vblk_config config = { .capacity = 2048,
						   .queues = 16 };
	static struct front_device d;
	struct vblk_config larger = config;
	struct kd_answers a = disk_of(&config, memfd_create("inflight", 0));

	(void)state;
	begin_disk(&d);
	assert_int_equal(kd_read(&d.dev, MMIO_DEVICE), 2);
	assert_true(kd_arrive(&d, &a));
	assert_int_equal(kd_offers(&d.dev), VQ_F_VERSION_1 | VBLK_F_MQ);
	assert_int_equal(kd_read(&d.dev, MMIO_CONFIG), 2048);
	assert_int_equal(kd_read(&d.dev, MMIO_CONFIG + 32) >> 16, 3);
	kd_drive(&d.dev, VQ_F_VERSION_1 | VBLK_F_MQ, 2, 8);
	/* The next one says the same, and then it has grown. */
	a.inflight = -1;
	assert_true(kd_arrive(&d, &a));
	assert_int_equal(kd_interrupts(&d.dev), 0);
	larger.capacity = 4096;
	a.config = &larger;
	assert_true(kd_arrive(&d, &a));
	assert_int_equal(kd_interrupts(&d.dev), 1);
	assert_int_equal(kd_read(&d.dev, MMIO_CONFIG), 4096);
	end_front(&d);
}

static uint64_t inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* What a process has begun is for the next; unless the guest resets it. */
static void test_a_disk_that_comes_back(void **state)
{
	static const struct vblk_config config = { .capacity = 2048 };
	const int inflight = memfd_create("inflight", MFD_CLOEXEC);
	static struct front_device d;
	struct kd_answers a = disk_of(&config, inflight);
	uint64_t body[8];
	int fd;

	(void)state;
	begin_disk(&d);
	assert_true(kd_arrive(&d, &a));
	kd_hear(GET_FEATURES, body);
	kd_hear(GET_PROTOCOL, body);
	kd_hear(SET_PROTOCOL, body);
	assert_int_equal(body[0], P_CONFIG | P_INFLIGHT);
	kd_hear(SET_OWNER, body);
	kd_hear(GET_CONFIG, body);
	close(kd_hear(SET_MEM_TABLE, body));
	kd_hear(GET_INFLIGHT, body);
	close(kd_hear(SET_INFLIGHT, body));
	kd_drive(&d.dev, VQ_F_VERSION_1, 0, 8);
	hear_queue(body, 0, VQ_F_VERSION_1);

	a.inflight = -1;
	assert_true(kd_arrive(&d, &a));
	kd_hear(GET_FEATURES, body);
	kd_hear(GET_PROTOCOL, body);
	kd_hear(SET_PROTOCOL, body);
	kd_hear(SET_OWNER, body);
	kd_hear(GET_CONFIG, body);
	close(kd_hear(SET_MEM_TABLE, body));
	fd = kd_hear(SET_INFLIGHT, body);
	assert_int_equal(inode(fd), inode(inflight));
	assert_int_equal(body[0], 4096);
	close(fd);
	hear_queue(body, 0, VQ_F_VERSION_1);

	/* It is gone when the guest resets: nothing of it is left. */
	close(kd.process);
	kd.process = -1;
	kd_write(&d.dev, MMIO_STATUS, 0);
	assert_int_equal(d.front.inflight.fd, -1);
	end_front(&d);
	close(inflight);
}

/* Hostile: what can be no disk is not connected, and the guest waits. */
static void test_what_is_no_disk(void **state)
{
	static const struct vblk_config config = { .capacity = 2048 };
	static struct front_device d;
	struct kd_answers a = disk_of(&config, -1);

	(void)state;
	begin_disk(&d);
	a.features &= ~FRONT_F_PROTOCOL;
	assert_false(kd_arrive(&d, &a));
	a = disk_of(&config, -1);
	a.protocol = P_CONFIG;
	assert_false(kd_arrive(&d, &a));
	a = disk_of(&config, -1);
	a.bytes = 60;
	assert_false(kd_arrive(&d, &a));
	/* A descriptor is missing. */
	a = disk_of(&config, -1);
	d.front.answer_s = 0;
	assert_false(kd_arrive(&d, &a));
	assert_false(front_device_connected(&d));
	end_front(&d);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, kd_begin, kd_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_random_bytes),
		TEST(test_random_bytes_for_nobody),
		TEST(test_a_card_says_what_it_is),
		TEST(test_a_card_that_comes_back),
		TEST(test_a_disk_says_what_it_is),
		TEST(test_a_disk_that_comes_back),
		TEST(test_what_is_no_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
