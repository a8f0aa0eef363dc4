/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory slots that come and go while the VM runs: a card's BARs.
 */
#include "vmm/kvm/vm.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

uint32_t vm_slot(struct vm *vm)
{
	return vm->slots++;
}

int vm_place(struct vm *vm, uint32_t slot, uint64_t gpa, void *host,
	     uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) != 0)
		return -errno;
	return 0;
}
