/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM at the real virtualisers: the card and the switch are played by
 * the test.
 */
#include "tests/unit/driver_card_rig.h"

#include "virt/net_virt.h"

/**
 * struct chain - the virtualisers on the other side, and their switch
 * @rx, @tx: they
 * @sw:      the switch's four queues, the test is the switch
 */
struct chain {
	struct driver_rig *r;
	struct net_virt *rx;
	struct net_virt *tx;
	struct net_queue *sw[4];
	struct queue_consumer rx_active;
	struct queue_producer rx_free;
	struct queue_producer tx_active;
	struct queue_consumer tx_free;
	unsigned int rings;
};

static struct net_virt *make_virt(struct chain *c, bool rx)
{
	struct driver_rig *r = c->r;
	struct net_virt_config config = {
		.source = rx ? NET_VIRT_DRIVER : NET_VIRT_SWITCH,
		.driver = { .active = rx ? r->config.rx_active
					 : r->config.tx_active,
			    .free = rx ? r->config.rx_free : r->config.tx_free,
			    .capacity = D_CAPACITY,
			    .link = &r->link },
		.sw = { .active = c->sw[rx ? 0 : 2],
			.free = c->sw[rx ? 1 : 3],
			.capacity = D_CAPACITY },
		.data = rx ? r->config.receive : d_transmit(r),
		.data_size = D_REGION,
		.buffer_size = D_BUFFER,
		.addresses = NET_VIRT_OFFSET,
	};
	size_t size = net_virt_size(&config);
	void *memory = d_memory(size);
	struct net_virt *v = net_virt_init(memory, size, &config);

	assert_ptr_equal(v, memory);
	return v;
}

static void chain_make(struct chain *c, struct driver_rig *r)
{
	*c = (struct chain){ .r = r };
	for (unsigned int i = 0; i < 4; i++)
		c->sw[i] = d_memory(queue_region_size(D_CAPACITY));
	queue_consumer_init(&c->rx_active, c->sw[0], D_CAPACITY);
	queue_producer_init(&c->rx_free, c->sw[1], D_CAPACITY);
	queue_producer_init(&c->tx_active, c->sw[2], D_CAPACITY);
	queue_consumer_init(&c->tx_free, c->sw[3], D_CAPACITY);
	c->rx = make_virt(c, true);
	c->tx = make_virt(c, false);
	d_up(r);
}

static void chain_free(struct chain *c)
{
	for (unsigned int i = 0; i < 4; i++)
		free(c->sw[i]);
	free(c->rx);
	free(c->tx);
}

/* Both sides run until both sleep, each only if it was rung. */
static void settle(struct chain *c)
{
	uint64_t rung;
	bool ours;

	do {
		unsigned int ring = 0;

		while (net_virt_run(c->rx, &ring))
			;
		while (net_virt_run(c->tx, &ring))
			;
		ours = net_virt_arm(c->rx);
		ours |= net_virt_arm(c->tx);
		rung = c->r->net.count.doorbells;
		if (ring & NET_VIRT_RING_DRIVER || fake.count > 0)
			d_run(c->r);
		c->rings += (ring & NET_VIRT_RING_DRIVER) != 0;
	} while (ours || c->r->net.count.doorbells != rung);
}

/* The switch takes a frame and returns the buffer, or does not yet. */
static void switch_gets(struct chain *c, size_t len, unsigned int which)
{
	struct net_desc d;

	assert_true(d_take(&c->rx_active, &d));
	d_is_frame(c->r->config.receive + d.io_or_offset, d.len, len, which);
	queue_put(&c->rx_free, d.io_or_offset, 0);
	queue_publish(&c->rx_free);
}

static void through_the_virtualisers(void **state)
{
	struct driver_rig *r = *state;
	struct chain c;
	struct net_desc d;

	chain_make(&c, r);
	settle(&c);
	d_run(r);
	for (unsigned int i = 0; i < 2000; i++) {
		unsigned int burst = 1 + i % 100;
		uint16_t len = (uint16_t)(60 + i % 1400);

		fake.sent = 0;
		fake.room = CARD_FRAMES;
		if (i % 500 == 499) {
			d_down(r);
			settle(&c);
			d_run(r);
			d_up(r);
			settle(&c);
			d_run(r);
		}
		for (unsigned int k = 0; k < burst; k++) {
			comes(len, i + k);
			assert_true(d_take(&c.tx_free, &d));
			d_frame(d_transmit(r) + d.io_or_offset, len, i + k + 1);
			queue_put(&c.tx_active, d.io_or_offset, len);
		}
		queue_publish(&c.tx_active);
		settle(&c);
		for (unsigned int k = 0; k < burst; k++) {
			switch_gets(&c, len, i + k);
			went(k, len, i + k + 1);
		}
		assert_int_equal(queue_pending(&c.rx_active), 0);
		settle(&c);
	}
	/* No buffer was lost, and nothing was refused. */
	assert_int_equal(queue_pending(&r->net.rx_free), D_CAPACITY);
	assert_int_equal(queue_pending(&c.tx_free), D_CAPACITY);
	for (unsigned int s = 0; s < NET_VIRT_SIDES; s++)
		for (unsigned int w = 0; w < NET_VIRT_REASON_COUNT; w++) {
			assert_int_equal(
				net_virt_stats(c.rx)->side[s].refused[w], 0);
			assert_int_equal(
				net_virt_stats(c.tx)->side[s].refused[w], 0);
		}
	assert_int_equal(r->net.count.bad_descriptors, 0);
	assert_int_equal(r->net.count.rx_no_buffer, 0);
	/* Bells are rung per burst, not per frame. */
	assert_in_range(r->net.count.doorbells, 1, 2 * 2000);
	assert_in_range(c.rings, 1, 2 * 2000);
	chain_free(&c);
}

/* The switch holds all buffers for a while: frames wait, none is lost. */
static void a_slow_switch(void **state)
{
	struct driver_rig *r = *state;
	struct chain c;

	chain_make(&c, r);
	settle(&c);
	for (unsigned int i = 0; i < 400; i++)
		comes(100, i);
	settle(&c);
	assert_int_equal(fake.count, 400 - D_CAPACITY);
	assert_false(fake.watched_in);
	for (unsigned int i = 0; i < 400; i++) {
		switch_gets(&c, 100, i);
		if (i % 50 == 49)
			settle(&c);
	}
	assert_int_equal(fake.count, 0);
	settle(&c);
	assert_int_equal(queue_pending(&r->net.rx_free), D_CAPACITY);
	chain_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(through_the_virtualisers),
		UNCACHED(through_the_virtualisers),
		TEST(a_slow_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
