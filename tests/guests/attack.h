/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the hostile client VM: see attack.c.
 */
#ifndef WEIR_TESTS_GUESTS_ATTACK_H
#define WEIR_TESTS_GUESTS_ATTACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio/abi.h"
#include "virtio/mmio.h"

/* Slots of a ring, and what a slot's own buffer has. */
#define SLOTS 64u
#define BUFFER 2048u
#define PAGE 4096u
#define RINGS 2u

/**
 * struct ring - a split ring, each part on a page of its own
 * @page:   the guest addresses of these: descriptors, driver's, device's
 * @buffer: SLOTS buffers, two to a page
 * @at:     their guest addresses
 * @made:   chains made available
 */
struct ring {
	struct vq_desc *desc;
	struct vq_avail *avail;
	struct vq_used *used;
	uint64_t page[3];
	uint8_t *buffer[SLOTS];
	uint64_t at[SLOTS];
	uint16_t made;
};

/**
 * struct target - a device under attack
 * @name:  of it
 * @reg:   its registers
 * @rings: how many it has
 * @send:  the ring from which it reads
 * @ring:  ours
 */
struct target {
	const char *name;
	volatile uint8_t *reg;
	unsigned int rings;
	unsigned int send;
	struct ring ring[RINGS];
};

/* --- attack_device.c ---------------------------------------------------- */

/** device_find - map a device's registers and memory for its rings */
bool device_find(struct target *t, uint64_t address);

uint32_t device_read(const struct target *t, uint32_t offset);
void device_write(const struct target *t, uint32_t offset, uint32_t value);

/** device_reset - as a driver does; whether it is over, and still a device */
bool device_reset(const struct target *t);

/**
 * device_start - all that comes before DRIVER_OK, and that
 * @features: as far as they are offered
 *
 * Return: whether the device has agreed.
 */
bool device_start(struct target *t, uint64_t features);

/** device_place - say where a ring is, and that it is ready */
void device_place(const struct target *t, unsigned int ring, uint32_t size,
		  const uint64_t where[3]);

/** ring_offer - make a chain available and ring the doorbell */
void ring_offer(struct target *t, unsigned int ring, uint16_t head);

/** ring_waits - wait for the device to give back all; whether it has */
bool ring_waits(const struct ring *r);

/** say - a line on the console, whose device is used for that alone */
void say(struct target *console, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- attack_strategies.c ------------------------------------------------ */

/* xorshift64 */
uint64_t any(void);
void any_from(uint64_t seed);

/**
 * struct strategy - one kind of attack
 * @act: do it a bounded number of times, to a device that was just started
 */
struct strategy {
	const char *name;
	void (*act)(struct target *t);
};

extern const struct strategy strategies[];
extern const size_t n_strategies;

#endif
