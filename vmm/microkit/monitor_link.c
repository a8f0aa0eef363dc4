/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links from the monitor's side (base/link.h), on Microkit.
 *
 * A link goes down when a side breaks the protocol, when a child that uses it
 * crashes, or when a peer says that it has let go.  Its queues are zeroed when
 * no side uses them any more: a switch and virtualisers publish the epoch they
 * have acted on; a peer that is our child is stopped at once, because a hostile
 * one would say anything; another parent's child has to say so, and until then
 * the link stays down.
 *
 * Then it goes up again, the first time at once and after repeated faults with a
 * growing pause (base/restart.h), and stopped children begin anew.  A child with
 * several links begins when all of them can.
 *
 * What statistics say is their writer's word.  It can harm the links of that
 * writer only.
 */
#include "base/mem.h"
#include "virt/net_virt.h"
#include "vmm/microkit/monitor.h"

static uint32_t load(const uint32_t *shared)
{
	return *(const volatile uint32_t *)shared;
}

static const struct vswitch_port_stats *switch_port(const struct monitor *m,
						    const struct mk_side *s)
{
	const struct vswitch_stats *stats =
		mk_at(m->cfg->sw[s->number].stats.addr);

	return &stats->port[s->port];
}

static const struct net_virt_side_stats *virt_side(const struct mk_side *s)
{
	const struct net_virt_stats *stats = mk_at(s->stats);

	return &stats->side[s->number];
}

static bool child_stands(const struct monitor *m, const struct mk_side *s)
{
	return s->child != MK_NONE && !m->child[s->child].runs;
}

static void set_epoch(struct monitor *m, unsigned int link, uint32_t epoch)
{
	const struct mk_link *l = &m->cfg->link[link];

	atomic_store_explicit(&mon_page(m, link)->epoch, epoch,
			      memory_order_release);
	for (unsigned int i = 0; i < MK_SIDES; i++)
		if (l->side[i].kind != MK_SIDE_NONE)
			mk_notify(l->side[i].channel);
}

static void link_up(struct monitor *m, unsigned int link)
{
	struct mon_link *l = &m->link[link];

	l->state = MON_UP;
	for (unsigned int i = 0; i < MK_SIDES; i++)
		l->let_go[i] = false;
	set_epoch(m, link, link_epoch(mon_page(m, link)) + 1);
}

void links_begin(struct monitor *m)
{
	for (unsigned int i = 0; i < m->cfg->n_links; i++) {
		atomic_store(&mon_page(m, i)->carrier, 1);
		link_up(m, i);
	}
}

/* --- down --------------------------------------------------------------- */

static void stop_child(struct monitor *m, unsigned int child)
{
	if (!m->child[child].runs)
		return;
	m->child[child].runs = false;
	microkit_pd_stop(m->cfg->child[child].id);
}

static bool uses(const struct monitor *m, unsigned int link, unsigned int child)
{
	for (unsigned int i = 0; i < MK_SIDES; i++) {
		const struct mk_side *s = &m->cfg->link[link].side[i];

		if (s->kind != MK_SIDE_NONE && s->child == child)
			return true;
	}
	return false;
}

/* End one epoch, and stop its peer. */
static void end_epoch(struct monitor *m, unsigned int link)
{
	struct mon_link *l = &m->link[link];

	l->state = MON_DRAINING;
	restart_pause(&l->history, m->now_ns);
	for (unsigned int i = 0; i < MK_SIDES; i++) {
		const struct mk_side *s = &m->cfg->link[link].side[i];

		if (s->kind == MK_SIDE_PEER && s->child != MK_NONE)
			stop_child(m, s->child);
	}
	set_epoch(m, link, link_epoch(mon_page(m, link)) + 1);
}

/* To end an epoch may stop a child, which ends further ones. */
static void end_all_stopped(struct monitor *m)
{
	bool again = true;

	while (again) {
		again = false;
		for (unsigned int i = 0; i < m->cfg->n_links; i++)
			for (unsigned int c = 0; c < m->cfg->n_children; c++)
				if (m->link[i].state == MON_UP &&
				    !m->child[c].runs && uses(m, i, c)) {
					end_epoch(m, i);
					again = true;
				}
	}
}

void link_down(struct monitor *m, unsigned int link)
{
	if (m->link[link].state != MON_UP)
		return;
	end_epoch(m, link);
	end_all_stopped(m);
}

void child_down(struct monitor *m, unsigned int child)
{
	stop_child(m, child);
	end_all_stopped(m);
}

/* --- step --------------------------------------------------------------- */

/* Has this side found that another broke the protocol, in this epoch? */
static bool complains(const struct monitor *m, unsigned int link,
		      const struct mk_side *s)
{
	uint32_t epoch = link_epoch(mon_page(m, link));

	if (s->kind == MK_SIDE_SWITCH)
		return load(&switch_port(m, s)->epoch) == epoch &&
		       load(&switch_port(m, s)->state) == PORT_FAULT;
	if (s->kind == MK_SIDE_VIRT)
		return load(&virt_side(s)->epoch) == epoch &&
		       load(&virt_side(s)->state) == NET_VIRT_FAULT;
	return false;
}

static void find_faults(struct monitor *m)
{
	for (unsigned int i = 0; i < m->cfg->n_links; i++)
		for (unsigned int k = 0; k < MK_SIDES; k++) {
			const struct mk_side *s = &m->cfg->link[i].side[k];

			if (m->link[i].state != MON_UP || !complains(m, i, s))
				continue;
			mk_say(m->cfg->link[i].name,
			       ": broke the queue protocol; its link begins "
			       "anew",
			       NULL);
			link_down(m, i);
		}
}

/* Does this side no longer use the queues? */
static bool has_let_go(const struct monitor *m, unsigned int link,
		       unsigned int side)
{
	const struct mk_side *s = &m->cfg->link[link].side[side];
	uint32_t epoch = link_epoch(mon_page(m, link));

	if (s->kind == MK_SIDE_NONE || child_stands(m, s))
		return true;
	if (s->kind == MK_SIDE_SWITCH)
		return load(&switch_port(m, s)->epoch) == epoch;
	if (s->kind == MK_SIDE_VIRT)
		return load(&virt_side(s)->epoch) == epoch;
	return m->link[link].let_go[side];
}

static void clean(struct monitor *m, unsigned int link)
{
	const struct mk_link *l = &m->cfg->link[link];

	for (unsigned int i = 0; i < MK_SIDES; i++)
		if (!has_let_go(m, link, i))
			return;
	for (unsigned int i = 0; i < MK_LINK_QUEUES; i++)
		if (l->queue[i].addr != 0)
			memset(mk_at(l->queue[i].addr), 0, l->queue[i].size);
	m->link[link].state = MON_CLEAN;
}

static bool link_ready(const struct monitor *m, unsigned int link)
{
	return m->link[link].state == MON_UP ||
	       (m->link[link].state == MON_CLEAN &&
		m->now_ns >= m->link[link].history.until_ns);
}

/* Begin a stopped child anew, if all its links can go up. */
static void restart_child(struct monitor *m, unsigned int child)
{
	struct mon_child *c = &m->child[child];

	if (c->runs || m->now_ns < c->history.until_ns)
		return;
	for (unsigned int i = 0; i < m->cfg->n_links; i++)
		if (uses(m, i, child) && !link_ready(m, i))
			return;
	c->runs = true;
	c->restarts++;
	microkit_pd_restart(m->cfg->child[child].id,
			    m->cfg->child[child].entry);
}

static void renew(struct monitor *m, unsigned int link)
{
	if (m->link[link].state != MON_CLEAN || !link_ready(m, link))
		return;
	for (unsigned int i = 0; i < MK_SIDES; i++) {
		const struct mk_side *s = &m->cfg->link[link].side[i];

		if (s->kind != MK_SIDE_NONE && child_stands(m, s))
			return;
	}
	m->link[link].renewals++;
	link_up(m, link);
}

void links_step(struct monitor *m)
{
	find_faults(m);
	for (unsigned int i = 0; i < m->cfg->n_links; i++)
		if (m->link[i].state == MON_DRAINING)
			clean(m, i);
	for (unsigned int c = 0; c < m->cfg->n_children; c++)
		restart_child(m, c);
	for (unsigned int i = 0; i < m->cfg->n_links; i++)
		renew(m, i);
}

uint64_t links_due(const struct monitor *m)
{
	uint64_t due = UINT64_MAX;

	for (unsigned int i = 0; i < m->cfg->n_links; i++) {
		uint64_t until = m->link[i].history.until_ns;

		if (m->link[i].state == MON_CLEAN && until > m->now_ns &&
		    until < due)
			due = until;
	}
	for (unsigned int c = 0; c < m->cfg->n_children; c++) {
		uint64_t until = m->child[c].history.until_ns;

		if (!m->child[c].runs && until > m->now_ns && until < due)
			due = until;
	}
	return due;
}
