/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block queues: their layout, their arithmetic and their signalling.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <semaphore.h>
#include <cmocka.h>

#include "base/blk_ring.h"

#define CAPACITY 8u

struct fixture {
	struct blk_request_queue *requests;
	struct blk_response_queue *responses;
	struct blk_ring_side ask, serve, answer, hear;
};

static void start(struct fixture *f)
{
	f->requests = calloc(1, blk_request_region_size(CAPACITY));
	f->responses = calloc(1, blk_response_region_size(CAPACITY));
	assert_non_null(f->requests);
	assert_non_null(f->responses);
	blk_ring_init(&f->ask, &f->requests->ring, CAPACITY);
	blk_ring_init(&f->serve, &f->requests->ring, CAPACITY);
	blk_ring_init(&f->answer, &f->responses->ring, CAPACITY);
	blk_ring_init(&f->hear, &f->responses->ring, CAPACITY);
}

static void stop(struct fixture *f)
{
	free(f->requests);
	free(f->responses);
}

/* --- layout: sDDF 0.7, measured ----------------------------------------- */

/* The bytes in memory, written here as numbers and not by the header. */
static void bytes_in_memory_are_sddfs(void **state)
{
	static const uint8_t request[] = {
		1,    0,    0,	  0,	0,    0,    0,	  0,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		0xef, 0xcd, 0xab, 0x90, 0x78, 0x56, 0x34, 0x12,
		0xaa, 0x99, 0,	  0,	0xdd, 0xcc, 0xbb, 0xaa,
	};
	static const uint8_t response[] = {
		3, 0, 0, 0, 0x22, 0x11, 0, 0, 0x66, 0x55, 0x44, 0x33,
	};
	struct fixture f;
	const uint8_t *raw;

	(void)state;
	start(&f);
	raw = (const uint8_t *)f.requests;
	memset(f.requests->entry, 0xee, sizeof(request));
	blk_request_put(&f.ask, &(struct blk_request){
					.code = BLK_WRITE,
					.io_or_offset = 0x1122334455667788,
					.block = 0x1234567890abcdef,
					.count = 0x99aa,
					.id = 0xaabbccdd });
	assert_int_equal(raw[4], 0); /* not published yet */
	blk_ring_publish(&f.ask);
	assert_int_equal(raw[0], 0);
	assert_int_equal(raw[4], 1);
	assert_memory_equal(raw + 16, request, sizeof(request));
	blk_ring_release(&f.serve, 1);
	assert_int_equal(raw[0], 1);

	raw = (const uint8_t *)f.responses;
	memset(f.responses->entry, 0xee, sizeof(response));
	blk_response_put(&f.answer,
			 &(struct blk_response){ .status = BLK_ERROR_IO,
						 .success_count = 0x1122,
						 .id = 0x33445566 });
	blk_ring_publish(&f.answer);
	assert_int_equal(raw[4], 1);
	assert_memory_equal(raw + 8, response, sizeof(response));
	stop(&f);
}

static void numbers_are_sddfs(void **state)
{
	(void)state;
	assert_int_equal(BLK_READ, 0);
	assert_int_equal(BLK_WRITE, 1);
	assert_int_equal(BLK_FLUSH, 2);
	assert_int_equal(BLK_BARRIER, 3);
	assert_int_equal(BLK_OK, 0);
	assert_int_equal(BLK_ERROR, 1);
	assert_int_equal(BLK_ERROR_PARAMETER, 2);
	assert_int_equal(BLK_ERROR_IO, 3);
	assert_int_equal(BLK_ERROR_NO_DEVICE, 4);
	assert_int_equal(blk_request_region_size(127), 0x1000);
	assert_int_equal(blk_request_region_size(128), 0x2000);
	assert_int_equal(blk_response_region_size(256), 0x1000);
	assert_int_equal(blk_response_region_size(512), 0x2000);
}

static void a_page_is_read_field_by_field(void **state)
{
	struct blk_info info = { .read_only = 7,
				 .sector_size = 512,
				 .block_size = 2,
				 .queue_depth = 3,
				 .capacity = 1ull << 40 };
	struct blk_geometry g;

	(void)state;
	assert_false(blk_info_is_ready(&info));
	/* A byte of a peer's may have any value: only one is yes. */
	atomic_store(&info.ready, 2);
	assert_false(blk_info_is_ready(&info));
	blk_info_set_ready(&info, true);
	assert_true(blk_info_is_ready(&info));
	assert_int_equal(((const uint8_t *)&info)[65], 1);
	g = blk_info_read(&info);
	assert_true(g.read_only);
	assert_int_equal(g.sector_size, 512);
	assert_int_equal(g.block_size, 2);
	assert_int_equal(g.queue_depth, 3);
	assert_int_equal(g.capacity, 1ull << 40);
}

/* --- indices ------------------------------------------------------------ */

static void hc26_every_distance_around_the_wrap(void **state)
{
	static const uint32_t base[] = { 0, 1, 1u << 31, UINT32_MAX - 3,
					 UINT32_MAX };
	struct fixture f;

	(void)state;
	start(&f);
	for (unsigned int b = 0; b < 5; b++) {
		for (int d = -20; d <= 20; d++) {
			uint32_t theirs = base[b] + (uint32_t)d;
			bool pending = d >= 0 && d <= (int)CAPACITY;
			bool room = d <= 0 && -d <= (int)CAPACITY;

			f.serve.index = base[b];
			atomic_store(&f.requests->ring.tail, theirs);
			assert_int_equal(blk_ring_pending(&f.serve),
					 pending ? d : BLK_FAULT);
			f.ask.index = base[b];
			atomic_store(&f.requests->ring.head, theirs);
			assert_int_equal(blk_ring_room(&f.ask),
					 room ? (int)CAPACITY + d : BLK_FAULT);
		}
	}
	stop(&f);
}

static void entries_come_in_order_across_the_wrap(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	f.ask.index = f.serve.index = UINT32_MAX - 2;
	atomic_store(&f.requests->ring.head, UINT32_MAX - 2);
	blk_ring_publish(&f.ask);
	for (uint32_t n = 0; n < 100; n += 5) {
		for (uint32_t i = 0; i < 5; i++)
			blk_request_put(&f.ask,
					&(struct blk_request){ .id = n + i });
		assert_int_equal(blk_ring_pending(&f.serve), 0);
		blk_ring_publish(&f.ask);
		assert_int_equal(blk_ring_room(&f.ask), CAPACITY - 5);
		assert_int_equal(blk_ring_pending(&f.serve), 5);
		for (uint32_t i = 0; i < 5; i++)
			assert_int_equal(blk_request_peek(&f.serve, i).id,
					 n + i);
		blk_ring_release(&f.serve, 5);
	}
	stop(&f);
}

static void capacities(void **state)
{
	(void)state;
	assert_false(blk_capacity_ok(0));
	assert_false(blk_capacity_ok(1));
	assert_true(blk_capacity_ok(2));
	assert_false(blk_capacity_ok(3));
	assert_true(blk_capacity_ok(BLK_MAX_CAPACITY));
	assert_false(blk_capacity_ok(BLK_MAX_CAPACITY * 2));
}

/* --- signalling --------------------------------------------------------- */

#define REQUESTS 200000u

struct pair {
	struct fixture f;
	sem_t bell;
};

/* Sleeps whenever there is nothing, as a server does. */
static void *serve(void *arg)
{
	struct pair *p = arg;
	struct fixture *f = &p->f;
	uint32_t seen = 0;

	while (seen < REQUESTS) {
		int n = blk_ring_pending(&f->serve);

		for (int i = 0; i < n; i++)
			seen += blk_request_peek(&f->serve, (uint32_t)i).id ==
				seen;
		if (n > 0) {
			blk_ring_release(&f->serve, (uint32_t)n);
			continue;
		}
		blk_say_asleep(&f->requests->server_awake);
		atomic_thread_fence(memory_order_seq_cst);
		if (blk_ring_pending(&f->serve) == 0)
			sem_wait(&p->bell);
		blk_say_awake(&f->requests->server_awake);
	}
	return NULL;
}

/* If a notification is lost, this never ends. */
static void no_notification_is_lost(void **state)
{
	struct pair p;
	pthread_t thread;

	(void)state;
	start(&p.f);
	sem_init(&p.bell, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, serve, &p), 0);
	for (uint32_t id = 0; id < REQUESTS;) {
		if (blk_ring_room(&p.f.ask) <= 0)
			continue;
		blk_request_put(&p.f.ask, &(struct blk_request){ .id = id++ });
		blk_ring_publish(&p.f.ask);
		atomic_thread_fence(memory_order_seq_cst);
		if (blk_sleeps(&p.f.requests->server_awake))
			sem_post(&p.bell);
	}
	pthread_join(thread, NULL);
	sem_destroy(&p.bell);
	stop(&p.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_in_memory_are_sddfs),
		cmocka_unit_test(numbers_are_sddfs),
		cmocka_unit_test(a_page_is_read_field_by_field),
		cmocka_unit_test(hc26_every_distance_around_the_wrap),
		cmocka_unit_test(entries_come_in_order_across_the_wrap),
		cmocka_unit_test(capacities),
		cmocka_unit_test(no_notification_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
