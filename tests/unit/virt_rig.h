/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network virtualiser in plain memory, with a peer on either side that can be
 * honest or not.
 *
 * Both virtualisers move buffers from a source to a sink (virt/net_virt.h);
 * tests are written in those terms and run for both directions.
 */
#ifndef WEIR_TESTS_VIRT_RIG_H
#define WEIR_TESTS_VIRT_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "virt/net_virt.h"

#define VIRT_BUFFER 256u
/* Where a buffer starts, as an offset. */
#define VIRT_AT(index) ((uint64_t)(index)*VIRT_BUFFER)
#define VIRT_IO 0xfffff000ull /* a region that crosses 4 GiB */

/**
 * struct virt_peer - the driver or the switch, as a test plays it
 * @side: which
 * @put:  what we hand to the virtualiser: frames of a source, empty buffers of
 *        a sink
 * @get:  what it hands to us
 * @base: what this side calls offset 0
 */
struct virt_peer {
	enum net_virt_side side;
	struct queue_producer put;
	struct queue_consumer get;
	uint64_t base;
};

struct virt_rig {
	void *memory;
	struct net_virt *v;
	struct net_virt_config config;
	struct net_virt_stats stats;
	struct link_page link[NET_VIRT_SIDES];
	uint32_t buffers;
	struct virt_peer source;
	struct virt_peer sink;
};

/**
 * virt_rig_make - everything but the virtualiser; rig->config may be changed
 * @rx:      the driver is the source, else the switch
 * @buffers: a power of two; the capacity of the queues, too
 */
struct virt_rig *virt_rig_make(bool rx, enum net_virt_addresses addresses,
			       uint32_t buffers);

/**
 * virt_rig_init - make the virtualiser from rig->config
 *
 * Return: whether it accepted the configuration.
 */
bool virt_rig_init(struct virt_rig *r);

/**
 * virt_rig_start - both of the above, links up, first run done
 */
struct virt_rig *virt_rig_start(bool rx, enum net_virt_addresses addresses,
				uint32_t buffers);
void virt_rig_free(struct virt_rig *r);

/**
 * virt_rig_run - run until there is no more to do
 *
 * Return: NET_VIRT_RING_* bits.
 */
unsigned int virt_rig_run(struct virt_rig *r);
bool virt_rig_run_once(struct virt_rig *r, unsigned int *ring);
bool virt_rig_arm(struct virt_rig *r);

/**
 * virt_rig_down, virt_rig_up - what the monitor does to a side's link
 */
void virt_rig_down(struct virt_rig *r, struct virt_peer *p);
void virt_rig_up(struct virt_rig *r, struct virt_peer *p);

/**
 * virt_put - hand one descriptor to the virtualiser, published at once
 * @offset: offset in the region; the peer's base is added
 */
void virt_put(struct virt_peer *p, uint64_t offset, uint16_t len);

/**
 * virt_get - take one descriptor from the virtualiser
 *
 * Return: the buffer's index, or -1 if there is none; @len may be NULL.
 */
int virt_get(struct virt_peer *p, uint16_t *len);

/**
 * virt_refused - how often a side was refused for a reason
 */
uint64_t virt_refused(const struct virt_rig *r, const struct virt_peer *p,
		      enum net_virt_reason why);

/**
 * virt_all_refused - the sum of all those
 */
uint64_t virt_all_refused(const struct virt_rig *r);

/**
 * virt_rig_conserved - whether no buffer was lost or doubled: takes both links
 * down and up, and looks at what is lent to the source
 */
bool virt_rig_conserved(struct virt_rig *r);

/*
 * A test that is to run for every direction and kind of address: its *state is
 * a struct virt_direction.
 *
 *	const struct CMUnitTest tests[] = { VIRT_ALL(TESTS) };
 *
 * where TESTS(TEST) is TEST(name) TEST(name) ...
 */
struct virt_direction {
	bool rx;
	enum net_virt_addresses addresses;
};

extern struct virt_direction virt_rx_offset, virt_rx_io, virt_tx_offset,
	virt_tx_io;

#define VIRT_UNIT(f, way, direction)                                           \
	{ #f " (" way ")", f, NULL, NULL, &(direction) },
#define VIRT_RX(f) VIRT_UNIT(f, "rx, offsets", virt_rx_offset)
#define VIRT_RX_IO(f) VIRT_UNIT(f, "rx, io", virt_rx_io)
#define VIRT_TX(f) VIRT_UNIT(f, "tx, offsets", virt_tx_offset)
#define VIRT_TX_IO(f) VIRT_UNIT(f, "tx, io", virt_tx_io)
#define VIRT_ALL(tests)                                                        \
	tests(VIRT_RX) tests(VIRT_RX_IO) tests(VIRT_TX) tests(VIRT_TX_IO)

/**
 * virt_rig_for - virt_rig_start() for such a test
 */
struct virt_rig *virt_rig_for(void **state, uint32_t buffers);

#endif
