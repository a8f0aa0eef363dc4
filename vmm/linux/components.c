/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every kind of component a PD can be made of.
 *
 * A new kind is entered here.  The table has a file of its own so that a test
 * can bring another one.
 */
#include "vmm/linux/pd/pd.h"

const struct component_ops *const component_kinds[SYS_KINDS] = {
	[SYS_SWITCH] = &switch_ops,
	[SYS_TAP] = &tap_ops,
	[SYS_NIC] = &nic_ops,
	[SYS_SOCKET] = &socket_ops,
	[SYS_VHOST_USER] = &vhost_user_ops,
	[SYS_CAPTURE] = &capture_ops,
	[SYS_PROGRAM] = &program_host_ops,
	[SYS_VIRT] = &virt_ops,
	[SYS_VM] = &vm_ops,
	[SYS_CLIENT_VM] = &client_vm_ops,
	[SYS_BLK_VIRT] = &blk_virt_ops,
	[SYS_DISK] = &disk_ops,
};
