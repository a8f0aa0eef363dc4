/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "vmm/linux/statement_parse.h"

bool statements_have(const struct statements *s, const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].key, key) == 0)
			return true;
	return false;
}

int statements_append(struct statements *s, const char *text, const char *key,
		      struct error *err)
{
	struct statement *v;

	if (s->n == STATEMENTS_MAX)
		return error_set(err,
				 "%u statements have been made since the "
				 "topology was loaded, and no more are kept; "
				 "write them into the file and have that "
				 "reloaded",
				 STATEMENTS_MAX);
	v = reallocarray(s->v, s->n + 1, sizeof(*v));
	if (v == NULL)
		return error_set(err, "the monitor is out of memory");
	s->v = v;
	v[s->n] = (struct statement){ strdup(text), strdup(key) };
	s->n++;
	if (v[s->n - 1].text == NULL || v[s->n - 1].key == NULL)
		return error_set(err, "the monitor is out of memory");
	return 0;
}

static int merge(struct statements *to, const struct statements *from,
		 const struct statements *front, struct error *err)
{
	for (size_t i = 0; i < front->n; i++)
		if (statements_append(to, front->v[i].text, front->v[i].key,
				      err) != 0)
			return -1;
	for (size_t i = 0; i < from->n; i++)
		if (!statements_have(front, from->v[i].key) &&
		    statements_append(to, from->v[i].text, from->v[i].key,
				      err) != 0)
			return -1;
	return 0;
}

int statements_add(struct statements *to, const struct statements *from,
		   const struct system *sys, const char *text,
		   struct error *err)
{
	struct statements fresh = { 0 }, all = { 0 };
	int result = statements_parse(&fresh, sys, text, err);

	if (result == 0)
		result = merge(&all, from, &fresh, err);
	if (result == 0)
		*to = all;
	else
		statements_free(&all);
	statements_free(&fresh);
	return result;
}

char *statements_text(const struct statements *s)
{
	size_t size = 1;
	char *text, *end;

	for (size_t i = 0; i < s->n; i++)
		size += strlen(s->v[i].text) + 1;
	text = malloc(size);
	if (text == NULL)
		return NULL;
	end = text;
	for (size_t i = 0; i < s->n; i++) {
		end = stpcpy(end, s->v[i].text);
		*end++ = '\n';
	}
	*end = '\0';
	return text;
}

void statements_free(struct statements *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].text);
		free(s->v[i].key);
	}
	free(s->v);
	*s = (struct statements){ 0 };
}
