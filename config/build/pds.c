/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First step: PDs and the components in them.
 *
 * Every component has a PD of its own unless a domain says otherwise.  Switches
 * come first, then ports, then driver VMs, each in the order of the topology; a
 * domain's PD is where its first component is.
 */
#include "config/build/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Multicast groups a switch can know at a time. */
#define GROUPS 512u

static uint32_t new_pd(struct system *sys, const char *name, uint64_t poll_us)
{
	struct sys_pd *pd = &sys->pd[sys->n_pds];

	build_copy(pd->name, name);
	pd->poll_us = (uint32_t)poll_us;
	return (uint32_t)sys->n_pds++;
}

/* The PD for a component of that name: its domain's, or a new one. */
static uint32_t pd_for(struct system *sys, struct topo_domain *domain,
		       const char *name)
{
	if (!domain)
		return new_pd(sys, name, 0);
	if (domain->pd == SYS_NONE)
		domain->pd = new_pd(sys, domain->name.text, domain->poll.value);
	return domain->pd;
}

static struct sys_component *new_comp(struct system *sys, uint32_t index,
				      enum sys_kind kind, const char *name)
{
	struct sys_pd *pd = &sys->pd[index];
	struct sys_component *comp;

	comp = realloc(pd->comp, (pd->n_comps + 1) * sizeof(*comp));
	if (!comp)
		abort();
	pd->comp = comp;
	comp += pd->n_comps++;
	memset(comp, 0, sizeof(*comp));
	comp->kind = kind;
	build_copy(comp->name, name);
	return comp;
}

/* --- what a component is told -------------------------------------------- */

static void configure_switch(struct sys_switch *cfg,
			     const struct topo_switch *sw)
{
	struct vswitch_tables *tables = &cfg->tables;

	tables->fdb.capacity = (uint32_t)sw->fdb.value;
	tables->fdb.ageing = (uint32_t)sw->ageing.value;
	tables->flows = (uint32_t)sw->flows.value;
	/* There for when snooping is turned on while it runs. */
	tables->groups = GROUPS;
	cfg->number = sw->number;
}

static void configure_tap(struct sys_component *comp,
			  const struct topo_port *port)
{
	build_copy(comp->tap.ifname, port->target.text);
	build_copy(comp->tap.netns, port->netns.text ? port->netns.text : "");
	comp->tap.mac = port->tap_mac.value;
	comp->tap.n_addresses = port->n_addresses;
	memcpy(comp->tap.address, port->addresses, sizeof(port->addresses));
}

static void configure_nic(struct sys_component *comp,
			  const struct topo_port *port)
{
	build_copy(comp->nic.ifname, port->target.text);
	build_copy(comp->nic.netns, port->netns.text ? port->netns.text : "");
}

static void configure_socket(struct sys_component *comp,
			     const struct topo_port *port)
{
	struct sys_socket *cfg = &comp->socket;

	cfg->mode = port->connect ? SYS_SOCKET_CONNECT : SYS_SOCKET_LISTEN;
	cfg->tcp = port->tcp;
	if (port->tcp) {
		build_copy(cfg->address, port->address);
		cfg->port = port->tcp_port;
	} else {
		build_copy(cfg->path, port->target.text);
		cfg->access = build_access(port);
	}
}

static void configure_capture(struct sys_component *comp,
			      const struct topo_port *port, struct topology *t)
{
	const struct topo_capture *from = &port->capture;
	struct sys_capture *cfg = &comp->capture;
	const struct topo_port *other;

	build_copy(cfg->path, port->target.text);
	cfg->rotate = from->rotate.value;
	cfg->files = from->rotate.set ? (uint32_t)from->files : 0;
	cfg->of = from->mask;
	cfg->drops = from->drops.set;
	cfg->overwrite = from->overwrite.set;
	cfg->n_filter = from->code.n;
	if (from->code.n)
		memcpy(cfg->filter, from->code.insn,
		       from->code.n * sizeof(*from->code.insn));
	if (from->filter.arg.text)
		build_copy(cfg->filter_text, from->filter.arg.text);
	/* Of all ports, watched or not: a refused frame names its other end. */
	for_each(other, port->sw->ports)
		build_copy(cfg->name[other->number], topo_port_name(t, other));
}

static void configure_program(struct sys_component *comp,
			      const struct topo_port *port)
{
	struct sys_program *cfg = &comp->program;

	build_copy(cfg->path, port->file);
	build_copy(cfg->args, port->args.text ? port->args.text : "");
	cfg->mac = port->mac;
}

static void configure_vm(struct sys_vm *cfg, const struct topo_vm *vm)
{
	build_copy(cfg->kernel, vm->kernel.arg.text);
	build_copy(cfg->initrd, vm->initrd.arg.text);
	build_copy(cfg->nic, vm->nic.arg.text);
	if (vm->append.arg.text)
		build_copy(cfg->append, vm->append.arg.text);
	cfg->memory = vm->memory.value;
	cfg->uncached = vm->uncached.set;
	cfg->watchdog_s = (uint32_t)vm->watchdog.value;
}

static void configure_port(struct sys_component *comp,
			   const struct topo_port *port, struct topology *t)
{
	switch (port->kind) {
	case TO_TAP:
		configure_tap(comp, port);
		break;
	case TO_NIC:
		configure_nic(comp, port);
		break;
	case TO_SOCKET:
		configure_socket(comp, port);
		break;
	case TO_PROGRAM:
		configure_program(comp, port);
		break;
	case TO_CAPTURE:
		configure_capture(comp, port, t);
		break;
	default: /* virtualisers are told all they need by maps */
		break;
	}
}

static enum sys_kind kind_of(const struct topo_port *port)
{
	switch (port->kind) {
	case TO_TAP:
		return SYS_TAP;
	case TO_NIC:
		return SYS_NIC;
	case TO_SOCKET:
		return SYS_SOCKET;
	case TO_PROGRAM:
		return SYS_PROGRAM;
	case TO_DRIVER_VM:
		return SYS_VIRT;
	default:
		return SYS_CAPTURE;
	}
}

/* --- all of them --------------------------------------------------------- */

static size_t most_pds(const struct topology *t)
{
	const struct topo_switch *sw;
	const struct topo_vm *vm;
	size_t n = 0;

	for_each(sw, t->switches)
		n += 1 + sw->n_ports;
	for_each(vm, t->vms)
		n++;
	return n;
}

static void add_switch(struct system *sys, struct topo_switch *sw)
{
	struct sys_component *comp;

	sw->pd = pd_for(sys, sw->domain, sw->name.text);
	sw->comp = sys->pd[sw->pd].n_comps;
	sw->number = (uint32_t)sys->n_policies++;
	comp = new_comp(sys, sw->pd, SYS_SWITCH, sw->name.text);
	configure_switch(&comp->sw, sw);
}

static void add_port(struct system *sys, struct topology *t,
		     struct topo_port *port)
{
	const char *name = topo_port_name(t, port);

	if (!build_has_pd(port)) {
		port->pd = SYS_PD_OUTSIDE;
		port->comp = SYS_NONE;
		return;
	}
	port->pd = pd_for(sys, port->domain, name);
	port->comp = sys->pd[port->pd].n_comps;
	configure_port(new_comp(sys, port->pd, kind_of(port), name), port, t);
}

static void add_vm(struct system *sys, struct topo_vm *vm)
{
	const char *name = vm->name.text;

	vm->pd = new_pd(sys, name, 0);
	configure_vm(&new_comp(sys, vm->pd, SYS_VM, name)->vm, vm);
}

void build_pds(struct system *sys, struct topology *t)
{
	struct topo_switch *sw;
	struct topo_port *port;
	struct topo_vm *vm;

	sys->pd = must_alloc(most_pds(t), sizeof(*sys->pd));
	for_each(sw, t->switches)
		add_switch(sys, sw);
	for_each(sw, t->switches) {
		for_each(port, sw->ports)
			add_port(sys, t, port);
	}
	for_each(vm, t->vms)
		add_vm(sys, vm);
}
