/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client can neither read nor change one byte of another's part of a disk.
 *
 * Each part of the disk, and what is between them, begins with a pattern of its
 * own, and each client's data region with another.  Hostile clients ask for
 * random things; some go and come back, and the driver dies.  Then every byte
 * of the disk and of the regions is looked at: it may have only the values that
 * its owner could have put there.
 *
 * The driver does as it is asked, or does so and lies about it: no partition
 * survives a driver that writes where it likes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/blk_rig.h"

#define REQUESTS 100000u
#define CLIENTS 3u
/* The second may only read. */
#define READER 1u
/* Parts begin here, in blocks: there is something before, between and behind. */
#define FIRST(client) (4 + (client)*20)
#define BLOCKS(client) (13 + (client))

#define PART_BYTE(client) ((uint8_t)(0x10 + (client)))
#define DATA_BYTE(client) ((uint8_t)(0x20 + (client)))
#define OTHER_BYTE 0x55

/* Whose a block of the disk is; CLIENTS: nobody's. */
static uint32_t owner(uint64_t block)
{
	for (uint32_t i = 0; i < CLIENTS; i++)
		if (block >= FIRST(i) && block < FIRST(i) + BLOCKS(i))
			return i;
	return CLIENTS;
}

static struct blk_rig *start(bool retry)
{
	struct blk_rig *r = br_make(CLIENTS);

	r->config.retry = retry;
	for (uint64_t b = 0; b < BR_DISK; b++) {
		uint32_t who = owner(b);

		memset(r->disk + b * BLK_SIZE,
		       who < CLIENTS ? PART_BYTE(who) : OTHER_BYTE, BLK_SIZE);
	}
	for (uint32_t i = 0; i < CLIENTS; i++) {
		memset(br_data(r, i), DATA_BYTE(i), BR_REGION * BLK_SIZE);
		r->client_config[i].read_only = i == READER;
		r->client_config[i].part.first = (uint64_t)FIRST(i) * BLK_SIZE;
		r->client_config[i].part.size = (uint64_t)BLOCKS(i) * BLK_SIZE;
	}
	assert_true(br_init(r));
	br_up(&r->driver);
	br_ready(r, true);
	br_run(r);
	return r;
}

static bool all_of(const uint8_t *p, size_t n, uint8_t a, uint8_t b)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != a && p[i] != b)
			return false;
	return true;
}

static void look_at_every_byte(struct blk_rig *r)
{
	assert_true(all_of(r->window, BLK_SIZE, 0, 0));
	for (uint32_t i = 0; i < CLIENTS; i++)
		assert_true(all_of(br_data(r, i), BR_REGION * BLK_SIZE,
				   PART_BYTE(i), DATA_BYTE(i)));
	for (uint64_t b = 0; b < BR_DISK; b++) {
		const uint8_t *p = r->disk + b * BLK_SIZE;
		uint32_t who = owner(b);

		if (who == CLIENTS)
			assert_true(
				all_of(p, BLK_SIZE, OTHER_BYTE, OTHER_BYTE));
		else if (who == READER)
			assert_true(all_of(p, BLK_SIZE, PART_BYTE(who),
					   PART_BYTE(who)));
		else
			assert_true(all_of(p, BLK_SIZE, PART_BYTE(who),
					   DATA_BYTE(who)));
	}
}

/* A number that is small, near a border, or anything. */
static uint64_t number(uint64_t *random, uint64_t border)
{
	uint64_t r = br_random(random);

	switch (r >> 59) {
	case 0:
		return r;
	case 1:
		return 0 - (r & 31);
	case 2:
		return r & UINT32_MAX;
	case 3:
	case 4:
		return border + (r & 15) - 8;
	default:
		return r % (border + 1);
	}
}

static void ask_anything(struct blk_rig *r, uint32_t client, uint64_t *random)
{
	uint64_t part = br_random(random) % 2 ? BLOCKS(client) : BR_DISK;
	struct blk_request q = {
		.code = (uint32_t)number(random, 2),
		.block = number(random, part),
		.count = (uint16_t)number(random, 4),
		.io_or_offset = number(random, BR_REGION),
		.id = (uint32_t)number(random, 2 * BR_CAPACITY),
	};

	if (br_random(random) % 8)
		q.io_or_offset *= BLK_SIZE;
	br_ask(&r->client[client], &q);
}

/* What the driver does with a request, and what it says of it. */
static void serve(struct blk_rig *r, bool lie, uint64_t *random)
{
	struct blk_request q;

	while (br_asked(r, &q)) {
		br_perform(r, &q);
		if (lie && br_random(random) % 2)
			br_respond(r, (uint32_t)br_random(random),
				   (uint32_t)number(random, BLK_STATUSES),
				   (uint16_t)number(random, q.count));
		if (!lie || br_random(random) % 8)
			br_respond(r, q.id, lie ? q.id & 1 : BLK_OK, q.count);
		if (lie && br_random(random) % 16 == 0)
			br_respond(r, q.id, BLK_OK, q.count);
	}
}

/* The driver dies: what it was asked is done, in part, and not answered. */
static void kill_driver(struct blk_rig *r, uint64_t *random)
{
	struct blk_request q;

	while (br_random(random) % 4 && br_asked(r, &q))
		br_perform(r, &q);
	br_down(&r->driver);
	br_run(r);
	br_up(&r->driver);
	br_ready(r, true);
	br_run(r);
}

static void storm(struct blk_rig *r, bool lie)
{
	uint64_t random = 7, asked = 0, passed = 0;
	struct blk_response a;

	while (asked < REQUESTS) {
		uint32_t i = (uint32_t)(br_random(&random) % CLIENTS);
		struct br_peer *c = &r->client[i];
		uint64_t r100 = br_random(&random) % 1000;

		if (r->stats.client[i].state == BLK_VIRT_DOWN) {
			br_up(c);
			br_run(r);
		} else if (r100 == 0) {
			br_down(c);
		} else if (r100 == 1) {
			atomic_store(&c->q.requests->ring.tail,
				     (uint32_t)number(&random, UINT32_MAX));
			br_run(r);
			br_down(c);
		} else if (r100 == 2) {
			kill_driver(r, &random);
		} else if (atomic_load(&c->link.epoch) & 1 &&
			   blk_ring_room(&c->put) > 0) {
			ask_anything(r, i, &random);
			asked++;
		}
		if (br_random(&random) % 4 == 0) {
			br_run(r);
			serve(r, lie, &random);
		}
		br_run(r);
		while (atomic_load(&c->link.epoch) & 1 && br_told(c, &a))
			;
	}
	for (uint32_t i = 0; i < CLIENTS; i++)
		passed += r->stats.client[i].requests[BLK_READ] +
			  r->stats.client[i].requests[BLK_WRITE];
	/* Many were fine, so this is a test of those, too. */
	assert_in_range(passed, REQUESTS / 20, REQUESTS);
	assert_true(r->stats.client[0].written_blocks > 1000);
	assert_true(r->stats.client[READER].read_blocks > 1000);
	assert_int_equal(r->stats.client[READER].written_blocks, 0);
}

static void hc47_hostile_clients(void **state)
{
	(void)state;
	for (unsigned int retry = 0; retry < 2; retry++) {
		struct blk_rig *r = start(retry);

		storm(r, false);
		look_at_every_byte(r);
		br_free(r);
	}
}

static void hc47_hostile_clients_and_a_driver_that_lies(void **state)
{
	(void)state;
	for (unsigned int retry = 0; retry < 2; retry++) {
		struct blk_rig *r = start(retry);

		storm(r, true);
		look_at_every_byte(r);
		assert_true(br_lied(r, BLK_VIRT_UNKNOWN_ID) > 1000);
		assert_true(br_lied(r, BLK_VIRT_ANSWERED_TWICE) > 100);
		br_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc47_hostile_clients),
		cmocka_unit_test(hc47_hostile_clients_and_a_driver_that_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
