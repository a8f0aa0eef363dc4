/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "Did you mean": the distance between two names, counted in slips of the pen.
 *
 * A slip is one character too many, too few, another in its place, or two
 * neighbours swapped (optimal string alignment distance).  Three rows of the
 * usual table are enough, and names are short, so nothing is allocated.
 */
#include "config/lang/report.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

/* Longer names are not guessed at; SYS_SHORT twice and a dot fits. */
#define LONGEST 80

static unsigned int min(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Fills @row, for prefix a[0..i], from the rows of one and two shorter. */
static void fill_row(const char *a, size_t i, const char *b, size_t n,
		     unsigned int *row, const unsigned int *one,
		     const unsigned int *two)
{
	row[0] = (unsigned int)i;
	for (size_t j = 1; j <= n; j++) {
		unsigned int same = a[i - 1] == b[j - 1] ? 0 : 1;

		row[j] = min(one[j - 1] + same, min(one[j], row[j - 1]) + 1);
		if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
		    a[i - 2] == b[j - 1])
			row[j] = min(row[j], two[j - 2] + 1);
	}
}

/* UINT_MAX if one is too long for a guess. */
static unsigned int guess_distance(const char *a, const char *b)
{
	size_t m = strlen(a), n = strlen(b);
	unsigned int rows[3][LONGEST + 1];

	if (m > LONGEST || n > LONGEST)
		return UINT_MAX;
	for (size_t j = 0; j <= n; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= m; i++)
		fill_row(a, i, b, n, rows[i % 3], rows[(i + 2) % 3],
			 rows[(i + 1) % 3]);
	return rows[m % 3][n];
}

void guess_offer(struct guess *g, const char *name)
{
	size_t m = strlen(g->wanted);
	unsigned int allowed = m < 3 ? 0 : m < 6 ? 1 : 2;
	unsigned int d;

	if (!m)
		return;
	if (strcasecmp(g->wanted, name) == 0)
		d = 0;
	else if (m > 1 && strncasecmp(g->wanted, name, m) == 0)
		d = allowed; /* unfinished: as near as its worst typo */
	else
		d = guess_distance(g->wanted, name);
	if (d > allowed || (g->best && d >= g->distance))
		return;
	g->best = name;
	g->distance = d;
}
