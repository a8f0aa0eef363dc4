/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver VMs: each is whole, has a card of its own, and drives one port.
 */
#include "config/check/check.h"

#include <string.h>

struct topo_vm *find_vm(const struct topology *t, const char *name)
{
	struct topo_vm *vm;

	for_each(vm, t->vms) {
		if (vm->name.text && !vm->duplicate &&
		    strcmp(vm->name.text, name) == 0)
			return vm;
	}
	return NULL;
}

/* --- names --------------------------------------------------------------- */

static const struct topo_domain *find_domain(const struct topology *t,
					     const char *name)
{
	const struct topo_domain *domain;

	for_each(domain, t->domains) {
		if (domain->name.text && strcmp(domain->name.text, name) == 0)
			return domain;
	}
	return NULL;
}

static void taken(struct topology *t, const struct topo_vm *vm,
		  const char *what, struct pos where)
{
	report_error(t->report, vm->name.pos,
		     "\"%s\" is the name of a %s, in %s; give the vm another",
		     vm->name.text, what,
		     report_place(t->report, vm->name.pos, where));
}

static void check_name(struct topology *t, struct topo_vm *vm)
{
	const char *name = vm->name.text;
	const struct topo_domain *domain;
	const struct topo_switch *sw;
	struct topo_vm *first;

	if (!name)
		return;
	first = find_vm(t, name);
	if (first != vm) {
		vm->duplicate = true;
		first->broken = true;
		report_error(t->report, vm->name.pos,
			     "vm \"%s\" is declared already, in %s; a vm is "
			     "written in one piece",
			     name,
			     report_place(t->report, vm->name.pos,
					  first->name.pos));
	}
	sw = find_switch(t, name, strlen(name));
	if (sw)
		taken(t, vm, "switch", sw->name.pos);
	domain = find_domain(t, name);
	if (domain)
		taken(t, vm, "domain", domain->name.pos);
}

/* --- what is in it ------------------------------------------------------- */

static void needs(struct topology *t, const struct topo_vm *vm,
		  const struct option *o, const char *what, const char *usage)
{
	if (!o->set)
		report_error(t->report, vm->name.pos,
			     "vm %s has no %s; write %s in it", vm->name.text,
			     what, usage);
}

static void check_parts(struct topology *t, const struct topo_vm *vm)
{
	if (vm->broken || vm->duplicate || !vm->name.text)
		return;
	needs(t, vm, &vm->kernel, "kernel", "kernel \"FILE\"");
	needs(t, vm, &vm->initrd, "initrd", "initrd \"FILE\"");
	needs(t, vm, &vm->nic, "network card", "nic pci \"0000:00:03.0\"");
}

static void check_card(struct topology *t, const struct topo_vm *vm)
{
	const char *nic = vm->nic.arg.text;
	const struct topo_vm *other = t->vms;

	while (other != vm && (!nic || !other->nic.arg.text ||
			       strcmp(other->nic.arg.text, nic) != 0))
		other = other->next;
	if (other != vm)
		report_error(t->report, vm->nic.arg.pos,
			     "card \"%s\" is vm %s's already, in %s; each vm "
			     "needs its own",
			     nic, name_shown(&other->name),
			     report_place(t->report, vm->nic.arg.pos,
					  other->nic.arg.pos));
}

/* --- who uses it --------------------------------------------------------- */

static const char *list_vms(struct topology *t)
{
	const struct topo_vm *vm;
	const char *list = "";

	for_each(vm, t->vms) {
		if (vm->name.text && !vm->duplicate)
			list = arena_printf(t->arena, "%s%s%s", list,
					    *list ? ", " : "", vm->name.text);
	}
	return list;
}

static void unknown(struct topology *t, const struct name *ref)
{
	struct guess g = { .wanted = ref->text };
	const struct topo_vm *vm;

	if (t->broken)
		return;
	for_each(vm, t->vms) {
		if (vm->name.text)
			guess_offer(&g, vm->name.text);
	}
	if (g.best)
		report_error(t->report, ref->pos,
			     "unknown vm \"%s\"; did you mean \"%s\"?",
			     ref->text, g.best);
	else if (t->vms)
		report_error(t->report, ref->pos,
			     "unknown vm \"%s\"; vms are %s", ref->text,
			     list_vms(t));
	else
		report_error(t->report, ref->pos,
			     "unknown vm \"%s\"; write it outside of any { }: "
			     "vm NAME { ... }",
			     ref->text);
}

static void take_vm(struct topology *t, struct topo_port *port)
{
	const struct name *ref = &port->target;

	if (!ref->text)
		return;
	port->vm = find_vm(t, ref->text);
	if (!port->vm)
		unknown(t, ref);
	else if (port->vm->user)
		report_error(t->report, ref->pos,
			     "vm %s is used already, by port %s in %s; it "
			     "drives one port: write a second vm, with a card "
			     "of its own",
			     ref->text, topo_port_name(t, port->vm->user),
			     report_place(t->report, ref->pos,
					  port->vm->user->target.pos));
	else
		port->vm->user = port;
}

/* Could the port that uses a VM be among what was not understood? */
static bool may_be_used(const struct topology *t)
{
	const struct topo_switch *sw;
	const struct topo_port *port;

	for_each(sw, t->switches) {
		if (sw->broken)
			return true;
		for_each(port, sw->ports) {
			if (port->broken ||
			    (port->kind == TO_DRIVER_VM && !port->vm))
				return true;
		}
	}
	return t->broken;
}

void check_vms(struct topology *t)
{
	struct topo_switch *sw;
	struct topo_port *port;
	struct topo_vm *vm;

	for_each(vm, t->vms) {
		check_name(t, vm);
		check_parts(t, vm);
		check_card(t, vm);
	}
	for_each(sw, t->switches) {
		for_each(port, sw->ports) {
			if (port->kind == TO_DRIVER_VM)
				take_vm(t, port);
		}
	}
	for_each(vm, t->vms) {
		if (!vm->user && vm->name.text && !vm->duplicate &&
		    !may_be_used(t))
			report_error(t->report, vm->name.pos,
				     "no port uses vm %s; write driver-vm %s "
				     "in one, or take the vm out",
				     vm->name.text, vm->name.text);
	}
}
