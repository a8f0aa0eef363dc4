/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small verbs on the tree that more than one stage needs.
 */
#include "config/lang/topology.h"

#define DEFAULT_MTU 1500u

const char *name_shown(const struct name *name)
{
	return name->text ? name->text : "?";
}

void names_add(struct names *names, struct name *name)
{
	if (names->last)
		names->last->next = name;
	else
		names->first = name;
	names->last = name;
	names->n++;
}

struct names names_of(struct name *name)
{
	struct names names = { 0 };

	names_add(&names, name);
	return names;
}

struct topo_port *topo_add_port(struct topology *t, struct topo_switch *sw,
				const struct name *name)
{
	struct topo_port *port = arena_alloc(t->arena, sizeof(*port));

	port->sw = sw;
	port->name = *name;
	port->name.next = NULL;
	port->number = sw->n_ports++;
	if (sw->last_port)
		sw->last_port->next = port;
	else
		sw->ports = port;
	sw->last_port = port;
	return port;
}

struct topo_port *topo_port_from(const struct topo_switch *sw)
{
	while (sw && !sw->ports)
		sw = sw->next;
	return sw ? sw->ports : NULL;
}

struct topo_port *topo_next_port(const struct topo_port *port)
{
	return port->next ? port->next : topo_port_from(port->sw->next);
}

bool topo_has_pd(const struct topo_port *port)
{
	return port->kind != TO_LINK && port->kind != TO_ATTACH;
}

uint32_t topo_mtu(const struct topo_port *port)
{
	return port->settings.mtu.set ? (uint32_t)port->settings.mtu.value
				      : DEFAULT_MTU;
}

const char *topo_port_name(struct topology *t, const struct topo_port *port)
{
	return arena_printf(t->arena, "%s.%s", name_shown(&port->sw->name),
			    name_shown(&port->name));
}

const char *topo_kind_name(enum attachment kind)
{
	static const char *const names[] = {
		[NOT_ATTACHED] = "nothing",
		[TO_TAP] = "tap",
		[TO_NIC] = "nic",
		[TO_SOCKET] = "socket",
		[TO_ATTACH] = "attach",
		[TO_CAPTURE] = "capture",
		[TO_LINK] = "link",
		[TO_PROGRAM] = "program",
		[TO_DRIVER_VM] = "driver-vm",
	};

	return names[kind];
}
