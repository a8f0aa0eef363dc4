/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switches: neither too few nor too many ports, and locks that fit together.
 */
#include "config/check.h"

#include <inttypes.h>

static void check_count(struct topology *t, const struct topo_switch *sw)
{
	const struct topo_port *port;
	unsigned int n = 0;

	for_each(port, sw->ports) {
		if (n++ == VSWITCH_MAX_PORTS)
			report_error(t->report, port->name.pos,
				     "switch %s has %u ports; a switch can "
				     "have %u: put some on a second one and "
				     "link the two",
				     name_shown(&sw->name), sw->n_ports,
				     VSWITCH_MAX_PORTS);
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

static const struct topo_port *same_lock(const struct topo_switch *sw,
					 const struct topo_port *than)
{
	uint64_t mac = than->settings.lock.value;
	const struct topo_port *port;

	for (port = sw->ports; port != than; port = port->next) {
		if (port->settings.lock.value == mac)
			return port;
	}
	return NULL;
}

/* Of two the one that is read later is told. */
static void report_same(struct topology *t, const struct topo_port *a,
			const struct topo_port *b)
{
	bool in_order = a->settings.lock.pos.seq < b->settings.lock.pos.seq;
	const struct topo_port *first = in_order ? a : b;
	const struct topo_port *then = in_order ? b : a;
	struct pos at = then->settings.lock.pos;

	report_error(t->report, at,
		     "port %s is locked to that address already, in %s; a "
		     "station is behind one port",
		     topo_port_name(t, first),
		     report_place(t->report, at, first->settings.lock.pos));
}

static void check_locks(struct topology *t, const struct topo_switch *sw)
{
	const struct topo_port *port, *other;

	for_each(port, sw->ports) {
		other = port->settings.lock.value ? same_lock(sw, port) : NULL;
		if (other)
			report_same(t, other, port);
	}
}

/* A locked address has a place in the table for good. */
static void check_room(struct topology *t, const struct topo_switch *sw)
{
	const struct topo_port *port;
	unsigned int n = 0;

	for_each(port, sw->ports)
		n += port->settings.lock.value != 0;
	if (n > sw->entries)
		report_error(t->report, sw->fdb.pos,
			     "%u ports have a mac lock, and each takes an "
			     "entry; the forwarding database has %" PRIu64,
			     n, sw->entries);
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
