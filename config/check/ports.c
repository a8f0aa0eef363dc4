/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports: each has an attachment, only options that go with it, and what is
 * outside to itself.
 */
#include "config/check/check.h"

#include <string.h>

#include "config/lang/words.h"

/* --- options ------------------------------------------------------------- */

/* What of these is it? */
static unsigned int kinds_of(const struct topo_port *port)
{
	bool socket = port->kind == TO_SOCKET || port->kind == TO_VHOST_USER;
	bool path = port->kind == TO_ATTACH ||
		    (socket && !port->connect && !port->tcp);

	return (port->kind == TO_CAPTURE ? ON_CAPTURES : ON_SENDERS) |
	       (port->kind == TO_TAP ? ON_TAPS | ON_CARDS : 0) |
	       (port->kind == TO_VM ? ON_CARDS : 0) |
	       (port->kind == TO_NIC ? ON_NICS : 0) | (path ? ON_PATHS : 0) |
	       (topo_kinds[port->kind].offload ? ON_OFFLOADS : 0);
}

static const char *why_not(unsigned int on)
{
	if (on == ON_CAPTURES)
		return "is for capture ports, and this is none";
	if (on == ON_SENDERS)
		return "is for ports that send, and a capture does not";
	if (on == ON_OFFLOADS)
		return "is for tap, nic, vhost-user and vm ports and for "
		       "links; other ports have none";
	if (on == ON_TAPS)
		return "is given to the interface of a tap port; this port has "
		       "none";
	if (on == ON_CARDS)
		return "is given to the interface of a tap port or the device "
		       "of a vm port; this port has none";
	if (on == ON_NICS)
		return "is for nic ports, and this is none";
	return "says who may connect to the path of an attach port, or of a "
	       "socket or vhost-user port that listens on one; this port has "
	       "none";
}

static void check_options(struct topology *t, const struct topo_port *port)
{
	const unsigned int kinds = kinds_of(port);
	unsigned int last = 0;

	for (const struct form *f = forms; f < forms + n_forms; f++) {
		const struct option *o = form_option(f, port, &port->settings);
		const unsigned int on = f->places & ON_SOME;

		/* One statement may have set several. */
		if (!f->words || !on || !o->set || on & kinds ||
		    o->pos.seq == last)
			continue;
		last = o->pos.seq;
		wrong(t, o->pos, "\"%s\" %s; take it out",
		      form_name(t->arena, f), why_not(on));
	}
}

/* --- what is outside can be used once ------------------------------------ */

static bool is_interface(const struct topo_port *port)
{
	return port->kind == TO_TAP || port->kind == TO_NIC;
}

static bool is_exclusive(const struct topo_port *port)
{
	return port->target.text && topo_kinds[port->kind].own;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
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
	       same_text(a->netns.text, b->netns.text);
}

static const char *what_is(const struct topo_port *port)
{
	if (is_interface(port))
		return "interface";
	if (port->tcp)
		return "address";
	return strcmp(port->target.text, "-") == 0 ? "standard output" : "path";
}

static void check_outside(struct topology *t, const struct topo_port *port)
{
	const struct topo_port *other;

	for_each_port(other, t) {
		if (other == port || collide(other, port))
			break;
	}
	if (other != port)
		wrong(t, port->target.pos,
		      "%s \"%s\" is used already, by port %s in %s; each port "
		      "needs its own",
		      what_is(port), port->target.text,
		      topo_port_name(t, other),
		      place(t, port->target.pos, other->target.pos));
}

void check_ports(struct topology *t)
{
	const struct topo_port *port;

	for_each_port(port, t) {
		if (port->kind != NOT_ATTACHED)
			check_options(t, port);
		else if (!port->broken)
			wrong(t, port->name.pos,
			      "port \"%s\" has nothing attached; give it a "
			      "tap, nic, socket, vhost-user, attach, program, "
			      "driver-vm, vm or capture",
			      shown(port));
		check_outside(t, port);
	}
}
