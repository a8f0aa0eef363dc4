/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's disk behind a driver VM: the store alone.  The other end of its
 * connection is the test's, and so is what the store asks of its component.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/blk_ring.h"
#include "virt/blk_client.h"
#include "vmm/linux/ports/disk.h"

#define CAPACITY 16u
#define SLOT_BLOCKS 8u
#define SLOT_BYTES (SLOT_BLOCKS * BLK_SIZE)
/* Three slots, which is few. */
#define DATA (3u * SLOT_BYTES)
#define BYTES (12u * BLK_SIZE)

enum { REQUEST, RESPONSE, INFO, LINK, REGION, SLOTS };

static void *region[SLOTS];
static struct sys_component cfg;
static struct disk disk;
static struct disk_stats stats;
static struct component comp;
static struct blk_ring_side requests, responses;
static unsigned int rung, done, failed;
static void *taken; /* private memory */

/* --- what the component would do -------------------------------------- */

void *pd_region(struct component *c, uint32_t slot, size_t *size)
{
	(void)c;
	if (size != NULL)
		*size = DATA;
	return slot < SLOTS ? region[slot] : NULL;
}

void *pd_memory(size_t size)
{
	taken = aligned_alloc(64, (size + 63) & ~(size_t)63);
	return taken;
}

void pd_ring(struct component *c, uint32_t channel)
{
	(void)c;
	assert_int_equal(channel, 7);
	rung++;
}

void disk_done(struct component *c, struct disk_job *job,
	       enum vblk_status status)
{
	(void)c;
	(void)job;
	assert_int_equal(status, VBLK_OK);
	done++;
}

void disk_failed(struct component *c, struct disk_job *job, int error)
{
	(void)c;
	(void)job;
	assert_int_equal(error, EIO);
	failed++;
}

/* --- the other end ---------------------------------------------------- */

static void begin(bool read_only)
{
	struct blk_info *info = region[INFO];
	struct link_page *link = region[LINK];

	info->capacity = 100;
	info->sector_size = 512;
	info->read_only = read_only;
	blk_info_set_ready(info, true);
	atomic_store(&link->epoch, 1);
	disk_queue.reap(&comp);
}

static int setup(void **state)
{
	(void)state;
	region[REQUEST] = aligned_alloc(4096, 4096);
	region[RESPONSE] = aligned_alloc(4096, 4096);
	region[INFO] = aligned_alloc(4096, 4096);
	region[LINK] = aligned_alloc(4096, 4096);
	region[REGION] = aligned_alloc(4096, DATA);
	for (unsigned int i = 0; i < SLOTS; i++)
		memset(region[i], 0, i == REGION ? DATA : 4096);
	blk_ring_init(&requests, region[REQUEST], CAPACITY);
	blk_ring_init(&responses, region[RESPONSE], CAPACITY);
	cfg = (struct sys_component){
		.disk.blk = { .request = REQUEST,
			      .response = RESPONSE,
			      .data = REGION,
			      .info = INFO,
			      .link = LINK,
			      .channel = 7,
			      .capacity = CAPACITY },
	};
	disk = (struct disk){ .stats = &stats,
			      .job = calloc(4, sizeof(*disk.job)) };
	memset(&stats, 0, sizeof(stats));
	for (unsigned int i = 0; i < 4; i++)
		disk.job[i].number = i;
	comp = (struct component){ .cfg = &cfg, .state = &disk };
	rung = done = failed = 0;
	return disk_queue.init(&comp);
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < SLOTS; i++)
		free(region[i]);
	free(disk.job);
	free(disk.state);
	free(taken);
	return 0;
}

static struct blk_request take(void)
{
	struct blk_request r;

	assert_true(blk_ring_pending(&requests) > 0);
	r = blk_request_peek(&requests, 0);
	blk_ring_release(&requests, 1);
	return r;
}

static void answer(const struct blk_request *r, enum blk_status status)
{
	const struct blk_response a = {
		.status = status,
		.success_count =
			status == BLK_OK && r->code < BLK_FLUSH ? r->count : 0,
		.id = r->id,
	};

	blk_response_put(&responses, &a);
	blk_ring_publish(&responses);
}

static uint8_t *data_of(const struct blk_request *r)
{
	return (uint8_t *)region[REGION] + r->io_or_offset;
}

/* --- the guest's requests --------------------------------------------- */

static uint8_t memory[BYTES];
static struct vq_piece piece[3];

/* Its memory is in three pieces, which end anywhere. */
static struct disk_job *job(unsigned int number, enum vblk_what what,
			    uint64_t block)
{
	struct disk_job *j = &disk.job[number];

	piece[0] = (struct vq_piece){ .at = memory, .len = 100 };
	piece[1] = (struct vq_piece){ .at = memory + 100, .len = 40000 };
	piece[2] =
		(struct vq_piece){ .at = memory + 40100, .len = BYTES - 40100 };
	j->r = (struct vblk_request){ .what = what,
				      .at = block * BLK_SIZE,
				      .bytes = BYTES,
				      .piece = piece,
				      .pieces = 3 };
	j->range = 0;
	return j;
}

static bool start(struct disk_job *j)
{
	bool begun = disk_queue.start(&comp, j);

	disk_queue.submit(&comp);
	return begun;
}

/* --- tests ------------------------------------------------------------ */

static void learns_the_size_when_the_disk_is_there(void **state)
{
	(void)state;
	disk_queue.reap(&comp);
	assert_int_equal(disk.blk.sectors, 0);
	assert_false(start(job(0, VBLK_READ, 0)));
	begin(true);
	assert_int_equal(disk.blk.sectors, 800);
	assert_int_equal(disk.blk.block, BLK_SIZE);
	assert_true(disk.blk.read_only);
	assert_true(start(job(0, VBLK_READ, 0)));
}

static void reads_to_where_the_guest_wants_it(void **state)
{
	struct blk_request r[2];

	(void)state;
	begin(false);
	memset(memory, 0, sizeof(memory));
	assert_true(start(job(0, VBLK_READ, 50)));
	assert_int_equal(rung, 1);
	for (unsigned int i = 0; i < 2; i++) {
		r[i] = take();
		assert_int_equal(r[i].code, BLK_READ);
		assert_int_equal(r[i].block, 50 + i * SLOT_BLOCKS);
		for (size_t b = 0; b < (size_t)r[i].count * BLK_SIZE; b++)
			data_of(&r[i])[b] = (uint8_t)((i * SLOT_BYTES + b) * 7);
	}
	assert_int_equal(r[0].count + r[1].count, 12);
	answer(&r[1], BLK_OK);
	disk_queue.reap(&comp);
	assert_int_equal(done, 0);
	answer(&r[0], BLK_OK);
	disk_queue.reap(&comp);
	assert_int_equal(done, 1);
	for (size_t b = 0; b < BYTES; b++)
		assert_int_equal(memory[b], (uint8_t)(b * 7));
	assert_int_equal(stats.copied, BYTES);
}

static void a_durable_write_is_flushed(void **state)
{
	struct disk_job *j = job(0, VBLK_WRITE, 3);
	struct blk_request r[2], flush;

	(void)state;
	begin(false);
	j->r.durable = true;
	for (size_t b = 0; b < BYTES; b++)
		memory[b] = (uint8_t)(b * 13);
	assert_true(start(j));
	for (unsigned int i = 0; i < 2; i++) {
		r[i] = take();
		for (size_t b = 0; b < (size_t)r[i].count * BLK_SIZE; b++)
			assert_int_equal(data_of(&r[i])[b],
					 (uint8_t)((i * SLOT_BYTES + b) * 13));
	}
	answer(&r[0], BLK_OK);
	disk_queue.reap(&comp);
	assert_int_equal(blk_ring_pending(&requests), 0);
	answer(&r[1], BLK_OK);
	disk_queue.reap(&comp);
	assert_int_equal(done, 0);
	flush = take();
	assert_int_equal(flush.code, BLK_FLUSH);
	answer(&flush, BLK_OK);
	disk_queue.reap(&comp);
	assert_int_equal(done, 1);
}

static void a_part_that_fails_fails_all(void **state)
{
	struct blk_request r[2];

	(void)state;
	begin(false);
	assert_true(start(job(0, VBLK_WRITE, 0)));
	r[0] = take();
	r[1] = take();
	answer(&r[0], BLK_ERROR_IO);
	disk_queue.reap(&comp);
	assert_int_equal(failed, 0);
	answer(&r[1], BLK_OK);
	disk_queue.reap(&comp);
	assert_int_equal(failed, 1);
	assert_int_equal(done, 0);
}

/* Two need four slots, and there are three. */
static void goes_on_when_there_is_room(void **state)
{
	struct blk_request r[4];

	(void)state;
	begin(false);
	assert_true(start(job(0, VBLK_WRITE, 0)));
	assert_true(start(job(1, VBLK_WRITE, 20)));
	assert_false(start(job(2, VBLK_WRITE, 40)));
	for (unsigned int i = 0; i < 3; i++)
		r[i] = take();
	assert_int_equal(blk_ring_pending(&requests), 0);
	answer(&r[0], BLK_OK);
	disk_queue.reap(&comp);
	r[3] = take();
	assert_int_equal(r[3].block, 20 + SLOT_BLOCKS);
	for (unsigned int i = 1; i < 4; i++)
		answer(&r[i], BLK_OK);
	disk_queue.reap(&comp);
	assert_int_equal(done, 2);
}

static void nothing_is_touched_after_abandon(void **state)
{
	struct blk_request r[3];

	(void)state;
	begin(false);
	memset(memory, 0x55, sizeof(memory));
	assert_true(start(job(0, VBLK_READ, 0)));
	assert_true(start(job(1, VBLK_READ, 0)));
	for (unsigned int i = 0; i < 3; i++)
		r[i] = take();
	disk_queue.abandon(&comp);
	/* Their slots are the driver's until it has answered. */
	assert_false(start(job(2, VBLK_READ, 0)));
	for (unsigned int i = 0; i < 3; i++)
		answer(&r[i], BLK_OK);
	disk_queue.reap(&comp);
	assert_int_equal(done + failed, 0);
	for (size_t b = 0; b < BYTES; b++)
		assert_int_equal(memory[b], 0x55);
	assert_true(start(job(2, VBLK_READ, 0)));
}

static void whole_blocks_only(void **state)
{
	struct disk_job *j = job(0, VBLK_READ, 0);

	(void)state;
	begin(false);
	j->r.at = 512;
	assert_true(start(j));
	assert_int_equal(failed, 1);
	j = job(1, VBLK_DISCARD, 0);
	j->r.pieces = 0;
	assert_true(start(j));
	assert_int_equal(done, 1);
	assert_int_equal(blk_ring_pending(&requests), 0);
}

static void zeroes_are_written(void **state)
{
	struct disk_job *j = job(0, VBLK_ZERO, 0);
	struct blk_request r;

	(void)state;
	begin(false);
	memset(region[REGION], 0xee, DATA);
	j->r.pieces = 0;
	j->r.ranges = 2;
	j->r.range[0] =
		(struct vblk_range){ .at = 5 * BLK_SIZE, .bytes = BLK_SIZE };
	j->r.range[1] = (struct vblk_range){ .at = 9 * BLK_SIZE,
					     .bytes = 2 * BLK_SIZE };
	assert_true(start(j));
	for (unsigned int i = 0; i < 2; i++) {
		r = take();
		assert_int_equal(r.code, BLK_WRITE);
		assert_int_equal(r.block, i == 0 ? 5 : 9);
		for (size_t b = 0; b < (size_t)r.count * BLK_SIZE; b++)
			assert_int_equal(data_of(&r)[b], 0);
		answer(&r, BLK_OK);
	}
	disk_queue.reap(&comp);
	assert_int_equal(done, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(learns_the_size_when_the_disk_is_there),
		TEST(reads_to_where_the_guest_wants_it),
		TEST(a_durable_write_is_flushed),
		TEST(a_part_that_fails_fails_all),
		TEST(goes_on_when_there_is_room),
		TEST(nothing_is_touched_after_abandon),
		TEST(whole_blocks_only),
		TEST(zeroes_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
