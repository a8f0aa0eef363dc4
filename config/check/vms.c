/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMs: each is whole, and either drives one port with a card of its own or is
 * the client of some.
 */
#include "config/check/check.h"

#include <string.h>

#include "config/check/disk_files.h"

/* A driver VM's RAM holds a kernel with one driver; a client's, a system. */
#define DRIVER_MEMORY (32ull << 20)
#define CLIENT_MEMORY (128ull << 20)

static void needs(struct topology *t, const struct topo_vm *vm,
		  const struct option *o, const char *what, const char *usage)
{
	if (!o->set && !vm->broken && vm->name.text)
		wrong(t, vm->name.pos, "vm %s has no %s; write %s in it",
		      vm->name.text, what, usage);
}

static bool same_card(const struct name *a, const struct name *b)
{
	return a != b && a->text && b->text && strcmp(a->text, b->text) == 0;
}

/* Does nothing before it pass the same card to a guest? */
static void check_card(struct topology *t, const struct topo_vm *vm,
		       const struct name *card)
{
	const struct topo_vm *other = t->vms;
	const struct name *first;

	for (;; other = other->next) {
		first = &other->nic.arg;
		if (other == vm && card == first)
			return;
		if (same_card(first, card))
			break;
		first = &other->storage.arg;
		if (other == vm && card == first)
			return;
		if (same_card(first, card))
			break;
	}
	wrong(t, card->pos,
	      "card \"%s\" is vm %s's already, in %s; each needs its own",
	      card->text, shown(other), place(t, card->pos, first->pos));
}

/* --- which ports have it ------------------------------------------------ */

static void used_twice(struct topology *t, const struct topo_port *port)
{
	const struct name *ref = &port->target;
	const struct topo_port *user = port->vm->user;
	const char *why = port->kind != user->kind
				  ? "a vm drives a port or is the client of "
				    "ports, not both: write a second vm"
				  : "it drives one port: write a second vm, "
				    "with a card of its own";

	wrong(t, ref->pos, "vm %s is used already, by port %s in %s; %s",
	      ref->text, topo_port_name(t, user),
	      place(t, ref->pos, user->target.pos), why);
}

static void take_vm(struct topology *t, struct topo_port *port)
{
	struct topo_vm *vm;

	vm = thing_of(resolve(t, A_VM, NULL, &port->target), A_VM);
	port->vm = vm;
	if (!vm)
		return;
	if (!vm->user)
		vm->user = port;
	else if (port->kind != TO_VM || vm->user->kind != TO_VM)
		used_twice(t, port);
	if (++vm->n_ports == SYS_VM_PORTS + 1 && port->kind == TO_VM)
		wrong(t, port->target.pos,
		      "vm %s has %d ports already, and cannot have more: take "
		      "this one out",
		      vm->name.text, SYS_VM_PORTS);
}

static bool takes_vm(const struct topo_port *port)
{
	return port->kind == TO_DRIVER_VM || port->kind == TO_VM;
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
		may |= port->broken || (takes_vm(port) && !port->vm);
	return may;
}

static void check_used(struct topology *t, const struct topo_vm *vm)
{
	const char *name = vm->name.text;

	if (!vm->user && !vm->drives && find_thing(t, A_VM, NULL, name) == vm &&
	    !may_be_used(t))
		wrong(t, vm->name.pos,
		      "no %s uses vm %s; write %s %s in one, or take the vm "
		      "out",
		      vm->storage.set && !vm->nic.set ? "disk" : "port", name,
		      vm->nic.set || vm->storage.set ? "driver-vm" : "vm",
		      name);
}

/* --- what the two kinds have -------------------------------------------- */

static void only_for(struct topology *t, const struct topo_vm *vm,
		     const struct option *o, const char *what,
		     const char *which)
{
	if (!o->set)
		return;
	wrong(t, o->pos,
	      "\"%s\" is for %s, and %s says %s %s: take one of the two out",
	      what, which,
	      vm->user ? arena_printf(t->arena, "port %s",
				      topo_port_name(t, vm->user))
		       : disk_called(t, vm->drives),
	      vm->user ? topo_kinds[vm->user->kind].word : "driver-vm",
	      vm->name.text);
}

/* What drives a card needs it, and has no other. */
static void check_driver(struct topology *t, const struct topo_vm *vm)
{
	const struct {
		const struct option *card;
		bool used;
		const char *what;
		const char *usage;
		const char *user;
	} drives[] = {
		{ &vm->nic, vm->user, "network card",
		  "nic pci \"0000:00:03.0\"", "port" },
		{ &vm->storage, vm->drives, "storage",
		  "storage pci \"0000:00:04.0\"", "disk" },
	};

	for (size_t i = 0; i < 2; i++) {
		if (drives[i].used)
			needs(t, vm, drives[i].card, drives[i].what,
			      drives[i].usage);
		else if (drives[i].card->set && !may_be_used(t))
			wrong(t, drives[i].card->pos,
			      "no %s uses the %s of vm %s; write driver-vm %s "
			      "in one, or take it out",
			      drives[i].user, drives[i].what, vm->name.text,
			      vm->name.text);
	}
	only_for(t, vm, &vm->cpus, "cpus", "a vm that is a port's client");
}

/* A driver has no disks. */
static void check_disks_of(struct topology *t, const struct topo_vm *vm)
{
	const struct topo_use *use;

	for_each(use, t->uses) {
		if (use->vm == vm)
			wrong(t, use->pos,
			      "\"disk\" is for a vm that is a port's client; "
			      "what a vm drives is storage pci \"ADDRESS\", "
			      "and the disk says driver-vm %s",
			      shown(vm));
	}
}

static void check_kind(struct topology *t, struct topo_vm *vm)
{
	static const char driver[] = "a vm that drives a card";
	bool client = topo_is_client(vm);

	if (!vm->memory.set)
		vm->memory.value = client ? CLIENT_MEMORY : DRIVER_MEMORY;
	if (client) {
		only_for(t, vm, &vm->nic, "nic pci", driver);
		only_for(t, vm, &vm->storage, "storage pci", driver);
		only_for(t, vm, &vm->uncached, "shared uncached", driver);
		only_for(t, vm, &vm->watchdog, "watchdog", driver);
	} else if (vm->user || vm->drives) {
		check_driver(t, vm);
		check_disks_of(t, vm);
	}
	if (client && vm->drives)
		wrong(t, vm->drives->driver.pos,
		      "vm %s is the client of port %s, and a vm drives cards or "
		      "is a client, not both: write a second vm",
		      shown(vm), topo_port_name(t, vm->user));
}

void check_vms(struct topology *t)
{
	struct topo_port *port;
	struct topo_vm *vm;

	for_each_port(port, t) {
		if (takes_vm(port))
			take_vm(t, port);
	}
	for_each(vm, t->vms) {
		needs(t, vm, &vm->kernel, "kernel", "kernel \"FILE\"");
		needs(t, vm, &vm->initrd, "initrd", "initrd \"FILE\"");
		check_kind(t, vm);
		if (vm->nic.arg.text)
			check_card(t, vm, &vm->nic.arg);
		if (vm->storage.arg.text)
			check_card(t, vm, &vm->storage.arg);
		check_used(t, vm);
	}
}
