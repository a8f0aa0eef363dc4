/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules: from names to what is asked about each pair of ports.
 *
 * The first rule that matches a frame decides.  So a rule behind one that
 * decides about every frame of a pair is never asked about that pair: it gets
 * no entry there, and a warning if it gets none at all between two ports.
 * Rules from the text of a change come before those of the files.
 */
#include "config/check/check.h"

#include <string.h>

#include "config/check/filter.h"

/* --- sides --------------------------------------------------------------- */

/* A port on one side of a rule, and the name that stands for it. */
struct member {
	struct member *next;
	struct topo_port *port;
	const struct name *ref;
};

struct side {
	struct member *first;
	struct member **tail;
	bool list;
};

static void add(struct topology *t, struct side *side, struct topo_port *port,
		const struct name *ref)
{
	struct member *m;

	/* Too many ports: reported, and not in the tables. */
	if (port->number >= MAX_PORTS)
		return;
	m = arena_alloc(t->arena, sizeof(*m));
	m->port = port;
	m->ref = ref;
	*side->tail = m;
	side->tail = &m->next;
}

static void look_up_one(struct topology *t, struct side *side,
			const struct name *ref)
{
	const struct topo_known *k = resolve(t, A_PORT | A_GROUP, NULL, ref);
	struct topo_group *group = thing_of(k, A_GROUP);
	struct topo_port *port = thing_of(k, A_PORT);

	if (port && port->kind == TO_CAPTURE)
		wrong(t, ref->pos,
		      "port \"%s\" is a capture; it sees the ports it watches "
		      "without any rule, and sends nothing: take it out",
		      ref->text);
	else if (port)
		add(t, side, port, ref);
	if (!group)
		return;
	/* A group is as good as a list. */
	side->list = true;
	group->used = true;
	for (size_t i = 0; i < group->n; i++)
		add(t, side, group->port[i], ref);
}

static void look_up(struct topology *t, struct side *side,
		    const struct topo_side *from)
{
	const struct name *ref;

	side->list = from->list;
	side->tail = &side->first;
	for_each(ref, from->names.first)
		look_up_one(t, side, ref);
}

/* --- shadows ------------------------------------------------------------- */

/*
 * Pairs a rule has nothing to decide between because of another, before it.
 * There is one warning for each of those others, which names the first pair.
 */
struct shadow {
	struct shadow *next;
	const struct topo_rule *by;
	struct topo_pairs pairs;
	struct pos at; /* where the rule names the first of them */
};

static void shadow_add(struct topology *t, struct shadow **list,
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

static void report_shadow(struct topology *t, const struct topo_rule *rule,
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

/* --- pairs --------------------------------------------------------------- */

/* A rule on its way over its pairs. */
struct walk {
	struct topology *t;
	struct topo_rule *rule;
	struct shadow *shadows;
	uint64_t seen[MAX_PORTS];
};

static void add_entry(struct walk *w, struct topo_port *from,
		      const struct topo_port *to, struct topo_entry **tail)
{
	struct topo_switch *sw = from->sw;

	if (sw->n_entries++ == POLICY_MAX_ENTRIES)
		wrong(w->t, w->rule->pos,
		      "the rules of switch %s have more than %u pairs of ports "
		      "between them, and with this one it is too many; name "
		      "groups in fewer rules",
		      shown(sw), POLICY_MAX_ENTRIES);
	if (sw->n_entries > POLICY_MAX_ENTRIES)
		return;
	*tail = arena_alloc(w->t->arena, sizeof(**tail));
	(*tail)->rule = w->rule;
	if (!w->rule->deny)
		from->allow |= 1ull << to->number;
}

/* Never asked, but there: `weir show policy` tells of it. */
static void add_unasked(struct walk *w, const struct topo_port *from,
			const struct topo_port *to)
{
	struct topo_switch *sw = from->sw;

	if (!sw->unasked)
		sw->unasked = arena_alloc(
			w->t->arena, SYS_MAX_UNASKED * sizeof(*sw->unasked));
	if (sw->n_unasked < SYS_MAX_UNASKED)
		sw->unasked[sw->n_unasked++] = (struct sys_unasked){
			.from = (uint8_t)from->number,
			.to = (uint8_t)to->number,
			/* The number this one is about to get. */
			.rule = (uint16_t)sw->n_rules,
		};
}

/* Returns the earlier rule that leaves this one nothing to decide, or NULL. */
static const struct topo_rule *ask(struct walk *w, struct topo_port *from,
				   const struct topo_port *to)
{
	struct topo_entry **tail = &from->entries[to->number];
	const struct topo_rule *same = NULL;

	if (w->seen[from->number] >> to->number & 1)
		return NULL;
	w->seen[from->number] |= 1ull << to->number;
	for (; *tail; tail = &(*tail)->next) {
		const struct topo_rule *before = (*tail)->rule;

		if (!before->code.n) {
			add_unasked(w, from, to);
			return before;
		}
		if (!same && filter_same(&before->code, &w->rule->code))
			same = before;
	}
	add_entry(w, from, to, tail);
	return same;
}

static void one_pair(struct walk *w, const struct member *a,
		     const struct member *b)
{
	bool both = w->rule->both;
	const struct topo_rule *there, *back = NULL;

	w->rule->sw = a->port->sw;
	/* What a filter would be that is none is not known. */
	if (w->rule->failed)
		return;
	there = ask(w, a->port, b->port);
	if (both)
		back = ask(w, b->port, a->port);
	if (there && (!both || back))
		shadow_add(w->t, &w->shadows, there, a->port, b->port, b->ref);
}

/* Returns false if there is no point in going on with @a. */
static bool pair(struct walk *w, bool mesh, const struct member *a,
		 const struct member *b)
{
	struct topology *t = w->t;
	bool apart = a->port->sw != b->port->sw;

	if (apart)
		wrong(t, b->ref->pos, "%s and %s are on different switches; %s",
		      topo_port_name(t, a->port), topo_port_name(t, b->port),
		      w->rule->deny
			      ? "nothing goes from one to the other by itself: "
				"take it out"
			      : "allow is for ports of one: link the switches, "
				"and allow each port to the link's port on its "
				"switch");
	else if (a->port != b->port)
		one_pair(w, a, b);
	/* { a, b } <-> { a, b } means everybody with everybody else. */
	else if (!mesh)
		wrong(t, b->ref->pos,
		      "a port cannot be %s to itself; no frame is ever sent "
		      "back to %s",
		      w->rule->deny ? "denied" : "allowed",
		      topo_port_name(t, a->port));
	return !apart;
}

static void walk_pairs(struct walk *w)
{
	struct side left = { 0 }, right = { 0 };
	const struct member *a, *b;

	look_up(w->t, &left, &w->rule->side[0]);
	look_up(w->t, &right, &w->rule->side[1]);
	/* What it means is not known; only the names were looked up. */
	if (w->rule->broken)
		return;
	for_each(a, left.first) {
		for_each(b, right.first) {
			if (!pair(w, left.list && right.list, a, b))
				break;
		}
		/* Nor with others of the same name. */
		while (b && a->next && a->next->ref == a->ref)
			a = a->next;
	}
}

/* --- what a switch has to keep ------------------------------------------- */

/* Where a filter is in the policy: rules with the same one share it. */
static void place_code(struct topology *t, struct topo_rule *rule)
{
	struct topo_switch *sw = rule->sw;
	const struct topo_rule *other;
	uint32_t before = sw->n_insns;

	for_each(other, t->rules) {
		if (other != rule && other->sw == sw && other->placed &&
		    filter_same(&other->code, &rule->code)) {
			rule->first = other->first;
			return;
		}
	}
	rule->placed = true;
	rule->first = before;
	sw->n_insns += rule->code.n;
	if (before <= POLICY_MAX_FILTER_INSNS &&
	    sw->n_insns > POLICY_MAX_FILTER_INSNS)
		wrong(t, rule->pos,
		      "the filters of switch %s take more than %u instructions "
		      "with this one, which takes %u; take some of them "
		      "together",
		      shown(sw), POLICY_MAX_FILTER_INSNS, rule->code.n);
}

static void number_rule(struct topology *t, struct topo_rule *rule)
{
	struct topo_switch *sw = rule->sw;

	rule->number = sw->n_rules++;
	if (rule->number == POLICY_MAX_RULES)
		wrong(t, rule->pos,
		      "switch %s has %u rules before this one, which is as "
		      "many as there can be; put ports into groups, and rules "
		      "into one",
		      shown(sw), POLICY_MAX_RULES);
	if (rule->code.n)
		place_code(t, rule);
	if (rule->reply.set && !sw->flows.value)
		wrong(t, rule->reply.pos,
		      "\"reply\" takes a memory of what was begun, and switch "
		      "%s has none: see \"flows 0\" in %s",
		      shown(sw), place(t, rule->reply.pos, sw->flows.pos));
}

static void check_rule(struct topology *t, struct topo_rule *rule)
{
	struct walk w = { .t = t, .rule = rule };
	const struct shadow *shadow;

	rule->failed = rule->when &&
		       !filter_compile(t, rule->when, FILTER_RULE, &rule->code);
	walk_pairs(&w);
	for_each(shadow, w.shadows)
		report_shadow(t, rule, shadow);
	if (rule->sw)
		number_rule(t, rule);
}

void check_rules(struct topology *t)
{
	struct topo_rule *rule;

	for (int runtime = 1; runtime >= 0; runtime--) {
		for_each(rule, t->rules) {
			if (rule->runtime == runtime)
				check_rule(t, rule);
		}
	}
}
