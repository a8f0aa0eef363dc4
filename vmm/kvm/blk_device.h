/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client VM's disk: what front_device.h does not know of it.  How large it is,
 * and what it can do, its process says; the VMM, how many queues it has: one for
 * each of the guest's processors.
 *
 * Its process may have begun what it has not answered when it dies, and in any
 * order.  So it writes down what that is, in memory that the VMM keeps for the
 * next one.
 */
#ifndef WEIR_VMM_KVM_BLK_DEVICE_H
#define WEIR_VMM_KVM_BLK_DEVICE_H

#include "vmm/kvm/front_device.h"

/**
 * blk_device_make - a disk that is in no VM yet
 * @d:    zero
 * @ram, @ram_fd: the guest's memory
 * @cpus: of the guest
 *
 * Return: 0, or -1 with @err set.
 */
int blk_device_make(struct front_device *d, const struct guest_region *ram,
		    int ram_fd, unsigned int cpus, struct error *err);

#endif
