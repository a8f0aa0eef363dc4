/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's halves of the ports (KIND_open.c): what their tables have for
 * open(), seek() and close() (struct component_ops), and which of the
 * descriptors is what.
 */
#ifndef WEIR_VMM_LINUX_PORTS_OPEN_H
#define WEIR_VMM_LINUX_PORTS_OPEN_H

#include "vmm/linux/error.h"
#include "vmm/linux/pd/pd.h"

typedef int open_fn(const struct sys_component *cfg, int *fds,
		    struct error *err);
typedef int start_fn(const struct sys_component *cfg, int *fds, unsigned int n,
		     struct error *err);
typedef int seek_fn(const struct sys_component *cfg, int *fds);

enum { TAP_DEVICE, TAP_WATCH, TAP_FDS };
/*
 * NIC_CLAIM is not used by the PD; it marks the interface as in use.  With
 * `xdp` there are more behind them (nic_xdp.h).
 */
enum { NIC_RX, NIC_TX, NIC_WATCH, NIC_CLAIM, NIC_FDS, NIC_XDP = NIC_FDS };

/*
 * Makes the interface, or takes it: a persistent TAP that nobody uses keeps all
 * but its MTU, and stays when the descriptors are closed.
 */
open_fn tap_open;
seek_fn tap_seek;

/*
 * Brings the interface up and makes it promiscuous; the latter ends with the
 * sockets.  Nothing else about the interface is changed.
 */
open_fn nic_open;
seek_fn nic_seek;
/*
 * With `xdp`: all that AF_XDP needs, or the reason why it cannot be had, which
 * is no error.
 */
start_fn nic_xdp_start;

/*
 * Listens, or connects.  A Unix socket's path that nobody listens on any more
 * (left by a crash) is taken over; anything else that is there is left alone.
 * A peer that is not there yet is no error: there is no descriptor then.
 */
open_fn socket_open;
seek_fn socket_seek;
void socket_close(const struct sys_component *cfg);

/* The same for a socket that is a part of something else. */
int socket_open_at(const struct sys_socket *s, int *fds, struct error *err);
void socket_close_at(const struct sys_socket *s);

/*
 * Listens, if the guest is outside; then opens the file, and locks it against
 * anybody else, or makes it.
 */
open_fn disk_open;
void disk_close(const struct sys_component *cfg);

/* --- for those that are an interface ------------------------------------ */

/**
 * iface_open - open all of a port's descriptors in its namespace, or none
 * @netns: where its interface is, as for netns_call()
 * @here:  opens them there; what it did not open stays -1
 * @n:     how many
 *
 * Return: @n, or -1 with @err set.
 */
int iface_open(const struct sys_component *cfg, const char *netns,
	       open_fn *here, int *fds, unsigned int n, struct error *err);

/**
 * iface_seek - wait for an interface, or its namespace, to come back
 * @netns: where it is
 * @port:  the port's open()
 *
 * Tries again whenever an interface of the namespace, or a mount, has changed:
 * a namespace gets its name by a mount.
 *
 * Return: what @port returned, once that is no failure; -1 if nothing can be
 * waited for.
 */
int iface_seek(const struct sys_component *cfg, const char *netns,
	       open_fn *port, int *fds);

#endif
