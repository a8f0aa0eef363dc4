/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups: from names to ports.
 *
 * A group may name one that is written further down.  So those whose members
 * are known are worked out, and then those that have become so, until none is
 * left, or only such as are inside themselves.
 */
#include "config/check/check.h"

#include <string.h>

/* A reader does not go further round than this. */
#define LONGEST_CIRCLE 200

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

static void add_member(struct topology *t, struct topo_group *group,
		       const struct topo_known *k, const struct name *ref)
{
	struct topo_group *inner = thing_of(k, A_GROUP);
	struct topo_port *port = thing_of(k, A_PORT);

	for (size_t i = 0; inner && i < inner->n; i++)
		add(group, inner->port[i]);
	if (port && port->kind == TO_CAPTURE)
		wrong(t, ref->pos,
		      "port \"%s\" is a capture, for which there are no rules; "
		      "take it out",
		      ref->text);
	else if (port && !add(group, port))
		warn(t, ref->pos, "port \"%s\" is in this group twice",
		     ref->text);
}

static void gather(struct topology *t, struct topo_group *group)
{
	const struct topo_group *inner;
	const struct name *ref;
	size_t most = 0, i = 0;

	for (; i < group->members.n; i++) {
		inner = thing_of(group->meant[i], A_GROUP);
		most += inner ? inner->n : 1;
	}
	group->known = true;
	group->port = arena_alloc(t->arena, most * sizeof(struct topo_port *));
	i = 0;
	for_each(ref, group->members.first)
		add_member(t, group, group->meant[i++], ref);
}

/* --- groups in groups ---------------------------------------------------- */

/* Once: it is asked for again and again. */
static void look_up(struct topology *t, struct topo_group *group)
{
	const struct name *ref;
	struct topo_group *inner;
	size_t i = 0;

	group->meant = arena_alloc(
		t->arena, group->members.n * sizeof(const struct topo_known *));
	for_each(ref, group->members.first) {
		group->meant[i] = resolve(t, A_PORT | A_GROUP, NULL, ref);
		inner = thing_of(group->meant[i++], A_GROUP);
		if (inner)
			inner->used = true;
	}
}

/* The first member that is a group not known yet; @at: where it is named. */
static struct topo_group *unknown_in(const struct topo_group *group,
				     const struct name **at)
{
	size_t i = 0;

	for_each(*at, group->members.first) {
		struct topo_group *inner = thing_of(group->meant[i++], A_GROUP);

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
	const char *text = shown(group);
	const struct topo_group *g = group;
	const struct name *at;

	do {
		g = unknown_in(g, &at);
		text = arena_printf(t->arena, "%s -> %s", text, shown(g));
	} while (g != group && strlen(text) < LONGEST_CIRCLE);
	return text;
}

/* Those that are left are in circles, or wait for some that are. */
static bool cut_circle(struct topology *t)
{
	struct topo_group *group;
	const struct name *at;

	for_each(group, t->groups) {
		if (group->known || !in_circle(t, group, &at))
			continue;
		wrong(t, at->pos,
		      "a group cannot be inside itself: %s; take one of these "
		      "out",
		      name_circle(t, group));
		gather(t, group);
		return true;
	}
	return false;
}

void check_groups(struct topology *t)
{
	struct topo_group *group;

	for_each(group, t->groups) {
		check_group_name(t, group);
		look_up(t, group);
		if (!group->members.n && !group->broken)
			wrong(t, group->name.pos,
			      "group %s has no members; name ports or other "
			      "groups",
			      shown(group));
	}
	while (gather_ready(t) || cut_circle(t))
		;
}
