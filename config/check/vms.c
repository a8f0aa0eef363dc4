/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver VMs: each is whole, has a card of its own, and drives one port.
 */
#include "config/check/check.h"

#include <string.h>

static void needs(struct topology *t, const struct topo_vm *vm,
		  const struct option *o, const char *what, const char *usage)
{
	if (!o->set && !vm->broken && vm->name.text)
		wrong(t, vm->name.pos, "vm %s has no %s; write %s in it",
		      vm->name.text, what, usage);
}

static void check_card(struct topology *t, const struct topo_vm *vm)
{
	const char *nic = vm->nic.arg.text;
	const struct topo_vm *other = t->vms;

	while (other != vm && (!nic || !other->nic.arg.text ||
			       strcmp(other->nic.arg.text, nic) != 0))
		other = other->next;
	if (other != vm)
		wrong(t, vm->nic.arg.pos,
		      "card \"%s\" is vm %s's already, in %s; each vm needs "
		      "its own",
		      nic, shown(other),
		      place(t, vm->nic.arg.pos, other->nic.arg.pos));
}

static void take_vm(struct topology *t, struct topo_port *port)
{
	const struct name *ref = &port->target;

	port->vm = thing_of(resolve(t, A_VM, NULL, ref), A_VM);
	if (!port->vm)
		return;
	if (port->vm->user)
		wrong(t, ref->pos,
		      "vm %s is used already, by port %s in %s; it drives one "
		      "port: write a second vm, with a card of its own",
		      ref->text, topo_port_name(t, port->vm->user),
		      place(t, ref->pos, port->vm->user->target.pos));
	else
		port->vm->user = port;
}

/* Could the port that uses a VM be among what was not understood? */
static bool may_be_used(const struct topology *t)
{
	const struct topo_switch *sw;
	const struct topo_port *port;
	bool may = t->broken;

	for_each(sw, t->switches)
		may |= sw->broken;
	for_each_port(port, t)
		may |= port->broken ||
		       (port->kind == TO_DRIVER_VM && !port->vm);
	return may;
}

void check_vms(struct topology *t)
{
	struct topo_port *port;
	struct topo_vm *vm;

	for_each(vm, t->vms) {
		needs(t, vm, &vm->kernel, "kernel", "kernel \"FILE\"");
		needs(t, vm, &vm->initrd, "initrd", "initrd \"FILE\"");
		needs(t, vm, &vm->nic, "network card",
		      "nic pci \"0000:00:03.0\"");
		check_card(t, vm);
	}
	for_each_port(port, t) {
		if (port->kind == TO_DRIVER_VM)
			take_vm(t, port);
	}
	for_each(vm, t->vms) {
		if (!vm->user &&
		    find_thing(t, A_VM, NULL, vm->name.text) == vm &&
		    !may_be_used(t))
			wrong(t, vm->name.pos,
			      "no port uses vm %s; write driver-vm %s in one, "
			      "or take the vm out",
			      vm->name.text, vm->name.text);
	}
}
