/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM's counters, in a page that only the VMM writes and the monitor shows.
 * The guest's own counters are in virt/driver_abi.h.
 */
#ifndef WEIR_VMM_KVM_VM_STATS_H
#define WEIR_VMM_KVM_VM_STATS_H

#include <stdint.h>

#include "base/abi.h"

#define VM_STATS_MAGIC 0x57656972566d5374ull /* "WeirVmSt" */

/**
 * struct vm_stats - counters of one life of a VM
 * @magic:       VM_STATS_MAGIC once the others mean anything
 * @exits:       exits of the vCPU to user space
 * @unclaimed:   accesses to unassigned addresses
 * @host_errors: requests for the card (a BAR, an interrupt) that KVM or VFIO
 *               refused; the guest may then wait for an interrupt in vain
 *
 * Each field is a naturally aligned word with one writer, which stores it with
 * relaxed order.
 */
struct vm_stats {
	uint64_t magic;
	uint64_t exits;
	uint64_t unclaimed;
	uint64_t host_errors;
};

ABI_SIZE(struct vm_stats, 32);
ABI_AT(struct vm_stats, magic, 0);
ABI_AT(struct vm_stats, exits, 8);
ABI_AT(struct vm_stats, unclaimed, 16);
ABI_AT(struct vm_stats, host_errors, 24);

_Static_assert(sizeof(struct vm_stats) <= 4096, "a region of one page");

#endif
