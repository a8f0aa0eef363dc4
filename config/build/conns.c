/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Second step: the regions and channels of every connection and every switch,
 * who maps them, and every component's configuration in terms of slots and ids.
 */
#include "config/build/build.h"
#include "virt/net_virt.h"
#include "vswitch/ctl.h"

/*
 * Buffers where nothing is said.  In front of a host's stack there are more of
 * frames: the segments of its peers come in bursts, cut into dozens each, and
 * are lost when there is too little room.
 */
#define DEFAULT_BUFFERS 512u
#define BURST_BUFFERS 2048u
/* Smaller buffers save nothing worth having; larger ones come with the MTU. */
#define LEAST_BUFFER 2048u

/* --- who has them ------------------------------------------------------- */

/* Which side of a connection a component is on; virtualisers see no data. */
enum side { AT_SWITCH, AT_PEER, AT_VIRT };

static struct sys_half map_half(struct sys_pd *pd, const struct sys_half *half,
				bool writes)
{
	struct sys_half slots;

	slots.active = build_map(pd, half->active, SYS_RW);
	slots.free = build_map(pd, half->free, SYS_RW);
	slots.data = build_map(pd, half->data, writes ? SYS_RW : SYS_R);
	return slots;
}

/* @end: of the channel; at a link's second switch all is swapped. */
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
		.offload = conn->offload,
		.max_segment = conn->max_segment,
	};

	wire.ingress = map_half(pd, in, side == AT_PEER);
	wire.egress = map_half(pd, out, side == AT_SWITCH);
	wire.link = build_map(pd, conn->link, SYS_R);
	wire.channel = build_join(sys, index, conn->channel, end);
	return wire;
}

/* --- sizes -------------------------------------------------------------- */

/* Unless told otherwise a capture takes whatever its ports can have. */
static uint32_t longest_of(const struct topo_port *port)
{
	uint64_t watched = port->settings.mtu.set ? 0 : port->capture.mask;
	const struct topo_port *other;
	uint32_t longest = topo_mtu(port) + FRAME_OVERHEAD;

	for_each(other, port->sw->ports) {
		uint32_t its = topo_offload(other)
				       ? SYS_MAX_SEGMENT + FRAME_TAG
				       : topo_mtu(other) + FRAME_OVERHEAD;

		if (watched >> other->number & 1 && its > longest)
			longest = its;
	}
	return longest;
}

static uint32_t buffers_of(const struct topo_port *port)
{
	const struct option *buffers = &port->settings.buffers;

	if (buffers->set)
		return (uint32_t)buffers->value;
	return topo_kinds[port->kind].stack && !topo_offload(port)
		       ? BURST_BUFFERS
		       : DEFAULT_BUFFERS;
}

static void size_conn(struct sys_conn *conn, const struct topo_port *port)
{
	/* A byte more shows that a frame is too long. */
	uint32_t room = port->kind == TO_CAPTURE ? CAPTURE_HEADROOM : 1;
	uint32_t longest = longest_of(port);

	conn->capacity = buffers_of(port);
	conn->max_frame = longest;
	if (topo_offload(port)) {
		conn->offload = OFFLOAD_PORT | OFFLOAD_TAKES_ALL;
		conn->max_segment = longest = SYS_MAX_SEGMENT;
	}
	conn->buffer_size = LEAST_BUFFER;
	while (conn->buffer_size < longest + room)
		conn->buffer_size *= 2;
}

/* --- connections -------------------------------------------------------- */

/* @data: the buffers' region, or SYS_NONE for one of its own. */
static struct sys_half add_half(struct system *sys, const struct sys_conn *conn,
				const char *owner, const char *direction,
				uint32_t data)
{
	uint64_t buffers = (uint64_t)conn->capacity * conn->buffer_size;
	uint64_t queue = queue_region_size(conn->capacity);
	char of[2 * SYS_NAME];
	struct sys_half half;

	snprintf(of, sizeof(of), "%s.%s", owner, direction);
	half.active = build_region(sys, queue, of, "active");
	half.free = build_region(sys, queue, of, "free");
	half.data = data != SYS_NONE ? data
				     : build_region(sys, buffers, of, "data");
	return half;
}

/* What it is called, and, as the topology says it, without the quotes. */
static void name_conn(struct sys_conn *conn, struct topology *t,
		      const struct topo_port *port)
{
	const char *kind = topo_kinds[port->kind].word;
	const char *name = topo_port_name(t, port);
	const char *netns = port->netns.text;

	if (port->kind == TO_LINK) {
		snprintf(conn->name, sizeof(conn->name), "%s<->%s", name,
			 topo_port_name(t, port->link->port[1]));
		snprintf(conn->what, sizeof(conn->what), "link %s <-> %s",
			 port->link->end[0]->text, port->link->end[1]->text);
		return;
	}
	build_copy(conn->name, name);
	if (port->kind == TO_SOCKET)
		kind = arena_printf(t->arena, "socket %s%s",
				    port->connect ? "connect" : "listen",
				    port->tcp ? " tcp" : "");
	else if (port->connect)
		kind = arena_printf(t->arena, "%s connect", kind);
	snprintf(conn->what, sizeof(conn->what), "%s %s%s%s", kind,
		 port->target.text, netns ? " netns " : "", netns ? netns : "");
}

uint32_t build_conn(struct system *sys)
{
	struct sys_conn *conn = build_new(sys->conn, sys->n_conns);

	conn->port[0] = conn->port[1] = SYS_NONE;
	conn->ingress = (struct sys_half){ SYS_NONE, SYS_NONE, SYS_NONE };
	conn->egress = conn->ingress;
	conn->follow = conn->driver = SYS_NONE;
	conn->status = conn->status_channel = SYS_NONE;
	conn->blk =
		(struct sys_blk_half){ SYS_NONE, SYS_NONE, SYS_NONE, SYS_NONE };
	return (uint32_t)sys->n_conns - 1;
}

/* From the virtualisers to the VM: all but the data is its own. */
static void add_driver(struct system *sys, struct topology *t,
		       const struct topo_port *port)
{
	uint32_t driver = build_conn(sys);
	struct sys_conn *conn = &sys->conn[driver];
	struct sys_conn *front = &sys->conn[port->conn];
	const struct topo_vm *vm = port->vm;
	struct sys_vm *cfg = &sys->pd[vm->pd].comp[0].vm;
	const char *owner =
		arena_printf(t->arena, "%s.driver", topo_port_name(t, port));

	front->driver = driver;
	build_copy(conn->name, owner);
	snprintf(conn->what, sizeof(conn->what), "vm %s", vm->name.text);
	conn->attachment = SYS_TO_VM;
	conn->line = vm->name.pos.line;
	conn->pd[0] = port->pd;
	conn->comp[0] = port->comp;
	conn->pd[1] = vm->pd;
	conn->capacity = front->capacity;
	conn->buffer_size = front->buffer_size;
	conn->max_frame = front->max_frame;
	conn->offload = front->offload;
	conn->max_segment = front->max_segment;
	conn->ingress =
		add_half(sys, conn, owner, "ingress", front->ingress.data);
	conn->egress = add_half(sys, conn, owner, "egress", front->egress.data);
	conn->link = build_region(sys, BUILD_PAGE, owner, "link");
	conn->channel = build_channel(sys, SYS_PD_OUTSIDE, owner, "");
	conn->status = sys->pd[vm->pd].map[cfg->status].region;
	conn->status_channel =
		sys->pd[vm->pd].chan[cfg->status_channel].channel;
	sys->pd[port->pd].comp[port->comp].virt.driver =
		wire_up(sys, port->pd, conn, AT_VIRT, 0);
	sys->pd[vm->pd].comp[0].wire = wire_up(sys, vm->pd, conn, AT_PEER, 1);
}

/* What the VM has beside its connection, and its virtualisers' statistics. */
static void add_vm(struct system *sys, const struct topo_port *port,
		   const char *owner)
{
	const uint64_t stats = sizeof(struct net_virt_stats);
	struct sys_virt *virt = &sys->pd[port->pd].comp[port->comp].virt;
	uint32_t pd = port->vm->pd;
	struct sys_vm *vm = &sys->pd[pd].comp[0].vm;
	const char *name = port->vm->name.text;

	virt->stats_rx =
		build_own(sys, port->pd, SYS_RW, stats, owner, "stats.rx");
	virt->stats_tx =
		build_own(sys, port->pd, SYS_RW, stats, owner, "stats.tx");
	virt->ctl_channel =
		build_to_monitor(sys, port->pd, owner, ".virt<->monitor");
	vm->ram = build_own(sys, pd, SYS_RW, vm->memory, name, "ram");
	vm->status = build_own(sys, pd, SYS_RW, BUILD_PAGE, name, "status");
	vm->vmm_stats = build_own(sys, pd, SYS_RW, BUILD_PAGE, name, "vmm");
	vm->status_channel = build_to_monitor(sys, pd, name, "<->monitor");
}

/* What a client VM has; its frames go through the PDs of its ports. */
static void add_client(struct system *sys, const struct topo_vm *of)
{
	struct sys_vm *vm = &sys->pd[of->pd].comp[0].vm;
	const char *name = of->name.text;

	vm->ram = build_own(sys, of->pd, SYS_RW, vm->memory, name, "ram");
	vm->vmm_stats = build_own(sys, of->pd, SYS_RW, BUILD_PAGE, name, "vmm");
	vm->status_channel = build_to_monitor(sys, of->pd, name, "<->monitor");
	vm->status = SYS_NONE;
}

/* Its next device, which sees of the port whether there is a carrier. */
static void add_device(struct system *sys, const struct topo_port *port)
{
	struct sys_pd *pd = &sys->pd[port->vm->pd];
	struct sys_vm *vm = &pd->comp[0].vm;
	struct sys_vm_port *device = &vm->port[vm->n_ports++];

	device->mac = port->mac;
	device->mtu = topo_mtu(port);
	device->conn = port->conn;
	device->link = build_map(pd, sys->conn[port->conn].link, SYS_R);
}

/* Where the other side is: a port PD, another switch, or outside. */
static void set_ends(struct sys_conn *conn, struct topo_port *port)
{
	conn->attachment = topo_kinds[port->kind].to;
	conn->pd[0] = port->sw->pd;
	conn->comp[0] = port->sw->comp;
	conn->port[0] = port->number;
	conn->pd[1] = port->pd;
	conn->comp[1] = port->comp;
	if (port->kind == TO_ATTACH) {
		build_copy(conn->path, port->target.text);
		conn->access =
			build_access(&port->mode, &port->owner, &port->group);
	} else if (port->kind == TO_LINK) {
		struct topo_port *peer = port->link->port[1];

		peer->conn = port->conn;
		conn->pd[1] = peer->sw->pd;
		conn->comp[1] = peer->sw->comp;
		conn->port[1] = peer->number;
	}
}

static struct sys_switch *switch_of(struct system *sys,
				    const struct topo_port *port)
{
	return &sys->pd[port->sw->pd].comp[port->sw->comp].sw;
}

/* What attaches from outside has no PD of ours. */
static void wire_ends(struct system *sys, const struct topo_port *port)
{
	const struct sys_conn *conn = &sys->conn[port->conn];
	enum side side = port->kind == TO_DRIVER_VM ? AT_VIRT : AT_PEER;
	uint32_t pd = port->pd;

	switch_of(sys, port)->port[port->number].wire =
		wire_up(sys, port->sw->pd, conn, AT_SWITCH, 0);
	if (port->link) {
		port = port->link->port[1];
		switch_of(sys, port)->port[port->number].wire =
			wire_up(sys, port->sw->pd, conn, AT_SWITCH, 1);
	} else if (pd != SYS_PD_OUTSIDE) {
		sys->pd[pd].comp[port->comp].wire =
			wire_up(sys, pd, conn, side, 1);
	}
}

static void add_conn(struct system *sys, struct topology *t,
		     struct topo_port *port)
{
	const char *owner = topo_port_name(t, port);
	struct sys_conn *conn;

	port->conn = build_conn(sys);
	conn = &sys->conn[port->conn];
	name_conn(conn, t, port);
	conn->line = port->name.pos.line;
	set_ends(conn, port);
	size_conn(conn, port);
	if (port->kind != TO_CAPTURE)
		conn->ingress = add_half(sys, conn, owner, "ingress", SYS_NONE);
	conn->egress = add_half(sys, conn, owner, "egress", SYS_NONE);
	conn->link = build_region(sys, BUILD_PAGE, owner, "link");
	conn->channel = build_channel(sys, SYS_PD_OUTSIDE, conn->name, "");
	wire_ends(sys, port);
	if (port->kind == TO_DRIVER_VM) {
		add_vm(sys, port, owner);
		add_driver(sys, t, port);
	}
}

static void add_port(struct sys_switch_port *cfg, const struct topo_port *port)
{
	build_copy(cfg->name, port->name.text);
	cfg->kind = port->kind == TO_CAPTURE ? VSWITCH_PORT_CAPTURE
		    : port->kind == TO_LINK  ? VSWITCH_PORT_LINK
					     : VSWITCH_PORT_CLIENT;
	cfg->forward_reserved = port->reserved.set;
	cfg->capture_of = port->capture.mask;
	cfg->capture_drops = port->capture.drops.set;
}

static void add_switch(struct system *sys, const struct topo_switch *sw)
{
	struct sys_switch *cfg = &sys->pd[sw->pd].comp[sw->comp].sw;
	const char *name = sw->name.text;
	const struct topo_port *port;

	cfg->stats = build_own(sys, sw->pd, SYS_RW,
			       sizeof(struct vswitch_stats), name, "stats");
	cfg->ctl_request = build_own(sys, sw->pd, SYS_R,
				     sizeof(struct vswitch_ctl_request), name,
				     "ctl.request");
	cfg->ctl_reply = build_own(sys, sw->pd, SYS_RW,
				   sizeof(struct vswitch_ctl_reply), name,
				   "ctl.reply");
	cfg->policy = build_own(sys, sw->pd, SYS_R, sizeof(struct policy_image),
				name, "policy");
	cfg->ctl_channel = build_to_monitor(sys, sw->pd, name, "<->monitor");
	cfg->n_ports = sw->n_ports;
	for_each(port, sw->ports)
		add_port(&cfg->port[port->number], port);
}

void build_conns(struct system *sys, struct topology *t)
{
	struct topo_switch *sw;
	struct topo_port *port;
	struct topo_vm *vm;

	for_each(sw, t->switches) {
		add_switch(sys, sw);
		for_each(port, sw->ports) {
			if (port->kind != TO_LINK || port->link_end == 0)
				add_conn(sys, t, port);
		}
	}
	for_each_port(port, t) {
		if (port->leader)
			sys->conn[port->conn].follow = port->leader->conn;
	}
	for_each(vm, t->vms) {
		if (topo_is_client(vm))
			add_client(sys, vm);
	}
	for_each_port(port, t) {
		if (port->kind == TO_VM)
			add_device(sys, port);
	}
}
