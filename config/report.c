/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages are kept as a list, newest first, each with the number it came with.
 * At the end they are sorted by where they stand; messages about the same token
 * stay in the order they were found in.
 */
#include "config/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/source.h"

struct message {
	struct message *older;
	struct pos at;
	unsigned int number;
	const char *text;
};

/*
 * A message is one line: what the user wrote may be quoted in it, and so may
 * not break it or speak to the terminal.
 */
static void flatten(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

static void add(struct report *r, struct pos at, const char *severity,
		const char *format, va_list args)
{
	struct message *m = arena_alloc(r->arena, sizeof(*m));
	char *said = arena_vprintf(r->arena, format, args);
	char *text = arena_printf(r->arena, "%s:%u:%u: %s%s", at.file, at.line,
				  at.column, severity, said);

	flatten(text);
	m->at = at;
	m->number = r->errors + r->warnings;
	m->text = text;
	m->older = r->newest;
	r->newest = m;
}

void report_error(struct report *r, struct pos at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(r, at, "", format, args);
	va_end(args);
	r->errors++;
}

void report_warning(struct report *r, struct pos at, const char *format, ...)
{
	va_list args;

	if (r->runtime && !source_is_runtime(&at))
		return;
	va_start(args, format);
	add(r, at, "warning: ", format, args);
	va_end(args);
	r->warnings++;
}

const char *report_place(struct report *r, struct pos here, struct pos there)
{
	if (strcmp(here.file, there.file) == 0)
		return arena_printf(r->arena, "line %u", there.line);
	return arena_printf(r->arena, "%s:%u", there.file, there.line);
}

static int compare(const void *left, const void *right)
{
	const struct message *a = *(struct message *const *)left;
	const struct message *b = *(struct message *const *)right;

	if (a->at.seq != b->at.seq)
		return a->at.seq < b->at.seq ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static char *join(struct message **sorted, unsigned int n)
{
	size_t size = 1;
	char *text, *end;

	for (unsigned int i = 0; i < n; i++)
		size += strlen(sorted[i]->text) + 1;
	text = end = must_alloc(1, size);
	for (unsigned int i = 0; i < n; i++) {
		end = stpcpy(end, sorted[i]->text);
		*end++ = '\n';
	}
	return text;
}

void report_finish(const struct report *r, struct config_report *out)
{
	unsigned int n = r->errors + r->warnings;
	struct message **sorted = must_alloc(n, sizeof(struct message *));
	unsigned int i = 0;

	for (struct message *m = r->newest; m; m = m->older)
		sorted[i++] = m;
	qsort(sorted, n, sizeof(struct message *), compare);
	out->text = join(sorted, n);
	out->errors = r->errors;
	out->warnings = r->warnings;
	free(sorted);
}

void config_report_free(struct config_report *report)
{
	free(report->text);
	report->text = NULL;
}
