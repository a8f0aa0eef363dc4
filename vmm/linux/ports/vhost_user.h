/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch port that is a virtual machine's network card (vhost.h).
 *
 * Every chain is given back in the visit in which it was taken, so there is
 * nothing in flight when rings stop, memory changes, or this process dies.
 */
#ifndef WEIR_VMM_LINUX_PORTS_VHOST_USER_H
#define WEIR_VMM_LINUX_PORTS_VHOST_USER_H

#include "virtio/net.h"
#include "vmm/linux/ports/pump.h"
#include "vmm/linux/ports/vhost.h"

/* Rings of a card, by the numbers of the specification. */
enum { RING_RX, RING_TX, RINGS };

/**
 * struct vhost_card - the component's state
 * @pump:  the switch's side
 * @vhost: the front-end
 * @net:   the guest's card
 * @room:  bytes of a transmit buffer
 * @told:  NET_* counts as they were last passed on
 */
struct vhost_card {
	struct pump pump;
	struct vhost vhost;
	uint32_t room;
	uint64_t told[NET_COUNTS];
	struct virtio_net net;
};

#endif
