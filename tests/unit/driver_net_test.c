/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames between a card and two queue pairs in a driver VM: the card is a fake,
 * the other side is played by the test, or by the real virtualisers.
 */
#include "tests/unit/driver_rig.h"

#include "driver_vm/event.h"
#include "virt/net_virt.h"

/* --- a card ------------------------------------------------------------- */

#define CARD_FRAMES 512u

/**
 * struct fake - a card
 * @in:     received frames
 * @first, @count: of those that are there
 * @out:    sent frames
 * @sent:   how many
 * @room:   slots it has left
 * @block:  say that it will take the rest later
 * @watched_in, @watched_out: what the loop was told
 */
struct fake {
	struct net_card card;
	uint8_t in[CARD_FRAMES][D_BUFFER];
	struct net_frame frame[CARD_FRAMES];
	unsigned int first;
	unsigned int count;
	uint8_t out[CARD_FRAMES][D_BUFFER];
	uint16_t out_len[CARD_FRAMES];
	unsigned int sent;
	unsigned int sends;
	unsigned int room;
	bool watched_in;
	bool watched_out;
};

static struct fake *of(struct net_card *card)
{
	return event_owner(card, struct fake, card);
}

static unsigned int fake_receive(struct net_card *card,
				 const struct net_frame **frame)
{
	struct fake *f = of(card);

	*frame = f->frame + f->first;
	return f->count < NET_BATCH ? f->count : NET_BATCH;
}

static void fake_received(struct net_card *card, unsigned int count)
{
	assert_true(count <= of(card)->count);
	of(card)->first += count;
	of(card)->count -= count;
}

static unsigned int fake_slots(struct net_card *card, uint8_t **slot,
			       unsigned int max)
{
	struct fake *f = of(card);
	unsigned int i;

	for (i = 0; i < max && i < f->room && f->sent + i < CARD_FRAMES; i++)
		slot[i] = f->out[f->sent + i];
	return i;
}

static void fake_send(struct net_card *card, const uint16_t *len,
		      unsigned int count)
{
	struct fake *f = of(card);

	assert_true(count > 0 && count <= f->room);
	memcpy(f->out_len + f->sent, len, count * sizeof(*len));
	f->sent += count;
	f->room -= count;
	f->sends++;
}

static void fake_watch(struct net_card *card, bool in, bool out)
{
	of(card)->watched_in = in;
	of(card)->watched_out = out;
}

static const struct net_card_ops fake_ops = {
	.receive = fake_receive,
	.received = fake_received,
	.slots = fake_slots,
	.send = fake_send,
	.watch = fake_watch,
};

static struct fake fake;

/* The card receives a frame. */
static void comes(size_t len, unsigned int which)
{
	unsigned int i;

	if (fake.count == 0)
		fake.first = 0;
	i = fake.first + fake.count++;
	assert_true(i < CARD_FRAMES);
	d_frame(fake.in[i], len, which);
	fake.frame[i] = (struct net_frame){ fake.in[i], (uint32_t)len };
}

/* The card has sent this as its @index'th frame. */
static void went(unsigned int index, size_t len, unsigned int which)
{
	assert_true(index < fake.sent);
	d_is_frame(fake.out[index], fake.out_len[index], len, which);
}

static int setup(void **state)
{
	memset(&fake, 0, sizeof(fake));
	fake.card.ops = &fake_ops;
	fake.card.writable = true;
	fake.room = CARD_FRAMES;
	*state = d_make(&fake.card, false);
	return 0;
}

static int setup_uncached(void **state)
{
	setup(state);
	((struct driver_rig *)*state)->net.config.copy = copy_for(true);
	return 0;
}

static int teardown(void **state)
{
	d_free(*state);
	return 0;
}

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

/* --- nothing in a queue is believed ------------------------------------- */

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
	c.buffer_size = 65536;
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

/* --- with the virtualisers ---------------------------------------------- */

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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define UNCACHED(f)                                                            \
	{                                                                      \
#f " (uncached)", f, setup_uncached, teardown, NULL            \
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
		TEST(hostile_descriptors),
		TEST(hostile_indices),
		TEST(more_buffers_than_slots),
		TEST(sizes_that_cannot_be),
		TEST(the_status_page),
		cmocka_unit_test(copies_of_all_lengths),
		TEST(through_the_virtualisers),
		UNCACHED(through_the_virtualisers),
		TEST(a_slow_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
