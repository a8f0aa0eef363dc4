/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all virtio devices of a guest have: registers, an interrupt, a lock.
 *
 * Registers are used by all vCPUs' threads, the rest of a device by the event
 * loop; the lock keeps them apart.  Whoever holds it makes vCPUs wait that want
 * the device, and is not to wait itself for longer than its header says.
 *
 * The page of registers that are read may be shown to the guest, which then
 * reads it without an exit, past the caches.
 */
#ifndef WEIR_VMM_KVM_VIRTIO_DEVICE_H
#define WEIR_VMM_KVM_VIRTIO_DEVICE_H

#include <pthread.h>
#include <stddef.h>

#include "virtio/mmio.h"
#include "vmm/kvm/vm.h"

/**
 * struct virtio_device - registers, part of a device
 * @lock:   for all else, and what the owner keeps beside it
 * @mmio:   the registers; the owner sets what is said there to be its own, but
 *          for @memory, @page and @ctx, which is this struct
 * @memory: the guest's
 * @irq:    eventfd of the interrupt (edge)
 * @shown:  the page that the guest sees, or NULL: it is @page
 */
struct virtio_device {
	pthread_mutex_t lock;
	struct mmio mmio;
	struct guest_memory memory;
	int irq;
	uint8_t *shown;
	_Alignas(8) uint8_t page[MMIO_SIZE];
};

/* The device that a virtio_device, which is its @dev, is part of. */
#define virtio_owner(ctx, type)                                                \
	((type *)(void *)((char *)(ctx)-offsetof(type, dev)))

/**
 * virtio_device_begin - memory and an interrupt
 * @d: zero
 *
 * Return: 0, or -1 with @err set.
 */
int virtio_device_begin(struct virtio_device *d, const struct guest_region *ram,
			struct error *err);

/**
 * virtio_device_show - have the page in memory of its own, for the guest to see
 *
 * Before virtio_device_init().
 *
 * Return: 0, or -1 with @err set.
 */
int virtio_device_show(struct virtio_device *d, struct error *err);

/** virtio_device_init - registers as after a reset, once they are described */
void virtio_device_init(struct virtio_device *d);

/**
 * virtio_device_plug - into a VM that does not run yet
 * @base: address of the registers
 * @spi:  number of the interrupt
 *
 * Return: 0, or -1 with @err set.
 */
int virtio_device_plug(struct virtio_device *d, struct vm *vm, uint64_t base,
		       uint32_t spi, struct error *err);

/** virtio_device_lock, virtio_device_unlock - from the event loop */
void virtio_device_lock(struct virtio_device *d);
/* The guest sees what was changed. */
void virtio_device_unlock(struct virtio_device *d);

/**
 * virtio_device_read, virtio_device_write - accesses of the guest's; for struct
 * vm_range
 */
void virtio_device_read(void *device, uint64_t offset, void *data,
			unsigned int len);
void virtio_device_write(void *device, uint64_t offset, const void *data,
			 unsigned int len);

/** virtio_device_interrupt - for struct mmio_ops */
void virtio_device_interrupt(void *device);

#endif
