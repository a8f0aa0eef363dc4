/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's console, with guests that behave.
 */
#include "tests/unit/kvm_console_rig.h"

static void text_becomes_lines(void **state)
{
	(void)state;
	con_text(0, TEXT, "hello\r\nwo", 0, 0);
	con_offer(0);
	con_text(1, TEXT + 0x100, "rld\nrest", 0, 0);
	con_offer(1);
	con_serve();
	assert_string_equal(con.out, "hello|world|");
	assert_int_equal(con_used(), 2);
	console_flush(&con.c);
	assert_string_equal(con.out, "hello|world|rest|");
	console_flush(&con.c);
	assert_int_equal(con.lines, 3);
}

/* A text in up to as many parts as there are descriptors, cut anywhere. */
static void split_chains_read_as_one(void **state)
{
	static const char text[] = "abcdefghijklmnop\n";
	size_t len = sizeof(text) - 1;

	(void)state;
	for (uint16_t parts = 1; parts <= NUM; parts++) {
		for (size_t first = 1; first + parts <= len + 1; first++) {
			size_t at = 0;

			memcpy(con.ram + TEXT, text, len);
			for (uint16_t i = 0; i < parts; i++) {
				size_t n = i == 0	    ? first
					   : i + 1 == parts ? len - at
							    : 1;

				if (parts == 1)
					n = len;
				con_set(i, BASE + TEXT + at, (uint32_t)n,
					i + 1 < parts ? VRING_DESC_F_NEXT : 0,
					(uint16_t)(i + 1));
				at += n;
			}
			con.out[0] = '\0';
			con_offer(0);
			con_serve();
			assert_string_equal(con.out, "abcdefghijklmnop|");
		}
	}
	assert_false(con_stopped());
}

static void long_lines_and_nul_are_cut(void **state)
{
	char text[3 * CONSOLE_LINE];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[10] = '\0';
	memcpy(con.ram + TEXT, text, sizeof(text));
	con_set(0, BASE + TEXT, sizeof(text), 0, 0);
	con_offer(0);
	con_serve();
	assert_int_equal(con.lines, 2);
	assert_int_equal(strlen(con.out), 2 * (CONSOLE_LINE + 1));
}

static void interrupts_as_asked_for(void **state)
{
	(void)state;
	con_text(0, TEXT, "a\n", 0, 0);
	assert_int_equal(con_interrupts(), 0);
	con_offer(0);
	con_offer(0);
	con_serve();
	assert_int_equal(con_interrupts(), 1);
	assert_int_equal(con_read(VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	con_write(VIRTIO_MMIO_INTERRUPT_ACK, 1);
	assert_int_equal(con_read(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	con_avail()[0] = VRING_AVAIL_F_NO_INTERRUPT;
	con_offer(0);
	con_serve();
	assert_int_equal(con_interrupts(), 0);
	assert_int_equal(con_used(), 3);
	/* Nothing there: nothing said. */
	con_avail()[0] = 0;
	con_serve();
	assert_int_equal(con_interrupts(), 0);
}

/* Through every value of the indices, more than once around. */
static void indices_wrap(void **state)
{
	(void)state;
	con_text(0, TEXT, ".", 0, 0);
	for (uint32_t i = 0; i < 0x10000 + 100; i++) {
		con_offer(0);
		assert_false(console_work(&con.c));
		assert_int_equal(con_used(), (uint16_t)(i + 1));
	}
}

static void nothing_moves_before_driver_ok(void **state)
{
	(void)state;
	con_write(VIRTIO_MMIO_STATUS, 0);
	con_text(0, TEXT, "a\n", 0, 0);
	con_avail()[1] = 0;
	con_offer(0);
	con_serve();
	con_negotiate();
	con_queue(1, NUM, BASE + DESC, BASE + AVAIL, BASE + USED);
	con_serve();
	assert_int_equal(con.lines, 0);
	con_write(VIRTIO_MMIO_STATUS, 15);
	con_serve();
	assert_int_equal(con.lines, 1);
}

static void it_is_a_console(void **state)
{
	(void)state;
	assert_int_equal(con_read(VIRTIO_MMIO_DEVICE_ID), 3);
	for (uint32_t queue = 0; queue < 4; queue++) {
		con_write(VIRTIO_MMIO_QUEUE_SEL, queue);
		assert_int_equal(con_read(VIRTIO_MMIO_QUEUE_NUM_MAX),
				 queue < 2 ? CONSOLE_QUEUE_MAX : 0);
	}
}

static void receive_queue_stays_empty(void **state)
{
	(void)state;
	con_queue(0, NUM, BASE + DESC + 0x20000, BASE + AVAIL + 0x20000,
		  BASE + USED + 0x20000);
	assert_int_equal(con_read(VIRTIO_MMIO_QUEUE_READY), 1);
	((uint16_t *)(void *)(con.ram + AVAIL + 0x20000))[1] = 5;
	con_serve();
	assert_int_equal(((uint16_t *)(void *)(con.ram + USED + 0x20000))[1],
			 0);
	assert_false(con_stopped());
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, con_setup, con_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_becomes_lines),
		TEST(split_chains_read_as_one),
		TEST(long_lines_and_nul_are_cut),
		TEST(interrupts_as_asked_for),
		TEST(indices_wrap),
		TEST(nothing_moves_before_driver_ok),
		TEST(it_is_a_console),
		TEST(receive_queue_stays_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
