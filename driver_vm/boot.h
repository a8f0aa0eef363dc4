/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the first process of a guest has to do that has no other.
 */
#ifndef WEIR_DRIVER_VM_BOOT_H
#define WEIR_DRIVER_VM_BOOT_H

/* Maps shared memory cached (driver_vm/linux/weir_shared.c). */
#define BOOT_MODULE "/weir_shared.ko"

/**
 * boot - mount devtmpfs, sysfs and proc, and load the module if it is there
 *
 * Without the module the devices are there if the device tree has them as
 * "generic-uio"; whether they are is for uio_open() to say.
 *
 * Return: 0 or negative errno, having said why.
 */
int boot(void);

#endif
