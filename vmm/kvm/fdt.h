/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree a guest starts with: a minimal arm64 machine
 * (vmm/kvm/layout.h), and of a driver VM what virt/driver_abi.h promises, of a
 * client VM its virtio devices.
 */
#ifndef WEIR_VMM_KVM_FDT_H
#define WEIR_VMM_KVM_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/linux/error.h"

/* Bytes of randomness: for the kernel's layout, then for its generator. */
#define FDT_KASLR 8u
#define FDT_RNG 56u
#define FDT_SEED (FDT_KASLR + FDT_RNG)

/*
 * The shared regions, in the order they have in the guest's memory: what the
 * network card's connection has, what both have, what the disk's has.
 */
enum shared {
	SHARED_RX_ACTIVE,
	SHARED_RX_FREE,
	SHARED_TX_ACTIVE,
	SHARED_TX_FREE,
	SHARED_RECEIVE,
	SHARED_TRANSMIT,
	SHARED_LINK,
	SHARED_STATUS,
	SHARED_BLK_REQUESTS,
	SHARED_BLK_RESPONSES,
	SHARED_BLK_LINK,
	SHARED_BLK_INFO,
	SHARED_BLK_WINDOW,
	SHARED_REGIONS
};

/**
 * struct fdt_config - what differs from VM to VM
 * @client:   a client VM, which shares nothing
 * @cpus:     its processors
 * @devices:  virtio devices besides the console, of a client VM
 * @ram:      bytes of RAM
 * @initrd, @initrd_end: guest-physical; equal if there is none
 * @shared:   by enum above; whole pages.  A guest without a card, or a disk, has
 *            regions of size 0 there
 * @uncached: shared memory is for "generic-uio"
 * @append:   more for the kernel's command line, or ""
 * @capacity, @buffer_size, @max_frame, @max_segment: of the four queues
 * @blk_capacity: of the disk's
 * @seed:     random
 */
struct fdt_config {
	bool client;
	unsigned int cpus;
	unsigned int devices;
	uint64_t ram;
	uint64_t initrd;
	uint64_t initrd_end;
	struct {
		uint64_t gpa;
		uint64_t size;
	} shared[SHARED_REGIONS];
	bool uncached;
	const char *append;
	uint32_t capacity;
	uint32_t buffer_size;
	uint32_t max_frame;
	uint32_t max_segment;
	uint32_t blk_capacity;
	uint8_t seed[FDT_SEED];
};

/**
 * fdt_place_shared - choose addresses for the shared regions, behind the RAM
 * @config: @ram and the sizes are set
 *
 * Return: 0, or -1 with @err set if they go beyond 4 GiB.
 */
int fdt_place_shared(struct fdt_config *config, struct error *err);

/**
 * fdt_make - write the device tree
 * @to:   where to, @size bytes
 *
 * Return: 0, or -1 with @err set.
 */
int fdt_make(const struct fdt_config *config, void *to, size_t size,
	     struct error *err);

#endif
