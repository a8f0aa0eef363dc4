/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Client PDs: programs of your own as protection domains.
 *
 *	port web { program "/usr/libexec/web" args "..." }
 *
 * The monitor starts the program as it starts any PD: in namespaces of its own,
 * with no descriptor but its channels and memory; it maps exactly its port's
 * memory and enters its sandbox.  A program defines `program_ops`
 * (vmm/linux/pd/pd.h) and is linked with libpd.a, which brings main().  It
 * lives in the PD's event loop: init() before the system call filter, then
 * run() and arm() when something happens; pd_wake_at() for timers.
 *
 * In init():	pd_client() gives the port;
 *		c->cfg->program has the arguments and the MAC address.
 *
 *	cc -I. web.c libpd.a $(pkg-config --libs libseccomp libcap-ng)
 *
 * It must be built from the same sources as weir; a program of another release
 * reports that and exits.  What it or its C library writes to standard error
 * goes to weir's log, as pd_log() does.  The monitor makes the namespaces and
 * gives it only these descriptors; libpd.a, in the program itself, maps memory,
 * empties the file system and sets the system call filter before the program
 * sees a frame.  So you need not trust the program to be free of bugs, but you
 * must trust it to be linked with libpd.a.
 *
 * client/pd/examples/reflect.c is the smallest one; examples/echo/ has lwIP.
 */
#ifndef WEIR_CLIENT_PD_H
#define WEIR_CLIENT_PD_H

#include "virt/net_client.h"
#include "vmm/linux/pd/pd.h"

#endif
