/* SPDX-License-Identifier: BSD-2-Clause */
/* Turning off offloads that change received frames. */
#ifndef WEIR_DRIVER_VM_FEATURES_H
#define WEIR_DRIVER_VM_FEATURES_H

#include <stdbool.h>

/**
 * features_off - turn off the merging of received frames
 * @sock:     any socket
 * @name:     of the interface
 * @segments: those can stay that can be undone
 *
 * Kernel and card merge received frames of a connection (GRO, LRO), which saves
 * work for a host.  A switch port that takes no segments needs the frames as
 * they were on the wire.  What LRO has merged cannot be cut as it was.  Other
 * offloads stay: verifying checksums changes nothing, offloads for
 * sending apply only to frames of the guest's own stack, and a packet socket
 * delivers a VLAN tag apart from its frame anyway.
 *
 * Return: 0, or negative errno if the driver has no such features or does not
 * turn them off.
 */
int features_off(int sock, const char *name, bool segments);

#endif
