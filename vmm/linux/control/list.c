/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be shown; and what switches know and the monitor does not:
 * addresses, flows, multicast groups.  An entry that names a port that is not
 * there is left out.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "vmm/linux/control/json.h"

/* --- fdb ----------------------------------------------------------------- */

static json_t *fdb_row(const struct monitor *m, const struct mon_switch *sw,
		       const struct vswitch_ctl_reply *reply, uint32_t i)
{
	const struct fdb_entry *entry = &reply->entry[i];
	char name[SYS_NAME], mac[MAC_TEXT];
	const char *flags = "";

	(void)m;
	if (entry->port >= sw->comp->sw.n_ports)
		return NULL;
	if ((entry->flags & FDB_STATIC) != 0)
		flags = "static";
	else if ((entry->flags & FDB_STICKY) != 0)
		flags = "sticky";
	return json_pack("{s:s, s:s, s:i, s:s, s:I, s:s}", "switch",
			 sw->comp->name, "mac", mac_text(entry->mac, mac),
			 "vlan", (int)entry->vlan, "port",
			 port_name(sw, entry->port, name), "age",
			 (json_int_t)entry->age, "flags", flags);
}

/* --- flows --------------------------------------------------------------- */

const char *ip_text(const struct ip_addr *addr, char buf[IP_TEXT])
{
	uint32_t v4 = htonl((uint32_t)addr->lo);
	uint8_t bytes[16];

	for (unsigned int i = 0; i < 8; i++) {
		bytes[i] = (uint8_t)(addr->hi >> (56 - 8 * i));
		bytes[8 + i] = (uint8_t)(addr->lo >> (56 - 8 * i));
	}
	if (ip_is_v4(addr))
		inet_ntop(AF_INET, &v4, buf, IP_TEXT);
	else
		inet_ntop(AF_INET6, bytes, buf, IP_TEXT);
	return buf;
}

static const char *protocol_text(uint8_t protocol, char buf[4])
{
	static const char *const name[] = {
		[0] = "arp",
		[PACKET_ICMP] = "icmp",
		[PACKET_TCP] = "tcp",
		[PACKET_UDP] = "udp",
		[PACKET_ICMPV6] = "icmp6",
	};

	snprintf(buf, 4, "%u", protocol);
	return NAME_OF(name, protocol, buf);
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
	uint32_t n_ports = sw->comp->sw.n_ports;
	char from[SYS_NAME], to[SYS_NAME];
	char source[IP_TEXT], destination[IP_TEXT];
	char protocol[4];
	json_t *row;
	uint32_t rule = SYS_NONE;

	if (e->src >= n_ports || e->dst >= n_ports)
		return NULL;
	row = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:i, s:s, "
			"s:I}",
			"switch", sw->comp->name, "vlan", (int)e->vlan, "from",
			port_name(sw, e->src, from), "to",
			port_name(sw, e->dst, to), "protocol",
			protocol_text(e->protocol, protocol), "source",
			ip_text(&e->from, source), "source_port",
			(int)e->from_port, "destination",
			ip_text(&e->to, destination), "destination_port",
			(int)e->to_port, "state", NAME_OF(state, e->state, ""),
			"left", (json_int_t)e->left);
	if (policy != NULL)
		rule = policy_by_id(policy, e->rule);
	if (rule != SYS_NONE)
		json_object_set_new(row, "rule", show_rule(policy, rule));
	return row;
}

/* --- multicast groups ---------------------------------------------------- */

static json_t *group_row(const struct monitor *m, const struct mon_switch *sw,
			 const struct vswitch_ctl_reply *reply, uint32_t i)
{
	/* A port can be a member of one group or of all, or a router's. */
	static const char *const kind[] = {
		[MCAST_MEMBER] = "member",
		[MCAST_ROUTER] = "router",
	};
	const struct mcast_entry *e = &reply->group[i];
	char name[SYS_NAME], group[IP_TEXT] = "";

	(void)m;
	if (e->port >= sw->comp->sw.n_ports)
		return NULL;
	if (e->role == MCAST_MEMBER)
		ip_text(&e->group, group);
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:I}", "switch",
			 sw->comp->name, "vlan", (int)e->vlan, "group", group,
			 "port", port_name(sw, e->port, name), "kind",
			 NAME_OF(kind, e->role, "everything"), "left",
			 (json_int_t)e->left);
}

/* --- all ----------------------------------------------------------------- */

static const struct control_list lists[] = {
	{ .what = "ports", .data = show_ports },
	{ .what = "drops", .data = show_drops },
	{ .what = "system", .data = show_system },
	{ .what = "vms", .data = show_vms },
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
