/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client VM's network card: its registers.  The queues are served by another
 * process (vhost_front.h).
 *
 * No exit to user space on the path of frames: a queue's doorbell is an
 * ioeventfd; the interrupt is an irqfd that the device's process writes; the
 * interrupt status, which the driver reads each time, is in a page that the
 * guest can read, and always says that a queue was used; and its acknowledgement
 * is an ioeventfd that nobody reads.
 *
 * Registers are used by all vCPUs' threads, connections and link states come
 * from the event loop: a lock keeps them apart.  What is done under it takes no
 * longer than a device is given to answer.
 */
#ifndef WEIR_VMM_KVM_NET_DEVICE_H
#define WEIR_VMM_KVM_NET_DEVICE_H

#include <pthread.h>

#include "virtio/mmio.h"
#include "vmm/kvm/vhost_front.h"
#include "vmm/kvm/vm.h"

/**
 * struct net_device - a card; private
 * @lock:  for everything below
 * @front: the connection to the process that serves it
 * @mmio:  its registers
 * @page:  those that are read, a page the guest sees
 */
struct net_device {
	pthread_mutex_t lock;
	struct vhost_front front;
	struct mmio mmio;
	uint8_t *page;
	struct guest_memory memory;
};

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
 * net_device_make - put a card into a VM that does not run yet
 * @d:      zero
 * @number: of the virtio devices (layout.h)
 *
 * Return: 0, or -1 with @err set.
 */
int net_device_make(struct net_device *d, struct vm *vm, unsigned int number,
		    const struct net_device_config *config, struct error *err);

/**
 * net_device_connect - a new connection to the process that serves it
 * @fd: taken over
 *
 * The first one decides which features the guest is offered.
 *
 * Return: whether it can be used.
 */
bool net_device_connect(struct net_device *d, int fd);

/** net_device_connected - has there been a connection? */
bool net_device_connected(struct net_device *d);

/** net_device_carrier - the guest is told whether its link is up */
void net_device_carrier(struct net_device *d, bool up);

#endif
