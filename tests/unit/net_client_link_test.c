/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of a port when its link comes and goes, and when what the
 * port follows does: the carrier.
 */
#include "tests/unit/net_client_rig.h"

/* --- links -------------------------------------------------------------- */

static void a_link_that_comes_or_goes_is_seen_before_sleeping(void **state)
{
	struct fixture *f = *state;

	assert_false(net_client_arm(f->c, true, true));
	nc_link_down(f);
	assert_true(net_client_arm(f->c, true, true));
	assert_int_equal(net_client_state(f->c), NET_CLIENT_DOWN);
	assert_false(net_client_arm(f->c, true, true));
	nc_link_up(f);
	assert_true(net_client_arm(f->c, true, true));
	assert_int_equal(net_client_state(f->c), NET_CLIENT_UP);
	assert_false(net_client_arm(f->c, true, true));
}

static void an_epoch_starts_with_every_buffer(void **state)
{
	struct fixture *f = *state;
	struct net_buffer held[N], b[N];

	for (unsigned int round = 0; round < 5; round++) {
		assert_int_equal(net_tx_alloc(f->c, held, N), N);
		for (unsigned int i = 0; i < N; i++)
			held[i].len = 60;
		net_tx_burst(f->c, held, N / 2);
		while (switch_gives(f, 60, 0))
			;
		net_rx_burst(f->c, b, N / 4);
		nc_link_down(f);
		assert_int_equal(net_rx_burst(f->c, b, N), 0);
		assert_int_equal(net_tx_alloc(f->c, b, N), 0);
		assert_false(net_client_must_notify(f->c));
		nc_link_up(f);
		/* What was held before is void. */
		net_tx_burst(f->c, held + N / 2, N / 2);
		net_rx_release(f->c, b, N / 4);
		assert_int_equal(queue_pending(&f->tx_active), 0);
		assert_int_equal(queue_pending(&f->rx_free), N);
		assert_int_equal(net_client_counters(f->c).resets, round + 2);
	}
	assert_int_equal(net_client_counters(f->c).faults, 0);
	assert_int_equal(net_client_counters(f->c).bad_free, 0);
}

static void no_link_page_is_always_up(void **state)
{
	struct fixture *f = *state;
	size_t size = net_client_size(&f->config);
	struct net_client *c;
	void *memory = nc_zeroed(size);

	nc_link_up(f);
	f->config.link = NULL;
	c = net_client_init(memory, size, &f->config);
	assert_int_equal(net_client_state(c), NET_CLIENT_UP);
	assert_int_equal(queue_pending(&f->rx_free), N);
	free(memory);
}

/* --- carriers ----------------------------------------------------------- */

static void set_carrier(struct fixture *f, uint32_t carrier)
{
	atomic_store(&f->page.carrier, carrier);
}

static void carrier_needs_a_link(void **state)
{
	struct fixture *f = *state;

	assert_false(net_client_carrier(f->c));
	set_carrier(f, 1);
	assert_true(net_client_carrier(f->c));
	nc_link_down(f);
	assert_false(net_client_carrier(f->c));
	assert_int_equal(net_client_state(f->c), NET_CLIENT_DOWN);
	nc_link_up(f);
	assert_true(net_client_carrier(f->c));
	set_carrier(f, 0);
	assert_false(net_client_carrier(f->c));
	assert_int_equal(net_client_state(f->c), NET_CLIENT_UP);
}

/* It is no end of anything: what is held stays held. */
static void carrier_touches_no_buffer(void **state)
{
	struct fixture *f = *state;
	struct net_buffer tx, rx;

	assert_int_equal(net_tx_alloc(f->c, &tx, 1), 1);
	switch_gives(f, 60, 0);
	assert_int_equal(net_rx_burst(f->c, &rx, 1), 1);
	for (uint32_t i = 0; i < 10; i++) {
		set_carrier(f, i & 1);
		assert_int_equal(net_client_carrier(f->c), i & 1);
	}
	tx.len = 60;
	net_tx_burst(f->c, &tx, 1);
	net_rx_release(f->c, &rx, 1);
	assert_int_equal(switch_takes(f), 60);
	assert_int_equal(queue_pending(&f->rx_free), N);
	assert_int_equal(net_client_counters(f->c).resets, 1);
}

static void carrier_that_comes_or_goes_is_seen_before_sleeping(void **state)
{
	struct fixture *f = *state;

	assert_false(net_client_arm(f->c, true, true));
	for (uint32_t i = 1; i < 10; i++) {
		set_carrier(f, i & 1);
		assert_true(net_client_arm(f->c, true, true));
		assert_int_equal(net_client_carrier(f->c), i & 1);
		/* Once: who does not care can sleep. */
		assert_false(net_client_arm(f->c, true, true));
	}
	/* One that was looked at is no news. */
	set_carrier(f, 0);
	assert_false(net_client_carrier(f->c));
	assert_false(net_client_arm(f->c, true, true));
	/* Nor is one behind a link that is down. */
	nc_link_down(f);
	assert_true(net_client_arm(f->c, true, true));
	set_carrier(f, 1);
	assert_false(net_client_arm(f->c, true, true));
	nc_link_up(f);
	assert_true(net_client_arm(f->c, true, true));
	assert_true(net_client_carrier(f->c));
	assert_false(net_client_arm(f->c, true, true));
}

static void first_carrier_is_no_news(void **state)
{
	struct fixture *f = nc_make(true);

	(void)state;
	set_carrier(f, 1);
	nc_link_up(f);
	free(f->c);
	f->c = net_client_init(nc_zeroed(net_client_size(&f->config)),
			       net_client_size(&f->config), &f->config);
	assert_int_equal(net_client_state(f->c), NET_CLIENT_UP);
	assert_false(net_client_arm(f->c, true, true));
	assert_true(net_client_carrier(f->c));
	nc_unmake(f);
}

static void no_link_page_always_has_a_carrier(void **state)
{
	struct fixture *f = *state;

	free(f->c);
	f->config.link = NULL;
	f->c = net_client_init(nc_zeroed(net_client_size(&f->config)),
			       net_client_size(&f->config), &f->config);
	assert_true(net_client_carrier(f->c));
	assert_false(net_client_arm(f->c, true, true));
}

#define T(name) cmocka_unit_test_setup_teardown(name, nc_setup, nc_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_link_that_comes_or_goes_is_seen_before_sleeping),
		T(an_epoch_starts_with_every_buffer),
		T(no_link_page_is_always_up),
		T(carrier_needs_a_link),
		T(carrier_touches_no_buffer),
		T(carrier_that_comes_or_goes_is_seen_before_sleeping),
		T(first_carrier_is_no_news),
		T(no_link_page_always_has_a_carrier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
