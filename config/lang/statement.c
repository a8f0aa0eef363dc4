/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Normal forms of changes: from what the parser has made of a text to
 * statements that say one thing each (config_normalise()).
 * Words appear as they are written, so macros keep their "$".
 */
#include "config/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/lang/parser.h"

/* Text that is put together; @cut: there was more. */
struct line {
	char s[CONFIG_CHANGE_TEXT];
	size_t n;
	bool cut;
};

/* All of a change, in the order in which it is written. */
struct normaliser {
	struct topology *t;
	struct config_change *v;
	unsigned int seq[CONFIG_CHANGES_MAX]; /* its place in the text */
	size_t n;
};

/* Put a word at the end of a line. */
__attribute__((format(printf, 2, 3))) static void put(struct line *l,
						      const char *format, ...)
{
	size_t left;
	va_list args;
	int n;

	if (l->n && l->n + 1 < sizeof(l->s))
		l->s[l->n++] = ' ';
	left = sizeof(l->s) - l->n;
	va_start(args, format);
	n = vsnprintf(l->s + l->n, left, format, args);
	va_end(args);
	l->cut |= n < 0 || (size_t)n >= left;
	l->n = l->cut ? sizeof(l->s) - 1 : l->n + (size_t)n;
}

static void put_both(struct line *text, struct line *key, const char *word)
{
	put(text, "%s", word);
	put(key, "%s", word);
}

/* --- ports --------------------------------------------------------------- */

static bool has_port(const struct sys_component *comp, const char *name)
{
	for (uint32_t i = 0; comp->kind == SYS_SWITCH && i < comp->sw.n_ports;
	     i++)
		if (strcmp(comp->sw.port[i].name, name) == 0)
			return true;
	return false;
}

/* The switch that has a port of this name, if exactly one has. */
static const char *only_switch(const struct system *sys, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < sys->n_pds; i++) {
		for (uint32_t c = 0; c < sys->pd[i].n_comps; c++) {
			const struct sys_component *comp = &sys->pd[i].comp[c];

			if (!has_port(comp, name))
				continue;
			if (found)
				return NULL;
			found = comp->name;
		}
	}
	return found;
}

/* A port as it is written; as keys call it: in full, if that is known. */
static void put_port(const struct topology *t, struct line *text,
		     struct line *key, const struct name *name)
{
	const char *sw = only_switch(t->base, name->text);

	put(text, "%s%s", name->macro ? "$" : "",
	    name->macro ? name->macro : name->text);
	put(key, "%s%s%s", sw ? sw : "", sw ? "." : "", name->text);
}

/* --- statements ---------------------------------------------------------- */

static void release(struct config_change *change)
{
	free(change->text);
	free(change->key);
}

static char *copy(const struct line *l)
{
	return memcpy(must_alloc(1, l->n + 1), l->s, l->n);
}

/* A statement is complete; equal places keep their order. */
static void complete(struct normaliser *z, struct pos at,
		     const struct line *text, const struct line *key)
{
	size_t i = z->n;

	if (text->cut || key->cut) {
		wrong(z->t, at,
		      "a statement has at most %u bytes; \"%.40s ...\" has "
		      "more",
		      CONFIG_CHANGE_TEXT - 1, text->s);
		return;
	}
	if (z->n == CONFIG_CHANGES_MAX) {
		if (!z->t->report->errors)
			wrong(z->t, at,
			      "the change is too long; make several of it");
		return;
	}
	for (; i > 0 && z->seq[i - 1] > at.seq; i--) {
		z->seq[i] = z->seq[i - 1];
		z->v[i] = z->v[i - 1];
	}
	z->seq[i] = at.seq;
	z->v[i] = (struct config_change){ copy(text), copy(key) };
	z->n++;
}

static void put_side(const struct topology *t, struct line *text,
		     struct line *key, const struct topo_side *side)
{
	const struct name *name;

	if (side->list)
		put_both(text, key, "{");
	for_each(name, side->names.first) {
		put_port(t, text, key, name);
		if (name->next)
			put_both(text, key, ",");
	}
	if (side->list)
		put_both(text, key, "}");
}

/* One direction of a rule, from one side of it to the other. */
static void add_rule(struct normaliser *z, const struct topo_rule *rule,
		     unsigned int from)
{
	struct line text = { .n = 0 }, key = { .n = 0 };
	const struct name *when = rule->when;

	put(&text, "%s", rule->deny ? "deny" : "allow");
	put_side(z->t, &text, &key, &rule->side[from]);
	put_both(&text, &key, "->");
	put_side(z->t, &text, &key, &rule->side[!from]);
	if (when && when->macro)
		put(&text, "when $%s", when->macro);
	else if (when)
		put(&text, "when \"%s\"", when->text);
	if (when)
		put(&key, "when \"%s\"", when->text);
	/* With or without it, the rule is about the same frames. */
	if (rule->reply.set)
		put(&text, "reply");
	complete(z, rule->pos, &text, &key);
}

static void add_setting(struct normaliser *z, const struct topo_set *set,
			const struct option *o, const char *name)
{
	struct line text = { .n = 0 }, key = { .n = 0 };

	put_both(&text, &key, "set");
	put_port(z->t, &text, &key, &set->port);
	put(&text, "{ %s %s }", name, o->off ? "off" : o->arg.text);
	put(&key, "%s", name);
	complete(z, o->pos, &text, &key);
}

static void add_set(struct normaliser *z, const struct topo_set *set)
{
	for (const struct form *f = forms; f < forms + n_forms; f++) {
		const struct option *o = form_option(f, NULL, &set->settings);

		/* The forms of an option stand together. */
		if (f->words && f->places & IN_SET && o->set &&
		    !(f[1].places & IN_SET && f[1].option == f->option))
			add_setting(z, set, o, form_name(z->t->arena, f));
	}
}

static void normalise(struct normaliser *z)
{
	const struct topo_rule *rule;
	const struct topo_set *set;

	for_each(rule, z->t->rules) {
		if (rule->runtime)
			add_rule(z, rule, 0);
		if (rule->runtime && rule->both)
			add_rule(z, rule, 1);
	}
	for_each(set, z->t->sets)
		add_set(z, set);
}

struct config_change *config_normalise(const struct system *base,
				       const char *text, size_t *n,
				       struct config_report *report)
{
	struct arena arena = { 0 };
	struct report r = { .arena = &arena, .runtime = true };
	struct topology t = { .arena = &arena, .report = &r, .base = base };
	struct normaliser z = { .t = &t };

	z.v = must_alloc(CONFIG_CHANGES_MAX, sizeof(*z.v));
	parse_topology(&t, base->source[0].path, text);
	if (!r.errors)
		normalise(&z);
	*n = r.errors ? 0 : z.n;
	for (size_t i = *n; i < z.n; i++)
		release(&z.v[i]);
	report_finish(&r, report);
	arena_free(&arena);
	return z.v;
}

void config_changes_free(struct config_change *change, size_t n)
{
	for (size_t i = 0; i < n; i++)
		release(&change[i]);
	free(change);
}
