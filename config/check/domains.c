/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains: who shares a PD, and whether one process can take that much.
 */
#include "config/check/check.h"

#include <string.h>

/* --- members ------------------------------------------------------------- */

static void take_member(struct topology *t, struct topo_domain *domain,
			struct topo_domain **where, const struct name *ref)
{
	if (*where)
		wrong(t, ref->pos,
		      "\"%s\" is in domain %s already; it can be in one domain, "
		      "and once",
		      ref->text, shown(*where));
	else
		*where = domain;
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
	wrong(t, ref->pos,
	      "\"%s\" is a vm, which shares its PD with nobody; take it out, or "
	      "name the port that says driver-vm %s",
	      ref->text, ref->text);
	return true;
}

static void take_port(struct topology *t, struct topo_domain *domain,
		      const struct name *ref)
{
	struct topo_port *port = resolve_port(t, NULL, ref);

	if (!port || port->kind == NOT_ATTACHED)
		return;
	if (topo_kinds[port->kind].alone)
		wrong(t, ref->pos, "port \"%s\" is %s", ref->text,
		      topo_kinds[port->kind].alone);
	else
		take_member(t, domain, &port->domain, ref);
}

static void check_members(struct topology *t, struct topo_domain *domain)
{
	struct topo_switch *sw;
	const struct name *ref;

	if (!domain->members.n && !domain->broken)
		wrong(t, domain->name.pos,
		      "domain %s has no members; name switches or ports",
		      shown(domain));
	for_each(ref, domain->members.first) {
		if (!ref->text)
			continue;
		sw = find_switch(t, ref->text, strlen(ref->text));
		if (sw)
			take_member(t, domain, &sw->domain, ref);
		else if (!is_vm(t, ref) && !is_slip_for_switch(t, ref))
			take_port(t, domain, ref);
	}
}

/* --- limits -------------------------------------------------------------- */

struct load {
	unsigned int maps;
	unsigned int channels;
};

/* Is this the second time a link inside the domain is met? */
static bool met_before(const struct topo_domain *domain,
		       const struct topo_port *port)
{
	return port->kind == TO_LINK && port->link_end && port->link->port[0] &&
	       port->link->port[0]->sw->domain == domain;
}

/* What one connection puts on a domain, as config/build/ makes it. */
static void add_port(struct load *load, const struct topo_domain *domain,
		     const struct topo_port *port)
{
	bool ours = port->sw->domain == domain;
	bool theirs = port->domain == domain;
	/* Virtualisers have a second connection, and statistics. */
	bool virt = theirs && port->kind == TO_DRIVER_VM;

	load->channels += ours + theirs + 2 * virt;
	if ((ours || theirs) && !met_before(domain, port))
		load->maps += port->kind == TO_CAPTURE ? 4 : virt ? 14 : 7;
}

static void check_load(struct topology *t, const struct topo_domain *domain)
{
	struct load load = { 0, 0 };
	const struct topo_switch *sw;
	const struct topo_port *port;

	for_each(sw, t->switches) {
		load.maps += sw->domain == domain ? 4 : 0;
		load.channels += sw->domain == domain;
	}
	for_each_port(port, t)
		add_port(&load, domain, port);
	if (load.channels > SYS_MAX_CHANNELS)
		wrong(t, domain->name.pos,
		      "domain %s has %u channels; one process can have %d: take "
		      "members out",
		      domain->name.text, load.channels, SYS_MAX_CHANNELS);
	if (load.maps > SYS_MAX_MAPS)
		wrong(t, domain->name.pos,
		      "domain %s maps %u regions; one process can map %d: take "
		      "members out",
		      domain->name.text, load.maps, SYS_MAX_MAPS);
}

void check_domains(struct topology *t)
{
	struct topo_domain *domain;

	for_each(domain, t->domains)
		check_members(t, domain);
	for_each(domain, t->domains) {
		if (domain->name.text)
			check_load(t, domain);
	}
}
