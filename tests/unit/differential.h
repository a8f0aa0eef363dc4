/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_TESTS_DIFFERENTIAL_H
#define WEIR_TESTS_DIFFERENTIAL_H

#include <stdbool.h>

/**
 * differential - run the switch against the oracle, as a cmocka program
 * @user: world_refuse() is this program's policy_user()
 */
int differential(bool user);

#endif
