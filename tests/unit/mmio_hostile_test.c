/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a virtio device, with drivers that write anything anywhere.
 * The rig checks each queue that begins, and that none begins or ends twice.
 */
#include "tests/unit/mmio_rig.h"

/* The device is as good as new after a reset, and nothing else was touched. */
static void assert_recovers(void)
{
	mr_write(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(mr.on, 0);
	assert_int_equal(mr.began, mr.ended);
	assert_int_equal(mr_read(VIRTIO_MMIO_STATUS), 0);
	assert_int_equal(mr_read(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	mr_start(MR_OFFERS);
	assert_int_equal(mr.on, 5);
	mr_start(VQ_F_VERSION_1);
	assert_int_equal(mr.on, 5);
	for (uint32_t i = 0; i < MR_SIZE; i++)
		assert_int_equal(mr.ram[i], 0);
}

/* The bytes of a read are those of the words, at every width and offset. */
static void hc09_reads_of_every_width(void **state)
{
	uint8_t fields[64];

	(void)state;
	for (unsigned int i = 0; i < sizeof(fields); i++)
		fields[i] = (uint8_t)(i + 1);
	mmio_configure(&mr.m, 0, fields, sizeof(fields));
	mr_start(VQ_F_VERSION_1);
	/* What lies behind the page. */
	memset(mr.ram, 0x77, 16);
	for (uint64_t at = 0; at < 2 * MMIO_SIZE; at++)
		for (unsigned int len = 1; len <= 8; len *= 2) {
			uint8_t data[8 + 1];

			memset(data, 0x5a, sizeof(data));
			mmio_read(&mr.m, at, data, len);
			for (unsigned int i = 0; i < len; i++) {
				uint32_t word = mr_read((at + i) & ~3ull);

				if (at + len > MMIO_SIZE)
					word = 0;
				assert_int_equal(data[i],
						 word >> (at + i) % 4 * 8 &
							 0xff);
			}
			assert_int_equal(data[len], 0x5a);
		}
	assert_int_equal(mr_read(UINT64_MAX), 0);
	assert_int_equal(mr_read(UINT64_MAX - 3), 0);
}

/* Only aligned words are registers. */
static void hc09_writes_of_other_widths(void **state)
{
	static const uint8_t data[12] = { 0xff, 0xff, 0xff, 0xff,
					  0xff, 0xff, 0xff, 0xff };
	uint8_t before[MMIO_SIZE];
	struct mmio was;

	(void)state;
	mr_start(VQ_F_VERSION_1);
	memcpy(before, mr.page, sizeof(before));
	was = mr.m;
	for (uint64_t at = 0; at < 2 * MMIO_SIZE; at++)
		for (unsigned int len = 1; len <= 8; len++)
			if (len != 4 || at % 4 || at >= MMIO_CONFIG)
				mmio_write(&mr.m, at, data, len);
	mmio_write(&mr.m, 1ull << 32 | VIRTIO_MMIO_STATUS, data + 8, 4);
	mmio_write(&mr.m, UINT64_MAX, data, 4);
	mmio_write(&mr.m, UINT64_MAX - 3, data, 4);
	assert_memory_equal(before, mr.page, sizeof(before));
	assert_memory_equal(&was, &mr.m, sizeof(was));
	assert_int_equal(mr.on, 5);
}

/* How far a driver has come. */
static void reach(unsigned int stage)
{
	mr_write(VIRTIO_MMIO_STATUS, 0);
	if (stage > 0)
		mr_negotiate(VQ_F_VERSION_1);
	if (stage > 1)
		mr_start(VQ_F_VERSION_1);
	if (stage > 2)
		mmio_fail(&mr.m);
}

/* All registers, all values of interest, at each stage, for each queue. */
static void hc09_register_sweep(void **state)
{
	static const uint32_t value[] = {
		0,	    1,		2,
		3,	    4,		11,
		15,	    0x40,	0x80,
		0xff,	    0x100,	0x8000,
		65536,	    0x7fffffff, 0x80000000,
		0xfffffff0, UINT32_MAX, (uint32_t)MR_BASE,
	};
	static const uint32_t queue[] = { 0,	     1,		  MR_QUEUES - 1,
					  MR_QUEUES, MMIO_QUEUES, UINT32_MAX };

	(void)state;
	for (unsigned int stage = 0; stage < 4; stage++)
		for (unsigned int q = 0; q < 6; q++)
			for (uint64_t at = 0; at < MMIO_SIZE; at += 4)
				for (unsigned int v = 0; v < 18; v++) {
					reach(stage);
					mr_write(VIRTIO_MMIO_QUEUE_SEL,
						 queue[q]);
					mr_write(at, value[v]);
					mr_write(VIRTIO_MMIO_STATUS, 15);
				}
	assert_recovers();
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

/* Sequences of writes, most of them such as drivers make. */
static void hc09_any_sequence_of_writes(void **state)
{
	static const uint32_t at[] = {
		0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x44, 0x50, 0x64, 0x70,
		0x70, 0x70, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4, 0x0,  0xfc,
	};
	static const uint32_t value[] = {
		0,  1,	  2,	   3,	      11,	 15,	   16, 64,
		65, 0x9f, MR_DESC, MR_DRIVER, MR_DEVICE, 1u << 29, 8,  143
	};
	uint64_t seed = 1;

	(void)state;
	for (unsigned int i = 0; i < 2000000; i++) {
		if (i % 100 == 0)
			reach((unsigned int)next_random(&seed) % 4);
		mr_write(at[next_random(&seed) % 20],
			 next_random(&seed) % 16 == 0
				 ? (uint32_t)next_random(&seed)
				 : value[next_random(&seed) % 16]);
		assert_true(mr.on == 0 || mmio_running(&mr.m));
	}
	/* Or nothing was tested. */
	assert_true(mr.began > 10000);
	assert_recovers();
}

/* --- queues that cannot be ---------------------------------------------------- */

static void queues_that_cannot_be_are_not_ready(void **state)
{
	static const struct {
		uint32_t size;
		uint64_t desc, driver, device;
	} bad[] = {
		{ 0, MR_DESC, MR_DRIVER, MR_DEVICE },
		{ 3, MR_DESC, MR_DRIVER, MR_DEVICE },
		{ MR_LONGEST * 2, MR_DESC, MR_DRIVER, MR_DEVICE },
		{ 0x10010, MR_DESC, MR_DRIVER, MR_DEVICE },
		{ UINT32_MAX, MR_DESC, MR_DRIVER, MR_DEVICE },
		{ 16, MR_DESC + 8, MR_DRIVER, MR_DEVICE },
		{ 16, MR_DESC, MR_DRIVER + 1, MR_DEVICE },
		{ 16, MR_DESC, MR_DRIVER, MR_DEVICE + 2 },
		{ 16, 0, MR_DRIVER, MR_DEVICE },
		{ 16, MR_DESC, 0, MR_DEVICE },
		{ 16, MR_DESC, MR_DRIVER, 0 },
		{ 16, MR_BASE + MR_SIZE - 240, MR_DRIVER, MR_DEVICE },
		{ 16, MR_DESC, MR_BASE + MR_SIZE - 36, MR_DEVICE },
		{ 16, MR_DESC, MR_DRIVER, MR_BASE + MR_SIZE - 132 },
		{ 16, MR_DESC | 1ull << 40, MR_DRIVER, MR_DEVICE },
		{ 16, MR_DESC, UINT64_MAX - 1, MR_DEVICE },
		{ 16, MR_DESC, MR_DRIVER, UINT64_MAX - 3 },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		mr_negotiate(VQ_F_VERSION_1);
		assert_int_equal(mr_queue(1, bad[i].size, bad[i].desc,
					  bad[i].driver, bad[i].device),
				 0);
		mr_write(VIRTIO_MMIO_STATUS, 15);
		assert_int_equal(mr.on, 0);
		/* It can still be set up well. */
		assert_int_equal(mr_queue(1, 16, MR_DESC, MR_DRIVER, MR_DEVICE),
				 1);
		assert_int_equal(mr.on, 2);
	}
}

/* The last that fits, for the last bytes of the parts. */
static void queues_may_end_with_memory(void **state)
{
	(void)state;
	mr_negotiate(VQ_F_VERSION_1);
	assert_int_equal(mr_queue(0, 16, MR_BASE + MR_SIZE - 256, MR_DRIVER,
				  MR_DEVICE),
			 1);
	assert_int_equal(
		mr_queue(1, 16, MR_DESC, MR_BASE + MR_SIZE - 38, MR_DEVICE), 1);
	assert_int_equal(mr_queue(2, 16, MR_DESC, MR_DRIVER,
				  MR_BASE + MR_SIZE - 136),
			 1);
}

static void queues_before_features_are_not_ready(void **state)
{
	(void)state;
	assert_int_equal(mr_queue(0, 16, MR_DESC, MR_DRIVER, MR_DEVICE), 0);
	mr_negotiate(MR_OFFERS & ~VQ_F_VERSION_1);
	assert_int_equal(mr_queue(0, 16, MR_DESC, MR_DRIVER, MR_DEVICE), 0);
	mr_write(VIRTIO_MMIO_STATUS, 15);
	assert_int_equal(mr.on, 0);
}

/* What was checked cannot be changed afterwards. */
static void ready_queues_do_not_move(void **state)
{
	const struct mmio_queue *q = &mr.m.queue[0];
	struct mmio_queue was;

	(void)state;
	mr_start(VQ_F_VERSION_1);
	/* It has worked already. */
	mr.m.queue[0].vq.next.at = 3;
	was = *q;
	assert_int_equal(mr_queue(0, 64, UINT64_MAX, UINT64_MAX, UINT64_MAX),
			 1);
	assert_memory_equal(q, &was, sizeof(was));
	/* Other values than 0 and 1 mean nothing. */
	mr_write(VIRTIO_MMIO_QUEUE_READY, 2);
	assert_memory_equal(q, &was, sizeof(was));
	assert_int_equal(mr.on, 5);
	mr_write(VIRTIO_MMIO_QUEUE_READY, 0);
	assert_int_equal(mr_queue(0, 16, MR_DESC, MR_DRIVER, 0), 0);
	mr_write(VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)MR_DEVICE);
	mr_write(VIRTIO_MMIO_QUEUE_USED_HIGH, MR_DEVICE >> 32);
	mr_write(VIRTIO_MMIO_QUEUE_READY, 2);
	assert_int_equal(mr_read(VIRTIO_MMIO_QUEUE_READY), 0);
}

#define T(name) cmocka_unit_test_setup(name, mr_begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(hc09_reads_of_every_width),
		T(hc09_writes_of_other_widths),
		T(hc09_register_sweep),
		T(hc09_any_sequence_of_writes),
		T(queues_that_cannot_be_are_not_ready),
		T(queues_may_end_with_memory),
		T(queues_before_features_are_not_ready),
		T(ready_queues_do_not_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
