/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups: from names to ports.
 *
 * A group may name one that is written further down, so each is worked out when
 * it is first asked for, and a group that is asked for while it is being worked
 * out is inside itself.
 */
#include "config/check.h"

#include <string.h>

/* Deeper than anybody can follow. */
#define MAX_NESTED 16

/* --- names --------------------------------------------------------------- */

/* Where else a name is used that a rule could mean, and what it is there. */
static const struct name *other_meaning(const struct topology *t,
					const struct topo_group *group,
					const char **what)
{
	const char *name = group->name.text;
	const struct topo_group *first = find_group(t, name);
	const struct topo_switch *sw;
	const struct topo_port *port;

	*what = "group";
	if (first != group)
		return &first->name;
	*what = "switch";
	sw = find_switch(t, name, strlen(name));
	if (sw)
		return &sw->name;
	*what = "vm";
	if (find_vm(t, name))
		return &find_vm(t, name)->name;
	*what = "port";
	for_each(sw, t->switches) {
		port = find_port(sw, name);
		if (port)
			return &port->name;
	}
	return NULL;
}

static void check_name(struct topology *t, struct topo_group *group)
{
	const struct name *other;
	const char *what;

	if (!group->name.text)
		return;
	other = other_meaning(t, group, &what);
	if (!other)
		return;
	group->duplicate = strcmp(what, "group") == 0;
	report_error(t->report, group->name.pos,
		     "\"%s\" is the name of a %s, in %s; give the group "
		     "another",
		     group->name.text, what,
		     report_place(t->report, group->name.pos, other->pos));
}

/* A bare name that nothing has: is it almost a group's? */
static bool is_slip(struct topology *t, const struct name *ref)
{
	struct guess g = { .wanted = ref->text };
	const struct topo_switch *sw;
	const struct topo_port *port;
	const struct topo_group *group;

	if (t->broken || find_vm(t, ref->text) ||
	    find_switch(t, ref->text, strlen(ref->text)))
		return false;
	for_each(sw, t->switches) {
		if (find_port(sw, ref->text))
			return false;
		for_each(port, sw->ports) {
			if (port->name.text)
				guess_offer(&g, port->name.text);
		}
	}
	for_each(group, t->groups) {
		if (group->name.text)
			guess_offer(&g, group->name.text);
	}
	if (!g.best || !find_group(t, g.best))
		return false;
	report_error(t->report, ref->pos,
		     "unknown port \"%s\"; did you mean the group \"%s\"?",
		     ref->text, g.best);
	return true;
}

struct topo_group *resolve_group(struct topology *t, const struct name *ref,
				 bool *slip)
{
	struct topo_group *group;

	*slip = false;
	if (!ref->text || strchr(ref->text, '.'))
		return NULL;
	group = find_group(t, ref->text);
	*slip = !group && is_slip(t, ref);
	return group;
}

/* --- members ------------------------------------------------------------- */

/* "a -> b -> a" */
static const char *chain(struct topology *t, const struct topo_group *from,
			 const struct topo_group *to)
{
	const char *text = name_shown(&to->name);

	for (const struct topo_group *g = from;; g = g->outer) {
		text = arena_printf(t->arena, "%s -> %s", name_shown(&g->name),
				    text);
		if (g == to)
			return text;
	}
}

static void gather(struct topology *t, struct topo_group *group,
		   unsigned int level);

/* A group in a group must be known before that can be. */
static void enter(struct topology *t, struct topo_group *group,
		  struct topo_group *inner, const struct name *ref,
		  unsigned int level)
{
	inner->used = true;
	if (inner->open) {
		report_error(t->report, ref->pos,
			     "a group cannot be inside itself: %s; take one of "
			     "these out",
			     chain(t, group, inner));
		return;
	}
	if (level < MAX_NESTED && !inner->depth) {
		inner->outer = group;
		gather(t, inner, level + 1);
	}
	if (!inner->depth || inner->depth >= MAX_NESTED)
		report_error(t->report, ref->pos,
			     "groups are inside each other more than %u deep; "
			     "name ports instead",
			     MAX_NESTED);
	else if (group->depth <= inner->depth)
		group->depth = inner->depth + 1;
}

/* Returns false if the group has it already. */
static bool add(struct topo_group *group, struct topo_port *port)
{
	if (port->met == group)
		return false;
	port->met = group;
	group->port[group->n++] = port;
	return true;
}

static void add_port(struct topology *t, struct topo_group *group,
		     const struct name *ref)
{
	struct topo_port *port = resolve_port(t, NULL, ref);

	if (!port)
		return;
	if (port->kind == TO_CAPTURE)
		report_error(t->report, ref->pos,
			     "port \"%s\" is a capture, for which there are no "
			     "rules; take it out",
			     ref->text);
	else if (!add(group, port))
		report_warning(t->report, ref->pos,
			       "port \"%s\" is in this group twice", ref->text);
}

static struct topo_group *inner_of(const struct topology *t,
				   const struct name *ref)
{
	return ref->text ? find_group(t, ref->text) : NULL;
}

/* Room for the ports of all members, if they were all different. */
static size_t most_ports(const struct topology *t,
			 const struct topo_group *group)
{
	const struct name *ref;
	size_t n = 0;

	for_each(ref, group->members.first) {
		const struct topo_group *inner = inner_of(t, ref);

		n += inner ? inner->n : 1;
	}
	return n;
}

static void add_member(struct topology *t, struct topo_group *group,
		       const struct name *ref)
{
	bool slip;
	const struct topo_group *inner = resolve_group(t, ref, &slip);

	for (size_t i = 0; inner && i < inner->n; i++)
		add(group, inner->port[i]);
	if (!inner && !slip && ref->text)
		add_port(t, group, ref);
}

static void gather(struct topology *t, struct topo_group *group,
		   unsigned int level)
{
	const struct name *ref;

	group->open = true;
	group->depth = 1;
	for_each(ref, group->members.first) {
		struct topo_group *inner = inner_of(t, ref);

		if (inner)
			enter(t, group, inner, ref, level);
	}
	group->port = arena_alloc(t->arena, most_ports(t, group) *
						    sizeof(struct topo_port *));
	for_each(ref, group->members.first)
		add_member(t, group, ref);
	group->open = false;
}

void check_groups(struct topology *t)
{
	struct topo_group *group;

	for_each(group, t->groups)
		check_name(t, group);
	for_each(group, t->groups) {
		if (!group->depth)
			gather(t, group, 1);
		if (!group->members.n && !group->broken)
			report_error(t->report, group->name.pos,
				     "group %s has no members; name ports or "
				     "other groups",
				     name_shown(&group->name));
	}
}
