/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Third step: what each PD maps, its channel ids, and every component's
 * configuration in these terms.
 */
#include "config/build/build.h"

/* Which side of a connection a component is on; virtualisers see no data. */
enum side { AT_SWITCH, AT_PEER, AT_VIRT };

/* Maps a region, or widens the permissions if it is mapped; gives the slot. */
static uint32_t map(struct sys_pd *pd, uint32_t region, uint32_t perms)
{
	if (region == SYS_NONE)
		return SYS_NONE;
	for (uint32_t slot = 0; slot < pd->n_maps; slot++) {
		if (pd->map[slot].region == region) {
			pd->map[slot].perms |= perms;
			return slot;
		}
	}
	pd->map = build_grow(pd->map, pd->n_maps, sizeof(*pd->map));
	pd->map[pd->n_maps] = (struct sys_map){ region, perms };
	return pd->n_maps++;
}

/* Gives a PD one end of a channel; returns the id. */
static uint32_t join(struct system *sys, uint32_t index, uint32_t channel,
		     uint32_t end)
{
	struct sys_pd *pd = &sys->pd[index];

	pd->chan = build_grow(pd->chan, pd->n_chans, sizeof(*pd->chan));
	pd->chan[pd->n_chans] = (struct sys_chan){ channel, end };
	sys->channel[channel].end[end] = (struct sys_end){ index, pd->n_chans };
	return pd->n_chans++;
}

static struct sys_half map_half(struct sys_pd *pd, const struct sys_half *half,
				bool writes)
{
	return (struct sys_half){
		.active = map(pd, half->active, SYS_RW),
		.free = map(pd, half->free, SYS_RW),
		.data = map(pd, half->data, writes ? SYS_RW : SYS_R),
	};
}

/* @end: of the connection's channel; at a link's second switch all is swapped. */
static struct sys_wire wire_up(struct system *sys, uint32_t index,
			       const struct sys_conn *conn, enum side side,
			       uint32_t end)
{
	bool swapped = side == AT_SWITCH && end == 1;
	const struct sys_half *in = swapped ? &conn->egress : &conn->ingress;
	const struct sys_half *out = swapped ? &conn->ingress : &conn->egress;
	struct sys_pd *pd = &sys->pd[index];
	struct sys_wire wire = {
		.capacity = conn->capacity,
		.buffer_size = conn->buffer_size,
		.max_frame = conn->max_frame,
	};

	wire.ingress = map_half(pd, in, side == AT_PEER);
	wire.egress = map_half(pd, out, side == AT_SWITCH);
	wire.link = map(pd, conn->link, SYS_R);
	wire.channel = join(sys, index, conn->channel, end);
	return wire;
}

static void map_switch_port(struct system *sys, const struct topo_port *port,
			    struct sys_switch_port *cfg)
{
	build_copy(cfg->name, port->name.text);
	cfg->kind = port->kind == TO_CAPTURE ? VSWITCH_PORT_CAPTURE
		    : port->kind == TO_LINK  ? VSWITCH_PORT_LINK
					     : VSWITCH_PORT_CLIENT;
	cfg->forward_reserved = port->reserved.set;
	cfg->capture_of = port->capture.mask;
	cfg->capture_drops = port->capture.drops.set;
	cfg->wire = wire_up(sys, port->sw->pd, &sys->conn[port->conn],
			    AT_SWITCH, port->link ? port->link_end : 0);
}

static void map_switch(struct system *sys, const struct topo_switch *sw)
{
	struct sys_pd *pd = &sys->pd[sw->pd];
	struct sys_switch *cfg = &pd->comp[sw->comp].sw;
	const struct topo_port *port;

	cfg->stats = map(pd, sw->stats, SYS_RW);
	cfg->ctl_request = map(pd, sw->ctl_request, SYS_R);
	cfg->ctl_reply = map(pd, sw->ctl_reply, SYS_RW);
	cfg->policy = map(pd, sw->image, SYS_R);
	cfg->ctl_channel = join(sys, sw->pd, sw->channel, 0);
	cfg->n_ports = sw->n_ports;
	for_each(port, sw->ports)
		map_switch_port(sys, port, &cfg->port[port->number]);
}

static void map_port(struct system *sys, const struct topo_port *port)
{
	const struct sys_conn *conn = &sys->conn[port->conn];
	bool virt = port->kind == TO_DRIVER_VM;
	struct sys_component *comp;
	struct sys_pd *pd;

	if (port->pd == SYS_PD_OUTSIDE)
		return;
	pd = &sys->pd[port->pd];
	comp = &pd->comp[port->comp];
	comp->wire = wire_up(sys, port->pd, conn, virt ? AT_VIRT : AT_PEER, 1);
	if (!virt)
		return;
	comp->virt.driver =
		wire_up(sys, port->pd, &sys->conn[conn->driver], AT_VIRT, 0);
	comp->virt.stats_rx = map(pd, port->stats_rx, SYS_RW);
	comp->virt.stats_tx = map(pd, port->stats_tx, SYS_RW);
	comp->virt.ctl_channel = join(sys, port->pd, port->ctl, 0);
}

static void map_vm(struct system *sys, const struct topo_vm *vm)
{
	const struct sys_conn *front = &sys->conn[vm->user->conn];
	struct sys_pd *pd = &sys->pd[vm->pd];
	struct sys_component *comp = &pd->comp[0];

	comp->wire =
		wire_up(sys, vm->pd, &sys->conn[front->driver], AT_PEER, 1);
	comp->vm.ram = map(pd, vm->ram, SYS_RW);
	comp->vm.status = map(pd, vm->status, SYS_RW);
	comp->vm.vmm_stats = map(pd, vm->stats, SYS_RW);
	comp->vm.status_channel = join(sys, vm->pd, vm->channel, 0);
}

void build_maps(struct system *sys, const struct topology *t)
{
	const struct topo_switch *sw;
	const struct topo_port *port;
	const struct topo_vm *vm;

	for_each(sw, t->switches)
		map_switch(sys, sw);
	for_each_port(port, t)
		map_port(sys, port);
	for_each(vm, t->vms)
		map_vm(sys, vm);
}
