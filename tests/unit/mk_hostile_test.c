/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PD that writes anything into the memory it shares with a switch PD, against
 * the switch and the monitor on the host's Microkit.  The other ports go on, and
 * lose no frame.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/unit/mk_rig.h"

#define ROUNDS 1500u
#define SECOND 1000000000ull
/* The hostile peer's port; the others are honest. */
#define HOSTILE 0u

/* xorshift64* */
static uint64_t number(uint64_t below)
{
	static uint64_t state = 0x5765697220766d31ull;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dull % below;
}

/* Scribble over one queue: indices, flag, descriptors. */
static void scribble(struct net_queue *q)
{
	struct net_desc *d = &q->desc[number(MK_RIG_CAPACITY)];

	switch (number(6)) {
	case 0:
		atomic_store(&q->tail, (uint16_t)number(65536));
		break;
	case 1:
		atomic_store(&q->head, (uint16_t)number(65536));
		break;
	case 2:
		atomic_fetch_add(&q->tail, (uint16_t)number(5));
		break;
	case 3:
		d->io_or_offset = number(UINT64_MAX) >> number(64);
		d->info = number(UINT64_MAX);
		break;
	case 4:
		d->io_or_offset = number(MK_RIG_CAPACITY) * MK_RIG_BUFFER;
		d->info = number(1600);
		break;
	default:
		atomic_store(&q->consumer_signalled, (uint32_t)number(2));
	}
}

static void attack(struct mk_rig *r)
{
	const struct mk_rig_port *p = &r->port[HOSTILE];
	uint8_t *data = kernel_memory(r->k, p->data[0]);

	for (unsigned int i = 0; i < 4; i++)
		scribble(kernel_memory(r->k, p->queue[number(4)]));
	for (unsigned int i = 0; i < 64; i++)
		data[number(4096)] = (uint8_t)number(256);
	kernel_notify(r->k, p->pd, MK_RIG_PEER_CH);
}

/* Take all a port got; how many of these are another honest one's. */
static unsigned int received_from(struct mk_rig *r, unsigned int to,
				  unsigned int from)
{
	const uint8_t source[] = { 2, 0, 0, 0, 0, (uint8_t)(1 + from) };
	struct net_client *c = r->port[to].client;
	struct net_buffer b[MK_RIG_CAPACITY];
	unsigned int n = net_rx_burst(c, b, MK_RIG_CAPACITY), count = 0;

	for (unsigned int i = 0; i < n; i++)
		count += memcmp(b[i].data + 6, source, sizeof(source)) == 0;
	net_rx_release(c, b, n);
	net_client_arm(c, true, false);
	return count;
}

static void honest(struct mk_rig *r, unsigned int round)
{
	unsigned int from = 1 + round % 2, to = 3 - from;

	received_from(r, to, from);
	mk_rig_send(r, from);
	assert_int_equal(received_from(r, to, from), 1);
}

static void hc24_a_peer_writes_anything(void **state)
{
	struct mk_rig *r = mk_rig_new(false);
	uint64_t w[MK_WORDS] = { HOSTILE };

	(void)state;
	mk_rig_start(r);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		attack(r);
		honest(r, round);
		/* Any pause ends, so that it is served again. */
		kernel_pass(r->k, 121 * SECOND);
		kernel_notify(r->k, r->sw, 60);
	}
	for (unsigned int p = 1; p < MK_RIG_PORTS; p++) {
		assert_int_equal(mk_rig_epoch(r, p), 1);
		assert_int_equal(kernel_restarts(r->k, r->port[p].pd), 0);
		assert_int_equal(r->stats->port[p].faults, 0);
	}
	assert_int_equal(kernel_restarts(r->k, r->sw), 0);
	mk_rig_ask(r, MK_ASK_LINK, 1, w);
	assert_in_range(w[1], 10, ROUNDS);
	assert_int_equal(w[1], kernel_restarts(r->k, r->port[HOSTILE].pd));
	/* In the end it behaves, and is a port like any other. */
	mk_rig_forge(r, HOSTILE);
	assert_true(kernel_run(r->k));
	mk_rig_received(r, HOSTILE);
	mk_rig_received(r, 1);
	mk_rig_send(r, HOSTILE);
	assert_int_equal(mk_rig_received(r, 1), 1);
	mk_rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc24_a_peer_writes_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
