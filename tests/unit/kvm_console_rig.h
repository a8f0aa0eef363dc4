/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest for the console, made by hand: RAM, a driver that sets the device up,
 * and lines that come out.
 */
#ifndef WEIR_TESTS_UNIT_KVM_CONSOLE_RIG_H
#define WEIR_TESTS_UNIT_KVM_CONSOLE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/kvm/console.h"

#define BASE 0x80000000ull
#define RAM_SIZE 0x40000u
#define NUM 16u
/* Where the driver keeps its queue, and its text. */
#define DESC 0x1000u
#define AVAIL 0x2000u
#define USED 0x3000u
#define TEXT 0x10000u

/**
 * struct console_rig - a guest with a console
 * @out:   lines so far, each ended by '|'
 * @lines: how many
 */
struct console_rig {
	struct console c;
	_Alignas(4096) uint8_t ram[RAM_SIZE];
	char out[65536];
	size_t lines;
};

static struct console_rig rig;

static void rig_say(void *ctx, const char *line)
{
	struct console_rig *r = ctx;
	size_t used = strlen(r->out);

	assert_true(strlen(line) <= CONSOLE_LINE);
	r->lines++;
	if (used + strlen(line) + 2 < sizeof(r->out))
		sprintf(r->out + used, "%s|", line);
}

static void rig_write(uint64_t offset, uint32_t value)
{
	console_write(&rig.c, offset, &value, sizeof(value));
}

static uint32_t rig_read(uint64_t offset)
{
	uint32_t value = 0;

	console_read(&rig.c, offset, &value, sizeof(value));
	return value;
}

static void rig_queue(uint32_t queue, uint32_t num, uint64_t desc,
		      uint64_t avail, uint64_t used)
{
	rig_write(VIRTIO_MMIO_QUEUE_SEL, queue);
	rig_write(VIRTIO_MMIO_QUEUE_NUM, num);
	rig_write(VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)desc);
	rig_write(VIRTIO_MMIO_QUEUE_DESC_HIGH, (uint32_t)(desc >> 32));
	rig_write(VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)avail);
	rig_write(VIRTIO_MMIO_QUEUE_AVAIL_HIGH, (uint32_t)(avail >> 32));
	rig_write(VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)used);
	rig_write(VIRTIO_MMIO_QUEUE_USED_HIGH, (uint32_t)(used >> 32));
	rig_write(VIRTIO_MMIO_QUEUE_READY, 1);
}

/* Up to FEATURES_OK, as virtio wants it. */
static void rig_negotiate(void)
{
	rig_write(VIRTIO_MMIO_STATUS, 0);
	rig_write(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	rig_write(VIRTIO_MMIO_STATUS, 3);
	rig_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	rig_write(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	rig_write(VIRTIO_MMIO_STATUS, 11);
}

static void rig_start(void)
{
	rig_negotiate();
	rig_queue(1, NUM, BASE + DESC, BASE + AVAIL, BASE + USED);
	rig_write(VIRTIO_MMIO_STATUS, 15);
}

static int rig_setup(void **state)
{
	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.c.ram = rig.ram;
	rig.c.base = BASE;
	rig.c.size = RAM_SIZE;
	rig.c.irq = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rig.c.say = rig_say;
	rig.c.ctx = &rig;
	console_init(&rig.c);
	rig_start();
	return 0;
}

static int rig_teardown(void **state)
{
	(void)state;
	close(rig.c.irq);
	return 0;
}

/* --- what a driver does ----------------------------------------------------- */

static struct vring_desc *rig_desc(unsigned int i)
{
	return (struct vring_desc *)(void *)(rig.ram + DESC) + i;
}

static void rig_set(unsigned int i, uint64_t addr, uint32_t len, uint16_t flags,
		    uint16_t next)
{
	*rig_desc(i) = (struct vring_desc){
		.addr = addr, .len = len, .flags = flags, .next = next
	};
}

static uint16_t *rig_avail(void)
{
	return (uint16_t *)(void *)(rig.ram + AVAIL);
}

static uint16_t rig_used(void)
{
	return ((uint16_t *)(void *)(rig.ram + USED))[1];
}

/* Make the chain that begins at @head available. */
static void rig_offer(uint16_t head)
{
	uint16_t *a = rig_avail();

	a[2 + a[1] % NUM] = head;
	a[1]++;
}

/* Put text at @at and describe it by descriptor @i. */
static void rig_text(unsigned int i, uint32_t at, const char *text,
		     uint16_t flags, uint16_t next)
{
	memcpy(rig.ram + at, text, strlen(text));
	rig_set(i, BASE + at, (uint32_t)strlen(text), flags, next);
}

/* Interrupts since the last call. */
static uint64_t rig_interrupts(void)
{
	uint64_t n = 0;

	return read(rig.c.irq, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/* Serve the queue until there is no more; how many visits that took. */
static unsigned int rig_serve(void)
{
	unsigned int n = 1;

	while (console_work(&rig.c))
		assert_true(n++ < 10000);
	return n;
}

static int rig_stopped(void)
{
	return (rig_read(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET) !=
	       0;
}

#endif
