/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_CLI_SHOW_H
#define WEIR_CLI_SHOW_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/table.h"

/* Where a column appears.  Some are for programs only, because another tells a
 * person the same. */
enum where { PIPE = 1, TERMINAL = 2, BOTH = 3 };

/**
 * struct column - one column of a list
 * @heading: on a terminal
 * @key:     in the reply
 * @where:   on a terminal, in a pipe, or both
 * @right:   a number
 */
struct column {
	const char *heading;
	const char *key;
	enum where where;
	bool right;
};

/**
 * struct list - one thing to show
 * @what:   its name
 * @empty:  what to tell a person when there is nothing
 * @column: columns, ended by one without a key; in a pipe in this order
 */
struct list {
	const char *what;
	const char *empty;
	struct column column[TABLE_MAX_COLUMNS];
};

/**
 * print_list - print one of the lists
 * @data:  array of rows; anything else shows as an empty one
 * @table: for a person
 */
void print_list(const struct list *list, const json_t *data, bool table);

/**
 * print_system - print a running system: its domains, and who maps what
 * @data:  reply to `show system`
 * @table: for a person
 */
void print_system(const json_t *data, bool table);

#endif
