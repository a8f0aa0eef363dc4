/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains: who shares a PD.
 */
#include "config/check/check.h"

static void take_member(struct topology *t, struct topo_domain *domain,
			struct topo_domain **where, const struct name *ref)
{
	if (*where)
		wrong(t, ref->pos,
		      "\"%s\" is in domain %s already; it can be in one "
		      "domain, and once",
		      ref->text, shown(*where));
	else
		*where = domain;
}

static void check_member(struct topology *t, struct topo_domain *domain,
			 const struct name *ref)
{
	const struct topo_known *k =
		resolve(t, A_SWITCH | A_PORT | A_VM, NULL, ref);
	struct topo_switch *sw = thing_of(k, A_SWITCH);
	struct topo_port *port = thing_of(k, A_PORT);

	if (thing_of(k, A_VM))
		wrong(t, ref->pos,
		      "\"%s\" is a vm, which shares its PD with nobody; take "
		      "it out, or name a port of it",
		      ref->text);
	if (sw)
		take_member(t, domain, &sw->domain, ref);
	else if (port && topo_kinds[port->kind].alone)
		wrong(t, ref->pos, "port \"%s\" is %s", ref->text,
		      topo_kinds[port->kind].alone);
	else if (port && port->kind != NOT_ATTACHED)
		take_member(t, domain, &port->domain, ref);
}

void check_domains(struct topology *t)
{
	struct topo_domain *domain;
	const struct name *ref;

	for_each(domain, t->domains) {
		if (!domain->members.n && !domain->broken)
			wrong(t, domain->name.pos,
			      "domain %s has no members; name switches or "
			      "ports",
			      shown(domain));
		for_each(ref, domain->members.first)
			check_member(t, domain, ref);
	}
}
