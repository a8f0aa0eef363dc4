/* SPDX-License-Identifier: BSD-2-Clause */
/* Client VMs: see guest.h. */
#include "vmm/linux/monitor/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "vmm/kvm/vm_end.h"
#include "vmm/linux/fds.h"
#include "vmm/linux/monitor/state.h"
#include "vmm/linux/order.h"

static struct mon_guest *find(const struct monitor *m, uint32_t pd)
{
	for (size_t i = 0; i < m->n_guests; i++)
		if (m->guest[i].pd == pd)
			return &m->guest[i];
	return NULL;
}

/* --- a life ------------------------------------------------------------- */

int guest_reset(struct monitor *m, uint32_t pd, struct error *err)
{
	struct mon_guest *g = find(m, pd);
	int result;

	if (g == NULL)
		return 0;
	g->started_ns = m->now_ns;
	result = backing_fresh(&m->backing,
			       backing_slot(&m->backing, pd, g->comp->vm.ram));
	if (result == 0)
		result = backing_zero(&m->backing,
				      backing_slot(&m->backing, pd,
						   g->comp->vm.vmm_stats));
	if (result == 0)
		return 0;
	return error_set(err, "there is no memory for it: %s",
			 strerror(-result));
}

int guest_take(const struct monitor *m, uint32_t pd, struct pd_fds *fds,
	       struct error *err)
{
	const struct mon_guest *g = find(m, pd);
	int fd;

	if (g == NULL)
		return 0;
	fd = backing_dup(&m->backing,
			 backing_slot(&m->backing, pd, g->comp->vm.ram),
			 SYS_RW);
	if (fd < 0)
		return backing_fd_error(err, "the memory of", g->comp->name);
	fds->fd[fds->n++] = fd;
	return 0;
}

static void reboots(struct monitor *m, struct mon_guest *g, struct mon_pd *pd)
{
	g->reboots++;
	pd->wanted = true;
	pd->deadline_ns = g->started_ns + GUEST_REBOOT_NS;
	if (monitor_log_may(m->sys.name, g->comp->name, &g->limit, m->now_ns))
		monitor_log(LOG_NOTICE, m->sys.name, "%s: the guest reboots",
			    g->comp->name);
}

bool guest_ended(struct monitor *m, struct mon_pd *pd, const siginfo_t *info)
{
	struct mon_guest *g = find(m, (uint32_t)(pd - m->pd));

	if (g == NULL || info->si_code != CLD_EXITED)
		return false;
	if (info->si_status == VM_EXIT_REBOOT) {
		reboots(m, g, pd);
	} else if (info->si_status == VM_EXIT_OFF) {
		pd->off = true;
		pd->wanted = true;
		monitor_log(LOG_NOTICE, m->sys.name,
			    "%s: the guest has turned itself off; 'weir vm "
			    "start %s' turns it on",
			    g->comp->name, g->comp->name);
	} else {
		return false;
	}
	return true;
}

/* --- its devices -------------------------------------------------------- */

static bool runs(const struct mon_pd *pd)
{
	return pd->state == PD_RUNNING && !pd->killed;
}

static uint32_t devices(const struct mon_guest *g)
{
	return g->comp->vm.n_ports + g->comp->vm.n_disks;
}

/* The PD of a device: a port's, or, behind these, a disk's. */
static uint32_t pd_of(const struct monitor *m, const struct mon_guest *g,
		      uint32_t i, uint32_t *comp)
{
	const struct sys_vm *vm = &g->comp->vm;
	const struct sys_conn *conn;

	*comp = 0;
	if (i >= vm->n_ports)
		return vm->disk[i - vm->n_ports].pd;
	conn = &m->sys.conn[vm->port[i].conn];
	*comp = conn->comp[1];
	return conn->pd[1];
}

/* Could this device be connected and is not? */
static bool wants(const struct monitor *m, const struct mon_guest *g,
		  uint32_t i)
{
	uint32_t comp;
	uint32_t pd = pd_of(m, g, i, &comp);

	return !g->tied[i] && runs(&m->pd[g->pd]) && runs(&m->pd[pd]) &&
	       blk_virt_serves(m, pd);
}

static bool tie(const struct monitor *m, const struct mon_guest *g, uint32_t i)
{
	uint32_t comp, pd = pd_of(m, g, i, &comp);
	int fd[2];
	bool done;

	if (backing_pair(fd, SOCK_STREAM | SOCK_NONBLOCK) != 0)
		return false;
	done = pd_give(&m->pd[pd], comp, 0, fd[0]) == 0 &&
	       pd_give(&m->pd[g->pd], 0, i, fd[1]) == 0;
	fds_close(fd, 2);
	return done;
}

void guest_untie(struct monitor *m, uint32_t pd)
{
	uint32_t comp;

	for (size_t i = 0; i < m->n_guests; i++) {
		struct mon_guest *g = &m->guest[i];

		for (uint32_t k = 0; k < devices(g); k++)
			if (g->pd == pd || pd_of(m, g, k, &comp) == pd)
				g->tied[k] = false;
	}
}

void guests_settle(struct monitor *m)
{
	if (m->phase != MONITOR_RUNNING)
		return;
	for (size_t i = 0; i < m->n_guests; i++) {
		struct mon_guest *g = &m->guest[i];

		if (m->now_ns < g->retry_ns)
			continue;
		for (uint32_t k = 0; k < devices(g); k++) {
			if (!wants(m, g, k))
				continue;
			g->tied[k] = tie(m, g, k);
			if (!g->tied[k])
				g->retry_ns = m->now_ns + GUEST_RETRY_NS;
		}
	}
}

uint64_t guests_deadline(const struct monitor *m)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < m->n_guests; i++) {
		const struct mon_guest *g = &m->guest[i];

		for (uint32_t k = 0; k < devices(g); k++)
			if (wants(m, g, k) && g->retry_ns < first)
				first = g->retry_ns;
	}
	return first;
}

void guest_notify(const struct monitor *m, uint32_t conn)
{
	for (size_t i = 0; i < m->n_guests; i++) {
		const struct mon_guest *g = &m->guest[i];

		for (uint32_t k = 0; k < g->comp->vm.n_ports; k++)
			if (g->comp->vm.port[k].conn == conn)
				pd_wake(&m->pd[g->pd]);
	}
}

int guest_open_console(const struct monitor *m, const struct mon_guest *g,
		       int fd)
{
	return runs(&m->pd[g->pd])
		       ? pd_give(&m->pd[g->pd], 0, PD_GIVEN_CONSOLE, fd)
		       : -1;
}

/* --- finding and mapping ------------------------------------------------ */

static uint32_t stats_of(const struct monitor *m, const struct mon_guest *g)
{
	return backing_slot(&m->backing, g->pd, g->comp->vm.vmm_stats);
}

int guests_open(struct monitor *m)
{
	m->guest = calloc(system_count(&m->sys, SYS_CLIENT_VM) + 1,
			  sizeof(*m->guest));
	if (m->guest == NULL)
		return error_set(m->err, "not enough memory");
	for (uint32_t i = 0; i < m->sys.n_pds; i++) {
		struct mon_guest *g = &m->guest[m->n_guests];

		if (m->sys.pd[i].comp[0].kind != SYS_CLIENT_VM)
			continue;
		g->comp = &m->sys.pd[i].comp[0];
		g->pd = i;
		m->n_guests++;
		g->counts = backing_map(&m->backing, stats_of(m, g), SYS_R);
		if (g->counts == NULL)
			return error_set(m->err, "cannot map what %s shows: %s",
					 g->comp->name, strerror(errno));
	}
	return 0;
}

void guests_close(struct monitor *m)
{
	for (size_t i = 0; i < m->n_guests; i++)
		backing_unmap(&m->backing, stats_of(m, &m->guest[i]),
			      m->guest[i].counts);
	free(m->guest);
	m->guest = NULL;
	m->n_guests = 0;
}
