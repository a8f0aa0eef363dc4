/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver VMs as the monitor sees them: is the guest ready, has the card a link?
 *
 * The guest says so in its status page and rings.  Both are hostile.  A word is
 * read once, and anything but "yes" is "no".  A guest stays ready until its
 * process ends, even if it takes that back.  A doorbell is answered at once and
 * then ignored for VM_LISTEN_NS, so that one that rings all the time costs one
 * look per interval, and a silent one costs nothing.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "vmm/linux/monitor/state.h"

/* A VM that is not being killed. */
static bool lives(const struct monitor *m, const struct mon_vm *vm)
{
	return pd_alive(&m->pd[vm->pd]) && !m->pd[vm->pd].killed;
}

/* Everything it has. */
static bool all_ready(const struct mon_vm *vm)
{
	return (vm->link == NULL || vm->ready) &&
	       (vm->blk == NULL || vm->blk_ready);
}

bool vm_is_ready(const struct monitor *m, const struct mon_vm *vm)
{
	return lives(m, vm) && all_ready(vm);
}

bool vm_serves(const struct monitor *m, const struct mon_link *l)
{
	const struct mon_vm *vm = l->vm;

	return lives(m, vm) && (l == vm->blk ? vm->blk_ready : vm->ready);
}

/* --- what the guest says ------------------------------------------------ */

static const char *link_text(bool carrier)
{
	return carrier ? "link up" : "link down";
}

static bool may_say(struct monitor *m, struct mon_vm *vm)
{
	return monitor_log_may(m->sys.name, vm->comp->name, &vm->limit,
			       m->now_ns);
}

uint64_t vm_mac(const struct mon_vm *vm)
{
	uint64_t mac = 0;

	for (int i = 0; i < 6; i++)
		mac = mac << 8 |
		      __atomic_load_n(&vm->status->mac[i], __ATOMIC_RELAXED);
	return mac;
}

static void say_ready(struct monitor *m, struct mon_vm *vm)
{
	unsigned long long tenths = vm->ready_ns / (100 * MS_NS);
	char mac[MAC_TEXT];

	if (may_say(m, vm))
		monitor_log(LOG_INFO, m->sys.name,
			    "%s: %s is ready, card %s, %s, %llu.%llu s after "
			    "its start",
			    vm->port->conn->name, vm->comp->name,
			    mac_text(vm_mac(vm), mac), link_text(vm->carrier),
			    tenths / 10, tenths % 10);
}

static bool says_ready(const _Atomic(uint32_t) *state)
{
	return atomic_load_explicit(state, memory_order_acquire) ==
	       DRIVER_READY;
}

static void look_at_card(struct monitor *m, struct mon_vm *vm)
{
	const struct driver_status *s = vm->status;
	bool carrier;

	if (!vm->ready && !says_ready(&s->state))
		return;
	carrier = atomic_load_explicit(&s->carrier, memory_order_relaxed) != 0;
	if (vm->ready && carrier == vm->carrier)
		return;
	vm->carrier = carrier;
	if (!vm->ready) {
		vm->ready = true;
		vm->ready_ns = m->now_ns - vm->started_ns;
		say_ready(m, vm);
	} else if (may_say(m, vm)) {
		monitor_log(LOG_INFO, m->sys.name, "%s: %s",
			    vm->port->conn->name, link_text(carrier));
	}
}

static void look_at_disk(struct monitor *m, struct mon_vm *vm)
{
	unsigned long long tenths =
		(m->now_ns - vm->started_ns) / (100 * MS_NS);

	if (vm->blk_ready || !says_ready(&vm->blk_status->state))
		return;
	vm->blk_ready = true;
	if (vm->link == NULL)
		vm->ready_ns = m->now_ns - vm->started_ns;
	if (may_say(m, vm))
		monitor_log(
			LOG_INFO, m->sys.name,
			"%s: %s is ready, disk of %llu MiB, %llu.%llu s "
			"after its start",
			vm->blk->conn->name, vm->comp->name,
			(unsigned long long)(__atomic_load_n(
						     &vm->blk_status->blocks,
						     __ATOMIC_RELAXED) >>
					     (20 - BLK_SHIFT)),
			tenths / 10, tenths % 10);
}

static void look(struct monitor *m, struct mon_vm *vm)
{
	if (!lives(m, vm))
		return;
	if (vm->link != NULL)
		look_at_card(m, vm);
	if (vm->blk != NULL)
		look_at_disk(m, vm);
}

static void on_rung(struct monitor *m, struct loop_source *s, uint32_t events)
{
	struct mon_vm *vm = loop_owner(s, struct mon_vm, rung);
	uint64_t count;
	ssize_t done;

	(void)events;
	/* Before the look, so that a ring during it is not lost. */
	done = read(s->fd, &count, sizeof(count));
	(void)done;
	look(m, vm);
	vm->listen_ns = m->now_ns + VM_LISTEN_NS;
	loop_watch(&m->loop, s, 0);
}

/* --- time --------------------------------------------------------------- */

/* How long a guest may be silent; 0: for ever. */
static uint64_t watchdog_ns(const struct mon_vm *vm)
{
	return (uint64_t)vm->comp->vm.watchdog_s * 1000 * MS_NS;
}

uint64_t vm_deadline(const struct monitor *m, const struct mon_vm *vm)
{
	uint64_t first = UINT64_MAX;

	if (lives(m, vm) && !all_ready(vm))
		first = vm->started_ns + VM_READY_NS;
	else if (lives(m, vm) && vm->watchdog.due_ns != 0)
		first = vm->watchdog.due_ns;
	if (vm->rung.fd >= 0 && vm->rung.events == 0 && vm->listen_ns < first)
		first = vm->listen_ns;
	return first;
}

/* The guest has not reported ready in time. */
static void see_to_start(struct monitor *m, struct mon_vm *vm)
{
	if (m->now_ns - vm->started_ns < VM_READY_NS)
		return;
	monitor_log(LOG_ERR, m->sys.name,
		    "%s: its guest has not reported ready after %llu s; its "
		    "console, above, may say why. Is this the kernel and the "
		    "initrd for this card?",
		    vm->comp->name, VM_READY_NS / (1000 * MS_NS));
	pd_kill(&m->pd[vm->pd], false);
}

/* The guest's event loop hangs, whatever else it says. */
static void see_to_silence(struct monitor *m, struct mon_vm *vm)
{
	/* One loop counts in one of the two, or in both. */
	uint32_t beat =
		atomic_load_explicit(&vm->status->beat, memory_order_relaxed) +
		atomic_load_explicit(&vm->blk_status->beat,
				     memory_order_relaxed);

	if (watchdog_ns(vm) == 0 ||
	    !watchdog_look(&vm->watchdog, beat, m->now_ns, watchdog_ns(vm)))
		return;
	monitor_log(LOG_ERR, m->sys.name,
		    "%s: its guest has been silent for %u s, so it is stopped; "
		    "its console, above, may say why. A slow guest needs a "
		    "longer watchdog in vm %s",
		    vm->comp->name, vm->comp->vm.watchdog_s, vm->comp->name);
	pd_kill(&m->pd[vm->pd], false);
}

void vm_tick(struct monitor *m, struct mon_vm *vm)
{
	if (vm->rung.events == 0 && m->now_ns >= vm->listen_ns)
		loop_watch(&m->loop, &vm->rung, EPOLLIN);
	if (!lives(m, vm))
		return;
	if (all_ready(vm))
		see_to_silence(m, vm);
	else
		see_to_start(m, vm);
}

/* --- finding and mapping ------------------------------------------------ */

static int open_vm(struct monitor *m, struct mon_vm *vm,
		   const struct mon_link *link)
{
	const struct sys_vm *cfg = &vm->comp->vm;
	const struct backing *b = &m->backing;

	vm->status =
		backing_map(b, backing_slot(b, vm->pd, cfg->status), SYS_R);
	vm->counts =
		backing_map(b, backing_slot(b, vm->pd, cfg->vmm_stats), SYS_R);
	if (vm->status == NULL || vm->counts == NULL)
		return error_set(m->err, "cannot map what %s shows: %s",
				 vm->comp->name, strerror(errno));
	vm->blk_status =
		(const void *)((const char *)vm->status + DRIVER_BLK_STATUS);
	if (backing_watch(&m->backing, link->conn->status_channel, 1, &m->loop,
			  &vm->rung, EPOLLIN, on_rung) != 0)
		return error_set(m->err, "cannot watch %s: %s", vm->comp->name,
				 strerror(errno));
	return 0;
}

/* The VM a connection ends in; it may be known from another. */
static struct mon_vm *vm_of(struct monitor *m, struct mon_link *link)
{
	uint32_t pd = link->conn->pd[1];
	struct mon_vm *vm = m->vm;

	while (vm < m->vm + m->n_vms && vm->pd != pd)
		vm++;
	link->vm = vm;
	if (vm < m->vm + m->n_vms)
		return vm;
	m->n_vms++;
	*vm = (struct mon_vm){
		.comp = &m->sys.pd[pd].comp[link->conn->comp[1]],
		.pd = pd,
		.rung.fd = -1,
	};
	return open_vm(m, vm, link) == 0 ? vm : NULL;
}

static int add_vm(struct monitor *m, struct mon_link *l)
{
	struct mon_link *link = l;
	struct mon_vm *vm;

	if (l->conn->attachment == SYS_TO_VIRT)
		link = &m->link[l->conn->driver];
	else if (l->conn->attachment != SYS_TO_BLK_VM)
		return 0;
	vm = vm_of(m, link);
	if (vm == NULL)
		return -1;
	if (l == link) {
		vm->blk = link;
		return 0;
	}
	vm->link = link;
	vm->port = l;
	return 0;
}

int vms_open(struct monitor *m)
{
	m->vm = calloc(system_count(&m->sys, SYS_VM) + 1, sizeof(*m->vm));
	if (m->vm == NULL)
		return error_set(m->err, "not enough memory");
	for (size_t i = 0; i < m->sys.n_conns; i++)
		if (add_vm(m, &m->link[i]) != 0)
			return -1;
	return 0;
}

void vms_close(struct monitor *m)
{
	for (size_t i = 0; i < m->n_vms; i++) {
		struct mon_vm *vm = &m->vm[i];
		const struct backing *b = &m->backing;

		loop_del(&m->loop, &vm->rung);
		backing_unmap(b, backing_slot(b, vm->pd, vm->comp->vm.status),
			      vm->status);
		backing_unmap(b,
			      backing_slot(b, vm->pd, vm->comp->vm.vmm_stats),
			      vm->counts);
	}
	free(m->vm);
	m->vm = NULL;
	m->n_vms = 0;
}

int vm_reset(struct monitor *m, struct mon_vm *vm, struct error *err)
{
	const struct sys_vm *cfg = &vm->comp->vm;
	const struct backing *b = &m->backing;
	const uint32_t slot[] = { cfg->ram, cfg->status, cfg->vmm_stats };

	vm->ready = vm->blk_ready = false;
	vm->watchdog = (struct watchdog){ 0 };
	vm->carrier = false;
	vm->started_ns = m->now_ns;
	for (size_t i = 0; i < sizeof(slot) / sizeof(slot[0]); i++) {
		int result = backing_zero(b, backing_slot(b, vm->pd, slot[i]));

		if (result != 0)
			return error_set(err,
					 "its memory cannot be cleared: %s",
					 strerror(-result));
	}
	return 0;
}
