/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports that no rule lets send or receive, and groups no rule names.
 */
#include "config/check/check.h"

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
	const struct topo_group *group;
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
	for_each(group, t->groups) {
		if (!group->used)
			report_warning(t->report, group->name.pos,
				       "group %s is in no rule and in no other "
				       "group",
				       group->name.text);
	}
}
