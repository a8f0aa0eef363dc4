/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments between a card and two queue pairs in a driver VM: the card and the
 * other side are played by the test.
 */
#include "tests/unit/driver_card_rig.h"

#include "tests/unit/segment_rig.h"

#define LONG 2000u /* no plain frame may be so long */

static const struct offload tcp = { .flags = OFFLOAD_CHECKSUM | OFFLOAD_TCP4,
				    .segment = 700 };
static const struct offload none;
static struct seg seg;

static int setup(void **state)
{
	struct driver_rig *r;

	card_setup(state);
	r = *state;
	r->net.config.max_segment = D_BUFFER;
	d_up(r);
	return 0;
}

static struct net_desc received(struct driver_rig *r)
{
	struct net_desc d;

	assert_true(queue_pending(&r->rx_active) > 0);
	d = queue_peek_offload(&r->rx_active, 0);
	queue_release(&r->rx_active, 1);
	return d;
}

static void has(struct driver_rig *r, size_t len, unsigned int which,
		struct offload o)
{
	struct net_desc d = received(r);

	d_is_frame(r->config.receive + d.io_or_offset, d.len, len, which);
	assert_int_equal(d.offload, o.flags);
	assert_int_equal(d.segment, o.segment);
	d_lend(r, (unsigned int)(d.io_or_offset / D_BUFFER), 1);
}

static void says(struct driver_rig *r, unsigned int index, const void *data,
		 uint16_t len, struct offload o)
{
	memcpy(d_transmit(r) + (size_t)index * D_BUFFER, data, len);
	queue_put_offload(&r->tx_active, (uint64_t)index * D_BUFFER, len, o);
	queue_publish(&r->tx_active);
}

static void says_frame(struct driver_rig *r, unsigned int index, uint16_t len,
		       unsigned int which, struct offload o)
{
	uint8_t frame[D_BUFFER];

	d_frame(frame, len, which);
	says(r, index, frame, len, o);
}

/* --- received ------------------------------------------------------------ */

static void whole_and_in_order(void **state)
{
	struct driver_rig *r = *state;

	d_lend(r, 0, 8);
	comes(60, 1);
	comes_to_be_read(LONG, 2, tcp);
	comes_to_be_read(D_BUFFER, 3, tcp);
	comes(1514, 4);
	comes_to_be_read(LONG, 5, tcp);
	d_run(r);
	has(r, 60, 1, none);
	has(r, LONG, 2, tcp);
	has(r, D_BUFFER, 3, tcp);
	has(r, 1514, 4, none);
	has(r, LONG, 5, tcp);
	assert_int_equal(fake.reads, 3);
	assert_int_equal(r->net.count.rx_refused, 0);
}

/* Those that find no buffer are read when there is one. */
static void wait_for_buffers(void **state)
{
	struct driver_rig *r = *state;

	d_lend(r, 0, 1);
	for (unsigned int i = 0; i < 10; i++)
		comes_to_be_read(LONG, i, tcp);
	for (unsigned int i = 0; i < 10; i++) {
		d_run(r);
		assert_int_equal(fake.reads, i + 1);
		has(r, LONG, i, tcp);
	}
}

/* What cannot go on is read all the same, and is not in the way. */
static void those_left_are_read(void **state)
{
	struct driver_rig *r = *state;

	d_lend(r, 0, 8);
	comes_to_be_read(D_BUFFER, 0, tcp);
	fake.frame[0].len = D_BUFFER + 1;
	comes_to_be_read(LONG, 1, tcp);
	/* Longer than a frame may be, and no segment. */
	comes_to_be_read(LONG, 2, none);
	comes_to_be_read(LONG, 3, tcp);
	d_run(r);
	has(r, LONG, 1, tcp);
	has(r, LONG, 3, tcp);
	assert_int_equal(fake.reads, 4);
	assert_int_equal(r->net.count.rx_refused, 2);
	d_down(r);
	comes_to_be_read(LONG, 4, tcp);
	comes(60, 5);
	d_run(r);
	assert_int_equal(fake.reads, 5);
	assert_int_equal(fake.count, 0);
}

/* The buffer of one that turns out to be none is not lost. */
static void one_that_cannot_be_read(void **state)
{
	struct driver_rig *r = *state;

	d_lend(r, 0, 1);
	fake.unreadable = true;
	for (unsigned int i = 0; i < 5; i++)
		comes_to_be_read(LONG, i, tcp);
	comes(60, 6);
	d_run(r);
	has(r, 60, 6, none);
	assert_int_equal(r->net.count.rx_refused, 5);
}

/* --- sent ---------------------------------------------------------------- */

static void in_order_with_frames(void **state)
{
	struct driver_rig *r = *state;

	says_frame(r, 0, 60, 0, none);
	says_frame(r, 1, LONG, 1, tcp);
	says_frame(r, 2, LONG, 2, tcp);
	says_frame(r, 3, 60, 3, none);
	says_frame(r, 4, 60, 4, none);
	says_frame(r, 5, D_BUFFER, 5, tcp);
	d_run(r);
	for (unsigned int i = 0; i < 6; i++) {
		bool segment = i == 1 || i == 2 || i == 5;

		went(i, i == 5 ? D_BUFFER : segment ? LONG : 60, i);
		assert_int_equal(fake.out_offload[i].segment,
				 segment ? tcp.segment : 0);
		assert_int_equal(fake.out_offload[i].flags,
				 segment ? tcp.flags : 0);
	}
	assert_int_equal(queue_pending(&r->tx_free), 6);
	assert_int_equal(r->net.count.tx_frames, 6);
}

static void wait_for_the_card(void **state)
{
	struct driver_rig *r = *state;

	fake.room = 2;
	for (unsigned int i = 0; i < 4; i++)
		says_frame(r, i, LONG, i, tcp);
	says_frame(r, 4, 60, 4, none);
	d_run(r);
	assert_int_equal(fake.sent, 2);
	assert_true(fake.watched_out);
	fake.room = CARD_FRAMES;
	fake.card.writable = true;
	d_run(r);
	for (unsigned int i = 0; i < 5; i++)
		went(i, i < 4 ? LONG : 60, i);
	assert_int_equal(r->net.count.tx_failed, 0);
}

static void dropped_without_a_carrier(void **state)
{
	struct driver_rig *r = *state;

	net_carrier(&r->net, false);
	says_frame(r, 0, LONG, 0, tcp);
	says_frame(r, 1, 60, 1, none);
	says_frame(r, 2, LONG, 2, tcp);
	d_run(r);
	assert_int_equal(fake.sent, 0);
	assert_int_equal(r->net.count.tx_failed, 3);
	assert_int_equal(queue_pending(&r->tx_free), 3);
}

/* A frame whose checksum is left goes into a slot, and there it is made. */
static void checksums_are_made(void **state)
{
	struct driver_rig *r = *state;
	uint64_t seed = 1;

	for (unsigned int i = 0; i < 200; i++) {
		struct shape shape = seg_shape(&seed);

		shape.piece = 0;
		shape.payload = seg_random(&seed, 1000);
		seg_make(&seg, &shape, &seed);
		if (seg.len > D_MAX_FRAME)
			continue;
		fake.sent = 0;
		fake.room = CARD_FRAMES;
		says(r, 0, seg.b, (uint16_t)seg.len, seg.o);
		d_run(r);
		assert_int_equal(fake.sent, 1);
		assert_true(seg_sums_up(&seg, fake.out[0], fake.out_len[0]));
		queue_release(&r->tx_free, 1);
	}
	assert_int_equal(r->net.count.bad_descriptors, 0);
}

static void hc43_lies_of_the_other_side(void **state)
{
	struct driver_rig *r = *state;
	struct offload sum = { .flags = OFFLOAD_CHECKSUM };

	/* A checksum in a frame that has none; lengths beyond what there is. */
	says_frame(r, 0, 60, 0, sum);
	says_frame(r, 1, LONG, 1, none);
	says_frame(r, 2, LONG, 2, sum);
	queue_put_offload(&r->tx_active, 0, D_BUFFER + 1, tcp);
	queue_put_offload(&r->tx_active, D_REGION, LONG, tcp);
	queue_put_offload(&r->tx_active, 0, 13, tcp);
	queue_publish(&r->tx_active);
	says_frame(r, 3, 60, 3, none);
	d_run(r);
	assert_int_equal(fake.sent, 1);
	went(0, 60, 3);
	assert_int_equal(r->net.count.bad_descriptors, 6);
	assert_int_equal(queue_pending(&r->tx_free), 7);
}

/* Without segments what is said there is not read. */
static void hc43_not_read_where_there_are_none(void **state)
{
	struct driver_rig *r = *state;

	r->net.config.max_segment = 0;
	says_frame(r, 0, 60, 0, tcp);
	says_frame(r, 1, LONG, 1, tcp);
	d_run(r);
	assert_int_equal(fake.sent, 1);
	went(0, 60, 0);
	assert_int_equal(r->net.count.bad_descriptors, 1);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, card_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whole_and_in_order),
		TEST(wait_for_buffers),
		TEST(those_left_are_read),
		TEST(one_that_cannot_be_read),
		TEST(in_order_with_frames),
		TEST(wait_for_the_card),
		TEST(dropped_without_a_carrier),
		TEST(checksums_are_made),
		TEST(hc43_lies_of_the_other_side),
		TEST(hc43_not_read_where_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
