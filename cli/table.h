/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows and columns: aligned under headings for a person, tab-separated for a
 * program, which would have to skip headings.  The columns are in weir(1); new
 * ones are only ever added at the end.
 */
#ifndef WEIR_CLI_TABLE_H
#define WEIR_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_MAX_COLUMNS 28

/**
 * struct table - cells row by row
 * @columns: how many
 * @heading: by column
 * @right:   by column: aligned to the right (numbers)
 * @cell:    all cells; escaped, each to be freed
 * @cells:   how many
 */
struct table {
	size_t columns;
	const char *heading[TABLE_MAX_COLUMNS];
	bool right[TABLE_MAX_COLUMNS];
	char **cell;
	size_t cells;
};

/**
 * table_column - add a column; all of them before the first cell
 * @heading: not copied
 * @right:   align to the right
 */
void table_column(struct table *t, const char *heading, bool right);

/**
 * table_cell - add the next cell, from left to right and from top to bottom
 * @text: copied and escaped; "" and NULL become "-", so that no column of a
 *        tab-separated line is ever empty
 */
void table_cell(struct table *t, const char *text);

/**
 * table_print - print
 * @tty: for a person
 */
void table_print(const struct table *t, FILE *out, bool tty);

/**
 * table_free - release the cells
 */
void table_free(struct table *t);

#endif
