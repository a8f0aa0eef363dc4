/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A nic port on one end of a veth pair.
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

#define nic_test(f) cmocka_unit_test_setup_teardown(f, nic_setup, nic_teardown)

#endif
