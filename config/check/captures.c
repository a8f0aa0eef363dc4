/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures: the ports they watch and the filter they record through.
 */
#include "config/check/check.h"

#include <string.h>

#include "config/check/filter.h"

static void watch(struct topology *t, struct topo_port *capture,
		  const struct name *ref)
{
	const struct topo_port *port = resolve_other(
		t, capture, "a capture watches",
		"name other ports of its switch, or \"of all\"", ref);

	if (!port || port->number >= MAX_PORTS)
		return;
	if (capture->capture.mask & 1ull << port->number)
		warn(t, ref->pos, "port \"%s\" is in this list twice",
		     ref->text);
	capture->capture.mask |= 1ull << port->number;
}

static void watch_all(struct topo_port *capture)
{
	const struct topo_port *port;

	for_each(port, capture->sw->ports) {
		if (port->kind != TO_CAPTURE && port->number < MAX_PORTS)
			capture->capture.mask |= 1ull << port->number;
	}
}

static void check_capture(struct topology *t, struct topo_port *port)
{
	struct topo_capture *c = &port->capture;
	const struct name *ref;

	if (c->all)
		watch_all(port);
	for_each(ref, c->of.first)
		watch(t, port, ref);
	if (c->all && !c->mask && !port->sw->broken && !t->broken)
		wrong(t, port->kind_pos,
		      "switch %s has no port to capture from", shown(port->sw));
	if (c->rotate.set && port->target.text &&
	    strcmp(port->target.text, "-") == 0)
		wrong(t, c->rotate.pos,
		      "standard output cannot be rotated; name a file, or take "
		      "\"rotate\" out");
	if (c->filter.set)
		filter_compile(t, &c->filter.arg, FILTER_CAPTURE, &c->code);
}

void check_captures(struct topology *t)
{
	struct topo_port *port;

	for_each_port(port, t) {
		if (port->kind == TO_CAPTURE)
			check_capture(t, port);
	}
}
