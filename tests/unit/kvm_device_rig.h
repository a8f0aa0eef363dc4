/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio devices of a VMM without a VM: a driver that writes registers, and
 * processes that serve devices, which have answered before they are asked.
 */
#ifndef WEIR_TESTS_KVM_DEVICE_RIG_H
#define WEIR_TESTS_KVM_DEVICE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "vmm/kvm/front_device.h"

#define KD_START 0x40000000ull
#define KD_SIZE 0x10000u
/* Where a queue is, and its buffers. */
#define KD_QUEUE 0x1000u
#define KD_BUFFERS 0x8000u

/**
 * struct device_rig - there is one
 * @ram, @ram_fd: the guest's memory
 * @process: the other end of the last connection, or -1
 */
struct device_rig {
	struct guest_region ram;
	int ram_fd;
	int process;
};

extern struct device_rig kd;

int kd_begin(void **state);
int kd_end(void **state);

/* Accesses as a driver makes them. */
uint32_t kd_read(struct virtio_device *d, uint64_t offset);
void kd_write(struct virtio_device *d, uint64_t offset, uint32_t value);
uint64_t kd_offers(struct virtio_device *d);

/* From a reset to DRIVER_OK, with queue @queue of @size slots. */
void kd_drive(struct virtio_device *d, uint64_t features, unsigned int queue,
	      uint32_t size);

/* How often the guest was interrupted since it was last asked. */
uint64_t kd_interrupts(const struct virtio_device *d);

/**
 * struct kd_answers - what a process answers, in this order
 * @features: to GET_FEATURES
 * @protocol: to GET_PROTOCOL_FEATURES; 0: it does not
 * @config, @bytes: to GET_CONFIG; NULL: it does not
 * @inflight: descriptor of what it answers to GET_INFLIGHT_FD; -1: it does not
 */
struct kd_answers {
	uint64_t features;
	uint64_t protocol;
	const void *config;
	uint32_t bytes;
	int inflight;
};

/* A process arrives. Return: whether the device can use it. */
bool kd_arrive(struct front_device *d, const struct kd_answers *a);

/**
 * kd_hear - what the process is told next
 * @request: which request that must be
 * @body:    out: 64 bytes
 *
 * Return: the descriptor that came with it, or -1.
 */
int kd_hear(uint32_t request, uint64_t body[8]);

#endif
