/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be shown; and what switches know and the monitor does not:
 * addresses, flows, multicast groups.  An entry that names a port that is not
 * there is left out.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "vmm/linux/control/json.h"

/* --- fdb ---------------------------------------------------------------- */

static json_t *fdb_row(const struct monitor *m, const struct mon_switch *sw,
		       const struct vswitch_ctl_reply *reply, uint32_t i)
{
	const struct fdb_entry *e = &reply->entry[i];
	const char *flags = (e->flags & FDB_STATIC) != 0   ? "static"
			    : (e->flags & FDB_STICKY) != 0 ? "sticky"
							   : "";

	(void)m;
	return json_pack("{s:s, s:o, s:i, s:o, s:I, s:s}", "switch",
			 sw->comp->name, "mac", mac_json(e->mac), "vlan",
			 (int)e->vlan, "port", port_json(sw, e->port), "age",
			 (json_int_t)e->age, "flags", flags);
}

/* --- flows -------------------------------------------------------------- */

json_t *prefix_json(const uint8_t addr[16], unsigned int bits)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool v4 = memcmp(addr, mapped, sizeof(mapped)) == 0 && bits >= 96;
	char text[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr + 12 : addr, text,
		  sizeof(text));
	if (bits >= 128)
		return json_string(text);
	return json_sprintf("%s/%u", text, v4 ? bits - 96 : bits);
}

json_t *ip_json(const struct ip_addr *addr)
{
	const uint64_t half[] = { htobe64(addr->hi), htobe64(addr->lo) };

	return prefix_json((const uint8_t *)half, 128);
}

static json_t *protocol_json(uint8_t protocol)
{
	static const char *const name[] = {
		[0] = "arp",
		[PACKET_ICMP] = "icmp",
		[PACKET_TCP] = "tcp",
		[PACKET_UDP] = "udp",
		[PACKET_ICMPV6] = "icmp6",
	};
	const char *known = NAME_OF(name, protocol, NULL);

	return known != NULL ? json_string(known)
			     : json_sprintf("%u", protocol);
}

static json_t *flow_row(const struct monitor *m, const struct mon_switch *sw,
			const struct vswitch_ctl_reply *reply, uint32_t i)
{
	static const char *const state[] = {
		[FLOW_OPENED] = "opened",
		[FLOW_ANSWERED] = "answered",
		[FLOW_CLOSING] = "closing",
	};
	const struct sys_policy *policy = held_policy(m, sw);
	const struct flow_entry *e = &reply->flow[i];
	uint32_t rule = policy != NULL ? policy_by_id(policy, e->rule)
				       : SYS_NONE;

	return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:i, s:o, s:i, s:s, "
			 "s:I, s:o*}",
			 "switch", sw->comp->name, "vlan", (int)e->vlan, "from",
			 port_json(sw, e->src), "to", port_json(sw, e->dst),
			 "protocol", protocol_json(e->protocol), "source",
			 ip_json(&e->from), "source_port", (int)e->from_port,
			 "destination", ip_json(&e->to), "destination_port",
			 (int)e->to_port, "state", NAME_OF(state, e->state, ""),
			 "left", (json_int_t)e->left, "rule",
			 rule != SYS_NONE ? show_rule(policy, rule) : NULL);
}

/* --- multicast groups --------------------------------------------------- */

static json_t *group_row(const struct monitor *m, const struct mon_switch *sw,
			 const struct vswitch_ctl_reply *reply, uint32_t i)
{
	/* A port can be a member of one group or of all, or a router's. */
	static const char *const kind[] = {
		[MCAST_MEMBER] = "member",
		[MCAST_ROUTER] = "router",
	};
	const struct mcast_entry *e = &reply->group[i];

	(void)m;
	return json_pack("{s:s, s:i, s:o, s:o, s:s, s:I}", "switch",
			 sw->comp->name, "vlan", (int)e->vlan, "group",
			 e->role == MCAST_MEMBER ? ip_json(&e->group)
						 : json_string(""),
			 "port", port_json(sw, e->port), "kind",
			 NAME_OF(kind, e->role, "everything"), "left",
			 (json_int_t)e->left);
}

/* --- all ---------------------------------------------------------------- */

const struct control_list control_trace = { .op = CTL_TRACE };

static const struct control_list lists[] = {
	{ .what = "ports", .data = show_ports },
	{ .what = "drops", .data = show_drops },
	{ .what = "system", .data = show_system },
	{ .what = "vms", .data = show_vms },
	{ .what = "disks", .data = show_disks },
	{ .what = "policy", .data = show_policy, .names_rules = true },
	{ .what = "fdb",
	  .row = fdb_row,
	  .op = CTL_FDB,
	  .page = CTL_FDB_ENTRIES,
	  .pages = 2 * FDB_MAX_CAPACITY / CTL_FDB_ENTRIES },
	{ .what = "flows",
	  .row = flow_row,
	  .op = CTL_FLOWS,
	  .page = CTL_FLOW_ENTRIES,
	  .pages = 2 * FLOW_MAX_CAPACITY / CTL_FLOW_ENTRIES },
	/* Memberships, and routers' ports. */
	{ .what = "groups",
	  .row = group_row,
	  .op = CTL_GROUPS,
	  .page = CTL_GROUP_ENTRIES,
	  .pages = 4 * MCAST_MAX_GROUPS / CTL_GROUP_ENTRIES },
};

const struct control_list *control_list_find(const char *what)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(lists[i].what, what) == 0)
			return &lists[i];
	return NULL;
}
