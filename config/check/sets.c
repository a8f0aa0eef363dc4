/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes of settings while it runs: each replaces what the file says, as if it
 * stood there in its place.
 */
#include "config/check/check.h"

static void replace(struct option *o, const struct option *by)
{
	if (by->set)
		*o = by->off ? (struct option){ 0 } : *by;
}

/* @keep: off is not what a port is by itself. */
static void replace_rate(struct topo_rate *rate, const struct topo_rate *by,
			 bool keep)
{
	if (by->o.set)
		*rate = by->o.off && !keep ? (struct topo_rate){ 0 } : *by;
}

static void change(struct topo_settings *s, const struct topo_settings *by)
{
	if (by->lock.set)
		s->macs = by->macs;
	replace(&s->lock, &by->lock);
	if (by->flood.set)
		s->flood = by->flood;
	replace(&s->sticky, &by->sticky);
	replace_rate(&s->moves, &by->moves, true);
	if (by->ip_lock.set)
		s->prefixes = by->prefixes;
	replace(&s->ip_lock, &by->ip_lock);
	if (by->vlan.set) {
		s->vid = by->vid;
		s->trunk = by->trunk;
	}
	replace(&s->vlan, &by->vlan);
	for (unsigned int i = 0; i < LIMITS; i++)
		replace_rate(&s->limit[i], &by->limit[i], false);
	for (unsigned int i = 0; i < STORMS; i++)
		replace_rate(&s->storm[i], &by->storm[i], true);
}

void check_sets(struct topology *t)
{
	const struct topo_set *set;
	struct topo_port *port;

	for_each_port(port, t) {
		if (port->settings.macs)
			port->own_lock = port->settings.macs->mac;
	}
	for_each(set, t->sets) {
		port = resolve_port(t, NULL, &set->port);
		if (port)
			change(&port->settings, &set->settings);
	}
}
