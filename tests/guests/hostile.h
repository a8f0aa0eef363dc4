/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the hostile guest: see hostile.c.
 */
#ifndef WEIR_TESTS_GUESTS_HOSTILE_H
#define WEIR_TESTS_GUESTS_HOSTILE_H

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "virt/driver_abi.h"
#include "driver_vm/uio.h"
#include "base/link.h"
#include "base/queue.h"

#define BATCH 64u

/* Maps of the device of queues, see abi.h. */
enum { RX_ACTIVE, RX_FREE, TX_ACTIVE, TX_FREE, QUEUES };

/**
 * struct region - memory as a target
 * @at:   where
 * @size: octets
 */
struct region {
	volatile uint8_t *at;
	size_t size;
};

/**
 * struct guest - everything within reach
 * @queues, @data, @control, @doorbell: devices
 * @queue:    by map
 * @queue_size: octets of one
 * @receive, @transmit: data regions; the second is not ours to write
 * @link:     not ours to write either
 * @status:   the status page
 * @bells:    doorbells
 * @capacity, @buffer_size: of the queues
 * @life:     of the connection, from 0
 * @random:   state of the generator
 */
struct guest {
	struct uio_device queues;
	struct uio_device data;
	struct uio_device control;
	struct uio_device doorbell;
	struct net_queue *queue[QUEUES];
	size_t queue_size;
	struct region receive;
	struct region transmit;
	volatile struct link_page *link;
	struct driver_status *status;
	volatile uint8_t *bells;
	uint32_t capacity;
	uint32_t buffer_size;
	uint32_t life;
	uint64_t random;
};

static inline void ring(struct guest *g)
{
	uio_ring(g->bells, DRIVER_DOORBELL_QUEUES);
}

static inline _Noreturn void do_nothing(void)
{
	for (;;)
		pause();
}

/* xorshift64 */
static inline uint64_t any(struct guest *g)
{
	uint64_t x = g->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return g->random = x;
}

/**
 * store_anything - store anything, somewhere in a region, in any width
 */
void store_anything(struct guest *g, struct region r);

/* Modes; those that return end the guest. */

/** descriptors - buffers that are not its own, or twice; frames of others */
void descriptors(struct guest *g);
/** offloads - offload data that do not fit their frames, which change */
void offloads(struct guest *g);
/** indices - further ahead than a queue is long; each life another one */
void indices(struct guest *g);
/** scribble - over all that it may write */
void scribble(struct guest *g);
/** readonly - over what it may not */
void readonly(struct guest *g);
/** pairs - by an instruction a hypervisor is told nothing of */
void pairs(struct guest *g);
/** doorbells - both, without end */
void doorbells(struct guest *g);
/** wild - all of the doorbells' page, to and fro, in every width */
void wild(struct guest *g);
/** card - its registers, its table of interrupts, and where they are */
void card(struct guest *g);

#endif
