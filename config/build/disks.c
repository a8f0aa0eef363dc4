/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Third step: disks.  Each of a guest's is a PD of its own, and so is the
 * virtualiser of a disk behind a driver VM, whose clients these are.
 */
#include <string.h>

#include "base/blk_ring.h"
#include "config/build/build.h"
#include "virt/blk_virt.h"

/* Requests a client can have under way, and room for their data. */
#define CLIENT_REQUESTS 128u
#define CLIENT_DATA (4u << 20)

_Static_assert(SYS_BLK_CLIENTS <= BLK_VIRT_MAX_CLIENTS,
	       "a virtualiser has room for its clients");
_Static_assert(SYS_BLK_CLIENTS *CLIENT_REQUESTS <= BLK_MAX_CAPACITY,
	       "and a ring for what they ask");

static struct sys_partition partition_of(const struct topo_disk *disk)
{
	struct sys_partition part = {
		.number = (uint32_t)disk->partition.value,
	};

	build_copy(part.name, disk->partition.arg.text);
	return part;
}

static const struct sys_blk_wire no_wire = {
	.request = SYS_NONE,
	.response = SYS_NONE,
	.data = SYS_NONE,
	.info = SYS_NONE,
	.link = SYS_NONE,
	.channel = SYS_NONE,
};

/* --- a guest's disk ----------------------------------------------------- */

static void configure_socket(struct sys_socket *cfg, const struct topo_use *use)
{
	const struct topo_disk *disk = use->disk;

	cfg->mode = use->vm ? SYS_SOCKET_GIVEN : SYS_SOCKET_LISTEN;
	build_copy(cfg->path,
		   use->vm ? use->vm->name.text : disk->socket.arg.text);
	if (!use->vm)
		cfg->access =
			build_access(&disk->mode, &disk->owner, &disk->group);
}

static void configure_disk(struct sys_disk *cfg, const struct topo_use *use)
{
	const struct topo_disk *whole = use->disk->whole;

	cfg->source = whole->driver.set ? SYS_DISK_QUEUE : SYS_DISK_FILE;
	configure_socket(&cfg->socket, use);
	build_copy(cfg->path, whole->file.arg.text);
	cfg->first = use->first;
	cfg->size = use->size;
	cfg->partition = partition_of(use->disk);
	cfg->read_only = use->read_only;
	cfg->sparse = whole->sparse.set;
	cfg->make = whole->size.set;
	cfg->blk = no_wire;
}

static void add_use(struct system *sys, struct topology *t,
		    struct topo_use *use)
{
	const char *name = topo_use_name(t, use);
	struct sys_disk *cfg;
	struct sys_vm *vm;
	uint32_t first;

	use->pd = build_pd(sys, name, 0, use->vm ? use->vm->placement : NULL);
	cfg = &build_comp(sys, use->pd, SYS_DISK, name, &first)->disk;
	configure_disk(cfg, use);
	cfg->stats = build_own(sys, use->pd, SYS_RW, BUILD_PAGE, name, "stats");
	if (!use->vm)
		return;
	vm = &sys->pd[use->vm->pd].comp[0].vm;
	vm->n_disks++;
	vm->disk[use->number] = (struct sys_vm_disk){
		.pd = use->pd,
		.read_only = use->read_only,
	};
}

/* --- a virtualiser ------------------------------------------------------ */

/* @data: bytes of the data region; 0: there is none of its own. */
static struct sys_conn *add_conn(struct system *sys, const char *owner,
				 uint32_t capacity, uint64_t data)
{
	uint32_t index = build_conn(sys);
	struct sys_conn *conn = &sys->conn[index];

	build_copy(conn->name, owner);
	conn->capacity = capacity;
	conn->blk.request = build_region(sys, blk_request_region_size(capacity),
					 owner, "request");
	conn->blk.response = build_region(
		sys, blk_response_region_size(capacity), owner, "response");
	conn->blk.info = build_region(sys, BLK_INFO_REGION_SIZE, owner, "info");
	if (data)
		conn->blk.data = build_region(sys, data, owner, "data");
	conn->link = build_region(sys, BUILD_PAGE, owner, "link");
	conn->channel = build_channel(sys, SYS_PD_OUTSIDE, owner, "");
	return conn;
}

/* One end of a connection; @asks: it is the side that makes requests. */
static struct sys_blk_wire wire_up(struct system *sys,
				   const struct sys_conn *conn,
				   unsigned int end, bool asks, bool data)
{
	struct sys_pd *pd = &sys->pd[conn->pd[end]];
	struct sys_blk_wire wire = {
		.capacity = conn->capacity,
		.data = SYS_NONE,
	};

	wire.request = build_map(pd, conn->blk.request, SYS_RW);
	wire.response = build_map(pd, conn->blk.response, SYS_RW);
	wire.info = build_map(pd, conn->blk.info, asks ? SYS_R : SYS_RW);
	if (data)
		wire.data = build_map(pd, conn->blk.data, SYS_RW);
	if (conn->blk.data != SYS_NONE)
		wire.data_size = sys->region[conn->blk.data].size;
	wire.link = build_map(pd, conn->link, SYS_R);
	wire.channel = build_join(sys, conn->pd[end], conn->channel, end);
	return wire;
}

static struct sys_blk_virt *virt_of(struct system *sys, uint32_t pd)
{
	return &sys->pd[pd].comp[0].blk_virt;
}

/* The next region of the driver's window; it begins at the offset returned. */
static uint64_t add_window(struct system *sys, const struct topo_disk *disk,
			   uint32_t region)
{
	struct sys_pd *pd = &sys->pd[disk->vm->pd];
	struct sys_vm *vm = &pd->comp[0].vm;
	uint64_t at = vm->blk.data_size;

	vm->blk_data[vm->n_blk_data++] = build_map(pd, region, SYS_RW);
	vm->blk.data_size += sys->region[region].size;
	return at;
}

static void add_client(struct system *sys, struct topology *t,
		       const struct topo_disk *disk, const struct topo_use *use,
		       uint32_t driver)
{
	const char *name = topo_use_name(t, use);
	struct sys_conn *conn =
		add_conn(sys, name, CLIENT_REQUESTS, CLIENT_DATA);
	struct sys_blk_virt *virt = virt_of(sys, disk->pd);
	struct sys_blk_client *client = &virt->client[virt->n_clients++];

	conn->attachment = SYS_TO_DISK;
	conn->line = use->pos.line;
	conn->pd[0] = disk->pd;
	conn->pd[1] = use->pd;
	conn->driver = driver;
	snprintf(conn->what, sizeof(conn->what), "disk %s", disk->name.text);
	build_copy(client->name, name);
	client->partition = partition_of(use->disk);
	client->read_only = use->read_only;
	client->wire = wire_up(sys, conn, 0, false, false);
	client->window = add_window(sys, disk, conn->blk.data);
	sys->pd[use->pd].comp[0].disk.blk = wire_up(sys, conn, 1, true, true);
}

/* What a driver VM without a card has not got from its port's connection. */
static void add_driver_vm(struct system *sys, const struct topo_vm *of)
{
	struct sys_vm *vm = &sys->pd[of->pd].comp[0].vm;
	const char *name = of->name.text;

	vm->ram = build_own(sys, of->pd, SYS_RW, vm->memory, name, "ram");
	vm->status = build_own(sys, of->pd, SYS_RW, BUILD_PAGE, name, "status");
	vm->vmm_stats = build_own(sys, of->pd, SYS_RW, BUILD_PAGE, name, "vmm");
	vm->status_channel = build_to_monitor(sys, of->pd, name, "<->monitor");
}

static uint32_t count_clients(const struct topology *t,
			      const struct topo_disk *disk)
{
	const struct topo_use *use;
	uint32_t n = 0;

	for_each(use, t->uses)
		n += use->disk->whole == disk;
	return n;
}

/* To the VM, whose window begins with the page for the partition table. */
static uint32_t add_driver(struct system *sys, struct topology *t,
			   const struct topo_disk *disk)
{
	const char *owner = arena_printf(t->arena, "%s.driver", shown(disk));
	uint32_t vm_pd = disk->vm->pd, clients = count_clients(t, disk);
	struct sys_vm *vm = &sys->pd[vm_pd].comp[0].vm;
	struct sys_blk_virt *virt = virt_of(sys, disk->pd);
	uint32_t capacity = CLIENT_REQUESTS, table;
	struct sys_conn *conn;

	while (capacity < clients * CLIENT_REQUESTS)
		capacity *= 2;
	conn = add_conn(sys, owner, capacity, 0);
	conn->attachment = SYS_TO_BLK_VM;
	conn->line = disk->vm->name.pos.line;
	conn->pd[0] = disk->pd;
	conn->pd[1] = vm_pd;
	conn->status = sys->pd[vm_pd].map[vm->status].region;
	conn->status_channel = sys->pd[vm_pd].chan[vm->status_channel].channel;
	snprintf(conn->what, sizeof(conn->what), "vm %s", shown(disk->vm));
	virt->driver = wire_up(sys, conn, 0, true, false);
	vm->blk = wire_up(sys, conn, 1, false, false);
	table = build_region(sys, BUILD_PAGE, shown(disk), "table");
	virt->table = build_map(&sys->pd[disk->pd], table, SYS_RW);
	virt->table_window = add_window(sys, disk, table);
	return (uint32_t)(conn - sys->conn);
}

static void add_virt(struct system *sys, struct topology *t,
		     struct topo_disk *disk)
{
	const char *name = shown(disk);
	struct sys_blk_virt *virt;
	struct topo_use *use;
	uint32_t driver;

	disk->pd = build_pd(sys, name, 0, NULL);
	virt = &build_comp(sys, disk->pd, SYS_BLK_VIRT, name, &driver)->blk_virt;
	virt->retry = !disk->error.set;
	virt->stats = build_own(sys, disk->pd, SYS_RW,
				sizeof(struct blk_virt_stats), name, "stats");
	virt->ctl_channel = build_to_monitor(sys, disk->pd, name, "<->monitor");
	if (!disk->vm->user)
		add_driver_vm(sys, disk->vm);
	driver = add_driver(sys, t, disk);
	for_each(use, t->uses) {
		if (use->disk->whole == disk)
			add_client(sys, t, disk, use, driver);
	}
	virt_of(sys, disk->pd)->driver.data_size =
		sys->pd[disk->vm->pd].comp[0].vm.blk.data_size;
}

/* --- all of them -------------------------------------------------------- */

/* A driver VM without one of the two has no slots for it. */
static void mark_absent(struct system *sys, const struct topo_vm *vm)
{
	const struct sys_half none = { SYS_NONE, SYS_NONE, SYS_NONE };
	struct sys_component *c = &sys->pd[vm->pd].comp[0];

	if (!vm->drives)
		c->vm.blk = no_wire;
	if (vm->user)
		return;
	c->wire.ingress = c->wire.egress = none;
	c->wire.link = c->wire.channel = SYS_NONE;
}

void build_disks(struct system *sys, struct topology *t)
{
	struct topo_disk *disk;
	struct topo_use *use;
	struct topo_vm *vm;

	for_each(use, t->uses)
		add_use(sys, t, use);
	for_each(disk, t->disks) {
		if (disk->driver.set)
			add_virt(sys, t, disk);
	}
	for_each(vm, t->vms) {
		if (!topo_is_client(vm))
			mark_absent(sys, vm);
	}
}
