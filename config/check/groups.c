/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups: from names to ports.
 *
 * A group may name one that is written further down.  So those whose members are
 * known are worked out, and then those that have become so, until none is left,
 * or only such as are inside themselves.
 */
#include "config/check/check.h"

#include <string.h>

/* A reader does not go further round than this. */
#define LONGEST_CIRCLE 200

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

/* Room for the ports of all members, if they were all different. */
static size_t most_ports(const struct topo_group *group)
{
	size_t n = 0;

	for (size_t i = 0; i < group->members.n; i++)
		n += group->inner[i] ? group->inner[i]->n : 1;
	return n;
}

static void add_member(struct topology *t, struct topo_group *group,
		       const struct name *ref)
{
	bool slip;
	struct topo_group *inner = resolve_group(t, ref, &slip);

	if (inner)
		inner->used = true;
	for (size_t i = 0; inner && i < inner->n; i++)
		add(group, inner->port[i]);
	if (!inner && !slip && ref->text)
		add_port(t, group, ref);
}

static void gather(struct topology *t, struct topo_group *group)
{
	const struct name *ref;

	group->known = true;
	group->port = arena_alloc(t->arena, most_ports(group) *
						    sizeof(struct topo_port *));
	for_each(ref, group->members.first)
		add_member(t, group, ref);
}

/* --- groups in groups ---------------------------------------------------- */

/* Looked up once: each is asked for again and again. */
static void find_inner(struct topology *t, struct topo_group *group)
{
	const struct name *ref;
	size_t i = 0;

	group->inner = arena_alloc(
		t->arena, group->members.n * sizeof(struct topo_group *));
	for_each(ref, group->members.first)
		group->inner[i++] = ref->text ? find_group(t, ref->text) : NULL;
}

/* The first member that is a group not known yet; @at: where it is named. */
static struct topo_group *unknown_in(const struct topo_group *group,
				     const struct name **at)
{
	size_t i = 0;

	for_each(*at, group->members.first) {
		struct topo_group *inner = group->inner[i++];

		if (inner && !inner->known)
			return inner;
	}
	return NULL;
}

/* Works out what can be; returns whether that was anything. */
static bool gather_ready(struct topology *t)
{
	struct topo_group *group;
	const struct name *at;
	bool any = false;

	for_each(group, t->groups) {
		if (group->known || unknown_in(group, &at))
			continue;
		gather(t, group);
		any = true;
	}
	return any;
}

/* Going from group to group, is this one met again?  @at: where at last. */
static bool in_circle(struct topology *t, const struct topo_group *group,
		      const struct name **at)
{
	const struct topo_group *g = group, *count;

	/* Once for each group, or it is another circle that is gone round. */
	for_each(count, t->groups) {
		g = unknown_in(g, at);
		if (!g || g == group)
			return g;
	}
	return false;
}

/* "a -> b -> a" */
static const char *name_circle(struct topology *t,
			       const struct topo_group *group)
{
	const char *text = name_shown(&group->name);
	const struct topo_group *g = group;
	const struct name *at;

	do {
		g = unknown_in(g, &at);
		text = arena_printf(t->arena, "%s -> %s", text,
				    name_shown(&g->name));
	} while (g != group && strlen(text) < LONGEST_CIRCLE);
	return text;
}

/* Those that are left are in circles, or wait for some that are. */
static void cut_circle(struct topology *t)
{
	struct topo_group *group;
	const struct name *at;

	for_each(group, t->groups) {
		if (group->known || !in_circle(t, group, &at))
			continue;
		report_error(t->report, at->pos,
			     "a group cannot be inside itself: %s; take one of "
			     "these out",
			     name_circle(t, group));
		gather(t, group);
		return;
	}
}

static bool all_known(const struct topology *t)
{
	const struct topo_group *group;

	for_each(group, t->groups) {
		if (!group->known)
			return false;
	}
	return true;
}

void check_groups(struct topology *t)
{
	struct topo_group *group;

	for_each(group, t->groups)
		check_name(t, group);
	for_each(group, t->groups)
		find_inner(t, group);
	while (!all_known(t)) {
		if (!gather_ready(t))
			cut_circle(t);
	}
	for_each(group, t->groups) {
		if (!group->members.n && !group->broken)
			report_error(t->report, group->name.pos,
				     "group %s has no members; name ports or "
				     "other groups",
				     name_shown(&group->name));
	}
}
