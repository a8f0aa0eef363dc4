/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds for both network virtualisers, between honest peers and through
 * changes of their links. Each test runs for rx and tx, with offsets and with
 * io addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/virt_rig.h"

#define N 8u

/* --- honest peers ------------------------------------------------------- */

static void the_source_is_lent_every_buffer(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);
	uint32_t seen = 0;
	uint16_t len = 1;
	int index;

	assert_int_equal(r->stats.magic, NET_VIRT_STATS_MAGIC);
	while ((index = virt_get(&r->source, &len)) >= 0) {
		assert_in_range(index, 0, N - 1);
		assert_int_equal(len, 0);
		assert_false(seen & 1u << index);
		seen |= 1u << index;
	}
	assert_int_equal(seen, (1u << N) - 1);
	assert_int_equal(virt_get(&r->sink, NULL), -1);
	virt_rig_free(r);
}

/* Round and round, past the wrap of the indices. */
static void frames_go_round(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);
	uint64_t bytes = 0;
	uint64_t frames = 0;

	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int burst = i % N + 1;

		for (unsigned int k = 0; k < burst; k++) {
			int index = virt_get(&r->source, NULL);

			assert_true(index >= 0);
			virt_put(&r->source, VIRT_AT(index),
				 (uint16_t)(index + 60));
		}
		virt_rig_run(r);
		for (unsigned int k = 0; k < burst; k++) {
			uint16_t len;
			int index = virt_get(&r->sink, &len);

			assert_true(index >= 0);
			assert_int_equal(len, index + 60);
			virt_put(&r->sink, VIRT_AT(index), 0);
			bytes += len;
			frames++;
		}
		assert_int_equal(virt_get(&r->sink, NULL), -1);
		virt_rig_run(r);
	}
	assert_int_equal(r->stats.frames, frames);
	assert_int_equal(r->stats.bytes, bytes);
	assert_int_equal(virt_all_refused(r), 0);
	virt_rig_free(r);
}

/* --- signalling --------------------------------------------------------- */

static void peers_are_rung_when_they_sleep(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);
	unsigned int source = 1u << r->source.side;
	unsigned int sink = 1u << r->sink.side;

	/* Starting rang the source; nobody has armed since. */
	assert_false(virt_rig_arm(r));
	assert_int_equal(virt_rig_run(r), 0);

	/* The sink's queue is fresh: it sleeps. */
	virt_put(&r->source, VIRT_AT(virt_get(&r->source, NULL)), 60);
	assert_true(queue_must_notify(&r->source.put));
	assert_int_equal(virt_rig_run(r), sink);
	virt_put(&r->source, VIRT_AT(virt_get(&r->source, NULL)), 60);
	assert_int_equal(virt_rig_run(r), 0);

	/* A source that waits for buffers is told when one comes. */
	assert_int_equal(queue_arm(&r->sink.get), 2);
	assert_int_equal(queue_arm(&r->source.get), N - 2);
	virt_put(&r->sink, VIRT_AT(virt_get(&r->sink, NULL)), 0);
	assert_int_equal(virt_rig_run(r), source);
	assert_int_equal(queue_pending(&r->source.get), N - 1);
	virt_rig_free(r);
}

static void arming_sees_what_came_meanwhile(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);
	int index = virt_get(&r->source, NULL);

	assert_false(virt_rig_arm(r));
	virt_put(&r->source, VIRT_AT(index), 60);
	assert_true(virt_rig_arm(r));
	/* Awake again: it wants no notification. */
	assert_false(queue_must_notify(&r->source.put));
	virt_rig_run(r);
	assert_false(virt_rig_arm(r));
	assert_true(queue_must_notify(&r->source.put));
	virt_rig_free(r);
}

/* Returned buffers wake us only once the source has less than half of them. */
static void returns_wake_us_only_when_the_source_runs_low(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);
	unsigned int lent = N;

	for (;;) {
		bool wanted;
		int index = virt_get(&r->source, NULL);

		assert_false(virt_rig_arm(r));
		wanted = queue_must_notify(&r->sink.put);
		assert_int_equal(wanted, lent < N / 2);
		if (lent == 0)
			break;
		virt_put(&r->source, VIRT_AT(index), 60);
		virt_rig_run(r);
		lent--;
	}
	virt_rig_free(r);
}

static void hc15_notifications_without_cause_do_nothing(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);

	for (unsigned int i = 0; i < 100000; i++) {
		unsigned int ring = 0;

		assert_false(virt_rig_run_once(r, &ring));
		assert_int_equal(ring, 0);
	}
	virt_rig_free(r);
}

/* --- links -------------------------------------------------------------- */

static void hc11_either_side_may_go_at_any_time(void **state)
{
	for (unsigned int k = 0; k < 2; k++) {
		struct virt_rig *r = virt_rig_for(state, N);
		struct virt_peer *gone = k ? &r->source : &r->sink;

		for (unsigned int i = 0; i < N; i++)
			virt_get(&r->source, NULL);
		for (unsigned int i = 0; i < 5; i++)
			virt_put(&r->source, VIRT_AT(i), 60);
		virt_rig_run(r);
		/* 3 with the source, 5 with the sink, 2 of them on the way
		 * back. */
		virt_put(&r->sink, 0, 0);
		virt_put(&r->sink, VIRT_BUFFER, 0);
		virt_rig_down(r, gone);
		virt_rig_run(r);
		assert_int_equal(r->stats.side[gone->side].state,
				 NET_VIRT_DOWN);
		assert_int_equal(r->stats.side[gone->side].epoch, 2);
		/* What the sink had is with the source again. */
		if (gone == &r->sink)
			assert_int_equal(queue_pending(&r->source.get), 5);
		virt_rig_up(r, gone);
		virt_rig_run(r);
		assert_int_equal(r->stats.side[gone->side].epoch, 3);
		/* All but those in the honest sink's hands. */
		assert_int_equal(queue_pending(&r->source.get), 5);
		assert_int_equal(virt_all_refused(r), 0);
		assert_true(virt_rig_conserved(r));
		virt_rig_free(r);
	}
}

/* The even epoch may be missed; the new odd one must not. */
static void a_link_that_flaps_unseen_is_reset(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);

	virt_put(&r->source, 0, 60);
	virt_rig_run(r);
	virt_rig_down(r, &r->source);
	virt_rig_up(r, &r->source);
	virt_rig_run(r);
	assert_int_equal(r->stats.side[r->source.side].epoch, 3);
	assert_int_equal(queue_pending(&r->source.get), N - 1);
	/* Of the epoch before: the sink may still return it. */
	virt_put(&r->sink, 0, 0);
	virt_rig_run(r);
	assert_int_equal(queue_pending(&r->source.get), N);
	assert_int_equal(virt_all_refused(r), 0);
	virt_rig_free(r);
}

static void frames_for_a_side_that_is_down_are_counted(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);

	virt_rig_down(r, &r->sink);
	for (unsigned int i = 0; i < 1000; i++) {
		int index = virt_get(&r->source, NULL);

		assert_true(index >= 0);
		virt_put(&r->source, VIRT_AT(index), 60);
		virt_rig_run(r);
	}
	assert_int_equal(virt_refused(r, &r->sink, NET_VIRT_PEER_DOWN), 1000);
	assert_int_equal(r->stats.frames, 0);
	assert_true(virt_rig_conserved(r));
	virt_rig_free(r);
}

/* While down, queues belong to the monitor, which may be zeroing them. */
static void queues_of_a_side_that_is_down_are_left_alone(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);
	size_t size = queue_region_size(N);
	struct net_virt_queues *q[2] = { &r->config.driver, &r->config.sw };

	virt_rig_down(r, &r->source);
	virt_rig_down(r, &r->sink);
	virt_rig_run(r);
	for (unsigned int i = 0; i < 2; i++) {
		memset(q[i]->active, 0xa5, size);
		memset(q[i]->free, 0xa5, size);
	}
	virt_rig_run(r);
	virt_rig_arm(r);
	for (unsigned int i = 0; i < 2; i++)
		for (size_t k = 0; k < size; k++) {
			assert_int_equal(((uint8_t *)q[i]->active)[k], 0xa5);
			assert_int_equal(((uint8_t *)q[i]->free)[k], 0xa5);
		}
	virt_rig_free(r);
}

static void no_link_page_is_always_up(void **state)
{
	const struct virt_direction *d = *state;
	struct virt_rig *r = virt_rig_make(d->rx, d->addresses, N);

	r->config.driver.link = NULL;
	r->config.sw.link = NULL;
	r->config.stats = NULL;
	assert_true(virt_rig_init(r));
	assert_int_equal(virt_rig_run(r), 1u << r->source.side);
	assert_int_equal(queue_pending(&r->source.get), N);
	virt_rig_free(r);
}

/* --- configurations ----------------------------------------------------- */

static void impossible_configurations_are_refused(void **state)
{
	const struct virt_direction *d = *state;

	for (unsigned int k = 0; k <= 13; k++) {
		struct virt_rig *r = virt_rig_make(d->rx, d->addresses, N);
		struct net_virt_config good = r->config;
		struct net_virt_config *c = &r->config;

		switch (k) {
		case 0:
			break;
		case 1:
			c->buffer_size = 0;
			break;
		case 2:
			c->buffer_size = 200;
			break;
		case 3:
			c->buffer_size = 64;
			break;
		case 4:
			c->buffer_size = 65536;
			break;
		case 5:
			c->data_size += 1;
			break;
		case 6:
			c->data_size = 0;
			break;
		case 7:
			c->data_size += VIRT_BUFFER;
			break;
		case 8:
			c->driver.capacity = 3;
			break;
		case 9:
			c->sw.capacity = N / 2;
			break;
		case 10:
			c->data = NULL;
			break;
		case 11:
			c->driver.active = NULL;
			break;
		case 12:
			c->sw.free = NULL;
			break;
		case 13:
			c->addresses = NET_VIRT_IO;
			c->io = 0 - (uint64_t)VIRT_BUFFER;
			break;
		}
		assert_int_equal(virt_rig_init(r), k == 0);
		r->config = good;
		virt_rig_free(r);
	}
}

static void reasons_have_names(void **state)
{
	(void)state;
	assert_string_equal(net_virt_reason_key(NET_VIRT_NEVER_LENT),
			    "never_lent");
	assert_string_equal(net_virt_reason_text(NET_VIRT_RETURNED_TWICE),
			    "buffer was returned already");
	assert_string_equal(net_virt_reason_key(NET_VIRT_REASON_COUNT),
			    "unknown");
	assert_string_equal(net_virt_reason_text((enum net_virt_reason) - 1),
			    "unknown");
}

#define TESTS(TEST)                                                            \
	TEST(the_source_is_lent_every_buffer)                                  \
	TEST(frames_go_round)                                                  \
	TEST(peers_are_rung_when_they_sleep)                                   \
	TEST(arming_sees_what_came_meanwhile)                                  \
	TEST(returns_wake_us_only_when_the_source_runs_low)                    \
	TEST(hc15_notifications_without_cause_do_nothing)                      \
	TEST(hc11_either_side_may_go_at_any_time)                              \
	TEST(a_link_that_flaps_unseen_is_reset)                                \
	TEST(frames_for_a_side_that_is_down_are_counted)                       \
	TEST(queues_of_a_side_that_is_down_are_left_alone)                     \
	TEST(no_link_page_is_always_up)                                        \
	TEST(impossible_configurations_are_refused)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VIRT_ALL(TESTS) cmocka_unit_test(reasons_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
