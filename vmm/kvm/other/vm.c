/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stubs for processors other than arm64.
 *
 * vm_supported() refuses, so the rest is never called, only linked.
 */
#include <errno.h>

#include "vmm/kvm/vm.h"

static int refuse(struct error *err)
{
	return error_set(
		err,
		"driver VMs need an arm64 host; `make run` shows one in an emulated machine");
}

int vm_supported(int kvm, struct error *err)
{
	(void)kvm;
	return refuse(err);
}

int vm_create(struct vm *vm, int kvm, struct error *err)
{
	*vm = (struct vm){ .kvm = kvm };
	return refuse(err);
}

int vm_memory(struct vm *vm, uint64_t gpa, void *host, uint64_t size,
	      bool readonly, struct error *err)
{
	(void)vm;
	(void)gpa;
	(void)host;
	(void)size;
	(void)readonly;
	return refuse(err);
}

int vm_doorbell(struct vm *vm, uint64_t gpa, int eventfd, struct error *err)
{
	(void)vm;
	(void)gpa;
	(void)eventfd;
	return refuse(err);
}

int vm_interrupt(struct vm *vm, uint32_t gsi, int eventfd, struct error *err)
{
	(void)vm;
	(void)gsi;
	(void)eventfd;
	return refuse(err);
}

int vm_interrupt_level(struct vm *vm, uint32_t gsi, int eventfd, int resample,
		       struct error *err)
{
	(void)resample;
	return vm_interrupt(vm, gsi, eventfd, err);
}

int vm_interrupt_off(struct vm *vm, uint32_t gsi, int eventfd)
{
	(void)vm;
	(void)gsi;
	(void)eventfd;
	return -ENOSYS;
}

int vm_gsi(struct vm *vm)
{
	(void)vm;
	return -1;
}

int vm_route_msi(struct vm *vm, uint32_t gsi, uint64_t address, uint32_t data,
		 uint32_t devid)
{
	(void)vm;
	(void)gsi;
	(void)address;
	(void)data;
	(void)devid;
	return -ENOSYS;
}

int vm_trap(struct vm *vm, const struct vm_range *range, struct error *err)
{
	(void)vm;
	(void)range;
	return refuse(err);
}

int vm_start(struct vm *vm, uint64_t entry, uint64_t x0, struct error *err)
{
	(void)vm;
	(void)entry;
	(void)x0;
	return refuse(err);
}

enum vm_end vm_run(struct vm *vm, struct error *err)
{
	(void)vm;
	refuse(err);
	return VM_FAILED;
}
