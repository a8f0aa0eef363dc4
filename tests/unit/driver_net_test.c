/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames between a card and two queue pairs in a driver VM: the card and the
 * other side are played by the test.
 */
#include "tests/unit/driver_card_rig.h"

/* --- frames ------------------------------------------------------------- */

static void frames_both_ways(void **state)
{
	struct driver_rig *r = *state;
	struct net_desc d;

	d_up(r);
	d_lend(r, 0, D_CAPACITY);
	for (unsigned int i = 0; i < 2000; i++) {
		uint16_t len = (uint16_t)(14 + i % (D_MAX_FRAME - 13));

		fake.sent = 0;
		fake.room = CARD_FRAMES;
		comes(len, i);
		d_send(r, i % D_CAPACITY, len, i + 1);
		d_run(r);
		d_lend(r, (unsigned int)(d_received(r, len, i) / D_BUFFER), 1);
		went(0, len, i + 1);
		assert_true(d_take(&r->tx_free, &d));
		assert_int_equal(d.io_or_offset, i % D_CAPACITY * D_BUFFER);
		assert_int_equal(d.len, 0);
	}
	assert_int_equal(r->net.count.rx_frames, 2000);
	assert_int_equal(r->net.count.tx_frames, 2000);
	assert_int_equal(r->net.count.copied,
			 r->net.count.rx_bytes + r->net.count.tx_bytes);
	assert_int_equal(r->net.count.bad_descriptors, 0);
}

/* A batch is one visit to the card, whatever its size. */
static void batches(void **state)
{
	struct driver_rig *r = *state;

	d_up(r);
	d_lend(r, 0, D_CAPACITY);
	for (unsigned int i = 0; i < D_CAPACITY; i++) {
		comes(60, i);
		d_send(r, i, 60, i);
	}
	d_run(r);
	assert_int_equal(fake.sends, D_CAPACITY / NET_BATCH);
	for (unsigned int i = 0; i < D_CAPACITY; i++) {
		d_received(r, 60, i);
		went(i, 60, i);
	}
}

static void lengths_of_received_frames(void **state)
{
	struct driver_rig *r = *state;

	d_up(r);
	d_lend(r, 0, 4);
	comes(13, 0);
	comes(0, 1);
	comes(D_MAX_FRAME + 1, 2);
	comes(D_MAX_FRAME, 3);
	comes(14, 4);
	d_run(r);
	d_received(r, D_MAX_FRAME, 3);
	d_received(r, 14, 4);
	assert_int_equal(r->net.count.rx_refused, 3);
	assert_int_equal(queue_pending(&r->net.rx_free), 2);
}

/* --- one side does not keep up ------------------------------------------ */

static void frames_wait_for_empty_buffers(void **state)
{
	struct driver_rig *r = *state;

	d_up(r);
	d_lend(r, 0, 10);
	for (unsigned int i = 0; i < 100; i++)
		comes(100, i);
	d_run(r);
	for (unsigned int i = 0; i < 10; i++)
		d_received(r, 100, i);
	/* It sleeps: nobody wakes it for frames, but for buffers. */
	assert_false(fake.watched_in);
	assert_int_equal(fake.count, 90);
	assert_int_equal(r->config.rx_free->consumer_signalled, 0);
	d_lend(r, 20, 100);
	assert_true(queue_must_notify(&r->rx_free));
	d_run(r);
	for (unsigned int i = 10; i < 100; i++)
		d_received(r, 100, i);
	assert_true(fake.watched_in);
	/* And now for frames, and not for buffers. */
	assert_int_equal(r->config.rx_free->consumer_signalled, 1);
	assert_int_equal(r->net.count.rx_no_buffer, 0);
}

/* Buffers that come back between the last look and the sleep are seen. */
static void no_sleep_over_buffers(void **state)
{
	struct driver_rig *r = *state;

	d_up(r);
	comes(100, 0);
	assert_false(net_run(&r->net));
	d_lend(r, 0, 1);
	assert_true(net_arm(&r->net));
	d_run(r);
	d_received(r, 100, 0);
	d_send(r, 0, 60, 1);
	assert_true(net_arm(&r->net));
}

static void frames_wait_for_slots(void **state)
{
	struct driver_rig *r = *state;
	struct net_desc d;

	d_up(r);
	fake.room = 5;
	for (unsigned int i = 0; i < 100; i++)
		d_send(r, i, 200, i);
	d_run(r);
	assert_int_equal(fake.sent, 5);
	assert_true(fake.watched_out);
	assert_int_equal(queue_pending(&r->net.tx_active), 95);
	/* The other side has nothing to wake us for. */
	assert_int_equal(r->config.tx_active->consumer_signalled, 1);
	d_run(r);
	assert_int_equal(fake.sent, 5);
	fake.room = CARD_FRAMES;
	fake.card.writable = true;
	d_run(r);
	assert_false(fake.watched_out);
	for (unsigned int i = 0; i < 100; i++) {
		went(i, 200, i);
		assert_true(d_take(&r->tx_free, &d));
		assert_int_equal(d.io_or_offset, i * D_BUFFER);
	}
	assert_false(d_take(&r->tx_free, &d));
}

/* Like a card with the cable pulled. */
static void without_a_carrier(void **state)
{
	struct driver_rig *r = *state;
	struct net_desc d;

	d_up(r);
	net_carrier(&r->net, false);
	fake.card.writable = false;
	for (unsigned int i = 0; i < 100; i++)
		d_send(r, i, 200, i);
	d_run(r);
	assert_int_equal(fake.sent, 0);
	assert_int_equal(r->net.count.tx_failed, 100);
	for (unsigned int i = 0; i < 100; i++)
		assert_true(d_take(&r->tx_free, &d));
	net_carrier(&r->net, true);
	fake.card.writable = true;
	d_send(r, 0, 60, 7);
	d_run(r);
	went(0, 60, 7);
}

/* --- doorbells ---------------------------------------------------------- */

static void doorbells(void **state)
{
	struct driver_rig *r = *state;

	d_up(r);
	d_lend(r, 0, D_CAPACITY);
	/* Asleep, both queues: one for both. */
	comes(60, 0);
	d_send(r, 0, 60, 0);
	r->doorbell[0] = 0;
	d_run(r);
	assert_int_equal(r->net.count.doorbells, 1);
	assert_int_equal(r->doorbell[0], 1);
	/* Awake: none, however many frames. */
	for (unsigned int i = 0; i < 70; i++) {
		comes(60, i);
		d_send(r, 1 + i, 60, i);
	}
	d_run(r);
	assert_int_equal(r->net.count.doorbells, 1);
	/* One of the two asleep. */
	queue_arm(&r->tx_free);
	comes(60, 0);
	d_run(r);
	assert_int_equal(r->net.count.doorbells, 1);
	d_send(r, 71, 60, 0);
	d_run(r);
	assert_int_equal(r->net.count.doorbells, 2);
}

/* While we are awake nobody rings us, asleep once. */
static void we_are_rung_when_asleep(void **state)
{
	struct driver_rig *r = *state;

	d_up(r);
	d_run(r);
	/* Not for buffers that no frame waits for. */
	d_lend(r, 0, 1);
	assert_false(queue_must_notify(&r->rx_free));
	d_send(r, 0, 60, 0);
	assert_true(queue_must_notify(&r->tx_active));
	net_run(&r->net);
	d_send(r, 1, 60, 0);
	assert_false(queue_must_notify(&r->tx_active));
	d_run(r);
	/* Awake for another reason. */
	net_run(&r->net);
	d_send(r, 2, 60, 0);
	assert_false(queue_must_notify(&r->tx_active));
}

/* --- epochs ------------------------------------------------------------- */

static void nothing_is_touched_while_down(void **state)
{
	struct driver_rig *r = *state;
	size_t queue = queue_region_size(D_CAPACITY);
	struct net_queue *all[] = { r->config.rx_active, r->config.rx_free,
				    r->config.tx_active, r->config.tx_free };
	uint8_t *before = d_memory(queue);

	memset(before, 0x5a, queue);
	for (unsigned int up = 0; up < 2; up++) {
		if (up) {
			d_up(r);
			d_run(r);
			d_down(r);
		}
		for (unsigned int i = 0; i < 4; i++)
			memset(all[i], 0x5a, queue);
		comes(60, 0);
		d_run(r);
		for (unsigned int i = 0; i < 4; i++)
			assert_memory_equal(all[i], before, queue);
		assert_int_equal(r->net.count.rx_no_buffer, up + 1);
		assert_int_equal(fake.count, 0);
		assert_true(fake.watched_in);
	}
	free(before);
}

static void epochs_in_the_middle_of_traffic(void **state)
{
	struct driver_rig *r = *state;

	for (unsigned int i = 0; i < 300; i++) {
		/* Seen as down, or the change missed altogether. */
		if (i % 3 == 0) {
			d_down(r);
			d_run(r);
		}
		d_up(r);
		d_lend(r, 0, i % 20);
		fake.count = 0;
		fake.sent = 0;
		fake.room = i % 7;
		fake.card.writable = true;
		for (unsigned int k = 0; k < 10; k++) {
			comes(60 + k, i + k);
			d_send(r, k, (uint16_t)(60 + k), i + k);
		}
		d_run(r);
		for (unsigned int k = 0; k < 10 && k < i % 20; k++)
			assert_true(d_received(r, 60 + k, i + k) ==
				    (uint64_t)k * D_BUFFER);
		for (unsigned int k = 0; k < i % 7; k++)
			went(k, 60 + k, i + k);
		assert_int_equal(queue_pending(&r->tx_free), i % 7);
	}
	assert_int_equal(r->net.count.bad_descriptors, 0);
}

/* --- the status page ---------------------------------------------------- */

static void the_status_page(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
	struct driver_rig *r = *state;
	uint32_t beat;

	assert_int_equal(r->status.state, DRIVER_STARTING);
	r->doorbell[1] = 0;
	net_ready(&r->net, mac, 1500);
	assert_int_equal(r->status.state, DRIVER_READY);
	assert_int_equal(r->status.carrier, 1);
	assert_int_equal(r->status.mtu, 1500);
	assert_memory_equal(r->status.mac, mac, 6);
	assert_int_equal(r->doorbell[1], 1);
	r->doorbell[1] = 0;
	net_carrier(&r->net, true);
	assert_int_equal(r->doorbell[1], 0);
	net_carrier(&r->net, false);
	assert_int_equal(r->status.carrier, 0);
	assert_int_equal(r->doorbell[1], 1);
	net_carrier(&r->net, true);

	d_up(r);
	d_lend(r, 0, 1);
	d_send(r, 0, 60, 0);
	d_send(r, 1, 0, 0);
	comes(100, 0);
	comes(D_MAX_FRAME + 1, 0);
	d_run(r);
	fake.card.lost = 5;
	fake.card.failed = 1;
	net_report(&r->net, 11, 12, 13);
	assert_int_equal(r->status.rx_frames, 1);
	assert_int_equal(r->status.rx_bytes, 100);
	assert_int_equal(r->status.rx_refused, 1);
	assert_int_equal(r->status.rx_no_buffer, 5);
	assert_int_equal(r->status.tx_frames, 0);
	assert_int_equal(r->status.tx_failed, 1);
	assert_int_equal(r->status.bad_descriptors, 1);
	assert_int_equal(r->status.copied, 160);
	assert_int_equal(r->status.wakeups, 11);
	assert_int_equal(r->status.syscalls, 12);
	assert_int_equal(r->status.interrupts, 13);
	assert_int_equal(r->status.doorbells, 1);
	/* Each report says that we live, and 0 would say that nobody counts. */
	r->doorbell[1] = 0;
	beat = r->status.beat;
	assert_true(beat != 0);
	net_report(&r->net, 11, 12, 13);
	assert_int_equal(r->status.beat, beat + 1);
	r->net.beats = UINT32_MAX;
	net_report(&r->net, 11, 12, 13);
	assert_int_equal(r->status.beat, 1);
	assert_int_equal(r->doorbell[1], 0);
}

/* --- copying to device memory ------------------------------------------- */

static void copies_of_all_lengths(void **state)
{
	const struct copy *copy = copy_for(true);
	uint8_t *region = d_memory(256);
	uint8_t from[160];
	uint8_t to[160];

	(void)state;
	d_frame(from, sizeof(from), 3);
	for (size_t len = 0; len < 128; len++) {
		size_t skew = len % 8;

		memset(region, 0xee, 256);
		copy->in(region + 8, from + skew, len);
		assert_memory_equal(region + 8, from + skew, len);
		assert_int_equal(region[7], 0xee);
		assert_int_equal(region[8 + len], 0xee);
		memset(to, 0xdd, sizeof(to));
		copy->out(to + skew, region + 8, len);
		assert_memory_equal(to + skew, from + skew, len);
		assert_int_equal(to[skew + len], 0xdd);
	}
	free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_both_ways),
		UNCACHED(frames_both_ways),
		TEST(batches),
		TEST(lengths_of_received_frames),
		TEST(frames_wait_for_empty_buffers),
		TEST(no_sleep_over_buffers),
		TEST(frames_wait_for_slots),
		TEST(without_a_carrier),
		TEST(doorbells),
		TEST(we_are_rung_when_asleep),
		TEST(nothing_is_touched_while_down),
		TEST(epochs_in_the_middle_of_traffic),
		TEST(the_status_page),
		cmocka_unit_test(copies_of_all_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
