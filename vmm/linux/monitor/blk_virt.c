/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block virtualisers as the monitor sees them: which connections are theirs,
 * what they have acted on, faults.
 *
 *	disk PD  --"bob.disk0"--  virtualiser  --"store.driver"--  VM
 *
 * A client's connection may take long to drain: the driver can write into the
 * client's region until it has answered what the client had asked for.  A
 * virtualiser that waits for that does not hang.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "vmm/linux/monitor/state.h"

static uint32_t stats_of(const struct monitor *m, const struct mon_blk_virt *v)
{
	return backing_slot(&m->backing, v->pd, v->comp->blk_virt.stats);
}

/* What it says of its side of a connection. */
static const struct blk_virt_side_stats *side_of(const struct mon_blk_virt *v,
						 const struct mon_link *l)
{
	return l == v->driver ? &v->stats->driver
			      : &v->stats->client[l->blk_client];
}

/* Which client's connection has this link page? */
static uint32_t client_of(const struct monitor *m, const struct mon_blk_virt *v,
			  uint32_t link)
{
	const struct sys_blk_virt *cfg = &v->comp->blk_virt;
	uint32_t i = 0;

	while (i < cfg->n_clients &&
	       backing_slot(&m->backing, v->pd, cfg->client[i].wire.link) !=
		       link)
		i++;
	return i;
}

static void tie_links(struct monitor *m, struct mon_blk_virt *v)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct mon_link *l = &m->link[i];

		if (l->conn->pd[0] != v->pd)
			continue;
		if (l->conn->attachment == SYS_TO_BLK_VM)
			v->driver = l;
		else if (l->conn->attachment == SYS_TO_DISK)
			l->blk_client = client_of(m, v, l->conn->link);
		else
			continue;
		l->blk = v;
	}
}

/* --- faults ------------------------------------------------------------- */

static bool at_fault(const struct mon_blk_virt *v, const struct mon_link *l)
{
	const struct blk_virt_side_stats *s = side_of(v, l);

	/* A fault of an earlier epoch has been handled already. */
	return __atomic_load_n(&s->epoch, __ATOMIC_ACQUIRE) ==
		       link_epoch(l->page) &&
	       __atomic_load_n(&s->state, __ATOMIC_RELAXED) == BLK_VIRT_FAULT;
}

/* Edge-triggered and never read: see backing.c. */
static void on_ctl(struct monitor *m, struct loop_source *s, uint32_t events)
{
	struct mon_blk_virt *v = loop_owner(s, struct mon_blk_virt, ctl);

	(void)events;
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct mon_link *l = &m->link[i];

		if (l->blk == v && l->state == MON_LINK_UP && at_fault(v, l))
			link_fault(m, l, 1);
	}
}

/* --- finding and mapping ------------------------------------------------ */

static int open_virt(struct monitor *m, struct mon_blk_virt *v)
{
	const struct sys_chan *its =
		&m->sys.pd[v->pd].chan[v->comp->blk_virt.ctl_channel];

	v->stats = backing_map(&m->backing, stats_of(m, v), SYS_R);
	if (v->stats == NULL)
		return error_set(m->err,
				 "cannot map what the virtualiser of %s shows: "
				 "%s",
				 v->comp->name, strerror(errno));
	if (backing_watch(&m->backing, its->channel, 1 - its->end, &m->loop,
			  &v->ctl, EPOLLIN | EPOLLET, on_ctl) != 0)
		return error_set(m->err,
				 "cannot watch the virtualiser of %s: %s",
				 v->comp->name, strerror(errno));
	return 0;
}

int blk_virts_open(struct monitor *m)
{
	m->blk_virt = calloc(system_count(&m->sys, SYS_BLK_VIRT) + 1,
			     sizeof(*m->blk_virt));
	if (m->blk_virt == NULL)
		return error_set(m->err, "not enough memory");
	for (uint32_t i = 0; i < m->sys.n_pds; i++) {
		const struct sys_pd *pd = &m->sys.pd[i];
		struct mon_blk_virt *v = &m->blk_virt[m->n_blk_virts];

		if (pd->n_comps == 0 || pd->comp[0].kind != SYS_BLK_VIRT)
			continue;
		*v = (struct mon_blk_virt){ .comp = &pd->comp[0],
					    .pd = i,
					    .ctl.fd = -1 };
		m->n_blk_virts++;
		tie_links(m, v);
		if (open_virt(m, v) != 0)
			return -1;
	}
	return 0;
}

void blk_virts_close(struct monitor *m)
{
	for (size_t i = 0; i < m->n_blk_virts; i++) {
		struct mon_blk_virt *v = &m->blk_virt[i];

		loop_del(&m->loop, &v->ctl);
		backing_unmap(&m->backing, stats_of(m, v), v->stats);
	}
	free(m->blk_virt);
	m->blk_virt = NULL;
	m->n_blk_virts = 0;
}

void blk_virt_reset(struct monitor *m, const struct mon_blk_virt *v)
{
	backing_zero(&m->backing, stats_of(m, v));
}

bool blk_virt_has_seen(const struct mon_link *l, uint32_t epoch)
{
	return __atomic_load_n(&side_of(l->blk, l)->epoch, __ATOMIC_ACQUIRE) ==
	       epoch;
}

bool blk_virt_serves(const struct monitor *m, uint32_t pd)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		const struct mon_link *l = &m->link[i];

		if (l->blk != NULL && l->conn->pd[1] == pd)
			return __atomic_load_n(&side_of(l->blk, l)->state,
					       __ATOMIC_RELAXED) == BLK_VIRT_UP;
	}
	return true;
}

bool blk_virt_waits(const struct mon_link *l)
{
	return l->blk != NULL &&
	       __atomic_load_n(&side_of(l->blk, l)->state, __ATOMIC_RELAXED) ==
		       BLK_VIRT_DRAINING;
}
