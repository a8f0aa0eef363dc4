/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_CLI_PORT_H
#define WEIR_CLI_PORT_H

#include <jansson.h>
#include <stdbool.h>

/**
 * port_resolve - the port a name means
 * @ports: reply to `show ports`
 * @name:  "switch.port", or "port" where only one switch has it
 *
 * Says what is wrong if it is none, or could be several.
 *
 * Return: its full name as long as @ports lives, or NULL.
 */
const char *port_resolve(const json_t *ports, const char *name);

/**
 * port_exists - is there a port of this name, in full or short?
 */
bool port_exists(const json_t *ports, const char *name);

#endif
