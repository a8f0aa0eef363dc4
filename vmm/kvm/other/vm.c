/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stubs for processors other than arm64.
 *
 * vm_supported() refuses, so the rest is never called, only linked.
 */
#include "vmm/kvm/vm.h"

int vm_supported(int kvm, struct error *err)
{
	(void)kvm;
	return error_set(err, "VMs need an arm64 host; `make run` shows "
			      "one in an emulated machine");
}

int vm_create(struct vm *vm, int kvm, unsigned int cpus, struct error *err)
{
	(void)vm;
	(void)cpus;
	return vm_supported(kvm, err);
}

int vm_start(struct vm *vm, uint64_t entry, uint64_t x0, struct error *err)
{
	(void)vm;
	(void)entry;
	(void)x0;
	return vm_supported(-1, err);
}
