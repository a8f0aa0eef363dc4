/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * With which status a client VM's PD ends.  The monitor starts the VM again or
 * leaves it off, and counts neither as a failure; any other status is one.
 */
#ifndef WEIR_VMM_KVM_VM_END_H
#define WEIR_VMM_KVM_VM_END_H

enum vm_exit {
	VM_EXIT_REBOOT = 64, /* the guest wants to start again */
	VM_EXIT_OFF = 65     /* the guest has turned itself off */
};

#endif
