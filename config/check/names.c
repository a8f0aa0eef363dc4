/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names: those that are taken, and what a name refers to.
 */
#include "config/check/check.h"

#include <string.h>

/* Names listed in a message; a reader does not look through more. */
#define MAX_LISTED 12

static bool is(const struct name *name, bool duplicate, const char *text)
{
	return text && name->text && !duplicate &&
	       strcmp(name->text, text) == 0;
}

struct topo_switch *find_switch(const struct topology *t, const char *name,
				size_t len)
{
	struct topo_switch *sw;

	for_each(sw, t->switches) {
		if (sw->name.text && !sw->duplicate &&
		    strlen(sw->name.text) == len &&
		    memcmp(sw->name.text, name, len) == 0)
			break;
	}
	return sw;
}

struct topo_port *find_port(const struct topo_switch *sw, const char *name)
{
	struct topo_port *port;

	for_each(port, sw->ports) {
		if (is(&port->name, port->duplicate, name))
			break;
	}
	return port;
}

struct topo_group *find_group(const struct topology *t, const char *name)
{
	struct topo_group *group;

	for_each(group, t->groups) {
		if (is(&group->name, group->duplicate, name))
			break;
	}
	return group;
}

struct topo_vm *find_vm(const struct topology *t, const char *name)
{
	struct topo_vm *vm;

	for_each(vm, t->vms) {
		if (is(&vm->name, vm->duplicate, name))
			break;
	}
	return vm;
}

static struct topo_domain *find_domain(const struct topology *t,
				       const char *name)
{
	struct topo_domain *domain;

	for_each(domain, t->domains) {
		if (is(&domain->name, domain->duplicate, name))
			break;
	}
	return domain;
}

static struct topo_switch *whole_switch(const struct topology *t,
					const char *name)
{
	return name ? find_switch(t, name, strlen(name)) : NULL;
}

/* A port of that name on any switch. */
static struct topo_port *any_port(const struct topology *t, const char *name,
				  unsigned int *n)
{
	struct topo_port *port, *found = NULL;
	struct topo_switch *sw;

	*n = 0;
	for_each(sw, t->switches) {
		port = sw->duplicate ? NULL : find_port(sw, name);
		*n += port != NULL;
		found = found ? found : port;
	}
	return found;
}

/* --- names that are taken ------------------------------------------------ */

static void again(struct topology *t, const char *what, const struct name *name,
		  const struct name *first, const char *rule)
{
	wrong(t, name->pos, "%s \"%s\" is declared already, in %s; %s", what,
	      name->text, place(t, name->pos, first->pos), rule);
}

static void taken(struct topology *t, const char *what, const struct name *name,
		  const char *by, const struct name *other)
{
	wrong(t, name->pos,
	      "\"%s\" is the name of a %s, in %s; give the %s another",
	      name->text, by, place(t, name->pos, other->pos), what);
}

/* What is missing on the first may be on the second. */
static void check_ports_of(struct topology *t, struct topo_switch *sw)
{
	struct topo_port *port, *first;

	for_each(port, sw->ports) {
		first = find_port(sw, port->name.text);
		if (!first || first == port)
			continue;
		port->duplicate = first->broken = true;
		again(t, "port", &port->name, &first->name,
		      "ports of one switch have different names");
	}
}

static void check_switch(struct topology *t, struct topo_switch *sw)
{
	struct topo_switch *first = whole_switch(t, sw->name.text);

	if (first && first != sw) {
		sw->duplicate = first->broken = true;
		again(t, "switch", &sw->name, &first->name,
		      "a switch is written in one piece");
	}
	check_ports_of(t, sw);
}

static void check_domain(struct topology *t, struct topo_domain *domain)
{
	struct topo_domain *first = find_domain(t, domain->name.text);
	const struct topo_switch *sw = whole_switch(t, domain->name.text);

	if (first && first != domain) {
		domain->duplicate = true;
		again(t, "domain", &domain->name, &first->name,
		      "a domain is written in one piece");
	}
	if (sw)
		taken(t, "domain", &domain->name, "switch", &sw->name);
}

static void check_vm(struct topology *t, struct topo_vm *vm)
{
	struct topo_vm *first = find_vm(t, vm->name.text);
	const struct topo_switch *sw = whole_switch(t, vm->name.text);
	const struct topo_domain *domain = find_domain(t, vm->name.text);

	if (first && first != vm) {
		vm->duplicate = first->broken = true;
		again(t, "vm", &vm->name, &first->name,
		      "a vm is written in one piece");
	}
	if (sw)
		taken(t, "vm", &vm->name, "switch", &sw->name);
	if (domain)
		taken(t, "vm", &vm->name, "domain", &domain->name);
}

void check_names(struct topology *t)
{
	struct topo_switch *sw;
	struct topo_domain *domain;
	struct topo_vm *vm;

	for_each(sw, t->switches)
		check_switch(t, sw);
	for_each(domain, t->domains)
		check_domain(t, domain);
	for_each(vm, t->vms)
		check_vm(t, vm);
}

/* Later: a link may have made a port of that name. */
void check_group_name(struct topology *t, struct topo_group *group)
{
	const char *name = group->name.text;
	const struct topo_group *first = find_group(t, name);
	const struct topo_switch *sw = whole_switch(t, name);
	const struct topo_vm *vm = find_vm(t, name);
	unsigned int n;
	const struct topo_port *port = any_port(t, name, &n);

	if (first && first != group) {
		group->duplicate = true;
		taken(t, "group", &group->name, "group", &first->name);
	} else if (sw)
		taken(t, "group", &group->name, "switch", &sw->name);
	else if (vm)
		taken(t, "group", &group->name, "vm", &vm->name);
	else if (port)
		taken(t, "group", &group->name, "port", &port->name);
}

/* --- names that mean nothing --------------------------------------------- */

/* What it could have been. */
struct choice {
	struct guess guess; /* the nearest */
	const char *list;   /* "alice, bob, ..." */
	unsigned int n;
};

static void offer(struct topology *t, struct choice *c, const char *name)
{
	if (!name)
		return;
	guess_offer(&c->guess, name);
	if (c->n++ < MAX_LISTED)
		c->list = c->n == 1 ? name
				    : arena_printf(t->arena, "%s, %s", c->list,
						   name);
	else if (c->n == MAX_LISTED + 1)
		c->list = arena_printf(t->arena, "%s, ...", c->list);
}

static void offer_ports(struct topology *t, struct choice *c,
			const struct topo_switch *sw)
{
	const struct topo_port *port;

	for_each(port, sw->ports)
		offer(t, c, port->duplicate ? NULL : port->name.text);
}

/* "unknown port \"a\" on switch s": was another meant? */
static bool did_you_mean(struct topology *t, struct pos at,
			 const struct choice *c, const char *what)
{
	if (c->guess.best)
		wrong(t, at, "unknown %s; did you mean \"%s\"?", what,
		      c->guess.best);
	return c->guess.best;
}

/* A bare name no port has. */
static bool is_free(const struct topology *t, const char *name)
{
	unsigned int n;

	return !t->broken && !strchr(name, '.') && !any_port(t, name, &n);
}

bool is_slip_for_switch(struct topology *t, const struct name *ref)
{
	struct choice c = { .guess.wanted = ref->text };
	const struct topo_switch *sw;

	if (!is_free(t, ref->text))
		return false;
	for_each(sw, t->switches)
		offer(t, &c, sw->name.text);
	return did_you_mean(t, ref->pos, &c,
			    arena_printf(t->arena, "switch \"%s\"", ref->text));
}

static bool is_slip_for_group(struct topology *t, const struct name *ref)
{
	struct choice c = { .guess.wanted = ref->text };
	const struct topo_switch *sw;
	const struct topo_group *group;

	if (!is_free(t, ref->text) || find_vm(t, ref->text) ||
	    whole_switch(t, ref->text))
		return false;
	for_each(sw, t->switches)
		offer_ports(t, &c, sw);
	for_each(group, t->groups)
		offer(t, &c, group->name.text);
	if (!c.guess.best || !find_group(t, c.guess.best))
		return false;
	wrong(t, ref->pos,
	      "unknown port \"%s\"; did you mean the group \"%s\"?", ref->text,
	      c.guess.best);
	return true;
}

void unknown_vm(struct topology *t, const struct name *ref)
{
	const char *what = arena_printf(t->arena, "vm \"%s\"", ref->text);
	struct choice c = { .guess.wanted = ref->text };
	const struct topo_vm *vm;

	for_each(vm, t->vms)
		offer(t, &c, vm->duplicate ? NULL : vm->name.text);
	if (t->broken || did_you_mean(t, ref->pos, &c, what))
		return;
	if (t->vms)
		wrong(t, ref->pos, "unknown %s; vms are %s", what, c.list);
	else
		wrong(t, ref->pos,
		      "unknown %s; write it outside of any { }: vm NAME { ... }",
		      what);
}

static void unknown_switch(struct topology *t, const struct name *ref,
			   const char *name)
{
	const char *what = arena_printf(t->arena, "switch \"%s\"", name);
	struct choice c = { .guess.wanted = name };
	const struct topo_switch *sw;

	for_each(sw, t->switches)
		offer(t, &c, sw->duplicate ? NULL : sw->name.text);
	if (!t->broken && !did_you_mean(t, ref->pos, &c, what))
		wrong(t, ref->pos, "unknown %s; switches are %s", what, c.list);
}

static void unknown_on(struct topology *t, const struct topo_switch *sw,
		       const struct name *ref, const char *name)
{
	const char *what = arena_printf(t->arena, "port \"%s\" on switch %s",
					name, shown(sw));
	struct choice c = { .guess.wanted = name };

	/* A switch without ports has its own message. */
	if (sw->broken || !sw->name.text || !sw->ports)
		return;
	offer_ports(t, &c, sw);
	if (!did_you_mean(t, ref->pos, &c, what))
		wrong(t, ref->pos,
		      "unknown port \"%s\"; ports of switch %s are %s", name,
		      sw->name.text, c.list);
}

/* A bare name no switch has a port of. */
static void unknown_anywhere(struct topology *t, const struct name *ref)
{
	const char *what = arena_printf(t->arena, "port \"%s\"", ref->text);
	struct choice c = { .guess.wanted = ref->text };
	const struct topo_switch *sw;
	bool broken = t->broken;

	for_each(sw, t->switches) {
		broken |= sw->broken;
		offer_ports(t, &c, sw);
	}
	if (broken || did_you_mean(t, ref->pos, &c, what))
		return;
	if (t->switches && !t->switches->next)
		unknown_on(t, t->switches, ref, ref->text);
	else
		wrong(t, ref->pos, "unknown %s; no switch has one of that name",
		      what);
}

/* --- references ---------------------------------------------------------- */

static void ambiguous(struct topology *t, const struct name *ref)
{
	const struct topo_switch *sw;
	const struct topo_port *port;
	const char *list = NULL;

	for_each(sw, t->switches) {
		port = sw->duplicate ? NULL : find_port(sw, ref->text);
		if (port)
			list = arena_printf(t->arena, "%s%s%s",
					    list ? list : "",
					    list ? " or " : "",
					    topo_port_name(t, port));
	}
	wrong(t, ref->pos, "\"%s\" is a port of more than one switch; write %s",
	      ref->text, list);
}

/* @sw: where it was looked for; NULL: everywhere. */
static void no_port(struct topology *t, const struct topo_switch *sw,
		    const struct name *ref)
{
	const char *name = ref->text;

	if (!sw && find_vm(t, name))
		wrong(t, ref->pos,
		      "\"%s\" is a vm; frames go to the port that says "
		      "driver-vm %s: name that",
		      name, name);
	else if (find_group(t, name))
		wrong(t, ref->pos,
		      "\"%s\" is a group, which rules and other groups can "
		      "name; here a port is named",
		      name);
	else if (!sw && whole_switch(t, name))
		wrong(t, ref->pos,
		      "\"%s\" is a switch; a port of it is written %s.PORT",
		      name, name);
	else if (sw)
		unknown_on(t, sw, ref, name);
	else
		unknown_anywhere(t, ref);
}

static struct topo_port *resolve_bare(struct topology *t,
				      const struct topo_switch *home,
				      const struct name *ref)
{
	unsigned int n = 1;
	struct topo_port *port = home ? find_port(home, ref->text)
				      : any_port(t, ref->text, &n);

	if (!port)
		no_port(t, home, ref);
	else if (n > 1)
		ambiguous(t, ref);
	return n == 1 ? port : NULL;
}

struct topo_port *resolve_port(struct topology *t,
			       const struct topo_switch *home,
			       const struct name *ref)
{
	const struct topo_switch *sw;
	struct topo_port *port;
	const char *dot;
	size_t len;

	if (!ref->text)
		return NULL;
	dot = strchr(ref->text, '.');
	if (!dot)
		return resolve_bare(t, home, ref);
	len = (size_t)(dot - ref->text);
	sw = find_switch(t, ref->text, len);
	port = sw ? find_port(sw, dot + 1) : NULL;
	if (!sw)
		unknown_switch(t, ref, arena_strndup(t->arena, ref->text, len));
	else if (!port)
		unknown_on(t, sw, ref, dot + 1);
	return port;
}

struct topo_group *resolve_group(struct topology *t, const struct name *ref,
				 bool *slip)
{
	struct topo_group *group;

	*slip = false;
	if (!ref->text || strchr(ref->text, '.'))
		return NULL;
	group = find_group(t, ref->text);
	*slip = !group && is_slip_for_group(t, ref);
	return group;
}
