/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks in the monitor, before anything runs: can this VM be started?
 *
 * Functions return 0, or -1 with @err set, unless they say otherwise.
 */
#ifndef WEIR_VMM_KVM_VM_CHECK_H
#define WEIR_VMM_KVM_VM_CHECK_H

#include "config/system.h"
#include "vmm/linux/error.h"

/* Descriptors of an opened VM; a card's follow. */
enum { VM_FD_KVM, VM_FD_KERNEL, VM_FD_INITRD, VM_FDS };

/**
 * vm_open_files - open kernel and initrd and see that they fit
 * @fds: out: VM_FD_KERNEL and VM_FD_INITRD, if it succeeds
 *
 * Return: 0, or -1 with @err set and nothing left open.
 */
int vm_open_files(const struct sys_vm *cfg, int fds[VM_FDS], struct error *err);

/**
 * vm_open_kvm - open a KVM device that has what is needed
 * @path: "/dev/kvm"
 *
 * Return: the descriptor, or -1 with @err set.
 */
int vm_open_kvm(const char *path, struct error *err);

/**
 * vm_page_size - can a VM's regions be shown where the host has such pages?
 * @size: bytes of a page
 */
int vm_page_size(long size, struct error *err);

/**
 * vm_lock_limit - raise the limit of locked memory, for a card's DMA
 * @memory: bytes
 *
 * Raises the limit of this process, and so of those it starts.
 */
int vm_lock_limit(uint64_t memory, struct error *err);

/** vm_open - all of it, and whether the card can be used; component_ops.open */
int vm_open(const struct sys_component *cfg, int *fds, struct error *err);

/** client_vm_open - likewise, of a VM without a card */
int client_vm_open(const struct sys_component *cfg, int *fds,
		   struct error *err);

#endif
