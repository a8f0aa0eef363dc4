/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM whose queues are written by somebody who cheats.
 */
#include "tests/unit/driver_card_rig.h"

static void hostile_descriptors(void **state)
{
	static const uint64_t offsets[] = {
		1,	    D_BUFFER - 8,
		D_REGION,   D_REGION + D_BUFFER,
		UINT64_MAX, UINT64_MAX - D_BUFFER + 1
	};
	static const uint16_t lens[] = { 0, 13, D_MAX_FRAME + 1, D_BUFFER,
					 UINT16_MAX };
	struct driver_rig *r = *state;
	struct net_desc d;

	d_up(r);
	for (unsigned int i = 0; i < 6; i++) {
		queue_put(&r->rx_free, offsets[i], 0);
		queue_put(&r->tx_active, offsets[i], 60);
	}
	for (unsigned int i = 0; i < 5; i++)
		queue_put(&r->tx_active, 0, lens[i]);
	queue_publish(&r->tx_active);
	d_lend(r, 3, 1);
	d_send(r, 4, 60, 8);
	comes(60, 9);
	d_run(r);
	/* Each comes back, with nothing in it; the good one behind them is
	 * used. */
	for (unsigned int i = 0; i < 6; i++) {
		assert_true(d_take(&r->rx_active, &d));
		assert_true(d.io_or_offset == offsets[i] && d.len == 0);
		assert_true(d_take(&r->tx_free, &d));
		assert_true(d.io_or_offset == offsets[i]);
	}
	assert_int_equal(d_received(r, 60, 9), 3 * D_BUFFER);
	for (unsigned int i = 0; i < 6; i++)
		assert_true(d_take(&r->tx_free, &d));
	assert_int_equal(d.io_or_offset, 4 * D_BUFFER);
	assert_int_equal(fake.sent, 1);
	went(0, 60, 8);
	assert_int_equal(r->net.count.bad_descriptors, 17);
}

static void hostile_indices(void **state)
{
	struct driver_rig *r = *state;
	_Atomic(uint16_t) *index[] = {
		&r->config.rx_free->tail,
		&r->config.rx_active->head,
		&r->config.tx_active->tail,
		&r->config.tx_free->head,
	};

	for (unsigned int i = 0; i < 4; i++) {
		uint64_t bad = r->net.count.bad_descriptors;
		unsigned int sent = fake.sent;

		d_up(r);
		d_lend(r, 0, 4);
		d_send(r, 0, 60, 0);
		comes(60, 0);
		*index[i] = 40000;
		d_run(r);
		assert_int_equal(r->net.count.bad_descriptors, bad + 1);
		/* Left alone from now on; the card goes on. */
		*index[i] = 0;
		d_send(r, 1, 60, 0);
		comes(60, 0);
		d_run(r);
		assert_int_equal(fake.count, 0);
		assert_in_range(fake.sent, sent, sent);
		assert_true(fake.watched_in);
		d_down(r);
		d_run(r);
	}
	d_up(r);
	d_lend(r, 0, 1);
	comes(60, 5);
	d_run(r);
	d_received(r, 60, 5);
}

/* More buffers than there are: full the one way, pending the other. */
static void more_buffers_than_slots(void **state)
{
	struct driver_rig *r = *state;

	d_up(r);
	for (unsigned int i = 0; i < D_CAPACITY; i++)
		d_send(r, i, 60, i);
	d_run(r);
	for (unsigned int i = 0; i < D_CAPACITY; i++)
		d_send(r, i, 60, i);
	d_run(r);
	assert_int_equal(r->net.count.bad_descriptors, 1);
	d_up(r);
	for (unsigned int k = 0; k < 2; k++) {
		d_lend(r, 0, D_CAPACITY);
		for (unsigned int i = 0; i < D_CAPACITY; i++)
			comes(60, i);
		d_run(r);
	}
	assert_int_equal(r->net.count.bad_descriptors, 2);
}

static void sizes_that_cannot_be(void **state)
{
	struct driver_rig *r = *state;
	struct net_config c;
	struct net n;

	c = r->config;
	c.capacity = 100;
	assert_int_equal(net_init(&n, &c), -EINVAL);
	c = r->config;
	c.buffer_size = 1536;
	assert_int_equal(net_init(&n, &c), -EINVAL);
	c = r->config;
	c.buffer_size = 131072;
	assert_int_equal(net_init(&n, &c), -EINVAL);
	c = r->config;
	c.max_segment = D_BUFFER + 1;
	assert_int_equal(net_init(&n, &c), -EINVAL);
	c = r->config;
	c.max_frame = D_BUFFER + 1;
	assert_int_equal(net_init(&n, &c), -EINVAL);
	c = r->config;
	c.transmit_size -= 8;
	assert_int_equal(net_init(&n, &c), -EINVAL);
	c = r->config;
	c.receive_size = 0;
	assert_int_equal(net_init(&n, &c), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hostile_descriptors),
		TEST(hostile_indices),
		TEST(more_buffers_than_slots),
		TEST(sizes_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
