/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine as KVM sees it: memory, interrupts, doorbells, trapped
 * ranges, vCPUs.
 *
 * The kernel handles everything the guest does often: shared memory is mapped
 * into the guest, a doorbell is an eventfd the kernel writes (ioeventfd), an
 * interrupt an eventfd the kernel reads (irqfd), and WFI waits in the kernel.
 * What does come to user space (struct vm_range) is configuration: PCI
 * configuration space, the MSI-X table, the console's registers at start-up.
 * Exits are counted so that this can be shown.
 *
 * Each vCPU runs in a thread of its own, which calls ranges' functions: devices
 * behind them need a lock if the VM has several, or if they share state with the
 * event loop.
 */
#ifndef WEIR_VMM_KVM_VM_H
#define WEIR_VMM_KVM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/linux/error.h"

#define VM_MAX_RANGES 16
#define VM_MAX_GSIS 96
#define VM_MAX_CPUS 8

struct kvm_run;
struct kvm_irq_routing_entry;
struct vm_stats;

/*
 * Guest-physical addresses that trap to us.
 *
 * The guest chooses offset, length and content; accesses never cross the end.
 */
struct vm_range {
	uint64_t base, size; /* which */
	/* give @len (1, 2, 4 or 8) bytes at @offset; @data is zeroed before */
	void (*read)(void *ctx, uint64_t offset, void *data, unsigned int len);
	/* take @len bytes at @offset */
	void (*write)(void *ctx, uint64_t offset, const void *data,
		      unsigned int len);
	void *ctx; /* for both */
};

/* A vCPU: its descriptor, and the page it shares with the kernel. */
struct vcpu {
	int fd;
	struct kvm_run *run;
};

/* A VM. */
struct vm {
	int kvm, fd, gic, its;		      /* descriptors */
	struct vcpu vcpu[VM_MAX_CPUS];	      /* vCPUs */
	unsigned int cpus;		      /* how many */
	uint32_t slots;			      /* memory slots in use */
	struct vm_range range[VM_MAX_RANGES]; /* trapped ranges */
	unsigned int n_ranges;		      /* how many */
	/* interrupt routes, by GSI; unused ones have no type */
	struct kvm_irq_routing_entry *route;
	uint32_t n_gsis; /* GSIs given out, the GIC's SPIs first */
	/* exits to user space; these three by atomic additions */
	uint64_t exits;
	uint64_t unclaimed; /* accesses to unassigned addresses */
	/* requests for the guest's card that the kernel refused */
	uint64_t host_errors;
	struct vm_stats *stats; /* where these three are shown; NULL: nowhere */
};

/**
 * vm_supported - can this program, with this KVM, run VMs?
 * @kvm: descriptor of /dev/kvm, or -1 to ask for the program alone
 *
 * Return: 0, or -1 with @err saying what is missing.
 */
int vm_supported(int kvm, struct error *err);

/**
 * vm_create - make a VM with GICv3, ITS and vCPUs (PSCI 0.2)
 * @kvm:  descriptor of /dev/kvm, kept
 * @cpus: 1 to VM_MAX_CPUS; all but the first wait for the guest to start them
 *
 * Return: 0, or -1 with @err set.
 */
int vm_create(struct vm *vm, int kvm, unsigned int cpus, struct error *err);

/**
 * vm_memory - show host memory to the guest
 * @gpa:      page aligned
 * @host:     page aligned, stays mapped as long as the VM lives
 * @size:     bytes, whole pages
 * @readonly: the guest's stores are lost (each costs an exit)
 */
int vm_memory(struct vm *vm, uint64_t gpa, void *host, uint64_t size,
	      bool readonly, struct error *err);

/** vm_slot - reserve a memory slot for vm_place() */
uint32_t vm_slot(struct vm *vm);

/**
 * vm_place - show host memory at an address that may change while the VM runs
 * @slot: from vm_slot(); shows nothing now, unless @size is 0
 * @gpa, @host: page aligned
 * @size: bytes, whole pages; 0: show nothing any more
 *
 * Return: 0 or negative errno (the guest may ask for overlaps).
 */
int vm_place(struct vm *vm, uint32_t slot, uint64_t gpa, void *host,
	     uint64_t size);

/** vm_doorbell - have a guest's 32-bit store to an address write an eventfd */
int vm_doorbell(struct vm *vm, uint64_t gpa, int eventfd, struct error *err);

/** vm_doorbell_of - likewise, a store of @value only */
int vm_doorbell_of(struct vm *vm, uint64_t gpa, uint32_t value, int eventfd,
		   struct error *err);

/**
 * vm_interrupt - have an eventfd raise an edge-triggered interrupt
 * @gsi: an SPI (0 is the GIC's 32), or from vm_gsi()
 */
int vm_interrupt(struct vm *vm, uint32_t gsi, int eventfd, struct error *err);

/**
 * vm_interrupt_level - likewise, level-triggered: up with @eventfd, down when
 * the guest has dealt with it, which is told by @resample
 */
int vm_interrupt_level(struct vm *vm, uint32_t gsi, int eventfd, int resample,
		       struct error *err);

/** vm_interrupt_off - take an eventfd's interrupt back */
int vm_interrupt_off(struct vm *vm, uint32_t gsi, int eventfd);

/**
 * vm_gsi - allocate a GSI for an MSI
 *
 * Return: the GSI, or -1 if there are no more.
 */
int vm_gsi(struct vm *vm);

/**
 * vm_route_msi - what a GSI from vm_gsi() does: a write to the ITS
 * @address, @data: as in the device's MSI-X table
 * @devid:   requester id, as the guest's device tree maps it
 *
 * Return: 0 or negative errno.
 */
int vm_route_msi(struct vm *vm, uint32_t gsi, uint64_t address, uint32_t data,
		 uint32_t devid);

/** vm_trap - handle accesses to a range in user space */
int vm_trap(struct vm *vm, const struct vm_range *range, struct error *err);

/* Why a vCPU stopped for good. */
enum vm_end {
	VM_RESET,    /* the guest asked for a reset (or panicked) */
	VM_SHUTDOWN, /* the guest turned itself off */
	VM_FAILED,   /* KVM could not go on; see the error */
};

/**
 * vm_start - set the first vCPU's first instruction and x0
 * @entry: guest-physical
 * @x0:    guest-physical address of the device tree
 */
int vm_start(struct vm *vm, uint64_t entry, uint64_t x0, struct error *err);

/**
 * vm_run - run a vCPU in this thread until the VM ends
 * @cpu: which
 * @err: VM_FAILED: what happened
 */
enum vm_end vm_run(struct vm *vm, unsigned int cpu, struct error *err);

#endif
