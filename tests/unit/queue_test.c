/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared-memory queue: its layout, its arithmetic for every pair of
 * indices, and its signalling.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/queue.h"

#define CAPACITY 8u

struct fixture {
	struct net_queue *q;
	struct queue_producer p;
	struct queue_consumer c;
};

static void start(struct fixture *f, uint32_t capacity)
{
	f->q = calloc(1, queue_region_size(capacity));
	assert_non_null(f->q);
	queue_producer_init(&f->p, f->q, capacity);
	queue_consumer_init(&f->c, f->q, capacity);
}

/* --- layout: sDDF 0.7, measured ----------------------------------------- */

static void region_sizes_are_sddfs(void **state)
{
	(void)state;
	assert_int_equal(queue_region_size(512), 0x3000);
	assert_int_equal(queue_region_size(1024), 0x5000);
	/* 8 + 16 * 255 would just fit a page; 256 slots need a second one. */
	assert_int_equal(queue_region_size(128), 0x1000);
	assert_int_equal(queue_region_size(256), 0x2000);
	assert_int_equal(queue_region_size(QUEUE_MAX_CAPACITY), 0x81000);
}

/* The bytes in memory, written here as numbers and not by the header. */
static void bytes_in_memory_are_sddfs(void **state)
{
	struct fixture f;
	const uint8_t *raw;

	(void)state;
	start(&f, CAPACITY);
	raw = (const uint8_t *)f.q;
	memset(f.q->desc, 0xee, sizeof(struct net_desc) * 2);
	queue_put(&f.p, 0x1122334455667788ull, 0x99aa);
	assert_int_equal(raw[0], 0); /* not published yet */
	queue_publish(&f.p);

	assert_memory_equal(raw, "\x01\x00\x00\x00\x00\x00\x00\x00", 8);
	assert_memory_equal(raw + 8, "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
	assert_memory_equal(raw + 16, "\xaa\x99\x00\x00\x00\x00\x00\x00", 8);
	assert_int_equal(raw[24], 0xee); /* nothing beyond the slot */

	queue_release(&f.c, 1);
	assert_memory_equal(raw, "\x01\x00\x01\x00", 4);
	assert_true(queue_must_notify(&f.p));
	assert_memory_equal(raw + 4, "\x01\x00\x00\x00", 4);
	free(f.q);
}

/* In what sDDF calls padding; read only by whoever asks for it. */
static void offload_data_lie_behind_the_owner(void **state)
{
	const struct offload o = { .flags = 0x0b, .segment = 0x05a8 };
	struct fixture f;
	struct net_desc d;
	const uint8_t *raw;

	(void)state;
	start(&f, CAPACITY);
	raw = (const uint8_t *)f.q;
	memset(f.q->desc, 0xee, sizeof(struct net_desc) * 2);
	queue_put_offload(&f.p, 0x1122334455667788ull, 0x99aa, o);
	queue_publish(&f.p);

	assert_memory_equal(raw + 8, "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
	assert_memory_equal(raw + 16, "\xaa\x99\x00\x0b\xa8\x05\x00\x00", 8);
	assert_int_equal(raw[24], 0xee);

	d = queue_peek_offload(&f.c, 0);
	assert_int_equal(d.io_or_offset, 0x1122334455667788ull);
	assert_int_equal(d.len, 0x99aa);
	assert_int_equal(queue_offload(&d).flags, 0x0b);
	assert_int_equal(queue_offload(&d).segment, 0x05a8);
	d = queue_peek(&f.c, 0);
	assert_int_equal(d.len, 0x99aa);
	assert_false(offload_any(queue_offload(&d)));
	free(f.q);
}

static void capacity_is_a_power_of_two_within_limits(void **state)
{
	(void)state;
	for (uint32_t n = 0; n <= 70000; n++) {
		bool power = n && !(n & (n - 1));

		assert_int_equal(queue_capacity_ok(n),
				 power && n >= 2 && n <= 32768);
	}
	assert_false(queue_capacity_ok(0x80000000u));
}

/* --- indices ------------------------------------------------------------ */

/* What both sides must say of a pair, worked out with wide integers. */
static void check_pair(struct fixture *f, uint32_t capacity, uint32_t head,
		       uint32_t tail)
{
	uint32_t used = tail >= head ? tail - head : tail + 65536 - head;
	int pending = used > capacity ? QUEUE_FAULT : (int)used;
	int room = used > capacity ? QUEUE_FAULT : (int)(capacity - used);

	/* The peer's index is in shared memory, ours is private; what lies in
	 * shared memory at our own place is nonsense, to be ignored. */
	f->p.tail = (uint16_t)tail;
	f->c.head = (uint16_t)head;
	atomic_store_explicit(&f->q->head, (uint16_t)head,
			      memory_order_relaxed);
	atomic_store_explicit(&f->q->tail, (uint16_t)~tail,
			      memory_order_relaxed);
	if (queue_room(&f->p) != room)
		fail_msg("room: capacity %u head %u tail %u", capacity, head,
			 tail);
	atomic_store_explicit(&f->q->tail, (uint16_t)tail,
			      memory_order_relaxed);
	atomic_store_explicit(&f->q->head, (uint16_t)~head,
			      memory_order_relaxed);
	if (queue_pending(&f->c) != pending)
		fail_msg("pending: capacity %u head %u tail %u", capacity, head,
			 tail);
}

/*
 * All 2^32 pairs take a while under a sanitiser, so: every difference at bases
 * spread over the range, and every base at the differences where something
 * changes.  WEIR_TEST_LONG=1 does them all.
 */
static void hc26_exact_for_every_pair_of_indices(void **state)
{
	static const uint32_t capacities[] = { 2, 512, 32768 };
	uint32_t step = getenv("WEIR_TEST_LONG") ? 1 : 127;
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		uint32_t cap = capacities[i];
		const uint32_t edges[] = { 0,	    1,	   cap - 1, cap,
					   cap + 1, 32767, 32768,   32769,
					   65534,   65535 };

		start(&f, cap);
		for (uint32_t base = 0; base < 65536; base += step)
			for (uint32_t d = 0; d < 65536; d++)
				check_pair(&f, cap, base, (base + d) & 0xffff);
		for (uint32_t base = 0; base < 65536; base++)
			for (unsigned int e = 0; e < 10; e++)
				check_pair(&f, cap, base,
					   (base + edges[e]) & 0xffff);
		free(f.q);
	}
}

/* The case that was measured elsewhere: head 65500, the queue full. */
static void hc26_full_is_full_after_the_wrap(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, 512);
	f.p.tail = 65500;
	f.c.head = 65500;
	atomic_store(&f.q->head, 65500);
	atomic_store(&f.q->tail, 65500);
	assert_int_equal(queue_room(&f.p), 512);
	for (unsigned int i = 0; i < 512; i++)
		queue_put(&f.p, i, (uint16_t)i);
	assert_int_equal(queue_room(&f.p), 0);
	queue_publish(&f.p);
	assert_int_equal(atomic_load(&f.q->tail), (65500 + 512) & 0xffff);
	assert_int_equal(queue_pending(&f.c), 512);
	for (unsigned int i = 0; i < 512; i++)
		assert_int_equal(queue_peek(&f.c, i).io_or_offset, i);
	queue_release(&f.c, 512);
	assert_int_equal(queue_room(&f.p), 512);
	free(f.q);
}

static void order_and_content_hold_through_the_wrap(void **state)
{
	struct fixture f;
	uint64_t sent = 0;
	uint64_t got = 0;

	(void)state;
	start(&f, CAPACITY);
	while (got < 200000) {
		unsigned int n = (unsigned int)(sent * 7 % CAPACITY) + 1;
		int pending;

		for (; n > 0 && queue_room(&f.p) > 0; n--, sent++)
			queue_put(&f.p, sent, (uint16_t)sent);
		queue_publish(&f.p);
		pending = queue_pending(&f.c);
		assert_int_equal(pending, sent - got);
		pending -= pending > 2 ? (int)(got % 3) : 0;
		for (int i = 0; i < pending; i++, got++) {
			struct net_desc d = queue_peek(&f.c, (unsigned int)i);

			assert_int_equal(d.io_or_offset, got);
			assert_int_equal(d.len, got & 0xffff);
		}
		queue_release(&f.c, (unsigned int)pending);
	}
	free(f.q);
}

/* A copy is a copy: what the peer writes later changes nothing. */
static void hc01_a_descriptor_is_copied_out(void **state)
{
	struct fixture f;
	struct net_desc d;

	(void)state;
	start(&f, CAPACITY);
	queue_put(&f.p, 0x800, 100);
	queue_publish(&f.p);
	d = queue_peek(&f.c, 0);
	f.q->desc[0].len = 65535;
	f.q->desc[0].io_or_offset = UINT64_MAX;
	assert_int_equal(d.len, 100);
	assert_int_equal(d.io_or_offset, 0x800);
	free(f.q);
}

/* --- signalling --------------------------------------------------------- */

static void one_notification_per_sleep(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, CAPACITY);
	/* Zeroed memory is a consumer that sleeps. */
	queue_put(&f.p, 0, 0);
	queue_publish(&f.p);
	assert_true(queue_must_notify(&f.p));
	queue_put(&f.p, 1, 0);
	queue_publish(&f.p);
	assert_false(queue_must_notify(&f.p));
	queue_release(&f.c, 2);

	assert_int_equal(queue_arm(&f.c), 0);
	assert_true(queue_must_notify(&f.p));
	assert_false(queue_must_notify(&f.p));

	assert_int_equal(queue_arm(&f.c), 0);
	queue_disarm(&f.c);
	assert_false(queue_must_notify(&f.p));
	free(f.q);
}

static void arming_looks_again(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, CAPACITY);
	queue_disarm(&f.c);
	queue_put(&f.p, 0, 0);
	queue_publish(&f.p);
	assert_false(queue_must_notify(&f.p));
	assert_int_equal(queue_arm(&f.c), 1);
	atomic_store(&f.q->tail, 60000);
	assert_int_equal(queue_arm(&f.c), QUEUE_FAULT);
	free(f.q);
}

/* --- two processors ----------------------------------------------------- */

#define ITEMS 300000u

struct pair {
	struct fixture f;
	sem_t filled;
	sem_t emptied;
	uint64_t notified;
	uint64_t armed;
};

static void *produce(void *arg)
{
	struct pair *p = arg;

	for (uint32_t i = 0; i < ITEMS;) {
		int room = queue_room(&p->f.p);

		if (room == 0) {
			sem_wait(&p->emptied);
			continue;
		}
		/* Batches of one keep both sides on the edge of sleep. */
		room = i % 5 ? 1 : room;
		for (; room > 0 && i < ITEMS; room--, i++)
			queue_put(&p->f.p, i, (uint16_t)i);
		queue_publish(&p->f.p);
		if (queue_must_notify(&p->f.p)) {
			p->notified++;
			sem_post(&p->filled);
		}
	}
	return NULL;
}

/* Ends only if no wake-up is lost; the alarm says so otherwise. */
static void no_wakeup_is_lost_between_two_threads(void **state)
{
	struct pair p = { .armed = 0 };
	pthread_t thread;
	uint32_t got = 0;

	(void)state;
	start(&p.f, CAPACITY);
	assert_int_equal(sem_init(&p.filled, 0, 0), 0);
	assert_int_equal(sem_init(&p.emptied, 0, 0), 0);
	alarm(60);
	assert_int_equal(pthread_create(&thread, NULL, produce, &p), 0);
	while (got < ITEMS) {
		int n = queue_pending(&p.f.c);

		assert_in_range(n, 0, CAPACITY);
		for (int i = 0; i < n; i++, got++) {
			struct net_desc d = queue_peek(&p.f.c, (unsigned int)i);

			assert_int_equal(d.io_or_offset, got);
		}
		queue_release(&p.f.c, (unsigned int)n);
		if (n != 0) {
			sem_post(&p.emptied);
			continue;
		}
		p.armed++;
		if (queue_arm(&p.f.c) != 0)
			queue_disarm(&p.f.c);
		else
			sem_wait(&p.filled);
	}
	pthread_join(thread, NULL);
	alarm(0);
	/* At most one for each time we asked, and for the zeroed memory. */
	assert_true(p.notified <= p.armed + 1);
	sem_destroy(&p.filled);
	sem_destroy(&p.emptied);
	free(p.f.q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(region_sizes_are_sddfs),
		cmocka_unit_test(bytes_in_memory_are_sddfs),
		cmocka_unit_test(offload_data_lie_behind_the_owner),
		cmocka_unit_test(capacity_is_a_power_of_two_within_limits),
		cmocka_unit_test(hc26_exact_for_every_pair_of_indices),
		cmocka_unit_test(hc26_full_is_full_after_the_wrap),
		cmocka_unit_test(order_and_content_hold_through_the_wrap),
		cmocka_unit_test(hc01_a_descriptor_is_copied_out),
		cmocka_unit_test(one_notification_per_sleep),
		cmocka_unit_test(arming_looks_again),
		cmocka_unit_test(no_wakeup_is_lost_between_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
