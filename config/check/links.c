/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links: the ports they make, and that they close no loop.
 *
 * A loop between switches would carry a flooded frame round for ever, as no
 * spanning tree is spoken here.  The links accepted so far always form a
 * forest, in which each switch knows the next on the way to the root of its
 * tree; a link between two switches of one tree would close a loop, and the
 * path between them inside the tree is the rest of it.
 */
#include "config/check/check.h"

#include <string.h>

#include "config/lang/value.h"

/* Ports of a switch that has too many by far are only counted from there on. */
#define MANY_PORTS 1024

/* The switch of "switch.port"; the port's name is what follows the dot. */
static struct topo_switch *find_end(struct topology *t, const struct name *ref,
				    struct name *port)
{
	struct topo_switch *sw;
	const char *dot;

	if (!ref->text)
		return NULL;
	dot = strchr(ref->text, '.');
	if (!dot || dot == ref->text || !dot[1]) {
		wrong(t, ref->pos,
		      "\"%s\" is no end of a link; write SWITCH.PORT, and the "
		      "link makes that port",
		      ref->text);
		return NULL;
	}
	sw = find_thing(t, A_SWITCH, NULL,
			arena_strndup(t->arena, ref->text,
				      (size_t)(dot - ref->text)));
	if (!sw) {
		/* Reports it: there is no such switch. */
		resolve_port(t, NULL, ref);
		return NULL;
	}
	port->text = dot + 1;
	port->pos = ref->pos;
	return value_identifier(t, port, "port") ? sw : NULL;
}

static struct topo_port *make_end(struct topology *t, struct topo_link *link,
				  unsigned int end)
{
	struct name name = { 0 };
	struct topo_switch *sw = find_end(t, link->end[end], &name);
	struct topo_port *port = sw ? find_thing(t, A_PORT, sw, name.text)
				    : NULL;

	if (!sw)
		return NULL;
	if (sw->n_ports >= MANY_PORTS) {
		sw->n_ports++;
		return NULL;
	}
	if (port) {
		port->broken = true;
		wrong(t, name.pos,
		      "port %s is there already, from %s; a link makes its own "
		      "ports: give this one another name",
		      link->end[end]->text, place(t, name.pos, port->name.pos));
		return NULL;
	}
	port = topo_add_port(t, sw, &name);
	port->kind = TO_LINK;
	port->kind_pos = link->pos;
	port->settings = link->settings;
	port->link = link;
	port->link_end = end;
	know_port(t, port);
	return port;
}

/* --- loops --------------------------------------------------------------- */

/* Makes a switch the root of its tree. */
static void make_root(struct topo_switch *sw)
{
	struct topo_switch *up = NULL, *next;

	for (; sw; up = sw, sw = next) {
		next = sw->up;
		sw->up = up;
	}
}

static const struct topo_switch *root_of(const struct topo_switch *sw)
{
	while (sw->up)
		sw = sw->up;
	return sw;
}

/* The way from one switch to another of its tree, and back by a new link. */
static const char *name_loop(struct topology *t, struct topo_switch *from,
			     const struct topo_switch *to)
{
	const char *text = from->name.text;

	make_root(from);
	for (; to; to = to->up)
		text = arena_printf(t->arena, "%s - %s", text, to->name.text);
	return text;
}

static void check_loop(struct topology *t, const struct topo_link *link)
{
	struct topo_switch *a = link->port[0]->sw, *b = link->port[1]->sw;

	if (a == b) {
		wrong(t, link->pos,
		      "both ends of this link are on switch %s; a link joins "
		      "two switches",
		      a->name.text);
	} else if (root_of(a) == root_of(b)) {
		/* Looking takes long, and a list of many is not read. */
		wrong(t, link->pos,
		      "this link closes a loop of switches, %s, in which "
		      "frames would go round for ever; take one of its links "
		      "out",
		      report_tells(t->report, link->pos) ? name_loop(t, a, b)
							 : "");
	} else {
		make_root(b);
		b->up = a;
	}
}

void check_links(struct topology *t)
{
	struct topo_link *link;

	for_each(link, t->links) {
		link->port[0] = make_end(t, link, 0);
		link->port[1] = make_end(t, link, 1);
		if (link->port[0] && link->port[1])
			check_loop(t, link);
	}
}
