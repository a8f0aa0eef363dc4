/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes of settings while it runs: each replaces what the file says, as if it
 * stood there in its place.
 */
#include "config/check/check.h"

static void replace(struct option *o, const struct option *by)
{
	if (!by->set)
		return;
	*o = by->off ? (struct option){ 0 } : *by;
}

static void replace_rate(struct topo_rate *rate, const struct topo_rate *by)
{
	if (!by->o.set)
		return;
	*rate = by->o.off ? (struct topo_rate){ 0 } : *by;
}

/* Where off is not what a port is by itself, it is kept. */
static void keep_rate(struct topo_rate *rate, const struct topo_rate *by)
{
	if (by->o.set)
		*rate = *by;
}

static void change(struct topo_settings *s, const struct topo_settings *by)
{
	if (by->lock.set)
		s->macs = by->macs;
	replace(&s->lock, &by->lock);
	if (by->flood.set)
		s->flood = by->flood;
	replace(&s->sticky, &by->sticky);
	keep_rate(&s->moves, &by->moves);
	if (by->ip_lock.set)
		s->prefixes = by->prefixes;
	replace(&s->ip_lock, &by->ip_lock);
	if (by->vlan.set) {
		s->vid = by->vid;
		s->trunk = by->trunk;
	}
	replace(&s->vlan, &by->vlan);
	for (unsigned int i = 0; i < LIMITS; i++)
		replace_rate(&s->limit[i], &by->limit[i]);
	for (unsigned int i = 0; i < STORMS; i++)
		keep_rate(&s->storm[i], &by->storm[i]);
}

void check_sets(struct topology *t)
{
	const struct topo_set *set;
	struct topo_switch *sw;
	struct topo_port *port;

	for_each(sw, t->switches) {
		for_each(port, sw->ports)
			port->own_lock = port->settings.macs
						 ? port->settings.macs->mac
						 : 0;
	}
	for_each(set, t->sets) {
		port = resolve_port(t, NULL, &set->port);
		if (port)
			change(&port->settings, &set->settings);
	}
}
