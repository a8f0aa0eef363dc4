/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switches: neither too few nor too many ports, and locks that fit together.
 */
#include "config/check/check.h"

#include <inttypes.h>

static void check_counts(struct topology *t, const struct topo_switch *sw)
{
	const struct topo_port *port;
	unsigned int captures = 0;

	/* Something that is not understood may have made a port. */
	if (!sw->ports && !sw->broken && !t->broken)
		wrong(t, sw->name.pos,
		      "switch %s has no ports; write port NAME { ... } in it",
		      shown(sw));
	for_each(port, sw->ports) {
		if (port->number == MAX_PORTS)
			wrong(t, port->name.pos,
			      "switch %s has %u ports; a switch can have %u: "
			      "put some on a second one and link the two",
			      shown(sw), sw->n_ports, MAX_PORTS);
		if (port->kind == TO_CAPTURE &&
		    captures++ == VSWITCH_MAX_CAPTURES)
			wrong(t, port->kind_pos,
			      "a switch can have %u captures, and this is one "
			      "more; one capture can watch many ports",
			      VSWITCH_MAX_CAPTURES);
	}
}

/* --- locks --------------------------------------------------------------- */

static const struct topo_mac *macs_of(const struct topo_port *port)
{
	return port->settings.lock.set ? port->settings.macs : NULL;
}

static const struct topo_mac *find_mac(const struct topo_port *port,
				       uint64_t mac)
{
	const struct topo_mac *m;

	for_each(m, macs_of(port)) {
		if (m->mac == mac)
			break;
	}
	return m;
}

/* Of two the one that is read later is told. */
static void report_same(struct topology *t, const struct topo_port *a,
			struct pos at_a, const struct topo_port *b,
			struct pos at_b)
{
	bool in_order = at_a.seq < at_b.seq;
	struct pos at = in_order ? at_b : at_a;

	wrong(t, at,
	      "port %s is locked to that address already, in %s; a station is "
	      "behind one port",
	      topo_port_name(t, in_order ? a : b),
	      place(t, at, in_order ? at_a : at_b));
}

/* Is one of a port's addresses that of a port before it? */
static void check_locks(struct topology *t, const struct topo_port *port)
{
	const struct topo_port *other;
	const struct topo_mac *m, *same = NULL;

	for_each(m, macs_of(port)) {
		for (other = port->sw->ports; other != port;
		     other = other->next) {
			same = find_mac(other, m->mac);
			if (same)
				break;
		}
		if (other != port)
			report_same(t, other, same->pos, port, m->pos);
	}
}

/* A locked address has a place in the table for good. */
static void check_room(struct topology *t, const struct topo_switch *sw)
{
	const struct topo_port *port;
	uint64_t macs = 0, further = 0;

	for_each(port, sw->ports) {
		uint64_t n = port->settings.lock.value;

		macs += n;
		further += n ? n - 1 : 0;
	}
	if (macs > sw->fdb.value)
		wrong(t, sw->fdb.pos,
		      "ports are locked to %" PRIu64 " addresses, and each "
		      "takes an entry; the forwarding database has %" PRIu64,
		      macs, sw->fdb.value);
	if (further > POLICY_MAX_MACS)
		wrong(t, sw->name.pos,
		      "the ports of switch %s are locked to %" PRIu64
		      " addresses besides the first of each; %u are possible: "
		      "use mac sticky NUMBER at some",
		      shown(sw), further, POLICY_MAX_MACS);
}

void check_switches(struct topology *t)
{
	const struct topo_switch *sw;
	const struct topo_port *port;

	for_each(sw, t->switches) {
		check_counts(t, sw);
		check_room(t, sw);
	}
	for_each_port(port, t)
		check_locks(t, port);
}
