/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir show vms`: driver VMs, from four sources.
 *
 *	the monitor	state, restarts, how long the guest took
 *	virtualisers	frames passed on, descriptors refused
 *	the VMM		exits to user space
 *	the guest	everything else, which need not be true
 */
#include <stdatomic.h>
#include <stddef.h>

#include "vmm/linux/control/json.h"

/* A counter in the page of a guest or VMM. */
struct count {
	const char *key;
	size_t at;
};

#define GUEST(field)                                                           \
	{                                                                      \
#field, offsetof(struct driver_status, field)                  \
	}
#define VMM(field)                                                             \
	{                                                                      \
#field, offsetof(struct vm_stats, field)                       \
	}

static const struct count guest_counts[] = {
	GUEST(rx_frames), GUEST(rx_bytes),	  GUEST(tx_frames),
	GUEST(tx_bytes),  GUEST(rx_no_buffer),	  GUEST(rx_refused),
	GUEST(tx_failed), GUEST(bad_descriptors), GUEST(wakeups),
	GUEST(syscalls),  GUEST(doorbells),	  GUEST(interrupts),
	GUEST(copied),
};

static const struct count vmm_counts[] = {
	VMM(exits),
	VMM(unclaimed),
	VMM(host_errors),
};

static void add_counts(json_t *row, const struct count *count, size_t n,
		       const void *page)
{
	for (size_t i = 0; i < n; i++)
		json_object_set_new(
			row, count[i].key,
			json_integer(counter((const void *)((const char *)page +
							    count[i].at))));
}

static const char *vm_state(const struct monitor *m, const struct mon_vm *vm)
{
	switch (m->pd[vm->pd].state) {
	case PD_DEAD:
		return "restarting";
	case PD_STARTING:
	case PD_RUNNING:
		break;
	}
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
			json_array_append_new(
				rows,
				json_pack("{s:s, s:s, s:s, s:I}", "queue",
					  queue, "side", name[side], "reason",
					  net_virt_reason_key(why), "count",
					  n));
		}
	return sum;
}

static void add_virt(json_t *row, const struct mon_virt *v)
{
	json_t *refused = json_array();
	json_int_t sum = add_refused(refused, "rx", v->stats[MON_RX]) +
			 add_refused(refused, "tx", v->stats[MON_TX]);

	json_object_set_new(row, "rx_passed",
			    json_integer(counter(&v->stats[MON_RX]->frames)));
	json_object_set_new(row, "tx_passed",
			    json_integer(counter(&v->stats[MON_TX]->frames)));
	json_object_set_new(row, "refusals", json_integer(sum));
	json_object_set_new(row, "refused", refused);
}

static json_t *show_vm(const struct monitor *m, const struct mon_vm *vm)
{
	const struct driver_status *s = vm->status;
	bool ready = vm_is_ready(m, vm);
	char mac[MAC_TEXT];
	json_t *row = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:i, s:I, s:I}", "vm",
		vm->comp->name, "port", vm->port->conn->name, "state",
		vm_state(m, vm), "nic", vm->comp->vm.nic, "mac",
		ready ? mac_text(vm_mac(vm), mac) : "", "carrier",
		!ready	      ? ""
		: vm->carrier ? "up"
			      : "down",
		"mtu",
		(json_int_t)(ready ? __atomic_load_n(&s->mtu, __ATOMIC_RELAXED)
				   : 0),
		"restarts", (int)m->pd[vm->pd].restarts, "again_ms",
		pause_ms(pd_pause(m, &m->pd[vm->pd])), "ready_ms",
		(json_int_t)(ready ? vm->ready_ns / MS_NS : 0));

	if (row == NULL)
		return NULL;
	add_counts(row, guest_counts,
		   sizeof(guest_counts) / sizeof(guest_counts[0]), s);
	add_counts(row, vmm_counts, sizeof(vmm_counts) / sizeof(vmm_counts[0]),
		   vm->counts);
	add_virt(row, vm->link->virt[0]);
	return row;
}

json_t *show_vms(const struct monitor *m)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < m->n_vms; i++)
		json_array_append_new(rows, show_vm(m, &m->vm[i]));
	return rows;
}
