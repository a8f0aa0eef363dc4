/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM's program at the real block virtualiser, with clients: the disk
 * is played by the test.  Each side runs only when it has been notified.
 */
#include "tests/unit/driver_blk_rig.h"

#include "tests/unit/blk_disk_rig.h"
#include "virt/blk_client.h"
#include "virt/blk_virt.h"

#define CLIENTS 2u
#define CAPACITY 16u
#define REGION (16u * BLK_SIZE)
/* Blocks of a partition; the first one begins behind the table. */
#define PART 64u

/* A client, and its side of the connection. */
struct client {
	struct blk_virt_queues q;
	struct blk_info info;
	uint8_t *data;
	void *memory;
	struct blk_client *c;
	bool bell;
};

struct chain {
	struct db_rig *r;
	void *memory;
	struct blk_virt *v;
	bool virt_bell, driver_bell;
	uint64_t doorbells; /* that were heard */
	struct client client[CLIENTS];
	unsigned int visits; /* of the virtualiser */
};

static void *zeroed(size_t size)
{
	void *p = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);

	assert_non_null(p);
	return memset(p, 0, size);
}

static void make_client(struct chain *t, unsigned int i)
{
	struct client *k = &t->client[i];
	struct blk_client_config config = {
		.requests = zeroed(blk_request_region_size(CAPACITY)),
		.responses = zeroed(blk_response_region_size(CAPACITY)),
		.info = &k->info,
		.capacity = CAPACITY,
		.data_size = REGION,
	};

	k->q = (struct blk_virt_queues){ .requests = config.requests,
					 .responses = config.responses,
					 .info = &k->info,
					 .capacity = CAPACITY };
	k->data = t->r->config.window + BLK_SIZE + (size_t)i * REGION;
	k->memory = zeroed(blk_client_size(&config));
	k->c = blk_client_init(k->memory, blk_client_size(&config), &config);
	assert_non_null(k->c);
}

static void make_virt(struct chain *t, bool retry)
{
	struct blk_virt_client_config client[CLIENTS];
	const struct blk_config *d = &t->r->config;
	struct blk_virt_config config = {
		.driver = { .requests = d->requests,
			    .responses = d->responses,
			    .info = d->info,
			    .capacity = d->capacity,
			    .link = d->link },
		.client = client,
		.clients = CLIENTS,
		.table = d->window,
		.retry = retry,
	};
	size_t size;

	for (unsigned int i = 0; i < CLIENTS; i++)
		client[i] = (struct blk_virt_client_config){
			.queues = t->client[i].q,
			.data_size = REGION,
			.window = BLK_SIZE + (uint64_t)i * REGION,
			.part.number = i + 1,
		};
	size = blk_virt_size(&config);
	t->memory = zeroed(size);
	t->v = blk_virt_init(t->memory, size, &config);
	assert_non_null(t->v);
}

static void visit_virt(struct chain *t)
{
	struct blk_virt_ring ring = { 0 };

	t->virt_bell = false;
	do {
		while (blk_virt_run(t->v, &ring))
			t->visits++;
		t->visits++;
	} while (blk_virt_arm(t->v));
	t->driver_bell |= ring.driver;
	for (unsigned int i = 0; i < CLIENTS; i++)
		t->client[i].bell |= ring.clients >> i & 1;
}

static void visit_driver(struct chain *t)
{
	t->driver_bell = false;
	db_run(t->r);
	t->virt_bell |= t->r->blk.count.doorbells != t->doorbells;
	t->doorbells = t->r->blk.count.doorbells;
}

/* Until nobody has been notified and the disk has nothing to do. */
static void settle(struct chain *t)
{
	unsigned int rounds = 0;

	while (t->virt_bell || t->driver_bell || t->r->disk.given > 0) {
		assert_true(rounds++ < 10000);
		if (t->virt_bell)
			visit_virt(t);
		if (t->driver_bell)
			visit_driver(t);
		if (t->r->disk.given > 0) {
			db_do(t->r, t->r->disk.given);
			t->driver_bell = true;
		}
	}
}

static void start(struct chain *t, bool retry, bool bounce)
{
	struct db_rig *r = db_make(bounce);
	struct bd_gpt g = { .disk = r->disk.memory,
			    .sector_size = 512,
			    .sectors = DB_BLOCKS * 8,
			    .entries = 128,
			    .entry_size = 128 };

	*t = (struct chain){ .r = r };
	bd_gpt(&g);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		uint64_t first = (8 + (uint64_t)i * PART) * 8;

		bd_gpt_part(&g, i + 1, first, first + (PART * 8) - 1, "part");
		make_client(t, i);
	}
	make_virt(t, retry);
	t->virt_bell = true;
	settle(t);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		assert_true(t->client[i].bell);
		assert_int_equal(blk_client_state(t->client[i].c),
				 BLK_CLIENT_UP);
		assert_int_equal(blk_client_geometry(t->client[i].c)->capacity,
				 PART);
	}
}

static void stop(struct chain *t)
{
	for (unsigned int i = 0; i < CLIENTS; i++) {
		free(t->client[i].q.requests);
		free(t->client[i].q.responses);
		free(t->client[i].memory);
	}
	free(t->memory);
	db_free(t->r);
}

static void ask(struct chain *t, unsigned int i, enum blk_code code,
		uint64_t block, uint16_t count, uint64_t place)
{
	assert_true(blk_client_ask(
		t->client[i].c,
		&(struct blk_question){ .code = code,
					.count = count,
					.block = block,
					.offset = place * BLK_SIZE,
					.user = place }));
	t->virt_bell |= blk_client_submit(t->client[i].c);
}

/* All that is outstanding is answered well; how many that was. */
static unsigned int expect_ok(struct chain *t, unsigned int i)
{
	struct blk_answer a;
	unsigned int n = 0;

	while (blk_client_poll(t->client[i].c, &a, 1) == 1) {
		assert_int_equal(a.status, BLK_OK);
		n++;
	}
	assert_int_equal(blk_client_outstanding(t->client[i].c), 0);
	return n;
}

static void write_and_read(bool bounce)
{
	struct chain t;

	start(&t, false, bounce);
	for (unsigned int i = 0; i < CLIENTS; i++)
		for (unsigned int b = 0; b < 16; b++)
			memset(t.client[i].data + (size_t)b * BLK_SIZE,
			       (int)(16 * (i + 1) + b), BLK_SIZE);
	for (uint16_t n = 0; n < 4; n++) {
		ask(&t, 0, BLK_WRITE, n * 16, 16, 0);
		ask(&t, 1, BLK_WRITE, n * 16, 16, 0);
		settle(&t);
	}
	ask(&t, 0, BLK_FLUSH, 0, 0, 0);
	settle(&t);
	assert_int_equal(expect_ok(&t, 0), 5);
	assert_int_equal(expect_ok(&t, 1), 4);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		memset(t.client[i].data, 0, REGION);
		for (uint16_t b = 0; b < 16; b++)
			ask(&t, i, BLK_READ, 48 + 15 - b, 1, b);
	}
	settle(&t);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		assert_int_equal(expect_ok(&t, i), 16);
		for (unsigned int b = 0; b < 16; b++)
			assert_int_equal(
				t.client[i].data[(size_t)b * BLK_SIZE + b],
				16 * (i + 1) + 15 - b);
	}
	assert_int_equal(blk_virt_stats(t.v)->driver.outstanding, 0);
	assert_int_equal(t.r->blk.count.bad_requests, 0);
	stop(&t);
}

static void clients_write_and_read(void **state)
{
	(void)state;
	write_and_read(false);
	write_and_read(true);
}

/* A batch is one notification each way, not one for each request. */
static void a_batch_is_notified_once(void **state)
{
	struct chain t;
	uint64_t before;

	(void)state;
	start(&t, false, false);
	before = t.doorbells;
	for (uint16_t b = 0; b < CAPACITY; b++)
		ask(&t, 0, BLK_READ, b, 1, b);
	settle(&t);
	assert_int_equal(expect_ok(&t, 0), CAPACITY);
	assert_in_range(t.doorbells - before, 1, 2);
	stop(&t);
}

static void a_driver_that_comes_back_is_asked_again(void **state)
{
	struct chain t;

	(void)state;
	start(&t, true, false);
	memset(t.client[1].data, 0x77, REGION);
	ask(&t, 0, BLK_READ, 0, 4, 0);
	ask(&t, 1, BLK_WRITE, 0, 4, 0);
	visit_virt(&t);
	visit_driver(&t);
	assert_true(t.r->disk.given > 0);
	/* It goes with that at the disk, which does it or not. */
	blk_info_set_ready(&t.r->info, false);
	db_down(t.r);
	t.virt_bell = t.driver_bell = true;
	settle(&t);
	for (unsigned int i = 0; i < CLIENTS; i++)
		assert_int_equal(blk_client_outstanding(t.client[i].c), 1);
	db_up(t.r);
	t.driver_bell = t.virt_bell = true;
	settle(&t);
	assert_int_equal(expect_ok(&t, 0), 1);
	assert_int_equal(expect_ok(&t, 1), 1);
	assert_int_equal(blk_virt_stats(t.v)->driver.retried, 2);
	assert_int_equal(t.r->disk.memory[(size_t)(8 + PART) * BLK_SIZE], 0x77);
	stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_write_and_read),
		cmocka_unit_test(a_batch_is_notified_once),
		cmocka_unit_test(a_driver_that_comes_back_is_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
