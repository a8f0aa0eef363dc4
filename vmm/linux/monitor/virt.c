/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtualisers as the monitor sees them: statistics and faults.
 *
 * A port's two virtualisers, rx and tx, are one component with one statistics
 * region each.  Both are asked about a side: it is no longer in use when both
 * say so, and at fault when either says so.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "vmm/linux/monitor/state.h"

static uint32_t stats_of(const struct monitor *m, const struct mon_virt *v,
			 int queue)
{
	const struct sys_virt *cfg = &v->comp->virt;

	return backing_slot(&m->backing, v->pd,
			    queue == MON_RX ? cfg->stats_rx : cfg->stats_tx);
}

/* Each side's link, and each link's virtualisers. */
static void tie_links(struct monitor *m, struct mon_virt *v)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct mon_link *l = &m->link[i];
		const struct sys_conn *c = l->conn;
		unsigned int end = c->attachment == SYS_TO_VIRT ? 1 : 0;

		if ((c->attachment != SYS_TO_VIRT &&
		     c->attachment != SYS_TO_VM) ||
		    c->pd[end] != v->pd ||
		    &m->sys.pd[v->pd].comp[c->comp[end]] != v->comp)
			continue;
		l->virt[end] = v;
		v->link[end == 1 ? NET_VIRT_SWITCH : NET_VIRT_DRIVER] = l;
	}
}

/* --- faults -------------------------------------------------------------- */

static bool at_fault(const struct mon_virt *v, enum net_virt_side side)
{
	uint32_t epoch = link_epoch(v->link[side]->page);

	for (int q = 0; q < MON_QUEUES; q++) {
		const struct net_virt_side_stats *s = &v->stats[q]->side[side];

		/* A fault of an earlier epoch has been handled already. */
		if (__atomic_load_n(&s->epoch, __ATOMIC_ACQUIRE) == epoch &&
		    __atomic_load_n(&s->state, __ATOMIC_RELAXED) ==
			    NET_VIRT_FAULT)
			return true;
	}
	return false;
}

/* Edge-triggered and never read: see backing.c. */
static void on_ctl(struct monitor *m, struct loop_source *s, uint32_t events)
{
	struct mon_virt *v = loop_owner(s, struct mon_virt, ctl);

	(void)events;
	for (int side = 0; side < NET_VIRT_SIDES; side++) {
		struct mon_link *l = v->link[side];

		if (l == NULL || l->state != MON_LINK_UP ||
		    !at_fault(v, (enum net_virt_side)side))
			continue;
		/* Which end of that connection is not the virtualisers'? */
		link_fault(m, l, side == NET_VIRT_SWITCH ? 0 : 1);
	}
}

/* --- finding and mapping ------------------------------------------------- */

static int open_virt(struct monitor *m, struct mon_virt *v)
{
	/* Their end of their control channel; the other one is ours. */
	const struct sys_chan *its =
		&m->sys.pd[v->pd].chan[v->comp->virt.ctl_channel];

	for (int q = 0; q < MON_QUEUES; q++) {
		v->stats[q] =
			backing_map(&m->backing, stats_of(m, v, q), SYS_R);
		if (v->stats[q] == NULL)
			return error_set(m->err,
					 "cannot map what the virtualisers of "
					 "%s show: %s",
					 v->comp->name, strerror(errno));
	}
	if (backing_watch(&m->backing, its->channel, 1 - its->end, &m->loop,
			  &v->ctl, EPOLLIN | EPOLLET, on_ctl) != 0)
		return error_set(m->err,
				 "cannot watch the virtualisers of %s: %s",
				 v->comp->name, strerror(errno));
	return 0;
}

int virts_open(struct monitor *m)
{
	m->virt = calloc(system_count(&m->sys, SYS_VIRT) + 1, sizeof(*m->virt));
	if (m->virt == NULL)
		return error_set(m->err, "not enough memory");
	for (uint32_t i = 0; i < m->sys.n_pds; i++) {
		const struct sys_pd *pd = &m->sys.pd[i];

		for (uint32_t c = 0; c < pd->n_comps; c++) {
			struct mon_virt *v = &m->virt[m->n_virts];

			if (pd->comp[c].kind != SYS_VIRT)
				continue;
			*v = (struct mon_virt){ .comp = &pd->comp[c],
						.pd = i,
						.ctl.fd = -1 };
			m->n_virts++;
			tie_links(m, v);
			if (open_virt(m, v) != 0)
				return -1;
		}
	}
	return 0;
}

void virts_close(struct monitor *m)
{
	for (size_t i = 0; i < m->n_virts; i++) {
		struct mon_virt *v = &m->virt[i];

		loop_del(&m->loop, &v->ctl);
		for (int q = 0; q < MON_QUEUES; q++)
			backing_unmap(&m->backing, stats_of(m, v, q),
				      v->stats[q]);
	}
	free(m->virt);
	m->virt = NULL;
	m->n_virts = 0;
}

void virt_reset(struct monitor *m, const struct mon_virt *v)
{
	for (int q = 0; q < MON_QUEUES; q++)
		backing_zero(&m->backing, stats_of(m, v, q));
}

bool virt_has_seen(const struct mon_virt *v, enum net_virt_side side,
		   uint32_t epoch)
{
	for (int q = 0; q < MON_QUEUES; q++)
		if (__atomic_load_n(&v->stats[q]->side[side].epoch,
				    __ATOMIC_ACQUIRE) != epoch)
			return false;
	return true;
}
