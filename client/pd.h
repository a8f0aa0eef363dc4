/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Client PDs: programs of your own as protection domains.
 *
 *	port web { program "/usr/libexec/web" args "..." }
 *
 * The monitor starts the program as it starts any PD: in namespaces of its own,
 * with no descriptor but its channels, which then maps exactly its port's memory
 * and locks itself in.  A program defines `program_ops` (vmm/linux/pd.h) and is
 * linked with libpd.a, which brings main().  It lives in the PD's event loop:
 * init() before the system call filter, then run() and arm() when something
 * happens; pd_wake_at() for timers.
 *
 * In init():	pd_wire() and net_client_init() give the port;
 *		c->cfg->program has the arguments and the MAC address.
 *
 * client/echo/ is an example with lwIP.
 */
#ifndef WEIR_CLIENT_PD_H
#define WEIR_CLIENT_PD_H

#include "client/net_client.h"
#include "vmm/linux/pd.h"

#endif
