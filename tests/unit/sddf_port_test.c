/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients that were written for sDDF: VSWITCH_FILL_SDDF.
 *
 * The client here is no user of base/queue.h.  It does what sDDF's library
 * does: both indices of a queue live in shared memory, a handle is the queue
 * and its capacity, and the client fills its own transmit free queue once, at
 * its start.  Of its receive free queue it expects that somebody has filled it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/rig.h"

#define BUFFERS 16u
#define BUFFER_SIZE 2048u

/* --- the client's side -------------------------------------------------- */

struct sddf_queue {
	volatile struct net_queue *q;
	uint32_t capacity;
};

struct sddf_client {
	struct sddf_queue rx_active, rx_free, tx_active, tx_free;
	uint8_t *rx, *tx;
	unsigned int got; /* frames taken so far */
};

static uint16_t length(const struct sddf_queue *h)
{
	return (uint16_t)(h->q->tail - h->q->head);
}

static bool enqueue(struct sddf_queue *h, uint64_t offset, uint16_t len)
{
	volatile struct net_desc *d;

	if (length(h) == h->capacity)
		return false;
	d = &h->q->desc[h->q->tail % h->capacity];
	d->io_or_offset = offset;
	d->len = len;
	h->q->tail = (uint16_t)(h->q->tail + 1);
	return true;
}

static bool dequeue(struct sddf_queue *h, uint64_t *offset, uint16_t *len)
{
	const volatile struct net_desc *d;

	if (length(h) == 0)
		return false;
	d = &h->q->desc[h->q->head % h->capacity];
	*offset = d->io_or_offset;
	*len = d->len;
	h->q->head = (uint16_t)(h->q->head + 1);
	return true;
}

/* What an sDDF client does in its init(). */
static void client_init(struct sddf_client *c)
{
	for (uint64_t i = 0; i < c->tx_free.capacity; i++)
		assert_true(enqueue(&c->tx_free, i * BUFFER_SIZE, 0));
}

static bool client_send(struct sddf_client *c, uint64_t dst, uint64_t src,
			uint16_t len)
{
	uint64_t offset;
	uint16_t empty;

	if (!dequeue(&c->tx_free, &offset, &empty))
		return false;
	rig_frame(c->tx + offset, dst, src, len);
	return enqueue(&c->tx_active, offset, len);
}

/* Take all frames, give their buffers back; each must be the one expected. */
static void client_receive(struct sddf_client *c, uint64_t dst, uint64_t src,
			   uint16_t expected)
{
	uint8_t frame[BUFFER_SIZE];
	uint64_t offset;
	uint16_t len;

	while (dequeue(&c->rx_active, &offset, &len)) {
		assert_int_equal(len, expected);
		rig_frame(frame, dst, src, len);
		assert_memory_equal(c->rx + offset, frame, len);
		assert_true(enqueue(&c->rx_free, offset, 0));
		c->got++;
	}
}

/* --- the switch's side -------------------------------------------------- */

/* Makes the regions with the rig, then has the port be an sDDF client's. */
static struct sddf_client attach(struct rig *r, unsigned int port)
{
	struct vswitch_half *in, *out;
	struct sddf_client c;

	rig_add(r, port, &(struct rig_options){ .fill = VSWITCH_FILL_SDDF });
	in = &r->port[port].config.ingress;
	out = &r->port[port].config.egress;
	c = (struct sddf_client){
		.rx_active = { out->active, BUFFERS },
		.rx_free = { out->free, BUFFERS },
		.tx_active = { in->active, BUFFERS },
		.tx_free = { in->free, BUFFERS },
		.rx = out->data,
		.tx = in->data,
	};
	return c;
}

/* A switch with sDDF clients at ports 0 and 1, each allowed to the other. */
static struct rig *start(struct sddf_client c[2])
{
	struct rig *r = rig_new(NULL);

	for (unsigned int i = 0; i < 2; i++) {
		c[i] = attach(r, i);
		rig_allow(r, i, !i);
		rig_hand_over(r, i);
	}
	return r;
}

static void cross(struct rig *r, struct sddf_client c[2], unsigned int from)
{
	uint16_t len = (uint16_t)(60 + c[!from].got % 1400);
	unsigned int got = c[!from].got;

	assert_true(client_send(&c[from], RIG_MAC(!from), RIG_MAC(from), len));
	rig_run(r, RIG_BIT(from));
	client_receive(&c[!from], RIG_MAC(!from), RIG_MAC(from), len);
	assert_int_equal(c[!from].got, got + 1);
}

/* Whoever starts first, and for long enough that 16-bit indices wrap. */
static void frames_cross(bool switch_first)
{
	struct sddf_client c[2];
	struct rig *r = start(c);

	for (unsigned int i = 0; i < 2; i++) {
		if (!switch_first)
			client_init(&c[i]);
		rig_run(r, RIG_BIT(i));
		if (switch_first)
			client_init(&c[i]);
	}
	for (unsigned int i = 0; i < 70000; i++)
		cross(r, c, i % 2);
	/* Each buffer is back where it began. */
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(length(&c[i].tx_free), BUFFERS);
		assert_int_equal(length(&c[i].rx_free), BUFFERS);
	}
	assert_int_equal(rig_all_drops(r), 0);
	assert_int_equal(r->stats->port[0].unreturned, 0);
	rig_free(r);
}

static void frames_cross_when_the_client_starts_first(void **state)
{
	(void)state;
	frames_cross(false);
}

static void frames_cross_when_the_switch_starts_first(void **state)
{
	(void)state;
	frames_cross(true);
}

/* All of a client's buffers in one go, which is what the queues are for. */
static void a_full_queue_passes(void **state)
{
	struct sddf_client c[2];
	struct rig *r = start(c);

	(void)state;
	client_init(&c[0]);
	client_init(&c[1]);
	cross(r, c, 0);
	cross(r, c, 1);
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < BUFFERS; i++)
			assert_true(client_send(&c[0], RIG_MAC(1), RIG_MAC(0),
						100));
		assert_false(client_send(&c[0], RIG_MAC(1), RIG_MAC(0), 100));
		rig_run(r, RIG_BIT(0));
		client_receive(&c[1], RIG_MAC(1), RIG_MAC(0), 100);
		assert_int_equal(c[1].got, 1 + (round + 1) * BUFFERS);
	}
	assert_int_equal(rig_all_drops(r), 0);
	rig_free(r);
}

/* A forged index costs that client its link, and it comes back. */
static void hc24_a_forged_index_costs_one_epoch(void **state)
{
	struct sddf_client c[2];
	struct rig *r = start(c);

	(void)state;
	client_init(&c[0]);
	client_init(&c[1]);
	cross(r, c, 0);
	c[0].tx_active.q->tail = 60000;
	rig_run(r, RIG_BIT(0));
	assert_true(vswitch_faulted(r->sw) == RIG_BIT(0));
	assert_int_equal(c[1].got, 1);
	rig_hand_over(r, 0);
	client_init(&c[0]);
	assert_true(vswitch_faulted(r->sw) == 0);
	for (unsigned int i = 0; i < 100; i++)
		cross(r, c, i % 2);
	assert_int_equal(length(&c[0].tx_free), BUFFERS);
	rig_free(r);
}

/* Nothing is believed of what it should have filled. */
static void a_client_that_does_not_fill_loses_its_own_buffers(void **state)
{
	struct sddf_client c[2];
	struct rig *r = start(c);

	(void)state;
	client_init(&c[1]);
	for (unsigned int i = 0; i < 3; i++) {
		rig_frame(c[0].tx, RIG_MAC(1), RIG_MAC(0), 80);
		assert_true(enqueue(&c[0].tx_active, 0, 80));
		rig_run(r, RIG_BIT(0));
		client_receive(&c[1], RIG_MAC(1), RIG_MAC(0), 80);
		assert_int_equal(c[1].got, i + 1);
	}
	assert_int_equal(r->stats->port[0].unreturned, 3);
	assert_true(vswitch_faulted(r->sw) == 0);
	rig_free(r);
}

/* A client of Weir's own kind and one of sDDF's on one switch. */
static void both_kinds_meet(void **state)
{
	struct rig *r = rig_new(NULL);
	struct sddf_client c = attach(r, 0);
	uint8_t frame[BUFFER_SIZE];

	(void)state;
	rig_add(r, 1, NULL);
	rig_allow(r, 0, 1);
	rig_allow(r, 1, 0);
	rig_hand_over(r, 0);
	client_init(&c);
	for (unsigned int i = 0; i < 100; i++) {
		rig_frame(frame, RIG_MAC(0), RIG_MAC(1), 90);
		assert_true(rig_send(r, 1, frame, 90));
		rig_run(r, RIG_BIT(1));
		client_receive(&c, RIG_MAC(0), RIG_MAC(1), 90);
		assert_int_equal(c.got, i + 1);
		assert_true(client_send(&c, RIG_MAC(1), RIG_MAC(0), 91));
		rig_run(r, RIG_BIT(0));
		assert_int_equal(rig_receive(r, 1, frame), 91);
	}
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_cross_when_the_client_starts_first),
		cmocka_unit_test(frames_cross_when_the_switch_starts_first),
		cmocka_unit_test(a_full_queue_passes),
		cmocka_unit_test(hc24_a_forged_index_costs_one_epoch),
		cmocka_unit_test(
			a_client_that_does_not_fill_loses_its_own_buffers),
		cmocka_unit_test(both_kinds_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
