/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket port: framing, garbage, peers and switches that are slow.
 */
#include "tests/unit/socket_rig.h"

static uint8_t frame[QEMU_MAX + 8];

/* --- framing ------------------------------------------------------------ */

static void frames_from_the_peer(void **state)
{
	static const size_t lens[] = { 14, 60, 1514, MAX_FRAME };
	struct comp *rig = comp_run(cfg);
	int peer = join(rig);

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		say_frame(peer, lens[i], i);
	comp_turn(rig);
	for (unsigned int i = 0; i < 4; i++)
		switch_gets(rig, lens[i], i);
	switch_gets_nothing(rig);
	assert_true(comp_rang(rig));
	close(peer);
}

static void frames_to_the_peer(void **state)
{
	static const size_t lens[] = { 14, 60, 1514, MAX_FRAME };
	struct comp *rig = comp_run(cfg);
	int peer = join(rig);

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		comp_frame(frame, lens[i], i);
		assert_true(comp_send(rig, frame, lens[i]));
	}
	comp_turn(rig);
	for (unsigned int i = 0; i < 4; i++)
		hear_frame(rig, peer, lens[i], i);
	assert_int_equal(read(peer, frame, 1), -1); /* and no more */
	close(peer);
}

/* Cut anywhere, two frames are two frames. */
static void hc12_stream_cut_at_every_byte(void **state)
{
	struct comp *rig = comp_run(cfg);
	int peer = join(rig);
	uint8_t out[256];
	size_t len = framed(out, 60, 1);

	(void)state;
	len += framed(out + len, 99, 2);
	for (size_t cut = 0; cut <= len; cut++) {
		say(peer, out, cut);
		comp_turn(rig);
		say(peer, out + cut, len - cut);
		comp_turn(rig);
		switch_gets(rig, 60, 1);
		switch_gets(rig, 99, 2);
		switch_gets_nothing(rig);
	}
	for (size_t i = 0; i < len; i++) {
		say(peer, out + i, 1);
		comp_turn(rig);
	}
	switch_gets(rig, 60, 1);
	switch_gets(rig, 99, 2);
	close(peer);
}

/* More than the port reads at once, more than it has buffers for. */
static void a_flood_arrives_in_order(void **state)
{
	struct comp *rig = comp_run(cfg);
	int peer = join(rig);
	unsigned int got = 0;

	(void)state;
	for (unsigned int sent = 0; got < 3000;) {
		uint8_t out[MAX_FRAME + 4];
		size_t n = framed(out, 60 + sent % 1400, sent);

		/* A packet of the stream is taken whole or not at all. */
		if (sent < 3000 &&
		    send(peer, out, n, MSG_DONTWAIT) == (ssize_t)n) {
			sent++;
			continue;
		}
		comp_turn(rig);
		while ((n = comp_take(rig, frame, sizeof(frame))) > 0) {
			comp_assert_frame(frame, n, 60 + got % 1400, got);
			got++;
		}
	}
	close(peer);
}

/* --- lengths that are none ---------------------------------------------- */

static void odd_lengths_are_passed_over(void **state)
{
	static const size_t odd[] = { 1, 13, MAX_FRAME + 1, 65535, QEMU_MAX };
	struct comp *rig = comp_run(cfg);
	int peer = join(rig);
	uint8_t out[QEMU_MAX + 4];

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		size_t len = framed(out, odd[i], 0);

		/* In pieces, for the port has to pass over it in pieces. */
		for (size_t done = 0; done < len;) {
			size_t n = len - done < 5000 ? len - done : 5000;

			say(peer, out + done, n);
			done += n;
			comp_turn(rig);
		}
		say_frame(peer, 100, i);
		comp_turn(rig);
		switch_gets(rig, 100, i);
		switch_gets_nothing(rig);
	}
	assert_true(comp_logged(
		rig, "a frame of 1 bytes, this port takes 14 to 1518"));
	assert_false(hung_up(peer));
	close(peer);
}

static void hc08_garbage_ends_the_connection(void **state)
{
	static const uint32_t absurd[] = {
		0, QEMU_MAX + 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x47455420
	};
	struct comp *rig = comp_run(cfg);

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		int peer = join(rig);
		uint32_t be = htonl(absurd[i]);
		uint8_t out[200] = { 0 };
		size_t n = framed(out, 60, i);

		/* A good frame, garbage, and more behind it. */
		memcpy(out + n, &be, 4);
		say(peer, out, sizeof(out));
		comp_turn(rig);
		switch_gets(rig, 60, i);
		switch_gets_nothing(rig);
		assert_true(hung_up(peer));
		close(peer);
	}
	assert_true(comp_logged(rig, "garbage (a frame of 1195725856 bytes)"));
}

/* --- a peer that does not read ------------------------------------------ */

/* Fill the peer's socket; returns how many frames the port took. */
static unsigned int fill(struct comp *rig, int peer)
{
	unsigned int sent = 0;
	int size = 4096;

	setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (unsigned int tries = 0; tries < 20000; tries++) {
		comp_frame(frame, 60 + sent % 1400, sent);
		if (comp_send(rig, frame, 60 + sent % 1400))
			sent++;
		else if (queue_pending(&rig->rx_free) == 0 && tries % 8 == 0)
			comp_turn(rig);
	}
	return sent;
}

static void hc19_hc28_a_peer_that_stops_reading(void **state)
{
	struct comp *rig = comp_run(cfg);
	int peer = join(rig);
	unsigned int sent = fill(rig, peer);

	(void)state;
	/* The switch finds no buffer; the port sleeps until there is room. */
	assert_int_equal(queue_pending(&rig->rx_free), 0);
	assert_true(comp_watched(rig, 1) & EPOLLOUT);
	/* The other direction goes on. */
	say_frame(peer, 60, 3);
	comp_turn(rig);
	switch_gets(rig, 60, 3);
	/* What was taken arrives, whole and in order; then new frames do. */
	for (unsigned int i = 0; i < sent; i++)
		hear_frame(rig, peer, 60 + i % 1400, i);
	assert_int_equal(queue_pending(&rig->rx_free), COMP_CAPACITY);
	assert_false(comp_watched(rig, 1) & EPOLLOUT);
	comp_frame(frame, 70, 1);
	assert_true(comp_send(rig, frame, 70));
	hear_frame(rig, peer, 70, 1);
	close(peer);
}

static void blocked_peer_leaves(void **state)
{
	struct comp *rig = comp_run(cfg);
	int peer = join(rig);

	(void)state;
	fill(rig, peer);
	close(peer);
	comp_turn(rig);
	comp_turn(rig);
	assert_int_equal(queue_pending(&rig->rx_free), COMP_CAPACITY);
	/*
	 * The rest of a frame the first one did not take is not for the next.
	 */
	peer = join(rig);
	comp_frame(frame, 60, 1);
	assert_true(comp_send(rig, frame, 60));
	hear_frame(rig, peer, 60, 1);
	close(peer);
}

/* A new epoch while a frame is half sent: the stream stays in step. */
static void hc11_link_reset_while_blocked(void **state)
{
	struct comp *rig = comp_run(cfg);
	int peer = join(rig);
	uint32_t be = 0;
	uint8_t b[4];

	(void)state;
	fill(rig, peer);
	comp_link_down(rig);
	comp_turn(rig);
	/* The buffers are somebody else's meanwhile. */
	memset((uint8_t *)(uintptr_t)rig->wire.rx_data, 0xee,
	       rig->wire.rx_size);
	comp_link_up(rig);
	comp_turn(rig);
	assert_int_equal(queue_pending(&rig->rx_free), COMP_CAPACITY);
	comp_frame(frame, 1500, 77);
	assert_true(comp_send(rig, frame, 1500));
	/* Whatever of the old frames arrives is whole; the new one ends it. */
	while (be != 1500) {
		hear(rig, peer, b, 4);
		memcpy(&be, b, 4);
		be = ntohl(be);
		assert_in_range(be, 60, 1500);
		hear(rig, peer, frame, be);
		assert_int_equal(frame[12] << 8 | frame[13], 0x88b5);
	}
	comp_assert_frame(frame, be, 1500, 77);
	close(peer);
}

/* --- the switch is slow ------------------------------------------------- */

static void no_transmit_buffer_no_spinning(void **state)
{
	struct comp *rig = comp_run(cfg);
	int peer = join(rig);

	(void)state;
	rig->hoard = true;
	for (unsigned int i = 0; i < COMP_CAPACITY + 10; i++) {
		say_frame(peer, 60, i);
		comp_turn(rig);
	}
	assert_int_equal(queue_pending(&rig->tx_active), COMP_CAPACITY);
	assert_int_equal(comp_watched(rig, 1), EPOLLRDHUP);
	/* One buffer back: one more frame, and it is the next one. */
	for (unsigned int i = 0; i < COMP_CAPACITY; i++)
		switch_gets(rig, 60, i);
	queue_put(&rig->tx_free, 0, 0);
	comp_publish(rig, &rig->tx_free);
	comp_turn(rig);
	switch_gets(rig, 60, COMP_CAPACITY);
	switch_gets_nothing(rig);
	close(peer);
}

static void link_down_nothing_moves(void **state)
{
	struct comp *rig = comp_run(cfg);
	int peer = join(rig);

	(void)state;
	comp_link_down(rig);
	comp_turn(rig);
	say_frame(peer, 60, 1);
	comp_turn(rig);
	assert_int_equal(comp_watched(rig, 1), EPOLLRDHUP);
	comp_link_up(rig);
	comp_turn(rig);
	comp_turn(rig);
	switch_gets(rig, 60, 1);
	close(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		socket_test(frames_from_the_peer),
		socket_test(frames_to_the_peer),
		socket_test(hc12_stream_cut_at_every_byte),
		socket_test(a_flood_arrives_in_order),
		socket_test(odd_lengths_are_passed_over),
		socket_test(hc08_garbage_ends_the_connection),
		socket_test(hc19_hc28_a_peer_that_stops_reading),
		socket_test(blocked_peer_leaves),
		socket_test(hc11_link_reset_while_blocked),
		socket_test(no_transmit_buffer_no_spinning),
		socket_test(link_down_nothing_moves),
	};

	return cmocka_run_group_tests_name("socket port", tests, NULL, NULL);
}
