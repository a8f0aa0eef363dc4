/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_TESTS_CONFIG_PROMISE_H
#define WEIR_TESTS_CONFIG_PROMISE_H

#include "config/system.h"

/**
 * promise_check - does a system keep the promises of config/system.h?
 *
 * Whatever the topology: names are unique, indices and slots valid, both ends
 * of a channel and of a connection agree, sizes fit, and every PD maps exactly
 * what config/build.h says, with those permissions and no more.  Fails the test
 * otherwise.
 */
void promise_check(const struct system *sys);

#endif
