/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports: each has an attachment, only options that go with it, and what is
 * outside to itself.
 */
#include "config/check/check.h"

#include <string.h>

/* --- options ------------------------------------------------------------- */

/* Where an option has a meaning. */
enum fit { ON_CAPTURES, ON_SENDERS, ON_TAPS, ON_PATHS };

static bool fits(const struct topo_port *port, enum fit fit)
{
	switch (fit) {
	case ON_CAPTURES:
		return port->kind == TO_CAPTURE;
	case ON_SENDERS:
		return port->kind != TO_CAPTURE;
	case ON_TAPS:
		return port->kind == TO_TAP;
	default:
		return port->kind == TO_ATTACH ||
		       (port->kind == TO_SOCKET && !port->connect &&
			!port->tcp);
	}
}

#define OPTION(member, word, fit)                                              \
	{                                                                      \
		offsetof(struct topo_port, member), word, fit                  \
	}

static const struct {
	size_t offset;
	const char *word;
	enum fit fit;
} options[] = {
	OPTION(capture.filter, "\"filter\"", ON_CAPTURES),
	OPTION(capture.drops, "\"drops\"", ON_CAPTURES),
	OPTION(capture.rotate, "\"rotate\"", ON_CAPTURES),
	OPTION(capture.overwrite, "\"overwrite\"", ON_CAPTURES),
	OPTION(reserved, "\"reserved\"", ON_SENDERS),
	OPTION(follow, "\"follow\"", ON_SENDERS),
	OPTION(settings.lock, "\"mac lock\"", ON_SENDERS),
	OPTION(settings.sticky, "\"mac sticky\"", ON_SENDERS),
	OPTION(settings.flood, "\"flood\"", ON_SENDERS),
	OPTION(settings.moves.o, "\"mac moves\"", ON_SENDERS),
	OPTION(settings.ip_lock, "\"ip lock\"", ON_SENDERS),
	OPTION(settings.vlan, "\"vlan\"", ON_SENDERS),
	OPTION(settings.limit[LIMIT_IN].o, "\"limit\"", ON_SENDERS),
	OPTION(settings.limit[LIMIT_OUT].o, "\"limit\"", ON_SENDERS),
	OPTION(settings.storm[STORM_BROADCAST].o, "\"storm\"", ON_SENDERS),
	OPTION(settings.storm[STORM_MULTICAST].o, "\"storm\"", ON_SENDERS),
	OPTION(settings.storm[STORM_UNKNOWN].o, "\"storm\"", ON_SENDERS),
	OPTION(tap_mac, "mac", ON_TAPS),
	OPTION(tap_address, "address", ON_TAPS),
	OPTION(mode, "mode", ON_PATHS),
	OPTION(owner, "owner", ON_PATHS),
	OPTION(group, "group", ON_PATHS),
};

static void check_options(struct topology *t, const struct topo_port *port)
{
	static const char *const why[] = {
		[ON_CAPTURES] = "is for capture ports, and this is none",
		[ON_SENDERS] = "is for ports that send, and a capture does not",
		[ON_TAPS] = "is given to the interface of a tap port; this "
			    "port has none",
		[ON_PATHS] = "says who may connect to the path of an attach "
			     "port, or of a socket that listens on one; this "
			     "port has none",
	};
	unsigned int last = 0;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct option *o =
			(const void *)((const char *)port + options[i].offset);

		/* Both directions of a limit may have been said in one. */
		if (!o->set || o->pos.seq == last || fits(port, options[i].fit))
			continue;
		last = o->pos.seq;
		wrong(t, o->pos, "%s %s; take it out", options[i].word,
		      why[options[i].fit]);
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
			      "tap, nic, socket, attach, program, driver-vm or "
			      "capture",
			      shown(port));
		check_outside(t, port);
	}
}
