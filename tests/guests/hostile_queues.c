/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hostile guest and its queues: what it says of buffers, and frames that
 * look like somebody else's.
 */
#include <stdbool.h>

#include "tests/guests/hostile.h"

/* For local experiments; nobody else sends it. */
#define ETHERTYPE 0x88b5u

/* --- forged frames ------------------------------------------------------ */

/* To and from everybody: the ports' addresses end in 0a to 0d. */
static void forge(struct guest *g, volatile uint8_t *frame)
{
	uint64_t dice = any(g);
	bool broadcast = dice & 1;
	bool unknown = dice & 2;

	for (unsigned int i = 0; i < 6; i++) {
		frame[i] = broadcast ? 0xff : 0;
		frame[6 + i] = 0;
	}
	if (!broadcast) {
		frame[0] = 2;
		frame[5] = (uint8_t)(0x0a + (dice >> 8) % 4);
	}
	/* A source nobody has seen yet, or a neighbour's. */
	frame[6] = 2;
	if (unknown)
		for (unsigned int i = 7; i < 12; i++)
			frame[i] = (uint8_t)(dice >> (8 * (i - 5)));
	else
		frame[11] = (uint8_t)(0x0a + (dice >> 16) % 4);
	frame[12] = ETHERTYPE >> 8;
	frame[13] = ETHERTYPE & 0xff;
}

/* --- descriptors -------------------------------------------------------- */

/**
 * struct lies - what is told of buffers
 * @out:  queue they are returned by
 * @in:   queue they come by
 * @last: a buffer that was returned
 */
struct lies {
	struct queue_producer out;
	struct queue_consumer in;
	uint64_t last;
};

/* Other offsets than those that were lent, and lengths that cannot be. */
static void put_lie(struct guest *g, struct lies *l)
{
	uint64_t dice = any(g);
	uint64_t buffer = dice % g->capacity * g->buffer_size;
	uint16_t len = (uint16_t)(dice >> 32);

	switch (dice >> 16 & 7) {
	case 0: /* anywhere */
		queue_put(&l->out, any(g), len);
		return;
	case 1: /* between two buffers */
		queue_put(&l->out, buffer + 1 + dice % 64, 64);
		return;
	case 2: /* just behind the last one */
		queue_put(&l->out, (uint64_t)g->capacity * g->buffer_size, 64);
		return;
	case 3: /* the sum wraps */
		queue_put(&l->out, UINT64_MAX - len, len);
		return;
	case 4: /* twice */
		queue_put(&l->out, l->last, 64);
		return;
	default: /* one that may be lent or not */
		queue_put(&l->out, buffer, len);
	}
}

/* One that was lent, filled as a driver would; every eighth badly. */
static void put_lent(struct guest *g, struct lies *l, bool frames)
{
	struct net_desc d = queue_peek(&l->in, 0);
	uint64_t dice = any(g) % 16;
	uint16_t len = dice == 0 ? 0 : dice == 1 ? UINT16_MAX : 64;

	queue_release(&l->in, 1);
	l->last = d.io_or_offset;
	if (frames && d.io_or_offset < g->receive.size - g->buffer_size)
		forge(g, g->receive.at + d.io_or_offset);
	queue_put(&l->out, d.io_or_offset, len);
}

static void tell_lies(struct guest *g, struct lies *l, bool frames)
{
	int room = queue_room(&l->out);
	int lent = queue_pending(&l->in);
	int todo = room < (int)BATCH ? room : (int)BATCH;

	for (int i = 0; i < todo; i++) {
		if (i % 2 == 0 && lent-- > 0)
			put_lent(g, l, frames);
		else
			put_lie(g, l);
	}
	if (todo > 0)
		queue_publish(&l->out);
}

void descriptors(struct guest *g)
{
	struct lies rx = { 0 }, tx = { 0 };

	queue_producer_init(&rx.out, g->queue[RX_ACTIVE], g->capacity);
	queue_consumer_init(&rx.in, g->queue[RX_FREE], g->capacity);
	queue_producer_init(&tx.out, g->queue[TX_FREE], g->capacity);
	queue_consumer_init(&tx.in, g->queue[TX_ACTIVE], g->capacity);
	for (;;) {
		tell_lies(g, &rx, true);
		tell_lies(g, &tx, false);
		ring(g);
	}
}

/* --- indices ------------------------------------------------------------ */

/* Further ahead than the queue is long; each life another index. */
void indices(struct guest *g)
{
	uint16_t beyond = (uint16_t)(g->capacity + 1);
	struct net_queue *q;

	switch (g->life % 4) {
	case 0:
		atomic_store(&g->queue[RX_ACTIVE]->tail, 60000);
		break;
	case 1:
		atomic_store(&g->queue[RX_ACTIVE]->tail, beyond);
		break;
	case 2:
		/* More taken than there was. */
		q = g->queue[RX_FREE];
		atomic_store(&q->head, (uint16_t)(atomic_load(&q->tail) + 1));
		/* It is looked at when there is something to lend. */
		atomic_store(&g->queue[TX_FREE]->tail, UINT16_MAX);
		break;
	default:
		atomic_store(&g->queue[TX_FREE]->tail, beyond);
		break;
	}
	ring(g);
	do_nothing();
}
