/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's half of a socket port: making the socket.
 */
#ifndef WEIR_VMM_LINUX_PORTS_SOCKET_OPEN_H
#define WEIR_VMM_LINUX_PORTS_SOCKET_OPEN_H

#include "vmm/linux/error.h"
#include "vmm/linux/pd/pd.h"

/**
 * socket_open - struct component_ops' open(): listen, or connect
 *
 * A Unix socket's path that nobody listens on any more (left by a crash) is
 * taken over; anything else that is there is left alone.  A peer that is not
 * there yet is not an error: it returns 0, no descriptor.
 */
int socket_open(const struct sys_component *cfg, int *fds, struct error *err);

/**
 * socket_seek - struct component_ops' seek(): wait until it can connect
 */
int socket_seek(const struct sys_component *cfg, int *fds);

/**
 * socket_close - struct component_ops' close(): remove a Unix socket's path
 */
void socket_close(const struct sys_component *cfg);

#endif
