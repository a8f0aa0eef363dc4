/* SPDX-License-Identifier: BSD-2-Clause */
/* vfio_check() and vfio_open() with other paths, for tests. */
#ifndef WEIR_VMM_KVM_VFIO_OPEN_H
#define WEIR_VMM_KVM_VFIO_OPEN_H

#include "vmm/kvm/pci.h"

/**
 * struct vfio_paths - where the machine is described
 * @sys: "/sys"
 * @dev: "/dev"
 */
struct vfio_paths {
	const char *sys;
	const char *dev;
};

/**
 * vfio_check_at - vfio_check(), elsewhere
 */
int vfio_check_at(const struct vfio_paths *at, const char *address,
		  struct error *err);

/**
 * vfio_open_at - vfio_open(), elsewhere
 */
int vfio_open_at(const struct vfio_paths *at, const char *address,
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
