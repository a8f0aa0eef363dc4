/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM in KVM, whatever its processor: memory, doorbells, interrupts, and
 * running it.  Making one and starting its first vCPU is in arm64/.
 *
 * The kernel handles PSCI, the timer, WFI and the interrupt controller.  What
 * comes here is an access to an address without memory (a trapped range, or
 * nothing, which reads as zero and ignores writes) or a store to read-only
 * memory, which is ignored.
 *
 * Nothing is ever freed: a VM ends with its process.
 */
#include "vmm/kvm/vm.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/kvm/vm_stats.h"

/* Bytes of a doorbell: 32 bits. */
#define DOORBELL_SIZE 4u

/* --- memory, doorbells, traps --------------------------------------------- */

static int set_slot(struct vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa,
		    void *host, uint64_t size)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uint64_t)(uintptr_t)host,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r) == 0 ? 0 : -errno;
}

int vm_memory(struct vm *vm, uint64_t gpa, void *host, uint64_t size,
	      bool readonly, struct error *err)
{
	int e = set_slot(vm, vm->slots, readonly ? KVM_MEM_READONLY : 0, gpa,
			 host, size);

	if (e != 0)
		return error_set(err, "KVM cannot map %llu bytes at %#llx: %s",
				 (unsigned long long)size,
				 (unsigned long long)gpa, strerror(-e));
	vm->slots++;
	return 0;
}

uint32_t vm_slot(struct vm *vm)
{
	return vm->slots++;
}

int vm_place(struct vm *vm, uint32_t slot, uint64_t gpa, void *host,
	     uint64_t size)
{
	return set_slot(vm, slot, 0, gpa, host, size);
}

static int ioeventfd(struct vm *vm, struct kvm_ioeventfd e, struct error *err)
{
	if (ioctl(vm->fd, KVM_IOEVENTFD, &e) != 0)
		return error_errno(err, "KVM cannot set up a doorbell");
	return 0;
}

int vm_doorbell(struct vm *vm, uint64_t gpa, int eventfd, struct error *err)
{
	const struct kvm_ioeventfd e = {
		.addr = gpa,
		.len = DOORBELL_SIZE,
		.fd = eventfd,
	};

	return ioeventfd(vm, e, err);
}

int vm_doorbell_of(struct vm *vm, uint64_t gpa, uint32_t value, int eventfd,
		   struct error *err)
{
	const struct kvm_ioeventfd e = {
		.datamatch = value,
		.addr = gpa,
		.len = DOORBELL_SIZE,
		.fd = eventfd,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
	};

	return ioeventfd(vm, e, err);
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

static int irqfd(struct vm *vm, uint32_t gsi, int eventfd, uint32_t flags,
		 int resample)
{
	struct kvm_irqfd q = {
		.fd = (uint32_t)eventfd,
		.gsi = gsi,
		.flags = flags,
		.resamplefd = (uint32_t)resample,
	};

	return ioctl(vm->fd, KVM_IRQFD, &q) == 0 ? 0 : -errno;
}

int vm_interrupt(struct vm *vm, uint32_t gsi, int eventfd, struct error *err)
{
	if (irqfd(vm, gsi, eventfd, 0, 0) != 0)
		return error_errno(err, "KVM cannot connect an interrupt");
	return 0;
}

int vm_interrupt_level(struct vm *vm, uint32_t gsi, int eventfd, int resample,
		       struct error *err)
{
	if (irqfd(vm, gsi, eventfd, KVM_IRQFD_FLAG_RESAMPLE, resample) != 0)
		return error_errno(err, "KVM cannot connect a level interrupt");
	return 0;
}

int vm_interrupt_off(struct vm *vm, uint32_t gsi, int eventfd)
{
	return irqfd(vm, gsi, eventfd, KVM_IRQFD_FLAG_DEASSIGN, 0);
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
			     VM_MAX_GSIS * sizeof(vm->route[0])];
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

/* --- running -------------------------------------------------------------- */

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

static void access_range(struct vm *vm, struct kvm_run *run)
{
	uint64_t gpa = run->mmio.phys_addr;
	uint32_t len = run->mmio.len;
	const struct vm_range *r = find(vm, gpa, len);

	if (!run->mmio.is_write)
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
	if (r == NULL)
		__atomic_fetch_add(&vm->unclaimed, 1, __ATOMIC_RELAXED);
	else if (run->mmio.is_write)
		r->write(r->ctx, gpa - r->base, run->mmio.data, len);
	else
		r->read(r->ctx, gpa - r->base, run->mmio.data, len);
}

static enum vm_end ended(const struct kvm_run *run, struct error *err)
{
	switch (run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		return VM_SHUTDOWN;
	case KVM_SYSTEM_EVENT_RESET:
		return VM_RESET;
	default:
		error_set(err, "the guest stopped with system event %u",
			  run->system_event.type);
		return VM_FAILED;
	}
}

/* The vCPU cannot go on, and errno says why. */
static enum vm_end broken(struct error *err)
{
	/* No syndrome: an access that is no plain load or store. */
	if (errno == ENOSYS)
		error_set(err, "the guest reached for a device, or wrote to "
			       "read-only memory, by an instruction KVM cannot "
			       "follow");
	else
		error_errno(err, "KVM cannot run the guest");
	return VM_FAILED;
}

static uint64_t seen(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void show(const struct vm *vm)
{
	if (vm->stats == NULL)
		return;
	__atomic_store_n(&vm->stats->exits, seen(&vm->exits), __ATOMIC_RELAXED);
	__atomic_store_n(&vm->stats->unclaimed, seen(&vm->unclaimed),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&vm->stats->host_errors, seen(&vm->host_errors),
			 __ATOMIC_RELAXED);
}

enum vm_end vm_run(struct vm *vm, unsigned int cpu, struct error *err)
{
	const struct vcpu *v = &vm->vcpu[cpu];

	for (;;) {
		if (ioctl(v->fd, KVM_RUN, 0) != 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			return broken(err);
		}
		__atomic_fetch_add(&vm->exits, 1, __ATOMIC_RELAXED);
		switch (v->run->exit_reason) {
		case KVM_EXIT_MMIO:
			access_range(vm, v->run);
			show(vm);
			break;
		case KVM_EXIT_SYSTEM_EVENT:
			return ended(v->run, err);
		default:
			error_set(err, "KVM stopped the guest for reason %u",
				  v->run->exit_reason);
			return VM_FAILED;
		}
	}
}
