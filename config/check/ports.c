/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports: each has an attachment, and only options that go with it.
 */
#include "config/check/check.h"

#include <string.h>

static void only_capture(struct topology *t, const struct option *o,
			 const char *what)
{
	if (o->set)
		report_error(t->report, o->pos,
			     "\"%s\" is for capture ports, and this is none; "
			     "take it out",
			     what);
}

static void not_capture(struct topology *t, const struct option *o,
			const char *what)
{
	if (o->set)
		report_error(t->report, o->pos,
			     "\"%s\" is for ports that send, and a capture "
			     "does not; take it out",
			     what);
}

static void no_settings(struct topology *t, const struct topo_settings *s)
{
	not_capture(t, &s->lock, "mac lock");
	not_capture(t, &s->sticky, "mac sticky");
	not_capture(t, &s->flood, "flood");
	not_capture(t, &s->moves.o, "mac moves");
	not_capture(t, &s->ip_lock, "ip lock");
	not_capture(t, &s->vlan, "vlan");
	not_capture(t, &s->limit[LIMIT_IN].o, "limit");
	/* Both may have been said in one. */
	if (s->limit[LIMIT_OUT].o.pos.seq != s->limit[LIMIT_IN].o.pos.seq)
		not_capture(t, &s->limit[LIMIT_OUT].o, "limit");
	for (unsigned int i = 0; i < STORMS; i++)
		not_capture(t, &s->storm[i].o, "storm");
}

static void only_tap(struct topology *t, const struct topo_port *port,
		     const struct option *o, const char *what)
{
	if (o->set && port->kind != NOT_ATTACHED && port->kind != TO_TAP)
		report_error(t->report, o->pos,
			     "%s is given to the interface of a tap port; this "
			     "port has none; take it out",
			     what);
}

/* Who may connect: said of a path that somebody connects to. */
static void only_path(struct topology *t, const struct topo_port *port,
		      const struct option *o, const char *what)
{
	if (o->set && port->kind != NOT_ATTACHED && port->kind != TO_ATTACH &&
	    (port->kind != TO_SOCKET || port->connect || port->tcp))
		report_error(t->report, o->pos,
			     "%s says who may connect to the path of an attach "
			     "port, or of a socket that listens on one; this "
			     "port has none; take it out",
			     what);
}

void check_ports(struct topology *t)
{
	const struct topo_switch *sw;
	const struct topo_port *port;

	for_each(sw, t->switches) {
		for_each(port, sw->ports) {
			only_path(t, port, &port->mode, "mode");
			only_path(t, port, &port->owner, "owner");
			only_path(t, port, &port->group, "group");
			only_tap(t, port, &port->tap_mac, "mac");
			only_tap(t, port, &port->tap_address, "address");
			if (port->kind == TO_CAPTURE) {
				no_settings(t, &port->settings);
				not_capture(t, &port->reserved, "reserved");
				not_capture(t, &port->follow, "follow");
				continue;
			}
			if (port->kind == NOT_ATTACHED && !port->broken)
				report_error(
					t->report, port->name.pos,
					"port \"%s\" has nothing attached; "
					"give it a tap, nic, socket, "
					"attach, program, driver-vm or capture",
					name_shown(&port->name));
			if (port->kind == NOT_ATTACHED)
				continue;
			only_capture(t, &port->capture.filter, "filter");
			only_capture(t, &port->capture.drops, "drops");
			only_capture(t, &port->capture.rotate, "rotate");
			only_capture(t, &port->capture.overwrite, "overwrite");
		}
	}
}

/* --- what is outside can be used once ------------------------------------ */

static bool is_interface(const struct topo_port *port)
{
	return port->kind == TO_TAP || port->kind == TO_NIC;
}

static bool same_netns(const struct topo_port *a, const struct topo_port *b)
{
	if (!a->netns.text || !b->netns.text)
		return a->netns.text == b->netns.text;
	return strcmp(a->netns.text, b->netns.text) == 0;
}

/* A program serves any number of ports; VMs are looked at by check_vms(). */
static bool is_exclusive(const struct topo_port *port)
{
	return port->target.text && port->kind != TO_LINK &&
	       port->kind != TO_PROGRAM && port->kind != TO_DRIVER_VM;
}

/* Do both use the same interface, path or address? */
static bool collide(const struct topo_port *a, const struct topo_port *b)
{
	if (!is_exclusive(a) || !is_exclusive(b) ||
	    is_interface(a) != is_interface(b) || a->tcp != b->tcp)
		return false;
	if (a->tcp)
		return a->tcp_port == b->tcp_port &&
		       strcmp(a->address, b->address) == 0;
	return strcmp(a->target.text, b->target.text) == 0 &&
	       (!is_interface(a) || same_netns(a, b));
}

static const char *what_is(const struct topo_port *port)
{
	if (is_interface(port))
		return "interface";
	if (port->tcp)
		return "address";
	return strcmp(port->target.text, "-") == 0 ? "standard output" : "path";
}

static void report_collision(struct topology *t, const struct topo_port *port,
			     const struct topo_port *other)
{
	report_error(t->report, port->target.pos,
		     "%s \"%s\" is used already, by port %s in %s; each port "
		     "needs its own",
		     what_is(port), port->target.text, topo_port_name(t, other),
		     report_place(t->report, port->target.pos,
				  other->target.pos));
}

/* The first port in the topology that uses the same thing as @port. */
static const struct topo_port *first_user(const struct topology *t,
					  const struct topo_port *port)
{
	const struct topo_switch *sw;
	const struct topo_port *other;

	for_each(sw, t->switches) {
		for_each(other, sw->ports) {
			if (other == port || collide(other, port))
				return other;
		}
	}
	return port;
}

void check_outside(struct topology *t)
{
	const struct topo_switch *sw;
	const struct topo_port *port, *other;

	for_each(sw, t->switches) {
		for_each(port, sw->ports) {
			other = first_user(t, port);
			if (other != port)
				report_collision(t, port, other);
		}
	}
}
