/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM's virtualisers as a component, in the test's own process, which
 * plays the driver and the switch.  No PD and no sandbox; regions are ordinary
 * memory.
 */
#ifndef WEIR_TESTS_UNIT_COMPONENT_VIRT_RIG_H
#define WEIR_TESTS_UNIT_COMPONENT_VIRT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include "virt/net_virt.h"
#include "vmm/linux/pd/loop.h"

#define CAPACITY 128u
#define BUFFER 2048u

/* Of each side: where it finds its queues and its link page. */
enum { ID_DRIVER, ID_SWITCH, IDS };

/* To the monitor. */
#define ID_CTL IDS

#define CHANNELS (IDS + 1)
#define SLOT_IN_ACTIVE(side) (5u * (side))
#define SLOT_IN_FREE(side) (5u * (side) + 1)
#define SLOT_OUT_ACTIVE(side) (5u * (side) + 2)
#define SLOT_OUT_FREE(side) (5u * (side) + 3)
#define SLOT_LINK(side) (5u * (side) + 4)

enum { SLOT_IN_DATA = 10, SLOT_OUT_DATA, SLOT_STATS_RX, SLOT_STATS_TX, SLOTS };

/**
 * struct cv_side - the driver or the switch, as the test plays it
 * @in_put, @in_get:   frames the card received: the driver puts frames and gets
 *                     buffers, the switch the other way round
 * @out_put, @out_get: frames to be sent, likewise
 */
struct cv_side {
	struct queue_producer in_put;
	struct queue_consumer in_get;
	struct queue_producer out_put;
	struct queue_consumer out_get;
};

extern struct pd *cv_pd;
extern struct component *cv_comp;
extern struct cv_side cv_side[IDS];
struct sys_component *cv_config(void);
void *cv_slot(uint32_t number);
struct sys_wire cv_wire(uint32_t which);
int cv_set_up(void **state);
int cv_tear_down(void **state);

/* --- what the monitor and the loop do ----------------------------------- */

const struct net_virt_stats *cv_stats(uint32_t number);
void cv_link_up(uint32_t which);
void cv_link_down(uint32_t which);

/* Which channels have been rung since the last call. */
unsigned int cv_rung(void);

void cv_notify(uint32_t channel);
void cv_run_dry(void);

/* Initialised, links up, everything looked at once and armed. */
void cv_settle(void);

/* --- what the sides do -------------------------------------------------- */

/* The next descriptor, or -1. */
int64_t cv_get(struct queue_consumer *q, uint16_t *len);

void cv_put(struct queue_producer *q, int64_t offset, uint16_t len);

/* The driver has received @n frames; returns the last one's offset. */
int64_t cv_receive(unsigned int n);

/* The switch has @n frames to send; returns the last one's offset. */
int64_t cv_transmit(unsigned int n);

unsigned int cv_count(struct queue_consumer *q);

#endif
