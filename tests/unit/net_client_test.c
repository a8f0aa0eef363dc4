/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of a port, against an honest switch and a careless user.
 * client_hostile_test.c has the switch that lies, net_client_link_test.c links.
 */
#include "tests/unit/net_client_rig.h"

/* --- making ------------------------------------------------------------- */

static void impossible_sizes_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct net_client_config good = f->config;
	size_t size = net_client_size(&good);
	static uint8_t memory[4096] __attribute__((aligned(64)));
	struct net_client_config bad[13];

	for (unsigned int i = 0; i < 13; i++)
		bad[i] = good;
	bad[0].capacity = 0;
	bad[1].capacity = 12;
	bad[2].capacity = N / 2; /* queues that cannot hold every buffer */
	bad[3].buffer_size = 100;
	bad[4].buffer_size = 0;
	bad[5].max_frame = SIZE + 1;
	bad[6].max_frame = 0;
	bad[7].rx_size = SIZE - 1;
	bad[8].rx_active = NULL;
	bad[9].tx_data = NULL;
	bad[10].max_segment = SIZE; /* without OFFLOAD_PORT */
	bad[11].offload = OFFLOAD_PORT;
	bad[11].max_segment = SIZE + 1;
	bad[12].offload = OFFLOAD_TAKES_CHECKSUM;
	assert_in_range(size, 1, sizeof(memory));
	assert_non_null(net_client_init(memory, size, &good));
	assert_null(net_client_init(memory, size - 1, &good));
	for (unsigned int i = 0; i < 13; i++) {
		assert_int_equal(net_client_size(&bad[i]), 0);
		assert_null(net_client_init(memory, sizeof(memory), &bad[i]));
	}
}

/* --- transmitting ------------------------------------------------------- */

static void frames_are_sent_in_order(void **state)
{
	struct fixture *f = *state;
	struct net_buffer b[N + 1];
	unsigned int n = net_tx_alloc(f->c, b, N + 1);

	assert_int_equal(n, N);
	for (unsigned int i = 0; i < n; i++) {
		assert_ptr_equal(b[i].data,
				 f->config.tx_data + b[i].index * SIZE);
		for (unsigned int k = 0; k < i; k++)
			assert_int_not_equal(b[i].index, b[k].index);
		b[i].len = (uint16_t)(20 + i);
	}
	assert_int_equal(net_tx_alloc(f->c, b, 1), 0);
	net_tx_burst(f->c, b, n);
	assert_int_equal(queue_pending(&f->tx_active), N);
	for (unsigned int i = 0; i < n; i++) {
		struct net_desc d = queue_peek(&f->tx_active, 0);

		assert_int_equal(d.io_or_offset, b[i].index * SIZE);
		assert_int_equal(switch_takes(f), 20 + i);
	}
	assert_int_equal(net_tx_alloc(f->c, b, N), N);
}

static void what_is_not_sent_goes_back(void **state)
{
	struct fixture *f = *state;
	struct net_buffer b[N];

	assert_int_equal(net_tx_alloc(f->c, b, N), N);
	b[0].len = 0;
	b[1].len = LONGEST + 1;
	b[2].len = LONGEST;
	b[3].len = 1;
	net_tx_burst(f->c, b, 4);
	assert_int_equal(net_client_counters(f->c).unsent, 2);
	assert_int_equal(queue_pending(&f->tx_active), 2);
	net_tx_cancel(f->c, b + 4, N - 4);
	/* All but the two that are on their way. */
	assert_int_equal(net_tx_alloc(f->c, b, N), N - 2);
}

static void a_buffer_is_sent_or_cancelled_once(void **state)
{
	struct fixture *f = *state;
	struct net_buffer b[2];
	struct net_buffer wild = { .index = 999, .len = 60 };

	assert_int_equal(net_tx_alloc(f->c, b, 2), 2);
	b[0].len = b[1].len = 60;
	net_tx_burst(f->c, b, 1);
	net_tx_burst(f->c, b, 1);
	net_tx_cancel(f->c, b, 1);
	net_tx_cancel(f->c, b + 1, 1);
	net_tx_cancel(f->c, b + 1, 1);
	net_tx_burst(f->c, b + 1, 1);
	net_tx_burst(f->c, &wild, 1);
	net_tx_cancel(f->c, &wild, 1);
	assert_int_equal(queue_pending(&f->tx_active), 1);
	assert_int_equal(switch_takes(f), 60);
	for (unsigned int i = 0; i < N; i++)
		assert_int_equal(net_tx_alloc(f->c, b, 1), 1);
	assert_int_equal(net_tx_alloc(f->c, b, 1), 0);
}

/* --- receiving ---------------------------------------------------------- */

static void frames_are_received_in_order(void **state)
{
	struct fixture *f = *state;
	struct net_buffer b[N];

	for (unsigned int i = 0; i < N; i++)
		assert_true(switch_gives(f, (uint16_t)(60 + i), (uint8_t)i));
	assert_false(switch_gives(f, 60, 0));
	assert_int_equal(net_rx_burst(f->c, b, 3), 3);
	assert_int_equal(net_rx_burst(f->c, b + 3, N), N - 3);
	assert_int_equal(net_rx_burst(f->c, b, N), 0);
	for (unsigned int i = 0; i < N; i++) {
		assert_int_equal(b[i].len, 60 + i);
		assert_int_equal(b[i].data[0], i);
		assert_int_equal(b[i].data[b[i].len - 1], i);
	}
	/* Nothing is lent again before it is released, and then once. */
	assert_int_equal(queue_pending(&f->rx_free), 0);
	net_rx_release(f->c, b, 5);
	net_rx_release(f->c, b, 5);
	assert_int_equal(queue_pending(&f->rx_free), 5);
}

static void a_capture_client_only_receives(void **state)
{
	struct fixture *f = nc_make(false);
	struct net_buffer b[N];

	(void)state;
	nc_link_up(f);
	assert_int_equal(net_client_state(f->c), NET_CLIENT_UP);
	assert_int_equal(net_tx_alloc(f->c, b, N), 0);
	net_tx_burst(f->c, b, 0);
	net_tx_cancel(f->c, b, 0);
	/* Records are longer than frames: up to the whole buffer. */
	assert_true(switch_gives(f, SIZE, 7));
	assert_int_equal(net_rx_burst(f->c, b, N), 1);
	assert_int_equal(b[0].len, SIZE);
	net_rx_release(f->c, b, 1);
	assert_false(net_client_arm(f->c, true, true));
	assert_int_equal(queue_pending(&f->rx_free), N);
	nc_unmake(f);
}

/* --- signalling --------------------------------------------------------- */

static void the_switch_is_woken_when_it_sleeps(void **state)
{
	struct fixture *f = *state;
	struct net_buffer b[2];

	/* At the start both queues say that somebody sleeps on them. */
	assert_true(net_client_must_notify(f->c));
	assert_false(net_client_must_notify(f->c));
	assert_int_equal(queue_arm(&f->tx_active), 0);
	assert_false(net_client_must_notify(f->c));
	assert_int_equal(net_tx_alloc(f->c, b, 2), 2);
	b[0].len = b[1].len = 60;
	net_tx_burst(f->c, b, 1);
	assert_true(net_client_must_notify(f->c));
	/* Awake now: once is enough. */
	net_tx_burst(f->c, b + 1, 1);
	assert_false(net_client_must_notify(f->c));
	/* Who does not look for free buffers by itself is told of them. */
	queue_arm(&f->rx_free);
	switch_gives(f, 60, 0);
	assert_int_equal(net_rx_burst(f->c, b, 1), 1);
	assert_false(net_client_must_notify(f->c));
	net_rx_release(f->c, b, 1);
	assert_true(net_client_must_notify(f->c));
}

static void arming_sees_what_came_meanwhile(void **state)
{
	struct fixture *f = *state;
	struct net_buffer b[N];

	assert_false(queue_must_notify(&f->rx_active));
	assert_false(net_client_arm(f->c, true, false));
	assert_true(queue_must_notify(&f->rx_active));
	switch_gives(f, 60, 0);
	assert_true(net_client_arm(f->c, true, false));
	/* Who goes on is not notified. */
	assert_false(queue_must_notify(&f->rx_active));
	assert_false(net_client_arm(f->c, false, false));
	assert_int_equal(net_rx_burst(f->c, b, N), 1);

	assert_int_equal(net_tx_alloc(f->c, b, 1), 1);
	b[0].len = 60;
	net_tx_burst(f->c, b, 1);
	assert_false(net_client_arm(f->c, false, true));
	assert_int_equal(switch_takes(f), 60);
	assert_true(queue_must_notify(&f->tx_free));
	assert_true(net_client_arm(f->c, false, true));
	assert_false(net_client_arm(f->c, true, false));
}

/* --- conservation ------------------------------------------------------- */

static void buffers_are_conserved(void **state)
{
	struct fixture *f = *state;
	struct net_buffer tx[N] = { 0 }, rx[N] = { 0 };
	unsigned int held_tx = 0, held_rx = 0;
	uint32_t x = 1;

	for (unsigned int i = 0; i < 200000; i++) {
		x = x * 1664525u + 1013904223u;
		switch (x >> 29) {
		case 0:
			held_tx +=
				net_tx_alloc(f->c, tx + held_tx, N - held_tx);
			break;
		case 1:
			for (unsigned int k = 0; k < held_tx; k++)
				tx[k].len = 60;
			net_tx_burst(f->c, tx, held_tx);
			held_tx = 0;
			break;
		case 2:
			held_tx -= held_tx > 0;
			net_tx_cancel(f->c, tx + held_tx, 1);
			break;
		case 3:
			switch_takes(f);
			break;
		case 4:
			held_rx +=
				net_rx_burst(f->c, rx + held_rx, N - held_rx);
			break;
		case 5:
			held_rx -= held_rx > 0;
			net_rx_release(f->c, rx + held_rx, 1);
			break;
		default:
			switch_gives(f, 60, 1);
		}
	}
	/* All come home. */
	net_tx_cancel(f->c, tx, held_tx);
	net_rx_release(f->c, rx, held_rx);
	while (switch_takes(f) >= 0)
		;
	assert_int_equal(net_tx_alloc(f->c, tx, N), N);
	net_rx_release(f->c, rx, net_rx_burst(f->c, rx, N));
	assert_int_equal(queue_pending(&f->rx_free), N);
	assert_int_equal(net_client_counters(f->c).bad_rx, 0);
	assert_int_equal(net_client_counters(f->c).bad_free, 0);
	assert_int_equal(net_client_counters(f->c).faults, 0);
}

/* --- offload data -------------------------------------------------------- */

/* The client once more, of a port with offloads: 200 bytes, segments of 250. */
static void with_offloads(struct fixture *f)
{
	size_t size;

	free(f->c);
	f->config.offload = OFFLOAD_PORT;
	f->config.max_segment = SIZE - 6;
	size = net_client_size(&f->config);
	f->c = net_client_init(nc_zeroed(size), size, &f->config);
	assert_non_null(f->c);
	nc_link_up(f);
}

static const struct offload whole = {
	.flags = OFFLOAD_CHECKSUM | OFFLOAD_TCP4,
	.segment = 100,
};

static void give_whole(struct fixture *f, uint16_t len)
{
	struct net_desc d = queue_peek(&f->rx_free, 0);

	queue_release(&f->rx_free, 1);
	queue_put_offload(&f->rx_active, d.io_or_offset, len, whole);
	queue_publish(&f->rx_active);
}

static void offload_data_travel_with_a_frame(void **state)
{
	struct fixture *f = *state;
	struct net_buffer b[3];
	struct net_desc d;

	with_offloads(f);
	assert_int_equal(net_tx_alloc(f->c, b, 3), 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_false(offload_any(b[i].offload));
		b[i].len = SIZE - 6;
		b[i].offload = whole;
	}
	b[1].len = SIZE - 5; /* one more than a segment may have */
	b[2].offload.flags = OFFLOAD_CHECKSUM;
	net_tx_burst(f->c, b, 3);
	assert_int_equal(queue_pending(&f->tx_active), 1);
	assert_int_equal(net_client_counters(f->c).unsent, 2);
	d = queue_peek_offload(&f->tx_active, 0);
	assert_int_equal(d.len, SIZE - 6);
	assert_int_equal(d.offload, whole.flags);
	assert_int_equal(d.segment, whole.segment);

	give_whole(f, SIZE - 6);
	give_whole(f, SIZE - 5);
	assert_int_equal(net_rx_burst(f->c, b, 3), 1);
	assert_int_equal(b[0].len, SIZE - 6);
	assert_int_equal(b[0].offload.flags, whole.flags);
	assert_int_equal(b[0].offload.segment, whole.segment);
	assert_int_equal(net_client_counters(f->c).bad_rx, 1);
}

/* sDDF's padding: what is in it is nobody's business. */
static void without_offloads_none_are_sent_or_seen(void **state)
{
	struct fixture *f = *state;
	struct net_buffer b;
	struct net_desc d;

	assert_int_equal(net_tx_alloc(f->c, &b, 1), 1);
	b.len = LONGEST;
	b.offload = whole;
	net_tx_burst(f->c, &b, 1);
	d = queue_peek_offload(&f->tx_active, 0);
	assert_false(offload_any(queue_offload(&d)));

	give_whole(f, LONGEST);
	assert_int_equal(net_rx_burst(f->c, &b, 1), 1);
	assert_false(offload_any(b.offload));
	net_rx_release(f->c, &b, 1);
	give_whole(f, LONGEST + 1);
	assert_int_equal(net_rx_burst(f->c, &b, 1), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, nc_setup, nc_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(impossible_sizes_are_refused),
		T(frames_are_sent_in_order),
		T(what_is_not_sent_goes_back),
		T(a_buffer_is_sent_or_cancelled_once),
		T(frames_are_received_in_order),
		T(a_capture_client_only_receives),
		T(the_switch_is_woken_when_it_sleeps),
		T(arming_sees_what_came_meanwhile),
		T(buffers_are_conserved),
		T(offload_data_travel_with_a_frame),
		T(without_offloads_none_are_sent_or_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
