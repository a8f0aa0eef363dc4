/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A source of random bytes for a guest: registers and its one queue, both served
 * by the vCPU that uses them.
 */
#ifndef WEIR_VMM_KVM_RNG_DEVICE_H
#define WEIR_VMM_KVM_RNG_DEVICE_H

#include "vmm/kvm/virtio_device.h"

/* Slots of its queue. */
#define RNG_SLOTS 64u
/*
 * What a notification of the guest's is answered with at most: all that can be
 * there, and as much again that came meanwhile.  Buffers get so many bytes each.
 */
#define RNG_PORTIONS (2 * RNG_SLOTS)
#define RNG_PORTION 256u

/**
 * struct rng_device - the device; private
 */
struct rng_device {
	struct virtio_device dev;
	struct vq_chain chain;
};

/**
 * rng_device_make - a source that is in no VM yet
 * @d:   zero
 * @ram: the guest's
 *
 * Return: 0, or -1 with @err set.
 */
int rng_device_make(struct rng_device *d, const struct guest_region *ram,
		    struct error *err);

#endif
