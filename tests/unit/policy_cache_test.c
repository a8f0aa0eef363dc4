/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verdicts are found again however many flows take turns, and no frame that
 * somebody sends changes that for the frames of others: not one with its ports
 * in unusual places, nor one whose contents are read by a filter.  All of these
 * would make frames look new that are not, and a filter be run for each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/image_rig.h"

#define FLOWS 8u
#define ROUNDS 100u

/**
 * struct world - a policy of one rule from port 0 to port 1
 */
struct world {
	struct policy *policy;
	struct policy_cache cache;
	struct cache_port port[MAX_PORTS];
	uint32_t random;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->policy = policy_new();
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	free(w->policy);
	free(w);
	return 0;
}

static void rule(struct world *w, const char *expr)
{
	struct policy_image *image = image_new();

	image_allow(image, 0, 1, expr);
	assert_int_equal(policy_load(w->policy, image, NULL),
			 POLICY_FAULT_SOUND);
	w->policy->generation = 1;
	cache_init(&w->cache, w->port, MAX_PORTS, 21);
	free(image);
}

static uint8_t any(struct world *w)
{
	w->random = w->random * 1664525u + 1013904223u;
	return (uint8_t)(w->random >> 24);
}

/*
 * A frame of a flow, otherwise like no other: id, checksum, all behind ports.
 */
static void fill(struct world *w, uint8_t *b, uint8_t proto, unsigned int flow)
{
	static const uint8_t head[] = { 2, 0, 0, 0, 0, 1, 2,   0,
					0, 0, 0, 2, 8, 0, 0x45 };

	memset(b, 0, FRAME_SNAP);
	memcpy(b, head, sizeof(head));
	b[18] = any(w);
	b[19] = any(w);
	b[23] = proto;
	b[24] = any(w);
	b[25] = any(w);
	b[26] = b[30] = 10;
	b[35] = (uint8_t)flow;
	b[37] = 53;
	for (unsigned int i = 38; i < FRAME_SNAP; i++)
		b[i] = any(w);
}

static void ask(struct world *w, const uint8_t *bytes)
{
	struct frame f = { .len = 100, .snap = FRAME_SNAP };

	memcpy(f.bytes, bytes, FRAME_SNAP);
	frame_parse(&f);
	assert_int_equal(policy_match(w->policy, &w->cache, &f, 0, 1),
			 policy_match(w->policy, NULL, &f, 0, 1));
}

/* Frames of all flows in turn.  Return: how many verdicts were not found. */
static uint64_t not_found(struct world *w)
{
	uint64_t misses = w->cache.misses;
	uint8_t bytes[FRAME_SNAP];

	for (unsigned int i = 0; i < ROUNDS * FLOWS; i++) {
		fill(w, bytes, 17, i % FLOWS);
		ask(w, bytes);
	}
	return w->cache.misses - misses;
}

static void flows_in_turn_are_all_found(struct world *w)
{
	assert_int_equal(not_found(w), FLOWS);
	assert_int_equal(not_found(w), 0);
}

/* With options, ports are where others have what is never the same. */
static void hc21_a_frame_with_options_spoils_no_other(void **state)
{
	struct world *w = *state;
	uint8_t odd[FRAME_SNAP];

	rule(w, "udp port 53 and host 10.0.0.0");
	flows_in_turn_are_all_found(w);
	for (uint8_t words = 0; words < 16; words++) {
		fill(w, odd, 17, 1);
		odd[14] = 0x40 | words;
		ask(w, odd);
		assert_int_equal(not_found(w), 0);
	}
}

/* So are they behind tags that the switch takes for none, or one of several. */
static void hc21_a_frame_with_tags_spoils_no_other(void **state)
{
	static const uint16_t tags[] = { 0x9100, 0x8100, 0x88a8, 0x8864 };
	struct world *w = *state;
	uint8_t odd[FRAME_SNAP + 8];

	rule(w, "udp port 53 or (vlan and udp port 53) or "
		"(vlan and vlan and udp port 53) or (pppoes and udp port 53)");
	flows_in_turn_are_all_found(w);
	for (unsigned int i = 0; i < 8; i++) {
		unsigned int shift = i < 4 ? 4 : 8;

		fill(w, odd, 17, 1);
		memmove(odd + 12 + shift, odd + 12, FRAME_SNAP - 12);
		odd[12] = odd[8 + shift] = (uint8_t)(tags[i % 4] >> 8);
		odd[13] = odd[9 + shift] = (uint8_t)tags[i % 4];
		ask(w, odd);
		assert_int_equal(not_found(w), 0);
	}
}

static void hc21_what_is_read_of_one_protocol_spoils_no_other(void **state)
{
	struct world *w = *state;
	uint8_t odd[FRAME_SNAP];

	rule(w, "tcp[20:4] = 0x47455420 or tcp[4:4] = 7 or icmp[6:2] = 1 "
		"or ip6 host fd00::1 or udp port 53");
	flows_in_turn_are_all_found(w);
	for (unsigned int i = 0; i < 12; i++) {
		fill(w, odd, i % 3 == 0 ? 1 : 6, i);
		if (i % 3 == 2) {
			odd[12] = 0x86;
			odd[13] = 0xdd;
			odd[14] = 0x60;
		}
		ask(w, odd);
		assert_int_equal(not_found(w), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			hc21_a_frame_with_options_spoils_no_other, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			hc21_a_frame_with_tags_spoils_no_other, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			hc21_what_is_read_of_one_protocol_spoils_no_other,
			set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
