/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A monitor with a driver VM, of components that do as they are told
 * (fake_components.h); no KVM.
 */
#ifndef WEIR_TESTS_UNIT_MONITOR_VM_RIG_H
#define WEIR_TESTS_UNIT_MONITOR_VM_RIG_H

#include "tests/unit/monitor_rig.h"

/* Port 0 gives orders, port 1 is the VM's, port 2 follows it. */
#define TOPOLOGY(vm, more)                                                     \
	"switch sw0 {\n"                                                       \
	"port a { attach \"@/a.sock\" }\n"                                     \
	"port up { driver-vm " vm " }\n"                                       \
	"port b { attach \"@/b.sock\"; follow up }\n"                          \
	"}\n"                                                                  \
	"allow a <-> up\n"                                                     \
	"allow b <-> up\n"                                                     \
	"vm " vm " { kernel \"@/lives\"; initrd \"@/i\"; "                     \
	"nic pci \"0000:00:03.0\"; " more " }\n"

/* One that is ready at once. */
extern const char quick[];
/* One that gets ready when it is told to. */
extern const char slow[];
/* One that may not be silent for long. */
extern const char watched[];

const char *vm_shows(const struct rig *r, const char *vm, const char *member);
pid_t pid_of(const struct rig *r, const char *pd);

/* Before that, a PD takes no orders. */
void until_running(const struct rig *r, const char *pd);

/* Up, with somebody attached who gives orders. */
void begin(struct rig *r, struct rig_client *c, const char *topology);
/* The same with the quick VM, which is up. */
void begin_up(struct rig *r, struct rig_client *c);
void finish_vm(struct rig *r, struct rig_client *c);

/* A VM publishes nothing; once it answers it has seen that its link is up. */
void until_seen(struct rig *r, struct rig_client *c);

#endif
