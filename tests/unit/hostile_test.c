/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a hostile peer can write into the queues and regions it shares with the
 * switch.  The number in a name is a row of the list of past vulnerabilities
 * that this project keeps.  Elsewhere are:
 *
 *	hc02 ... hc13		virtqueues: vq_hostile_test.c, vq_walk_test.c; a
 *				console on them: kvm_console_hostile_test.c
 *	hc20			open files after hostile sessions: with the
 *				attach socket
 *	hc07, hc24, hc25 ...	virtualisers: virt_hostile_test.c; the client's
 *				side: client_hostile_test.c
 *	hc06, hc08, hc12 ...	lengths: hostile_length_test.c
 *	hc11, hc14		links: hostile_link_test.c
 *	hc14 ... hc29		load, control and policy: hostile_load_test.c
 *	hc18, hc26, hc27	differential_, queue_ and matrix_test.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <sched.h>
#include <cmocka.h>

#include "tests/unit/rig.h"

/* --- counting what the switch looks at ---------------------------------- */

static void count(void *arg, unsigned int port, const struct frame *frame,
		  const struct vswitch_verdict *verdict)
{
	(void)port;
	(void)frame;
	(void)verdict;
	++*(uint64_t *)arg;
}

/* Port 1 and 2 hear each other, whatever became of port 0. */
static void assert_others_unharmed(struct rig *r)
{
	uint8_t frame[60];
	uint8_t got[2048];

	rig_frame(frame, RIG_MAC(0x9902), RIG_MAC(0x9901), sizeof(frame));
	assert_true(rig_send(r, 1, frame, sizeof(frame)));
	rig_run(r, RIG_BIT(1));
	assert_int_equal(rig_receive(r, 2, got), sizeof(frame));
	assert_memory_equal(got, frame, sizeof(frame));
	rig_drain(r, 1);
	assert_int_equal(rig_reap(r, 1), 1);
	assert_int_equal(r->stats->port[1].state, PORT_UP);
	assert_int_equal(r->stats->port[2].state, PORT_UP);
}

static void assert_port_works(struct rig *r, unsigned int port)
{
	uint8_t frame[60];

	rig_frame(frame, MAC_BROADCAST, RIG_MAC(100 + port), sizeof(frame));
	assert_true(rig_send(r, port, frame, sizeof(frame)));
	rig_run(r, RIG_BIT(port));
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(rig_drain(r, i), i != port);
	assert_int_equal(rig_reap(r, port), 1);
}

/* --- hc01: what changes while it is looked at --------------------------- */

#define FLIPS 200000u

/* Station 0xa is at port 1, which port 0 may reach; 0xb at port 2. */
#define ALLOWED_MAC RIG_MAC(0xa)
#define DENIED_MAC RIG_MAC(0xb)

struct flipper {
	struct rig *r;
	_Atomic(bool) stop;
	struct frame judged;
	uint64_t deliver;
	uint64_t delivered;
};

/* Rewrites addresses, lengths and offsets of port 0 as fast as it can. */
static void *flip(void *arg)
{
	struct flipper *f = arg;
	struct vswitch_half *h = &f->r->port[0].config.ingress;
	uint32_t x = 1;

	while (!atomic_load_explicit(&f->stop, memory_order_relaxed)) {
		volatile struct net_desc *d;
		volatile uint8_t *frame;

		x = x * 1664525u + 1013904223u;
		d = &h->active->desc[(x >> 28) % h->capacity];
		frame = h->data + (size_t)(x >> 24 & 15) * h->buffer_size;
		frame[5] = x >> 20 & 1 ? 0xa : 0xb;
		/* Sources come and go, group addresses among them. */
		frame[6] = (uint8_t)(x >> 16 & 3);
		frame[11] = (uint8_t)(x >> 8);
		if (x >> 18 & 1)
			d->len = (uint16_t)(x >> 7);
		else
			d->len = (uint16_t)(60 + (x >> 7) % 1000);
		d->io_or_offset = x >> 19 & 1 ? (uint64_t)x << (x & 31)
					      : (x >> 28) * 2048ull;
	}
	return NULL;
}

static void on_judged(void *arg, unsigned int port, const struct frame *frame,
		      const struct vswitch_verdict *verdict)
{
	struct flipper *f = arg;

	(void)port;
	f->deliver = verdict->deliver;
	if (frame)
		f->judged = *frame;
	if (verdict->deliver) {
		assert_non_null(frame);
		assert_int_equal(verdict->deliver, RIG_BIT(1));
		assert_true(mac_load(frame->bytes) == ALLOWED_MAC);
		assert_false(mac_is_group(mac_load(frame->bytes + 6)));
	}
}

/* What was judged is what came, and not an byte beyond its length. */
static void check_judged(struct flipper *f)
{
	uint16_t len;
	uint32_t buffer = rig_take(f->r, 1, &len);
	const uint8_t *got;

	assert_int_equal(buffer != RIG_NO_BUFFER, f->deliver != 0);
	if (buffer == RIG_NO_BUFFER)
		return;
	got = rig_buffer(f->r, 1, buffer);
	assert_int_equal(len, f->judged.len);
	assert_memory_equal(got, f->judged.bytes, f->judged.snap);
	for (unsigned int i = len; i < 2048; i++)
		assert_int_equal(got[i], RIG_POISON);
	rig_lend(f->r, 1, buffer);
	f->delivered++;
}

/* Until some frames passed and some did not: else nothing was tested. */
static void hc01_what_was_judged_is_what_is_delivered(void **state)
{
	struct flipper f = { .r = rig_clients(3) };
	struct fdb *fdb = vswitch_fdb(f.r->sw);
	unsigned int sent = 0;
	uint8_t frame[60];
	pthread_t thread;

	(void)state;
	assert_int_equal(fdb_add_static(fdb, ALLOWED_MAC, 0, 1), 0);
	assert_int_equal(fdb_add_static(fdb, DENIED_MAC, 0, 2), 0);
	rig_deny(f.r, 0, 2);
	rig_frame(frame, ALLOWED_MAC, RIG_MAC(1), sizeof(frame));
	for (unsigned int i = 0; i < 16; i++)
		memcpy(f.r->port[0].config.ingress.data + (size_t)i * 2048,
		       frame, sizeof(frame));
	vswitch_set_tap(f.r->sw, on_judged, &f);
	assert_int_equal(pthread_create(&thread, NULL, flip, &f), 0);
	for (; sent < FLIPS || !f.delivered || f.delivered == sent; sent++) {
		/* What comes back may be anything: start from clean queues
		 * now and then. */
		struct rig_port *p = &f.r->port[0];

		queue_release(&p->tx_free,
			      (unsigned int)queue_pending(&p->tx_free));
		rig_send_raw(f.r, 0, (uint64_t)(sent % 16) * 2048, 60);
		f.deliver = 0;
		rig_run(f.r, RIG_BIT(0));
		check_judged(&f);
		assert_int_equal(rig_drain(f.r, 2), 0);
		assert_in_range(sent, 0, 100 * FLIPS);
		if (sent >= FLIPS)
			sched_yield();
	}
	atomic_store(&f.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(f.r->stats->port[0].in_frames, sent);
	vswitch_set_tap(f.r->sw, NULL, NULL);
	assert_others_unharmed(f.r);
	rig_free(f.r);
}

/* --- hc03, hc04, hc24: forged indices ----------------------------------- */

static void hc03_a_visit_is_bounded(void **state)
{
	const struct rig_options big = { .buffers = 1024 };
	struct rig *r = rig_clients(3);
	uint64_t ring = 0;
	uint64_t seen = 0;
	uint64_t more;

	(void)state;
	rig_add(r, 9, &big);
	vswitch_set_tap(r->sw, count, &seen);
	for (unsigned int i = 0; i < 1024; i++)
		rig_send_raw(r, 9, UINT64_MAX - i, 65535);
	more = vswitch_run(r->sw, RIG_BIT(9), r->now, &ring);
	assert_int_equal(seen, VSWITCH_BUDGET);
	assert_int_equal(more, RIG_BIT(9));
	rig_run(r, more);
	assert_int_equal(seen, 1024);
	assert_int_equal(rig_drops(r, 9, REASON_BAD_BUFFER), 1024);
	vswitch_set_tap(r->sw, NULL, NULL);
	assert_others_unharmed(r);
	rig_free(r);
}

/* Each of the four indices a peer owns, at each place it cannot be. */
enum forged { TX_TAIL, TX_FREE_HEAD, RX_HEAD, RX_FREE_TAIL };

static void forge(struct rig *r, enum forged which, uint16_t value)
{
	struct rig_port *p = &r->port[0];

	switch (which) {
	case TX_TAIL:
		atomic_store(&p->tx_active.shared->tail, value);
		break;
	case TX_FREE_HEAD:
		atomic_store(&p->tx_free.shared->head, value);
		break;
	case RX_HEAD:
		atomic_store(&p->rx_active.shared->head, value);
		break;
	case RX_FREE_TAIL:
		atomic_store(&p->rx_free.shared->tail, value);
		break;
	}
}

/* Frames both ways, so that each index is looked at. */
static void provoke(struct rig *r, enum forged which)
{
	uint8_t frame[60];

	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), sizeof(frame));
	if (which != TX_TAIL)
		rig_send_raw(r, 0, 0, 60);
	assert_true(rig_send(r, 1, frame, sizeof(frame)));
	rig_run(r, RIG_BIT(0) | RIG_BIT(1));
	rig_reap(r, 1);
	rig_drain(r, 1);
	rig_drain(r, 2);
}

static void hc04_impossible_indices_fault_the_port_alone(void **state)
{
	static const uint16_t forged[] = { 60000, 32768, 100, 50000, 1000 };
	struct rig *r = rig_clients(3);
	uint64_t faults = 0;
	uint64_t seen = 0;

	(void)state;
	for (enum forged which = TX_TAIL; which <= RX_FREE_TAIL; which++)
		for (unsigned int i = 0; i < 5; i++) {
			forge(r, which, forged[i]);
			/* The rig's own index would put it right again. */
			if (which == RX_FREE_TAIL || which == TX_TAIL)
				assert_int_equal(r->port[0].n_tx, 16);
			provoke(r, which);
			if (which == RX_HEAD || which == RX_FREE_TAIL)
				provoke(r, TX_TAIL);
			assert_int_equal(r->stats->port[0].state, PORT_FAULT);
			assert_int_equal(r->stats->port[0].faults, ++faults);
			assert_int_equal(vswitch_faulted(r->sw), RIG_BIT(0));

			/* Dead until its epoch changes. */
			vswitch_set_tap(r->sw, count, &seen);
			forge(r, TX_TAIL, 1);
			rig_run(r, RIG_BIT(0));
			assert_int_equal(vswitch_arm(r->sw, RIG_BIT(0)), 0);
			assert_int_equal(seen, 0);
			vswitch_set_tap(r->sw, NULL, NULL);
			assert_others_unharmed(r);
			assert_int_equal(r->stats->port[0].faults, faults);

			rig_down_up(r, 0);
			assert_int_equal(r->stats->port[0].state, PORT_UP);
			assert_int_equal(vswitch_faulted(r->sw), 0);
			assert_port_works(r, 0);
			assert_others_unharmed(r);
			rig_drain(r, 0);
		}
	rig_free(r);
}

/* Every value a tail can have: as many frames as it says, or a fault. */
static void hc24_every_tail_is_believed_or_refused(void **state)
{
	const struct rig_options two = { .buffers = 2 };
	struct rig *r = rig_new(NULL);
	uint64_t seen = 0;

	(void)state;
	rig_add(r, 0, &two);
	vswitch_set_tap(r->sw, count, &seen);
	for (uint32_t tail = 0; tail < 65536; tail++) {
		seen = 0;
		forge(r, TX_TAIL, (uint16_t)tail);
		rig_run(r, RIG_BIT(0));
		assert_int_equal(seen, tail <= 2 ? tail : 0);
		assert_int_equal(r->stats->port[0].state,
				 tail <= 2 ? PORT_UP : PORT_FAULT);
		rig_down_up(r, 0);
	}
	rig_free(r);
}

/* --- hc05, hc07, hc25: bad descriptors ------------------------------ */

static void hc05_bad_descriptors_are_consumed(void **state)
{
	struct rig *r = rig_clients(3);
	uint64_t offset = 0;

	(void)state;
	for (unsigned int round = 0; round < 50; round++) {
		for (unsigned int i = 0; i < 16; i++) {
			offset = offset * 6364136223846793005ull + 1442695ull;
			rig_send_raw(r, 0, offset | 1, (uint16_t)offset);
		}
		rig_run(r, RIG_BIT(0));
		assert_int_equal(queue_room(&r->port[0].tx_active), 16);
		assert_int_equal(r->port[0].tx_free.head, 0);
	}
	assert_int_equal(rig_drops(r, 0, REASON_BAD_BUFFER), 800);
	assert_int_equal(r->stats->port[0].in_bytes, 0);
	assert_int_equal(r->stats->port[0].state, PORT_UP);
	assert_port_works(r, 0);
	assert_others_unharmed(r);
	rig_free(r);
}

/* Receive buffers that are not: counted, nothing written, frames go on. */
static void hc25_wild_receive_buffers(void **state)
{
	static const uint64_t wild[] = { 1,	     2047,
					 2048 * 16,  2048 * 17,
					 UINT64_MAX, UINT64_MAX - 2047,
					 1ull << 63, 2048ull << 32 };
	const unsigned int n = sizeof(wild) / sizeof(wild[0]);
	struct rig *r = rig_clients(3);
	struct rig_port *p = &r->port[2];
	uint8_t frame[60];
	unsigned int sent = 0;
	unsigned int got = 0;
	uint16_t len;

	(void)state;
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), sizeof(frame));
	/* Use up the honest ones, then lend the wild ones. */
	for (; sent < 16; sent++) {
		assert_true(rig_send(r, 0, frame, sizeof(frame)));
		rig_run(r, RIG_BIT(0));
		rig_drain(r, 1);
		assert_int_not_equal(rig_take(r, 2, &len), RIG_NO_BUFFER);
		got++;
	}
	for (unsigned int i = 0; i < n; i++)
		queue_put(&p->rx_free, wild[i], 0);
	queue_publish(&p->rx_free);
	for (unsigned int i = 0; i < 4; i++)
		rig_lend(r, 2, i);
	for (; sent < 64; sent++) {
		assert_true(rig_send(r, 0, frame, sizeof(frame)));
		rig_run(r, RIG_BIT(0));
		assert_int_equal(rig_drain(r, 1), 1);
		if (rig_take(r, 2, &len) != RIG_NO_BUFFER)
			got++;
	}
	assert_int_equal(got, 20);
	assert_int_equal(rig_drops(r, 2, REASON_BAD_FREE), n);
	assert_int_equal(r->stats->port[2].out_frames, got);
	assert_int_equal(r->stats->port[2].state, PORT_UP);
	rig_free(r);
}

/* One frame looks at a few of them, not at all there are. */
static void hc03_wild_receive_buffers_cost_a_few_looks(void **state)
{
	const struct rig_options big = { .buffers = 4096,
					 .buffer_size = 128,
					 .max_frame = 100 };
	struct rig *r = rig_clients(1);
	struct rig_port *p = &r->port[9];
	uint8_t frame[60];
	uint16_t len;

	(void)state;
	rig_add(r, 9, &big);
	rig_allow(r, 0, 9);
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), sizeof(frame));
	for (unsigned int i = 0; i < 4096; i++) {
		assert_true(rig_send(r, 0, frame, sizeof(frame)));
		rig_run(r, RIG_BIT(0));
		assert_int_not_equal(rig_take(r, 9, &len), RIG_NO_BUFFER);
	}
	for (unsigned int i = 0; i < 4096; i++)
		queue_put(&p->rx_free, 3, 0);
	queue_publish(&p->rx_free);
	assert_true(rig_send(r, 0, frame, sizeof(frame)));
	rig_run(r, RIG_BIT(0));
	assert_in_range(rig_drops(r, 9, REASON_BAD_FREE), 1, 16);
	assert_int_equal(rig_drops(r, 9, REASON_NO_BUFFER), 1);
	rig_free(r);
}

/* sDDF's owner id is not looked at, whatever it says. */
static void hc25_owner_ids_mean_nothing(void **state)
{
	struct rig *r = rig_clients(2);
	struct vswitch_half *in = &r->port[0].config.ingress;
	struct vswitch_half *out = &r->port[1].config.egress;
	uint8_t frame[60];

	(void)state;
	for (unsigned int i = 0; i < 256; i++) {
		rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), sizeof(frame));
		assert_true(rig_send(r, 0, frame, sizeof(frame)));
		for (unsigned int k = 0; k < 16; k++) {
			in->active->desc[k].oid = (uint8_t)i;
			out->free->desc[k].oid = (uint8_t)i;
		}
		memset(in->active->desc[i % 16].pad, (int)i, 5);
		rig_run(r, RIG_BIT(0));
		assert_int_equal(rig_receive(r, 1, NULL), 60);
		assert_int_equal(rig_reap(r, 0), 1);
	}
	assert_int_equal(rig_all_drops(r), 0);
	rig_free(r);
}

/* A buffer lent twice is filled twice: its owner's loss and nobody else's. */
static void hc07_buffers_lent_twice(void **state)
{
	struct rig *r = rig_clients(3);
	uint8_t frame[60];
	uint16_t len;

	(void)state;
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), sizeof(frame));
	for (unsigned int i = 0; i < 16; i++) {
		assert_true(rig_send(r, 0, frame, sizeof(frame)));
		rig_run(r, RIG_BIT(0));
		rig_drain(r, 1);
		assert_int_not_equal(rig_take(r, 2, &len), RIG_NO_BUFFER);
	}
	for (unsigned int i = 0; i < 16; i++)
		rig_lend(r, 2, 3);
	for (unsigned int i = 0; i < 20; i++) {
		assert_true(rig_send(r, 0, frame, sizeof(frame)));
		rig_run(r, RIG_BIT(0));
		assert_int_equal(rig_drain(r, 1), 1);
	}
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(rig_take(r, 2, &len), 3);
	assert_int_equal(rig_take(r, 2, &len), RIG_NO_BUFFER);
	assert_int_equal(rig_drops(r, 2, REASON_NO_BUFFER), 4);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc01_what_was_judged_is_what_is_delivered),
		cmocka_unit_test(hc03_a_visit_is_bounded),
		cmocka_unit_test(hc04_impossible_indices_fault_the_port_alone),
		cmocka_unit_test(hc24_every_tail_is_believed_or_refused),
		cmocka_unit_test(hc05_bad_descriptors_are_consumed),
		cmocka_unit_test(hc25_wild_receive_buffers),
		cmocka_unit_test(hc03_wild_receive_buffers_cost_a_few_looks),
		cmocka_unit_test(hc25_owner_ids_mean_nothing),
		cmocka_unit_test(hc07_buffers_lent_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
