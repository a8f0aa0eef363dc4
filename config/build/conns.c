/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Second step: the regions and channels of every connection and every switch.
 */
#include "config/build/build.h"

#include <stdio.h>

#include "vswitch/ctl.h"
#include "virt/net_virt.h"

#define PAGE 4096u
#define DEFAULT_BUFFERS 512u
/* Smaller buffers save nothing worth having; larger ones come with the MTU. */
#define LEAST_BUFFER 2048u

static uint32_t add_region(struct system *sys, const char *owner,
			   const char *what, uint64_t size)
{
	struct sys_region *region = &sys->region[sys->n_regions];

	snprintf(region->name, sizeof(region->name), "%s.%s", owner, what);
	region->size = (size + PAGE - 1) / PAGE * PAGE;
	return (uint32_t)sys->n_regions++;
}

static uint32_t add_channel(struct system *sys, const char *name)
{
	struct sys_channel *channel = &sys->channel[sys->n_channels];

	build_copy(channel->name, name);
	for (int i = 0; i < 2; i++) {
		channel->end[i].pd = SYS_PD_OUTSIDE;
		channel->end[i].id = SYS_NONE;
	}
	return (uint32_t)sys->n_channels++;
}

/* --- sizes --------------------------------------------------------------- */

/* Unless told otherwise a capture takes whatever its ports can have. */
static uint32_t capture_mtu(const struct topo_port *capture)
{
	const struct topo_port *port;
	uint32_t mtu = topo_mtu(capture);

	if (capture->settings.mtu.set)
		return mtu;
	for_each(port, capture->sw->ports) {
		if (capture->capture.mask & 1ull << port->number &&
		    topo_mtu(port) > mtu)
			mtu = topo_mtu(port);
	}
	return mtu;
}

static void size_conn(struct sys_conn *conn, const struct topo_port *port)
{
	bool capture = port->kind == TO_CAPTURE;
	uint32_t room = capture ? CAPTURE_HEADROOM : 0;
	uint32_t mtu = capture ? capture_mtu(port) : topo_mtu(port);

	conn->capacity = port->settings.buffers.set
				 ? (uint32_t)port->settings.buffers.value
				 : DEFAULT_BUFFERS;
	conn->max_frame = mtu + FRAME_OVERHEAD;
	conn->buffer_size = LEAST_BUFFER;
	while (conn->buffer_size < conn->max_frame + room)
		conn->buffer_size *= 2;
}

/* --- connections --------------------------------------------------------- */

static void add_queues(struct system *sys, const struct sys_conn *conn,
		       const char *owner, const char *direction,
		       struct sys_half *half)
{
	char what[32];

	snprintf(what, sizeof(what), "%s.active", direction);
	half->active =
		add_region(sys, owner, what, queue_region_size(conn->capacity));
	snprintf(what, sizeof(what), "%s.free", direction);
	half->free =
		add_region(sys, owner, what, queue_region_size(conn->capacity));
}

static void add_half(struct system *sys, const struct sys_conn *conn,
		     const char *owner, const char *direction,
		     struct sys_half *half)
{
	char what[32];

	add_queues(sys, conn, owner, direction, half);
	snprintf(what, sizeof(what), "%s.data", direction);
	half->data = add_region(sys, owner, what,
				(uint64_t)conn->capacity * conn->buffer_size);
}

static const char *describe_netns(struct arena *a, const struct topo_port *port)
{
	if (!port->netns.text)
		return "";
	return arena_printf(a, " netns %s", port->netns.text);
}

/* As the topology says it, without the quotes. */
static const char *describe(struct arena *a, const struct topo_port *port)
{
	const char *kind = topo_kind_name(port->kind);

	switch (port->kind) {
	case TO_LINK:
		return arena_printf(a, "link %s <-> %s",
				    port->link->end[0]->text,
				    port->link->end[1]->text);
	case TO_SOCKET:
		return arena_printf(a, "socket %s%s %s",
				    port->connect ? "connect" : "listen",
				    port->tcp ? " tcp" : "", port->target.text);
	default:
		return arena_printf(a, "%s %s%s", kind, port->target.text,
				    describe_netns(a, port));
	}
}

static const char *name_conn(struct topology *t, const struct topo_port *port)
{
	if (port->kind != TO_LINK)
		return topo_port_name(t, port);
	return arena_printf(t->arena, "%s<->%s",
			    topo_port_name(t, port->link->port[0]),
			    topo_port_name(t, port->link->port[1]));
}

/* Where the other side is: a port PD, another switch, or outside. */
static void set_far_end(struct sys_conn *conn, const struct topo_port *port)
{
	conn->pd[1] = port->pd;
	conn->comp[1] = port->comp;
	conn->attachment = SYS_TO_PD;
	if (port->kind == TO_ATTACH) {
		conn->attachment = SYS_TO_ATTACH;
		build_copy(conn->path, port->target.text);
		conn->access = build_access(port);
	} else if (port->kind == TO_DRIVER_VM) {
		conn->attachment = SYS_TO_VIRT;
	} else if (port->kind == TO_LINK) {
		const struct topo_port *peer = port->link->port[1];

		conn->attachment = SYS_TO_SWITCH;
		conn->pd[1] = peer->sw->pd;
		conn->comp[1] = peer->sw->comp;
		conn->port[1] = peer->number;
	}
}

static struct sys_conn *new_conn(struct system *sys)
{
	struct sys_conn *conn = &sys->conn[sys->n_conns++];

	conn->port[0] = conn->port[1] = SYS_NONE;
	conn->ingress = (struct sys_half){ SYS_NONE, SYS_NONE, SYS_NONE };
	conn->follow = SYS_NONE;
	conn->driver = SYS_NONE;
	conn->status = SYS_NONE;
	conn->status_channel = SYS_NONE;
	return conn;
}

/* From the virtualisers to the VM: all but the data is its own. */
static void add_driver(struct system *sys, struct topology *t,
		       const struct topo_port *port)
{
	struct sys_conn *conn = new_conn(sys);
	struct sys_conn *front = conn - 1;
	const struct topo_vm *vm = port->vm;
	const char *owner =
		arena_printf(t->arena, "%s.driver", topo_port_name(t, port));

	front->driver = port->conn + 1;
	build_copy(conn->name, owner);
	build_copy(conn->what, arena_printf(t->arena, "vm %s", vm->name.text));
	conn->attachment = SYS_TO_VM;
	conn->line = vm->name.pos.line;
	conn->pd[0] = port->pd;
	conn->comp[0] = port->comp;
	conn->pd[1] = vm->pd;
	conn->capacity = front->capacity;
	conn->buffer_size = front->buffer_size;
	conn->max_frame = front->max_frame;
	add_queues(sys, conn, owner, "ingress", &conn->ingress);
	add_queues(sys, conn, owner, "egress", &conn->egress);
	conn->ingress.data = front->ingress.data;
	conn->egress.data = front->egress.data;
	conn->link = add_region(sys, owner, "link", PAGE);
	conn->channel = add_channel(sys, conn->name);
	conn->status = vm->status;
	conn->status_channel = vm->channel;
}

/* What the VM has beside its connection, and its virtualisers' statistics. */
static void add_vm(struct system *sys, struct topology *t,
		   struct topo_port *port)
{
	const char *owner = topo_port_name(t, port);
	struct topo_vm *vm = port->vm;
	const char *name = vm->name.text;

	port->stats_rx = add_region(sys, owner, "stats.rx",
				    sizeof(struct net_virt_stats));
	port->stats_tx = add_region(sys, owner, "stats.tx",
				    sizeof(struct net_virt_stats));
	port->ctl = add_channel(sys, arena_printf(t->arena, "%s.virt<->monitor",
						  owner));
	sys->channel[port->ctl].end[1].pd = SYS_PD_MONITOR;
	vm->ram = add_region(sys, name, "ram", vm->memory.value);
	vm->status = add_region(sys, name, "status", PAGE);
	vm->stats = add_region(sys, name, "vmm", PAGE);
	vm->channel =
		add_channel(sys, arena_printf(t->arena, "%s<->monitor", name));
	sys->channel[vm->channel].end[1].pd = SYS_PD_MONITOR;
}

static void add_conn(struct system *sys, struct topology *t,
		     struct topo_port *port)
{
	struct sys_conn *conn = new_conn(sys);
	const char *owner = topo_port_name(t, port);

	port->conn = (uint32_t)sys->n_conns - 1;
	if (port->kind == TO_LINK)
		port->link->port[1]->conn = port->conn;
	build_copy(conn->name, name_conn(t, port));
	build_copy(conn->what, describe(t->arena, port));
	conn->line = port->name.pos.line;
	conn->pd[0] = port->sw->pd;
	conn->comp[0] = port->sw->comp;
	conn->port[0] = port->number;
	set_far_end(conn, port);
	size_conn(conn, port);
	if (port->kind != TO_CAPTURE)
		add_half(sys, conn, owner, "ingress", &conn->ingress);
	add_half(sys, conn, owner, "egress", &conn->egress);
	conn->link = add_region(sys, owner, "link", PAGE);
	conn->channel = add_channel(sys, conn->name);
	if (port->kind == TO_DRIVER_VM) {
		add_vm(sys, t, port);
		add_driver(sys, t, port);
	}
}

static void set_follow(struct system *sys, const struct topo_port *port)
{
	if (port->leader)
		sys->conn[port->conn].follow = port->leader->conn;
}

static void add_switch(struct system *sys, struct topology *t,
		       struct topo_switch *sw)
{
	const char *name = sw->name.text;

	sw->stats =
		add_region(sys, name, "stats", sizeof(struct vswitch_stats));
	sw->ctl_request = add_region(sys, name, "ctl.request",
				     sizeof(struct vswitch_ctl_request));
	sw->ctl_reply = add_region(sys, name, "ctl.reply",
				   sizeof(struct vswitch_ctl_reply));
	sw->image =
		add_region(sys, name, "policy", sizeof(struct policy_image));
	sw->channel =
		add_channel(sys, arena_printf(t->arena, "%s<->monitor", name));
	sys->channel[sw->channel].end[1].pd = SYS_PD_MONITOR;
}

/* Room for all; a link has two ports and one connection: some is left over. */
static void make_room(struct system *sys, const struct topology *t)
{
	const struct topo_switch *sw;
	const struct topo_vm *vm;
	size_t switches = 0, ports = 0, vms = 0;

	for_each(sw, t->switches) {
		switches++;
		ports += sw->n_ports;
	}
	for_each(vm, t->vms)
		vms++;
	sys->conn = must_alloc(ports + vms, sizeof(*sys->conn));
	sys->channel =
		must_alloc(switches + ports + 3 * vms, sizeof(*sys->channel));
	sys->region = must_alloc(4 * switches + 7 * ports + 10 * vms,
				 sizeof(*sys->region));
}

void build_conns(struct system *sys, struct topology *t)
{
	struct topo_switch *sw;
	struct topo_port *port;

	make_room(sys, t);
	for_each(sw, t->switches) {
		add_switch(sys, t, sw);
		for_each(port, sw->ports) {
			if (port->kind != TO_LINK || port->link_end == 0)
				add_conn(sys, t, port);
		}
	}
	for_each(sw, t->switches) {
		for_each(port, sw->ports)
			set_follow(sys, port);
	}
}
