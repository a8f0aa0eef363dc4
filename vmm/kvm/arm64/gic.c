/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv3 and ITS in the kernel.
 *
 * The distributor serves the SPIs (doorbells, the console, INTx), the ITS turns
 * the writes of message-signalled interrupts into LPIs.  Neither ever exits to
 * user space.
 */
#include "vmm/kvm/arm64/gic.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/kvm/layout.h"

/* SGIs and PPIs, the interrupts in front of the SPIs. */
#define PRIVATE_IRQS 32u

static int create(const struct vm *vm, uint32_t type, const char *name,
		  struct error *err)
{
	struct kvm_create_device device = { .type = type };

	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device) == 0)
		return (int)device.fd;
	return error_set(err,
			 "KVM has no %s here (%s): this needs a processor and "
			 "host interrupt controller with GICv3",
			 name, strerror(errno));
}

static int set(int device, uint32_t group, uint64_t attr, const void *value)
{
	struct kvm_device_attr a = {
		.group = group,
		.attr = attr,
		.addr = (uint64_t)(uintptr_t)value,
	};

	return ioctl(device, KVM_SET_DEVICE_ATTR, &a);
}

static int set_address(int device, uint64_t what, uint64_t address)
{
	return set(device, KVM_DEV_ARM_VGIC_GRP_ADDR, what, &address);
}

static int set_up(int device)
{
	return set(device, KVM_DEV_ARM_VGIC_GRP_CTRL,
		   KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

int gic_create(struct vm *vm, struct error *err)
{
	uint32_t irqs = PRIVATE_IRQS + LAYOUT_SPIS;

	vm->gic = create(vm, KVM_DEV_TYPE_ARM_VGIC_V3, "GICv3", err);
	if (vm->gic < 0)
		return -1;
	if (set_address(vm->gic, KVM_VGIC_V3_ADDR_TYPE_DIST, LAYOUT_GICD) !=
		    0 ||
	    set_address(vm->gic, KVM_VGIC_V3_ADDR_TYPE_REDIST, LAYOUT_GICR) !=
		    0 ||
	    set(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &irqs) != 0 ||
	    set_up(vm->gic) != 0)
		return error_errno(err, "cannot set up the VM's GIC");
	vm->its = create(vm, KVM_DEV_TYPE_ARM_VGIC_ITS, "ITS", err);
	if (vm->its < 0)
		return -1;
	if (set_address(vm->its, KVM_VGIC_ITS_ADDR_TYPE, LAYOUT_ITS) != 0 ||
	    set_up(vm->its) != 0)
		return error_errno(err, "cannot set up the VM's ITS");
	return 0;
}

void gic_routes(struct vm *vm)
{
	for (uint32_t i = 0; i < LAYOUT_SPIS; i++)
		vm->route[i] = (struct kvm_irq_routing_entry){
			.gsi = i,
			.type = KVM_IRQ_ROUTING_IRQCHIP,
			.u.irqchip.pin = i,
		};
	vm->n_gsis = LAYOUT_SPIS;
}
