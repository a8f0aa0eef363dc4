/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which buffers a client uses next, and how many it lends: those that are warm,
 * and no more than are needed, but all if frames pile up.
 */
#include "tests/unit/net_client_rig.h"

#define RESERVE 4u
#define MANY 2048u

static struct fixture *make(void)
{
	struct fixture *f = nc_make(true);

	net_rx_reserve(f->c, RESERVE);
	nc_link_up(f);
	assert_int_equal(net_client_state(f->c), NET_CLIENT_UP);
	return f;
}

static unsigned int lent(struct fixture *f)
{
	return (unsigned int)queue_pending(&f->rx_free);
}

static void so_many_are_lent_and_no_more(void **state)
{
	struct fixture *f = make();
	struct net_buffer b[N];
	uint64_t first[RESERVE];

	(void)state;
	assert_int_equal(lent(f), RESERVE);
	for (unsigned int i = 0; i < RESERVE; i++)
		first[i] = queue_peek(&f->rx_free, i).io_or_offset;
	for (unsigned int turn = 0; turn < 100; turn++) {
		unsigned int n = turn % (RESERVE + 1);

		for (unsigned int i = 0; i < n; i++)
			assert_true(switch_gives(f, 60, 1));
		assert_int_equal(net_rx_burst(f->c, b, N), n);
		assert_int_equal(lent(f), RESERVE - n);
		net_rx_release(f->c, b, n);
		assert_int_equal(lent(f), RESERVE);
		/* Always the same ones. */
		for (unsigned int i = 0; i < RESERVE; i++) {
			uint64_t at = queue_peek(&f->rx_free, i).io_or_offset;
			unsigned int k = 0;

			while (k < RESERVE && first[k] != at)
				k++;
			assert_in_range(k, 0, RESERVE - 1);
		}
	}
	nc_unmake(f);
}

/* Frames that nobody takes do not count: behind them there is room for more. */
static void frames_that_wait_get_all_buffers(void **state)
{
	struct fixture *f = make();
	struct net_buffer b[N];

	(void)state;
	for (unsigned int given = 0; given < N; given++) {
		assert_true(switch_gives(f, 60, 1));
		net_rx_lend(f->c);
		assert_int_equal(lent(f), N - given - 1 < RESERVE
						  ? N - given - 1
						  : RESERVE);
	}
	assert_false(switch_gives(f, 60, 1));
	assert_int_equal(net_rx_burst(f->c, b, N), N);
	net_rx_release(f->c, b, N);
	assert_int_equal(lent(f), RESERVE);
	nc_unmake(f);
}

/* A client that sleeps and does not listen cannot lend more. */
static void all_are_lent_while_nobody_looks(void **state)
{
	struct fixture *f = make();

	(void)state;
	assert_false(net_client_arm(f->c, true, false));
	assert_int_equal(lent(f), RESERVE);
	assert_false(net_client_arm(f->c, false, false));
	assert_int_equal(lent(f), N);
	nc_unmake(f);
}

static void a_new_epoch_begins_with_as_many(void **state)
{
	struct fixture *f = make();
	struct net_buffer b[N];

	(void)state;
	switch_gives(f, 60, 1);
	assert_int_equal(net_rx_burst(f->c, b, N), 1);
	for (unsigned int i = 0; i < 3; i++) {
		nc_link_up(f);
		net_rx_release(f->c, b, 1);
		assert_int_equal(lent(f), RESERVE);
		assert_false(net_client_arm(f->c, false, false));
		assert_int_equal(lent(f), N);
	}
	nc_unmake(f);
}

/* The switch names buffers that it does not have, or frames that cannot be. */
static void a_switch_that_lies_gets_no_buffer_twice(void **state)
{
	struct fixture *f = make();
	struct net_buffer b[N];
	uint32_t x = 1;

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		unsigned int n;

		x = x * 1664525u + 1013904223u;
		if (queue_room(&f->rx_active) > 0) {
			queue_put(&f->rx_active, (x >> 8) % (N + 2) * SIZE,
				  x >> 28 ? 60 : 0);
			queue_publish(&f->rx_active);
		}
		queue_release(&f->rx_free, lent(f));
		n = net_rx_burst(f->c, b, x >> 20 & 3);
		assert_in_range(n, 0, 3);
		net_rx_release(f->c, b, n);
		assert_in_range(lent(f), 0, N);
	}
	assert_true(net_client_counters(f->c).bad_rx > 1000);
	assert_int_equal(net_client_counters(f->c).faults, 0);
	nc_unmake(f);
}

/* Transmit buffers that come back are used before those that never were. */
static void few_buffers_are_used_to_send(void **state)
{
	struct fixture *f = nc_make_of(MANY, true);
	uint16_t highest = 0;

	(void)state;
	nc_link_up(f);
	for (unsigned int i = 0; i < 10 * MANY; i++) {
		struct net_buffer b;

		assert_int_equal(net_tx_alloc(f->c, &b, 1), 1);
		highest = b.index > highest ? b.index : highest;
		b.len = 60;
		net_tx_burst(f->c, &b, 1);
		assert_int_equal(switch_takes(f), 60);
	}
	assert_in_range(highest, 0, MANY / 2);
	nc_unmake(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_are_lent_and_no_more),
		cmocka_unit_test(frames_that_wait_get_all_buffers),
		cmocka_unit_test(all_are_lent_while_nobody_looks),
		cmocka_unit_test(a_new_epoch_begins_with_as_many),
		cmocka_unit_test(a_switch_that_lies_gets_no_buffer_twice),
		cmocka_unit_test(few_buffers_are_used_to_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
