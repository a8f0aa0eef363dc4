/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor as a Microkit PD: parent of the PDs it restarts, keeper of links,
 * the one to ask.
 *
 * It never sees a frame and parses nothing a client writes: a proposed policy
 * is copied, and a switch judges it.  Of all it can do, a PD can have done only
 * what the configuration lists for its channel (struct mk_asker).
 *
 * Without a timer PD nothing wakes the monitor when a pause ends; it goes on at
 * the next event, whatever that is.
 */
#include "vmm/microkit/ask.h"
#include "vmm/microkit/monitor.h"

/* What init() sets.  @cfg: NULL: nothing to do. */
static struct monitor self;

static void set_alarm(struct monitor *m)
{
	uint64_t due = links_due(m);

	if (due != m->alarm_ns && due != UINT64_MAX)
		mk_wake_after(m->cfg->timer_channel, due - m->now_ns);
	m->alarm_ns = due;
}

void monitor_step(struct monitor *m)
{
	m->now_ns = mk_now();
	orders_step(m);
	links_step(m);
	set_alarm(m);
}

static bool side_ok(const struct mk_monitor *cfg, const struct mk_side *s)
{
	return (s->kind != MK_SIDE_SWITCH ||
		(s->number < cfg->n_switches && s->port < MAX_PORTS)) &&
	       (s->kind != MK_SIDE_VIRT || (s->number < 2 && s->stats != 0)) &&
	       (s->child == MK_NONE || s->child < cfg->n_children);
}

/* Numbers that would lead outside of the tables. */
static bool config_ok(const struct mk_monitor *cfg)
{
	bool ok = cfg->n_children <= MK_CHANNELS &&
		  cfg->n_switches <= MK_SWITCHES && cfg->n_links <= MK_LINKS &&
		  cfg->n_askers <= MK_CHANNELS;

	for (unsigned int i = 0; ok && i < cfg->n_switches; i++)
		ok = cfg->sw[i].policy.size >=
			     offsetof(struct policy_image, insn) &&
		     cfg->sw[i].kept.size >= cfg->sw[i].policy.size &&
		     cfg->sw[i].stats.size >=
			     offsetof(struct vswitch_stats, hits);
	for (unsigned int i = 0; ok && i < cfg->n_links; i++)
		for (unsigned int k = 0; ok && k < MK_SIDES; k++)
			ok = cfg->link[i].page != 0 &&
			     side_ok(cfg, &cfg->link[i].side[k]);
	if (!ok)
		mk_say("the configuration contradicts itself", NULL);
	return ok;
}

void init(void)
{
	const struct mk_monitor *cfg = mk_config(MK_MONITOR, sizeof(*cfg));

	__builtin_memset(&self, 0, sizeof(self));
	if (cfg == NULL || !config_ok(cfg))
		return;
	self.cfg = cfg;
	self.alarm_ns = UINT64_MAX;
	for (unsigned int i = 0; i < cfg->n_children; i++)
		self.child[i].runs = true;
	links_begin(&self);
}

void notified(microkit_channel ch)
{
	(void)ch;
	if (self.cfg != NULL)
		monitor_step(&self);
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
	if (self.cfg == NULL)
		return microkit_msginfo_new(MK_REFUSED, 0);
	return monitor_ask(&self, ch, msginfo);
}

/* A switch of ours that crashed takes what it was asked along. */
static void cancel_orders(unsigned int child)
{
	for (unsigned int i = 0; i < self.cfg->n_links; i++)
		for (unsigned int k = 0; k < MK_SIDES; k++) {
			const struct mk_side *s = &self.cfg->link[i].side[k];

			if (s->kind == MK_SIDE_SWITCH && s->child == child)
				order_cancel(&self, s->number);
		}
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo,
		microkit_msginfo *reply_msginfo)
{
	(void)msginfo;
	(void)reply_msginfo;
	for (unsigned int i = 0; self.cfg != NULL && i < self.cfg->n_children;
	     i++) {
		if (self.cfg->child[i].id != child || !self.child[i].runs)
			continue;
		mk_say(self.cfg->child[i].name, " crashed; it begins anew",
		       NULL);
		self.now_ns = mk_now();
		restart_pause(&self.child[i].history, self.now_ns);
		child_down(&self, i);
		cancel_orders(i);
		monitor_step(&self);
	}
	return seL4_False;
}
