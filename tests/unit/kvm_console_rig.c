/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/kvm_console_rig.h"

struct console_rig con;

static void con_say(void *ctx, const char *line)
{
	struct console_rig *r = ctx;
	size_t used = strlen(r->out);

	assert_true(strlen(line) <= CONSOLE_LINE);
	r->lines++;
	if (used + strlen(line) + 2 < sizeof(r->out))
		sprintf(r->out + used, "%s|", line);
}

void con_write(uint64_t offset, uint32_t value)
{
	virtio_device_write(&con.c.dev, offset, &value, sizeof(value));
}

uint32_t con_read(uint64_t offset)
{
	uint32_t value = 0;

	virtio_device_read(&con.c.dev, offset, &value, sizeof(value));
	return value;
}

void con_queue(uint32_t queue, uint32_t num, uint64_t desc, uint64_t avail,
	       uint64_t used)
{
	con_write(VIRTIO_MMIO_QUEUE_SEL, queue);
	con_write(VIRTIO_MMIO_QUEUE_NUM, num);
	con_write(VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)desc);
	con_write(VIRTIO_MMIO_QUEUE_DESC_HIGH, (uint32_t)(desc >> 32));
	con_write(VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)avail);
	con_write(VIRTIO_MMIO_QUEUE_AVAIL_HIGH, (uint32_t)(avail >> 32));
	con_write(VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)used);
	con_write(VIRTIO_MMIO_QUEUE_USED_HIGH, (uint32_t)(used >> 32));
	con_write(VIRTIO_MMIO_QUEUE_READY, 1);
}

void con_negotiate(void)
{
	con_write(VIRTIO_MMIO_STATUS, 0);
	con_write(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	con_write(VIRTIO_MMIO_STATUS, 3);
	con_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	con_write(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	con_write(VIRTIO_MMIO_STATUS, 11);
}

void con_start(void)
{
	con_negotiate();
	con_queue(1, NUM, BASE + DESC, BASE + AVAIL, BASE + USED);
	con_write(VIRTIO_MMIO_STATUS, 15);
}

int con_setup(void **state)
{
	(void)state;
	memset(&con, 0, sizeof(con));
	con.c.dev.memory.n = 1;
	con.c.dev.memory.region[0] =
		(struct guest_region){ BASE, RAM_SIZE, con.ram, true };
	con.c.dev.irq = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	con.c.say = con_say;
	con.c.ctx = &con;
	console_init(&con.c);
	con_start();
	return 0;
}

int con_teardown(void **state)
{
	(void)state;
	close(con.c.dev.irq);
	return 0;
}

/* --- what a driver does ------------------------------------------------- */

struct vring_desc *con_desc(unsigned int i)
{
	return (struct vring_desc *)(void *)(con.ram + DESC) + i;
}

void con_set(unsigned int i, uint64_t addr, uint32_t len, uint16_t flags,
	     uint16_t next)
{
	*con_desc(i) = (struct vring_desc){
		.addr = addr, .len = len, .flags = flags, .next = next
	};
}

uint16_t *con_avail(void)
{
	return (uint16_t *)(void *)(con.ram + AVAIL);
}

uint16_t con_used(void)
{
	return ((uint16_t *)(void *)(con.ram + USED))[1];
}

void con_offer(uint16_t head)
{
	uint16_t *a = con_avail();

	a[2 + a[1] % NUM] = head;
	a[1]++;
}

void con_text(unsigned int i, uint32_t at, const char *text, uint16_t flags,
	      uint16_t next)
{
	memcpy(con.ram + at, text, strlen(text));
	con_set(i, BASE + at, (uint32_t)strlen(text), flags, next);
}

uint64_t con_interrupts(void)
{
	uint64_t n = 0;

	return read(con.c.dev.irq, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

unsigned int con_serve(void)
{
	unsigned int n = 1;

	while (console_work(&con.c))
		assert_true(n++ < 10000);
	return n;
}

int con_stopped(void)
{
	return (con_read(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET) !=
	       0;
}
