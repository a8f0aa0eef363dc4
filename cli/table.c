/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See table.h.  Cells are escaped as they are added, so that widths are right
 * and a tab inside a cell cannot make two columns of it.
 */
#include <stdlib.h>

#include "cli/table.h"
#include "cli/text.h"

void table_column(struct table *t, const char *heading, bool right)
{
	if (t->columns == TABLE_MAX_COLUMNS)
		abort(); /* columns are constants of this program */
	t->heading[t->columns] = heading;
	t->right[t->columns++] = right;
}

void table_cell(struct table *t, const char *text)
{
	t->cell = xrealloc(t->cell, (t->cells + 1) * sizeof(*t->cell));
	t->cell[t->cells++] = text_safe(text && *text ? text : "-", "");
}

/**
 * print_padded - one cell of a table for a person
 * @width: of its column
 * @right: aligned to the right
 * @last:  of its row: ends the line instead of filling it with blanks
 */
static void print_padded(FILE *out, const char *text, size_t width, bool right,
			 bool last)
{
	size_t pad = width - text_width(text);

	if (right)
		fprintf(out, "%*s", (int)pad, "");
	fputs(text, out);
	if (last)
		fputc('\n', out);
	else
		fprintf(out, "%*s", (int)(right ? 2 : pad + 2), "");
}

/* Headings, then rows; each column as wide as its widest cell. */
static void print_aligned(const struct table *t, FILE *out)
{
	size_t width[TABLE_MAX_COLUMNS];

	for (size_t c = 0; c < t->columns; c++)
		width[c] = text_width(t->heading[c]);
	for (size_t i = 0; i < t->cells; i++) {
		size_t w = text_width(t->cell[i]);

		if (w > width[i % t->columns])
			width[i % t->columns] = w;
	}
	for (size_t c = 0; c < t->columns; c++)
		print_padded(out, t->heading[c], width[c], t->right[c],
			     c + 1 == t->columns);
	for (size_t i = 0; i < t->cells; i++) {
		size_t c = i % t->columns;

		print_padded(out, t->cell[i], width[c], t->right[c],
			     c + 1 == t->columns);
	}
}

void table_print(const struct table *t, FILE *out, bool tty)
{
	if (!t->columns)
		return;
	if (tty) {
		print_aligned(t, out);
		return;
	}
	for (size_t i = 0; i < t->cells; i++) {
		fputs(t->cell[i], out);
		fputc((i + 1) % t->columns ? '\t' : '\n', out);
	}
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->cells; i++)
		free(t->cell[i]);
	free(t->cell);
	*t = (struct table){ 0 };
}
