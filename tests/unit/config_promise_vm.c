/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds of programs, driver VMs and ports that follow others.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "tests/unit/config_promise.h"
#include "virt/net_virt.h"
#include "vmm/kvm/vm_stats.h"

static const struct sys_component *comp_of(const struct sys_conn *c, int end,
					   const struct system *sys)
{
	return &sys->pd[c->pd[end]].comp[c->comp[end]];
}

/* --- programs ----------------------------------------------------------- */

static void address_is_its_own(const struct system *sys, const char *name,
			       uint64_t mac)
{
	assert_int_equal(mac >> 40 & 3, 2); /* local, one station */
	assert_int_equal(mac >> 48, 0);
	for (size_t i = 0; i < sys->n_conns; i++) {
		const struct sys_conn *c = &sys->conn[i];

		if (strcmp(c->name, name) == 0 || c->attachment == SYS_TO_VM)
			continue;
		assert_int_not_equal(promise_lock(sys, c, 0), mac);
		if (c->attachment == SYS_TO_PD &&
		    comp_of(c, 1, sys)->kind == SYS_PROGRAM)
			assert_int_not_equal(comp_of(c, 1, sys)->program.mac,
					     mac);
	}
}

void promise_programs(const struct system *sys)
{
	for (size_t i = 0; i < sys->n_conns; i++) {
		const struct sys_conn *c = &sys->conn[i];
		const struct sys_component *comp;
		uint64_t lock;

		if (c->attachment != SYS_TO_PD)
			continue;
		comp = comp_of(c, 1, sys);
		if (comp->kind != SYS_PROGRAM)
			continue;
		lock = promise_lock(sys, c, 0);
		assert_int_equal(sys->pd[c->pd[1]].n_comps, 1);
		assert_int_equal(comp->program.path[0], '/');
		if (lock)
			assert_int_equal(comp->program.mac, lock);
		else
			address_is_its_own(sys, c->name, comp->program.mac);
	}
}

/* --- driver VMs --------------------------------------------------------- */

static unsigned int mapped_by(const struct system *sys, uint32_t region)
{
	unsigned int n = 0;

	for (size_t i = 0; i < sys->n_pds; i++) {
		for (uint32_t m = 0; m < sys->pd[i].n_maps; m++)
			n += sys->pd[i].map[m].region == region;
	}
	return n;
}

/* Queues and page of its own; data and sizes are the first one's. */
static void check_driver_regions(const struct system *sys,
				 const struct sys_conn *front,
				 const struct sys_conn *c)
{
	uint64_t queue = queue_region_size(c->capacity);

	promise_region(sys, c->ingress.active, c->name, "ingress.active",
		       queue);
	promise_region(sys, c->ingress.free, c->name, "ingress.free", queue);
	promise_region(sys, c->egress.active, c->name, "egress.active", queue);
	promise_region(sys, c->egress.free, c->name, "egress.free", queue);
	promise_region(sys, c->link, c->name, "link", 4096);
	assert_int_equal(c->ingress.data, front->ingress.data);
	assert_int_equal(c->egress.data, front->egress.data);
	assert_int_equal(c->capacity, front->capacity);
	assert_int_equal(c->buffer_size, front->buffer_size);
	assert_int_equal(c->max_frame, front->max_frame);
}

/* A channel from a PD, under an id of that PD, to the monitor. */
static void rings_monitor(const struct system *sys, uint32_t pd, uint32_t id)
{
	const struct sys_channel *channel;

	assert_true(id < sys->pd[pd].n_chans);
	channel = &sys->channel[sys->pd[pd].chan[id].channel];
	assert_int_equal(channel->end[0].pd, pd);
	assert_int_equal(channel->end[0].id, id);
	assert_int_equal(channel->end[1].pd, SYS_PD_MONITOR);
}

static void check_virt(const struct system *sys, const struct sys_conn *front,
		       const struct sys_conn *c)
{
	const struct sys_component *comp = comp_of(front, 1, sys);
	const struct sys_map *map = sys->pd[front->pd[1]].map;

	assert_int_equal(comp->kind, SYS_VIRT);
	assert_int_equal(c->pd[0], front->pd[1]);
	assert_int_equal(c->comp[0], front->comp[1]);
	promise_wire(sys, c, &comp->virt.driver, 0, false);
	promise_region(sys, map[comp->virt.stats_rx].region, front->name,
		       "stats.rx", sizeof(struct net_virt_stats));
	promise_region(sys, map[comp->virt.stats_tx].region, front->name,
		       "stats.tx", sizeof(struct net_virt_stats));
	rings_monitor(sys, front->pd[1], comp->virt.ctl_channel);
}

static void check_status(const struct system *sys, const struct sys_conn *c,
			 const struct sys_component *vm)
{
	const struct sys_pd *pd = &sys->pd[c->pd[1]];
	uint32_t stats = pd->map[vm->vm.vmm_stats].region;

	promise_region(sys, c->status, vm->name, "status", 4096);
	promise_slot(sys, c->pd[1], vm->vm.status, c->status);
	assert_int_equal(mapped_by(sys, c->status), 1);
	rings_monitor(sys, c->pd[1], vm->vm.status_channel);
	assert_int_equal(pd->chan[vm->vm.status_channel].channel,
			 c->status_channel);
	promise_region(sys, stats, vm->name, "vmm", sizeof(struct vm_stats));
	assert_int_equal(mapped_by(sys, stats), 1);
}

/* Its own PD maps its connection, RAM, status and statistics: no more. */
static void check_vm(const struct system *sys, const struct sys_conn *c)
{
	const struct sys_pd *pd = &sys->pd[c->pd[1]];
	const struct sys_component *vm = comp_of(c, 1, sys);
	uint64_t memory;
	uint32_t ram;

	assert_int_equal(vm->kind, SYS_VM);
	assert_string_equal(pd->name, vm->name);
	assert_int_equal(pd->n_comps, 1);
	/* For a disk as well, its connection and its window. */
	assert_int_equal(pd->n_maps, 10 + (vm->vm.n_blk_data > 0 ? 4 : 0) +
					     vm->vm.n_blk_data);
	assert_int_equal(pd->n_chans, 2 + (vm->vm.n_blk_data > 0));
	promise_wire(sys, c, &vm->wire, 1, false);
	ram = pd->map[vm->vm.ram].region;
	memory = sys->region[ram].size;
	assert_int_equal(vm->vm.memory, memory);
	assert_in_range(memory, 16 << 20, 2ul << 30);
	assert_int_equal(memory % (2 << 20), 0);
	promise_region(sys, ram, vm->name, "ram", memory);
	assert_int_equal(mapped_by(sys, ram), 1);
	assert_int_equal(vm->vm.kernel[0], '/');
	assert_int_equal(vm->vm.initrd[0], '/');
	assert_int_equal(strlen(vm->vm.nic), strlen("0000:00:03.0"));
	check_status(sys, c, vm);
}

static void check_driver(const struct system *sys, size_t front)
{
	const struct sys_conn *c = &sys->conn[front + 1];

	assert_int_equal(sys->conn[front].driver, front + 1);
	assert_true(front + 1 < sys->n_conns);
	assert_int_equal(c->attachment, SYS_TO_VM);
	assert_int_equal(strncmp(c->name, sys->conn[front].name,
				 strlen(sys->conn[front].name)),
			 0);
	assert_string_equal(c->name + strlen(sys->conn[front].name), ".driver");
	assert_int_equal(c->port[0], SYS_NONE);
	assert_int_equal(c->port[1], SYS_NONE);
	assert_int_equal(c->follow, SYS_NONE);
	check_driver_regions(sys, &sys->conn[front], c);
	check_virt(sys, &sys->conn[front], c);
	check_vm(sys, c);
}

static bool is_vm(const struct sys_pd *pd)
{
	return pd->comp[0].kind == SYS_VM || pd->comp[0].kind == SYS_CLIENT_VM;
}

static bool is_disk(const struct sys_pd *pd)
{
	return pd->comp[0].kind == SYS_DISK || pd->comp[0].kind == SYS_BLK_VIRT;
}

/* A device's PD serves its port and knows whose it is. */
static void check_device(const struct system *sys, const char *vm,
			 const struct sys_vm_port *device, uint32_t pd)
{
	const struct sys_conn *c = &sys->conn[device->conn];
	const struct sys_component *comp = comp_of(c, 1, sys);

	assert_true(device->conn < sys->n_conns);
	assert_int_equal(c->attachment, SYS_TO_PD);
	assert_int_not_equal(c->pd[1], pd);
	assert_int_equal(comp->kind, SYS_VHOST_USER);
	assert_int_equal(comp->socket.mode, SYS_SOCKET_GIVEN);
	assert_string_equal(comp->socket.path, vm);
	promise_slot(sys, pd, device->link, c->link);
	assert_int_equal(device->mtu, c->max_frame - FRAME_OVERHEAD);
	assert_true(device->mac != 0 && device->mac >> 48 == 0);
	assert_false(device->mac & MAC_GROUP_BIT);
}

/* Of its ports a client VM sees the link pages. */
static void check_client(const struct system *sys, uint32_t index)
{
	const struct sys_pd *pd = &sys->pd[index];
	const struct sys_component *c = &pd->comp[0];
	const struct sys_vm *vm = &c->vm;

	assert_int_equal(pd->n_comps, 1);
	assert_in_range(vm->n_ports, 1, SYS_VM_PORTS);
	assert_int_equal(pd->n_maps, 2 + vm->n_ports);
	assert_int_equal(pd->n_chans, 1);
	rings_monitor(sys, index, vm->status_channel);
	promise_region(sys, pd->map[vm->ram].region, c->name, "ram",
		       vm->memory);
	assert_int_equal(mapped_by(sys, pd->map[vm->ram].region), 1);
	assert_in_range(vm->cpus, 1, SYS_VM_CPUS);
	assert_int_equal(vm->nic[0], '\0');
	for (uint32_t i = 0; i < vm->n_ports; i++)
		check_device(sys, c->name, &vm->port[i], index);
}

void promise_vms(const struct system *sys)
{
	size_t fronts = 0, backs = 0, vms = 0, disk_vms = 0;

	for (size_t i = 0; i < sys->n_conns; i++) {
		const struct sys_conn *c = &sys->conn[i];

		if (c->attachment == SYS_TO_VIRT) {
			fronts++;
			check_driver(sys, i);
		} else if (c->attachment != SYS_TO_DISK) {
			assert_int_equal(c->driver, SYS_NONE);
		}
		if (c->attachment == SYS_TO_VM) {
			backs++;
		} else if (c->attachment == SYS_TO_BLK_VM) {
			check_status(sys, c, comp_of(c, 1, sys));
		} else {
			assert_int_equal(c->status, SYS_NONE);
			assert_int_equal(c->status_channel, SYS_NONE);
		}
	}
	for (size_t i = 0; i < sys->n_pds; i++) {
		vms += sys->pd[i].comp[0].kind == SYS_VM;
		disk_vms += sys->pd[i].comp[0].kind == SYS_VM &&
			    sys->pd[i].comp[0].wire.link == SYS_NONE;
		if (sys->pd[i].comp[0].kind == SYS_CLIENT_VM)
			check_client(sys, (uint32_t)i);
		/* They come last but for disks. */
		assert_true(i == 0 || is_vm(&sys->pd[i]) ||
			    is_disk(&sys->pd[i]) || !is_vm(&sys->pd[i - 1]));
	}
	assert_int_equal(fronts, backs);
	assert_int_equal(fronts, vms - disk_vms);
}

/* --- followers ---------------------------------------------------------- */

static bool is_of(const struct sys_conn *c, const struct sys_conn *switch_of)
{
	for (int end = 0; end < 2; end++) {
		if (c->pd[end] == switch_of->pd[0] &&
		    c->comp[end] == switch_of->comp[0])
			return true;
	}
	return false;
}

void promise_follows(const struct system *sys)
{
	for (size_t i = 0; i < sys->n_conns; i++) {
		const struct sys_conn *c = &sys->conn[i];
		const struct sys_conn *leader = c;
		size_t steps = 0;

		if (c->follow == SYS_NONE)
			continue;
		assert_true(c->follow < sys->n_conns);
		assert_int_not_equal(c->attachment, SYS_TO_SWITCH);
		assert_int_not_equal(promise_port(sys, c, 0)->kind,
				     VSWITCH_PORT_CAPTURE);
		for (; leader->follow != SYS_NONE; steps++) {
			assert_true(steps < sys->n_conns);
			leader = &sys->conn[leader->follow];
			assert_int_not_equal(leader->attachment, SYS_TO_VM);
			assert_true(is_of(leader, c));
			assert_int_not_equal(promise_port(sys, leader, 0)->kind,
					     VSWITCH_PORT_CAPTURE);
		}
	}
}
