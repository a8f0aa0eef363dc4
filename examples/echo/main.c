/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo: a client PD that answers TCP and UDP echo and ping.
 *
 *	port web { program "client-echo" args "port 7" }
 *
 * An example of a client PD (client/pd.h) with an IP stack, lwIP (its port is
 * port.c, wire.c, lwipopts.h and arch/cc.h), and the usual demonstration of
 * driver VMs for sDDF: it gets an address by DHCP, reports it, and echoes on
 * port 7.
 *
 * lwIP runs without an operating system: everything happens in run(), in this
 * order: timers, received frames, sending.  Its state is in globals, so a
 * process has one lwIP, as a client PD has one component.
 */
#include <arpa/inet.h>
#include <errno.h>

#include <lwip/dhcp.h>
#include <lwip/init.h>
#include <lwip/timeouts.h>

#include "examples/echo/args.h"
#include "examples/echo/echo.h"
#include "examples/echo/port.h"
#include "examples/echo/wire.h"
#include "client/pd.h"

/**
 * struct echo - state of the component
 * @wire:   the interface
 * @leased: DHCP has an address for us
 */
struct echo {
	struct wire wire;
	bool leased;
};

static int listen_on(struct component *c, uint16_t port)
{
	int result = echo_start(port);

	if (result == -EADDRINUSE)
		pd_log(c, "port %u is used by DHCP: choose another one", port);
	return result;
}

static int find_address(struct component *c, struct netif *netif,
			const struct echo_args *args)
{
	ip4_addr_t address = { args->address };
	ip4_addr_t mask = { args->mask };
	ip4_addr_t gateway = { args->gateway };

	if (!args->fixed)
		return dhcp_start(netif) == ERR_OK ? 0 : -ENOMEM;
	netif_set_addr(netif, &address, &mask, &gateway);
	pd_log(c, "IP address for netif %s is: %s", c->cfg->name,
	       ip4addr_ntoa(netif_ip4_addr(netif)));
	return 0;
}

static int init(struct component *c)
{
	struct echo *e = c->state;
	struct echo_args args;
	char wrong[160];
	int result;

	if (!echo_args_parse(c->cfg->program.args, &args, wrong,
			     sizeof(wrong))) {
		pd_log(c, "%s", wrong);
		return -EINVAL;
	}
	result = port_init(c);
	if (result != 0)
		return result;
	port_set_time(pd_now(c));
	lwip_init();
	result = wire_init(&e->wire, c);
	/* First the address: DHCP's port is taken by whoever comes first. */
	if (result == 0)
		result = find_address(c, &e->wire.netif, &args);
	if (result == 0)
		result = listen_on(c, args.port);
	return result;
}

/* Report an address that DHCP has assigned or confirmed. */
static void report_lease(struct component *c)
{
	struct echo *e = c->state;
	bool leased = dhcp_supplied_address(&e->wire.netif) != 0;

	if (leased && !e->leased)
		pd_log(c,
		       "DHCP request finished, IP address for netif %s is: %s",
		       c->cfg->name,
		       ip4addr_ntoa(netif_ip4_addr(&e->wire.netif)));
	e->leased = leased;
}

static bool run(struct component *c, uint64_t now_ns)
{
	struct echo *e = c->state;
	bool more;

	port_set_time(now_ns);
	sys_check_timeouts();
	more = wire_run(&e->wire);
	wire_flush(&e->wire);
	report_lease(c);
	pd_wake_at(c, port_wake_time());
	return more;
}

static bool arm(struct component *c)
{
	struct echo *e = c->state;

	return wire_arm(&e->wire);
}

const struct component_ops program_ops = {
	.kind = SYS_PROGRAM,
	.name = "program",
	.state_size = sizeof(struct echo),
	.init = init,
	.run = run,
	.arm = arm,
};
