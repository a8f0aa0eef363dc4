/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM's block requests in plain memory: the disk is the test's, which
 * decides when it has done what, and so is the other side of the queues.
 */
#ifndef WEIR_TESTS_UNIT_DRIVER_BLK_RIG_H
#define WEIR_TESTS_UNIT_DRIVER_BLK_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/blk_ring.h"
#include "driver_vm/blk.h"

#define DB_CAPACITY 128u
#define DB_BLOCKS 256u
#define DB_WINDOW ((size_t)64 * BLK_SIZE)

/* A request at the disk. */
struct db_begun {
	unsigned int tag;
	enum blk_code code;
	uint8_t *data;
	size_t len;
	uint64_t at;
};

/**
 * struct db_disk - a disk in memory
 * @begun:  what it was asked for and has not done, @n of them, oldest first
 * @given:  how many of them it was given by submit()
 * @tag, @result: what it has done, @ended of them
 */
struct db_disk {
	struct blk_disk disk;
	uint8_t *memory;
	struct db_begun begun[BLK_DEPTH];
	unsigned int n, given;
	unsigned int tag[BLK_DEPTH];
	int result[BLK_DEPTH];
	unsigned int ended;
	const uint8_t *lower, *upper; /* where data may be */
};

/**
 * struct db_rig - both sides of a connection
 * @blk: under test
 * @requests, @responses: the other side's halves
 */
struct db_rig {
	struct blk blk;
	struct blk_config config;
	struct db_disk disk;
	struct link_page link;
	struct driver_blk_status status;
	struct blk_info info;
	uint32_t doorbell[3];
	struct blk_ring_side requests, responses;
};

struct db_rig *db_make(bool bounce);
void db_free(struct db_rig *r);
void db_down(struct db_rig *r);
void db_up(struct db_rig *r);

/* Ask, and publish. */
void db_ask(struct db_rig *r, uint32_t id, uint32_t code, uint64_t offset,
	    uint64_t block, uint16_t count);

/* The disk does the oldest @count: reads, writes, or fails. */
void db_do(struct db_rig *r, unsigned int count);
/* It ends request @index of @begun with @result, and does nothing. */
void db_end(struct db_rig *r, unsigned int index, int result);

/* Take a response; false if there is none. */
bool db_take(struct db_rig *r, struct blk_response *out);
/* There is one, for @id, with this status and count. */
void db_answered(struct db_rig *r, uint32_t id, enum blk_status status,
		 uint16_t count);
void db_unanswered(struct db_rig *r);

/* As the loop does, until it would sleep; it must not take for ever. */
void db_run(struct db_rig *r);

#endif
