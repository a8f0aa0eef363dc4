/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small verbs on the tree that more than one stage needs.
 */
#include "config/lang/topology.h"

#define DEFAULT_MTU 1500u

const struct topo_kind topo_kinds[] = {
	[NOT_ATTACHED] = { "nothing", SYS_KINDS, SYS_TO_PD, .host = false },
	[TO_TAP] = { "tap", SYS_TAP, SYS_TO_PD, .host = true, .own = true,
		     .stack = true, .offload = true },
	[TO_NIC] = { "nic", SYS_NIC, SYS_TO_PD, .own = true, .stack = true,
		     .offload = true },
	[TO_SOCKET] = { "socket", SYS_SOCKET, SYS_TO_PD, .host = true,
			.own = true, .stack = true },
	[TO_VHOST_USER] = { "vhost-user", SYS_VHOST_USER, SYS_TO_PD,
			    .host = true, .own = true, .stack = true,
			    .offload = true },
	[TO_ATTACH] = { "attach", SYS_KINDS, SYS_TO_ATTACH, .host = true,
			.own = true,
			.alone = "served by a process from outside, which "
				 "cannot be in a domain; take it out" },
	[TO_CAPTURE] = { "capture", SYS_CAPTURE, SYS_TO_PD, .own = true },
	[TO_LINK] = { "link", SYS_KINDS, SYS_TO_SWITCH, .offload = true,
		      .alone = "an end of a link, and nothing runs there; put "
			       "the switches into the domain" },
	[TO_PROGRAM] = { "program", SYS_PROGRAM, SYS_TO_PD, .host = true,
			 .alone = "served by a program of its own, which "
				  "cannot be in a domain; take it out" },
	[TO_DRIVER_VM] = { "driver-vm", SYS_VIRT, SYS_TO_VIRT, .host = false,
			   .offload = true },
	[TO_VM] = { "vm", SYS_VHOST_USER, SYS_TO_PD, .host = true,
		    .stack = true, .offload = true },
};

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

uint32_t topo_mtu(const struct topo_port *port)
{
	return port->settings.mtu.set ? (uint32_t)port->settings.mtu.value
				      : DEFAULT_MTU;
}

bool topo_offload(const struct topo_port *port)
{
	return topo_kinds[port->kind].offload && !port->settings.offload.set &&
	       !port->nic_xdp.set &&
	       !(port->vm != NULL && port->vm->uncached.set);
}

const char *topo_port_name(struct topology *t, const struct topo_port *port)
{
	return arena_printf(t->arena, "%s.%s", name_shown(&port->sw->name),
			    name_shown(&port->name));
}

bool topo_is_client(const struct topo_vm *vm)
{
	return vm->user && vm->user->kind == TO_VM;
}

const char *topo_use_name(struct topology *t, const struct topo_use *use)
{
	return use->vm ? arena_printf(t->arena, "%s.disk%u",
				      name_shown(&use->vm->name), use->number)
		       : name_shown(&use->disk->name);
}
