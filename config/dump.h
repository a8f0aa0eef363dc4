/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_CONFIG_DUMP_H
#define WEIR_CONFIG_DUMP_H

#include "config/config.h"

/**
 * dump_policy - part of system_dump(): what one switch is told
 * @name: the switch's
 */
void dump_policy(const struct sys_policy *policy, const char *name,
		 const struct sys_switch *sw, FILE *out);

#endif
