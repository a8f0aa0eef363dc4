/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/fake_components.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "virt/driver_abi.h"
#include "virt/net_virt.h"
#include "vmm/kvm/vm_stats.h"
#include "vmm/linux/error.h"
#include "base/link.h"

#define FAKE_MAC "\x52\x54\x00\x12\x34\x56"

/* --- queues ------------------------------------------------------------- */

struct fake_wire {
	const struct link_page *link;
	uint32_t epoch;
	uint64_t *queue[4];
};

static void fake_wire_init(struct component *c, const struct sys_wire *w,
			   struct fake_wire *wire)
{
	wire->link = pd_region(c, w->link, NULL);
	wire->queue[0] = pd_region(c, w->egress.active, NULL);
	wire->queue[1] = pd_region(c, w->egress.free, NULL);
	wire->queue[2] = pd_region(c, w->ingress.active, NULL);
	wire->queue[3] = pd_region(c, w->ingress.free, NULL);
}

static void fake_wire_dirty(const struct fake_wire *wire)
{
	for (int i = 0; i < 4; i++)
		*wire->queue[i] = 1;
}

/* Whether the link has come up or gone down; what is up must be clean. */
static bool fake_wire_changed(struct component *c, struct fake_wire *wire)
{
	uint32_t epoch = link_epoch(wire->link);

	if (epoch == wire->epoch)
		return false;
	wire->epoch = epoch;
	for (int i = 0; link_is_up(epoch) && i < 4; i++)
		if (*wire->queue[i] != 0)
			pd_log(c, "dirty");
	return true;
}

/* --- virtualisers ------------------------------------------------------- */

struct fake_virt {
	struct fake_wire wire[NET_VIRT_SIDES];
	struct net_virt_stats *stats[2];
	const struct order *order;
	uint32_t obeyed;
	bool deaf;
};

static int fake_virt_init(struct component *c)
{
	const struct sys_virt *cfg = &c->cfg->virt;
	struct fake_virt *v = c->state;

	fake_wire_init(c, &cfg->driver, &v->wire[NET_VIRT_DRIVER]);
	fake_wire_init(c, &c->cfg->wire, &v->wire[NET_VIRT_SWITCH]);
	v->stats[0] = pd_region(c, cfg->stats_rx, NULL);
	v->stats[1] = pd_region(c, cfg->stats_tx, NULL);
	v->order = pd_region(c, c->cfg->wire.egress.data, NULL);
	v->obeyed = v->order->number;
	/* Only what has been zeroed by the monitor starts from nothing. */
	if (v->stats[0]->frames != 0 || v->stats[1]->frames != 0)
		pd_log(c, "dirty");
	v->stats[0]->frames = 10;
	v->stats[1]->frames = 20;
	v->stats[0]->side[NET_VIRT_DRIVER].refused[NET_VIRT_NEVER_LENT] = 3;
	v->stats[1]->side[NET_VIRT_SWITCH].refused[NET_VIRT_NO_ROOM] = 4;
	return 0;
}

static void fake_virt_fault(struct component *c, enum net_virt_side side)
{
	struct fake_virt *v = c->state;

	v->stats[1]->side[side].state = NET_VIRT_FAULT;
	v->stats[1]->side[side].faults++;
	pd_ring(c, c->cfg->virt.ctl_channel);
}

static void fake_virt_obey(struct component *c, const char *text)
{
	struct fake_virt *v = c->state;

	if (strcmp(text, "crash") == 0)
		__builtin_trap();
	if (strcmp(text, "deaf") == 0) {
		v->deaf = true;
		pd_log(c, "deaf from now on");
	}
	if (strcmp(text, "smear") == 0) {
		for (int i = 0; i < NET_VIRT_SIDES; i++)
			fake_wire_dirty(&v->wire[i]);
		pd_log(c, "smeared");
	}
	if (strcmp(text, "fault driver") == 0)
		fake_virt_fault(c, NET_VIRT_DRIVER);
	if (strcmp(text, "fault switch") == 0)
		fake_virt_fault(c, NET_VIRT_SWITCH);
	if (strncmp(text, "vm ", 3) == 0)
		pd_ring(c, c->cfg->virt.driver.channel);
}

static bool fake_virt_run(struct component *c, uint64_t now_ns)
{
	struct fake_virt *v = c->state;

	(void)now_ns;
	for (int i = 0; !v->deaf && i < NET_VIRT_SIDES; i++) {
		if (!fake_wire_changed(c, &v->wire[i]))
			continue;
		for (int q = 0; q < 2; q++) {
			struct net_virt_side_stats *s = &v->stats[q]->side[i];

			s->state = link_is_up(v->wire[i].epoch) ? NET_VIRT_UP
								: NET_VIRT_DOWN;
			__atomic_store_n(&s->epoch, v->wire[i].epoch,
					 __ATOMIC_RELEASE);
		}
	}
	if (v->order->number != v->obeyed) {
		v->obeyed = v->order->number;
		fake_virt_obey(c, v->order->text);
	}
	return false;
}

const struct component_ops fake_virt_ops = {
	.kind = SYS_VIRT,
	.name = "driver-vm",
	.state_size = sizeof(struct fake_virt),
	.init = fake_virt_init,
	.run = fake_virt_run,
};

/* --- the VM ------------------------------------------------------------- */

struct fake_vm {
	struct fake_wire wire;
	struct driver_status *status;
	const struct order *order;
	uint32_t obeyed;
	bool begun;
};

static int fake_vm_start(const struct sys_component *cfg, int *fds,
			 unsigned int n, struct error *err)
{
	char busy[SYS_PATH];

	if (strstr(cfg->vm.kernel, "refuse") != NULL)
		return error_set(err, "%s: fake start refuses", cfg->name);
	snprintf(busy, sizeof(busy), "%.200s.busy", cfg->vm.kernel);
	if (access(busy, F_OK) == 0)
		return error_set(err, "fake start: busy");
	fds[n] = open(cfg->vm.kernel, O_CREAT | O_WRONLY | O_APPEND, 0600);
	if (fds[n] < 0 || write(fds[n], "x", 1) != 1)
		return error_set(err, "%s: fake start: %s", cfg->name,
				 strerror(errno));
	return 1;
}

static int fake_vm_init(struct component *c)
{
	const struct sys_vm *cfg = &c->cfg->vm;
	struct fake_vm *vm = c->state;
	struct vm_stats *stats = pd_region(c, cfg->vmm_stats, NULL);
	uint64_t *ram = pd_region(c, cfg->ram, NULL);

	fake_wire_init(c, &c->cfg->wire, &vm->wire);
	vm->status = pd_region(c, cfg->status, NULL);
	vm->order = pd_region(c, c->cfg->wire.egress.data, NULL);
	vm->obeyed = vm->order->number;
	/* What start() gave, open in this process. */
	if (c->n_fds != 1 || fcntl(c->fd[0], F_GETFD) < 0)
		pd_log(c, "dirty");
	/* Nothing may be left of another life. */
	if (*ram != 0 || vm->status->state != 0 || stats->exits != 0)
		pd_log(c, "dirty");
	*ram = 1;
	stats->exits = 7;
	return 0;
}

static void fake_vm_ready(struct component *c)
{
	struct fake_vm *vm = c->state;

	memcpy(vm->status->mac, FAKE_MAC, 6);
	vm->status->mtu = 1500;
	vm->status->rx_frames = 11;
	vm->status->carrier = 1;
	vm->status->state = DRIVER_READY;
	pd_ring(c, c->cfg->vm.status_channel);
}

static void fake_vm_obey(struct component *c, const char *text)
{
	struct fake_vm *vm = c->state;

	if (strcmp(text, "vm crash") == 0)
		__builtin_trap();
	if (strcmp(text, "vm smear") == 0)
		fake_wire_dirty(&vm->wire);
	if (strcmp(text, "vm ready") == 0)
		fake_vm_ready(c);
	if (strcmp(text, "vm beat") == 0)
		vm->status->beat++;
	if (strncmp(text, "vm carrier ", 11) == 0)
		vm->status->carrier = text[11] == '1';
	if (strcmp(text, "vm forge") == 0 || strcmp(text, "vm babble") == 0)
		memset((void *)vm->status, 0xff, sizeof(*vm->status));
	if (strcmp(text, "vm forge") == 0)
		vm->status->state = DRIVER_READY;
	pd_ring(c, c->cfg->vm.status_channel);
	pd_log(c, "obeyed: %s", text);
}

static bool fake_vm_run(struct component *c, uint64_t now_ns)
{
	struct fake_vm *vm = c->state;

	(void)now_ns;
	if (!vm->begun && strcmp(c->cfg->name, "slow") != 0)
		fake_vm_ready(c);
	vm->begun = true;
	fake_wire_changed(c, &vm->wire);
	if (vm->order->number != vm->obeyed) {
		vm->obeyed = vm->order->number;
		if (strncmp(vm->order->text, "vm ", 3) == 0)
			fake_vm_obey(c, vm->order->text);
	}
	return false;
}

const struct component_ops fake_vm_ops = {
	.kind = SYS_VM,
	.name = "vm",
	.state_size = sizeof(struct fake_vm),
	.start = fake_vm_start,
	.init = fake_vm_init,
	.run = fake_vm_run,
};
