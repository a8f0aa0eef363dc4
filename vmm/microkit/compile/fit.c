/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As large as the topology: the tables of each switch, and what of the ground
 * floor its switches do without (base/with.h).
 *
 * A policy that is proposed while the system runs has a little more room than
 * the first one, but can use nothing that was left out.
 */
#include <string.h>

#include "vmm/microkit/compile/plan.h"

/* Room for what may be added. */
#define MORE_RULES 16u
#define MORE_INSNS 512u

static uint32_t more(uint32_t n, uint32_t by, uint32_t most)
{
	return n + by < most ? n + by : most;
}

static bool has_reply(const struct policy_image *image)
{
	for (uint32_t i = 0; i < image->n_rules; i++)
		if (image->rule[i].reply)
			return true;
	return false;
}

struct vswitch_tables plan_tables(const struct plan *p,
				  const struct sys_switch *sw)
{
	const struct policy_image *image = &p->sys->policy[sw->number].image;
	struct vswitch_tables t = sw->tables;
	struct policy_room *room = &t.room;

	if (!has_reply(image))
		t.flows = 0;
	if (!image->snooping)
		t.groups = 0;
	*room = policy_room_for(image, sw->n_ports);
	room->rules = more(room->rules, MORE_RULES, POLICY_MAX_RULES);
	room->entries = more(room->entries, MORE_RULES * sw->n_ports,
			     POLICY_MAX_ENTRIES);
	if (room->asks)
		room->insns = more(room->insns, MORE_INSNS, POLICY_MAX_INSNS);
	return t;
}

/* What the switches of a system use. */
struct uses {
	bool flows, groups, offloads, captures, filters, iplocks, vlans;
};

static void add_port(struct uses *u, const struct sys_switch_port *port,
		     const struct policy_port *may)
{
	u->offloads |= port->wire.offload != 0;
	u->captures |= port->kind == VSWITCH_PORT_CAPTURE;
	u->iplocks |= may->ip_locked;
	u->vlans |= may->vlan_mode != POLICY_VLAN_TRANSPARENT;
}

static void add_switch(struct uses *u, const struct plan *p,
		       const struct sys_switch *sw)
{
	struct vswitch_tables t = plan_tables(p, sw);

	u->flows |= t.flows != 0;
	u->groups |= t.groups != 0;
	u->filters |= t.room.asks != 0;
	for (uint32_t i = 0; i < sw->n_ports; i++)
		add_port(u, &sw->port[i],
			 &p->sys->policy[sw->number].image.port[i]);
}

void plan_write_without(FILE *f, const struct plan *p)
{
	struct uses u = { 0 };

	for (size_t i = 0; i < plan_monitor(p); i++)
		if (p->pd[i].sys->comp[0].kind == SYS_SWITCH)
			add_switch(&u, p, &p->pd[i].sys->comp[0].sw);
	fprintf(f, "MICROKIT_WITHOUT :=%s%s%s%s%s%s%s\n",
		u.flows ? "" : " flows", u.groups ? "" : " groups",
		u.offloads ? "" : " offloads", u.captures ? "" : " captures",
		u.filters ? "" : " filters", u.iplocks ? "" : " iplocks",
		u.vlans ? "" : " vlans");
}
