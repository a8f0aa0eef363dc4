/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole uplink: driver, both virtualisers, switch, two clients.  The driver
 * may be anything from honest to mad; the clients must not notice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/lines.h"
#include "tests/unit/rig.h"
#include "virt/net_virt.h"

#define N 16u
#define SIZE 2048u
#define IO 0x80000000ull
#define UPLINK 0u

/* The driver's end; what it receives from the wire it makes up. */
struct uplink {
	struct rig *r;
	struct link_page page;
	struct net_virt_config config[2];
	struct net_virt *rx;
	struct net_virt *tx;
	void *memory[2];
	struct queue_producer rx_active;
	struct queue_consumer rx_free;
	struct queue_consumer tx_active;
	struct queue_producer tx_free;
};

static void *zeroed(size_t size)
{
	void *p = aligned_alloc(64, in_lines(size));

	assert_non_null(p);
	return memset(p, 0, size);
}

/* Everybody runs until nobody has anything to do. */
static void settle(struct uplink *u)
{
	unsigned int ring = 1;

	while (ring) {
		ring = 0;
		while (net_virt_run(u->rx, &ring))
			;
		while (net_virt_run(u->tx, &ring))
			;
		if (rig_run(u->r, 7) & RIG_BIT(UPLINK))
			ring |= NET_VIRT_RING_SWITCH;
		ring &= NET_VIRT_RING_SWITCH;
		if (net_virt_arm(u->rx) || net_virt_arm(u->tx) ||
		    vswitch_arm(u->r->sw, RIG_BIT(UPLINK)))
			ring = 1;
	}
}

static void driver_down(struct uplink *u)
{
	atomic_store(&u->page.epoch, (atomic_load(&u->page.epoch) + 2) & ~1u);
	settle(u);
}

static void driver_up(struct uplink *u)
{
	size_t size = queue_region_size(N);

	for (unsigned int i = 0; i < 2; i++) {
		memset(u->config[i].driver.active, 0, size);
		memset(u->config[i].driver.free, 0, size);
	}
	queue_producer_init(&u->rx_active, u->config[0].driver.active, N);
	queue_consumer_init(&u->rx_free, u->config[0].driver.free, N);
	queue_consumer_init(&u->tx_active, u->config[1].driver.active, N);
	queue_producer_init(&u->tx_free, u->config[1].driver.free, N);
	atomic_store(&u->page.epoch, (atomic_load(&u->page.epoch) + 1) | 1u);
	settle(u);
}

static void configure(struct uplink *u, struct net_virt_config *c,
		      struct vswitch_half *h)
{
	*c = (struct net_virt_config){
		.driver = { .capacity = N, .link = &u->page },
		.sw = { .active = h->active,
			.free = h->free,
			.capacity = h->capacity,
			.link = &u->r->port[UPLINK].page },
		.data = h->data,
		.data_size = h->data_size,
		.buffer_size = h->buffer_size,
		.addresses = NET_VIRT_IO,
		.io = IO,
	};
	c->driver.active = zeroed(queue_region_size(N));
	c->driver.free = zeroed(queue_region_size(N));
}

static int setup(void **state)
{
	struct uplink *u = zeroed(sizeof(*u));
	struct vswitch_port_config *p;
	size_t size;

	u->r = rig_clients(3);
	rig_hand_over(u->r, UPLINK);
	p = &u->r->port[UPLINK].config;
	configure(u, &u->config[0], &p->ingress);
	configure(u, &u->config[1], &p->egress);
	u->config[1].source = NET_VIRT_SWITCH;
	size = net_virt_size(&u->config[0]);
	u->memory[0] = zeroed(size);
	u->rx = net_virt_init(u->memory[0], size, &u->config[0]);
	size = net_virt_size(&u->config[1]);
	u->memory[1] = zeroed(size);
	u->tx = net_virt_init(u->memory[1], size, &u->config[1]);
	assert_non_null(u->rx);
	assert_non_null(u->tx);
	driver_up(u);
	*state = u;
	return 0;
}

static int teardown(void **state)
{
	struct uplink *u = *state;

	for (unsigned int i = 0; i < 2; i++) {
		free(u->config[i].driver.active);
		free(u->config[i].driver.free);
		free(u->memory[i]);
	}
	rig_free(u->r);
	free(u);
	return 0;
}

/* A frame comes in from the wire. */
static void from_wire(struct uplink *u, uint64_t dst, uint64_t src)
{
	struct net_desc d;

	assert_in_range(queue_pending(&u->rx_free), 1, N);
	d = queue_peek(&u->rx_free, 0);
	queue_release(&u->rx_free, 1);
	assert_in_range(d.io_or_offset, IO, IO + (N - 1ull) * SIZE);
	rig_frame(u->config[0].data + (d.io_or_offset - IO), dst, src, 100);
	queue_put(&u->rx_active, d.io_or_offset, 100);
	queue_publish(&u->rx_active);
	settle(u);
}

/* What goes out to the wire: its bytes, or -1. */
static int to_wire(struct uplink *u, uint8_t *frame)
{
	struct net_desc d;

	if (queue_pending(&u->tx_active) <= 0)
		return -1;
	d = queue_peek(&u->tx_active, 0);
	queue_release(&u->tx_active, 1);
	assert_in_range(d.io_or_offset, IO, IO + (N - 1ull) * SIZE);
	memcpy(frame, u->config[1].data + (d.io_or_offset - IO), d.len);
	queue_put(&u->tx_free, d.io_or_offset, 0);
	queue_publish(&u->tx_free);
	settle(u);
	return d.len;
}

static void send(struct uplink *u, unsigned int port, uint64_t dst)
{
	uint8_t frame[100];

	rig_frame(frame, dst, RIG_MAC(port), sizeof(frame));
	assert_true(rig_send(u->r, port, frame, sizeof(frame)));
	settle(u);
}

static void both_ways(struct uplink *u)
{
	uint8_t want[100];
	uint8_t got[SIZE];

	from_wire(u, RIG_MAC(1), RIG_MAC(0x77));
	rig_frame(want, RIG_MAC(1), RIG_MAC(0x77), sizeof(want));
	assert_int_equal(rig_receive(u->r, 1, got), sizeof(want));
	assert_memory_equal(got, want, sizeof(want));
	assert_int_equal(rig_receive(u->r, 2, got), -1);

	send(u, 1, RIG_MAC(0x77));
	rig_frame(want, RIG_MAC(0x77), RIG_MAC(1), sizeof(want));
	assert_int_equal(to_wire(u, got), sizeof(want));
	assert_memory_equal(got, want, sizeof(want));
	assert_int_equal(to_wire(u, got), -1);
	assert_int_equal(rig_receive(u->r, 2, got), -1);
}

static void frames_pass_both_ways(void **state)
{
	struct uplink *u = *state;

	rig_teach(u->r, 1, RIG_MAC(1));
	settle(u);
	assert_int_equal(to_wire(u, (uint8_t[SIZE]){ 0 }), 60);
	for (unsigned int i = 0; i < 5000; i++)
		both_ways(u);
	assert_int_equal(rig_all_drops(u->r), 0);
	assert_int_equal(net_virt_stats(u->rx)->frames, 5000);
	assert_int_equal(net_virt_stats(u->tx)->frames, 5001);
}

static void hc17_a_source_lock_holds_on_the_uplink(void **state)
{
	struct uplink *u = *state;

	rig_lock(u->r, UPLINK, RIG_MAC(0x77));
	from_wire(u, MAC_BROADCAST, RIG_MAC(1));
	assert_int_equal(rig_drain(u->r, 1), 0);
	assert_int_equal(rig_drops(u->r, UPLINK, REASON_MAC_LOCK), 1);
	from_wire(u, MAC_BROADCAST, RIG_MAC(0x77));
	assert_int_equal(rig_drain(u->r, 1), 1);
}

/* The switch keeps its port, its clients and its table. */
static void hc11_a_driver_that_crashes_is_replaced(void **state)
{
	struct uplink *u = *state;
	uint8_t got[SIZE];

	rig_teach(u->r, 1, RIG_MAC(1));
	rig_teach(u->r, 2, RIG_MAC(2));
	settle(u);
	while (to_wire(u, got) >= 0)
		;
	for (unsigned int i = 0; i < 20; i++) {
		both_ways(u);
		/* It dies with frames in both directions. */
		for (unsigned int k = 0; k < 10; k++)
			send(u, 1, RIG_MAC(0x77));
		driver_down(u);
		for (unsigned int k = 0; k < 40; k++)
			send(u, 1, RIG_MAC(0x77));
		send(u, 2, RIG_MAC(1));
		assert_int_equal(rig_receive(u->r, 1, got), 100);
		driver_up(u);
		assert_int_equal(queue_pending(&u->rx_free), N);
		assert_int_equal(to_wire(u, got), -1);
		both_ways(u);
	}
	assert_int_equal(u->r->stats->port[UPLINK].epoch, 3);
	assert_int_equal(rig_all_drops(u->r), 0);
	assert_int_equal(net_virt_stats(u->tx)
				 ->side[NET_VIRT_DRIVER]
				 .refused[NET_VIRT_PEER_DOWN],
			 20 * 40);
}

/* What a mad driver writes stops at the virtualisers. */
static void hc25_a_mad_driver_does_not_reach_the_switch(void **state)
{
	struct uplink *u = *state;
	uint32_t x = 99;

	rig_teach(u->r, 1, RIG_MAC(1));
	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t io = IO;

		x = x * 1664525u + 1013904223u;
		io += (uint64_t)(x >> 27) * (x >> 20 & 3 ? SIZE : 999);
		if (x >> 19 & 1 && queue_room(&u->rx_active) > 0) {
			queue_put(&u->rx_active, io, (uint16_t)(x >> 3));
			queue_publish(&u->rx_active);
		} else if (queue_room(&u->tx_free) > 0) {
			queue_put(&u->tx_free, io, 0);
			queue_publish(&u->tx_free);
		}
		queue_release(&u->rx_free,
			      (unsigned int)queue_pending(&u->rx_free));
		queue_release(&u->tx_active,
			      (unsigned int)queue_pending(&u->tx_active));
		if (i % 64 == 0)
			send(u, 2, RIG_MAC(1));
		settle(u);
		rig_drain(u->r, 2);
		assert_int_equal(rig_drain(u->r, 1) > 0, i % 64 == 0);
	}
	assert_int_equal(u->r->stats->port[UPLINK].state, PORT_UP);
	assert_int_equal(u->r->stats->port[UPLINK].faults, 0);
	assert_int_equal(rig_drops(u->r, UPLINK, REASON_BAD_BUFFER), 0);
	assert_int_equal(rig_drops(u->r, UPLINK, REASON_BAD_FREE), 0);
	driver_down(u);
	driver_up(u);
	assert_int_equal(queue_pending(&u->rx_free), N);
	both_ways(u);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_pass_both_ways),
		TEST(hc17_a_source_lock_holds_on_the_uplink),
		TEST(hc11_a_driver_that_crashes_is_replaced),
		TEST(hc25_a_mad_driver_does_not_reach_the_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
