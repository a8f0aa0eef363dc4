/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a card, in the monitor. */
#ifndef WEIR_VMM_KVM_VFIO_OPEN_H
#define WEIR_VMM_KVM_VFIO_OPEN_H

#include "vmm/kvm/pci.h"

/* Where the machine is described; tests have their own. */
struct vfio_paths {
	const char *sys; /* "/sys" */
	const char *dev; /* "/dev" */
};

extern const struct vfio_paths vfio_machine;

/**
 * vfio_check - can a card be passed through?  Before anything is started
 * @address: "0000:00:03.0"
 *
 * Leaves nothing open and changes nothing.
 *
 * Return: 0, or -1 with @err saying what is wrong (no such device, no IOMMU
 * group, bound to another driver, in use, group shared with devices that are
 * not bound to vfio-pci, no permission, vfio not loaded, ...) and what to type.
 */
int vfio_check(const struct vfio_paths *at, const char *address,
	       struct error *err);

/**
 * vfio_open - open a card for one run of a VM
 * @fds: out: by pci.h's enum; closing all of them resets the card and ends DMA
 *
 * Return: 0, or -1 with @err set and nothing left open.
 */
int vfio_open(const struct vfio_paths *at, const char *address,
	      int fds[VFIO_FDS], struct error *err);

/**
 * vfio_usable - can the card be used, according to sysfs?
 * @group: out: number of its IOMMU group
 *
 * Return: 0, or -1 with @err set.
 */
int vfio_usable(const struct vfio_paths *at, const char *address,
		unsigned int *group, struct error *err);

#endif
