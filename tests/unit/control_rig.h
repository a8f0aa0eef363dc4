/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A monitor to be asked: two switches, linked, with ports of each kind.
 */
#ifndef WEIR_TESTS_UNIT_CONTROL_RIG_H
#define WEIR_TESTS_UNIT_CONTROL_RIG_H

#include "tests/unit/monitor_rig.h"

extern const char control_topology[];

#endif
