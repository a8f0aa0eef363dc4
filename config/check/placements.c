/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Placements: which domains run on which processors.  Whether the machine has
 * them is known when it starts (vmm/linux/monitor/placement.c).
 */
#include "config/check/check.h"

/* Where the placement of what a member runs in is noted; NULL: nowhere. */
static struct topo_placement **place_of(const struct topo_known *k,
					struct topo_domain **domain)
{
	struct topo_switch *sw = thing_of(k, A_SWITCH);
	struct topo_port *port = thing_of(k, A_PORT);
	struct topo_vm *vm = thing_of(k, A_VM);

	*domain = sw ? sw->domain : port ? port->domain : thing_of(k, A_DOMAIN);
	if (*domain)
		return &(*domain)->placement;
	if (port && topo_kinds[port->kind].component != SYS_KINDS)
		return &port->placement;
	return sw ? &sw->placement : vm ? &vm->placement : NULL;
}

static void refuse_outside(struct topology *t, const struct topo_port *port,
			   const struct name *ref)
{
	if (port->kind == TO_LINK)
		wrong(t, ref->pos,
		      "port \"%s\" is an end of a link, and nothing runs "
		      "there; place the switches",
		      ref->text);
	else if (port->kind != NOT_ATTACHED)
		wrong(t, ref->pos,
		      "port \"%s\" is served by a process from outside, which "
		      "places itself (taskset); take it out",
		      ref->text);
}

static void check_member(struct topology *t, struct topo_placement *p,
			 const struct name *ref)
{
	const struct topo_known *k =
		resolve(t, A_SWITCH | A_PORT | A_DOMAIN | A_VM, NULL, ref);
	struct topo_placement **where;
	struct topo_domain *domain;

	if (!k)
		return;
	where = place_of(k, &domain);
	if (!where) {
		refuse_outside(t, k->thing, ref);
	} else if (*where && *where != p) {
		wrong(t, ref->pos,
		      "what \"%s\" runs in is placed already, in %s; take it "
		      "out of one of the two",
		      ref->text, place(t, ref->pos, (*where)->pos));
	} else if (!*where) {
		*where = p;
		p->n++;
		if (domain && domain->poll.set)
			p->spinner = domain;
	}
}

static bool is_one_cpu(const struct topo_placement *p)
{
	uint32_t n = 0;

	for (uint32_t cpu = 0; cpu < SYS_MAX_CPUS; cpu++)
		n += cpus_has(&p->cpus, cpu);
	return !p->cpu.set || n == 1;
}

static void check_placement(struct topology *t, struct topo_placement *p)
{
	unsigned int errors = t->report->errors;
	const struct name *ref;

	for_each(ref, p->members.first)
		check_member(t, p, ref);
	if (t->report->errors != errors || p->broken)
		return;
	if (!p->members.n)
		wrong(t, p->pos,
		      "this placement has no members; name switches, ports, "
		      "domains or VMs");
	else if (p->n < 2 && !p->cpu.set)
		wrong(t, p->pos,
		      "this placement has one domain, which is kept together "
		      "with nothing; name others, or say where it runs: cpu "
		      "NUMBER");
	else if (p->n > 1 && p->spinner && is_one_cpu(p))
		warn(t, p->pos,
		     "domain %s polls on a processor that others share, which "
		     "wait meanwhile; take the poll out, or place it apart",
		     shown(p->spinner));
}

void check_placements(struct topology *t)
{
	struct topo_placement *p;
	uint32_t n = 0;

	for_each(p, t->placements) {
		check_placement(t, p);
		p->together = p->cpu.set ? 0 : ++n;
	}
}
