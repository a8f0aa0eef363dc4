/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM put together: KVM's VM, the card, the console, the guest's memory
 * and what is loaded into it, its doorbells and interrupts.
 */
#ifndef WEIR_VMM_KVM_GUEST_H
#define WEIR_VMM_KVM_GUEST_H

#include "vmm/kvm/console.h"
#include "vmm/kvm/fdt.h"
#include "vmm/kvm/pci.h"
#include "vmm/kvm/vm.h"
#include "vmm/kvm/vm_check.h"
#include "vmm/linux/pd/pd.h"

/** struct guest - a driver VM */
struct guest {
	struct vm vm;
	struct pci *card[PCI_CARDS]; /* NULL: it has none */
	struct console console;
};

/**
 * guest_make - put a guest together, ready for vm_run(); for init()
 * @g:    zero
 * @c:    the vm component: its descriptors are those of vm_open() and
 *        vfio_open(), and kernel and initrd are read here
 * @kick: eventfd the console's doorbell writes
 *
 * Return: 0, or -1 with @err set.  What was made stays until the process ends.
 */
int guest_make(struct guest *g, struct component *c, int kick,
	       struct error *err);

/* --- for client VMs as well --------------------------------------------- */

/** guest_create - make the VM, with its counters where the monitor shows them */
int guest_create(struct vm *vm, struct component *c, unsigned int cpus,
		 struct error *err);

/** guest_ram - the guest's RAM */
struct guest_region guest_ram(struct component *c);

/**
 * guest_load - kernel, initrd and device tree into RAM
 * @f: all but the initrd's place and the seed
 */
int guest_load(struct vm *vm, struct component *c, struct fdt_config *f,
	       struct error *err);

/**
 * guest_console - put the console into a VM
 * @console: zero
 * @kick:    eventfd its doorbell writes
 */
int guest_console(struct console *console, struct vm *vm, struct component *c,
		  int kick, struct error *err);

#endif
