/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's configuration: its children, the switches, and the links whose
 * epochs it keeps (vmm/microkit/config_monitor.h).
 *
 * Switch s is that of policy s.  No PD may ask it anything: the topology has no
 * words for that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/microkit/compile/plan.h"

/* Where Microkit's linker script puts a program's entry. */
#define ENTRY 0x200000u

/* The monitor's map of a region; made if there is none. */
static struct mk_region seen(struct plan *p, size_t region, uint32_t perms)
{
	size_t monitor = plan_monitor(p);
	const struct plan_pd *d = &p->pd[monitor];

	for (size_t i = 0; i < d->n_maps; i++)
		if (d->map[i].region == region)
			return plan_at(p, monitor, (uint32_t)i);
	return (struct mk_region){ plan_map(p, monitor, region, perms),
				   p->region[region].size };
}

/* The same of the region that is in a slot of another PD. */
static struct mk_region seen_slot(struct plan *p, size_t pd, uint32_t slot,
				  uint32_t perms)
{
	return seen(p, p->pd[pd].map[slot].region, perms);
}

/* The monitor's number of a channel, by its number at the other end. */
static uint32_t channel_to(const struct plan *p, size_t pd, uint32_t id)
{
	for (size_t i = 0; i < p->n_channels; i++) {
		const struct plan_end *e = p->channel[i].end;

		for (unsigned int k = 0; k < 2; k++)
			if (e[k].pd == pd && e[k].id == id)
				return e[!k].id;
	}
	return MK_NONE;
}

/* --- children, switches ------------------------------------------------- */

static void add_children(const struct plan *p, struct mk_monitor *m)
{
	for (size_t i = 0; i < plan_monitor(p); i++) {
		struct mk_child *c = &m->child[m->n_children++];

		snprintf(c->name, sizeof(c->name), "%s", p->pd[i].name);
		c->id = (uint32_t)i;
		c->entry = ENTRY;
	}
}

static void add_switch(struct plan *p, struct mk_monitor *m, size_t pd)
{
	const struct sys_switch *sw = &p->pd[pd].sys->comp[0].sw;
	struct mk_mon_switch *s = &m->sw[sw->number];
	char name[SYS_NAME];
	size_t kept;

	snprintf(s->name, sizeof(s->name), "%s", p->pd[pd].name);
	s->stats = seen_slot(p, pd, sw->stats, SYS_R);
	s->policy = seen_slot(p, pd, sw->policy, SYS_RW);
	s->request = seen_slot(p, pd, sw->ctl_request, SYS_RW).addr;
	s->reply = seen_slot(p, pd, sw->ctl_reply, SYS_R).addr;
	s->channel = channel_to(p, pd, sw->ctl_channel);
	s->n_ports = sw->n_ports;
	snprintf(name, sizeof(name), "%s.policy.kept", p->pd[pd].name);
	kept = plan_new_region(p, name, s->policy.size);
	s->kept = seen(p, kept, SYS_RW);
	m->n_switches++;
}

/* --- links -------------------------------------------------------------- */

static struct mk_side switch_side(const struct plan *p,
				  const struct mk_monitor *m, size_t pd,
				  uint32_t port)
{
	uint32_t number = p->pd[pd].sys->comp[0].sw.number;

	return (struct mk_side){
		.kind = MK_SIDE_SWITCH,
		.number = number,
		.port = port,
		.child = (uint32_t)pd,
		.channel = m->sw[number].channel,
	};
}

/* A client or a capture; it is notified by a channel of its own. */
static struct mk_side peer_side(struct plan *p, size_t pd)
{
	struct plan_channel c = plan_connect(p, plan_monitor(p), pd);

	return (struct mk_side){
		.kind = MK_SIDE_PEER,
		.child = (uint32_t)pd,
		.channel = c.end[0].id,
	};
}

static void add_queues(struct plan *p, struct mk_link *l,
		       const struct sys_conn *conn)
{
	const uint32_t queue[MK_LINK_QUEUES] = {
		conn->ingress.active,
		conn->ingress.free,
		conn->egress.active,
		conn->egress.free,
	};
	unsigned int n = 0;

	for (unsigned int i = 0; i < MK_LINK_QUEUES; i++)
		if (queue[i] != SYS_NONE)
			l->queue[n++] = seen(p, queue[i], SYS_RW);
}

static void add_link(struct plan *p, struct mk_monitor *m,
		     const struct sys_conn *conn)
{
	struct mk_link *l = &m->link[m->n_links++];

	/* A link of two switches is called by both ports. */
	snprintf(l->name, sizeof(l->name), "%.*s", (int)sizeof(l->name) - 1,
		 conn->name);
	l->page = seen(p, conn->link, SYS_RW).addr;
	add_queues(p, l, conn);
	l->side[0] = switch_side(p, m, conn->pd[0], conn->port[0]);
	l->side[1] = conn->attachment == SYS_TO_SWITCH
			     ? switch_side(p, m, conn->pd[1], conn->port[1])
			     : peer_side(p, conn->pd[1]);
}

void plan_blob_monitor(struct plan *p)
{
	struct mk_monitor *m = calloc(1, sizeof(*m));

	if (m == NULL)
		abort();
	m->timer_channel = MK_NONE;
	add_children(p, m);
	for (size_t i = 0; i < plan_monitor(p); i++)
		if (p->pd[i].sys->comp[0].kind == SYS_SWITCH)
			add_switch(p, m, i);
	for (size_t i = 0; i < p->sys->n_conns; i++)
		add_link(p, m, &p->sys->conn[i]);
	plan_configure(p, plan_monitor(p), MK_MONITOR, m, sizeof(*m));
	free(m);
}
