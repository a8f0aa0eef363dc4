/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front-end of vhost-user: handing a device's queues to the process that
 * serves them (vmm/linux/ports/vhost_user.h has the other side).
 *
 * A client VM's network cards and disks are not served by this process, which
 * has no frames and no files.  It emulates the registers, and over a socket it
 * tells the device's PD where the guest's memory and queues are.  The doorbell of a queue is an
 * eventfd that KVM writes (ioeventfd), its interrupt one that KVM reads (irqfd);
 * both are handed over, so data costs no exit to user space.
 *
 * The device's PD is not trusted, and may die and come back.  Nothing is waited
 * for longer than it is given to answer; whatever goes wrong, the connection is closed, and
 * the monitor brings another once there is a device again.  A queue goes on
 * where the guest's memory says that the device stopped, which split rings do,
 * and with what the device has said that it had begun, if it keeps that in
 * memory it shares (the protocol calls it "inflight").  That is passed on, and
 * not looked at.
 */
#ifndef WEIR_VMM_KVM_VHOST_FRONT_H
#define WEIR_VMM_KVM_VHOST_FRONT_H

#include "virtio/vq.h"

/* Queues, and bytes of a configuration, that a device has at most. */
#define FRONT_QUEUES 8u
#define FRONT_CONFIG 64u

/* Bit of the features: the device has some of the protocol's as well. */
#define FRONT_F_PROTOCOL (1ull << 30)

/* What a device has begun: @fd is -1 if nothing is known of it. */
struct front_inflight {
	int fd;
	uint64_t size;
	uint64_t at;
};

/**
 * struct vhost_front - a connection to a device
 * @fd:     socket, or -1: there is none now
 * @offers: features the device has said it has
 * @ram:    the guest's memory, and
 * @ram_fd: the file it is, from its beginning on
 * @queues: how many it has
 * @answer_s: seconds within which the device must answer
 * @kick:   eventfds of the queues
 * @call:   eventfd of the interrupt of all of them
 * @config_size: bytes of @config, which is the device's; 0: it is not asked
 * @keeps:  the device is asked for memory to keep what it has begun,
 * @inflight: which is passed on to the next one
 */
struct vhost_front {
	int fd;
	uint64_t offers;
	struct guest_region ram;
	int ram_fd;
	unsigned int queues;
	unsigned int answer_s;
	int kick[FRONT_QUEUES];
	int call;
	uint32_t config_size;
	uint8_t config[FRONT_CONFIG];
	bool keeps;
	struct front_inflight inflight;
};

/**
 * front_connect - begin with a new connection, in place of the last one
 * @f:  all but @fd, @offers, @config and @inflight is set; these are -1, or the
 *      last one's
 * @fd: connected stream socket, taken over
 *
 * Return: false: it is of no use, and closed.
 */
bool front_connect(struct vhost_front *f, int fd);

/**
 * front_start - let the device serve a queue
 * @queue:    number
 * @config:   its set-up, which is in RAM
 * @features: what the guest has agreed to
 */
void front_start(struct vhost_front *f, unsigned int queue,
		 const struct vq_config *config, uint64_t features);

/**
 * front_stop - take a queue back
 *
 * When this returns the device does not touch it any more.
 */
void front_stop(struct vhost_front *f, unsigned int queue);

#endif
