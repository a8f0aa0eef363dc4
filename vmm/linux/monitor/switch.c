/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switches as the monitor sees them: statistics, faults, the control mailbox.
 *
 * A switch handles frames from hostile peers, and one might subvert it, so it
 * is not trusted: a port's state must be one of the known values, a reply is
 * copied before it is read, and only the asker waits, at most a second, for a
 * switch that does not answer.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "vmm/linux/monitor/state.h"

/* How often a switch may have a disputed address logged. */
#define DISPUTE_NS (50 * 1000000000ull)

/* --- finding and mapping ------------------------------------------------- */

/* Each port's link, and each link's switches. */
static void tie_links(struct monitor *m, struct mon_switch *sw)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct mon_link *l = &m->link[i];
		const struct sys_conn *c = l->conn;
		int sides = c->attachment == SYS_TO_SWITCH ? 2 : 1;

		for (int side = 0; side < sides; side++) {
			if (c->pd[side] != sw->pd ||
			    &m->sys.pd[sw->pd].comp[c->comp[side]] != sw->comp)
				continue;
			l->sw[side] = sw;
			sw->link[c->port[side]] = l;
		}
	}
}

static int map_switch(struct monitor *m, struct mon_switch *sw)
{
	const struct sys_switch *cfg = &sw->comp->sw;
	const struct backing *b = &m->backing;

	sw->stats = backing_map(b, backing_slot(b, sw->pd, cfg->stats), SYS_R);
	sw->request = backing_map(b, backing_slot(b, sw->pd, cfg->ctl_request),
				  SYS_RW);
	sw->reply =
		backing_map(b, backing_slot(b, sw->pd, cfg->ctl_reply), SYS_R);
	sw->policy =
		backing_map(b, backing_slot(b, sw->pd, cfg->policy), SYS_RW);
	if (sw->stats == NULL || sw->request == NULL || sw->reply == NULL ||
	    sw->policy == NULL)
		return error_set(m->err, "cannot map what switch %s shows: %s",
				 sw->comp->name, strerror(errno));
	return 0;
}

static int add_switch(struct monitor *m, uint32_t pd,
		      const struct sys_component *comp)
{
	struct mon_switch *sw = &m->sw[m->n_switches++];

	*sw = (struct mon_switch){ .comp = comp, .pd = pd, .ctl.fd = -1 };
	tie_links(m, sw);
	return map_switch(m, sw);
}

int switches_map(struct monitor *m)
{
	m->sw = calloc(system_count(&m->sys, SYS_SWITCH) + 1, sizeof(*m->sw));
	if (m->sw == NULL)
		return error_set(m->err, "not enough memory");
	for (uint32_t i = 0; i < m->sys.n_pds; i++) {
		const struct sys_pd *pd = &m->sys.pd[i];

		for (uint32_t c = 0; c < pd->n_comps; c++)
			if (pd->comp[c].kind == SYS_SWITCH &&
			    add_switch(m, i, &pd->comp[c]) != 0)
				return -1;
	}
	return 0;
}

void switches_free(struct monitor *m)
{
	for (size_t i = 0; i < m->n_switches; i++) {
		struct mon_switch *sw = &m->sw[i];
		const struct sys_switch *cfg = &sw->comp->sw;
		const struct backing *b = &m->backing;

		loop_del(&m->loop, &sw->ctl);
		backing_unmap(b, backing_slot(b, sw->pd, cfg->stats),
			      sw->stats);
		backing_unmap(b, backing_slot(b, sw->pd, cfg->ctl_request),
			      sw->request);
		backing_unmap(b, backing_slot(b, sw->pd, cfg->ctl_reply),
			      sw->reply);
		backing_unmap(b, backing_slot(b, sw->pd, cfg->policy),
			      sw->policy);
	}
	free(m->sw);
	m->sw = NULL;
	m->n_switches = 0;
}

void switch_reset(struct monitor *m, struct mon_switch *sw)
{
	const struct sys_switch *cfg = &sw->comp->sw;
	const struct backing *b = &m->backing;

	backing_zero(b, backing_slot(b, sw->pd, cfg->stats));
	backing_zero(b, backing_slot(b, sw->pd, cfg->ctl_request));
	backing_zero(b, backing_slot(b, sw->pd, cfg->ctl_reply));
	policy_write(sw, held_policy(m, sw));
	sw->generation = 0;
	sw->silent = 0;
	sw->disputes = 0;
}

/* --- notifications ------------------------------------------------------- */

uint32_t switch_port_epoch(const struct mon_switch *sw, uint32_t port)
{
	return __atomic_load_n(&sw->stats->port[port].epoch, __ATOMIC_ACQUIRE);
}

enum vswitch_port_state switch_port_state(const struct mon_switch *sw,
					  uint32_t port)
{
	uint32_t state =
		__atomic_load_n(&sw->stats->port[port].state, __ATOMIC_RELAXED);

	return state <= PORT_FAULT ? (enum vswitch_port_state)state
				   : PORT_ABSENT;
}

static void look_for_faults(struct monitor *m, const struct mon_switch *sw)
{
	for (uint32_t p = 0; p < MAX_PORTS; p++) {
		struct mon_link *l = sw->link[p];

		/* A fault of an earlier epoch has been handled already. */
		if (l != NULL && l->state == MON_LINK_UP &&
		    switch_port_state(sw, p) == PORT_FAULT &&
		    switch_port_epoch(sw, p) == link_epoch(l->page))
			link_fault(m, l, 1);
	}
}

/*
 * Two stations with one address.  A switch reports one a minute; more are not
 * logged.
 */
static void look_for_disputes(struct monitor *m, struct mon_switch *sw)
{
	const struct vswitch_stats *s = sw->stats;
	uint64_t disputes = __atomic_load_n(&s->disputes, __ATOMIC_ACQUIRE);
	uint64_t mac = __atomic_load_n(&s->dispute_mac, __ATOMIC_RELAXED);
	uint64_t ports = __atomic_load_n(&s->dispute_ports, __ATOMIC_RELAXED);
	uint64_t home = ports & 0xff, other = ports >> 8;
	char text[MAC_TEXT];

	if (disputes == sw->disputes || m->now_ns < sw->dispute_ns ||
	    home >= sw->comp->sw.n_ports || other >= sw->comp->sw.n_ports)
		return;
	sw->disputes = disputes;
	sw->dispute_ns = m->now_ns + DISPUTE_NS;
	monitor_log(
		LOG_WARNING, m->sys.name,
		"%s: %s goes to and fro between ports %s and %s: two "
		"stations have that address, or there is a loop; `mac lock` "
		"says where it belongs",
		sw->comp->name, mac_text(mac, text),
		sw->comp->sw.port[home].name, sw->comp->sw.port[other].name);
}

static void look_for_reply(struct monitor *m, struct mon_switch *sw)
{
	struct vswitch_ctl_reply reply;
	struct switch_asker *asker = sw->asker;

	if (asker == NULL ||
	    atomic_load_explicit(&sw->reply->seq, memory_order_acquire) !=
		    sw->seq)
		return;
	memcpy((void *)&reply, (const void *)sw->reply, sizeof(reply));
	sw->asker = NULL;
	sw->silent = 0;
	if (asker->reply != NULL)
		asker->reply(m, asker, sw, &reply);
}

/* Edge-triggered and never read: see backing.c. */
static void on_ctl(struct monitor *m, struct loop_source *s, uint32_t events)
{
	struct mon_switch *sw = loop_owner(s, struct mon_switch, ctl);

	(void)events;
	look_for_reply(m, sw);
	look_for_faults(m, sw);
	look_for_disputes(m, sw);
}

int switches_watch(struct monitor *m)
{
	for (size_t i = 0; i < m->n_switches; i++) {
		struct mon_switch *sw = &m->sw[i];
		/* Its end of its control channel; the other one is ours. */
		const struct sys_chan *its =
			&m->sys.pd[sw->pd].chan[sw->comp->sw.ctl_channel];

		if (backing_watch(&m->backing, its->channel, 1 - its->end,
				  &m->loop, &sw->ctl, EPOLLIN | EPOLLET,
				  on_ctl) != 0)
			return error_set(m->err, "cannot watch switch %s: %s",
					 sw->comp->name, strerror(errno));
	}
	return 0;
}

/* --- the mailbox --------------------------------------------------------- */

void switch_ask(struct monitor *m, struct mon_switch *sw,
		const struct vswitch_ctl_request *request,
		struct switch_asker *asker)
{
	struct vswitch_ctl_request *box = sw->request;

	box->op = request->op;
	box->port = request->port;
	box->len = request->len;
	box->cursor = request->cursor;
	box->offload = request->offload;
	memcpy(box->header, request->header, sizeof(box->header));
	sw->asker = asker;
	sw->deadline_ns = m->now_ns + SWITCH_ANSWER_NS;
	if (++sw->seq == 0)
		sw->seq = 1;
	atomic_store_explicit(&box->seq, sw->seq, memory_order_release);
	pd_wake(&m->pd[sw->pd]);
}

void switch_prod(struct monitor *m, struct mon_switch *sw)
{
	static struct switch_asker nobody;
	const struct vswitch_ctl_request request = { .op = CTL_FDB };

	if (sw->asker == NULL && m->pd[sw->pd].state == PD_RUNNING &&
	    !m->pd[sw->pd].killed)
		switch_ask(m, sw, &request, &nobody);
}

void switch_tick(struct monitor *m, struct mon_switch *sw)
{
	struct switch_asker *asker = sw->asker;

	if (asker == NULL || m->now_ns < sw->deadline_ns)
		return;
	sw->asker = NULL;
	sw->silent++;
	if (asker->silence != NULL)
		asker->silence(m, asker, sw);
	if (sw->silent < SWITCH_SILENCES) {
		switch_prod(m, sw);
		return;
	}
	sw->silent = 0;
	if (m->pd[sw->pd].state != PD_RUNNING || m->pd[sw->pd].killed)
		return;
	monitor_log(LOG_ERR, m->sys.name, "%s does not answer; stopping it",
		    sw->comp->name);
	pd_kill(&m->pd[sw->pd], false);
}

void switch_withdraw(struct monitor *m, const struct switch_asker *asker)
{
	for (size_t i = 0; i < m->n_switches; i++)
		if (m->sw[i].asker == asker)
			m->sw[i].asker = NULL;
}
