/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Normal forms of changes: from what the parser has made of a text to
 * statements that say one thing each (config_normalise()).
 *
 * Words appear as they are written, so macros keep their "$".  The tree knows
 * what a macro stands for, and where; its tokens are found there.
 */
#include "config/config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/lang/parser.h"
#include "config/lang/parser.tab.h"

/* Text that is put together; @cut: there was more. */
struct line {
	char s[CONFIG_CHANGE_TEXT];
	size_t n;
	bool cut;
};

/* Some statement of the change, on its way to struct config_change. */
struct normal {
	unsigned int seq;
	char *text;
	char *key;
};

/**
 * struct normaliser - all of a change
 * @tokens: of the text
 * @v, @n:  found so far, in the order in which they are written
 */
struct normaliser {
	struct topology *t;
	struct tokens tokens;
	struct normal v[CONFIG_CHANGES_MAX];
	size_t n;
};

/* Every setting, by its option; the name is what its key calls it. */
static const struct {
	size_t option;
	const char *name;
} setting[] = {
#define SETTING(o, name)                                                       \
	{                                                                      \
		offsetof(struct topo_settings, o), name                        \
	}
	SETTING(lock, "mac lock"),
	SETTING(sticky, "mac sticky"),
	SETTING(moves.o, "mac moves"),
	SETTING(ip_lock, "ip lock"),
	SETTING(vlan, "vlan"),
	SETTING(flood, "flood"),
	SETTING(limit[LIMIT_IN].o, "limit in"),
	SETTING(limit[LIMIT_OUT].o, "limit out"),
	SETTING(storm[STORM_BROADCAST].o, "storm broadcast"),
	SETTING(storm[STORM_MULTICAST].o, "storm multicast"),
	SETTING(storm[STORM_UNKNOWN].o, "storm unknown"),
#undef SETTING
};

/* Put a word at the end of a line. */
static void put(struct line *l, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct line *l, const char *format, ...)
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
	if (n >= 0 && (size_t)n < left) {
		l->n += (size_t)n;
		return;
	}
	l->n = sizeof(l->s) - 1;
	l->cut = true;
}

/* The token at a place. */
static const struct token *token_at(const struct normaliser *z, struct pos pos)
{
	const struct token *t = z->tokens.v;

	while (t->kind &&
	       (t->pos.line != pos.line || t->pos.column != pos.column))
		t++;
	return t;
}

static void put_written(const struct normaliser *z, struct line *l,
			const struct name *name)
{
	if (name->macro)
		put(l, "$%s", token_at(z, name->pos)->text);
	else
		put(l, "%s", name->text);
}

/* --- ports --------------------------------------------------------------- */

static bool has_port(const struct sys_component *comp, const char *name)
{
	if (comp->kind != SYS_SWITCH)
		return false;
	for (uint32_t i = 0; i < comp->sw.n_ports; i++)
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

/* A port as a key calls it: in full, if that is known. */
static void put_full(const struct normaliser *z, struct line *l,
		     const struct name *name)
{
	const char *sw = only_switch(z->t->base, name->text);

	if (sw)
		put(l, "%s.%s", sw, name->text);
	else
		put(l, "%s", name->text);
}

/* --- statements ---------------------------------------------------------- */

/* A statement is complete; equal places keep their order. */
static void complete(struct normaliser *z, struct pos at, struct line *text,
		     struct line *key)
{
	struct arena *a = z->t->arena;
	size_t i = z->n;

	if (text->cut || key->cut) {
		report_error(z->t->report, at,
			     "a statement has at most %u octets; \"%.40s ...\" "
			     "has more",
			     CONFIG_CHANGE_TEXT - 1, text->s);
		return;
	}
	if (z->n == CONFIG_CHANGES_MAX) {
		if (!z->t->report->errors)
			report_error(z->t->report, at,
				     "the change is too long; make several of "
				     "it");
		return;
	}
	for (; i > 0 && z->v[i - 1].seq > at.seq; i--)
		z->v[i] = z->v[i - 1];
	z->v[i] = (struct normal){ at.seq, arena_strndup(a, text->s, text->n),
				   arena_strndup(a, key->s, key->n) };
	z->n++;
}

static void put_side(const struct normaliser *z, struct line *l,
		     const struct topo_side *side,
		     void (*put_name)(const struct normaliser *z,
				      struct line *l, const struct name *name))
{
	const struct name *name;

	if (side->list)
		put(l, "{");
	for_each(name, side->names.first) {
		put_name(z, l, name);
		if (name->next)
			put(l, ",");
	}
	if (side->list)
		put(l, "}");
}

/* One direction of a rule, from one side of it to the other. */
static void add_rule(struct normaliser *z, const struct topo_rule *rule,
		     unsigned int from)
{
	struct line text = { .n = 0 }, key = { .n = 0 };
	const struct topo_side *a = &rule->side[from];
	const struct topo_side *b = &rule->side[!from];

	put(&text, "%s", rule->deny ? "deny" : "allow");
	put_side(z, &text, a, put_written);
	put(&text, "->");
	put_side(z, &text, b, put_written);
	put_side(z, &key, a, put_full);
	put(&key, "->");
	put_side(z, &key, b, put_full);
	if (rule->when && rule->when->macro) {
		put(&text, "when");
		put_written(z, &text, rule->when);
	} else if (rule->when) {
		put(&text, "when \"%s\"", rule->when->text);
	}
	if (rule->when)
		put(&key, "when \"%s\"", rule->when->text);
	/* With or without it, the rule is about the same frames. */
	if (rule->reply.set)
		put(&text, "reply");
	complete(z, rule->pos, &text, &key);
}

/* What follows if a name begins with a token as its next word; or NULL. */
static const char *behind(const char *name, const struct token *t)
{
	size_t n = strlen(t->text);

	if (t->kind == T_MACRO || n == 0 || strncmp(name, t->text, n) != 0)
		return NULL;
	if (name[n] == ' ')
		return name + n + 1;
	return name[n] ? NULL : name + n;
}

/* What a setting is set to: its tokens, without those that name it. */
static void put_value(const struct normaliser *z, struct line *l,
		      const struct option *o, const char *name)
{
	const struct token *t = token_at(z, o->pos);
	int before = 0;

	for (; (name = behind(name, t)); t++)
		;
	/* A list goes on behind its comma. */
	for (; t->kind && t->kind != '}' && (t->kind != T_SEP || before == ',');
	     before = t++->kind)
		if (t->kind != T_SEP)
			put(l, t->kind == T_MACRO ? "$%s" : "%s", t->text);
}

static void add_setting(struct normaliser *z, const struct topo_set *set,
			const struct option *o, const char *name)
{
	struct line text = { .n = 0 }, key = { .n = 0 };

	put(&text, "set");
	put_written(z, &text, &set->port);
	put(&text, "{ %s", name);
	if (o->off)
		put(&text, "off");
	else
		put_value(z, &text, o, name);
	put(&text, "}");
	put(&key, "set");
	put_full(z, &key, &set->port);
	put(&key, "%s", name);
	complete(z, o->pos, &text, &key);
}

static void add_set(struct normaliser *z, const struct topo_set *set)
{
	for (size_t i = 0; i < sizeof(setting) / sizeof(*setting); i++) {
		const void *at =
			(const char *)&set->settings + setting[i].option;
		const struct option *o = at;

		if (o->set)
			add_setting(z, set, o, setting[i].name);
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
	struct pos begin = { .line = 1, .column = 1 };
	struct arena arena = { 0 };
	struct report r = { .arena = &arena, .runtime = true };
	struct topology t = { .arena = &arena, .report = &r, .base = base };
	struct normaliser *z = must_alloc(1, sizeof(*z));
	struct config_change *v;

	z->t = &t;
	parse_topology(&t, base->source[0].path, text);
	if (!r.errors) {
		scan_text(&r, begin, text, strlen(text), &z->tokens);
		normalise(z);
	}
	*n = r.errors ? 0 : z->n;
	v = must_alloc(*n + 1, sizeof(*v));
	for (size_t i = 0; i < *n; i++)
		if (!(v[i].text = strdup(z->v[i].text)) ||
		    !(v[i].key = strdup(z->v[i].key)))
			out_of_memory();
	report_finish(&r, report);
	arena_free(&arena);
	free(z);
	return v;
}

void config_changes_free(struct config_change *change, size_t n)
{
	for (size_t i = 0; change && i < n; i++) {
		free(change[i].text);
		free(change[i].key);
	}
	free(change);
}
