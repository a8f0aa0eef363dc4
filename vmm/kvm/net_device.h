/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client VM's network card: what front_device.h does not know of it, its
 * address and its link.
 */
#ifndef WEIR_VMM_KVM_NET_DEVICE_H
#define WEIR_VMM_KVM_NET_DEVICE_H

#include "vmm/kvm/front_device.h"

/**
 * struct net_device_config - what a card is
 * @ram, @ram_fd: the guest's memory
 * @mac:    48 bits, the first byte uppermost
 * @mtu:    bytes
 */
struct net_device_config {
	struct guest_region ram;
	int ram_fd;
	uint64_t mac;
	uint16_t mtu;
};

/**
 * net_device_make - a card that is in no VM yet
 * @d: zero
 *
 * Its link is down.
 *
 * Return: 0, or -1 with @err set.
 */
int net_device_make(struct front_device *d,
		    const struct net_device_config *config, struct error *err);

/** net_device_carrier - the guest is told whether its link is up */
void net_device_carrier(struct front_device *d, bool up);

#endif
