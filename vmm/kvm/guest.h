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

/* The parts of a guest. */
struct guest_config {
	/* files' names, and whether shared memory is uncached */
	const struct sys_vm *cfg;
	/* by VM_FD_*, then a card's; kernel and initrd are read here */
	const int *fd;
	void *ram; /* its memory here, of cfg->memory bytes */
	/* the shared regions here, by enum shared */
	void *shared[SHARED_REGIONS];
	size_t shared_size[SHARED_REGIONS];	   /* their bytes */
	uint32_t capacity, buffer_size, max_frame; /* of the queues */
	int wait;	 /* eventfd that interrupts the guest */
	int ring;	 /* eventfd its queue doorbell writes */
	int status_ring; /* eventfd its status doorbell writes */
	int kick;	 /* eventfd the console's doorbell writes */
	/* gets the console's lines */
	void (*say)(void *ctx, const char *line);
	void *say_ctx;
	struct vm_stats *stats; /* may be NULL */
};

/** struct guest - a driver VM */
struct guest {
	struct vm vm;
	struct pci *pci;
	struct console console;
};

/**
 * guest_make - put a guest together, ready for vm_run()
 * @g: zero
 *
 * Return: 0, or -1 with @err set.  What was made stays until the process ends.
 */
int guest_make(struct guest *g, const struct guest_config *c,
	       struct error *err);

#endif
