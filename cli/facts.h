/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's facts in words: docs/control.md has both.
 */
#ifndef WEIR_CLI_FACTS_H
#define WEIR_CLI_FACTS_H

#include <jansson.h>

/**
 * reason_text - what a reason's key means, as a line for a person
 *
 * Return: a text; "unknown" if there is no such reason.
 */
const char *reason_text(const char *key);

/**
 * rule_shown - a rule as it is shown
 * @facts: a rule of a reply
 *
 * Return: new JSON, with `where` in place of file and line.
 */
json_t *rule_shown(const json_t *facts);

/**
 * facts_shown - the data of a reply to `show`, in words where it has only codes
 * @what: "policy", ...
 * @data: released
 *
 * Return: new JSON.
 */
json_t *facts_shown(const char *what, json_t *data);

/**
 * error_text - why an instance refuses a request (cli/errors.c)
 * @reply:    with "error"; an error this command does not know stays as it is
 * @instance: its name
 *
 * Return: text to free().
 */
char *error_text(const json_t *reply, const char *instance);

/**
 * json_number - a member that is an integer
 *
 * Return: it, or 0 if there is none.
 */
json_int_t json_number(const json_t *object, const char *key);

#endif
