/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMs: those that drive a card and those that are clients of ports.  Included
 * by system.h.
 */
#ifndef WEIR_CONFIG_SYSTEM_VM_H
#define WEIR_CONFIG_SYSTEM_VM_H

#ifndef WEIR_CONFIG_SYSTEM_H
#error "include system.h"
#endif

/* A disk of a client VM; its number is that of struct sys_vm. */
struct sys_vm_disk {
	uint32_t pd; /* of its struct sys_disk, which is alone there */
	uint8_t read_only;
	uint8_t pad[3];
};

/* A network device of a client VM; its number is that of struct sys_vm. */
struct sys_vm_port {
	uint64_t mac;  /* of the device */
	uint32_t mtu;  /* bytes */
	uint32_t link; /* slot of its port's link page, for the carrier */
	uint32_t conn; /* index of its port's connection, for the monitor */
	uint32_t pad;
};

/**
 * struct sys_vm - a driver VM (SYS_VM) or a client VM (SYS_CLIENT_VM)
 *
 * Of a driver VM, the component's wire is the driver's side of its card, @blk
 * that of its disk.  It has one of the two, or both; what it lacks has slots
 * SYS_NONE.  The page for the partition table and the data regions of the disk's
 * clients, @blk_data, are its window: it sees them one behind the other.
 *
 * A client VM has no wire: each of its ports and disks has a PD of its own, a
 * vhost-user device (SYS_VHOST_USER or SYS_DISK, SYS_SOCKET_GIVEN) whose
 * front-end is the VMM.  What the VMM's component is given: of its open(), as a
 * driver VM's is, then a descriptor of the region @ram, for SET_MEM_TABLE; and
 * while it runs, by given() of its operations, one end of a socket pair
 * (SOCK_STREAM) per device, anew whenever the device's PD was restarted, and
 * consoles (vmm/linux/order.h).  Devices are numbered: ports, then disks.
 * The monitor's LOOK comes as a notification of @status_channel, after a change
 * of one of the link pages too.  It ends with the status of vmm/kvm/vm_end.h.
 */
struct sys_vm {
	char kernel[SYS_PATH];	 /* arm64 Image, plain or gzip */
	char initrd[SYS_PATH];	 /* cpio archive, plain or gzip */
	char append[SYS_PATH];	 /* to the kernel's command line, or "" */
	char nic[SYS_SHORT];	 /* PCI address, "0000:00:03.0", or "" */
	uint64_t memory;	 /* bytes of its RAM */
	uint32_t ram;		 /* slot of a region of that size */
	uint32_t status;	 /* slot (virt/driver_abi.h); a driver VM's */
	uint32_t status_channel; /* to the monitor, rung by the guest */
	uint32_t vmm_stats;  /* slot (vmm/kvm/vm_stats.h), not the guest's */
	uint32_t watchdog_s; /* silent for longer, it is dead; 0: never */
	uint8_t uncached;    /* shared memory appears as "generic-uio" */
	uint8_t pad[3];
	uint32_t cpus;	  /* of its processors; a driver VM has one */
	uint32_t n_ports; /* of a client VM */
	uint32_t n_disks; /* of a client VM */
	struct sys_vm_port port[SYS_VM_PORTS];
	struct sys_vm_disk disk[SYS_VM_DISKS];
	char storage[SYS_SHORT]; /* a driver VM's: PCI address, or "" */
	struct sys_blk_wire blk;
	uint32_t n_blk_data;
	/* slots, in the window's order */
	uint32_t blk_data[SYS_BLK_CLIENTS + 1];
	uint32_t pad2;
};

#endif
