/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller of an arm64 VM: GICv3 with an ITS, both in the
 * kernel.
 */
#ifndef WEIR_VMM_KVM_ARM64_GIC_H
#define WEIR_VMM_KVM_ARM64_GIC_H

#include "vmm/kvm/vm.h"

/**
 * gic_create - make the interrupt controller and put it in place
 * @vm: has all its vCPUs
 *
 * Return: 0, or -1 with @err set.
 */
int gic_create(struct vm *vm, struct error *err);

/**
 * gic_routes - the routes of the SPIs, as the kernel has them by itself
 * @vm: its @route is there, all zero
 */
void gic_routes(struct vm *vm);

#endif
