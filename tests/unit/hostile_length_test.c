/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of every length there is: refused, delivered whole, never beyond.
 * hostile_test.c says where the other rows are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/rig.h"

static void hc08_lengths_are_held_against_the_receiver(void **state)
{
	const struct rig_options big = { .buffer_size = 16384,
					 .max_frame = 16384 };
	const struct rig_options small = { .buffer_size = 128,
					   .max_frame = 100 };
	struct rig *r = rig_new(NULL);
	static uint8_t frame[16384];

	(void)state;
	rig_add(r, 0, &big);
	rig_add(r, 1, &small);
	rig_add(r, 2, &big);
	rig_allow(r, 0, 1);
	rig_allow(r, 0, 2);
	for (uint16_t len = 14; len <= 16384; len += len < 200 ? 1 : 331) {
		uint64_t drops = rig_drops(r, 1, REASON_TOO_BIG);

		rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), len);
		assert_true(rig_send(r, 0, frame, len));
		rig_run(r, RIG_BIT(0));
		assert_int_equal(rig_receive(r, 2, NULL), len);
		assert_int_equal(rig_receive(r, 1, NULL),
				 len <= 100 ? len : -1);
		assert_int_equal(rig_drops(r, 1, REASON_TOO_BIG),
				 drops + (len > 100));
	}
	rig_free(r);
}

/* All 65,536 lengths: judged by what they are, never delivered beyond. */
static void hc22_every_length(void **state)
{
	struct rig *r = rig_clients(2);
	uint8_t frame[2048];

	(void)state;
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), sizeof(frame));
	for (uint32_t len = 0; len < 65536; len++) {
		bool good = len >= FRAME_MIN && len <= 1518;
		uint64_t runts = rig_drops(r, 0, REASON_RUNT);
		uint64_t giants = rig_drops(r, 0, REASON_OVERSIZE);

		assert_true(rig_send(r, 0, frame, (uint16_t)len));
		rig_run(r, RIG_BIT(0));
		assert_int_equal(rig_reap(r, 0), 1);
		assert_int_equal(rig_receive(r, 1, NULL), good ? (int)len : -1);
		assert_int_equal(rig_drops(r, 0, REASON_RUNT),
				 runts + (len < FRAME_MIN));
		assert_int_equal(rig_drops(r, 0, REASON_OVERSIZE),
				 giants + (len > 1518));
	}
	rig_free(r);
}

/* The header cut at every byte, with and without a tag. */
static void hc12_frames_cut_at_every_byte(void **state)
{
	struct rig *r = rig_clients(2);
	uint8_t frame[160];
	uint8_t got[2048];

	(void)state;
	for (unsigned int tagged = 0; tagged < 2; tagged++)
		for (uint16_t len = 0; len < 140; len++) {
			bool good = len >= (tagged ? 18 : 14);

			rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), 140);
			if (tagged)
				rig_tag(frame, 140, FRAME_TPID_C, 7);
			assert_true(rig_send(r, 0, frame, len));
			rig_run(r, RIG_BIT(0));
			assert_int_equal(rig_receive(r, 1, got),
					 good ? len : -1);
			if (good)
				assert_memory_equal(got, frame, len);
		}
	assert_int_equal(rig_drops(r, 0, REASON_RUNT), 28);
	assert_int_equal(rig_drops(r, 0, REASON_VLAN), 4);
	rig_free(r);
}

/* Every length in every number at once, at every place of the ring. */
static void hc13_every_length_in_every_batch(void **state)
{
	struct rig *r = rig_clients(2);
	uint8_t frame[96];
	uint8_t got[2048];

	(void)state;
	for (uint16_t len = 14; len <= 96; len++)
		for (unsigned int batch = 1; batch <= 16; batch++) {
			rig_frame(frame, MAC_BROADCAST, RIG_MAC(len), len);
			for (unsigned int i = 0; i < batch; i++)
				assert_true(rig_send(r, 0, frame, len));
			rig_run(r, RIG_BIT(0));
			for (unsigned int i = 0; i < batch; i++) {
				assert_int_equal(rig_receive(r, 1, got), len);
				assert_memory_equal(got, frame, len);
			}
			assert_int_equal(rig_receive(r, 1, got), -1);
			assert_int_equal(rig_reap(r, 0), batch);
		}
	assert_int_equal(rig_all_drops(r), 0);
	rig_free(r);
}

/* What lies in the sender's buffer behind the frame stays there. */
static void hc16_only_the_frame_is_seen(void **state)
{
	struct rig *r = rig_clients(2);
	uint8_t frame[256];
	uint16_t got;

	(void)state;
	for (uint16_t len = 14; len <= 256; len++) {
		uint32_t buffer;
		const uint8_t *bytes;

		rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), len);
		assert_true(rig_send(r, 0, frame, len));
		rig_run(r, RIG_BIT(0));
		buffer = rig_take(r, 1, &got);
		assert_int_not_equal(buffer, RIG_NO_BUFFER);
		bytes = rig_buffer(r, 1, buffer);
		for (unsigned int i = len; i < 2048; i++)
			assert_int_equal(bytes[i], RIG_POISON);
		rig_lend(r, 1, buffer);
	}
	rig_free(r);
}

/* A record is never longer than the capture's buffer. */
static void hc08_a_capture_smaller_than_the_frames(void **state)
{
	const struct rig_options capture = { .kind = VSWITCH_PORT_CAPTURE,
					     .buffer_size = 256,
					     .max_frame =
						     256 - CAPTURE_HEADROOM,
					     .capture_of = RIG_BIT(0) };
	struct rig *r = rig_clients(2);
	static uint8_t frame[1518];

	(void)state;
	rig_add(r, 2, &capture);
	for (uint16_t len = 14; len <= 1518; len++) {
		uint64_t missed = r->stats->port[2].mirror_missed;
		bool fits = len <= 256 - CAPTURE_HEADROOM;

		rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), len);
		assert_true(rig_send(r, 0, frame, len));
		rig_run(r, RIG_BIT(0));
		assert_int_equal(rig_receive(r, 1, NULL), len);
		assert_int_equal(rig_receive(r, 2, NULL),
				 fits ? len + (int)CAPTURE_HEADROOM : -1);
		assert_int_equal(r->stats->port[2].mirror_missed,
				 missed + !fits);
	}
	rig_free(r);
}

static void hc06_malformed_frames_leak_no_buffer(void **state)
{
	static const uint16_t lengths[] = { 0, 1, 13, 1519, 2048, 2049, 65535 };
	struct rig *r = rig_clients(2);
	uint8_t frame[2048] = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 7000; i++) {
		assert_true(rig_send(r, 0, frame, lengths[i % 7]));
		rig_run(r, RIG_BIT(0));
		assert_int_equal(rig_reap(r, 0), 1);
	}
	assert_int_equal(rig_drops(r, 0, REASON_RUNT), 3000);
	assert_int_equal(rig_drops(r, 0, REASON_OVERSIZE), 4000);
	/* Well-formed, but from nobody: every further reason gives it back. */
	for (unsigned int i = 0; i < 100; i++) {
		rig_frame(frame, MAC_BROADCAST, i % 2 ? 0 : MAC_GROUP_BIT, 60);
		assert_true(rig_send(r, 0, frame, 60));
		rig_run(r, RIG_BIT(0));
		assert_int_equal(rig_reap(r, 0), 1);
	}
	assert_int_equal(rig_drops(r, 0, REASON_BAD_SOURCE), 100);
	assert_int_equal(rig_drain(r, 1), 0);
	assert_int_equal(r->port[0].n_tx, 16);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc08_lengths_are_held_against_the_receiver),
		cmocka_unit_test(hc08_a_capture_smaller_than_the_frames),
		cmocka_unit_test(hc22_every_length),
		cmocka_unit_test(hc06_malformed_frames_leak_no_buffer),
		cmocka_unit_test(hc12_frames_cut_at_every_byte),
		cmocka_unit_test(hc13_every_length_in_every_batch),
		cmocka_unit_test(hc16_only_the_frame_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
