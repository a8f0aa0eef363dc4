/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a topology file to a system, with the compiler's report on the way.
 */
#ifndef WEIR_CLI_COMPILE_H
#define WEIR_CLI_COMPILE_H

#include "config/config.h"

/**
 * compile_topology - compile a topology, its report going to standard error
 * @file: path; "-" is standard input
 * @name: of the instance, or NULL: after the file
 * @then: what follows from errors: "; nothing was started", or ""
 *
 * Return: the system, for system_free(), or NULL if there were errors.
 */
struct system *compile_topology(const char *file, const char *name,
				const char *then);

/**
 * NAME_RULES - what an instance can be called, for messages
 */
#define NAME_RULES                                                             \
	"letters, digits, '.', '_' and '-', at most 31 of them, and neither '.' nor '-' first"

#endif
