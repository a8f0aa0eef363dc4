/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's half of a nic port: two packet sockets on an interface.
 */
#ifndef WEIR_VMM_LINUX_PORTS_NIC_OPEN_H
#define WEIR_VMM_LINUX_PORTS_NIC_OPEN_H

#include "vmm/linux/error.h"
#include "vmm/linux/pd/pd.h"

/* Places of the sockets among the component's descriptors. */
#define NIC_RX 0u
#define NIC_TX 1u
#define NIC_WATCH 2u
/* Not used by the PD; marks the interface as in use while it is open. */
#define NIC_CLAIM 3u
#define NIC_FDS 4u

/**
 * nic_open - struct component_ops' open()
 *
 * Brings the interface up and makes it promiscuous; the latter ends with the
 * sockets.  Nothing else about the interface is changed.
 */
int nic_open(const struct sys_component *cfg, int *fds, struct error *err);

/**
 * nic_seek - struct component_ops' seek()
 */
int nic_seek(const struct sys_component *cfg, int *fds);

#endif
