/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block virtualiser with honest clients and an honest driver: what goes
 * through, in which order, and who is told of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/blk_rig.h"

/* --- translation -------------------------------------------------------- */

static void blocks_and_places_are_translated(void **state)
{
	struct blk_rig *r = br_start(3);
	struct blk_request q;

	(void)state;
	br_write(&r->client[2], 77, 3, 2, 5);
	br_run(r);
	assert_true(r->ring.driver);
	assert_true(br_asked(r, &q));
	assert_int_equal(q.code, BLK_WRITE);
	assert_int_equal(q.block, 2 * BR_PART + 3);
	assert_int_equal(q.count, 2);
	assert_int_equal(q.io_or_offset,
			 BR_WINDOW + (1 + 2 * BR_REGION + 5) * BLK_SIZE);
	br_expect_none(&r->client[2]);
	br_respond(r, q.id, BLK_OK, 2);
	br_run(r);
	assert_int_equal(r->ring.clients, 1 << 2);
	br_expect(&r->client[2], 77, BLK_OK, 2);
	assert_int_equal(r->stats.client[2].written_blocks, 2);
	assert_int_equal(r->stats.driver.written_blocks, 2);
	assert_int_equal(r->stats.client[2].requests[BLK_WRITE], 1);
	br_free(r);
}

static void what_is_written_is_read(void **state)
{
	struct blk_rig *r = br_start(2);

	(void)state;
	memset(br_data(r, 0), 0xa0, BR_REGION * BLK_SIZE);
	memset(br_data(r, 1), 0xa1, BR_REGION * BLK_SIZE);
	for (uint32_t i = 0; i < 2; i++)
		br_write(&r->client[i], 1, BR_PART - 8, 8, 0);
	br_work(r);
	memset(br_data(r, 0), 0, BR_REGION * BLK_SIZE);
	for (uint32_t i = 0; i < 2; i++) {
		br_expect(&r->client[i], 1, BLK_OK, 8);
		br_read(&r->client[i], 1, BR_PART - 1, 1, 3);
	}
	br_work(r);
	for (uint32_t i = 0; i < 2; i++) {
		br_expect(&r->client[i], 1, BLK_OK, 1);
		assert_int_equal(br_data(r, i)[3 * BLK_SIZE], 0xa0 + i);
		assert_int_equal(br_data(r, i)[4 * BLK_SIZE - 1], 0xa0 + i);
	}
	assert_int_equal(br_data(r, 0)[4 * BLK_SIZE], 0);
	br_free(r);
}

static void a_client_learns_of_its_part(void **state)
{
	struct blk_rig *r = br_make(2);
	struct blk_geometry g;

	(void)state;
	r->client_config[1].read_only = true;
	assert_true(br_init(r));
	br_up(&r->driver);
	br_up(&r->client[0]);
	br_up(&r->client[1]);
	br_run(r);
	assert_false(blk_info_is_ready(&r->client[0].info));
	assert_int_equal(r->stats.client[0].state, BLK_VIRT_WAITING);
	br_ready(r, true);
	br_run(r);
	/* A page has no flag that says who sleeps. */
	assert_int_equal(r->ring.clients, 3);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(blk_info_is_ready(&r->client[i].info));
		g = blk_info_read(&r->client[i].info);
		assert_int_equal(g.capacity, BR_PART);
		assert_int_equal(g.sector_size, 512);
		assert_int_equal(g.queue_depth, BR_CAPACITY);
		assert_int_equal(g.read_only, i == 1);
		assert_int_equal(r->stats.client[i].state, BLK_VIRT_UP);
		assert_int_equal(r->stats.client[i].first, i * BR_PART);
		assert_int_equal(r->stats.client[i].blocks, BR_PART);
	}
	br_free(r);
}

static void a_disk_that_is_only_read_is_so_for_all(void **state)
{
	struct blk_rig *r = br_make(1);

	(void)state;
	assert_true(br_init(r));
	br_up(&r->driver);
	br_up(&r->client[0]);
	r->driver.info.read_only = 1;
	br_ready(r, true);
	br_run(r);
	assert_int_equal(r->client[0].info.read_only, 1);
	br_write(&r->client[0], 1, 0, 1, 0);
	br_work(r);
	br_expect(&r->client[0], 1, BLK_ERROR_PARAMETER, 0);
	br_free(r);
}

static void ids_are_the_clients_own(void **state)
{
	struct blk_rig *r = br_start(2);
	struct blk_request q[4];

	(void)state;
	/* The same ids of both, and the largest there is. */
	for (uint32_t i = 0; i < 2; i++) {
		br_read(&r->client[i], 0, 0, 1, 0);
		br_read(&r->client[i], UINT32_MAX, 1, 1, 1);
	}
	br_run(r);
	for (uint32_t i = 0; i < 4; i++) {
		assert_true(br_asked(r, &q[i]));
		for (uint32_t j = 0; j < i; j++)
			assert_int_not_equal(q[i].id, q[j].id);
	}
	/* In another order. */
	for (uint32_t i = 4; i > 0; i--) {
		bool bad = q[i - 1].block == 1;

		br_respond(r, q[i - 1].id, bad ? BLK_ERROR_IO : BLK_OK, !bad);
	}
	br_run(r);
	br_expect(&r->client[1], UINT32_MAX, BLK_OK, 1);
	br_expect(&r->client[1], 0, BLK_OK, 1);
	br_expect(&r->client[0], UINT32_MAX, BLK_ERROR_IO, 0);
	br_expect(&r->client[0], 0, BLK_OK, 1);
	assert_int_equal(r->stats.client[0].errors, 1);
	assert_int_equal(r->stats.client[1].errors, 0);
	br_free(r);
}

/* A slot's count of uses wraps around. */
static void ids_do_not_run_out(void **state)
{
	struct blk_rig *r = br_start(1);
	struct blk_request q;
	uint32_t last = 0;

	(void)state;
	for (uint32_t n = 0; n < 140000; n++) {
		br_flush(&r->client[0], n);
		br_run(r);
		assert_true(br_asked(r, &q));
		assert_int_not_equal(q.id, last);
		last = q.id;
		br_respond(r, q.id, BLK_OK, 0);
		br_run(r);
		br_expect(&r->client[0], n, BLK_OK, 0);
	}
	assert_int_equal(r->stats.driver.requests[BLK_FLUSH], 140000);
	br_free(r);
}

static void each_error_reaches_its_client(void **state)
{
	struct blk_rig *r = br_start(2);
	struct blk_request q;

	(void)state;
	for (uint32_t s = BLK_OK; s < BLK_STATUSES; s++) {
		uint16_t done = s == BLK_OK ? 4 : 3;

		br_read(&r->client[s % 2], s, 0, 4, 0);
		br_run(r);
		assert_true(br_asked(r, &q));
		br_respond(r, q.id, s, done);
		br_run(r);
		br_expect(&r->client[s % 2], s, s, done);
		br_expect_none(&r->client[1 - s % 2]);
	}
	assert_int_equal(r->stats.driver.errors, BLK_STATUSES - 1);
	br_free(r);
}

/* --- order -------------------------------------------------------------- */

static void a_barrier_waits_for_all_before_it(void **state)
{
	struct blk_rig *r = br_start(2);
	struct blk_request q[3];

	(void)state;
	br_read(&r->client[0], 1, 0, 1, 0);
	br_write(&r->client[0], 2, 1, 1, 1);
	br_barrier(&r->client[0], 3);
	br_read(&r->client[0], 4, 2, 1, 2);
	br_read(&r->client[1], 5, 2, 1, 2);
	br_run(r);
	/* The other client does not wait. */
	for (uint32_t i = 0; i < 3; i++)
		assert_true(br_asked(r, &q[i]));
	assert_false(br_asked(r, &q[0]));
	assert_false(blk_virt_arm(r->v));
	for (uint32_t i = 0; i < 3; i++) {
		if (q[i].block >= BR_PART)
			continue;
		br_expect_none(&r->client[0]);
		br_respond(r, q[i].id, BLK_OK, 1);
		br_run(r);
		br_expect(&r->client[0], (uint32_t)q[i].block + 1, BLK_OK, 1);
	}
	br_expect(&r->client[0], 3, BLK_OK, 0);
	assert_true(br_asked(r, &q[0]));
	assert_int_equal(q[0].block, 2);
	br_free(r);
}

static void a_flush_waits_for_writes_before_it(void **state)
{
	struct blk_rig *r = br_start(1);
	struct blk_request read, write, q;

	(void)state;
	br_read(&r->client[0], 1, 0, 1, 0);
	br_write(&r->client[0], 2, 1, 1, 1);
	br_flush(&r->client[0], 3);
	br_write(&r->client[0], 4, 2, 1, 2);
	br_run(r);
	assert_true(br_asked(r, &read));
	assert_true(br_asked(r, &write));
	assert_false(br_asked(r, &q));
	br_respond(r, write.id, BLK_OK, 1);
	br_run(r);
	/* The read is still there. */
	assert_true(br_asked(r, &q));
	assert_int_equal(q.code, BLK_FLUSH);
	br_respond(r, q.id, BLK_OK, 0);
	/* What comes behind it need not wait for it. */
	assert_true(br_asked(r, &q));
	assert_int_equal(q.code, BLK_WRITE);
	br_run(r);
	br_expect(&r->client[0], 2, BLK_OK, 1);
	br_expect(&r->client[0], 3, BLK_OK, 0);
	br_expect_none(&r->client[0]);
	br_free(r);
}

static void a_plugged_queue_is_left_alone(void **state)
{
	struct blk_rig *r = br_start(2);
	struct blk_request q;

	(void)state;
	atomic_store(&r->client[0].q.requests->plugged, 1);
	br_read(&r->client[0], 1, 0, 1, 0);
	br_read(&r->client[1], 1, 0, 1, 0);
	br_run(r);
	assert_true(br_asked(r, &q));
	assert_int_equal(q.block, BR_PART);
	assert_false(br_asked(r, &q));
	assert_false(blk_virt_arm(r->v));
	atomic_store(&r->client[0].q.requests->plugged, 0);
	assert_true(blk_virt_arm(r->v));
	br_run(r);
	assert_true(br_asked(r, &q));
	br_free(r);
}

/* --- fairness ----------------------------------------------------------- */

/* A client with one request is served after one turn of each other. */
static void clients_take_turns(void **state)
{
	struct blk_rig *r = br_start(4);
	struct blk_virt_ring ring = { 0 };
	struct blk_request q;
	uint32_t seen[4] = { 0 };

	(void)state;
	for (uint32_t c = 0; c < 4; c++)
		for (uint32_t i = 0; i < (c == 3 ? 1 : BR_CAPACITY); i++)
			br_read(&r->client[c], i, 0, 1, 0);
	blk_virt_run(r->v, &ring);
	while (br_asked(r, &q))
		seen[q.block / BR_PART]++;
	assert_int_equal(seen[3], 1);
	br_free(r);
}

static void each_is_first_in_its_turn(void **state)
{
	struct blk_rig *r = br_start(2);
	struct blk_virt_ring ring = { 0 };
	struct blk_response a;
	struct blk_request q;
	uint32_t first[2] = { 0 };

	(void)state;
	for (uint32_t n = 0; n < 10; n++) {
		for (uint32_t i = 0; i < 2; i++)
			br_read(&r->client[i], n, 0, 1, 0);
		blk_virt_run(r->v, &ring);
		assert_true(br_asked(r, &q));
		first[q.block / BR_PART]++;
		br_respond(r, q.id, BLK_OK, 1);
		assert_true(br_asked(r, &q));
		br_respond(r, q.id, BLK_OK, 1);
		/* An odd number of visits to a round. */
		blk_virt_run(r->v, &ring);
		blk_virt_run(r->v, &ring);
		for (uint32_t i = 0; i < 2; i++)
			while (br_told(&r->client[i], &a))
				;
	}
	assert_int_equal(first[0], 5);
	assert_int_equal(first[1], 5);
	br_free(r);
}

/* Nobody has more at the driver than its share, or than its region holds. */
static void shares_of_slots_and_blocks(void **state)
{
	struct blk_rig *r = br_make(4);
	struct blk_request q;
	uint32_t n = 0;

	(void)state;
	/* 16 slots for four. */
	r->config.driver.capacity = 16;
	r->driver.q.capacity = 16;
	assert_true(br_init(r));
	br_up(&r->driver);
	br_up(&r->client[0]);
	br_up(&r->client[1]);
	br_ready(r, true);
	for (uint32_t i = 0; i < BR_CAPACITY; i++) {
		br_read(&r->client[0], i, 0, 1, 0);
		br_read(&r->client[1], i, 0, 3, 0);
	}
	br_run(r);
	while (br_asked(r, &q))
		n += q.block < BR_PART ? 1 : 100;
	/* Four of one block; of three blocks only two, 3 * 3 > BR_REGION. */
	assert_int_equal(n, 204);
	assert_int_equal(r->stats.client[0].outstanding, 4);
	assert_int_equal(r->stats.client[1].outstanding, 2);
	assert_int_equal(r->stats.driver.outstanding, 6);
	br_free(r);
}

/* --- signalling --------------------------------------------------------- */

static void who_is_awake_is_not_notified(void **state)
{
	struct blk_rig *r = br_start(1);
	struct br_peer *c = &r->client[0];
	struct blk_request q;

	(void)state;
	assert_false(blk_virt_arm(r->v));
	assert_true(blk_sleeps(&c->q.requests->server_awake));
	assert_true(blk_sleeps(&r->driver.q.requests->client_awake));
	br_run(r);
	assert_false(blk_sleeps(&c->q.requests->server_awake));
	assert_false(blk_sleeps(&r->driver.q.requests->client_awake));

	blk_say_awake(&r->driver.q.requests->server_awake);
	blk_say_awake(&c->q.requests->client_awake);
	br_read(c, 1, 0, 1, 0);
	br_run(r);
	assert_false(r->ring.driver);
	assert_true(br_asked(r, &q));
	br_respond(r, q.id, BLK_OK, 1);
	br_run(r);
	assert_int_equal(r->ring.clients, 0);

	blk_say_asleep(&r->driver.q.requests->server_awake);
	blk_say_asleep(&c->q.requests->client_awake);
	br_read(c, 2, 0, 1, 0);
	br_run(r);
	assert_true(r->ring.driver);
	assert_true(br_asked(r, &q));
	br_respond(r, q.id, BLK_OK, 1);
	br_run(r);
	assert_int_equal(r->ring.clients, 1);
	/* Nothing new, nobody is notified. */
	br_run(r);
	assert_false(r->ring.driver);
	assert_int_equal(r->ring.clients, 0);
	br_free(r);
}

static void arming_looks_once_more(void **state)
{
	struct blk_rig *r = br_start(2);
	struct blk_request q;

	(void)state;
	assert_false(blk_virt_arm(r->v));
	br_read(&r->client[1], 1, 0, 1, 0);
	assert_true(blk_virt_arm(r->v));
	br_run(r);
	assert_false(blk_virt_arm(r->v));
	assert_true(br_asked(r, &q));
	br_respond(r, q.id, BLK_OK, 1);
	assert_true(blk_virt_arm(r->v));
	br_free(r);
}

/* --- configurations ----------------------------------------------------- */

static void impossible_configurations(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 12; i++) {
		struct blk_rig *r = br_make(2);
		struct blk_virt_client_config *c = &r->client_config[1];

		switch (i) {
		case 0:
			r->config.clients = 0;
			break;
		case 1:
			r->config.clients = BLK_VIRT_MAX_CLIENTS + 1;
			break;
		case 2:
			r->config.driver.capacity = 1;
			break;
		case 3:
			r->config.driver.capacity = 12;
			break;
		case 4:
			r->config.driver.info = NULL;
			break;
		case 5:
			c->queues.requests = NULL;
			break;
		case 6:
			c->queues.capacity = 3;
			break;
		case 7:
			c->data_size = 0;
			break;
		case 8:
			c->data_size = BLK_SIZE + 512;
			break;
		case 9:
			c->window = UINT64_MAX - BLK_SIZE;
			break;
		case 10:
			c->part.number = 1;
			r->config.table = NULL;
			break;
		default:
			memset(c->part.name, 'x', sizeof(c->part.name));
		}
		assert_false(br_init(r));
		br_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_and_places_are_translated),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_client_learns_of_its_part),
		cmocka_unit_test(a_disk_that_is_only_read_is_so_for_all),
		cmocka_unit_test(ids_are_the_clients_own),
		cmocka_unit_test(ids_do_not_run_out),
		cmocka_unit_test(each_error_reaches_its_client),
		cmocka_unit_test(a_barrier_waits_for_all_before_it),
		cmocka_unit_test(a_flush_waits_for_writes_before_it),
		cmocka_unit_test(a_plugged_queue_is_left_alone),
		cmocka_unit_test(clients_take_turns),
		cmocka_unit_test(each_is_first_in_its_turn),
		cmocka_unit_test(shares_of_slots_and_blocks),
		cmocka_unit_test(who_is_awake_is_not_notified),
		cmocka_unit_test(arming_looks_once_more),
		cmocka_unit_test(impossible_configurations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
