/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block virtualiser when a client or the driver goes and comes back: whose
 * requests are kept, asked again, failed or forgotten, and when the monitor may
 * give a region to somebody else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/blk_rig.h"

static uint32_t epoch(const struct br_peer *p)
{
	return atomic_load(&p->link.epoch);
}

static struct blk_rig *start(uint32_t clients, bool retry)
{
	struct blk_rig *r = br_make(clients);

	r->config.retry = retry;
	assert_true(br_init(r));
	br_up(&r->driver);
	for (uint32_t i = 0; i < clients; i++)
		br_up(&r->client[i]);
	br_ready(r, true);
	br_run(r);
	return r;
}

/* The driver's rings are new, and it has the same disk. */
static void new_driver(struct blk_rig *r)
{
	br_up(&r->driver);
	br_ready(r, true);
	br_run(r);
}

static void lose_driver(struct blk_rig *r)
{
	br_ready(r, false);
	br_down(&r->driver);
	br_run(r);
}

/* --- clients ------------------------------------------------------------ */

static void hc11_a_client_drains_before_it_goes(void **state)
{
	struct blk_rig *r = br_start(2);
	struct blk_virt_side_stats *s = &r->stats.client[0];
	struct br_peer *c = &r->client[0];
	struct blk_request q[2];
	uint32_t before = epoch(c);

	(void)state;
	br_read(c, 1, 0, 1, 0);
	br_write(c, 2, 1, 1, 1);
	br_run(r);
	assert_true(br_asked(r, &q[0]));
	br_down(c);
	br_run(r);
	assert_int_equal(s->state, BLK_VIRT_DRAINING);
	assert_int_equal(s->outstanding, 2);
	assert_int_equal(s->epoch, before);
	assert_false(blk_info_is_ready(&c->info));
	/* It is not there: nothing of it is taken. */
	br_read(c, 3, 0, 1, 0);
	br_run(r);
	assert_true(br_asked(r, &q[1]));
	br_respond(r, q[0].id, BLK_OK, 1);
	br_run(r);
	assert_int_equal(s->epoch, before);
	/* The others go on. */
	br_read(&r->client[1], 1, 0, 1, 0);
	br_run(r);
	br_respond(r, q[1].id, BLK_ERROR_IO, 0);
	br_run(r);
	assert_int_equal(s->state, BLK_VIRT_DOWN);
	assert_int_equal(s->epoch, before + 1);
	assert_int_equal(s->outstanding, 0);
	br_expect_none(c);
	br_work(r);
	br_expect(&r->client[1], 1, BLK_OK, 1);
	br_free(r);
}

/* Its successor has to wait for what it has left at the driver. */
static void hc11_a_successor_waits(void **state)
{
	struct blk_rig *r = br_start(1);
	struct br_peer *c = &r->client[0];
	struct blk_request q, old;

	(void)state;
	br_read(c, 1, 0, 1, 0);
	br_run(r);
	assert_true(br_asked(r, &old));
	br_down(c);
	br_up(c);
	br_read(c, 1, 5, 1, 0);
	br_run(r);
	assert_int_equal(r->stats.client[0].state, BLK_VIRT_DRAINING);
	assert_false(br_asked(r, &q));
	assert_false(blk_virt_arm(r->v));
	br_respond(r, old.id, BLK_OK, 1);
	assert_true(blk_virt_arm(r->v));
	br_run(r);
	assert_int_equal(r->stats.client[0].state, BLK_VIRT_UP);
	assert_int_equal(r->stats.client[0].epoch, epoch(c));
	br_expect_none(c);
	assert_true(br_asked(r, &q));
	assert_int_equal(q.block, 5);
	/* The answer to the old one is not that to the new one. */
	br_respond(r, old.id, BLK_OK, 1);
	br_run(r);
	br_expect_none(c);
	br_respond(r, q.id, BLK_OK, 1);
	br_run(r);
	br_expect(c, 1, BLK_OK, 1);
	br_free(r);
}

static void a_client_may_come_late_and_go_idle(void **state)
{
	struct blk_rig *r = br_start(2);
	struct br_peer *c = &r->client[0];

	(void)state;
	br_down(c);
	br_run(r);
	assert_int_equal(r->stats.client[0].state, BLK_VIRT_DOWN);
	assert_int_equal(r->stats.client[0].epoch, epoch(c));
	br_up(c);
	br_run(r);
	assert_int_equal(r->ring.clients, 1);
	assert_true(blk_info_is_ready(&c->info));
	br_write(c, 7, 1, 1, 0);
	br_work(r);
	br_expect(c, 7, BLK_OK, 1);
	br_free(r);
}

/* --- the driver, with retry --------------------------------------------- */

static void what_was_not_answered_is_asked_again(void **state)
{
	struct blk_rig *r = start(2, true);
	struct blk_request q[4], again[3];

	(void)state;
	br_write(&r->client[0], 1, 3, 2, 4);
	br_read(&r->client[0], 2, 6, 1, 0);
	br_write(&r->client[1], 1, 0, 1, 7);
	br_read(&r->client[1], 2, 1, 1, 0);
	br_run(r);
	for (uint32_t i = 0; i < 4; i++)
		assert_true(br_asked(r, &q[i]));
	br_respond(r, q[3].id, BLK_OK, 1);
	br_run(r);
	lose_driver(r);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(blk_info_is_ready(&r->client[i].info));
		assert_int_equal(r->stats.client[i].state, BLK_VIRT_WAITING);
	}
	assert_int_equal(r->stats.driver.epoch, epoch(&r->driver));
	/* Asked meanwhile, and kept. */
	br_read(&r->client[0], 3, 9, 1, 1);
	br_run(r);
	assert_false(blk_virt_arm(r->v));
	new_driver(r);
	assert_true(r->ring.driver);
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(br_asked(r, &again[i]));
		assert_int_equal(again[i].code, q[i].code);
		assert_int_equal(again[i].block, q[i].block);
		assert_int_equal(again[i].count, q[i].count);
		assert_int_equal(again[i].io_or_offset, q[i].io_or_offset);
		assert_int_not_equal(again[i].id, q[i].id);
	}
	assert_int_equal(r->stats.driver.retried, 3);
	/* The dead one's answers are none. */
	br_respond(r, q[0].id, BLK_OK, 2);
	br_run(r);
	assert_int_equal(br_lied(r, BLK_VIRT_UNKNOWN_ID), 1);
	for (uint32_t i = 0; i < 3; i++)
		br_respond(r, again[i].id, BLK_OK, again[i].count);
	br_work(r);
	assert_int_equal(blk_ring_pending(&r->client[0].get), 3);
	assert_int_equal(blk_ring_pending(&r->client[1].get), 2);
	assert_int_equal(r->stats.driver.outstanding, 0);
	br_free(r);
}

static void a_dead_clients_requests_are_not_asked_again(void **state)
{
	struct blk_rig *r = start(2, true);
	struct blk_request q;

	(void)state;
	br_write(&r->client[0], 1, 3, 2, 4);
	br_write(&r->client[1], 1, 3, 2, 4);
	br_run(r);
	br_down(&r->client[0]);
	br_run(r);
	assert_int_equal(r->stats.client[0].state, BLK_VIRT_DRAINING);
	lose_driver(r);
	/* Nobody touches its region any more. */
	assert_int_equal(r->stats.client[0].state, BLK_VIRT_DOWN);
	/* The other goes while there is no driver. */
	br_down(&r->client[1]);
	br_run(r);
	assert_int_equal(r->stats.client[1].state, BLK_VIRT_DOWN);
	assert_int_equal(r->stats.driver.outstanding, 0);
	new_driver(r);
	assert_false(br_asked(r, &q));
	br_free(r);
}

static void a_client_whose_part_has_moved_is_cut_off(void **state)
{
	struct blk_rig *r = br_make(2);
	struct blk_request q;

	(void)state;
	/* The second has all that is behind the first. */
	r->config.retry = true;
	r->client_config[1].part.size = 0;
	assert_true(br_init(r));
	br_up(&r->client[0]);
	br_up(&r->client[1]);
	new_driver(r);
	br_write(&r->client[0], 1, 0, 1, 0);
	br_write(&r->client[1], 1, 0, 1, 0);
	br_run(r);
	lose_driver(r);
	br_up(&r->driver);
	br_ready(r, true);
	r->driver.info.capacity = BR_DISK - 1;
	br_run(r);
	assert_int_equal(r->stats.client[0].state, BLK_VIRT_UP);
	assert_int_equal(r->stats.client[1].state, BLK_VIRT_REFUSED);
	assert_int_equal(r->stats.client[1].why, BLK_PART_CHANGED);
	assert_false(blk_info_is_ready(&r->client[1].info));
	assert_true(br_asked(r, &q));
	assert_int_equal(q.block, 0);
	assert_false(br_asked(r, &q));
	br_expect(&r->client[1], 1, BLK_ERROR_NO_DEVICE, 0);
	br_write(&r->client[1], 2, 0, 1, 0);
	br_run(r);
	br_expect(&r->client[1], 2, BLK_ERROR_NO_DEVICE, 0);
	assert_int_equal(br_refused(r, 1, BLK_VIRT_NO_DISK), 1);
	/* It begins anew with the new disk. */
	br_down(&r->client[1]);
	br_run(r);
	br_up(&r->client[1]);
	br_run(r);
	assert_int_equal(r->stats.client[1].state, BLK_VIRT_UP);
	assert_int_equal(r->stats.client[1].blocks, BR_DISK - 1 - BR_PART);
	br_free(r);
}

/* --- the driver, without ------------------------------------------------ */

static void what_was_not_answered_fails(void **state)
{
	struct blk_rig *r = start(2, false);
	struct blk_request q;

	(void)state;
	br_read(&r->client[0], 1, 0, 1, 0);
	br_write(&r->client[1], 2, 0, 1, 0);
	br_run(r);
	assert_true(br_asked(r, &q));
	br_down(&r->driver);
	br_run(r);
	assert_int_equal(r->ring.clients, 3);
	br_expect(&r->client[0], 1, BLK_ERROR_NO_DEVICE, 0);
	br_expect(&r->client[1], 2, BLK_ERROR_NO_DEVICE, 0);
	assert_int_equal(r->stats.driver.outstanding, 0);
	for (uint32_t i = 0; i < 2; i++)
		assert_false(blk_info_is_ready(&r->client[i].info));
	br_read(&r->client[0], 3, 0, 1, 0);
	assert_true(blk_virt_arm(r->v));
	br_run(r);
	br_expect(&r->client[0], 3, BLK_ERROR_NO_DEVICE, 0);
	assert_int_equal(br_refused(r, 0, BLK_VIRT_NO_DISK), 1);
	new_driver(r);
	assert_int_equal(r->ring.clients, 3);
	br_read(&r->client[0], 4, 0, 1, 0);
	br_work(r);
	br_expect(&r->client[0], 4, BLK_OK, 1);
	br_free(r);
}

/* Writes that were answered and may be lost: the next flush says so, once. */
static void a_flush_tells_of_lost_writes(void **state)
{
	struct blk_rig *r = start(3, false);

	(void)state;
	/* The second has flushed, the third has not written. */
	br_write(&r->client[0], 1, 0, 1, 0);
	br_write(&r->client[1], 1, 0, 1, 0);
	br_read(&r->client[2], 1, 0, 1, 0);
	br_work(r);
	br_flush(&r->client[1], 2);
	br_work(r);
	lose_driver(r);
	new_driver(r);
	for (uint32_t i = 0; i < 3; i++) {
		struct blk_response a;

		while (br_told(&r->client[i], &a))
			assert_int_equal(a.status, BLK_OK);
		br_flush(&r->client[i], 8);
		br_flush(&r->client[i], 9);
	}
	br_work(r);
	br_expect(&r->client[0], 8, BLK_ERROR_IO, 0);
	br_expect(&r->client[0], 9, BLK_OK, 0);
	for (uint32_t i = 1; i < 3; i++) {
		br_expect(&r->client[i], 8, BLK_OK, 0);
		br_expect(&r->client[i], 9, BLK_OK, 0);
	}
	/* It is nothing to who comes after. */
	br_write(&r->client[0], 1, 0, 1, 0);
	br_work(r);
	lose_driver(r);
	br_down(&r->client[0]);
	br_run(r);
	br_up(&r->client[0]);
	new_driver(r);
	br_flush(&r->client[0], 1);
	br_work(r);
	br_expect(&r->client[0], 1, BLK_OK, 0);
	br_free(r);
}

/* Answered in another order, two flushes cover what the later one does. */
static void flushes_may_pass_each_other(void **state)
{
	struct blk_rig *r = start(1, false);
	struct br_peer *c = &r->client[0];
	struct blk_request early, late, write;

	(void)state;
	br_flush(c, 1);
	br_write(c, 2, 0, 1, 0);
	br_flush(c, 3);
	br_run(r);
	assert_true(br_asked(r, &early));
	assert_true(br_asked(r, &write));
	br_respond(r, write.id, BLK_OK, 1);
	br_run(r);
	assert_true(br_asked(r, &late));
	br_respond(r, late.id, BLK_OK, 0);
	br_respond(r, early.id, BLK_OK, 0);
	br_run(r);
	br_expect(c, 2, BLK_OK, 1);
	br_expect(c, 3, BLK_OK, 0);
	br_expect(c, 1, BLK_OK, 0);
	lose_driver(r);
	new_driver(r);
	br_flush(c, 4);
	br_work(r);
	br_expect(c, 4, BLK_OK, 0);
	br_free(r);
}

/* A write that is answered while a flush is on its way is not covered by it. */
static void a_flush_covers_what_was_before_it(void **state)
{
	struct blk_rig *r = start(1, false);
	struct br_peer *c = &r->client[0];
	struct blk_request flush, write;

	(void)state;
	br_flush(c, 1);
	br_write(c, 2, 0, 1, 0);
	br_run(r);
	assert_true(br_asked(r, &flush));
	assert_true(br_asked(r, &write));
	br_respond(r, write.id, BLK_OK, 1);
	br_respond(r, flush.id, BLK_OK, 0);
	br_run(r);
	br_expect(c, 2, BLK_OK, 1);
	br_expect(c, 1, BLK_OK, 0);
	lose_driver(r);
	new_driver(r);
	br_flush(c, 3);
	br_work(r);
	br_expect(c, 3, BLK_ERROR_IO, 0);
	br_free(r);
}

/* --- the disk ----------------------------------------------------------- */

static void a_disk_may_go_and_come_without_the_driver(void **state)
{
	struct blk_rig *r = start(1, false);
	struct blk_request q;

	(void)state;
	br_read(&r->client[0], 1, 0, 1, 0);
	br_run(r);
	assert_true(br_asked(r, &q));
	br_ready(r, false);
	br_run(r);
	assert_int_equal(r->stats.driver.state, BLK_VIRT_WAITING);
	assert_false(blk_info_is_ready(&r->client[0].info));
	/* The driver is still there, and answers. */
	br_respond(r, q.id, BLK_ERROR_NO_DEVICE, 0);
	br_run(r);
	br_expect(&r->client[0], 1, BLK_ERROR_NO_DEVICE, 0);
	br_ready(r, true);
	br_run(r);
	br_read(&r->client[0], 2, 0, 1, 0);
	br_work(r);
	br_expect(&r->client[0], 2, BLK_OK, 1);
	br_free(r);
}

static void no_link_page_is_a_link_that_is_up(void **state)
{
	struct blk_rig *r = br_make(1);

	(void)state;
	r->config.driver.link = NULL;
	r->client_config[0].queues.link = NULL;
	assert_true(br_init(r));
	br_up(&r->driver);
	br_up(&r->client[0]);
	br_ready(r, true);
	br_read(&r->client[0], 1, 0, 1, 0);
	br_work(r);
	br_expect(&r->client[0], 1, BLK_OK, 1);
	br_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc11_a_client_drains_before_it_goes),
		cmocka_unit_test(hc11_a_successor_waits),
		cmocka_unit_test(a_client_may_come_late_and_go_idle),
		cmocka_unit_test(what_was_not_answered_is_asked_again),
		cmocka_unit_test(a_dead_clients_requests_are_not_asked_again),
		cmocka_unit_test(a_client_whose_part_has_moved_is_cut_off),
		cmocka_unit_test(what_was_not_answered_fails),
		cmocka_unit_test(a_flush_tells_of_lost_writes),
		cmocka_unit_test(flushes_may_pass_each_other),
		cmocka_unit_test(a_flush_covers_what_was_before_it),
		cmocka_unit_test(a_disk_may_go_and_come_without_the_driver),
		cmocka_unit_test(no_link_page_is_a_link_that_is_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
