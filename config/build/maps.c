/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Third step: what each PD maps, its channel ids, and every component's
 * configuration in these terms.
 */
#include "config/build/build.h"

#include <stdio.h>
#include <stdlib.h>

/* Which side of a connection a component is on; virtualisers see no data. */
enum side { AT_SWITCH, AT_PEER, AT_VIRT };

/* @writer: the side that fills the buffers. */
static uint32_t data_perms(enum side side, enum side writer)
{
	return side == writer ? SYS_RW : SYS_R;
}

/* Maps a region, or widens the permissions if it is mapped; gives the slot. */
static uint32_t map(struct sys_pd *pd, uint32_t region, uint32_t perms)
{
	struct sys_map *m;

	if (region == SYS_NONE)
		return SYS_NONE;
	for (uint32_t slot = 0; slot < pd->n_maps; slot++) {
		if (pd->map[slot].region == region) {
			pd->map[slot].perms |= perms;
			return slot;
		}
	}
	m = realloc(pd->map, (pd->n_maps + 1) * sizeof(*m));
	if (!m)
		abort();
	pd->map = m;
	m += pd->n_maps;
	m->region = region;
	m->perms = perms;
	return pd->n_maps++;
}

/* Gives a PD one end of a channel; returns the id. */
static uint32_t join(struct system *sys, uint32_t pd_index, uint32_t channel,
		     uint32_t end)
{
	struct sys_pd *pd = &sys->pd[pd_index];
	struct sys_chan *c;

	c = realloc(pd->chan, (pd->n_chans + 1) * sizeof(*c));
	if (!c)
		abort();
	pd->chan = c;
	c += pd->n_chans;
	c->channel = channel;
	c->end = end;
	sys->channel[channel].end[end].pd = pd_index;
	sys->channel[channel].end[end].id = pd->n_chans;
	return pd->n_chans++;
}

/* @in and @out are the connection's halves as the switch at hand sees them. */
static void wire_up(struct system *sys, uint32_t pd_index,
		    const struct sys_conn *conn, const struct sys_half *in,
		    const struct sys_half *out, enum side side, uint32_t end,
		    struct sys_wire *wire)
{
	struct sys_pd *pd = &sys->pd[pd_index];

	wire->ingress.active = map(pd, in->active, SYS_RW);
	wire->ingress.free = map(pd, in->free, SYS_RW);
	wire->ingress.data = map(pd, in->data, data_perms(side, AT_PEER));
	wire->egress.active = map(pd, out->active, SYS_RW);
	wire->egress.free = map(pd, out->free, SYS_RW);
	wire->egress.data = map(pd, out->data, data_perms(side, AT_SWITCH));
	wire->link = map(pd, conn->link, SYS_R);
	wire->channel = join(sys, pd_index, conn->channel, end);
	wire->capacity = conn->capacity;
	wire->buffer_size = conn->buffer_size;
	wire->max_frame = conn->max_frame;
}

static enum vswitch_port_kind port_kind(const struct topo_port *port)
{
	if (port->kind == TO_CAPTURE)
		return VSWITCH_PORT_CAPTURE;
	return port->kind == TO_LINK ? VSWITCH_PORT_LINK : VSWITCH_PORT_CLIENT;
}

static void map_switch_port(struct system *sys, const struct topo_port *port,
			    struct sys_switch_port *cfg)
{
	const struct sys_conn *conn = &sys->conn[port->conn];
	bool second = port->kind == TO_LINK && port->link_end == 1;

	build_copy(cfg->name, port->name.text);
	cfg->kind = port_kind(port);
	cfg->forward_reserved = port->reserved.set;
	cfg->capture_of = port->capture.mask;
	cfg->capture_drops = port->capture.drops.set;
	wire_up(sys, port->sw->pd, conn,
		second ? &conn->egress : &conn->ingress,
		second ? &conn->ingress : &conn->egress, AT_SWITCH, second,
		&cfg->wire);
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

/* The switch's side of a driver VM's port, then the driver's. */
static void map_virt(struct system *sys, const struct topo_port *port)
{
	const struct sys_conn *front = &sys->conn[port->conn];
	const struct sys_conn *back = &sys->conn[front->driver];
	struct sys_pd *pd = &sys->pd[port->pd];
	struct sys_component *comp = &pd->comp[port->comp];

	wire_up(sys, port->pd, front, &front->ingress, &front->egress, AT_VIRT,
		1, &comp->wire);
	wire_up(sys, port->pd, back, &back->ingress, &back->egress, AT_VIRT, 0,
		&comp->virt.driver);
	comp->virt.stats_rx = map(pd, port->stats_rx, SYS_RW);
	comp->virt.stats_tx = map(pd, port->stats_tx, SYS_RW);
	comp->virt.ctl_channel = join(sys, port->pd, port->ctl, 0);
}

static void map_vm(struct system *sys, const struct topo_vm *vm)
{
	const struct sys_conn *front = &sys->conn[vm->user->conn];
	const struct sys_conn *conn = &sys->conn[front->driver];
	struct sys_pd *pd = &sys->pd[vm->pd];
	struct sys_component *comp = &pd->comp[0];

	wire_up(sys, vm->pd, conn, &conn->ingress, &conn->egress, AT_PEER, 1,
		&comp->wire);
	comp->vm.ram = map(pd, vm->ram, SYS_RW);
	comp->vm.status = map(pd, vm->status, SYS_RW);
	comp->vm.vmm_stats = map(pd, vm->stats, SYS_RW);
	comp->vm.status_channel = join(sys, vm->pd, vm->channel, 0);
}

static void map_port(struct system *sys, const struct topo_port *port)
{
	const struct sys_conn *conn = &sys->conn[port->conn];

	if (port->kind == TO_DRIVER_VM)
		map_virt(sys, port);
	else if (build_has_pd(port))
		wire_up(sys, port->pd, conn, &conn->ingress, &conn->egress,
			AT_PEER, 1, &sys->pd[port->pd].comp[port->comp].wire);
}

void build_maps(struct system *sys, const struct topology *t)
{
	const struct topo_switch *sw;
	const struct topo_port *port;
	const struct topo_vm *vm;

	for_each(sw, t->switches)
		map_switch(sys, sw);
	for_each(sw, t->switches) {
		for_each(port, sw->ports)
			map_port(sys, port);
	}
	for_each(vm, t->vms)
		map_vm(sys, vm);
}
