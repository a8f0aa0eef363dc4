/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Just enough of a virtio driver, in user space: registers by /dev/mem, rings
 * and buffers in pages whose guest addresses the kernel tells.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guests/attack.h"

/* What a device may take for a reset or a buffer, in milliseconds. */
#define PATIENCE 10000

/* A page that stays where it is, and where that is; 0: not known. */
static void *page(uint64_t *address)
{
	uint8_t *p = mmap(
		NULL, PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	*address = 0;
	if (pread(fd, &entry, sizeof(entry),
		  (off_t)((uintptr_t)p / PAGE * sizeof(entry))) ==
	    sizeof(entry))
		*address = (entry & ((1ull << 55) - 1)) * PAGE;
	close(fd);
	return p;
}

static bool ring_make(struct ring *r)
{
	bool made = true;

	r->desc = page(&r->page[0]);
	r->avail = page(&r->page[1]);
	r->used = page(&r->page[2]);
	for (unsigned int i = 0; i < SLOTS; i += 2) {
		r->buffer[i] = page(&r->at[i]);
		r->buffer[i + 1] = r->buffer[i] + BUFFER;
		r->at[i + 1] = r->at[i] + BUFFER;
		made &= r->at[i] != 0;
	}
	return made && r->page[0] != 0 && r->page[1] != 0 && r->page[2] != 0;
}

bool device_find(struct target *t, uint64_t address)
{
	int fd = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
	bool made = true;

	t->reg = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      (off_t)address);
	close(fd);
	for (unsigned int i = 0; i < t->rings; i++)
		made &= ring_make(&t->ring[i]);
	return made && t->reg != MAP_FAILED && device_reset(t);
}

uint32_t device_read(const struct target *t, uint32_t offset)
{
	return *(const volatile uint32_t *)(t->reg + offset);
}

void device_write(const struct target *t, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(t->reg + offset) = value;
}

bool device_reset(const struct target *t)
{
	device_write(t, MMIO_STATUS, 0);
	for (int i = 0; i < PATIENCE; i++) {
		if (device_read(t, MMIO_STATUS) == 0)
			return device_read(t, MMIO_MAGIC) == 0x74726976;
		usleep(1000);
	}
	return false;
}

static void write_address(const struct target *t, uint32_t at, uint64_t value)
{
	device_write(t, at, (uint32_t)value);
	device_write(t, at + 4, (uint32_t)(value >> 32));
}

void device_place(const struct target *t, unsigned int ring, uint32_t size,
		  const uint64_t where[3])
{
	device_write(t, MMIO_QUEUE_SEL, ring);
	device_write(t, MMIO_QUEUE_SIZE, size);
	write_address(t, MMIO_RING_DESC, where[0]);
	write_address(t, MMIO_RING_DRIVER, where[1]);
	write_address(t, MMIO_RING_DEVICE, where[2]);
	device_write(t, MMIO_QUEUE_READY, 1);
}

/* All its slots are buffers, for the device to read or to write. */
static void ring_clear(struct ring *r, bool reads)
{
	memset(r->desc, 0, PAGE);
	memset(r->avail, 0, PAGE);
	memset(r->used, 0, PAGE);
	r->made = 0;
	for (unsigned int i = 0; i < SLOTS; i++)
		r->desc[i] = (struct vq_desc){
			.addr = r->at[i],
			.len = BUFFER,
			.flags = reads ? 0 : VQ_DESC_WRITE,
		};
}

bool device_start(struct target *t, uint64_t features)
{
	uint32_t status = MMIO_ACKNOWLEDGE | MMIO_HAS_DRIVER;

	if (!device_reset(t))
		return false;
	device_write(t, MMIO_STATUS, status);
	for (uint32_t i = 0; i < 2; i++) {
		device_write(t, MMIO_OFFERS_SEL, i);
		device_write(t, MMIO_ACCEPTS_SEL, i);
		device_write(t, MMIO_ACCEPTS,
			     device_read(t, MMIO_OFFERS) &
				     (uint32_t)(features >> 32 * i));
	}
	status |= MMIO_FEATURES_OK;
	device_write(t, MMIO_STATUS, status);
	if (device_read(t, MMIO_STATUS) != status)
		return false;
	for (unsigned int i = 0; i < t->rings; i++) {
		ring_clear(&t->ring[i], i == t->send);
		device_place(t, i, SLOTS, t->ring[i].page);
	}
	device_write(t, MMIO_STATUS, status | MMIO_DRIVER_OK);
	return true;
}

void ring_offer(struct target *t, unsigned int ring, uint16_t head)
{
	struct ring *r = &t->ring[ring];

	r->avail->ring[r->made % SLOTS] = head;
	atomic_store(&r->avail->idx, ++r->made);
	device_write(t, MMIO_NOTIFY, ring);
}

bool ring_waits(const struct ring *r)
{
	for (int i = 0; i < PATIENCE; i++) {
		if (atomic_load(&r->used->idx) == r->made)
			return true;
		usleep(1000);
	}
	return false;
}

/* What was written before, by whatever attack, ends; and nothing stays. */
void say(struct target *console, const char *format, ...)
{
	struct ring *r = &console->ring[1];
	va_list args;
	int len;

	if (!device_start(console, VQ_F_VERSION_1))
		return;
	r->buffer[0][0] = '\n';
	va_start(args, format);
	len = vsnprintf((char *)r->buffer[0] + 1, BUFFER - 2, format, args);
	va_end(args);
	r->buffer[0][len + 1] = '\n';
	r->desc[0].len = (uint32_t)len + 2;
	ring_offer(console, 1, 0);
	ring_waits(r);
	device_reset(console);
	memset(r->buffer[0], 0, BUFFER);
}
