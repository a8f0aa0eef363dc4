/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts in filters of captures and rules are looked up together, before the
 * first filter is compiled.
 */
#include "config/check/check.h"

#include "config/check/filter.h"

static void note_capture(struct topology *t, const struct topo_port *port)
{
	if (port->kind == TO_CAPTURE && port->capture.filter.set)
		filter_note_hosts(t, &port->capture.filter.arg, FILTER_CAPTURE);
}

void check_hosts(struct topology *t)
{
	const struct topo_switch *sw;
	const struct topo_port *port;
	const struct topo_rule *rule;

	for_each(sw, t->switches) {
		for_each(port, sw->ports)
			note_capture(t, port);
	}
	for_each(rule, t->rules) {
		if (rule->when)
			filter_note_hosts(t, rule->when, FILTER_RULE);
	}
	hosts_look_up(&t->hosts, t->arena);
}
