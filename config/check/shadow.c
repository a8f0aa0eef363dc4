/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/check/shadow.h"

void shadow_add(struct topology *t, struct shadow **list,
		const struct topo_rule *by, const struct topo_port *a,
		const struct topo_port *b, const struct name *ref)
{
	struct shadow *shadow = *list;

	while (shadow && shadow->by != by)
		shadow = shadow->next;
	if (!shadow) {
		shadow = arena_alloc(t->arena, sizeof(*shadow));
		shadow->by = by;
		shadow->at = ref->pos;
		topo_append(*list, shadow);
	}
	pairs_add(&shadow->pairs, a, b);
}

static void report(struct topology *t, const struct topo_rule *rule,
		   const struct shadow *shadow)
{
	const struct topo_rule *by = shadow->by;
	const char *who = pairs_shown(t, rule, &shadow->pairs);
	const char *where = place(t, shadow->at, by->pos);
	const char *does = by->deny ? "denies" : "allows";
	bool all = !by->code.n;
	bool same = by->deny == rule->deny && by->reply.set == rule->reply.set;

	/* Commands cannot put a rule in front of another, but take it back. */
	if (rule->runtime)
		warn(t, shadow->at,
		     "%s: this rule decides on nothing, because a newer one %s "
		     "%s; 'weir undo' takes changes back, 'weir show policy' "
		     "shows their numbers",
		     who, does, all ? "every frame" : "the same frames");
	else if (all && same && !rule->code.n)
		warn(t, shadow->at, "%s is %s already, by %s", who,
		     by->deny ? "denied" : "allowed", where);
	else if (all)
		warn(t, shadow->at,
		     "%s: this rule is never asked, because the one of %s %s "
		     "every frame; put this one first, or take it out",
		     who, where, does);
	else
		warn(t, shadow->at,
		     "%s: the rule of %s %s these frames already%s; take one "
		     "of the two out",
		     who, where, does,
		     same ? "" : " and comes first, so this one does nothing");
}

void shadow_report(struct topology *t, const struct topo_rule *rule,
		   const struct shadow *list)
{
	for_each(list, list)
		report(t, rule, list);
}
