/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policies on the whole switch, where it takes more than frames in and out:
 * tests/scenarios/rules.txt has the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/lines.h"
#include "tests/unit/switch_rig.h"

#define A 0u
#define B 1u
#define C 2u

/*
 * hc01: the sender rewrites a frame after it was judged, in bytes that only a
 * larger snapshot holds.  The tap is called between decision and copy.
 */
static void rewrite(void *arg, unsigned int port, const struct frame *frame,
		    const struct vswitch_verdict *verdict)
{
	struct rig *r = arg;

	(void)frame;
	(void)verdict;
	memset(r->port[port].config.ingress.data, 0xee,
	       r->port[port].config.ingress.data_size);
}

static void hc01_deep_snapshots_are_delivered_as_judged(void **state)
{
	struct policy_image *image = image_new();
	uint8_t frame[300], got[2048];
	struct rig *r;

	(void)state;
	image_allow(image, A, B, "ether[199] = 7");
	r = sw_new(image);
	for (unsigned int len = 200; len <= 300; len++) {
		memset(frame, 1, sizeof(frame));
		sw_mac(frame, RIG_MAC(B + 1), RIG_MAC(A + 1));
		frame[199] = 7;
		assert_true(rig_send(r, A, frame, (uint16_t)len));
		vswitch_set_tap(r->sw, rewrite, r);
		rig_run(r, RIG_BIT(A));
		vswitch_set_tap(r->sw, NULL, NULL);
		rig_reap(r, A);
		assert_int_equal(rig_receive(r, B, got), len);
		assert_memory_equal(got, frame, 200);
		for (unsigned int i = 200; i < len; i++)
			assert_int_equal(got[i], 0xee);
	}
	free(image);
	rig_free(r);
}

/*
 * hc18: a filter that looks behind a frame's end says no, whatever was there.
 */
static void hc18_filters_see_nothing_behind_the_end(void **state)
{
	struct policy_image *image = image_new();
	uint8_t frame[200];
	struct rig *r;

	(void)state;
	image_allow(image, A, B, "ether[150] = 7");
	image_allow(image, A, C, "not ether[150] = 7");
	r = sw_new(image);
	memset(frame, 7, sizeof(frame));
	sw_mac(frame, RIG_MAC(B + 1), RIG_MAC(A + 1));
	assert_true(sw_send_raw(r, A, frame, 151) == RIG_BIT(B));
	assert_int_equal(sw_send_raw(r, A, frame, 150), 0);
	sw_mac(frame, RIG_MAC(C + 1), RIG_MAC(A + 1));
	assert_int_equal(sw_send_raw(r, A, frame, 151), 0);
	/* A load that fails ends a filter with "no", also behind a "not". */
	assert_int_equal(sw_send_raw(r, A, frame, 150), 0);
	free(image);
	rig_free(r);
}

static void rules_with_reply_want_a_table_of_flows(void **state)
{
	struct vswitch_tables t = { .fdb = { 64, 300, 1 } };
	struct policy_image *image = image_new();
	size_t size = vswitch_size(&t);
	void *memory = aligned_alloc(64, in_lines(size));
	struct vswitch_stats *stats = malloc(vswitch_stats_size(&t));
	struct vswitch *sw = vswitch_init(memory, size, &t, stats);

	(void)state;
	image_allow_reply(image, A, B, "tcp");
	assert_int_equal(vswitch_set_policy(sw, image, NULL),
			 POLICY_FAULT_NO_FLOWS);
	free(image);
	free(stats);
	free(memory);
}

static void a_wrong_policy_leaves_the_right_one(void **state)
{
	struct policy_image *image = image_new(), *wrong = image_new();
	struct rig *r;
	uint32_t at;

	(void)state;
	image_allow(image, A, B, "udp");
	image_allow(wrong, A, B, NULL);
	image_allow(wrong, B, A, NULL);
	wrong->entry[1] = 99;
	r = sw_new(image);
	assert_int_equal(vswitch_set_policy(r->sw, wrong, &at),
			 POLICY_FAULT_ENTRY);
	assert_int_equal(at, 1);
	assert_int_equal(r->stats->policies, vswitch_policy(r->sw)->generation);
	assert_true(sw_udp(r, A, B, 1, 7) == RIG_BIT(B));
	assert_int_equal(sw_tcp(r, A, B, 1, 7, PACKET_ACK), 0);
	assert_int_equal(sw_udp(r, B, A, 1, 7), 0);
	free(image);
	free(wrong);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc01_deep_snapshots_are_delivered_as_judged),
		cmocka_unit_test(hc18_filters_see_nothing_behind_the_end),
		cmocka_unit_test(rules_with_reply_want_a_table_of_flows),
		cmocka_unit_test(a_wrong_policy_leaves_the_right_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
