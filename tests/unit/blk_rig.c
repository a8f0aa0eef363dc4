/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/blk_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hash.h"

static void *zeroed(size_t size)
{
	void *p = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);

	if (p == NULL)
		abort();
	return memset(p, 0, size);
}

static void make_peer(struct br_peer *p, uint32_t capacity)
{
	p->q = (struct blk_virt_queues){
		.requests = zeroed(blk_request_region_size(capacity)),
		.responses = zeroed(blk_response_region_size(capacity)),
		.info = &p->info,
		.capacity = capacity,
		.link = &p->link,
	};
}

static void free_peer(struct br_peer *p)
{
	free(p->q.requests);
	free(p->q.responses);
}

struct blk_rig *br_make(uint32_t clients)
{
	struct blk_rig *r = zeroed(sizeof(*r));

	make_peer(&r->driver, clients * BR_CAPACITY < 8 ? 8 : 32);
	r->window = zeroed((1 + BR_CLIENTS * BR_REGION) * BLK_SIZE);
	r->disk = zeroed(BR_DISK * BLK_SIZE);
	for (uint32_t i = 0; i < clients; i++) {
		make_peer(&r->client[i], BR_CAPACITY);
		r->client_config[i] = (struct blk_virt_client_config){
			.queues = r->client[i].q,
			.data = br_data(r, i),
			.data_size = BR_REGION * BLK_SIZE,
			.window = BR_WINDOW + (1 + i * BR_REGION) * BLK_SIZE,
			.part = { .first = (uint64_t)i * BR_PART * BLK_SIZE,
				  .size = BR_PART * BLK_SIZE },
		};
	}
	r->config = (struct blk_virt_config){
		.driver = r->driver.q,
		.client = r->client_config,
		.clients = clients,
		.table = r->window,
		.table_window = BR_WINDOW,
		.seed = 1,
		.stats = &r->stats,
	};
	return r;
}

bool br_init(struct blk_rig *r)
{
	size_t size = blk_virt_size(&r->config);

	if (size == 0)
		return false;
	r->memory = zeroed(size);
	r->v = blk_virt_init(r->memory, size, &r->config);
	return r->v != NULL;
}

struct blk_rig *br_start(uint32_t clients)
{
	struct blk_rig *r = br_make(clients);

	assert_true(br_init(r));
	br_up(&r->driver);
	for (uint32_t i = 0; i < clients; i++)
		br_up(&r->client[i]);
	br_ready(r, true);
	br_run(r);
	return r;
}

void br_free(struct blk_rig *r)
{
	free_peer(&r->driver);
	for (uint32_t i = 0; i < BR_CLIENTS; i++)
		free_peer(&r->client[i]);
	free(r->window);
	free(r->disk);
	free(r->memory);
	free(r);
}

void br_run(struct blk_rig *r)
{
	r->ring = (struct blk_virt_ring){ 0 };
	while (blk_virt_run(r->v, &r->ring))
		;
}

void br_down(struct br_peer *p)
{
	uint32_t epoch = atomic_load(&p->link.epoch);

	atomic_store(&p->link.epoch, epoch + (epoch & 1));
}

static void reset(struct br_peer *p)
{
	memset(p->q.requests, 0, blk_request_region_size(p->q.capacity));
	memset(p->q.responses, 0, blk_response_region_size(p->q.capacity));
	blk_ring_init(&p->put, &p->q.requests->ring, p->q.capacity);
	blk_ring_init(&p->get, &p->q.responses->ring, p->q.capacity);
}

void br_up(struct br_peer *p)
{
	uint32_t epoch = atomic_load(&p->link.epoch);

	reset(p);
	atomic_store(&p->link.epoch, epoch + 1 + (epoch & 1));
}

/* The driver's rings are the other way round. */
static void turn(struct br_peer *p)
{
	struct blk_ring_side put = p->put;

	if (p->put.shared != &p->q.requests->ring)
		return;
	p->put = p->get;
	p->get = put;
}

void br_ready(struct blk_rig *r, bool ready)
{
	turn(&r->driver);
	r->driver.info.sector_size = 512;
	r->driver.info.block_size = 1;
	r->driver.info.capacity = BR_DISK;
	blk_info_set_ready(&r->driver.info, ready);
}

/* --- a client ----------------------------------------------------------- */

void br_ask(struct br_peer *client, const struct blk_request *r)
{
	blk_request_put(&client->put, r);
	blk_ring_publish(&client->put);
}

static void ask(struct br_peer *client, uint32_t code, uint32_t id,
		uint64_t block, uint16_t count, uint64_t offset)
{
	br_ask(client, &(struct blk_request){ .code = code,
					      .io_or_offset = offset * BLK_SIZE,
					      .block = block,
					      .count = count,
					      .id = id });
}

void br_read(struct br_peer *client, uint32_t id, uint64_t block,
	     uint16_t count, uint64_t offset)
{
	ask(client, BLK_READ, id, block, count, offset);
}

void br_write(struct br_peer *client, uint32_t id, uint64_t block,
	      uint16_t count, uint64_t offset)
{
	ask(client, BLK_WRITE, id, block, count, offset);
}

void br_flush(struct br_peer *client, uint32_t id)
{
	ask(client, BLK_FLUSH, id, 0, 0, 0);
}

void br_barrier(struct br_peer *client, uint32_t id)
{
	ask(client, BLK_BARRIER, id, 0, 0, 0);
}

bool br_told(struct br_peer *client, struct blk_response *r)
{
	if (blk_ring_pending(&client->get) == 0)
		return false;
	*r = blk_response_peek(&client->get, 0);
	blk_ring_release(&client->get, 1);
	return true;
}

void br_expect(struct br_peer *client, uint32_t id, uint32_t status,
	       uint16_t count)
{
	struct blk_response r;

	assert_true(br_told(client, &r));
	assert_int_equal(r.id, id);
	assert_int_equal(r.status, status);
	assert_int_equal(r.success_count, count);
}

void br_expect_none(struct br_peer *client)
{
	assert_int_equal(blk_ring_pending(&client->get), 0);
}

uint8_t *br_data(struct blk_rig *r, uint32_t client)
{
	return r->window + (1 + (size_t)client * BR_REGION) * BLK_SIZE;
}

/* --- the driver --------------------------------------------------------- */

bool br_asked(struct blk_rig *r, struct blk_request *request)
{
	turn(&r->driver);
	if (blk_ring_pending(&r->driver.get) == 0)
		return false;
	*request = blk_request_peek(&r->driver.get, 0);
	blk_ring_release(&r->driver.get, 1);
	return true;
}

void br_respond(struct blk_rig *r, uint32_t id, uint32_t status, uint16_t count)
{
	blk_response_put(&r->driver.put,
			 &(struct blk_response){ .status = status,
						 .success_count = count,
						 .id = id });
	blk_ring_publish(&r->driver.put);
}

void br_perform(struct blk_rig *r, const struct blk_request *request)
{
	uint64_t window = (1 + BR_CLIENTS * BR_REGION) * BLK_SIZE;
	uint64_t at = request->io_or_offset - BR_WINDOW;
	uint64_t size = (uint64_t)request->count * BLK_SIZE;

	assert_int_not_equal(request->code, BLK_BARRIER);
	if (request->code == BLK_FLUSH)
		return;
	assert_in_range(request->count, 1, BR_DISK);
	assert_in_range(request->block, 0, BR_DISK - request->count);
	assert_in_range(at, 0, window - size);
	if (request->code == BLK_READ)
		memcpy(r->window + at, r->disk + request->block * BLK_SIZE,
		       size);
	else
		memcpy(r->disk + request->block * BLK_SIZE, r->window + at,
		       size);
}

void br_work(struct blk_rig *r)
{
	struct blk_request request;

	br_run(r);
	while (br_asked(r, &request)) {
		br_perform(r, &request);
		br_respond(r, request.id, BLK_OK, request.count);
		br_run(r);
	}
}

/* --- counters and numbers ----------------------------------------------- */

uint64_t br_refused(const struct blk_rig *r, uint32_t client,
		    enum blk_virt_reason why)
{
	return r->stats.client[client].refused[why];
}

uint64_t br_lied(const struct blk_rig *r, enum blk_virt_reason why)
{
	return r->stats.driver.refused[why];
}

uint64_t br_random(uint64_t *state)
{
	*state += 1;
	return hash_next(*state);
}
