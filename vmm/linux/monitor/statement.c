/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/linux/monitor/statement.h"

const struct statement *statements_find(const struct statements *s,
					const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].key, key) == 0)
			return &s->v[i];
	return NULL;
}

bool statements_are_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((*text < ' ' || *text > '~') &&
		    strchr("\t\r\n", *text) == NULL)
			return false;
	return true;
}

/* An empty list with room for so many. */
static struct statements list_for(const struct statements *from, size_t more)
{
	return (struct statements){ .v = calloc(from->n + more + 1,
						sizeof(*from->v)),
				    .last = from->last };
}

static json_t *no_memory(void)
{
	return facts_error("no_memory", "{}");
}

/* Is there no newer statement with the same key? */
static bool holds(const struct statements *s, size_t i)
{
	return statements_find(s, s->v[i].key) == &s->v[i];
}

/* Forget the oldest that has been replaced.  Return: whether there is one. */
static bool forget_replaced(struct statements *s)
{
	size_t i = s->n;

	while (i > 0 && holds(s, i - 1))
		i--;
	if (i == 0)
		return false;
	memmove(&s->v[i - 1], &s->v[i], (s->n - i) * sizeof(*s->v));
	s->n--;
	return true;
}

json_t *statements_add(struct statements *to, const struct statements *from,
		       const struct config_change *change, size_t n)
{
	struct statements all = list_for(from, n);
	json_t *why = NULL;

	if (all.v == NULL)
		return no_memory();
	all.last++;
	if (n == 0)
		why = facts_error("empty", "{}");
	for (; why == NULL && all.n < n; change++) {
		if (statements_find(&all, change->key) != NULL)
			why = facts_error("twice", "{s:s}", "about",
					  change->key);
		all.v[all.n++] = (struct statement){ change->text, change->key,
						     all.last };
	}
	for (size_t i = 0; why == NULL && i < from->n; i++)
		all.v[all.n++] = from->v[i];
	while (why == NULL && all.n > STATEMENTS_MAX)
		if (!forget_replaced(&all))
			why = facts_error("too_many", "{s:i}", "max",
					  (int)STATEMENTS_MAX);
	if (why == NULL)
		*to = all;
	else
		free(all.v);
	return why;
}

/* All statements on one line, or those that hold on a line each; to free(). */
static char *join(const struct statements *s, bool all)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		if (all)
			fprintf(out, "%s%s", i > 0 ? "; " : "", s->v[i].text);
		else if (holds(s, i))
			fprintf(out, "%s\n", s->v[i].text);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* --- taking back --------------------------------------------------------- */

/* A change's number; @change 0: the highest.  0: there is none. */
static unsigned int find_change(const struct statements *s, unsigned int change)
{
	unsigned int found = 0;

	for (size_t i = 0; i < s->n; i++)
		if (change == 0 ? s->v[i].change > found
				: s->v[i].change == change)
			found = s->v[i].change;
	return found;
}

json_t *statements_undo(struct statements *to, const struct statements *from,
			unsigned int *change, char **undone)
{
	unsigned int found = find_change(from, *change);
	struct statements left, gone;

	if (found == 0)
		return facts_error(from->n == 0 ? "nothing_to_undo"
						: "no_change",
				   "{s:I}", "number", (json_int_t)*change);
	left = list_for(from, 0);
	gone = list_for(from, 0);
	for (size_t i = 0; left.v != NULL && gone.v != NULL && i < from->n; i++)
		if (from->v[i].change == found)
			gone.v[gone.n++] = from->v[i];
		else
			left.v[left.n++] = from->v[i];
	*undone = gone.n > 0 ? join(&gone, true) : NULL;
	free(gone.v);
	*to = left;
	*change = found;
	return *undone == NULL ? no_memory() : NULL;
}

/* --- as text ------------------------------------------------------------- */

char *statements_text(const struct statements *s)
{
	return join(s, false);
}

const struct statement *statements_line(const struct statements *s,
					unsigned int line)
{
	for (size_t i = 0; i < s->n; i++)
		if (holds(s, i) && --line == 0)
			return &s->v[i];
	return NULL;
}

/* The rest of a report's line; @number: out: the line it is about, or 0. */
static const char *about(const char *line, unsigned int *number)
{
	static const char place[] = "(runtime):";
	const char *text = strstr(line, ": ");

	*number = 0;
	if (strncmp(line, place, strlen(place)) != 0 || text == NULL)
		return line;
	*number = (unsigned int)strtoul(line + strlen(place), NULL, 10);
	return text + 2;
}

/* Does a text have this line? @n: its bytes, newline included. */
static bool has_line(const char *text, const char *line, size_t n)
{
	while (text != NULL && strncmp(text, line, n) != 0) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return text != NULL;
}

/* A line that is about a statement; @n: bytes of @rest. */
static void explain(FILE *said, FILE *out, const struct statement *v,
		    const struct statements *kept, const char *rest, size_t n)
{
	char *line;
	int size = asprintf(&line, "change %u, %s: %.*s\n", v->change, v->text,
			    (int)n, rest);

	if (size < 0)
		return;
	fputs(line, said);
	if (find_change(kept, v->change) == 0)
		fprintf(out, "%s: %.*s\n", v->text, (int)n, rest);
	else if (!has_line(kept->said, line, (size_t)size))
		fputs(line, out);
	free(line);
}

/* A line of a change, as it was sent; only its beginning if it is long. */
static void quote(FILE *out, const char *sent, unsigned int number)
{
	size_t n;

	while (--number > 0 && strchr(sent, '\n') != NULL)
		sent = strchr(sent, '\n') + 1;
	sent += strspn(sent, " \t\r");
	n = strcspn(sent, "\r\n");
	fprintf(out, "%.*s: ", (int)(n < 200 ? n : 200), sent);
}

char *statements_explain(struct statements *s, const struct statements *kept,
			 const char *sent, const char *report)
{
	char *text = NULL;
	size_t size, said_size, n;
	FILE *out = open_memstream(&text, &size);
	FILE *said = open_memstream(&s->said, &said_size);

	while (out != NULL && said != NULL && *report != '\0') {
		unsigned int number;
		const char *rest = about(report, &number);
		const struct statement *v = statements_line(s, number);

		if (v == NULL && sent == NULL)
			rest = report;
		n = strcspn(rest, "\n");
		if (v == NULL && sent != NULL && number > 0)
			quote(out, sent, number);
		if (v == NULL)
			fprintf(out, "%.*s\n", (int)n, rest);
		else
			explain(said, out, v, kept, rest, n);
		report = rest + n + (rest[n] == '\n');
	}
	if (said != NULL)
		fclose(said);
	if (out != NULL && fclose(out) == 0 && said != NULL)
		return text;
	free(text);
	return NULL;
}
