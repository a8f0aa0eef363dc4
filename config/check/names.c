/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names: those that are taken, and what a name refers to.
 *
 * All names that mean something are in one list, each kind of thing in the
 * order of the topology.  The second of two that have the same is not in it.
 */
#include "config/check/check.h"

#include <string.h>

/* Names listed in a message; a reader does not look through more. */
#define MAX_LISTED 12

static bool is_one(const struct topo_known *k, unsigned int sorts,
		   const struct topo_switch *sw)
{
	return k->sort & sorts && (!sw || k->sw == sw);
}

static bool is_called(const struct topo_known *k, const char *text, size_t len)
{
	return strncmp(k->name->text, text, len) == 0 && !k->name->text[len];
}

/* @sw: NULL: any; @text: may be NULL. */
static const struct topo_known *find(const struct topology *t,
				     unsigned int sorts,
				     const struct topo_switch *sw,
				     const char *text, size_t len)
{
	const struct topo_known *k;

	for_each(k, text ? t->known : NULL) {
		if (is_one(k, sorts, sw) && is_called(k, text, len))
			break;
	}
	return k;
}

void *thing_of(const struct topo_known *k, enum sort sort)
{
	return k && k->sort == sort ? k->thing : NULL;
}

void *find_thing(const struct topology *t, enum sort sort,
		 const struct topo_switch *sw, const char *text)
{
	return thing_of(find(t, sort, sw, text, text ? strlen(text) : 0), sort);
}

/* --- names that are taken ----------------------------------------------- */

static const char *noun(enum sort sort)
{
	return sort == A_SWITCH	  ? "switch"
	       : sort == A_PORT	  ? "port"
	       : sort == A_VM	  ? "vm"
	       : sort == A_DOMAIN ? "domain"
	       : sort == A_DISK	  ? "disk"
				  : "group";
}

/* Is it another's name, of one of these sorts? */
static void check_free(struct topology *t, const struct name *name,
		       enum sort sort, unsigned int sorts)
{
	const char *text = name->text;
	const struct topo_known *k =
		find(t, sorts, NULL, text, text ? strlen(text) : 0);

	if (k)
		wrong(t, name->pos,
		      "\"%s\" is the name of a %s, in %s; give the %s another",
		      text, noun(k->sort), place(t, name->pos, k->name->pos),
		      noun(sort));
}

/* What is missing on one of two may be on the other: both are broken. */
static bool know(struct topology *t, struct topo_known k, const char *rule)
{
	const struct name *name = k.name;
	const struct topo_known *first;
	struct topo_known *copy;

	if (!name->text)
		return true;
	first = find(t, k.sort, k.sw, name->text, strlen(name->text));
	if (first) {
		*first->broken = *k.broken = true;
		if (rule)
			wrong(t, name->pos,
			      "%s \"%s\" is declared already, in %s; %s",
			      noun(k.sort), name->text,
			      place(t, name->pos, first->name->pos), rule);
		return false;
	}
	copy = arena_alloc(t->arena, sizeof(k));
	*copy = k;
	*(t->last_known ? &t->last_known->next : &t->known) = copy;
	t->last_known = copy;
	return true;
}

#define KNOWN(sort, item, of)                                                  \
	(struct topo_known)                                                    \
	{                                                                      \
		NULL, sort, &(item)->name, item, &(item)->broken, of           \
	}

void know_port(struct topology *t, struct topo_port *port)
{
	know(t, KNOWN(A_PORT, port, port->sw),
	     "ports of one switch have different names");
}

void check_group_name(struct topology *t, const struct topo_group *group)
{
	bool first = find_thing(t, A_GROUP, NULL, group->name.text) == group;

	check_free(t, &group->name, A_GROUP,
		   A_SWITCH | A_VM | A_PORT | (first ? 0 : A_GROUP));
}

void check_names(struct topology *t)
{
	struct topo_switch *sw;
	struct topo_port *port;
	struct topo_domain *domain;
	struct topo_group *group;
	struct topo_disk *disk;
	struct topo_vm *vm;

	for_each(sw, t->switches) {
		bool first = know(t, KNOWN(A_SWITCH, sw, NULL),
				  "a switch is written in one piece");

		for_each(port, first ? sw->ports : NULL)
			know_port(t, port);
	}
	for_each(domain, t->domains) {
		know(t, KNOWN(A_DOMAIN, domain, NULL),
		     "a domain is written in one piece");
		check_free(t, &domain->name, A_DOMAIN, A_SWITCH);
	}
	for_each(vm, t->vms) {
		know(t, KNOWN(A_VM, vm, NULL), "a vm is written in one piece");
		check_free(t, &vm->name, A_VM, A_SWITCH | A_DOMAIN);
	}
	for_each(disk, t->disks) {
		know(t, KNOWN(A_DISK, disk, NULL),
		     "a disk is written in one piece");
		check_free(t, &disk->name, A_DISK, A_SWITCH | A_DOMAIN | A_VM);
	}
	for_each(group, t->groups)
		know(t, KNOWN(A_GROUP, group, NULL), NULL);
}

/* --- names that mean nothing -------------------------------------------- */

/* What a name could have been. */
struct choice {
	struct guess guess;
	const struct topo_known *best; /* the nearest, or NULL */
	const char *list;	       /* "alice, bob, ..." */
	unsigned int n;
};

static struct choice choose(struct topology *t, unsigned int sorts,
			    const struct topo_switch *sw, const char *wanted)
{
	struct choice c = { .guess.wanted = wanted, .list = "" };
	const struct topo_known *k;

	for_each(k, t->known) {
		const char *name = k->name->text;

		if (!is_one(k, sorts, sw))
			continue;
		guess_offer(&c.guess, name);
		if (c.guess.best == name)
			c.best = k;
		if (c.n++ <= MAX_LISTED)
			c.list = arena_printf(t->arena, "%s%s%s", c.list,
					      c.n > 1 ? ", " : "",
					      c.n > MAX_LISTED ? "..." : name);
	}
	return c;
}

/* Could an error be the reason that nothing has a name? */
static bool is_lost(const struct topology *t, unsigned int sorts,
		    const struct topo_switch *sw)
{
	bool lost = t->broken;

	/* A switch without ports has its own message. */
	if (sw)
		return sw->broken || !sw->ports;
	for_each(sw, sorts & A_PORT ? t->switches : NULL)
		lost |= sw->broken;
	return lost;
}

/* @sw: where a port was looked for; NULL: everywhere. */
static void unknown(struct topology *t, struct pos at, unsigned int sorts,
		    const struct topo_switch *sw, const char *name)
{
	struct choice c = choose(t, sorts, sw, name);
	const char *what = noun(c.best && c.best->sort != A_GROUP ? c.best->sort
				: sorts & A_PORT		  ? A_PORT
						 : (enum sort)sorts);

	if (is_lost(t, sorts, sw))
		return;
	if (c.best) {
		wrong(t, at, "unknown %s \"%s\"%s%s; did you mean %s\"%s\"?",
		      what, name, sw ? " on switch " : "", sw ? shown(sw) : "",
		      c.best->sort == A_GROUP ? "the group " : "",
		      c.best->name->text);
		return;
	}
	if (sorts & A_PORT && !sw && t->switches && !t->switches->next)
		sw = t->switches;
	if (sw)
		wrong(t, at, "unknown port \"%s\"; ports of switch %s are %s",
		      name, shown(sw), choose(t, A_PORT, sw, name).list);
	else if (sorts & A_PORT)
		wrong(t, at,
		      "unknown port \"%s\"; no switch has one of that name",
		      name);
	else if (c.n)
		wrong(t, at, "unknown %s \"%s\"; %s%s are %s", what, name, what,
		      sorts == A_SWITCH ? "es" : "s", c.list);
	else
		wrong(t, at,
		      "unknown %s \"%s\"; write it outside of any { }: %s NAME "
		      "{ ... }",
		      what, name, what);
}

/* --- references --------------------------------------------------------- */

/* Nothing that can be named here has that name; something else? */
static void report_bare(struct topology *t, unsigned int sorts,
			const struct topo_switch *home, const struct name *ref)
{
	const unsigned int others = A_GROUP | (home ? 0 : A_VM | A_SWITCH);
	const char *name = ref->text;
	const struct topo_known *k =
		sorts & A_PORT ? find(t, others, NULL, name, strlen(name))
			       : NULL;

	if (!k)
		unknown(t, ref->pos, sorts, home, name);
	else if (k->sort == A_VM)
		wrong(t, ref->pos,
		      "\"%s\" is a vm; frames go to a port that says vm %s "
		      "or driver-vm %s: name that",
		      name, name, name);
	else if (k->sort == A_GROUP)
		wrong(t, ref->pos,
		      "\"%s\" is a group, which rules and other groups can "
		      "name; here a port is named",
		      name);
	else
		wrong(t, ref->pos,
		      "\"%s\" is a switch; a port of it is written %s.PORT",
		      name, name);
}

/* Is a bare name that of ports behind the one found? */
static bool is_ambiguous(struct topology *t, const struct name *ref,
			 const struct topo_known *k)
{
	const struct topo_known *other;
	const char *list = NULL;

	for_each(other, k->next) {
		if (other->sort == A_PORT &&
		    strcmp(other->name->text, ref->text) == 0)
			list = arena_printf(t->arena, "%s or %s",
					    list ? list
						 : topo_port_name(t, k->thing),
					    topo_port_name(t, other->thing));
	}
	if (list)
		wrong(t, ref->pos,
		      "\"%s\" is a port of more than one switch; write %s",
		      ref->text, list);
	return list;
}

const struct topo_known *resolve(struct topology *t, unsigned int sorts,
				 const struct topo_switch *home,
				 const struct name *ref)
{
	const struct topo_known *k, *sw;
	const char *dot;
	size_t len;

	if (!ref->text)
		return NULL;
	dot = sorts & A_PORT ? strchr(ref->text, '.') : NULL;
	if (!dot) {
		k = find(t, sorts, home, ref->text, strlen(ref->text));
		if (!k)
			report_bare(t, sorts, home, ref);
		else if (k->sort == A_PORT && !home && is_ambiguous(t, ref, k))
			return NULL;
		return k;
	}
	len = (size_t)(dot - ref->text);
	sw = find(t, A_SWITCH, NULL, ref->text, len);
	k = sw ? find(t, A_PORT, sw->thing, dot + 1, strlen(dot + 1)) : NULL;
	if (!sw)
		unknown(t, ref->pos, A_SWITCH, NULL,
			arena_strndup(t->arena, ref->text, len));
	else if (!k)
		unknown(t, ref->pos, A_PORT, sw->thing, dot + 1);
	return k;
}

struct topo_port *resolve_port(struct topology *t,
			       const struct topo_switch *home,
			       const struct name *ref)
{
	return thing_of(resolve(t, A_PORT, home, ref), A_PORT);
}

struct topo_port *resolve_other(struct topology *t,
				const struct topo_port *port, const char *does,
				const char *meant, const struct name *ref)
{
	struct topo_port *other = resolve_port(t, port->sw, ref);

	if (!other)
		return NULL;
	if (other == port)
		wrong(t, ref->pos, "%s another port, not itself; %s", does,
		      meant);
	else if (other->sw != port->sw)
		wrong(t, ref->pos,
		      "port \"%s\" is on another switch; %s one of its own, %s",
		      ref->text, does, shown(port->sw));
	else if (other->kind == TO_CAPTURE)
		wrong(t, ref->pos,
		      "port \"%s\" is a capture, which has no frames of its "
		      "own; %s a port that sends",
		      ref->text, does);
	else
		return other;
	return NULL;
}
