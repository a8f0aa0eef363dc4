/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vCPU: from its first instruction to its end.
 *
 * The kernel handles PSCI, the timer, WFI and the GIC. Here come accesses to
 * addresses without memory: to trapped ranges, or to unassigned addresses,
 * which read as zero and ignore writes, and stores to read-only memory, which
 * are ignored.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/kvm/vm.h"
#include "vmm/kvm/vm_stats.h"

/* Core registers are numbered by their place in struct kvm_regs. */
#define CORE(field)                                                            \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |                 \
	 KVM_REG_ARM_CORE_REG(field))

/* As Linux expects: EL1h, all exceptions masked. */
#define PSTATE_BOOT                                                            \
	(PSR_MODE_EL1h | PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT)

static int set(const struct vm *vm, uint64_t id, uint64_t value)
{
	struct kvm_one_reg r = {
		.id = id,
		.addr = (uint64_t)(uintptr_t)&value,
	};

	return ioctl(vm->vcpu, KVM_SET_ONE_REG, &r);
}

int vm_start(struct vm *vm, uint64_t entry, uint64_t x0, struct error *err)
{
	if (set(vm, CORE(regs.pc), entry) != 0 ||
	    set(vm, CORE(regs.regs[0]), x0) != 0 ||
	    set(vm, CORE(regs.pstate), PSTATE_BOOT) != 0)
		return error_set(err, "KVM cannot set the vCPU's registers: %s",
				 strerror(errno));
	return 0;
}

/* The range an access is in as a whole; NULL if there is none. */
static const struct vm_range *find(const struct vm *vm, uint64_t gpa,
				   unsigned int len)
{
	for (unsigned int i = 0; i < vm->n_ranges; i++) {
		const struct vm_range *r = &vm->range[i];

		if (gpa >= r->base && gpa - r->base < r->size &&
		    len <= r->size - (gpa - r->base))
			return r;
	}
	return NULL;
}

static void access_range(struct vm *vm)
{
	struct kvm_run *run = vm->run;
	uint64_t gpa = run->mmio.phys_addr;
	uint32_t len = run->mmio.len;
	const struct vm_range *r = find(vm, gpa, len);

	if (!run->mmio.is_write)
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
	if (r == NULL)
		vm->unclaimed++;
	else if (run->mmio.is_write)
		r->write(r->ctx, gpa - r->base, run->mmio.data, len);
	else
		r->read(r->ctx, gpa - r->base, run->mmio.data, len);
}

static enum vm_end ended(const struct vm *vm, struct error *err)
{
	switch (vm->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		return VM_SHUTDOWN;
	case KVM_SYSTEM_EVENT_RESET:
		return VM_RESET;
	default:
		error_set(err, "the guest stopped with system event %u",
			  vm->run->system_event.type);
		return VM_FAILED;
	}
}

/* The vCPU cannot go on, and errno says why. */
static enum vm_end broken(struct error *err)
{
	/* No syndrome: an access that is no plain load or store. */
	if (errno == ENOSYS)
		error_set(
			err,
			"the guest reached for a device, or wrote to read-only memory, by an instruction KVM cannot follow");
	else
		error_set(err, "KVM cannot run the guest: %s", strerror(errno));
	return VM_FAILED;
}

static void show(const struct vm *vm)
{
	if (vm->stats == NULL)
		return;
	__atomic_store_n(&vm->stats->exits, vm->exits, __ATOMIC_RELAXED);
	__atomic_store_n(&vm->stats->unclaimed, vm->unclaimed,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&vm->stats->host_errors, vm->host_errors,
			 __ATOMIC_RELAXED);
}

enum vm_end vm_run(struct vm *vm, struct error *err)
{
	for (;;) {
		if (ioctl(vm->vcpu, KVM_RUN, 0) != 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			return broken(err);
		}
		vm->exits++;
		switch (vm->run->exit_reason) {
		case KVM_EXIT_MMIO:
			access_range(vm);
			show(vm);
			break;
		case KVM_EXIT_SYSTEM_EVENT:
			return ended(vm, err);
		default:
			error_set(err, "KVM stopped the guest for reason %u",
				  vm->run->exit_reason);
			return VM_FAILED;
		}
	}
}
