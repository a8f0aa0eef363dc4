/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of a device without a purpose, and what its owner is told. */
#ifndef WEIR_TESTS_UNIT_MMIO_RIG_H
#define WEIR_TESTS_UNIT_MMIO_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <linux/virtio_mmio.h>

#include "virtio/mmio.h"

#define MR_BASE 0x80000000ull
#define MR_SIZE 0x8000u
#define MR_QUEUES 3u
#define MR_LONGEST 64u
#define MR_OFFERS (VQ_F_VERSION_1 | VQ_F_PACKED | VQ_F_EVENT | 1u << 5)
/* Refused by the owner, though offered. */
#define MR_REFUSED (1ull << 6)

/* Where the rings are; all queues share them. */
#define MR_DESC (MR_BASE + 0x1000)
#define MR_DRIVER (MR_BASE + 0x2000)
#define MR_DEVICE (MR_BASE + 0x3000)

/**
 * struct mmio_rig - a device; there is one
 * @on:    queues that work, as the owner was told
 * @began, @ended, @notified, @interrupts: calls since mr_begin()
 */
struct mmio_rig {
	struct mmio m;
	struct guest_memory memory;
	_Alignas(4096) uint8_t page[MMIO_SIZE];
	_Alignas(4096) uint8_t ram[MR_SIZE];
	uint32_t on;
	unsigned int began;
	unsigned int ended;
	unsigned int notified[MR_QUEUES];
	unsigned int interrupts;
};

extern struct mmio_rig mr;

int mr_begin(void **state);

/* Accesses as a driver makes them. */
uint32_t mr_read(uint64_t offset);
void mr_write(uint64_t offset, uint32_t value);

/* From a reset to FEATURES_OK, with features accepted. */
void mr_negotiate(uint64_t features);

/* Set a queue up and say that it is ready. Return: what is read back. */
uint32_t mr_queue(uint32_t queue, uint32_t size, uint64_t desc, uint64_t driver,
		  uint64_t device);

/* With two queues, 0 and 2, up to DRIVER_OK. */
void mr_start(uint64_t features);

#endif
