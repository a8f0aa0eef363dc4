/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links: the ports they make, and that they close no loop.
 *
 * A loop between switches would carry a flooded frame round for ever, as no
 * spanning tree is spoken here.  The links accepted so far always form a
 * forest; a link between two switches of one tree would close a loop, and the
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

/* The switch at the other end of a link that was accepted. */
static struct topo_switch *across(const struct topo_link *link,
				  const struct topo_switch *sw)
{
	for (int i = 0; link->port[0] && link->port[1] && i < 2; i++) {
		if (link->port[i]->sw == sw)
			return link->port[1 - i]->sw;
	}
	return NULL;
}

/*
 * Spreads out from @from over the links before @limit until nothing new is
 * reached, leaving at each switch the link it was reached by.
 */
static void search(struct topology *t, const struct topo_link *limit,
		   struct topo_switch *from)
{
	struct topo_switch *sw, *next;
	struct topo_link *link;
	bool more = true;

	for_each(sw, t->switches)
		sw->hop = NULL;
	while (more) {
		more = false;
		for (link = t->links; link != limit; link = link->next) {
			for_each(sw, t->switches) {
				next = across(link, sw);
				if (!next || next == from || next->hop ||
				    (sw != from && !sw->hop))
					continue;
				next->hop = link;
				more = true;
			}
		}
	}
}

static const char *name_loop(struct topology *t, const struct topo_link *link)
{
	struct topo_switch *from = link->port[0]->sw;
	struct topo_switch *sw = link->port[1]->sw;
	const char *text = from->name.text;

	/* Nobody reads it, and it takes long in a large topology. */
	if (!report_tells(t->report, link->pos))
		return text;
	search(t, link, from);
	for (; sw && sw != from; sw = across(sw->hop, sw))
		text = arena_printf(t->arena, "%s - %s", text, sw->name.text);
	return arena_printf(t->arena, "%s - %s", text, from->name.text);
}

static void check_loop(struct topology *t, struct topo_link *link)
{
	struct topo_switch *a = link->port[0]->sw, *b = link->port[1]->sw;
	unsigned int old = b->island;
	struct topo_switch *sw;

	if (a == b)
		wrong(t, link->pos,
		      "both ends of this link are on switch %s; a link joins "
		      "two switches",
		      a->name.text);
	else if (a->island == old)
		wrong(t, link->pos,
		      "this link closes a loop of switches, %s, in which "
		      "frames would go round for ever; take one of its links "
		      "out",
		      name_loop(t, link));
	for_each(sw, t->switches) {
		if (sw->island == old)
			sw->island = a->island;
	}
}

void check_links(struct topology *t)
{
	struct topo_switch *sw;
	struct topo_link *link;
	unsigned int n = 0;

	for_each(sw, t->switches)
		sw->island = n++;
	for_each(link, t->links) {
		link->port[0] = make_end(t, link, 0);
		link->port[1] = make_end(t, link, 1);
		if (link->port[0] && link->port[1])
			check_loop(t, link);
	}
}
