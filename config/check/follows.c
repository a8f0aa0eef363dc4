/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports that follow others: uplink tracking.
 *
 * Whether a port has a carrier must come out the same in whatever order ports
 * are looked at, so no port may follow itself, not even by way of others.
 */
#include "config/check/check.h"

/* A circle is reported once, and cut there. */
static void check_circle(struct topology *t, struct topo_port *port)
{
	const struct topo_port *p = port->leader;
	const char *text = shown(port);
	unsigned int steps = 0;

	/* A circle further on, which is not ours, has no end. */
	while (p && p != port && steps++ < port->sw->n_ports)
		p = p->leader;
	if (p != port)
		return;
	do {
		p = p->leader;
		text = arena_printf(t->arena, "%s follows %s", text, shown(p));
	} while (p != port);
	wrong(t, port->follow.arg.pos,
	      "%s: none of them could ever come up; take one of these out",
	      text);
	port->leader = NULL;
}

void check_follows(struct topology *t)
{
	struct topo_port *port;

	for_each_port(port, t) {
		if (port->follow.set && port->kind != TO_CAPTURE)
			port->leader = resolve_other(t, port, "a port follows",
						     "name the one it depends "
						     "on",
						     &port->follow.arg);
	}
	for_each_port(port, t)
		check_circle(t, port);
}
