/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switches: neither too few nor too many ports, and locks that fit together.
 */
#include "config/check/check.h"

#include <inttypes.h>

static void check_count(struct topology *t, const struct topo_switch *sw)
{
	const struct topo_port *port;
	unsigned int n = 0;

	for_each(port, sw->ports) {
		if (n++ == MAX_PORTS)
			report_error(t->report, port->name.pos,
				     "switch %s has %u ports; a switch can "
				     "have %u: put some on a second one and "
				     "link the two",
				     name_shown(&sw->name), sw->n_ports,
				     MAX_PORTS);
	}
}

static void check_captures_count(struct topology *t,
				 const struct topo_switch *sw)
{
	const struct topo_port *port;
	unsigned int n = 0;

	for_each(port, sw->ports) {
		if (port->kind == TO_CAPTURE && n++ == VSWITCH_MAX_CAPTURES)
			report_error(t->report, port->kind_pos,
				     "a switch can have %u captures, and this "
				     "is one more; one capture can watch many "
				     "ports",
				     VSWITCH_MAX_CAPTURES);
	}
}

static const struct topo_mac *find_mac(const struct topo_port *port,
				       uint64_t mac)
{
	const struct topo_mac *m;

	if (!port->settings.lock.set)
		return NULL;
	for_each(m, port->settings.macs) {
		if (m->mac == mac)
			return m;
	}
	return NULL;
}

/* Of two the one that is read later is told. */
static void report_same(struct topology *t, const struct topo_port *a,
			struct pos at_a, const struct topo_port *b,
			struct pos at_b)
{
	bool in_order = at_a.seq < at_b.seq;
	struct pos at = in_order ? at_b : at_a;

	report_error(t->report, at,
		     "port %s is locked to that address already, in %s; a "
		     "station is behind one port",
		     topo_port_name(t, in_order ? a : b),
		     report_place(t->report, at, in_order ? at_a : at_b));
}

/* Is one of a port's addresses that of a port before it? */
static void check_port_locks(struct topology *t, const struct topo_switch *sw,
			     const struct topo_port *port)
{
	const struct topo_port *other;
	const struct topo_mac *m, *same;

	if (!port->settings.lock.set)
		return;
	for_each(m, port->settings.macs) {
		for (other = sw->ports; other != port; other = other->next) {
			same = find_mac(other, m->mac);
			if (!same)
				continue;
			report_same(t, other, same->pos, port, m->pos);
			break;
		}
	}
}

static void check_locks(struct topology *t, const struct topo_switch *sw)
{
	const struct topo_port *port;

	for_each(port, sw->ports)
		check_port_locks(t, sw, port);
}

/* A locked address has a place in the table for good. */
static void check_room(struct topology *t, const struct topo_switch *sw)
{
	const struct topo_port *port;
	uint64_t macs = 0, further = 0;

	for_each(port, sw->ports) {
		if (!port->settings.lock.value)
			continue;
		macs += port->settings.lock.value;
		further += port->settings.lock.value - 1;
	}
	if (macs > sw->entries)
		report_error(t->report, sw->fdb.pos,
			     "ports are locked to %" PRIu64 " addresses, and "
			     "each takes an entry; the forwarding database "
			     "has %" PRIu64,
			     macs, sw->entries);
	if (further > POLICY_MAX_MACS)
		report_error(t->report, sw->name.pos,
			     "the ports of switch %s are locked to %" PRIu64
			     " addresses besides the first of each; %u are "
			     "possible: use mac sticky NUMBER at some",
			     name_shown(&sw->name), further, POLICY_MAX_MACS);
}

void check_switches(struct topology *t)
{
	const struct topo_switch *sw;

	for_each(sw, t->switches) {
		/* Something that is not understood may have made a port. */
		if (!sw->ports && !sw->broken && !t->broken)
			report_error(t->report, sw->name.pos,
				     "switch %s has no ports; write port NAME "
				     "{ ... } in it",
				     name_shown(&sw->name));
		check_count(t, sw);
		check_captures_count(t, sw);
		check_locks(t, sw);
		check_room(t, sw);
	}
}
