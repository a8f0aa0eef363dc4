/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor has switches do, through the control mailbox.
 *
 * A policy that is to hold is written into the region the switch reads, and the
 * switch checks it (policy/load.c).  If it refuses, what was there before is
 * written back: a switch that is restarted reads that region.
 */
#include "base/errno.h"
#include "base/mem.h"
#include "vmm/microkit/monitor.h"

static struct vswitch_ctl_request *request(const struct monitor *m,
					   unsigned int sw)
{
	return mk_at(m->cfg->sw[sw].request);
}

static const struct vswitch_ctl_reply *reply(const struct monitor *m,
					     unsigned int sw)
{
	return mk_at(m->cfg->sw[sw].reply);
}

bool order_free(const struct monitor *m, unsigned int sw)
{
	return !m->sw[sw].pending && m->cfg->sw[sw].request != 0;
}

void order(struct monitor *m, unsigned int sw, uint32_t asker,
	   enum vswitch_ctl_op op, uint32_t port, uint32_t cursor)
{
	struct vswitch_ctl_request *rq = request(m, sw);
	struct mon_switch *s = &m->sw[sw];

	rq->op = op;
	rq->port = port;
	rq->cursor = cursor;
	s->op = op;
	s->asker = asker;
	s->pending = true;
	/* 0 only before the first. */
	s->seq += s->seq == UINT32_MAX ? 2 : 1;
	atomic_store_explicit(&rq->seq, s->seq, memory_order_release);
	mk_notify(m->cfg->sw[sw].channel);
}

void order_keep(const struct monitor *m, unsigned int sw)
{
	const struct mk_mon_switch *s = &m->cfg->sw[sw];

	memcpy(mk_at(s->kept.addr), mk_at(s->policy.addr), s->policy.size);
}

static void restore(const struct monitor *m, unsigned int sw)
{
	const struct mk_mon_switch *s = &m->cfg->sw[sw];

	memcpy(mk_at(s->policy.addr), mk_at(s->kept.addr), s->policy.size);
}

static bool is_refused(const struct monitor *m, unsigned int sw)
{
	return *(const volatile int32_t *)&reply(m, sw)->status != 0;
}

void orders_step(struct monitor *m)
{
	for (unsigned int i = 0; i < m->cfg->n_switches; i++) {
		struct mon_switch *s = &m->sw[i];

		if (!s->pending ||
		    atomic_load_explicit(&reply(m, i)->seq,
					 memory_order_acquire) != s->seq)
			continue;
		s->pending = false;
		if (s->op == CTL_POLICY && is_refused(m, i))
			restore(m, i);
		if (s->asker != MK_NONE)
			mk_notify(m->cfg->asker[s->asker].channel);
	}
}

void order_cancel(struct monitor *m, unsigned int sw)
{
	struct mon_switch *s = &m->sw[sw];

	if (!s->pending)
		return;
	if (s->op == CTL_POLICY)
		restore(m, sw);
	s->pending = false;
	if (s->asker != MK_NONE)
		mk_notify(m->cfg->asker[s->asker].channel);
	/* There is no result: it has to be asked again. */
	s->asker = MK_NONE;
}
