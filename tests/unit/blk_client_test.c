/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client's end of the block queues: through the virtualiser, and with a
 * server that is hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/blk_rig.h"
#include "virt/blk_client.h"

/* A client whose server the test plays, by the rig's first client's rings. */
struct fixture {
	struct blk_rig *r;
	struct br_peer *peer;
	struct blk_ring_side serve, answer;
	void *memory;
	struct blk_client *c;
};

static struct blk_client_config config_of(struct br_peer *p)
{
	return (struct blk_client_config){
		.requests = p->q.requests,
		.responses = p->q.responses,
		.info = &p->info,
		.capacity = p->q.capacity,
		.data_size = BR_REGION * BLK_SIZE,
		.link = &p->link,
	};
}

static void up(struct fixture *f)
{
	br_up(f->peer);
	blk_ring_init(&f->serve, &f->peer->q.requests->ring, BR_CAPACITY);
	blk_ring_init(&f->answer, &f->peer->q.responses->ring, BR_CAPACITY);
	f->peer->info.capacity = 99;
	f->peer->info.sector_size = 512;
	blk_info_set_ready(&f->peer->info, true);
}

static void start(struct fixture *f)
{
	struct blk_client_config config;
	size_t size;

	f->r = br_make(1);
	f->peer = &f->r->client[0];
	config = config_of(f->peer);
	size = blk_client_size(&config);
	f->memory = aligned_alloc(64, (size + 63) & ~(size_t)63);
	assert_null(blk_client_init(f->memory, size - 1, &config));
	f->c = blk_client_init(f->memory, size, &config);
	assert_non_null(f->c);
}

static void stop(struct fixture *f)
{
	free(f->memory);
	br_free(f->r);
}

static bool ask(struct fixture *f, enum blk_code code, uint64_t user)
{
	return blk_client_ask(f->c, &(struct blk_question){ .code = code,
							    .count = 2,
							    .block = 7,
							    .offset = BLK_SIZE,
							    .user = user });
}

static struct blk_request asked(struct fixture *f)
{
	struct blk_request q;

	assert_true(blk_ring_pending(&f->serve) > 0);
	q = blk_request_peek(&f->serve, 0);
	blk_ring_release(&f->serve, 1);
	return q;
}

static void respond(struct fixture *f, uint32_t id, uint32_t status,
		    uint16_t count)
{
	blk_response_put(&f->answer,
			 &(struct blk_response){ .status = status,
						 .success_count = count,
						 .id = id });
	blk_ring_publish(&f->answer);
}

static void expect(struct fixture *f, uint64_t user, enum blk_status status,
		   uint16_t count)
{
	struct blk_answer a;

	assert_int_equal(blk_client_poll(f->c, &a, 1), 1);
	assert_int_equal(a.user, user);
	assert_int_equal(a.status, status);
	assert_int_equal(a.count, count);
}

static void expect_none(struct fixture *f)
{
	struct blk_answer a;

	assert_int_equal(blk_client_poll(f->c, &a, 1), 0);
}

/* --- questions and answers ---------------------------------------------- */

static void a_question_is_answered(void **state)
{
	struct fixture f;
	struct blk_request q;

	(void)state;
	start(&f);
	assert_int_equal(blk_client_state(f.c), BLK_CLIENT_DOWN);
	assert_false(ask(&f, BLK_READ, 1));
	br_up(f.peer);
	assert_int_equal(blk_client_state(f.c), BLK_CLIENT_WAITING);
	assert_false(ask(&f, BLK_READ, 1));
	up(&f);
	assert_int_equal(blk_client_state(f.c), BLK_CLIENT_UP);
	assert_int_equal(blk_client_geometry(f.c)->capacity, 99);

	assert_true(ask(&f, BLK_READ, 0x1122334455667788));
	assert_true(ask(&f, BLK_FLUSH, 5));
	assert_int_equal(blk_ring_pending(&f.serve), 0);
	assert_true(blk_client_submit(f.c));
	assert_false(blk_client_submit(f.c));
	q = asked(&f);
	assert_int_equal(q.code, BLK_READ);
	assert_int_equal(q.block, 7);
	assert_int_equal(q.count, 2);
	assert_int_equal(q.io_or_offset, BLK_SIZE);
	respond(&f, q.id, BLK_OK, 2);
	q = asked(&f);
	assert_int_equal(q.code, BLK_FLUSH);
	assert_int_equal(q.count, 0);
	assert_int_equal(blk_client_outstanding(f.c), 2);
	respond(&f, q.id, BLK_ERROR_IO, 9);
	expect(&f, 0x1122334455667788, BLK_OK, 2);
	expect(&f, 5, BLK_ERROR_IO, 0);
	expect_none(&f);
	assert_int_equal(blk_client_counters(f.c).bad_answers, 0);
	assert_int_equal(blk_client_outstanding(f.c), 0);
	stop(&f);
}

static void no_more_questions_than_answers_have_room(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	up(&f);
	for (uint32_t i = 0; i < BR_CAPACITY; i++)
		assert_true(ask(&f, BLK_WRITE, i));
	assert_false(ask(&f, BLK_WRITE, 99));
	blk_client_submit(f.c);
	for (uint32_t i = 0; i < BR_CAPACITY; i++)
		respond(&f, asked(&f).id, BLK_OK, 2);
	/* Answered, but not polled. */
	assert_false(ask(&f, BLK_WRITE, 99));
	expect(&f, 0, BLK_OK, 2);
	assert_true(ask(&f, BLK_WRITE, 99));
	stop(&f);
}

static void questions_that_make_no_sense(void **state)
{
	static const struct blk_question bad[] = {
		{ .code = BLK_CODES, .count = 1 },
		{ .code = BLK_READ, .count = 0 },
		{ .code = BLK_READ, .count = 1, .offset = 512 },
		{ .code = BLK_READ, .count = BR_REGION + 1 },
		{ .code = BLK_READ, .count = 2, .offset = 7 * BLK_SIZE },
		{ .code = BLK_READ, .count = 1, .offset = 0 - BLK_SIZE },
	};
	struct fixture f;

	(void)state;
	start(&f);
	up(&f);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(blk_client_ask(f.c, &bad[i]));
	assert_false(blk_client_submit(f.c));
	stop(&f);
}

/* --- links -------------------------------------------------------------- */

static void
hc11_what_is_outstanding_is_answered_when_the_link_goes(void **state)
{
	struct fixture f;
	struct blk_request q;

	(void)state;
	start(&f);
	up(&f);
	for (uint32_t i = 0; i < 3; i++)
		assert_true(ask(&f, BLK_READ, i));
	blk_client_submit(f.c);
	q = asked(&f);
	respond(&f, q.id, BLK_OK, 2);
	expect(&f, 0, BLK_OK, 2);
	br_down(f.peer);
	expect(&f, 1, BLK_ERROR_NO_DEVICE, 0);
	assert_true(blk_client_arm(f.c));
	up(&f);
	/* New questions do not take the place of those. */
	for (uint32_t i = 0; i < BR_CAPACITY - 1; i++)
		assert_true(ask(&f, BLK_READ, 10 + i));
	assert_false(ask(&f, BLK_READ, 99));
	assert_true(blk_client_submit(f.c));
	expect(&f, 2, BLK_ERROR_NO_DEVICE, 0);
	expect_none(&f);
	respond(&f, asked(&f).id, BLK_OK, 2);
	expect(&f, 10, BLK_OK, 2);
	assert_int_equal(blk_client_counters(f.c).resets, 2);
	stop(&f);
}

static void a_server_without_a_disk_is_waited_for(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	up(&f);
	assert_true(ask(&f, BLK_READ, 1));
	blk_client_submit(f.c);
	blk_info_set_ready(&f.peer->info, false);
	assert_true(blk_client_arm(f.c));
	assert_int_equal(blk_client_state(f.c), BLK_CLIENT_WAITING);
	assert_false(ask(&f, BLK_READ, 2));
	respond(&f, asked(&f).id, BLK_ERROR_NO_DEVICE, 0);
	expect(&f, 1, BLK_ERROR_NO_DEVICE, 0);
	blk_info_set_ready(&f.peer->info, true);
	assert_true(ask(&f, BLK_READ, 2));
	stop(&f);
}

static void arming_looks_once_more(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	up(&f);
	assert_true(ask(&f, BLK_READ, 1));
	assert_true(blk_client_submit(f.c));
	blk_say_awake(&f.peer->q.requests->server_awake);
	assert_true(ask(&f, BLK_READ, 2));
	assert_false(blk_client_submit(f.c));
	assert_false(blk_sleeps(&f.peer->q.requests->client_awake));
	assert_false(blk_client_arm(f.c));
	assert_true(blk_sleeps(&f.peer->q.requests->client_awake));
	respond(&f, asked(&f).id, BLK_OK, 2);
	assert_true(blk_client_arm(f.c));
	assert_false(blk_sleeps(&f.peer->q.requests->client_awake));
	stop(&f);
}

/* --- a hostile server --------------------------------------------------- */

static void hc07_answers_to_nothing_are_dropped(void **state)
{
	struct fixture f;
	struct blk_request q;

	(void)state;
	start(&f);
	up(&f);
	assert_true(ask(&f, BLK_READ, 1));
	blk_client_submit(f.c);
	q = asked(&f);
	respond(&f, q.id + 1, BLK_OK, 2);
	respond(&f, BR_CAPACITY, BLK_OK, 2);
	respond(&f, UINT32_MAX, BLK_OK, 2);
	respond(&f, q.id, BLK_OK, 2);
	respond(&f, q.id, BLK_OK, 2);
	expect(&f, 1, BLK_OK, 2);
	expect_none(&f);
	assert_int_equal(blk_client_counters(f.c).bad_answers, 4);
	stop(&f);
}

static void hc07_an_answer_claims_no_more_than_was_asked(void **state)
{
	static const struct blk_response lie[] = {
		{ .status = BLK_STATUSES },
		{ .status = UINT32_MAX },
		{ .status = BLK_OK, .success_count = 3 },
		{ .status = BLK_OK, .success_count = 1 },
		{ .status = BLK_ERROR_IO, .success_count = 3 },
	};
	struct fixture f;

	(void)state;
	start(&f);
	up(&f);
	for (unsigned int i = 0; i < sizeof(lie) / sizeof(lie[0]); i++) {
		assert_true(ask(&f, BLK_READ, i));
		blk_client_submit(f.c);
		respond(&f, asked(&f).id, lie[i].status, lie[i].success_count);
		expect(&f, i, BLK_ERROR_IO, 0);
		assert_int_equal(blk_client_counters(f.c).bad_answers, i + 1);
	}
	stop(&f);
}

static void hc24_forged_indices_are_a_fault(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct fixture f;

		start(&f);
		up(&f);
		assert_true(ask(&f, BLK_READ, 1));
		blk_client_submit(f.c);
		if (i == 0)
			atomic_store(&f.peer->q.responses->ring.tail, 1000);
		else
			atomic_store(&f.peer->q.requests->ring.head, 1000);
		expect_none(&f);
		assert_false(ask(&f, BLK_READ, 2));
		assert_int_equal(blk_client_state(f.c), BLK_CLIENT_FAULT);
		assert_int_equal(blk_client_counters(f.c).faults, 1);
		assert_false(blk_client_arm(f.c));
		br_down(f.peer);
		expect(&f, 1, BLK_ERROR_NO_DEVICE, 0);
		up(&f);
		assert_true(ask(&f, BLK_READ, 2));
		stop(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_answered),
		cmocka_unit_test(no_more_questions_than_answers_have_room),
		cmocka_unit_test(questions_that_make_no_sense),
		cmocka_unit_test(
			hc11_what_is_outstanding_is_answered_when_the_link_goes),
		cmocka_unit_test(a_server_without_a_disk_is_waited_for),
		cmocka_unit_test(arming_looks_once_more),
		cmocka_unit_test(hc07_answers_to_nothing_are_dropped),
		cmocka_unit_test(hc07_an_answer_claims_no_more_than_was_asked),
		cmocka_unit_test(hc24_forged_indices_are_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
