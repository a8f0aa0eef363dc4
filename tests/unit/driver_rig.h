/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM's program in plain memory: its card is the test's, and so is the
 * other side of its queues.
 */
#ifndef WEIR_TESTS_UNIT_DRIVER_RIG_H
#define WEIR_TESTS_UNIT_DRIVER_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "driver_vm/net.h"

#define D_CAPACITY 128u
#define D_BUFFER 2048u
#define D_MAX_FRAME 1518u
#define D_REGION ((size_t)D_CAPACITY * D_BUFFER)

/**
 * struct driver_rig - both sides of a connection
 * @net:    under test
 * @config: what it was made from
 * @link, @status, @doorbell: the pages
 * @rx_active, @rx_free, @tx_active, @tx_free: the other side's halves
 */
struct driver_rig {
	struct net net;
	struct net_config config;
	struct link_page link;
	struct driver_status status;
	uint32_t doorbell[2];
	struct queue_consumer rx_active;
	struct queue_producer rx_free;
	struct queue_producer tx_active;
	struct queue_consumer tx_free;
};

void *d_memory(size_t size);
void d_frame(uint8_t *frame, size_t len, unsigned int which);
void d_is_frame(const uint8_t *got, size_t got_len, size_t len,
		unsigned int which);

/* The region the tests' transmit frames are in, for the other side to write. */
uint8_t *d_transmit(struct driver_rig *r);

struct driver_rig *d_make(struct net_card *card, bool uncached);
void d_free(struct driver_rig *r);
void d_down(struct driver_rig *r);

/* With empty queues; who fills them is the caller's choice. */
void d_up(struct driver_rig *r);

/* Give @count empty buffers, from buffer @first on. */
void d_lend(struct driver_rig *r, unsigned int first, unsigned int count);

/* A frame to be sent, in buffer @index. */
void d_send(struct driver_rig *r, unsigned int index, uint16_t len,
	    unsigned int which);

/* Take a descriptor; false if there is none. */
bool d_take(struct queue_consumer *q, struct net_desc *d);

/* A received frame, as expected. */
uint64_t d_received(struct driver_rig *r, size_t len, unsigned int which);

/* As the loop does, until it would sleep; it must not take for ever. */
void d_run(struct driver_rig *r);

#endif
