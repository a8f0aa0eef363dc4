/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a card's driver must not do to frames on their way to us.
 */
#ifndef WEIR_DRIVER_VM_FEATURES_H
#define WEIR_DRIVER_VM_FEATURES_H

/**
 * features_off - have received frames handed over one by one
 * @sock: any socket
 * @name: of the interface
 *
 * Kernel and card put received frames of a connection together (GRO, LRO),
 * which saves work for a host that is their destination; a port of a switch
 * wants what was on the wire.  The others stay as they are: the card checks
 * checksums but changes nothing, what it segments or sums up when sending it
 * does for frames of the guest's own stack only, and a VLAN tag is apart from
 * its frame on a packet socket whoever took it out.
 *
 * Return: 0, or negative errno if the driver has no such features or does not
 * let go of them.
 */
int features_off(int sock, const char *name);

#endif
