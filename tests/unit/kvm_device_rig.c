/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/kvm_device_rig.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY 5u

struct device_rig kd;

int kd_begin(void **state)
{
	(void)state;
	kd.process = -1;
	kd.ram_fd = memfd_create("ram", MFD_CLOEXEC);
	assert_int_equal(ftruncate(kd.ram_fd, KD_SIZE), 0);
	kd.ram = (struct guest_region){
		.start = KD_START,
		.size = KD_SIZE,
		.host = mmap(NULL, KD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			     kd.ram_fd, 0),
		.writable = true,
	};
	assert_ptr_not_equal(kd.ram.host, MAP_FAILED);
	return 0;
}

int kd_end(void **state)
{
	(void)state;
	munmap(kd.ram.host, KD_SIZE);
	close(kd.ram_fd);
	if (kd.process >= 0)
		close(kd.process);
	return 0;
}

/* --- a driver ----------------------------------------------------------- */

uint32_t kd_read(struct virtio_device *d, uint64_t offset)
{
	uint32_t value = 0;

	virtio_device_read(d, offset, &value, sizeof(value));
	return value;
}

void kd_write(struct virtio_device *d, uint64_t offset, uint32_t value)
{
	virtio_device_write(d, offset, &value, sizeof(value));
}

uint64_t kd_offers(struct virtio_device *d)
{
	uint64_t offers;

	kd_write(d, MMIO_OFFERS_SEL, 1);
	offers = (uint64_t)kd_read(d, MMIO_OFFERS) << 32;
	kd_write(d, MMIO_OFFERS_SEL, 0);
	return offers | kd_read(d, MMIO_OFFERS);
}

static void set_address(struct virtio_device *d, uint64_t offset,
			uint32_t address)
{
	kd_write(d, offset, address);
	kd_write(d, offset + 4, 0);
}

void kd_drive(struct virtio_device *d, uint64_t features, unsigned int queue,
	      uint32_t size)
{
	const uint32_t at = (uint32_t)KD_START + KD_QUEUE;
	uint32_t status = MMIO_ACKNOWLEDGE | MMIO_HAS_DRIVER;

	kd_write(d, MMIO_STATUS, 0);
	kd_write(d, MMIO_STATUS, status);
	kd_write(d, MMIO_ACCEPTS_SEL, 1);
	kd_write(d, MMIO_ACCEPTS, (uint32_t)(features >> 32));
	kd_write(d, MMIO_ACCEPTS_SEL, 0);
	kd_write(d, MMIO_ACCEPTS, (uint32_t)features);
	kd_write(d, MMIO_STATUS, status |= MMIO_FEATURES_OK);
	assert_int_equal(kd_read(d, MMIO_STATUS), status);
	kd_write(d, MMIO_QUEUE_SEL, queue);
	kd_write(d, MMIO_QUEUE_SIZE, size);
	set_address(d, MMIO_RING_DESC, at);
	set_address(d, MMIO_RING_DRIVER, at + 0x1000);
	set_address(d, MMIO_RING_DEVICE, at + 0x2000);
	kd_write(d, MMIO_QUEUE_READY, 1);
	kd_write(d, MMIO_STATUS, status | MMIO_DRIVER_OK);
}

uint64_t kd_interrupts(const struct virtio_device *d)
{
	uint64_t n = 0;

	return read(d->irq, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/* --- a process ---------------------------------------------------------- */

static void answer(uint32_t request, const void *body, uint32_t size, int fd)
{
	uint32_t head[3] = { request, REPLY, size };
	struct iovec iov[] = { { head, sizeof(head) },
			       { (void *)(uintptr_t)body, size } };
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
	}
	assert_int_equal(sendmsg(kd.process, &m, 0), sizeof(head) + size);
}

bool kd_arrive(struct front_device *d, const struct kd_answers *a)
{
	const uint64_t inflight[3] = { 4096, 0, 0 };
	uint32_t config[3 + FRONT_CONFIG / 4] = { 0, a->bytes, 0 };
	int pair[2];

	if (kd.process >= 0)
		close(kd.process);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	kd.process = pair[0];
	answer(1, &a->features, sizeof(a->features), -1);
	if (a->protocol != 0)
		answer(15, &a->protocol, sizeof(a->protocol), -1);
	if (a->config != NULL) {
		memcpy(&config[3], a->config, a->bytes);
		answer(24, config, 12 + a->bytes, -1);
	}
	if (a->inflight >= 0)
		answer(31, inflight, sizeof(inflight), a->inflight);
	return front_device_connect(d, pair[1]);
}

int kd_hear(uint32_t request, uint64_t body[8])
{
	char control[CMSG_SPACE(sizeof(int))];
	uint32_t head[3];
	struct iovec iov = { head, sizeof(head) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	const struct cmsghdr *c;
	int fd = -1;

	assert_int_equal(recvmsg(kd.process, &m, MSG_DONTWAIT), sizeof(head));
	assert_int_equal(head[0], request);
	c = CMSG_FIRSTHDR(&m);
	if (c != NULL)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	memset(body, 0, 64);
	assert_true(head[2] <= 128);
	if (head[2] > 0) {
		uint8_t all[128];

		assert_int_equal(recv(kd.process, all, head[2], MSG_DONTWAIT),
				 head[2]);
		memcpy(body, all, head[2] < 64 ? head[2] : 64);
	}
	return fd;
}
