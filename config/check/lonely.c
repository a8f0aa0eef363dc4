/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports that no rule lets send or receive, and groups no rule names.
 */
#include "config/check/check.h"

static void check_switch(struct topology *t, const struct topo_switch *sw)
{
	const struct topo_port *port;
	uint64_t reached = 0;

	for_each(port, sw->ports)
		reached |= port->allow;
	if (!reached)
		warn(t, sw->name.pos,
		     "nothing is allowed on switch %s, so it forwards nothing; "
		     "say who may talk: allow PORT <-> PORT",
		     sw->name.text);
	for_each(port, reached ? sw->ports : NULL) {
		if (port->kind != TO_CAPTURE && !port->allow &&
		    !(reached & 1ull << port->number))
			warn(t, port->name.pos,
			     "port %s may talk to nobody; say to whom: allow "
			     "%s <-> PORT",
			     topo_port_name(t, port), topo_port_name(t, port));
	}
}

void check_lonely(struct topology *t)
{
	const struct topo_group *group;
	const struct topo_switch *sw;

	/* With an error anywhere, the rule may be what was not understood. */
	if (t->report->errors)
		return;
	for_each(sw, t->switches)
		check_switch(t, sw);
	for_each(group, t->groups) {
		if (!group->used)
			warn(t, group->name.pos,
			     "group %s is in no rule and in no other group",
			     group->name.text);
	}
}
