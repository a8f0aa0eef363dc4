/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM that has been taken over: /init of a guest that does its worst.
 *
 * What it does is the word after "hostile=" on the guest's command line, one of
 * the modes at the end of this file. It reports ready as a driver does, waits
 * until the connection is up and then begins, having said
 *
 *	hostile: MODE, life N
 *
 * N counts the connection's lives, from 0; where there are several ways to do
 * harm that end the guest, each life takes the next.
 *
 * Nothing here is random that a second run would not repeat.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver_vm/abi.h"
#include "driver_vm/boot.h"
#include "driver_vm/say.h"
#include "driver_vm/uio.h"
#include "vswitch/link.h"
#include "vswitch/queue.h"

#define BATCH 64u
#define PAGE 4096u
/* For local experiments; nobody else sends it. */
#define ETHERTYPE 0x88b5u

/* Maps of the device of queues, see abi.h. */
enum { RX_ACTIVE, RX_FREE, TX_ACTIVE, TX_FREE, QUEUES };

/**
 * struct region - memory as a target
 * @at:   where
 * @size: octets
 */
struct region {
	volatile uint8_t *at;
	size_t size;
};

/**
 * struct guest - everything within reach
 * @queues, @data, @control, @doorbell: devices
 * @queue:    by map
 * @queue_size: octets of one
 * @receive, @transmit: data regions; the second is not ours to write
 * @link:     not ours to write either
 * @status:   the status page
 * @bells:    doorbells
 * @capacity, @buffer_size: of the queues
 * @life:     of the connection, from 0
 * @random:   state of the generator
 */
struct guest {
	struct uio_device queues;
	struct uio_device data;
	struct uio_device control;
	struct uio_device doorbell;
	struct net_queue *queue[QUEUES];
	size_t queue_size;
	struct region receive;
	struct region transmit;
	volatile struct link_page *link;
	struct driver_status *status;
	volatile uint8_t *bells;
	uint32_t capacity;
	uint32_t buffer_size;
	uint32_t life;
	uint64_t random;
};

/* --- becoming a driver ---------------------------------------------------- */

static void *map(struct uio_device *d, unsigned int index)
{
	return uio_map(d, index, 1, true);
}

static bool find_devices(struct guest *g)
{
	static const struct uio_where where = { "/sys", "/dev" };

	return uio_open(&g->queues, &where, DRIVER_UIO_QUEUES) == 0 &&
	       uio_open(&g->data, &where, DRIVER_UIO_DATA) == 0 &&
	       uio_open(&g->control, &where, DRIVER_UIO_CONTROL) == 0 &&
	       uio_open(&g->doorbell, &where, DRIVER_UIO_DOORBELL) == 0 &&
	       uio_property(&g->queues, DRIVER_PROP_CAPACITY, &g->capacity) ==
		       0 &&
	       uio_property(&g->queues, DRIVER_PROP_BUFFER_SIZE,
			    &g->buffer_size) == 0;
}

/* All of it writable, as far as this kernel is concerned. */
static bool map_devices(struct guest *g)
{
	bool ok = true;

	for (unsigned int i = 0; i < QUEUES; i++) {
		g->queue[i] = map(&g->queues, i);
		ok &= g->queue[i] != NULL;
	}
	g->queue_size = g->queues.map[0].size;
	g->receive = (struct region){ map(&g->data, 0), g->data.map[0].size };
	g->transmit = (struct region){ map(&g->data, 1), g->data.map[1].size };
	g->link = map(&g->control, 0);
	g->status = map(&g->control, 1);
	g->bells = map(&g->doorbell, 0);
	return ok && g->receive.at != NULL && g->transmit.at != NULL &&
	       g->link != NULL && g->status != NULL && g->bells != NULL;
}

static void ring(struct guest *g)
{
	uio_ring(g->bells, DRIVER_DOORBELL_QUEUES);
}

static void claim_ready(struct guest *g)
{
	static const uint8_t mac[] = { 2, 0, 0, 0, 0x0b, 0xad };

	for (size_t i = 0; i < sizeof(mac); i++)
		g->status->mac[i] = mac[i];
	g->status->mtu = 1500;
	atomic_store(&g->status->carrier, 1);
	atomic_store(&g->status->state, DRIVER_READY);
	uio_ring(g->bells, DRIVER_DOORBELL_STATUS);
}

static uint32_t epoch(const struct guest *g)
{
	return atomic_load((_Atomic(uint32_t) *)&g->link->epoch);
}

static void wait_for_link(struct guest *g)
{
	while (!link_is_up(epoch(g)))
		usleep(1000);
	g->life = epoch(g) / 2;
}

static _Noreturn void do_nothing(void)
{
	for (;;)
		pause();
}

/* --- stores --------------------------------------------------------------- */

/* xorshift64 */
static uint64_t any(struct guest *g)
{
	uint64_t x = g->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return g->random = x;
}

static void store(volatile uint8_t *at, unsigned int width, uint64_t value)
{
	switch (width) {
	case 1:
		*at = (uint8_t)value;
		return;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)value;
		return;
	case 4:
		*(volatile uint32_t *)at = (uint32_t)value;
		return;
	default:
		*(volatile uint64_t *)at = value;
	}
}

static uint64_t load(const volatile uint8_t *at, unsigned int width)
{
	switch (width) {
	case 1:
		return *at;
	case 2:
		return *(const volatile uint16_t *)at;
	case 4:
		return *(const volatile uint32_t *)at;
	default:
		return *(const volatile uint64_t *)at;
	}
}

/* Anything, somewhere in a region, in any width. */
static void store_anything(struct guest *g, struct region r)
{
	unsigned int width = 1u << (any(g) % 4);
	size_t at = any(g) % (r.size / width) * width;

	store(r.at + at, width, any(g));
}

/* Two registers at once: a hypervisor is not told what was stored. */
static void store_pair(volatile uint8_t *at)
{
	__asm__ volatile("stp xzr, xzr, [%0]" : : "r"(at) : "memory");
}

/* --- forged frames -------------------------------------------------------- */

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

/* --- descriptors ---------------------------------------------------------- */

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

static void descriptors(struct guest *g)
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

/* --- indices -------------------------------------------------------------- */

/* Further ahead than the queue is long; each life another index. */
static void indices(struct guest *g)
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

/* --- memory --------------------------------------------------------------- */

static void scribble(struct guest *g)
{
	for (uint64_t n = 0;; n++) {
		struct region r = { (volatile uint8_t *)g->queue[n % QUEUES],
				    g->queue_size };

		store_anything(g, r);
		store_anything(g, g->receive);
		r = (struct region){ (volatile uint8_t *)g->status, PAGE };
		store_anything(g, r);
		if (n % BATCH == 0)
			ring(g);
	}
}

/* Is what was stored there afterwards? */
static void try_to_change(struct guest *g, struct region r, const char *what)
{
	unsigned int width = 1u << (any(g) % 4);
	volatile uint8_t *at = r.at + any(g) % (r.size / width) * width;
	uint64_t before = load(at, width);

	store(at, width, ~before);
	if (load(at, width) != before)
		say("hostile: the %s has changed", what);
}

static void readonly(struct guest *g)
{
	struct region page = { (volatile uint8_t *)g->link, PAGE };

	for (;;) {
		try_to_change(g, page, "link page");
		try_to_change(g, g->transmit, "transmit region");
	}
}

static void pairs(struct guest *g)
{
	store_pair(g->life % 2 ? g->transmit.at : g->bells);
	say("hostile: a pair was stored");
	do_nothing();
}

/* --- doorbells ------------------------------------------------------------ */

static void doorbells(struct guest *g)
{
	for (;;) {
		uio_ring(g->bells, DRIVER_DOORBELL_QUEUES);
		uio_ring(g->bells, DRIVER_DOORBELL_STATUS);
	}
}

/* Every offset of their page, in every width, to and fro. */
static void wild(struct guest *g)
{
	for (;;)
		for (unsigned int width = 1; width <= 8; width *= 2)
			for (size_t at = 0; at < PAGE; at += width) {
				store(g->bells + at, width, any(g));
				if (load(g->bells + at, width) != 0)
					say("hostile: a doorbell was read");
			}
}

/* --- the other ends ------------------------------------------------------- */

static void fall(struct guest *g)
{
	volatile uint8_t *volatile nowhere = NULL;

	(void)g;
	*nowhere = 0;
}

static void stand_still(struct guest *g)
{
	(void)g;
	do_nothing();
}

/* The first process ends, and its kernel with it. */
static void leave(struct guest *g)
{
	(void)g;
}

static const struct {
	const char *name;
	void (*act)(struct guest *g);
} modes[] = {
	{ "exit", leave },
	{ "panic", fall },
	{ "tail", indices },
	{ "scribble", scribble },
	{ "descriptors", descriptors },
	{ "doorbells", doorbells },
	{ "readonly", readonly },
	{ "pairs", pairs },
	{ "wild", wild },
	{ "lies", stand_still }, /* ready, and forwards nothing */
};

int main(void)
{
	static struct guest g = { .random = 0x9e3779b97f4a7c15 };
	const char *mode = boot() == 0 ? getenv("hostile") : NULL;

	if (mode == NULL || !find_devices(&g) || !map_devices(&g)) {
		say("hostile: there is nothing to do: mode %s",
		    mode != NULL ? mode : "is missing");
		return EXIT_FAILURE;
	}
	if (strcmp(mode, "never") == 0) {
		say("hostile: never");
		do_nothing();
	}
	claim_ready(&g);
	wait_for_link(&g);
	g.random += g.life;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(mode, modes[i].name) == 0) {
			say("hostile: %s, life %u", mode, g.life);
			modes[i].act(&g);
		}
	return EXIT_FAILURE;
}
