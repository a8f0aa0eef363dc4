/* SPDX-License-Identifier: BSD-2-Clause */
/* Setting up a guest as its first process. */
#ifndef WEIR_DRIVER_VM_BOOT_H
#define WEIR_DRIVER_VM_BOOT_H

/* Maps shared memory cached (driver_vm/linux/weir_shared.c). */
#define BOOT_MODULE "/weir_shared.ko"

/**
 * boot - mount devtmpfs, sysfs and proc, and load the module if it is there
 *
 * Without the module, stock UIO serves the devices if the device tree calls
 * them "generic-uio"; uio_open() reports a missing one.
 *
 * Return: 0 or negative errno, having said why.
 */
int boot(void);

#endif
