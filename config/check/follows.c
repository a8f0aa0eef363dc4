/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports that follow others: uplink tracking.
 *
 * Whether a port has a carrier must come out the same in whatever order ports
 * are looked at, so nobody may follow himself, not even round a corner.
 */
#include "config/check/check.h"

static void look_up(struct topology *t, struct topo_port *port)
{
	const struct name *ref = &port->follow.arg;
	struct topo_port *leader = resolve_port(t, port->sw, ref);

	if (!leader)
		return;
	if (leader == port)
		report_error(t->report, ref->pos,
			     "a port cannot follow itself; name the one it "
			     "depends on");
	else if (leader->sw != port->sw)
		report_error(t->report, ref->pos,
			     "port \"%s\" is on another switch; a port follows "
			     "one of its own, %s",
			     ref->text, name_shown(&port->sw->name));
	else if (leader->kind == TO_CAPTURE)
		report_error(t->report, ref->pos,
			     "port \"%s\" is a capture, on which nobody "
			     "depends; name a port that sends",
			     ref->text);
	else
		port->leader = leader;
}

/* "a follows b follows a" */
static const char *name_circle(struct topology *t, const struct topo_port *port)
{
	const char *text = name_shown(&port->name);
	const struct topo_port *p = port;

	do {
		p = p->leader;
		text = arena_printf(t->arena, "%s follows %s", text,
				    name_shown(&p->name));
	} while (p != port);
	return text;
}

/* A circle is reported once, and cut there. */
static void check_circle(struct topology *t, struct topo_port *port)
{
	const struct topo_port *p = port->leader;
	unsigned int steps = 0;

	/* Round a circle further on, which is not ours, for ever but for this. */
	while (p && p != port && steps++ < port->sw->n_ports)
		p = p->leader;
	if (p != port)
		return;
	report_error(t->report, port->follow.arg.pos,
		     "%s: none of them could ever come up; take one of these "
		     "out",
		     name_circle(t, port));
	port->leader = NULL;
}

void check_follows(struct topology *t)
{
	struct topo_switch *sw;
	struct topo_port *port;

	for_each(sw, t->switches) {
		for_each(port, sw->ports) {
			if (port->follow.set && port->kind != TO_CAPTURE)
				look_up(t, port);
		}
		for_each(port, sw->ports) {
			if (port->leader)
				check_circle(t, port);
		}
	}
}
