/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir show vms`: VMs, from four sources.  Of a client VM, the first and the
 * third.
 *
 *	the monitor	state, restarts, how long the guest took
 *	virtualisers	frames passed on, descriptors refused
 *	the VMM		exits to user space
 *	the guest	everything else, which need not be true
 */
#include <stdatomic.h>
#include <string.h>

#include "vmm/linux/control/json.h"

static const char *vm_state(const struct monitor *m, const struct mon_vm *vm)
{
	if (m->pd[vm->pd].off)
		return "off";
	if (m->pd[vm->pd].state == PD_DEAD)
		return "restarting";
	return vm_is_ready(m, vm) ? "ready" : "starting";
}

/* What a virtualiser has refused; returns how much that was. */
static json_int_t add_refused(json_t *rows, const char *queue,
			      const struct net_virt_stats *s)
{
	static const char *const name[] = {
		[NET_VIRT_DRIVER] = "driver",
		[NET_VIRT_SWITCH] = "switch",
	};
	json_int_t sum = 0;

	for (int side = 0; side < NET_VIRT_SIDES; side++)
		for (int r = 0; r < NET_VIRT_REASON_COUNT; r++) {
			enum net_virt_reason why = (enum net_virt_reason)r;
			json_int_t n = counter(&s->side[side].refused[r]);

			if (n == 0)
				continue;
			sum += n;
			add_row(rows,
				json_pack("{s:s, s:s, s:s, s:I}", "queue",
					  queue, "side", name[side], "reason",
					  net_virt_reason_key(why), "count",
					  n));
		}
	return sum;
}

/* Of a VM that drives a disk; NULL for others. */
static json_t *disk_json(const struct mon_vm *vm)
{
	const struct driver_blk_status *s = vm->blk_status;

	if (vm->blk == NULL)
		return json_null();
#define COUNT(field) #field, counter(&s->field)
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:I, s:I}",
			 "name", vm->blk->blk->comp->name, COUNT(blocks),
			 "reads", counter(&s->requests[BLK_READ]), "writes",
			 counter(&s->requests[BLK_WRITE]), "flushes",
			 counter(&s->requests[BLK_FLUSH]), COUNT(read_bytes),
			 COUNT(written_bytes), COUNT(errors),
			 COUNT(bad_requests), COUNT(doorbells), COUNT(copied),
			 COUNT(batches));
#undef COUNT
}

static json_t *show_vm(const struct monitor *m, const struct mon_vm *vm)
{
	static const struct net_virt_stats nothing;
	const struct driver_status *s = vm->status;
	const struct vm_stats *vmm = vm->counts;
	const struct net_virt_stats *virt[MON_QUEUES] = { &nothing, &nothing };
	const char *port = vm->port == NULL ? "" : vm->port->conn->name;
	json_t *refused = json_array();
	json_t *ports = json_array();
	json_int_t refusals = 0;
	bool ready = vm_is_ready(m, vm);

	if (vm->link != NULL)
		memcpy(virt, vm->link->virt[0]->stats, sizeof(virt));
	if (vm->port != NULL)
		json_array_append_new(ports, json_string(port));
	refusals += add_refused(refused, "rx", virt[MON_RX]);
	refusals += add_refused(refused, "tx", virt[MON_TX]);
#define COUNT(page, field) #field, counter(&(page)->field)
	return json_pack(
		"{s:s, s:s, s:o, s:s, s:s, s:o, s:s, s:s, s:o, s:s, s:I, s:i, s:I, s:I, s:I, s:I, "
		"s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:I, s:I, s:I, s:I, s:I, s:o}",
		"vm", vm->comp->name, "kind", "driver", "ports", ports, "port",
		port, "storage", vm->comp->vm.storage, "disk", disk_json(vm),
		"state", vm_state(m, vm), "nic", vm->comp->vm.nic, "mac",
		ready && vm->link != NULL ? mac_json(vm_mac(vm))
					  : json_string(""),
		"carrier",
		!ready || vm->link == NULL ? ""
		: vm->carrier		   ? "up"
					   : "down",
		"mtu",
		(json_int_t)(ready ? __atomic_load_n(&s->mtu, __ATOMIC_RELAXED)
				   : 0),
		"restarts", (int)m->pd[vm->pd].restarts, "again_ms",
		pause_ms(pd_pause(m, &m->pd[vm->pd])), "ready_ms",
		(json_int_t)(ready ? vm->ready_ns / MS_NS : 0),
		COUNT(s, rx_frames), COUNT(s, rx_bytes), COUNT(s, tx_frames),
		COUNT(s, tx_bytes), COUNT(s, rx_no_buffer),
		COUNT(s, rx_refused), COUNT(s, tx_failed),
		COUNT(s, bad_descriptors), COUNT(s, wakeups),
		COUNT(s, syscalls), COUNT(s, doorbells), COUNT(s, interrupts),
		COUNT(s, copied), COUNT(vmm, exits), COUNT(vmm, unclaimed),
		COUNT(vmm, host_errors), "rx_passed",
		counter(&virt[MON_RX]->frames), "tx_passed",
		counter(&virt[MON_TX]->frames), "refusals", refusals, "refused",
		refused);
#undef COUNT
}

static json_t *show_guest(const struct monitor *m, const struct mon_guest *g)
{
	const struct mon_pd *pd = &m->pd[g->pd];
	const struct sys_vm *vm = &g->comp->vm;
	bool on = pd_alive(pd) && !pd->off;
	json_t *ports = json_array(), *disks = json_array();

	for (uint32_t i = 0; i < vm->n_ports; i++)
		json_array_append_new(
			ports,
			json_pack("s", m->sys.conn[vm->port[i].conn].name));
	for (uint32_t i = 0; i < vm->n_disks; i++)
		json_array_append_new(
			disks, json_pack("s", m->sys.pd[vm->disk[i].pd].name));
	return json_pack(
		"{s:s, s:s, s:o, s:o, s:s, s:I, s:I, s:i, s:i, s:I, s:I, s:I, "
		"s:I, s:I}",
		"vm", g->comp->name, "kind", "client", "ports", ports, "disks",
		disks, "state", pd_state_name(pd), "cpus", (json_int_t)vm->cpus,
		"memory_mib", (json_int_t)(vm->memory >> 20), "restarts",
		(int)pd->restarts, "reboots", (int)g->reboots, "again_ms",
		pause_ms(pd_pause(m, pd)), "uptime_s",
		(json_int_t)(on ? (m->now_ns - g->started_ns) / (1000 * MS_NS)
				: 0),
		"exits", counter(&g->counts->exits), "unclaimed",
		counter(&g->counts->unclaimed), "host_errors",
		counter(&g->counts->host_errors));
}

json_t *show_vms(const struct monitor *m)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < m->n_vms; i++)
		add_row(rows, show_vm(m, &m->vm[i]));
	for (size_t i = 0; i < m->n_guests; i++)
		add_row(rows, show_guest(m, &m->guest[i]));
	return rows;
}
