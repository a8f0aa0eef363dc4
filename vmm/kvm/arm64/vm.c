/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making an arm64 VM, and its first vCPU's first state.
 */
#include "vmm/kvm/vm.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "vmm/kvm/arm64/gic.h"

/* Guest-physical addresses are below 4 GiB; 32 bits are the least KVM has. */
#define IPA_BITS 32u
/* Without a choice KVM makes it 40. */
#define IPA_BITS_DEFAULT 0u

/* Core registers are numbered by their place in struct kvm_regs. */
#define CORE(field)                                                            \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |                 \
	 KVM_REG_ARM_CORE_REG(field))

/* As Linux expects: EL1h, all exceptions masked. */
#define PSTATE_BOOT                                                            \
	(PSR_MODE_EL1h | PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT)

int vm_supported(int kvm, struct error *err)
{
	static const struct {
		int cap;
		const char *name;
	} need[] = {
		{ KVM_CAP_IOEVENTFD, "ioeventfd" },
		{ KVM_CAP_IRQFD, "irqfd" },
		{ KVM_CAP_IRQFD_RESAMPLE, "irqfd resampling" },
		{ KVM_CAP_IRQ_ROUTING, "interrupt routing" },
		{ KVM_CAP_READONLY_MEM, "read-only memory" },
		{ KVM_CAP_DEVICE_CTRL, "device control" },
		{ KVM_CAP_ARM_PSCI_0_2, "PSCI 0.2" },
	};

	if (kvm < 0)
		return 0;
	if (ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return error_set(err,
				 "/dev/kvm is not KVM as it is known: "
				 "version %d is needed",
				 KVM_API_VERSION);
	for (size_t i = 0; i < sizeof(need) / sizeof(need[0]); i++)
		if (ioctl(kvm, KVM_CHECK_EXTENSION, need[i].cap) <= 0)
			return error_set(err,
					 "this kernel's KVM has no %s: use "
					 "Linux 5.10 or newer",
					 need[i].name);
	return 0;
}

static int create_vm(struct vm *vm, struct error *err)
{
	int bits = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);
	unsigned int choice = bits > 0 ? IPA_BITS : IPA_BITS_DEFAULT;

	vm->fd =
		ioctl(vm->kvm, KVM_CREATE_VM, KVM_VM_TYPE_ARM_IPA_SIZE(choice));
	return vm->fd < 0 ? error_errno(err, "KVM cannot create a VM") : 0;
}

/*
 * A guest that waits for a frame sleeps.  KVM would look for a while whether
 * one comes, which takes a processor's time from others.  Since Linux 5.9;
 * before, it does.
 */
static void sleep_at_once(const struct vm *vm)
{
	const struct kvm_enable_cap cap = { .cap = KVM_CAP_HALT_POLL };

	(void)ioctl(vm->fd, KVM_ENABLE_CAP, &cap);
}

static int create_vcpu(struct vm *vm, unsigned int cpu, struct error *err)
{
	struct vcpu *v = &vm->vcpu[cpu];
	struct kvm_vcpu_init init = { 0 };
	int size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	v->fd = ioctl(vm->fd, KVM_CREATE_VCPU, cpu);
	if (v->fd < 0 || size < (int)sizeof(*v->run))
		return error_errno(err, "KVM cannot create a vCPU");
	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init) != 0)
		return error_errno(err,
				   "KVM cannot say what this processor is");
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	/* The guest starts the others, by PSCI. */
	if (cpu > 0)
		init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
	if (ioctl(v->fd, KVM_ARM_VCPU_INIT, &init) != 0)
		return error_errno(err, "KVM cannot set up a vCPU");
	v->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->fd, 0);
	if (v->run == MAP_FAILED)
		return error_errno(err, "KVM cannot share a vCPU's state");
	return 0;
}

int vm_create(struct vm *vm, int kvm, unsigned int cpus, struct error *err)
{
	*vm = (struct vm){ .kvm = kvm, .gic = -1, .its = -1, .cpus = cpus };
	vm->route = calloc(VM_MAX_GSIS, sizeof(*vm->route));
	if (vm->route == NULL)
		return error_set(err, "not enough memory");
	gic_routes(vm);
	if (create_vm(vm, err) != 0)
		return -1;
	sleep_at_once(vm);
	for (unsigned int i = 0; i < cpus; i++)
		if (create_vcpu(vm, i, err) != 0)
			return -1;
	return gic_create(vm, err);
}

/* --- the first vCPU's start ----------------------------------------------------- */

static int set(const struct vm *vm, uint64_t id, uint64_t value)
{
	struct kvm_one_reg r = {
		.id = id,
		.addr = (uint64_t)(uintptr_t)&value,
	};

	return ioctl(vm->vcpu[0].fd, KVM_SET_ONE_REG, &r);
}

int vm_start(struct vm *vm, uint64_t entry, uint64_t x0, struct error *err)
{
	if (set(vm, CORE(regs.pc), entry) != 0 ||
	    set(vm, CORE(regs.regs[0]), x0) != 0 ||
	    set(vm, CORE(regs.pstate), PSTATE_BOOT) != 0)
		return error_errno(err, "KVM cannot set the vCPU's registers");
	return 0;
}
