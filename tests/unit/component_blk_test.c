/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The glue around the block virtualiser: which regions and channels are whose,
 * what run() and arm() tell the loop, and what the monitor hears.
 *
 * No PD and no sandbox; regions are ordinary memory.  What the virtualiser does
 * with requests is tests/unit/blk_*.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/blk_ring.h"
#include "virt/blk_virt.h"
#include "vmm/linux/pd/loop.h"

#define CAPACITY 16u
#define REGION (8u * BLK_SIZE)

/* Sides, and their channels: two clients, the driver; then the monitor's. */
enum { ALICE, BOB, DRIVER, SIDES, CTL = SIDES, CHANNELS };

enum { REQUESTS, RESPONSES, INFO, LINK, PER_SIDE };

enum { TABLE = SIDES * PER_SIDE, STATS, SLOTS };

static struct {
	struct boot_record *record;
	struct pd *pd;
	struct component *c;
	int log[2];
	struct blk_ring_side put[SIDES];
	struct blk_ring_side get[SIDES];
} t;

static void *region(uint32_t side, uint32_t what)
{
	return pd_region(t.c, side * PER_SIDE + what, NULL);
}

static struct sys_blk_wire wire(uint32_t side)
{
	return (struct sys_blk_wire){
		.request = side * PER_SIDE + REQUESTS,
		.response = side * PER_SIDE + RESPONSES,
		.data = SYS_NONE,
		.info = side * PER_SIDE + INFO,
		.link = side * PER_SIDE + LINK,
		.channel = side,
		.capacity = CAPACITY,
		.data_size = REGION,
	};
}

static size_t slot_size(uint32_t slot)
{
	return slot == STATS ? sizeof(struct blk_virt_stats) : 4096;
}

static int set_up(void **state)
{
	size_t size = boot_size(1, CHANNELS, SLOTS);
	struct error err = { "" };
	struct sys_component *cfg;

	(void)state;
	t.record = calloc(1, size);
	t.record->magic = BOOT_MAGIC;
	t.record->size = size;
	t.record->n_comps = 1;
	t.record->n_chans = CHANNELS;
	t.record->n_maps = SLOTS;
	cfg = &boot_comps(t.record)[0].cfg;
	cfg->kind = SYS_BLK_VIRT;
	cfg->blk_virt = (struct sys_blk_virt){
		.driver = wire(DRIVER),
		.table = TABLE,
		.stats = STATS,
		.ctl_channel = CTL,
		.n_clients = 2,
		.client = { [ALICE] = { .name = "alice.disk0",
					.wire = wire(ALICE),
					.window = BLK_SIZE },
			    [BOB] = { .name = "bob.disk0",
				      .wire = wire(BOB),
				      .window = BLK_SIZE + REGION,
				      .partition.number = 2 } },
	};
	for (unsigned int i = 0; i < CHANNELS; i++)
		boot_chans(t.record)[i] = (struct boot_chan){
			.wait = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
			.ring = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
			.peer = SYS_NONE,
		};
	if (pipe2(t.log, O_NONBLOCK | O_CLOEXEC) != 0)
		return -1;
	t.pd = pd_new(t.record, t.log[1], &err);
	if (t.pd == NULL)
		return -1;
	for (unsigned int i = 0; i < SLOTS; i++) {
		size = (slot_size(i) + 4095) & ~(size_t)4095;
		t.pd->map[i].size = size;
		t.pd->map[i].base = aligned_alloc(4096, size);
		memset(t.pd->map[i].base, 0, size);
	}
	t.c = &t.pd->comp[0].c;
	return 0;
}

static int tear_down(void **state)
{
	struct { /* the beginning of the component's state */
		void *memory;
	} *s = t.c->state;

	(void)state;
	free(s->memory);
	for (unsigned int i = 0; i < SLOTS; i++)
		free(t.pd->map[i].base);
	for (unsigned int i = 0; i < CHANNELS; i++) {
		close(boot_chans(t.record)[i].wait);
		close(boot_chans(t.record)[i].ring);
	}
	close(t.log[0]);
	close(t.log[1]);
	pd_free(t.pd);
	free(t.record);
	return 0;
}

static const struct blk_virt_stats *stats(void)
{
	return pd_region(t.c, STATS, NULL);
}

/* Which channels have been rung since the last call. */
static unsigned int rung(void)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; i < CHANNELS; i++) {
		bits |= t.pd->chan[i].rung ? 1u << i : 0;
		t.pd->chan[i].rung = false;
	}
	t.pd->n_rung = 0;
	return bits;
}

static void run(uint32_t channel)
{
	unsigned int n = 0;

	blk_virt_ops.notified(t.c, channel);
	while (blk_virt_ops.run(t.c, 1))
		assert_true(++n < 100);
}

static void up(uint32_t side)
{
	struct link_page *link = region(side, LINK);
	struct blk_ring *requests = region(side, REQUESTS);
	struct blk_ring *responses = region(side, RESPONSES);
	bool driver = side == DRIVER;

	memset(requests, 0, 4096);
	memset(responses, 0, 4096);
	blk_ring_init(&t.put[side], driver ? responses : requests, CAPACITY);
	blk_ring_init(&t.get[side], driver ? requests : responses, CAPACITY);
	atomic_fetch_add(&link->epoch, 1);
}

/* All links are up; the driver's disk has 64 blocks and no partitions. */
static void settle(void)
{
	struct blk_info *info = region(DRIVER, INFO);
	struct blk_request q;

	assert_int_equal(blk_virt_ops.init(t.c), 0);
	for (uint32_t i = 0; i < SIDES; i++)
		up(i);
	info->sector_size = 512;
	info->capacity = 64;
	blk_info_set_ready(info, true);
	run(CTL);
	/* It reads the table, which is a page of zeros. */
	assert_int_equal(rung() & (1 << DRIVER), 1 << DRIVER);
	assert_int_equal(blk_ring_pending(&t.get[DRIVER]), 1);
	q = blk_request_peek(&t.get[DRIVER], 0);
	blk_ring_release(&t.get[DRIVER], 1);
	assert_int_equal(q.block, 0);
	assert_int_equal(q.io_or_offset, 0);
	blk_response_put(&t.put[DRIVER],
			 &(struct blk_response){ .id = q.id,
						 .success_count = 1 });
	blk_ring_publish(&t.put[DRIVER]);
	run(DRIVER);
	/* The monitor hears that somebody has a disk now. */
	assert_int_equal(rung(), 1 << ALICE | 1 << BOB | 1 << CTL);
	assert_false(blk_virt_ops.arm(t.c));
}

static void each_gets_what_is_its_own(void **state)
{
	struct blk_request q = { .code = BLK_WRITE,
				 .io_or_offset = BLK_SIZE,
				 .block = 5,
				 .count = 2,
				 .id = 9 };
	struct blk_response a;
	const struct blk_info *info;

	(void)state;
	settle();
	info = region(ALICE, INFO);
	assert_true(blk_info_is_ready(info));
	assert_int_equal(info->capacity, 64);
	assert_int_equal(stats()->client[ALICE].state, BLK_VIRT_UP);

	blk_request_put(&t.put[ALICE], &q);
	blk_ring_publish(&t.put[ALICE]);
	run(ALICE);
	assert_int_equal(rung(), 1 << DRIVER);
	q = blk_request_peek(&t.get[DRIVER], 0);
	assert_int_equal(q.io_or_offset, 2 * BLK_SIZE);
	assert_int_equal(q.block, 5);
	blk_response_put(&t.put[DRIVER],
			 &(struct blk_response){ .id = q.id,
						 .success_count = 2 });
	blk_ring_publish(&t.put[DRIVER]);
	run(DRIVER);
	assert_int_equal(rung(), 1 << ALICE);
	a = blk_response_peek(&t.get[ALICE], 0);
	assert_int_equal(a.id, 9);
	assert_int_equal(a.status, BLK_OK);
}

static void who_has_no_disk_is_logged_once(void **state)
{
	char text[4096] = "";
	const char *line;

	(void)state;
	settle();
	run(CTL);
	run(CTL);
	assert_int_equal(stats()->client[BOB].state, BLK_VIRT_REFUSED);
	assert_int_equal(stats()->client[BOB].why, BLK_PART_NO_TABLE);
	assert_true(read(t.log[0], text, sizeof(text) - 1) > 0);
	for (size_t i = 0; i + 1 < sizeof(text); i++)
		if (text[i] == 0)
			text[i] = ' ';
	line = strstr(text, "bob.disk0 has no disk: its partition: "
			    "the disk has no partition table");
	assert_non_null(line);
	assert_null(strstr(line + 1, "bob.disk0"));
	assert_null(strstr(text, "alice"));
}

static void hc24_the_monitor_hears_of_faults(void **state)
{
	struct blk_ring *requests;

	(void)state;
	settle();
	requests = region(ALICE, REQUESTS);
	atomic_store(&requests->tail, 60000);
	run(ALICE);
	assert_int_equal(rung(), 1 << CTL);
	assert_int_equal(stats()->client[ALICE].state, BLK_VIRT_FAULT);
	run(ALICE);
	assert_false(blk_virt_ops.arm(t.c));
	assert_int_equal(rung(), 0);
}

/* Everybody awake, nobody rings: the loop must know that there is traffic. */
static void a_spinning_look_says_whether_it_brought_something(void **state)
{
	struct blk_request q = { .code = BLK_READ, .count = 1 };

	(void)state;
	settle();
	for (uint32_t i = 0; i < 3; i++) {
		q.id = i;
		blk_request_put(&t.put[ALICE], &q);
		blk_ring_publish(&t.put[ALICE]);
		assert_true(blk_virt_ops.run(t.c, 2));
		assert_false(blk_virt_ops.run(t.c, 2));
	}
}

static void what_cannot_be_is_refused(void **state)
{
	struct sys_blk_virt *cfg = &boot_comps(t.record)[0].cfg.blk_virt;

	(void)state;
	cfg->n_clients = SYS_BLK_CLIENTS + 1;
	assert_int_equal(blk_virt_ops.init(t.c), -EINVAL);
	cfg->n_clients = 2;
	cfg->table = SYS_NONE;
	assert_int_equal(blk_virt_ops.init(t.c), -EINVAL);
	cfg->client[BOB].partition.number = 0;
	memset(cfg->client[BOB].partition.name, 'x', SYS_PARTITION);
	cfg->table = TABLE;
	assert_int_equal(blk_virt_ops.init(t.c), -EINVAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_gets_what_is_its_own),
		TEST(who_has_no_disk_is_logged_once),
		TEST(hc24_the_monitor_hears_of_faults),
		TEST(a_spinning_look_says_whether_it_brought_something),
		TEST(what_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
