/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names: duplicates, and what a name refers to.
 */
#include "config/check/check.h"

#include <string.h>

/* Names listed in a message; a reader does not look through more. */
#define MAX_LISTED 12

struct topo_switch *find_switch(const struct topology *t, const char *name,
				size_t len)
{
	struct topo_switch *sw;

	for_each(sw, t->switches) {
		if (sw->name.text && !sw->duplicate &&
		    strlen(sw->name.text) == len &&
		    memcmp(sw->name.text, name, len) == 0)
			return sw;
	}
	return NULL;
}

struct topo_port *find_port(const struct topo_switch *sw, const char *name)
{
	struct topo_port *port;

	for_each(port, sw->ports) {
		if (port->name.text && !port->duplicate &&
		    strcmp(port->name.text, name) == 0)
			return port;
	}
	return NULL;
}

struct topo_group *find_group(const struct topology *t, const char *name)
{
	struct topo_group *group;

	for_each(group, t->groups) {
		if (group->name.text && !group->duplicate &&
		    strcmp(group->name.text, name) == 0)
			return group;
	}
	return NULL;
}

/* --- duplicates ---------------------------------------------------------- */

static void check_ports_of(struct topology *t, struct topo_switch *sw)
{
	struct topo_port *port, *first;

	for_each(port, sw->ports) {
		first = port->name.text ? find_port(sw, port->name.text) : NULL;
		if (!first || first == port)
			continue;
		port->duplicate = true;
		first->broken = true;
		report_error(t->report, port->name.pos,
			     "port \"%s\" is declared already, in %s; ports "
			     "of one switch have different names",
			     port->name.text,
			     report_place(t->report, port->name.pos,
					  first->name.pos));
	}
}

void check_names(struct topology *t)
{
	struct topo_switch *sw, *first;

	for_each(sw, t->switches) {
		first = sw->name.text ? find_switch(t, sw->name.text,
						    strlen(sw->name.text))
				      : NULL;
		if (first && first != sw) {
			sw->duplicate = true;
			/* A port missed on the first may be on this one. */
			first->broken = true;
			report_error(t->report, sw->name.pos,
				     "switch \"%s\" is declared already, in "
				     "%s; a switch is written in one piece",
				     sw->name.text,
				     report_place(t->report, sw->name.pos,
						  first->name.pos));
		}
		check_ports_of(t, sw);
	}
}

/* --- references ---------------------------------------------------------- */

/* "alice, bob, ..." */
static const char *list_ports(struct topology *t, const struct topo_switch *sw)
{
	const struct topo_port *port;
	const char *list = "";
	int n = 0;

	for_each(port, sw->ports) {
		if (!port->name.text || port->duplicate)
			continue;
		if (n++ == MAX_LISTED)
			return arena_printf(t->arena, "%s, ...", list);
		list = arena_printf(t->arena, "%s%s%s", list, *list ? ", " : "",
				    port->name.text);
	}
	return list;
}

static const char *list_switches(struct topology *t)
{
	const struct topo_switch *sw;
	const char *list = "";
	int n = 0;

	for_each(sw, t->switches) {
		if (!sw->name.text || sw->duplicate)
			continue;
		if (n++ == MAX_LISTED)
			return arena_printf(t->arena, "%s, ...", list);
		list = arena_printf(t->arena, "%s%s%s", list, *list ? ", " : "",
				    sw->name.text);
	}
	return list;
}

static void unknown_on(struct topology *t, const struct topo_switch *sw,
		       const struct name *ref, const char *name)
{
	struct guess g = { .wanted = name };
	const struct topo_port *port;

	/* A switch without ports has its own message. */
	if (sw->broken || !sw->name.text || !sw->ports)
		return;
	for_each(port, sw->ports) {
		if (port->name.text && !port->duplicate)
			guess_offer(&g, port->name.text);
	}
	if (g.best)
		report_error(t->report, ref->pos,
			     "unknown port \"%s\" on switch %s; did you mean "
			     "\"%s\"?",
			     name, sw->name.text, g.best);
	else
		report_error(t->report, ref->pos,
			     "unknown port \"%s\"; ports of switch %s are %s",
			     name, sw->name.text, list_ports(t, sw));
}

static void unknown_switch(struct topology *t, const struct name *ref,
			   const char *name)
{
	struct guess g = { .wanted = name };
	const struct topo_switch *sw;

	if (t->broken)
		return;
	for_each(sw, t->switches) {
		if (sw->name.text)
			guess_offer(&g, sw->name.text);
	}
	if (g.best)
		report_error(t->report, ref->pos,
			     "unknown switch \"%s\"; did you mean \"%s\"?",
			     name, g.best);
	else
		report_error(t->report, ref->pos,
			     "unknown switch \"%s\"; switches are %s", name,
			     list_switches(t));
}

/* A bare name no switch has a port of. */
static void unknown_anywhere(struct topology *t, const struct name *ref)
{
	struct guess g = { .wanted = ref->text };
	const struct topo_switch *sw;
	const struct topo_port *port;
	bool broken = t->broken;

	for_each(sw, t->switches) {
		broken |= sw->broken;
		for_each(port, sw->ports) {
			if (port->name.text && !port->duplicate)
				guess_offer(&g, port->name.text);
		}
	}
	if (broken)
		return;
	if (g.best)
		report_error(t->report, ref->pos,
			     "unknown port \"%s\"; did you mean \"%s\"?",
			     ref->text, g.best);
	else if (t->switches && !t->switches->next)
		unknown_on(t, t->switches, ref, ref->text);
	else
		report_error(t->report, ref->pos,
			     "unknown port \"%s\"; no switch has one of that "
			     "name",
			     ref->text);
}

static void ambiguous(struct topology *t, const struct name *ref)
{
	const struct topo_switch *sw;
	const struct topo_port *port;
	const char *list = "";

	for_each(sw, t->switches) {
		port = sw->duplicate ? NULL : find_port(sw, ref->text);
		if (port)
			list = arena_printf(t->arena, "%s%s%s", list,
					    *list ? " or " : "",
					    topo_port_name(t, port));
	}
	report_error(t->report, ref->pos,
		     "\"%s\" is a port of more than one switch; write %s",
		     ref->text, list);
}

static void report_group(struct topology *t, const struct name *ref)
{
	report_error(t->report, ref->pos,
		     "\"%s\" is a group, which rules and other groups can "
		     "name; here a port is named",
		     ref->text);
}

static struct topo_port *resolve_bare(struct topology *t,
				      const struct name *ref)
{
	struct topo_port *port = NULL;
	struct topo_switch *sw;
	int n = 0;

	for_each(sw, t->switches) {
		struct topo_port *p = sw->duplicate ? NULL
						    : find_port(sw, ref->text);

		if (p) {
			port = p;
			n++;
		}
	}
	if (n == 1)
		return port;
	if (n > 1)
		ambiguous(t, ref);
	else if (find_vm(t, ref->text))
		report_error(t->report, ref->pos,
			     "\"%s\" is a vm; frames go to the port that says "
			     "driver-vm %s: name that",
			     ref->text, ref->text);
	else if (find_group(t, ref->text))
		report_group(t, ref);
	else if (find_switch(t, ref->text, strlen(ref->text)))
		report_error(t->report, ref->pos,
			     "\"%s\" is a switch; a port of it is written "
			     "%s.PORT",
			     ref->text, ref->text);
	else
		unknown_anywhere(t, ref);
	return NULL;
}

static struct topo_port *resolve_on(struct topology *t,
				    const struct topo_switch *sw,
				    const struct name *ref, const char *name)
{
	struct topo_port *port = find_port(sw, name);

	if (!port && name == ref->text && find_group(t, name))
		report_group(t, ref);
	else if (!port)
		unknown_on(t, sw, ref, name);
	return port;
}

struct topo_port *resolve_port(struct topology *t, struct topo_switch *home,
			       const struct name *ref)
{
	const struct topo_switch *sw;
	const char *dot;
	size_t len;

	if (!ref->text)
		return NULL;
	dot = strchr(ref->text, '.');
	if (!dot)
		return home ? resolve_on(t, home, ref, ref->text)
			    : resolve_bare(t, ref);
	len = (size_t)(dot - ref->text);
	sw = find_switch(t, ref->text, len);
	if (sw)
		return resolve_on(t, sw, ref, dot + 1);
	unknown_switch(t, ref, arena_strndup(t->arena, ref->text, len));
	return NULL;
}
