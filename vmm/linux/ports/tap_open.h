/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's half of a tap port: making the interface.
 */
#ifndef WEIR_VMM_LINUX_PORTS_TAP_OPEN_H
#define WEIR_VMM_LINUX_PORTS_TAP_OPEN_H

#include "vmm/linux/error.h"
#include "vmm/linux/pd/pd.h"

/* Places among the component's descriptors. */
#define TAP_DEVICE 0u
#define TAP_WATCH 1u
#define TAP_FDS 2u

/**
 * tap_open - struct component_ops' open(): make the interface, or take it
 *
 * A persistent TAP interface that nobody uses keeps all but its MTU, and stays
 * when the descriptors are closed.
 */
int tap_open(const struct sys_component *cfg, int *fds, struct error *err);

/**
 * tap_seek - struct component_ops' seek()
 */
int tap_seek(const struct sys_component *cfg, int *fds);

#endif
