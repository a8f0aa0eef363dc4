/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client whose switch lies to it.  The client believes no more of what is in
 * shared memory than the switch does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/lines.h"
#include "virt/net_client.h"

#define N 8u
#define SIZE 256u
#define AT(index) ((uint64_t)(index)*SIZE)

/* The client, and the switch's ends of its queues. */
struct fixture {
	struct net_client *c;
	void *memory;
	struct net_client_config config;
	struct link_page page;
	struct queue_consumer tx_active;
	struct queue_producer tx_free;
	struct queue_producer rx_active;
	struct queue_consumer rx_free;
};

static void *zeroed(size_t size)
{
	void *p = aligned_alloc(64, in_lines(size));

	assert_non_null(p);
	return memset(p, 0, size);
}

static void link_up(struct fixture *f)
{
	struct net_client_config *k = &f->config;
	size_t size = queue_region_size(N);

	memset(k->tx_active, 0, size);
	memset(k->tx_free, 0, size);
	memset(k->rx_active, 0, size);
	memset(k->rx_free, 0, size);
	queue_consumer_init(&f->tx_active, k->tx_active, N);
	queue_producer_init(&f->tx_free, k->tx_free, N);
	queue_producer_init(&f->rx_active, k->rx_active, N);
	queue_consumer_init(&f->rx_free, k->rx_free, N);
	atomic_store(&f->page.epoch, (atomic_load(&f->page.epoch) + 1) | 1u);
	assert_int_equal(net_client_state(f->c), NET_CLIENT_UP);
}

static void link_down(struct fixture *f)
{
	atomic_store(&f->page.epoch, (atomic_load(&f->page.epoch) + 2) & ~1u);
}

static int setup(void **state)
{
	struct fixture *f = zeroed(sizeof(*f));
	struct net_client_config *k = &f->config;
	size_t size;

	k->tx_active = zeroed(queue_region_size(N));
	k->tx_free = zeroed(queue_region_size(N));
	k->rx_active = zeroed(queue_region_size(N));
	k->rx_free = zeroed(queue_region_size(N));
	k->tx_size = k->rx_size = (size_t)N * SIZE;
	k->tx_data = zeroed(k->tx_size);
	k->rx_data = zeroed(k->rx_size);
	k->capacity = N;
	k->buffer_size = SIZE;
	k->max_frame = 200;
	k->link = &f->page;
	size = net_client_size(k);
	assert_true(size > 0);
	f->memory = zeroed(size);
	f->c = net_client_init(f->memory, size, k);
	assert_non_null(f->c);
	link_up(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->config.tx_active);
	free(f->config.tx_free);
	free(f->config.rx_active);
	free(f->config.rx_free);
	free(f->config.tx_data);
	free((void *)(uintptr_t)f->config.rx_data);
	free(f->memory);
	free(f);
	return 0;
}

/* The receive buffers lent to us, forgotten again; each at most once. */
static unsigned int lent(struct fixture *f)
{
	int n = queue_pending(&f->rx_free);
	unsigned int seen = 0;

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		uint64_t offset =
			queue_peek(&f->rx_free, (unsigned int)i).io_or_offset;

		assert_int_equal(offset % SIZE, 0);
		assert_in_range(offset / SIZE, 0, N - 1);
		assert_false(seen >> offset / SIZE & 1);
		seen |= 1u << offset / SIZE;
	}
	queue_release(&f->rx_free, (unsigned int)n);
	return seen;
}

/* The transmit buffers the client has, put back; each at most once. */
static unsigned int tx_buffers(struct fixture *f)
{
	struct net_buffer b[N + 4];
	unsigned int n = net_tx_alloc(f->c, b, N + 4);
	unsigned int seen = 0;

	assert_in_range(n, 0, N);
	for (unsigned int i = 0; i < n; i++) {
		assert_in_range(b[i].index, 0, N - 1);
		assert_ptr_equal(b[i].data, f->config.tx_data + AT(b[i].index));
		assert_false(seen >> b[i].index & 1);
		seen |= 1u << b[i].index;
	}
	net_tx_cancel(f->c, b, n);
	return seen;
}

static void give_back(struct fixture *f, uint64_t offset, uint16_t len)
{
	if (queue_room(&f->tx_free) <= 0)
		return;
	queue_put(&f->tx_free, offset, len);
	queue_publish(&f->tx_free);
}

static void deliver(struct fixture *f, uint64_t offset, uint16_t len)
{
	queue_put(&f->rx_active, offset, len);
	queue_publish(&f->rx_active);
}

static const uint64_t wild[] = {
	1,
	SIZE - 1,
	AT(N),
	AT(N) + SIZE,
	1 << 20,
	UINT64_MAX,
	0 - (uint64_t)SIZE,
	(uint64_t)SIZE << 32,
};
#define WILD (sizeof(wild) / sizeof(wild[0]))

/* --- indices ------------------------------------------------------------ */

/* Everything a client does in a round. */
static void round_trip(struct fixture *f)
{
	struct net_buffer b[N];
	unsigned int n = net_tx_alloc(f->c, b, 2);

	for (unsigned int i = 0; i < n; i++)
		b[i].len = 60;
	net_tx_burst(f->c, b, n);
	n = net_rx_burst(f->c, b, N);
	net_rx_release(f->c, b, n);
	net_client_must_notify(f->c);
}

/* What the switch has put on a queue cannot be more than the queue holds. */
static void hc04_impossible_indices_fault_the_client(void **state)
{
	struct fixture *f = *state;
	struct net_queue *forged[] = { f->config.tx_free, f->config.rx_active };

	for (unsigned int i = 0; i < 10; i++) {
		struct net_buffer b[N];

		atomic_store(&forged[i % 2]->tail,
			     (uint16_t)(N + 1 + i * 7000));
		for (unsigned int k = 0; k < N; k++)
			round_trip(f);
		assert_int_equal(net_client_state(f->c), NET_CLIENT_FAULT);
		assert_int_equal(net_client_counters(f->c).faults, i + 1);
		assert_int_equal(net_rx_burst(f->c, b, N), 0);
		assert_int_equal(net_tx_alloc(f->c, b, N), 0);
		net_client_arm(f->c, true, true);
		assert_int_equal(net_client_counters(f->c).faults, i + 1);

		link_down(f);
		assert_int_equal(net_client_state(f->c), NET_CLIENT_DOWN);
		link_up(f);
		assert_int_equal(tx_buffers(f), (1u << N) - 1);
	}
}

/* A client need not look at the heads: its queues hold all it has to give. */
static void hc04_forged_heads_mean_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(lent(f), (1u << N) - 1);
	for (unsigned int i = 0; i < 1000; i++) {
		deliver(f, AT(i % N), 60);
		atomic_store(&f->config.tx_active->head, (uint16_t)(i * 999));
		atomic_store(&f->config.rx_free->head, (uint16_t)(i * 777));
		round_trip(f);
		for (int n = queue_pending(&f->tx_active); n > 0; n--) {
			struct net_desc d = queue_peek(&f->tx_active, 0);

			queue_release(&f->tx_active, 1);
			give_back(f, d.io_or_offset, 0);
		}
		assert_int_equal(lent(f), 1u << i % N);
	}
	assert_int_equal(net_client_state(f->c), NET_CLIENT_UP);
	assert_int_equal(net_client_counters(f->c).bad_rx, 0);
	assert_int_equal(net_client_counters(f->c).bad_free, 0);
}

/* --- returned transmit buffers ------------------------------------------ */

static void hc07_returns_of_what_was_never_sent(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < N; i++)
		give_back(f, AT(i), 0);
	assert_int_equal(tx_buffers(f), (1u << N) - 1);
	assert_int_equal(net_client_counters(f->c).bad_free, N);
}

static void hc07_a_buffer_returned_twice(void **state)
{
	struct fixture *f = *state;
	struct net_buffer b[N];

	assert_int_equal(net_tx_alloc(f->c, b, N), N);
	for (unsigned int i = 0; i < N; i++)
		b[i].len = 60;
	net_tx_burst(f->c, b, N);
	net_client_must_notify(f->c);
	assert_int_equal(queue_pending(&f->tx_active), N);
	for (unsigned int i = 0; i < 5; i++)
		give_back(f, AT(3), 0);
	assert_int_equal(tx_buffers(f), 1u << 3);
	assert_int_equal(net_client_counters(f->c).bad_free, 4);
}

/* A buffer the client is filling is not to be had back by anyone. */
static void hc07_a_buffer_in_the_clients_hands(void **state)
{
	struct fixture *f = *state;
	struct net_buffer b[N];

	assert_int_equal(net_tx_alloc(f->c, b, 2), 2);
	give_back(f, AT(b[0].index), 0);
	assert_int_equal(tx_buffers(f), ((1u << N) - 1) & ~(1u << b[0].index) &
						~(1u << b[1].index));
	assert_int_equal(net_client_counters(f->c).bad_free, 1);
}

static void hc25_returns_from_nowhere(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < WILD; i++)
		give_back(f, wild[i], 0);
	assert_int_equal(tx_buffers(f), (1u << N) - 1);
	assert_int_equal(net_client_counters(f->c).bad_free, WILD);
	assert_int_equal(queue_room(&f->tx_free), N);
}

/* --- received frames ---------------------------------------------------- */

static unsigned int receive(struct fixture *f)
{
	struct net_buffer b[2 * N];
	unsigned int n = net_rx_burst(f->c, b, 2 * N);

	for (unsigned int i = 0; i < n; i++) {
		assert_in_range(b[i].index, 0, N - 1);
		assert_in_range(b[i].len, 1, SIZE);
		assert_ptr_equal(b[i].data, f->config.rx_data + AT(b[i].index));
	}
	net_rx_release(f->c, b, n);
	net_client_must_notify(f->c);
	return n;
}

static void hc25_frames_from_nowhere(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(lent(f), (1u << N) - 1);
	for (unsigned int i = 0; i < WILD; i++)
		deliver(f, wild[i], 60);
	assert_int_equal(receive(f), 0);
	assert_int_equal(net_client_counters(f->c).bad_rx, WILD);
	assert_int_equal(queue_room(&f->rx_active), N);
	deliver(f, AT(2), 60);
	assert_int_equal(receive(f), 1);
}

static void hc07_a_frame_in_a_buffer_twice(void **state)
{
	struct fixture *f = *state;
	struct net_buffer b[N];

	assert_int_equal(lent(f), (1u << N) - 1);
	deliver(f, AT(2), 60);
	deliver(f, AT(2), 61);
	assert_int_equal(net_rx_burst(f->c, b, N), 1);
	assert_int_equal(b[0].len, 60);
	/* Not while the client reads it either. */
	deliver(f, AT(2), 62);
	assert_int_equal(net_rx_burst(f->c, b + 1, N - 1), 0);
	assert_int_equal(net_client_counters(f->c).bad_rx, 2);
	net_rx_release(f->c, b, 1);
	net_client_must_notify(f->c);
	assert_int_equal(lent(f), 1u << 2);
}

/* Over-long: refused, and the buffer stays in circulation. */
static void hc22_frames_longer_than_their_buffer(void **state)
{
	static const uint16_t lengths[] = { SIZE + 1, 2048, 65535, 0 };
	struct fixture *f = *state;
	unsigned int have = lent(f);

	for (unsigned int i = 0; i < 100; i++) {
		unsigned int index = (unsigned int)__builtin_ctz(have);

		have &= have - 1;
		deliver(f, AT(index), lengths[i % 4]);
		assert_int_equal(receive(f), 0);
		have |= lent(f);
		assert_int_equal(have, (1u << N) - 1);
	}
	assert_int_equal(net_client_counters(f->c).bad_rx, 100);
	deliver(f, AT(0), SIZE);
	assert_in_range(receive(f), 0, 1);
}

/* --- links -------------------------------------------------------------- */

/* Buffers of an epoch that is over are void: giving them back is harmless. */
static void hc11_what_is_held_across_an_epoch(void **state)
{
	struct fixture *f = *state;
	struct net_buffer tx[4];
	struct net_buffer rx[4];

	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(lent(f), (1u << N) - 1);
		for (unsigned int k = 0; k < 4; k++)
			deliver(f, AT(k), 60);
		assert_int_equal(net_rx_burst(f->c, rx, 4), 4);
		assert_int_equal(net_tx_alloc(f->c, tx, 4), 4);
		for (unsigned int k = 0; k < 4; k++)
			tx[k].len = 60;
		link_down(f);
		assert_int_equal(net_client_state(f->c), NET_CLIENT_DOWN);
		link_up(f);
		net_rx_release(f->c, rx, 4);
		net_tx_burst(f->c, tx + 2, 2);
		net_tx_cancel(f->c, tx, 2);
		net_client_must_notify(f->c);
		assert_int_equal(queue_pending(&f->tx_active), 0);
		assert_int_equal(tx_buffers(f), (1u << N) - 1);
	}
	assert_int_equal(net_client_counters(f->c).resets, 11);
}

static void hc11_nothing_moves_while_the_link_is_down(void **state)
{
	struct fixture *f = *state;
	struct net_queue *q[] = { f->config.tx_active, f->config.tx_free,
				  f->config.rx_active, f->config.rx_free };
	struct net_buffer b[N];
	size_t size = queue_region_size(N);

	link_down(f);
	assert_int_equal(net_client_state(f->c), NET_CLIENT_DOWN);
	for (unsigned int i = 0; i < 4; i++)
		memset(q[i], 0x3c, size);
	assert_int_equal(net_tx_alloc(f->c, b, N), 0);
	assert_int_equal(net_rx_burst(f->c, b, N), 0);
	assert_false(net_client_must_notify(f->c));
	net_client_arm(f->c, true, true);
	for (unsigned int i = 0; i < 4; i++)
		for (size_t k = 0; k < size; k++)
			assert_int_equal(((uint8_t *)q[i])[k], 0x3c);
	assert_int_equal(net_client_counters(f->c).faults, 0);
}

/* --- a storm ------------------------------------------------------------ */

static void hc06_buffers_are_conserved_in_a_storm(void **state)
{
	struct fixture *f = *state;
	uint32_t x = 12345;

	/* What it delivers it has taken, at least; else it fills its own
	 * queue. */
	assert_int_equal(lent(f), (1u << N) - 1);
	for (unsigned int i = 0; i < 50000; i++) {
		uint64_t offset;

		x = x * 1664525u + 1013904223u;
		offset = AT(x >> 28 & (N - 1)) + (x >> 20 & 15 ? 0 : x >> 24);
		if (x >> 19 & 1)
			deliver(f, offset, (uint16_t)(x >> 8 & 511));
		else
			give_back(f, offset, 0);
		round_trip(f);
		/* An honest amount of consumption, or it runs into full
		 * queues. */
		queue_release(&f->tx_active,
			      (unsigned int)queue_pending(&f->tx_active));
		lent(f);
		tx_buffers(f);
	}
	assert_int_equal(net_client_state(f->c), NET_CLIENT_UP);
	assert_true(net_client_counters(f->c).bad_rx > 1000);
	assert_true(net_client_counters(f->c).bad_free > 1000);
	link_down(f);
	link_up(f);
	assert_int_equal(tx_buffers(f), (1u << N) - 1);
	assert_int_equal(lent(f), (1u << N) - 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hc04_impossible_indices_fault_the_client),
		TEST(hc04_forged_heads_mean_nothing),
		TEST(hc07_returns_of_what_was_never_sent),
		TEST(hc07_a_buffer_returned_twice),
		TEST(hc07_a_buffer_in_the_clients_hands),
		TEST(hc25_returns_from_nowhere),
		TEST(hc25_frames_from_nowhere),
		TEST(hc07_a_frame_in_a_buffer_twice),
		TEST(hc22_frames_longer_than_their_buffer),
		TEST(hc11_what_is_held_across_an_epoch),
		TEST(hc11_nothing_moves_while_the_link_is_down),
		TEST(hc06_buffers_are_conserved_in_a_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
