/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains: who shares a PD.
 */
#include "config/check/check.h"

#include <string.h>

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
	if (!find_vm(t, ref->text) || find_port(t, NULL, ref->text))
		return false;
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
		sw = find_switch(t, ref->text);
		if (sw)
			take_member(t, domain, &sw->domain, ref);
		else if (!is_vm(t, ref) && !is_slip_for_switch(t, ref))
			take_port(t, domain, ref);
	}
}

void check_domains(struct topology *t)
{
	struct topo_domain *domain;

	for_each(domain, t->domains)
		check_members(t, domain);
}
