/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules: from names to what is asked about each pair of ports.
 *
 * The first rule that matches a frame decides.  So a rule behind one that
 * decides about every frame of a pair is never asked about that pair: it gets no
 * entry there, and a warning if it gets none at all between two ports.  Rules
 * from the text of a change come before those of the files.
 */
#include "config/check/check.h"

#include <string.h>

#include "config/check/filter.h"
#include "config/check/shadow.h"

/* --- sides --------------------------------------------------------------- */

/* A port on one side of a rule, and the name that stands for it. */
struct member {
	struct topo_port *port;
	const struct name *ref;
};

struct side {
	struct member *v;
	size_t n;
	bool list;
};

static bool can_talk(struct topology *t, const struct topo_port *port,
		     const struct name *ref)
{
	if (port->kind != TO_CAPTURE)
		return true;
	report_error(t->report, ref->pos,
		     "port \"%s\" is a capture; it sees the ports it watches "
		     "without any rule, and sends nothing: take it out",
		     ref->text);
	return false;
}

static void add(struct side *side, struct topo_port *port,
		const struct name *ref)
{
	/* Too many ports: reported, and not in the tables. */
	if (port->number < MAX_PORTS)
		side->v[side->n++] = (struct member){ port, ref };
}

static void look_up_one(struct topology *t, const struct name *ref,
			struct side *side)
{
	struct topo_port *port = resolve_port(t, NULL, ref);

	if (port && can_talk(t, port, ref))
		add(side, port, ref);
}

/* Room for what the names of a side stand for. */
static struct member *make_room(struct topology *t, const struct names *names)
{
	const struct topo_group *group;
	const struct name *ref;
	size_t n = names->n;

	for_each(ref, names->first) {
		group = ref->text ? find_group(t, ref->text) : NULL;
		n += group ? group->n : 0;
	}
	return arena_alloc(t->arena, n * sizeof(struct member));
}

static struct side look_up(struct topology *t, const struct topo_side *from)
{
	struct side side = { .list = from->list };
	const struct name *ref;
	bool slip;

	side.v = make_room(t, &from->names);
	for_each(ref, from->names.first) {
		struct topo_group *group = resolve_group(t, ref, &slip);

		if (!group && !slip)
			look_up_one(t, ref, &side);
		if (!group)
			continue;
		/* A group is as good as a list. */
		side.list = true;
		group->used = true;
		for (size_t i = 0; i < group->n; i++)
			add(&side, group->port[i], ref);
	}
	return side;
}

/* --- pairs --------------------------------------------------------------- */

/* A rule on its way over its pairs. */
struct walk {
	struct topology *t;
	struct topo_rule *rule;
	struct shadows *shadows;
	uint64_t seen[MAX_PORTS];
};

static void add_entry(struct walk *w, struct topo_port *from,
		      const struct topo_port *to, struct topo_entry **tail)
{
	struct topo_switch *sw = from->sw;
	struct topo_entry *entry;

	if (sw->n_entries++ == POLICY_MAX_ENTRIES)
		report_error(w->t->report, w->rule->pos,
			     "the rules of switch %s have more than %u pairs "
			     "of ports between them, and with this one it is "
			     "too many; name groups in fewer rules",
			     name_shown(&sw->name), POLICY_MAX_ENTRIES);
	if (sw->n_entries > POLICY_MAX_ENTRIES)
		return;
	entry = arena_alloc(w->t->arena, sizeof(*entry));
	entry->rule = w->rule;
	*tail = entry;
	if (!w->rule->deny)
		from->allow |= 1ull << to->number;
}

/* Never asked, but there: `weir show policy` tells of it. */
static void add_unasked(struct walk *w, const struct topo_port *from,
			const struct topo_port *to)
{
	struct topo_switch *sw = from->sw;
	struct topo_unasked *unasked;

	if (sw->n_unasked == SYS_MAX_UNASKED)
		return;
	sw->n_unasked++;
	unasked = arena_alloc(w->t->arena, sizeof(*unasked));
	unasked->rule = w->rule;
	unasked->from = from->number;
	unasked->to = to->number;
	topo_append(sw->unasked, unasked);
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
		if (shadow_all((*tail)->rule)) {
			add_unasked(w, from, to);
			return (*tail)->rule;
		}
		if (!same && shadow_same((*tail)->rule, w->rule))
			same = (*tail)->rule;
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
		shadow_add(w->shadows, there, a->port, b->port, b->ref);
}

/* Returns false if there is no point in going on with @a. */
static bool pair(struct walk *w, bool mesh, const struct member *a,
		 const struct member *b)
{
	struct topology *t = w->t;

	/* { a, b } <-> { a, b } means everybody with everybody else. */
	if (a->port == b->port && mesh)
		return true;
	if (a->port->sw != b->port->sw) {
		report_error(t->report, b->ref->pos,
			     "%s and %s are on different switches; %s",
			     topo_port_name(t, a->port),
			     topo_port_name(t, b->port),
			     w->rule->deny
				     ? "nothing goes from one to the other by "
				       "itself: take it out"
				     : "allow is for ports of one: link the "
				       "switches, and allow each port to the "
				       "link's port on its switch");
		return false;
	}
	if (a->port == b->port)
		report_error(t->report, b->ref->pos,
			     "a port cannot be %s to itself; no frame is "
			     "ever sent back to %s",
			     w->rule->deny ? "denied" : "allowed",
			     topo_port_name(t, a->port));
	else
		one_pair(w, a, b);
	return true;
}

static void walk_pairs(struct walk *w)
{
	struct side left = look_up(w->t, &w->rule->side[0]);
	struct side right = look_up(w->t, &w->rule->side[1]);
	bool mesh = left.list && right.list;

	/* What it means is not known; only the names were looked up. */
	if (w->rule->broken)
		return;
	for (size_t i = 0; i < left.n; i++) {
		for (size_t j = 0; j < right.n; j++) {
			if (!pair(w, mesh, &left.v[i], &right.v[j])) {
				/* Nor with others of the same name. */
				while (i + 1 < left.n &&
				       left.v[i + 1].ref == left.v[i].ref)
					i++;
				break;
			}
		}
	}
}

/* --- what a switch has to keep -------------------------------------------- */

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
	if (before <= POLICY_MAX_INSNS && sw->n_insns > POLICY_MAX_INSNS)
		report_error(t->report, rule->pos,
			     "the filters of switch %s take more than %u "
			     "instructions with this one, which takes %u; "
			     "take some of them together",
			     name_shown(&sw->name), POLICY_MAX_INSNS,
			     rule->code.n);
}

static void number_rule(struct topology *t, struct topo_rule *rule)
{
	struct topo_switch *sw = rule->sw;

	rule->number = sw->n_rules++;
	if (rule->number == POLICY_MAX_RULES)
		report_error(t->report, rule->pos,
			     "switch %s has %u rules before this one, which is "
			     "as many as there can be; put ports into groups, "
			     "and rules into one",
			     name_shown(&sw->name), POLICY_MAX_RULES);
	if (rule->code.n)
		place_code(t, rule);
	if (rule->reply.set && !sw->flows.value)
		report_error(t->report, rule->reply.pos,
			     "\"reply\" takes a memory of what was begun, and "
			     "switch %s has none: see \"flows 0\" in %s",
			     name_shown(&sw->name),
			     report_place(t->report, rule->reply.pos,
					  sw->flows.pos));
}

static void check_rule(struct topology *t, struct topo_rule *rule)
{
	struct walk w = { .t = t, .rule = rule };

	w.shadows = shadows_of(t, rule);
	rule->failed = rule->when &&
		       !filter_compile(t, rule->when, FILTER_RULE, &rule->code);
	walk_pairs(&w);
	shadow_report(w.shadows);
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
