/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_CONFIG_DUMP_H
#define WEIR_CONFIG_DUMP_H

#include "config/config.h"

/**
 * dump_settings - part of system_dump(): what is attached, as its port says it
 *
 * Of a switch or VM, the word for that alone.
 */
void dump_settings(const struct sys_component *c, const char *name, FILE *out);

/**
 * dump_access - likewise: who may connect to a path
 */
void dump_access(const struct sys_access *a, FILE *out);

/**
 * dump_policy - part of system_dump(): what one switch is told
 * @c: the switch
 */
void dump_policy(const struct sys_policy *policy, const struct sys_component *c,
		 FILE *out);

#endif
