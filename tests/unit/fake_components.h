/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Components that fail as they are told, for tests of the monitor: every
 * failure it must handle can be had at will.  A test says which components its
 * PDs have with a line FAKE_COMPONENTS.
 *
 * The fake switch follows the link protocol and answers its mailbox with
 * made-up facts.  Through the transmit region of any attached client it takes
 * orders:
 *
 * 	crash		die
 * 	deaf		ignore link pages and the mailbox
 * 	fault N		say that port N broke the protocol
 * 	block N		say that port N is blocked
 * 	kill N		have port N's PD crash
 * 	tell N ORDER	give port N's PD another order
 * 	flood		log a lot
 * 	odd		log what a terminal would obey
 * 	policy LETTERS	what becomes of the next policies it is asked to take,
 * 			a letter for each: a: it agrees, r: it refuses, d: it
 * 			dies, m: it does not answer, s: it agrees, slowly
 * 	lie		about which policy its counts are of
 *
 * At the start of each epoch it looks whether the queues are zero, and logs
 * "dirty" if not.  What policy it has can be seen in `show ports`: of each
 * port, "in_bytes" is how many it has taken, "out_frames" how many rules and
 * "out_bytes" how many entries the last one has.
 *
 * The virtualisers follow the link protocol and know "crash", "deaf" (ignore
 * link pages), "fault driver" and "fault switch" (say so of that side), "smear"
 * (write to all queues).  Orders that begin with "vm " are for the VM: "crash",
 * "smear", "ready", "carrier 0", "carrier 1", "forge" (a status page full of
 * ones that says it is ready), "babble" (one that says anything else) and
 * "beat" (count).  A VM called "slow" does not get ready by itself.
 *
 * Each life of a VM adds a byte to the file its kernel is configured to be, and
 * is given that file; "refuse" in its name makes start() fail, and so does a
 * file "*.busy" beside it.
 */
#ifndef WEIR_TESTS_UNIT_FAKE_COMPONENTS_H
#define WEIR_TESTS_UNIT_FAKE_COMPONENTS_H

#include <stdatomic.h>
#include <stdint.h>

#include "vmm/linux/pd/pd.h"

/* Addresses the fake forwarding database holds: many pages, and half a MB. */
#define FAKE_ADDRESSES 5000u
/* The same of flows and memberships; the last one names no port there is. */
#define FAKE_FLOWS 150u
#define FAKE_GROUPS 70u

/**
 * struct order - how an order lies in a data region
 * @number: changes with each
 *
 * It lies where the switch puts frames for the port, which both can read.
 */
struct order {
	_Atomic(uint32_t) number;
	char text[60];
};

void give_order(struct order *o, const char *text);

extern const struct component_ops fake_ops, fake_switch_ops, fake_virt_ops,
	fake_vm_ops, fake_guest_ops, fake_device_ops, fake_disk_ops;

#define FAKE_COMPONENTS                                                        \
	const struct component_ops *const component_kinds[SYS_KINDS] = {       \
		[SYS_SWITCH] = &fake_switch_ops,                               \
		[SYS_TAP] = &fake_ops,                                         \
		[SYS_NIC] = &fake_ops,                                         \
		[SYS_SOCKET] = &fake_ops,                                      \
		[SYS_VHOST_USER] = &fake_device_ops,                           \
		[SYS_CAPTURE] = &fake_ops,                                     \
		[SYS_PROGRAM] = &fake_ops,                                     \
		[SYS_VIRT] = &fake_virt_ops,                                   \
		[SYS_VM] = &fake_vm_ops,                                       \
		[SYS_CLIENT_VM] = &fake_guest_ops,                             \
		[SYS_DISK] = &fake_disk_ops,                                   \
	}

#endif
