/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First step: PDs and the components in them.
 *
 * Every component has a PD of its own unless a domain says otherwise.  Switches
 * come first, then ports, then VMs, each in the order of the topology; a
 * domain's PD is where its first component is.
 */
#include <string.h>

#include "config/build/build.h"

/* Multicast groups a switch can know at a time. */
#define GROUPS 512u

/* --- addresses of programs and VMs -------------------------------------- */

/*
 * A program, and a client VM's device, needs an address that is the same after
 * every start, or its peers and DHCP servers take it for a new station each
 * time.  So if it is not said, nor follows from a lock, it is a hash of the port's full name, as a locally administered unicast address.
 * If another port has that address already, the name is hashed on with a NUL
 * more.
 *
 * A program has the address it was started with, so what counts is the file's
 * lock, whatever it has been changed to since.
 */
#define MAC_LOCAL_BIT (1ull << 41)

static uint64_t to_mac(uint64_t hash)
{
	return (build_fold(hash, 48) & ~MAC_GROUP_BIT) | MAC_LOCAL_BIT;
}

static bool is_taken(const struct topology *t, uint64_t mac)
{
	const struct topo_port *port;

	for_each_port(port, t) {
		if (port->own_lock == mac || port->mac == mac)
			return true;
	}
	return false;
}

static uint64_t make_up(struct topology *t, const struct topo_port *port,
			const char *instance)
{
	const char *name = arena_printf(t->arena, "%s.%s", instance,
					topo_port_name(t, port));
	uint64_t hash = build_hash(BUILD_HASH, name, strlen(name));

	while (is_taken(t, to_mac(hash)))
		hash = build_hash(hash, "", 1);
	return to_mac(hash);
}

static void make_macs(struct topology *t, const char *instance)
{
	struct topo_port *port;

	for_each_port(port, t) {
		if (port->kind == TO_VM && port->card_mac.set)
			port->mac = port->card_mac.value;
		else if (port->kind == TO_PROGRAM || port->kind == TO_VM)
			port->mac = port->own_lock ? port->own_lock
						   : make_up(t, port, instance);
	}
}

/* --- what a component is told ------------------------------------------- */

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
	build_copy(comp->tap.netns, port->netns.text);
	comp->tap.mac = port->card_mac.value;
	comp->tap.n_addresses = port->n_addresses;
	memcpy(comp->tap.address, port->addresses, sizeof(port->addresses));
}

static void configure_nic(struct sys_component *comp,
			  const struct topo_port *port)
{
	build_copy(comp->nic.ifname, port->target.text);
	build_copy(comp->nic.netns, port->netns.text);
	comp->nic.xdp = port->nic_xdp.set;
}

static void configure_socket(struct sys_component *comp,
			     const struct topo_port *port)
{
	struct sys_socket *cfg = &comp->socket;

	cfg->mode = port->kind == TO_VM ? SYS_SOCKET_GIVEN
		    : port->connect	? SYS_SOCKET_CONNECT
					: SYS_SOCKET_LISTEN;
	cfg->tcp = port->tcp;
	cfg->port = port->tcp_port;
	build_copy(cfg->address, port->address);
	build_copy(cfg->path, port->tcp ? "" : port->target.text);
	cfg->access = build_access(&port->mode, &port->owner, &port->group);
}

static void configure_capture(struct sys_component *comp,
			      const struct topo_port *port)
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
	build_copy(cfg->filter_text, from->filter.arg.text);
	/* Of all ports, watched or not: a refused frame names its other end. */
	for_each(other, port->sw->ports)
		snprintf(cfg->name[other->number], SYS_NAME, "%s.%s",
			 other->sw->name.text, other->name.text);
}

static void configure_program(struct sys_component *comp,
			      const struct topo_port *port)
{
	build_copy(comp->program.path, port->file);
	build_copy(comp->program.args, port->args.text);
	comp->program.mac = port->mac;
}

/* Virtualisers are told all they need by maps. */
static void (*const configure_port[SYS_KINDS])(struct sys_component *,
					       const struct topo_port *) = {
	[SYS_TAP] = configure_tap,	   [SYS_NIC] = configure_nic,
	[SYS_SOCKET] = configure_socket,   [SYS_CAPTURE] = configure_capture,
	[SYS_PROGRAM] = configure_program, [SYS_VHOST_USER] = configure_socket,
};

static void configure_vm(struct sys_vm *cfg, const struct topo_vm *vm)
{
	build_copy(cfg->kernel, vm->kernel.arg.text);
	build_copy(cfg->initrd, vm->initrd.arg.text);
	build_copy(cfg->nic, vm->nic.arg.text);
	build_copy(cfg->storage, vm->storage.arg.text);
	build_copy(cfg->append, vm->append.arg.text);
	cfg->memory = vm->memory.value;
	cfg->uncached = vm->uncached.set;
	cfg->watchdog_s = (uint32_t)vm->watchdog.value;
	cfg->cpus = (uint32_t)vm->cpus.value;
}

/* --- all of them -------------------------------------------------------- */

uint32_t build_pd(struct system *sys, const char *name, uint64_t poll_us,
		  const struct topo_placement *placement)
{
	struct sys_pd *pd = build_new(sys->pd, sys->n_pds);

	build_copy(pd->name, name);
	pd->poll_us = (uint32_t)poll_us;
	if (placement) {
		pd->together = placement->together;
		pd->cpus = placement->cpus;
	}
	return (uint32_t)sys->n_pds - 1;
}

/* The PD for a component of that name: its domain's, or a new one. */
static uint32_t pd_for(struct system *sys, struct topo_domain *domain,
		       const char *name, const struct topo_placement *placement)
{
	if (!domain)
		return build_pd(sys, name, 0, placement);
	if (domain->pd == SYS_NONE)
		domain->pd = build_pd(sys, domain->name.text,
				      domain->poll.value, domain->placement);
	return domain->pd;
}

struct sys_component *build_comp(struct system *sys, uint32_t in,
				 enum sys_kind kind, const char *name,
				 uint32_t *index)
{
	struct sys_pd *pd = &sys->pd[in];
	struct sys_component *comp = build_new(pd->comp, pd->n_comps);

	*index = pd->n_comps - 1;
	comp->kind = kind;
	build_copy(comp->name, name);
	return comp;
}

static void add_port(struct system *sys, struct topology *t,
		     struct topo_port *port)
{
	enum sys_kind kind = topo_kinds[port->kind].component;
	const char *name = topo_port_name(t, port);
	struct sys_component *comp;

	port->pd = SYS_PD_OUTSIDE;
	port->comp = SYS_NONE;
	if (kind == SYS_KINDS)
		return;
	port->pd = pd_for(sys, port->domain, name, port->placement);
	comp = build_comp(sys, port->pd, kind, name, &port->comp);
	if (configure_port[kind])
		configure_port[kind](comp, port);
}

void build_pds(struct system *sys, struct topology *t)
{
	struct topo_switch *sw;
	struct topo_port *port;
	struct topo_vm *vm;
	uint32_t first;

	make_macs(t, sys->name);
	for_each(sw, t->switches) {
		sw->number = (uint32_t)sys->n_policies++;
		sw->pd = pd_for(sys, sw->domain, sw->name.text, sw->placement);
		configure_switch(&build_comp(sys, sw->pd, SYS_SWITCH,
					     sw->name.text, &sw->comp)
					  ->sw,
				 sw);
	}
	for_each_port(port, t)
		add_port(sys, t, port);
	for_each(vm, t->vms) {
		vm->pd = build_pd(sys, vm->name.text, 0, vm->placement);
		configure_vm(&build_comp(sys, vm->pd,
					 topo_is_client(vm) ? SYS_CLIENT_VM
							    : SYS_VM,
					 vm->name.text, &first)
				      ->vm,
			     vm);
	}
}
