/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allow rules: from pairs of names to one bitmap per port.
 */
#include "config/check.h"

/* A side of a rule with its names looked up; NULL where that failed. */
struct side {
	const struct names *names;
	struct topo_port **port;
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

static struct side look_up(struct topology *t, const struct names *names)
{
	struct side side = { .names = names };
	const struct name *ref;
	size_t i = 0;

	side.port =
		arena_alloc(t->arena, names->n * sizeof(struct topo_port *));
	for_each(ref, names->first) {
		struct topo_port *port = resolve_port(t, NULL, ref);

		/* Too many ports: reported, and not in the bitmap. */
		if (port && port->number < VSWITCH_MAX_PORTS &&
		    can_talk(t, port, ref))
			side.port[i] = port;
		i++;
	}
	return side;
}

static bool is_allowed(const struct topo_port *from, const struct topo_port *to)
{
	return from->allow & 1ull << to->number;
}

static void set(const struct topo_allow *allow, struct topo_port *from,
		const struct topo_port *to)
{
	if (is_allowed(from, to))
		return;
	from->allow |= 1ull << to->number;
	from->allowed_by[to->number] = allow;
}

static void one_pair(struct topology *t, const struct topo_allow *allow,
		     struct topo_port *a, struct topo_port *b,
		     const struct name *ref)
{
	const struct topo_allow *first = a->allowed_by[b->number];

	if (is_allowed(a, b) && (!allow->both || is_allowed(b, a)) &&
	    first != allow)
		report_warning(t->report, ref->pos,
			       "%s %s %s is allowed already, by %s",
			       topo_port_name(t, a), allow->both ? "<->" : "->",
			       topo_port_name(t, b),
			       report_place(t->report, ref->pos, first->pos));
	set(allow, a, b);
	if (allow->both)
		set(allow, b, a);
}

static void pair(struct topology *t, const struct topo_allow *allow,
		 struct topo_port *a, struct topo_port *b,
		 const struct name *ref)
{
	/* { a, b } <-> { a, b } means everybody with everybody else. */
	bool mesh = allow->list[0] && allow->list[1];

	/* A broken arrow has been reported; only the names were looked up. */
	if (!a || !b || (a == b && mesh) || allow->broken)
		return;
	if (a == b)
		report_error(t->report, ref->pos,
			     "a port cannot be allowed to itself; no frame is "
			     "ever sent back to %s",
			     topo_port_name(t, a));
	else if (a->sw != b->sw)
		report_error(t->report, ref->pos,
			     "%s and %s are on different switches; allow is "
			     "for ports of one: link the switches, and allow "
			     "each port to the link's port on its switch",
			     topo_port_name(t, a), topo_port_name(t, b));
	else
		one_pair(t, allow, a, b, ref);
}

static void check_allow(struct topology *t, const struct topo_allow *allow)
{
	struct side left = look_up(t, &allow->side[0]);
	struct side right = look_up(t, &allow->side[1]);

	for (size_t i = 0; i < left.names->n; i++) {
		const struct name *ref = right.names->first;

		for (size_t j = 0; j < right.names->n; j++) {
			pair(t, allow, left.port[i], right.port[j], ref);
			ref = ref->next;
		}
	}
}

void check_allows(struct topology *t)
{
	const struct topo_allow *allow;

	for_each(allow, t->allows)
		check_allow(t, allow);
}

/* --- ports no rule names ------------------------------------------------- */

static uint64_t reached(const struct topo_switch *sw)
{
	const struct topo_port *port;
	uint64_t all = 0;

	for_each(port, sw->ports)
		all |= port->allow;
	return all;
}

static void warn_ports(struct topology *t, const struct topo_switch *sw)
{
	uint64_t receivers = reached(sw);
	const struct topo_port *port;

	for_each(port, sw->ports) {
		if (port->kind == TO_CAPTURE || port->allow ||
		    receivers & 1ull << port->number)
			continue;
		report_warning(t->report, port->name.pos,
			       "port %s may talk to nobody; say to whom: allow "
			       "%s <-> PORT",
			       topo_port_name(t, port),
			       topo_port_name(t, port));
	}
}

void check_lonely(struct topology *t)
{
	const struct topo_switch *sw;

	/* With an error anywhere, the rule may be what was not understood. */
	if (t->report->errors)
		return;
	for_each(sw, t->switches) {
		if (reached(sw))
			warn_ports(t, sw);
		else
			report_warning(t->report, sw->name.pos,
				       "nothing is allowed on switch %s, so it "
				       "forwards nothing; say who may talk: "
				       "allow PORT <-> PORT",
				       sw->name.text);
	}
}
