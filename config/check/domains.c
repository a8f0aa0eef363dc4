/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains: who shares a PD, and whether one process can take that much.
 */
#include "config/check/check.h"

#include <string.h>

/* --- names --------------------------------------------------------------- */

static void check_name(struct topology *t, const struct topo_domain *domain)
{
	const char *name = domain->name.text;
	const struct topo_domain *other = t->domains;
	const struct topo_switch *sw;

	if (!name)
		return;
	while (other != domain &&
	       (!other->name.text || strcmp(other->name.text, name) != 0))
		other = other->next;
	if (other != domain)
		report_error(t->report, domain->name.pos,
			     "domain \"%s\" is declared already, in %s; a "
			     "domain is written in one piece",
			     name,
			     report_place(t->report, domain->name.pos,
					  other->name.pos));
	sw = find_switch(t, name, strlen(name));
	if (sw)
		report_error(t->report, domain->name.pos,
			     "\"%s\" is the name of a switch, in %s; give the "
			     "domain another",
			     name,
			     report_place(t->report, domain->name.pos,
					  sw->name.pos));
}

/* --- members ------------------------------------------------------------- */

static void take_member(struct topology *t, struct topo_domain *domain,
			struct topo_domain **place, const struct name *ref)
{
	if (*place)
		report_error(t->report, ref->pos,
			     "\"%s\" is in domain %s already; it can be in one "
			     "domain, and once",
			     ref->text, name_shown(&(*place)->name));
	else
		*place = domain;
}

/* A bare name no port has: a VM? */
static bool is_vm(struct topology *t, const struct name *ref)
{
	const struct topo_switch *sw;

	if (!find_vm(t, ref->text))
		return false;
	for_each(sw, t->switches) {
		if (find_port(sw, ref->text))
			return false;
	}
	report_error(t->report, ref->pos,
		     "\"%s\" is a vm, which shares its PD with nobody; take it "
		     "out, or name the port that says driver-vm %s",
		     ref->text, ref->text);
	return true;
}

/* A bare name no switch and no port has: it may be a slip for a switch. */
static bool is_slip(struct topology *t, const struct name *ref)
{
	struct guess g = { .wanted = ref->text };
	const struct topo_switch *sw;

	if (t->broken || strchr(ref->text, '.'))
		return false;
	for_each(sw, t->switches) {
		if (find_port(sw, ref->text))
			return false;
		if (sw->name.text)
			guess_offer(&g, sw->name.text);
	}
	if (!g.best)
		return false;
	report_error(t->report, ref->pos,
		     "unknown switch \"%s\"; did you mean \"%s\"?", ref->text,
		     g.best);
	return true;
}

static void take_port(struct topology *t, struct topo_domain *domain,
		      const struct name *ref)
{
	struct topo_port *port = resolve_port(t, NULL, ref);

	if (!port || port->kind == NOT_ATTACHED)
		return;
	if (port->kind == TO_ATTACH)
		report_error(t->report, ref->pos,
			     "port \"%s\" is served by a process from outside, "
			     "which cannot be in a domain; take it out",
			     ref->text);
	else if (port->kind == TO_LINK)
		report_error(t->report, ref->pos,
			     "port \"%s\" is an end of a link, and nothing "
			     "runs there; put the switches into the domain",
			     ref->text);
	else if (port->kind == TO_PROGRAM)
		report_error(t->report, ref->pos,
			     "port \"%s\" is served by a program of its own, "
			     "which cannot be in a domain; take it out",
			     ref->text);
	else
		take_member(t, domain, &port->domain, ref);
}

static void check_members(struct topology *t, struct topo_domain *domain)
{
	struct topo_switch *sw;
	const struct name *ref;

	if (!domain->members.n && !domain->broken)
		report_error(t->report, domain->name.pos,
			     "domain %s has no members; name switches or ports",
			     name_shown(&domain->name));
	for_each(ref, domain->members.first) {
		if (!ref->text)
			continue;
		sw = find_switch(t, ref->text, strlen(ref->text));
		if (sw)
			take_member(t, domain, &sw->domain, ref);
		else if (!is_vm(t, ref) && !is_slip(t, ref))
			take_port(t, domain, ref);
	}
}

/* --- limits -------------------------------------------------------------- */

struct load {
	unsigned int maps;
	unsigned int channels;
};

static bool has_pd(const struct topo_port *port)
{
	return port->kind != TO_LINK && port->kind != TO_ATTACH;
}

/* Is this the second time a link inside the domain is met? */
static bool met_before(const struct topo_domain *domain,
		       const struct topo_port *port)
{
	const struct topo_port *peer;

	if (port->kind != TO_LINK || port->link_end == 0)
		return false;
	peer = port->link->port[0];
	return peer && peer->sw->domain == domain;
}

/*
 * Regions of one connection.  Virtualisers have a second one, which shares the
 * data, and two regions of statistics.
 */
static unsigned int maps_of(const struct topo_port *port, bool theirs)
{
	if (port->kind == TO_CAPTURE)
		return 4;
	return port->kind == TO_DRIVER_VM && theirs ? 14 : 7;
}

/* What one connection puts on a domain. */
static void add_port(struct load *load, const struct topo_domain *domain,
		     const struct topo_port *port)
{
	bool ours = port->sw->domain == domain;
	bool theirs = has_pd(port) && port->domain == domain;

	load->channels += ours + theirs;
	if (theirs && port->kind == TO_DRIVER_VM)
		load->channels += 2;
	if ((ours || theirs) && !met_before(domain, port))
		load->maps += maps_of(port, theirs);
}

static void check_load(struct topology *t, const struct topo_domain *domain)
{
	struct load load = { 0, 0 };
	const struct topo_switch *sw;
	const struct topo_port *port;

	for_each(sw, t->switches) {
		if (sw->domain == domain) {
			load.maps += 4;
			load.channels++;
		}
		for_each(port, sw->ports)
			add_port(&load, domain, port);
	}
	if (load.channels > SYS_MAX_CHANNELS)
		report_error(t->report, domain->name.pos,
			     "domain %s has %u channels; one process can have "
			     "%d: take members out",
			     domain->name.text, load.channels,
			     SYS_MAX_CHANNELS);
	if (load.maps > SYS_MAX_MAPS)
		report_error(t->report, domain->name.pos,
			     "domain %s maps %u regions; one process can map "
			     "%d: take members out",
			     domain->name.text, load.maps, SYS_MAX_MAPS);
}

void check_domains(struct topology *t)
{
	struct topo_domain *domain;

	for_each(domain, t->domains) {
		check_name(t, domain);
		check_members(t, domain);
	}
	for_each(domain, t->domains) {
		if (domain->name.text)
			check_load(t, domain);
	}
}
