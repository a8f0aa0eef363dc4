/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may connect to a Unix socket's path.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_ACCESS_H
#define WEIR_VMM_LINUX_MONITOR_ACCESS_H

#include <sys/un.h>

#include "config/system.h"
#include "vmm/linux/error.h"

/**
 * access_bind - bind a socket to a path and say who may connect
 * @fd:      a fresh Unix socket
 * @address: where
 * @access:  who
 * @mode:    the permissions if @access names none; 0: by the user's umask
 *
 * Permissions, owner and group are set before listen(): until then nobody can
 * connect.  If that fails, the path is removed again.
 *
 * Return: 0; -1 with errno of bind() set and @err empty; or -1 with @err set.
 */
int access_bind(int fd, const struct sockaddr_un *address,
		const struct sys_access *access, unsigned int mode,
		struct error *err);

#endif
