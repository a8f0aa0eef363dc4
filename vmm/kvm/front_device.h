/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client VM's device that another process serves (vhost_front.h): its
 * registers, doorbells and interrupt.
 *
 * No exit to user space on the path of data: a queue's doorbell is an ioeventfd;
 * the interrupt is an irqfd that the device's process writes; the interrupt
 * status, which the driver reads each time, is in a page that the guest can
 * read, and always says that a queue was used; and its acknowledgement is an
 * ioeventfd that nobody reads.
 *
 * Registers are used by all vCPUs' threads, connections come from the event
 * loop.  What is done under the lock takes no longer than a device is given to
 * answer.
 */
#ifndef WEIR_VMM_KVM_FRONT_DEVICE_H
#define WEIR_VMM_KVM_FRONT_DEVICE_H

#include "vmm/kvm/vhost_front.h"
#include "vmm/kvm/virtio_device.h"

struct front_device;

/**
 * struct front_config - what such a device is
 * @device:   which kind, as virtio numbers them
 * @queues:   FRONT_QUEUES at most
 * @answer_s: seconds in which its process must answer
 * @own:      features that the registers have by themselves
 * @config:   bytes of the configuration that its process says, FRONT_CONFIG at
 *            most; 0: none
 * @adapt:    make of these what the guest reads; NULL: they are that
 * @keeps:    its process keeps in shared memory what it has begun
 * @ram, @ram_fd: the guest's memory
 */
struct front_config {
	uint32_t device;
	unsigned int queues;
	unsigned int answer_s;
	uint64_t own;
	uint32_t config;
	void (*adapt)(const struct front_device *d, uint8_t *config);
	bool keeps;
	struct guest_region ram;
	int ram_fd;
};

/**
 * struct front_device - the device; private
 * @dev:   its registers
 * @is:    what it is
 * @front: the connection to the process that serves it
 * @known: there has been one, so that the guest can be told what it is
 */
struct front_device {
	struct virtio_device dev;
	struct front_config is;
	struct vhost_front front;
	bool known;
};

/**
 * front_device_make - a device that is in no VM yet
 * @d: zero
 *
 * Return: 0, or -1 with @err set.
 */
int front_device_make(struct front_device *d, const struct front_config *config,
		      struct error *err);

/**
 * front_device_plug - put it into a VM that does not run yet
 * @number: of the virtio devices (layout.h)
 *
 * Return: 0, or -1 with @err set.
 */
int front_device_plug(struct front_device *d, struct vm *vm,
		      unsigned int number, struct error *err);

/**
 * front_device_connect - a new connection to the process that serves it
 * @fd: taken over
 *
 * The first one decides which features the guest is offered.
 *
 * Return: whether it can be used.
 */
bool front_device_connect(struct front_device *d, int fd);

/** front_device_connected - has there been a connection? */
bool front_device_connected(struct front_device *d);

#endif
