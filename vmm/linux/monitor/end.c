/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shutdown: in which order PDs are killed.
 *
 * PDs hold no state that must be saved, with one exception: frames mirrored to
 * a capture should reach its file.  So PDs that send are killed first, then
 * captures get a moment to empty their queues, then the rest is killed.
 */
#include <stdatomic.h>
#include <time.h>

#include "vmm/linux/monitor/state.h"
#include "base/queue.h"

/* How long captures may take to write what is in their queues. */
#define CAPTURE_DRAIN_NS (300 * MS_NS)
/* How long killed PDs may take to be gone. */
#define REAP_NS (5000 * MS_NS)

static bool has_kind(const struct sys_pd *pd, enum sys_kind kind)
{
	for (uint32_t i = 0; i < pd->n_comps; i++)
		if (pd->comp[i].kind == kind)
			return true;
	return false;
}

/* Whether a capture has taken everything from its queue. */
static bool capture_idle(const struct monitor *m, const struct mon_link *l)
{
	struct net_queue *q =
		backing_map(&m->backing, l->conn->egress.active, SYS_R);
	bool idle;

	if (q == NULL)
		return true;
	idle = atomic_load(&q->head) == atomic_load(&q->tail);
	backing_unmap(&m->backing, l->conn->egress.active, q);
	return idle;
}

static bool captures_idle(const struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		const struct mon_link *l = &m->link[i];

		/* Only captures have an egress and no ingress. */
		if (l->conn->ingress.active == SYS_NONE &&
		    l->conn->egress.active != SYS_NONE &&
		    l->state == MON_LINK_UP && !capture_idle(m, l))
			return false;
	}
	return true;
}

static void drain_captures(struct monitor *m)
{
	const struct timespec pause = { .tv_nsec = 5 * MS_NS };
	uint64_t until = loop_now() + CAPTURE_DRAIN_NS;
	int quiet = 0;

	/* Twice: for frames still in the switch, and for the last write. */
	while (quiet < 2 && loop_now() < until) {
		nanosleep(&pause, NULL);
		quiet = captures_idle(m) ? quiet + 1 : 0;
	}
}

static void kill_all(struct monitor *m, bool traffic_only)
{
	for (size_t i = 0; i < m->sys.n_pds; i++) {
		const struct sys_pd *pd = &m->sys.pd[i];

		if (traffic_only &&
		    (has_kind(pd, SYS_SWITCH) || has_kind(pd, SYS_CAPTURE)))
			continue;
		pd_kill(&m->pd[i], true);
	}
}

void pds_stop(struct monitor *m)
{
	bool captures = false;
	uint64_t until;

	for (size_t i = 0; i < m->sys.n_pds; i++)
		captures |= has_kind(&m->sys.pd[i], SYS_CAPTURE) &&
			    m->pd[i].state == PD_RUNNING;
	for (size_t i = 0; i < m->sys.n_conns; i++)
		if (m->link[i].conn->attachment == SYS_TO_ATTACH)
			link_down(m, &m->link[i]);
	kill_all(m, true);
	if (captures)
		drain_captures(m);
	kill_all(m, false);
	until = loop_now() + REAP_NS;
	for (size_t i = 0; i < m->sys.n_pds; i++)
		if (!pd_reap(m, &m->pd[i], until))
			monitor_log(LOG_ERR, m->sys.name,
				    "%s (pid %ld) was killed but does not end",
				    m->sys.pd[i].name, (long)m->pd[i].proc.pid);
}
