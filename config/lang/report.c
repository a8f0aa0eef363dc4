/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first messages by place are kept, those about the same token in the order
 * they were found in, and the others are counted: a file can have more mistakes
 * than anybody reads.
 */
#include "config/lang/report.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/lang/source.h"

struct message {
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

/* Nor does it grow with what is quoted. */
static void shorten(char *text)
{
	size_t len = strlen(text);

	if (len <= REPORT_TEXT)
		return;
	/* Not in the middle of a character. */
	for (len = REPORT_TEXT - 3; ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	memcpy(text + len, "...", sizeof("..."));
}

static int compare(const struct message *a, const struct message *b)
{
	if (a->at.seq != b->at.seq)
		return a->at.seq < b->at.seq ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* Put a message where it belongs; returns NULL if it is one too many. */
static struct message *insert(struct report *r, struct messages *list,
			      struct pos at)
{
	struct message m = { .at = at, .number = r->errors + r->warnings };
	unsigned int i = list->kept;

	if (!list->first)
		list->first = arena_alloc(r->arena, REPORT_MAX * sizeof(m));
	while (i > 0 && compare(&m, &list->first[i - 1]) < 0)
		i--;
	if (i == REPORT_MAX)
		return NULL;
	if (list->kept < REPORT_MAX)
		list->kept++;
	memmove(&list->first[i + 1], &list->first[i],
		(list->kept - 1 - i) * sizeof(m));
	list->first[i] = m;
	return &list->first[i];
}

bool report_tells(const struct report *r, struct pos at)
{
	const struct message m = { .at = at, .number = UINT_MAX };

	return r->error.kept < REPORT_MAX ||
	       compare(&m, &r->error.first[REPORT_MAX - 1]) < 0;
}

static void add(struct report *r, struct messages *list, struct pos at,
		const char *severity, const char *format, va_list args)
{
	struct message *m = insert(r, list, at);
	char *said, *text;

	if (!m)
		return;
	said = arena_vprintf(r->arena, format, args);
	text = arena_printf(r->arena, "%s:%u:%u: %s%s", at.file, at.line,
			    at.column, severity, said);
	flatten(text);
	shorten(text);
	m->text = text;
}

bool report_error(struct report *r, struct pos at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(r, &r->error, at, "", format, args);
	va_end(args);
	r->errors++;
	return false;
}

void report_warning(struct report *r, struct pos at, const char *format, ...)
{
	va_list args;

	if (r->runtime && !source_is_runtime(&at))
		return;
	va_start(args, format);
	add(r, &r->warning, at, "warning: ", format, args);
	va_end(args);
	r->warnings++;
}

const char *report_place(struct report *r, struct pos here, struct pos there)
{
	if (strcmp(here.file, there.file) == 0)
		return arena_printf(r->arena, "line %u", there.line);
	return arena_printf(r->arena, "%s:%u", there.file, there.line);
}

/* Both lists, in the order of their places. */
static void print_messages(const struct report *r, FILE *out)
{
	const struct message *e = r->error.first, *w = r->warning.first;
	const struct message *no_e = e ? e + r->error.kept : e;
	const struct message *no_w = w ? w + r->warning.kept : w;

	while (e != no_e || w != no_w) {
		bool error = w == no_w || (e != no_e && compare(e, w) < 0);

		fprintf(out, "%s\n", error ? e++->text : w++->text);
	}
}

static void print_rest(const struct messages *list, unsigned int n,
		       const char *what, FILE *out)
{
	unsigned int rest = n - list->kept;

	if (rest)
		fprintf(out, "... and %u more %s%s\n", rest, what,
			rest == 1 ? "" : "s");
}

void report_finish(const struct report *r, struct config_report *out)
{
	size_t size;
	FILE *text;

	*out = (struct config_report){ .errors = r->errors,
				       .warnings = r->warnings };
	text = open_memstream(&out->text, &size);
	if (text) {
		print_messages(r, text);
		print_rest(&r->error, r->errors, "error", text);
		print_rest(&r->warning, r->warnings, "warning", text);
	}
	if (!text || fclose(text) != 0)
		out_of_memory();
}

void config_report_free(struct config_report *report)
{
	free(report->text);
	report->text = NULL;
}
