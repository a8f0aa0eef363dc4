/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts for the control socket (docs/control.md), as JSON: the command makes
 * words of them (cli/errors.c).
 */
#ifndef WEIR_VMM_LINUX_MONITOR_FACTS_H
#define WEIR_VMM_LINUX_MONITOR_FACTS_H

#include <jansson.h>

/**
 * facts_error - why a request is refused
 * @code:   one of those in docs/control.md
 * @format: what goes with it, as for json_pack(): an object
 *
 * Return: new JSON, never NULL: {"error": CODE, ...}, or null if memory ran
 * out.
 */
json_t *facts_error(const char *code, const char *format, ...);

/**
 * json_safe - JSON of a text that need not be UTF-8, as a path
 */
json_t *json_safe(const char *text);

#endif
