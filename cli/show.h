/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_CLI_SHOW_H
#define WEIR_CLI_SHOW_H

#include <jansson.h>
#include <stdbool.h>

/**
 * print_system - print a running system: its domains, and who maps what
 * @data: reply to `show system`
 * @tty:  for a person
 */
void print_system(const json_t *data, bool tty);

#endif
