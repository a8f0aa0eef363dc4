/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vhost-user port, or a disk, by itself, and a front-end with a guest's driver:
 * split rings, one buffer a frame.
 */
#ifndef WEIR_TESTS_UNIT_VHOST_RIG_H
#define WEIR_TESTS_UNIT_VHOST_RIG_H

#include "tests/unit/port_rig.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/vnet_header.h"
#include "virtio/net.h"
#include "vmm/linux/ports/vhost_message.h"
#include "vmm/linux/ports/vhost_user.h"

/* Requests, by their numbers in the specification. */
enum {
	GET_FEATURES = 1,
	SET_FEATURES,
	SET_OWNER,
	RESET_OWNER,
	SET_MEM_TABLE,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR,
	SET_VRING_BASE,
	GET_VRING_BASE,
	SET_VRING_KICK,
	SET_VRING_CALL,
	SET_VRING_ERR,
	GET_PROTOCOL_FEATURES,
	SET_PROTOCOL_FEATURES,
	GET_QUEUE_NUM,
	SET_VRING_ENABLE,
	SEND_RARP,
	NET_SET_MTU,
	GET_CONFIG = 24,
	SET_CONFIG,
	GET_INFLIGHT_FD = 31,
	SET_INFLIGHT_FD,
	RESET_DEVICE = 34,
	SET_STATUS = 39,
	GET_STATUS,
};

#define PROTOCOL (1ull << 30)
#define FE_FEATURES (VQ_F_VERSION_1 | VQ_F_EVENT | PROTOCOL)

/* The guest's memory, and its places for ring @ring and its buffer @slot. */
#define FE_GUEST 0x40000000ull
#define FE_SIZE 0x100000u
#define FE_SLOTS 64u
#define FE_DESC(ring) ((ring)*0x8000u)
#define FE_DRIVER(ring) (FE_DESC(ring) + 0x1000u)
#define FE_DEVICE(ring) (FE_DESC(ring) + 0x2000u)
#define FE_BUFFER(ring, slot) (0x20000u + (ring)*0x40000u + (slot)*2048u)

/**
 * struct front - a front-end and its guest
 * @rig:   the port; NULL: it is in another process
 * @sock:  the connection
 * @file, @mem: the guest's memory
 * @kick, @call, @err: by ring; -1: none
 * @made:  buffers made available, by ring
 * @seen:  buffers that came back
 */
struct front {
	struct comp *rig;
	int sock;
	int file;
	uint8_t *mem;
	int kick[RINGS];
	int call[RINGS];
	int err[RINGS];
	uint16_t made[RINGS];
	uint16_t seen[RINGS];
};

int vhost_setup(void **state);

/* Connect with fresh memory and descriptors. */
void front_join(struct front *f, struct comp *rig);

/*
 * The same to a port in a process of its own.  Answers are waited for, for a
 * time which nothing correct ever reaches; with FE_PLAIN the port always
 * interrupts.
 */
#define FRONT_TIMEOUT_MS 30000
#define FE_PLAIN (VQ_F_VERSION_1 | PROTOCOL)
void front_join_far(struct front *f, const char *path);

/* Wait for a buffer to come back. Return: false if none has. */
bool front_waits(struct front *f, unsigned int ring, int ms);

/* Give everything up, the connection as well. */
void front_leave(struct front *f);

/* --- messages ----------------------------------------------------------- */

/* Send one, with descriptors. Return: false if the port has hung up. */
bool front_say(struct front *f, uint32_t request, uint32_t flags,
	       const void *payload, uint32_t size, const int *fds,
	       unsigned int n);

void front_u64(struct front *f, uint32_t request, uint64_t value);
void front_ring(struct front *f, uint32_t request, uint32_t ring,
		uint32_t value);
void front_fd(struct front *f, uint32_t request, uint32_t ring, int fd);

/* Say where the ring is, in our own address space. */
void front_address(struct front *f, uint32_t ring);

/* Give the guest's memory. */
void front_memory(struct front *f);

/* Read an answer: its @size bytes. */
void front_hears(struct front *f, uint32_t request, void *payload,
		 uint32_t size);
uint64_t front_asks(struct front *f, uint32_t request);

/* Whether the port has hung up. */
bool front_refused(struct front *f);

/* The whole sequence, as QEMU has it, up to step @steps; all: FRONT_STEPS. */
#define FRONT_STEPS 22u
void front_begin(struct front *f, uint64_t features, unsigned int steps);
void front_step(struct front *f, uint64_t features, unsigned int step);

/* --- the guest's driver ------------------------------------------------- */

/* The guest sends a frame, or what is to be one. */
void front_sends(struct front *f, const struct vnet_header *h,
		 const void *frame, size_t len);

/* It makes a receive buffer available. */
void front_lends(struct front *f);

/* What it received: the frame's length, 0 if there is none. */
size_t front_gets(struct front *f, uint8_t *frame);

/* A frame each way. */
void front_works(struct front *f);

#define vhost_test(f)                                                          \
	cmocka_unit_test_setup_teardown(f, vhost_setup, comp_teardown)

#endif
