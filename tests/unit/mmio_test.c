/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a virtio device, with drivers that behave: the numbers are
 * those of Linux.  mmio_hostile_test.c has the others.
 */
#include "tests/unit/mmio_rig.h"

#define NO_SHM 0xffffffffu

/* --- who it is ---------------------------------------------------------- */

static void it_says_what_it_is(void **state)
{
	(void)state;
	assert_int_equal(mr_read(VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_int_equal(mr_read(VIRTIO_MMIO_VERSION), 2);
	assert_int_equal(mr_read(VIRTIO_MMIO_DEVICE_ID), 42);
	assert_int_equal(mr_read(VIRTIO_MMIO_VENDOR_ID), 0x72696557);
	for (uint64_t at = VIRTIO_MMIO_SHM_LEN_LOW;
	     at <= VIRTIO_MMIO_SHM_BASE_HIGH; at += 4)
		assert_int_equal(mr_read(at), NO_SHM);
	for (uint32_t queue = 0; queue < 100; queue++) {
		mr_write(VIRTIO_MMIO_QUEUE_SEL, queue);
		assert_int_equal(mr_read(VIRTIO_MMIO_QUEUE_NUM_MAX),
				 queue < MR_QUEUES ? MR_LONGEST : 0);
		assert_int_equal(mr_read(VIRTIO_MMIO_QUEUE_READY), 0);
	}
}

/* Nothing can be read where one writes, nor written where one reads. */
static void registers_go_one_way(void **state)
{
	static const uint64_t written[] = {
		VIRTIO_MMIO_DEVICE_FEATURES_SEL,
		VIRTIO_MMIO_DRIVER_FEATURES,
		VIRTIO_MMIO_DRIVER_FEATURES_SEL,
		VIRTIO_MMIO_QUEUE_SEL,
		VIRTIO_MMIO_QUEUE_NUM,
		VIRTIO_MMIO_QUEUE_NOTIFY,
		VIRTIO_MMIO_INTERRUPT_ACK,
		VIRTIO_MMIO_QUEUE_DESC_LOW,
		VIRTIO_MMIO_QUEUE_AVAIL_LOW,
		VIRTIO_MMIO_QUEUE_USED_LOW,
		VIRTIO_MMIO_SHM_SEL,
	};
	static const uint64_t read[] = {
		VIRTIO_MMIO_MAGIC_VALUE,      VIRTIO_MMIO_VERSION,
		VIRTIO_MMIO_DEVICE_ID,	      VIRTIO_MMIO_VENDOR_ID,
		VIRTIO_MMIO_DEVICE_FEATURES,  VIRTIO_MMIO_QUEUE_NUM_MAX,
		VIRTIO_MMIO_SHM_LEN_LOW,      VIRTIO_MMIO_SHM_LEN_HIGH,
		VIRTIO_MMIO_SHM_BASE_LOW,     VIRTIO_MMIO_SHM_BASE_HIGH,
		VIRTIO_MMIO_INTERRUPT_STATUS, VIRTIO_MMIO_CONFIG_GENERATION,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++) {
		mr_write(written[i], 1);
		assert_int_equal(mr_read(written[i]), 0);
	}
	for (size_t i = 0; i < sizeof(read) / sizeof(*read); i++) {
		uint32_t was = mr_read(read[i]);

		mr_write(read[i], ~was);
		assert_int_equal(mr_read(read[i]), was);
	}
}

static void it_offers_features_by_pages(void **state)
{
	(void)state;
	for (uint32_t page = 0; page < 100; page++) {
		mr_write(VIRTIO_MMIO_DEVICE_FEATURES_SEL, page);
		assert_int_equal(mr_read(VIRTIO_MMIO_DEVICE_FEATURES),
				 page < 2 ? (uint32_t)(mr.m.offers >> 32 * page)
					  : 0);
	}
}

/* --- status ------------------------------------------------------------- */

/* Of all that a driver can choose, this is what it may. */
static void features_are_agreed_on(void **state)
{
	(void)state;
	mr_negotiate(MR_OFFERS);
	assert_int_equal(mr_read(VIRTIO_MMIO_STATUS), 11);
	mr_negotiate(VQ_F_VERSION_1);
	assert_int_equal(mr_read(VIRTIO_MMIO_STATUS), 11);
	/* A driver of before version 1. */
	mr_negotiate(MR_OFFERS & ~VQ_F_VERSION_1);
	assert_int_equal(mr_read(VIRTIO_MMIO_STATUS), 3);
	/* What the owner cannot do. */
	mr_negotiate(MR_OFFERS | MR_REFUSED);
	assert_int_equal(mr_read(VIRTIO_MMIO_STATUS), 3);
	/* What was not offered. */
	for (unsigned int bit = 0; bit < 64; bit++) {
		if (mr.m.offers >> bit & 1)
			continue;
		mr_negotiate(VQ_F_VERSION_1 | 1ull << bit);
		assert_int_equal(mr_read(VIRTIO_MMIO_STATUS), 3);
	}
	/* The driver can think again. */
	mr_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	mr_write(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	mr_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	mr_write(VIRTIO_MMIO_DRIVER_FEATURES, 0);
	mr_write(VIRTIO_MMIO_STATUS, 11);
	assert_int_equal(mr_read(VIRTIO_MMIO_STATUS), 11);
}

static void agreed_features_stay(void **state)
{
	(void)state;
	mr_negotiate(VQ_F_VERSION_1);
	mr_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	mr_write(VIRTIO_MMIO_DRIVER_FEATURES, 1u << 29);
	assert_int_equal(mr.m.agreed, VQ_F_VERSION_1);
	mr_write(VIRTIO_MMIO_STATUS, 15);
	mr_write(VIRTIO_MMIO_DRIVER_FEATURES, 1u << 29);
	assert_int_equal(mr.m.agreed, VQ_F_VERSION_1);
	mr_write(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(mr.m.agreed, 0);
	/* There are no more pages than two. */
	for (uint32_t page = 2; page < 100; page++) {
		mr_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, page);
		mr_write(VIRTIO_MMIO_DRIVER_FEATURES, 1);
		assert_int_equal(mr.m.agreed, 0);
	}
}

static void a_reset_makes_it_like_new(void **state)
{
	static uint8_t page[MMIO_SIZE];
	struct mmio was = mr.m;

	(void)state;
	memcpy(page, mr.page, sizeof(page));
	mr_start(VQ_F_VERSION_1);
	mr_write(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	mr_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	mr_write(VIRTIO_MMIO_QUEUE_SEL, 1);
	mmio_raise(&mr.m);
	mmio_fail(&mr.m);
	mr_write(VIRTIO_MMIO_STATUS, 0);
	assert_memory_equal(&was, &mr.m, sizeof(was));
	assert_memory_equal(page, mr.page, sizeof(page));
}

/* What virtio says of two writes to a register that was reset. */
static uint32_t expected(uint32_t first, uint32_t second)
{
	uint32_t have = 0, wrote[2] = { first, second };

	for (unsigned int i = 0; i < 2; i++) {
		if (wrote[i] == 0) {
			have = 0;
			continue;
		}
		have |= wrote[i] & 0x8f;
		if ((have & 3) != 3)
			have &= ~8u;
		if (!(have & 8))
			have &= ~4u;
	}
	return have;
}

static void status_only_grows(void **state)
{
	(void)state;
	for (uint32_t first = 0; first < 256; first++)
		for (uint32_t second = 0; second < 256; second++) {
			mr_write(VIRTIO_MMIO_STATUS, 0);
			mr_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
			mr_write(VIRTIO_MMIO_DRIVER_FEATURES, 1);
			mr_write(VIRTIO_MMIO_STATUS, first);
			if (first == 0)
				mr_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
			if (first == 0)
				mr_write(VIRTIO_MMIO_DRIVER_FEATURES, 1);
			mr_write(VIRTIO_MMIO_STATUS, second);
			assert_int_equal(mr_read(VIRTIO_MMIO_STATUS),
					 expected(first, second));
		}
}

/* --- queues ------------------------------------------------------------- */

static void queues_begin_with_the_driver(void **state)
{
	(void)state;
	mr_negotiate(VQ_F_VERSION_1);
	assert_int_equal(mr_queue(0, 16, MR_DESC, MR_DRIVER, MR_DEVICE), 1);
	assert_int_equal(mr.began, 0);
	mr_write(VIRTIO_MMIO_STATUS, 15);
	assert_int_equal(mr.on, 1);
	/* One that comes later. */
	assert_int_equal(mr_queue(1, 16, MR_DESC, MR_DRIVER, MR_DEVICE), 1);
	assert_int_equal(mr.on, 3);
	mr_write(VIRTIO_MMIO_QUEUE_READY, 0);
	assert_int_equal(mr_read(VIRTIO_MMIO_QUEUE_READY), 0);
	assert_int_equal(mr.on, 1);
	/* It has forgotten where it was. */
	mr_write(VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(mr_read(VIRTIO_MMIO_QUEUE_READY), 0);
	assert_int_equal(mr_queue(1, 16, MR_DESC, MR_DRIVER, MR_DEVICE), 1);
	assert_int_equal(mr.on, 3);
	mr_write(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(mr.on, 0);
	assert_int_equal(mr.began, 3);
	assert_int_equal(mr.ended, 3);
	mr_write(VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_int_equal(mr_read(VIRTIO_MMIO_QUEUE_READY), 0);
}

static void a_driver_that_gives_up_ends_them(void **state)
{
	(void)state;
	mr_start(VQ_F_VERSION_1);
	assert_int_equal(mr.on, 5);
	mr_write(VIRTIO_MMIO_STATUS, 15 | MMIO_FAILED);
	assert_int_equal(mr.on, 0);
	mr_write(VIRTIO_MMIO_STATUS, 15);
	assert_int_equal(mr.on, 0);
	mr_start(VQ_F_VERSION_1);
	assert_int_equal(mr.on, 5);
}

/* Wrap counters begin with one. */
static void packed_rings_begin_where_the_driver_does(void **state)
{
	(void)state;
	mr_start(VQ_F_VERSION_1 | VQ_F_PACKED);
	assert_true(mr.m.queue[0].vq.packed);
	assert_int_equal(mr.m.queue[0].vq.next.wrap, 1);
	assert_int_equal(mr.m.queue[0].vq.used.wrap, 1);
	assert_int_equal(mr.m.queue[0].config.next, 0x8000);
	mr_start(VQ_F_VERSION_1);
	assert_false(mr.m.queue[0].vq.packed);
	assert_int_equal(mr.m.queue[0].config.next, 0);
}

static void notifications_reach_queues_that_work(void **state)
{
	(void)state;
	mr_start(VQ_F_VERSION_1);
	for (uint32_t i = 0; i < 100; i++)
		mr_write(VIRTIO_MMIO_QUEUE_NOTIFY, i);
	mr_write(VIRTIO_MMIO_QUEUE_NOTIFY, 0x10000);
	mr_write(VIRTIO_MMIO_QUEUE_NOTIFY, UINT32_MAX);
	assert_int_equal(mr.notified[0], 1);
	assert_int_equal(mr.notified[1], 0);
	assert_int_equal(mr.notified[2], 1);
	mr_write(VIRTIO_MMIO_STATUS, 0);
	mr_write(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	assert_int_equal(mr.notified[0], 1);
}

/* --- interrupts --------------------------------------------------------- */

static void interrupts_are_said_and_acknowledged(void **state)
{
	(void)state;
	mr_start(VQ_F_VERSION_1);
	mmio_raise(&mr.m);
	assert_int_equal(mr.interrupts, 1);
	assert_int_equal(mr_read(VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	mr_write(VIRTIO_MMIO_INTERRUPT_ACK, 2);
	assert_int_equal(mr_read(VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	mr_write(VIRTIO_MMIO_INTERRUPT_ACK, 1);
	assert_int_equal(mr_read(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	/* One that was not acknowledged holds nothing up. */
	mmio_raise(&mr.m);
	mmio_raise(&mr.m);
	assert_int_equal(mr.interrupts, 3);
	mr_write(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(mr_read(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

/* An interrupt that comes past the registers can be at any time. */
static void direct_interrupts_are_always_said(void **state)
{
	(void)state;
	mr.m.direct = MMIO_USED;
	mmio_init(&mr.m);
	mr_start(VQ_F_VERSION_1);
	assert_int_equal(mr_read(VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	mr_write(VIRTIO_MMIO_INTERRUPT_ACK, 1);
	assert_int_equal(mr_read(VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	mmio_configure(&mr.m, 0, &mr, 1);
	assert_int_equal(mr_read(VIRTIO_MMIO_INTERRUPT_STATUS), 3);
	mr_write(VIRTIO_MMIO_INTERRUPT_ACK, 3);
	assert_int_equal(mr_read(VIRTIO_MMIO_INTERRUPT_STATUS), 1);
}

static void a_fault_is_told_once(void **state)
{
	(void)state;
	mr_start(VQ_F_VERSION_1);
	for (unsigned int i = 0; i < 3; i++) {
		mmio_fail(&mr.m);
		assert_int_equal(mr.on, 0);
		assert_int_equal(mr.interrupts, 1);
		assert_int_equal(mr_read(VIRTIO_MMIO_INTERRUPT_STATUS), 2);
		assert_int_equal(mr_read(VIRTIO_MMIO_STATUS), 0x4f);
	}
	/* The driver cannot wish it away. */
	mr_write(VIRTIO_MMIO_STATUS, 15);
	assert_int_equal(mr_read(VIRTIO_MMIO_STATUS), 0x4f);
	assert_int_equal(mr.on, 0);
	mr_start(VQ_F_VERSION_1);
	assert_int_equal(mr_read(VIRTIO_MMIO_STATUS), 15);
	assert_int_equal(mr.on, 5);
}

/* Before the driver runs, it must not be interrupted. */
static void nothing_is_told_before_driver_ok(void **state)
{
	const uint8_t byte = 1;

	(void)state;
	mr_negotiate(VQ_F_VERSION_1);
	mmio_configure(&mr.m, 3, &byte, 1);
	mmio_fail(&mr.m);
	assert_int_equal(mr.interrupts, 0);
	assert_int_equal(mr_read(VIRTIO_MMIO_STATUS), 0x4b);
	assert_int_equal(mr_read(VIRTIO_MMIO_CONFIG_GENERATION), 1);
}

/* --- configuration ------------------------------------------------------ */

static void configuration_changes_are_told(void **state)
{
	uint8_t mac[6] = { 2, 4, 6, 8, 10, 12 };
	uint16_t word;

	(void)state;
	mmio_configure(&mr.m, 0, mac, sizeof(mac));
	mr_start(VQ_F_VERSION_1);
	assert_int_equal(mr_read(VIRTIO_MMIO_CONFIG_GENERATION), 1);
	mr_write(VIRTIO_MMIO_CONFIG, UINT32_MAX);
	assert_int_equal(mr_read(VIRTIO_MMIO_CONFIG), 0x08060402);
	word = 0xabcd;
	mmio_configure(&mr.m, 6, &word, sizeof(word));
	assert_int_equal(mr.interrupts, 1);
	assert_int_equal(mr_read(VIRTIO_MMIO_INTERRUPT_STATUS), 2);
	assert_int_equal(mr_read(VIRTIO_MMIO_CONFIG_GENERATION), 2);
	mmio_read(&mr.m, VIRTIO_MMIO_CONFIG + 6, &word, sizeof(word));
	assert_int_equal(word, 0xabcd);
	assert_int_equal(mr_read(VIRTIO_MMIO_CONFIG + 4), 0xabcd0c0a);
	/* It outlives a reset. */
	mr_write(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(mr_read(VIRTIO_MMIO_CONFIG + 4), 0xabcd0c0a);
	assert_int_equal(mr_read(VIRTIO_MMIO_CONFIG_GENERATION), 2);
}

#define T(name) cmocka_unit_test_setup(name, mr_begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_says_what_it_is),
		T(registers_go_one_way),
		T(it_offers_features_by_pages),
		T(features_are_agreed_on),
		T(agreed_features_stay),
		T(a_reset_makes_it_like_new),
		T(status_only_grows),
		T(queues_begin_with_the_driver),
		T(a_driver_that_gives_up_ends_them),
		T(packed_rings_begin_where_the_driver_does),
		T(notifications_reach_queues_that_work),
		T(interrupts_are_said_and_acknowledged),
		T(direct_interrupts_are_always_said),
		T(a_fault_is_told_once),
		T(nothing_is_told_before_driver_ok),
		T(configuration_changes_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
