/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for an interface, or its namespace, to come back.
 */
#ifndef WEIR_VMM_LINUX_PORTS_IFACE_SEEK_H
#define WEIR_VMM_LINUX_PORTS_IFACE_SEEK_H

#include "vmm/linux/error.h"
#include "vmm/linux/pd/pd.h"

/**
 * iface_seek - for struct component_ops' seek()
 * @cfg:   component
 * @netns: where its interface is, as for netns_call()
 * @open_port: its open()
 * @fds:   out
 *
 * Tries again whenever an interface of the namespace, or a mount, has changed:
 * a namespace gets its name by a mount.
 *
 * Return: what @open_port returned, once that is no failure; -1 if nothing can
 * be waited for.
 */
int iface_seek(const struct sys_component *cfg, const char *netns,
	       int (*open_port)(const struct sys_component *cfg, int *fds,
				struct error *err),
	       int *fds);

#endif
