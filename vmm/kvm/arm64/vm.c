/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An arm64 VM: setting it up in KVM, and its interrupts.
 *
 * Nothing is ever freed: a VM ends with its process.
 */
#include "vmm/kvm/vm.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "vmm/kvm/arm64/gic.h"

/* Bytes of a doorbell: 32 bits. */
#define DOORBELL_SIZE 4u
/* Guest-physical addresses are below 4 GiB; 32 bits are the least KVM has. */
#define IPA_BITS 32u
/* Without a choice KVM makes it 40. */
#define IPA_BITS_DEFAULT 0u

static int fail(struct error *err, const char *what)
{
	return error_set(err, "KVM cannot %s: %s", what, strerror(errno));
}

/* --- making it ------------------------------------------------------------ */

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
			return error_set(
				err,
				"this kernel's KVM has no %s: use Linux 5.10 or newer",
				need[i].name);
	return 0;
}

static int create_vm(struct vm *vm, struct error *err)
{
	int bits = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);
	unsigned int choice = bits > 0 ? IPA_BITS : IPA_BITS_DEFAULT;

	vm->fd =
		ioctl(vm->kvm, KVM_CREATE_VM, KVM_VM_TYPE_ARM_IPA_SIZE(choice));
	return vm->fd < 0 ? fail(err, "create a VM") : 0;
}

static int create_vcpu(struct vm *vm, struct error *err)
{
	struct kvm_vcpu_init init = { 0 };
	int size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	vm->vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, 0);
	if (vm->vcpu < 0 || size < (int)sizeof(*vm->run))
		return fail(err, "create a vCPU");
	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init) != 0)
		return fail(err, "say what this processor is");
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	if (ioctl(vm->vcpu, KVM_ARM_VCPU_INIT, &init) != 0)
		return fail(err, "set up a vCPU");
	vm->run_size = (size_t)size;
	vm->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       vm->vcpu, 0);
	if (vm->run == MAP_FAILED)
		return fail(err, "share a vCPU's state");
	return 0;
}

int vm_create(struct vm *vm, int kvm, struct error *err)
{
	*vm = (struct vm){ .kvm = kvm, .gic = -1, .its = -1, .vcpu = -1 };
	vm->route = calloc(VM_MAX_GSIS, sizeof(*vm->route));
	if (vm->route == NULL)
		return error_set(err, "not enough memory");
	gic_routes(vm);
	if (create_vm(vm, err) != 0 || create_vcpu(vm, err) != 0)
		return -1;
	return gic_create(vm, err);
}

/* --- memory, doorbells, traps --------------------------------------------- */

int vm_memory(struct vm *vm, uint64_t gpa, void *host, uint64_t size,
	      bool readonly, struct error *err)
{
	struct kvm_userspace_memory_region r = {
		.slot = vm->slots,
		.flags = readonly ? KVM_MEM_READONLY : 0,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uint64_t)(uintptr_t)host,
	};

	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r) != 0)
		return error_set(err, "KVM cannot map %llu octets at %#llx: %s",
				 (unsigned long long)size,
				 (unsigned long long)gpa, strerror(errno));
	vm->slots++;
	return 0;
}

int vm_doorbell(struct vm *vm, uint64_t gpa, int eventfd, struct error *err)
{
	struct kvm_ioeventfd e = {
		.addr = gpa,
		.len = DOORBELL_SIZE,
		.fd = eventfd,
	};

	if (ioctl(vm->fd, KVM_IOEVENTFD, &e) != 0)
		return fail(err, "set up a doorbell");
	return 0;
}

int vm_trap(struct vm *vm, const struct vm_range *range, struct error *err)
{
	if (vm->n_ranges == VM_MAX_RANGES)
		return error_set(err, "no room for a trap at %#llx",
				 (unsigned long long)range->base);
	vm->range[vm->n_ranges++] = *range;
	return 0;
}

/* --- interrupts ----------------------------------------------------------- */

int vm_interrupt(struct vm *vm, uint32_t gsi, int eventfd, struct error *err)
{
	struct kvm_irqfd q = { .fd = (uint32_t)eventfd, .gsi = gsi };

	if (ioctl(vm->fd, KVM_IRQFD, &q) != 0)
		return fail(err, "connect an interrupt");
	return 0;
}

int vm_interrupt_level(struct vm *vm, uint32_t gsi, int eventfd, int resample,
		       struct error *err)
{
	struct kvm_irqfd q = {
		.fd = (uint32_t)eventfd,
		.gsi = gsi,
		.flags = KVM_IRQFD_FLAG_RESAMPLE,
		.resamplefd = (uint32_t)resample,
	};

	if (ioctl(vm->fd, KVM_IRQFD, &q) != 0)
		return fail(err, "connect a level interrupt");
	return 0;
}

int vm_interrupt_off(struct vm *vm, uint32_t gsi, int eventfd)
{
	struct kvm_irqfd q = {
		.fd = (uint32_t)eventfd,
		.gsi = gsi,
		.flags = KVM_IRQFD_FLAG_DEASSIGN,
	};

	return ioctl(vm->fd, KVM_IRQFD, &q) == 0 ? 0 : -errno;
}

int vm_gsi(struct vm *vm)
{
	return vm->n_gsis < VM_MAX_GSIS ? (int)vm->n_gsis++ : -1;
}

/* The kernel takes the whole table at once, without unused entries. */
static int set_routes(const struct vm *vm)
{
	union {
		struct kvm_irq_routing head;
		uint8_t room[sizeof(struct kvm_irq_routing) +
			     VM_MAX_GSIS * sizeof(struct kvm_irq_routing_entry)];
	} table = { .head.nr = 0 };

	for (uint32_t i = 0; i < vm->n_gsis; i++)
		if (vm->route[i].type != 0)
			table.head.entries[table.head.nr++] = vm->route[i];
	return ioctl(vm->fd, KVM_SET_GSI_ROUTING, &table) == 0 ? 0 : -errno;
}

int vm_route_msi(struct vm *vm, uint32_t gsi, uint64_t address, uint32_t data,
		 uint32_t devid)
{
	if (gsi >= vm->n_gsis)
		return -EINVAL;
	vm->route[gsi] = (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_MSI,
		.flags = KVM_MSI_VALID_DEVID,
		.u.msi = {
			.address_lo = (uint32_t)address,
			.address_hi = (uint32_t)(address >> 32),
			.data = data,
			.devid = devid,
		},
	};
	return set_routes(vm);
}
