/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/check/shadow.h"

#include <string.h>

#include "config/check/filter.h"

/* @n: pairs of ports; the first of them is between @a and @b. */
struct shadow {
	struct shadow *next;
	const struct topo_rule *by;
	const struct topo_port *a;
	const struct topo_port *b;
	const struct name *ref;
	unsigned int n;
};

struct shadows {
	struct topology *t;
	const struct topo_rule *rule;
	struct shadow *first;
};

bool shadow_all(const struct topo_rule *rule)
{
	return !rule->code.n;
}

bool shadow_same(const struct topo_rule *a, const struct topo_rule *b)
{
	return filter_same(&a->code, &b->code);
}

struct shadows *shadows_of(struct topology *t, const struct topo_rule *rule)
{
	struct shadows *s = arena_alloc(t->arena, sizeof(*s));

	s->t = t;
	s->rule = rule;
	return s;
}

void shadow_add(struct shadows *s, const struct topo_rule *by,
		const struct topo_port *a, const struct topo_port *b,
		const struct name *ref)
{
	struct shadow *shadow;

	for_each(shadow, s->first) {
		if (shadow->by == by) {
			shadow->n++;
			return;
		}
	}
	shadow = arena_alloc(s->t->arena, sizeof(*shadow));
	shadow->by = by;
	shadow->a = a;
	shadow->b = b;
	shadow->ref = ref;
	shadow->n = 1;
	topo_append(s->first, shadow);
}

/* "sw0.a -> sw0.b", and how many others. */
static const char *pairs(const struct shadows *s, const struct shadow *shadow)
{
	const char *text = arena_printf(s->t->arena, "%s %s %s",
					topo_port_name(s->t, shadow->a),
					s->rule->both ? "<->" : "->",
					topo_port_name(s->t, shadow->b));

	if (shadow->n == 1)
		return text;
	return arena_printf(s->t->arena, "%s (and %u more)", text,
			    shadow->n - 1);
}

/* Whoever gives commands cannot put one in front of another, but take it back. */
static void report_change(const struct shadows *s, const struct shadow *shadow)
{
	const struct topo_rule *by = shadow->by;

	report_warning(s->t->report, shadow->ref->pos,
		       "%s: this rule decides on nothing, because a newer "
		       "one %s %s; 'weir undo' takes changes back, 'weir "
		       "show policy' shows their numbers",
		       pairs(s, shadow), by->deny ? "denies" : "allows",
		       shadow_all(by) ? "every frame" : "the same frames");
}

static void report(const struct shadows *s, const struct shadow *shadow)
{
	struct report *r = s->t->report;
	const struct topo_rule *rule = s->rule, *by = shadow->by;
	struct pos at = shadow->ref->pos;
	const char *who = pairs(s, shadow);
	const char *where = report_place(r, at, by->pos);
	const char *does = by->deny ? "denies" : "allows";

	if (shadow_all(by) && by->deny == rule->deny && shadow_all(rule) &&
	    by->reply.set == rule->reply.set)
		report_warning(r, at, "%s is %s already, by %s", who,
			       by->deny ? "denied" : "allowed", where);
	else if (shadow_all(by))
		report_warning(r, at,
			       "%s: this rule is never asked, because the one "
			       "of %s %s every frame; put this one first, or "
			       "take it out",
			       who, where, does);
	else
		report_warning(r, at,
			       "%s: the rule of %s %s these frames already%s; "
			       "take one of the two out",
			       who, where, does,
			       by->deny == rule->deny &&
					       by->reply.set == rule->reply.set
				       ? ""
				       : " and comes first, so this one does "
					 "nothing");
}

void shadow_report(const struct shadows *s)
{
	const struct shadow *shadow;

	for_each(shadow, s->first) {
		if (s->rule->runtime)
			report_change(s, shadow);
		else
			report(s, shadow);
	}
}
