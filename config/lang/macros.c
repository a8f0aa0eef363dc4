/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/lang/macros.h"

#include <string.h>

#include "config/lang/parser.tab.h"

struct macro {
	struct macro *next;
	const char *name;
	struct pos pos;
	struct token value;
};

static const struct macro *find(const struct macros *macros, const char *name)
{
	for (const struct macro *m = macros->first; m; m = m->next) {
		if (strcmp(m->name, name) == 0)
			return m;
	}
	return NULL;
}

void macro_define(struct macros *macros, struct report *r, const char *name,
		  struct pos at, const struct token *value)
{
	const struct macro *old = find(macros, name);
	struct macro *m;

	if (old) {
		report_error(r, at,
			     "macro \"%s\" is defined already, in %s; give "
			     "this one another name",
			     name, report_place(r, at, old->pos));
		return;
	}
	m = arena_alloc(r->arena, sizeof(*m));
	m->name = name;
	m->pos = at;
	m->value = *value;
	m->next = macros->first;
	macros->first = m;
}

static void report_unknown(const struct macros *macros, struct report *r,
			   const struct token *t)
{
	struct guess g = { .wanted = t->text };

	/* Among thousands, that takes long. */
	if (report_tells(r, t->pos)) {
		for (const struct macro *m = macros->first; m; m = m->next)
			guess_offer(&g, m->name);
	}
	if (!*t->text)
		report_error(r, t->pos,
			     "\"$\" wants a macro's name right behind it");
	else if (g.best)
		report_error(r, t->pos,
			     "unknown macro \"%s\"; did you mean \"%s\"?",
			     t->text, g.best);
	else if (source_is_runtime(&t->pos))
		report_error(r, t->pos,
			     "unknown macro \"%s\"; the topology has none of "
			     "that name",
			     t->text);
	else
		report_error(r, t->pos,
			     "unknown macro \"%s\"; define it above: "
			     "%s = \"VALUE\"",
			     t->text, t->text);
}

void macro_expand(const struct macros *macros, struct report *r,
		  struct token *t)
{
	const struct macro *m = find(macros, t->text);

	if (m) {
		t->kind = m->value.kind;
		t->text = m->value.text;
		t->macro = true;
	} else {
		report_unknown(macros, r, t);
		t->kind = T_BROKEN;
		t->text = NULL;
	}
}
