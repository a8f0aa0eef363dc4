/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports on network interfaces: a nic port on one end of a veth pair, and a tap
 * port.
 */
#ifndef WEIR_TESTS_UNIT_NIC_RIG_H
#define WEIR_TESTS_UNIT_NIC_RIG_H

#include "tests/unit/net_rig.h"

#include <sys/mman.h>

int nic_setup(void **state);

/* Take away the rings, as the end of a PD's process does. */
void nic_unmap(void);

void nic_end(struct comp *rig);
int nic_teardown(void **state);
struct comp *nic_start(void);

int tap_setup(void **state);

/* Skips if this machine has no TAP interfaces to give. */
struct comp *tap_start(void);

#define nic_test(f) cmocka_unit_test_setup_teardown(f, nic_setup, nic_teardown)

#endif
