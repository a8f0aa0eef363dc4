/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names: those that are taken, and what a name refers to.
 *
 * All names that mean something are in one list, each kind of thing in the order
 * of the topology.  The second of two that have the same is not in it.
 */
#include "config/check/check.h"

#include <string.h>

/* Names listed in a message; a reader does not look through more. */
#define MAX_LISTED 12

enum sort { SWITCH = 1, PORT = 2, VM = 4, DOMAIN = 8, GROUP = 16 };

struct topo_known {
	struct topo_known *next;
	enum sort sort;
	const struct name *name;
	void *thing;
	bool *broken;
	const struct topo_switch *sw; /* of a port */
};

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

static void *find_thing(const struct topology *t, enum sort sort,
			const struct topo_switch *sw, const char *text)
{
	const struct topo_known *k =
		find(t, sort, sw, text, text ? strlen(text) : 0);

	return k ? k->thing : NULL;
}

struct topo_switch *find_switch(const struct topology *t, const char *name)
{
	return find_thing(t, SWITCH, NULL, name);
}

struct topo_port *find_port(const struct topology *t,
			    const struct topo_switch *sw, const char *name)
{
	return find_thing(t, PORT, sw, name);
}

struct topo_group *find_group(const struct topology *t, const char *name)
{
	return find_thing(t, GROUP, NULL, name);
}

struct topo_vm *find_vm(const struct topology *t, const char *name)
{
	return find_thing(t, VM, NULL, name);
}

/* --- names that are taken ------------------------------------------------ */

static const char *noun(enum sort sort)
{
	return sort == SWITCH	? "switch"
	       : sort == PORT	? "port"
	       : sort == VM	? "vm"
	       : sort == DOMAIN ? "domain"
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
			      "%s \"%s\" is declared already, in "
			      "%s; %s",
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
	know(t, KNOWN(PORT, port, port->sw),
	     "ports of one switch have different names");
}

void check_group_name(struct topology *t, const struct topo_group *group)
{
	bool first = find_group(t, group->name.text) == group;

	check_free(t, &group->name, GROUP,
		   SWITCH | VM | PORT | (first ? 0 : GROUP));
}

void check_names(struct topology *t)
{
	struct topo_switch *sw;
	struct topo_port *port;
	struct topo_domain *domain;
	struct topo_group *group;
	struct topo_vm *vm;

	for_each(sw, t->switches) {
		bool first = know(t, KNOWN(SWITCH, sw, NULL),
				  "a switch is written in one piece");

		for_each(port, first ? sw->ports : NULL)
			know_port(t, port);
	}
	for_each(domain, t->domains) {
		know(t, KNOWN(DOMAIN, domain, NULL),
		     "a domain is written in one piece");
		check_free(t, &domain->name, DOMAIN, SWITCH);
	}
	for_each(vm, t->vms) {
		know(t, KNOWN(VM, vm, NULL), "a vm is written in one piece");
		check_free(t, &vm->name, VM, SWITCH | DOMAIN);
	}
	for_each(group, t->groups)
		know(t, KNOWN(GROUP, group, NULL), NULL);
}

/* --- names that mean nothing --------------------------------------------- */

/* What a name could have been. */
struct choice {
	struct guess guess; /* the nearest */
	const char *list;   /* "alice, bob, ..." */
	unsigned int n;
};

static struct choice choose(struct topology *t, unsigned int sorts,
			    const struct topo_switch *sw, const char *wanted)
{
	struct choice c = { .guess.wanted = wanted };
	const struct topo_known *k;

	for_each(k, t->known) {
		const char *name = k->name->text;

		if (!is_one(k, sorts, sw))
			continue;
		guess_offer(&c.guess, name);
		if (c.n++ <= MAX_LISTED)
			c.list = arena_printf(t->arena, "%s%s%s",
					      c.list ? c.list : "",
					      c.list ? ", " : "",
					      c.n > MAX_LISTED ? "..." : name);
	}
	return c;
}

/* Was another meant?  @what: "port \"a\" on switch s". */
static bool did_you_mean(struct topology *t, struct pos at,
			 const struct choice *c, const char *what)
{
	if (c->guess.best)
		wrong(t, at, "unknown %s; did you mean \"%s\"?", what,
		      c->guess.best);
	return c->guess.best;
}

bool is_slip_for_switch(struct topology *t, const struct name *ref)
{
	struct choice c = choose(t, SWITCH, NULL, ref->text);

	return !t->broken && !strchr(ref->text, '.') &&
	       !find_port(t, NULL, ref->text) &&
	       did_you_mean(t, ref->pos, &c,
			    arena_printf(t->arena, "switch \"%s\"", ref->text));
}

static bool is_slip_for_group(struct topology *t, const struct name *ref)
{
	const unsigned int others = PORT | VM | SWITCH;
	struct choice c;

	if (t->broken || find(t, others, NULL, ref->text, strlen(ref->text)))
		return false;
	c = choose(t, PORT | GROUP, NULL, ref->text);
	if (!c.guess.best || !find_group(t, c.guess.best))
		return false;
	wrong(t, ref->pos,
	      "unknown port \"%s\"; did you mean the group \"%s\"?", ref->text,
	      c.guess.best);
	return true;
}

/* What is no switch or no VM, of which there are @plural. */
static void unknown(struct topology *t, struct pos at, enum sort sort,
		    const char *name, const char *plural)
{
	const char *what =
		arena_printf(t->arena, "%s \"%s\"", noun(sort), name);
	struct choice c = choose(t, sort, NULL, name);

	if (t->broken || did_you_mean(t, at, &c, what))
		return;
	if (c.n)
		wrong(t, at, "unknown %s; %s are %s", what, plural, c.list);
	else
		wrong(t, at,
		      "unknown %s; write it outside of any { }: %s NAME { ... "
		      "}",
		      what, noun(sort));
}

void unknown_vm(struct topology *t, const struct name *ref)
{
	unknown(t, ref->pos, VM, ref->text, "vms");
}

static void unknown_on(struct topology *t, const struct topo_switch *sw,
		       const struct name *ref, const char *name)
{
	const char *what = arena_printf(t->arena, "port \"%s\" on switch %s",
					name, shown(sw));
	struct choice c = choose(t, PORT, sw, name);

	/* A switch without ports has its own message. */
	if (sw->broken || !sw->name.text || !sw->ports)
		return;
	if (!did_you_mean(t, ref->pos, &c, what))
		wrong(t, ref->pos,
		      "unknown port \"%s\"; ports of switch %s are %s", name,
		      sw->name.text, c.list);
}

/* A bare name no switch has a port of. */
static void unknown_anywhere(struct topology *t, const struct name *ref)
{
	const char *what = arena_printf(t->arena, "port \"%s\"", ref->text);
	struct choice c = choose(t, PORT, NULL, ref->text);
	const struct topo_switch *sw;
	bool broken = t->broken;

	for_each(sw, t->switches)
		broken |= sw->broken;
	if (broken || did_you_mean(t, ref->pos, &c, what))
		return;
	if (t->switches && !t->switches->next)
		unknown_on(t, t->switches, ref, ref->text);
	else
		wrong(t, ref->pos, "unknown %s; no switch has one of that name",
		      what);
}

/* --- references ---------------------------------------------------------- */

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
	else if (!sw && find_switch(t, name))
		wrong(t, ref->pos,
		      "\"%s\" is a switch; a port of it is written %s.PORT",
		      name, name);
	else if (sw)
		unknown_on(t, sw, ref, name);
	else
		unknown_anywhere(t, ref);
}

static void ambiguous(struct topology *t, const struct name *ref,
		      const struct topo_known *k)
{
	const char *list = topo_port_name(t, k->thing);

	for_each(k, k->next) {
		if (k->sort == PORT && strcmp(k->name->text, ref->text) == 0)
			list = arena_printf(t->arena, "%s or %s", list,
					    topo_port_name(t, k->thing));
	}
	wrong(t, ref->pos, "\"%s\" is a port of more than one switch; write %s",
	      ref->text, list);
}

static struct topo_port *resolve_bare(struct topology *t,
				      const struct topo_switch *home,
				      const struct name *ref)
{
	size_t len = strlen(ref->text);
	const struct topo_known *k = find(t, PORT, home, ref->text, len);
	const struct topo_known *other = k;

	if (!k) {
		no_port(t, home, ref);
		return NULL;
	}
	do
		other = other->next;
	while (other && !(is_one(other, PORT, home) &&
			  is_called(other, ref->text, len)));
	if (!other)
		return k->thing;
	ambiguous(t, ref, k);
	return NULL;
}

struct topo_port *resolve_port(struct topology *t,
			       const struct topo_switch *home,
			       const struct name *ref)
{
	const struct topo_known *sw;
	struct topo_port *port;
	const char *dot;
	size_t len;

	if (!ref->text)
		return NULL;
	dot = strchr(ref->text, '.');
	if (!dot)
		return resolve_bare(t, home, ref);
	len = (size_t)(dot - ref->text);
	sw = find(t, SWITCH, NULL, ref->text, len);
	port = sw ? find_port(t, sw->thing, dot + 1) : NULL;
	if (!sw)
		unknown(t, ref->pos, SWITCH,
			arena_strndup(t->arena, ref->text, len), "switches");
	else if (!port)
		unknown_on(t, sw->thing, ref, dot + 1);
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
