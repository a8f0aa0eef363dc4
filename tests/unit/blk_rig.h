/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A block virtualiser in plain memory, with clients and a driver that can be
 * honest or not, and a disk in memory behind the driver.
 *
 * The window is one piece of memory: a page for the partition table, then the
 * clients' data regions, each BR_REGION blocks.
 */
#ifndef WEIR_TESTS_BLK_RIG_H
#define WEIR_TESTS_BLK_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/blk_ring.h"
#include "virt/blk_virt.h"

#define BR_CLIENTS 4u
/* Blocks of the disk, of a client's part of it, and of a data region. */
#define BR_DISK 64u
#define BR_PART 16u
#define BR_REGION 8u
/* Slots of a client's rings. */
#define BR_CAPACITY 8u
/* What the driver calls the window's first byte. */
#define BR_WINDOW 0xffff8000ull

/**
 * struct br_peer - a client or the driver, as a test plays it
 * @link: its link page
 * @info: its page
 * @put:  what it puts: a client requests, the driver responses
 * @get:  what it gets
 */
struct br_peer {
	struct blk_virt_queues q;
	struct link_page link;
	struct blk_info info;
	struct blk_ring_side put;
	struct blk_ring_side get;
};

struct blk_rig {
	void *memory;
	struct blk_virt *v;
	struct blk_virt_config config;
	struct blk_virt_client_config client_config[BR_CLIENTS];
	struct blk_virt_stats stats;
	struct br_peer driver;
	struct br_peer client[BR_CLIENTS];
	uint8_t *window;
	uint8_t *disk;
	/* Of the last blk_rig_run(). */
	struct blk_virt_ring ring;
};

/**
 * br_make - everything but the virtualiser; rig->config may be changed
 * @clients: client i has blocks i * BR_PART to (i + 1) * BR_PART - 1
 */
struct blk_rig *br_make(uint32_t clients);

/**
 * br_init - make the virtualiser from rig->config
 *
 * Return: whether it accepted the configuration.
 */
bool br_init(struct blk_rig *r);

/**
 * br_start - both of the above, links up, disk ready, first run done
 */
struct blk_rig *br_start(uint32_t clients);
void br_free(struct blk_rig *r);

/**
 * br_run - run until there is no more to do; whom to notify is in rig->ring
 */
void br_run(struct blk_rig *r);

/**
 * br_down, br_up - what the monitor does to a link; br_up() zeroes the rings
 */
void br_down(struct br_peer *p);
void br_up(struct br_peer *p);

/**
 * br_ready - the driver says whether its disk is ready
 */
void br_ready(struct blk_rig *r, bool ready);

/**
 * br_ask - a client puts a request, published at once
 */
void br_ask(struct br_peer *client, const struct blk_request *r);

/* The same, of a request in words; @offset in blocks of the region. */
void br_read(struct br_peer *client, uint32_t id, uint64_t block,
	     uint16_t count, uint64_t offset);
void br_write(struct br_peer *client, uint32_t id, uint64_t block,
	      uint16_t count, uint64_t offset);
void br_flush(struct br_peer *client, uint32_t id);
void br_barrier(struct br_peer *client, uint32_t id);

/**
 * br_told - a client takes a response
 *
 * Return: false if there is none.
 */
bool br_told(struct br_peer *client, struct blk_response *r);

/* One is there, and it is this. */
void br_expect(struct br_peer *client, uint32_t id, uint32_t status,
	       uint16_t count);
void br_expect_none(struct br_peer *client);

/**
 * br_asked - the driver takes a request
 *
 * Return: false if there is none.
 */
bool br_asked(struct blk_rig *r, struct blk_request *request);

/**
 * br_respond - the driver puts a response, published at once
 */
void br_respond(struct blk_rig *r, uint32_t id, uint32_t status,
		uint16_t count);

/**
 * br_perform - do a request on the disk in memory; fails the test if it touches
 * what is not the disk's or not the window's
 */
void br_perform(struct blk_rig *r, const struct blk_request *request);

/**
 * br_work - an honest driver performs and answers all requests, until the
 * virtualiser has no more
 */
void br_work(struct blk_rig *r);

/* A client's region. */
uint8_t *br_data(struct blk_rig *r, uint32_t client);

/**
 * br_refused - how often a client was refused for a reason
 */
uint64_t br_refused(const struct blk_rig *r, uint32_t client,
		    enum blk_virt_reason why);

/* The same of the driver. */
uint64_t br_lied(const struct blk_rig *r, enum blk_virt_reason why);

/**
 * br_random - the next of a sequence of random numbers
 */
uint64_t br_random(uint64_t *state);

#endif
