/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds for both network virtualisers, whichever peer is hostile. Each
 * test runs for rx and tx, with offsets and with io addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/virt_rig.h"

#define N 8u

/* --- lies --------------------------------------------------------------- */

static void hc07_never_lent_is_refused(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);

	/* Held back at home: the source made no room for it. */
	virt_rig_down(r, &r->source);
	virt_rig_run(r);
	for (unsigned int i = 0; i < N; i++)
		virt_put(&r->sink, VIRT_AT(i), 0);
	virt_rig_run(r);
	assert_int_equal(virt_refused(r, &r->sink, NET_VIRT_NEVER_LENT), N);
	assert_int_equal(virt_all_refused(r), N);
	assert_true(virt_rig_conserved(r));
	virt_rig_free(r);
}

static void hc07_returned_twice_is_refused(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);

	virt_put(&r->source, 0, 60);
	virt_put(&r->source, 0, 60);
	virt_rig_run(r);
	assert_int_equal(virt_refused(r, &r->source, NET_VIRT_RETURNED_TWICE),
			 1);
	assert_int_equal(virt_get(&r->sink, NULL), 0);
	assert_int_equal(virt_get(&r->sink, NULL), -1);

	virt_put(&r->sink, 0, 0);
	virt_put(&r->sink, 0, 0);
	virt_rig_run(r);
	assert_int_equal(virt_refused(r, &r->sink, NET_VIRT_RETURNED_TWICE), 1);
	assert_int_equal(virt_all_refused(r), 2);
	assert_true(virt_rig_conserved(r));
	virt_rig_free(r);
}

static void hc07_the_other_sides_buffer_is_refused(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);

	virt_put(&r->sink, VIRT_BUFFER, 0);
	virt_rig_run(r);
	assert_int_equal(virt_refused(r, &r->sink, NET_VIRT_WRONG_OWNER), 1);
	/* It is the source's all the same. */
	virt_put(&r->source, VIRT_BUFFER, 60);
	virt_rig_run(r);
	assert_int_equal(virt_get(&r->sink, NULL), 1);
	assert_int_equal(virt_all_refused(r), 1);
	assert_true(virt_rig_conserved(r));
	virt_rig_free(r);
}

static void hc07_impossible_lengths_recycle_the_buffer(void **state)
{
	static const uint16_t bad[] = { 0, VIRT_BUFFER + 1, 2048, 65535 };
	struct virt_rig *r = virt_rig_for(state, N);

	for (unsigned int i = 0; i < 1000; i++) {
		int index = virt_get(&r->source, NULL);

		assert_true(index >= 0);
		virt_put(&r->source, VIRT_AT(index), bad[i % 4]);
		virt_rig_run(r);
		assert_int_equal(virt_get(&r->sink, NULL), -1);
	}
	assert_int_equal(virt_refused(r, &r->source, NET_VIRT_BAD_LENGTH),
			 1000);
	/* The longest possible one passes. */
	virt_put(&r->source, VIRT_AT(virt_get(&r->source, NULL)), VIRT_BUFFER);
	virt_rig_run(r);
	assert_true(virt_get(&r->sink, NULL) >= 0);
	assert_true(virt_rig_conserved(r));
	virt_rig_free(r);
}

static void hc25_wild_offsets_are_refused(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);
	const uint64_t region = VIRT_AT(N);
	const uint64_t wild[] = {
		1,
		VIRT_BUFFER - 1,
		VIRT_BUFFER + 64,
		region,
		region + VIRT_BUFFER,
		UINT64_MAX,
		0 - (uint64_t)VIRT_BUFFER,
		0 - VIRT_IO,
		(uint64_t)1 << 63,
		(uint64_t)VIRT_BUFFER << 32, /* index 0 when cut to 32 bits */
	};
	const unsigned int n = sizeof(wild) / sizeof(wild[0]);

	for (unsigned int i = 0; i < n; i++) {
		if (r->source.base == 0 && wild[i] == 0 - VIRT_IO)
			continue;
		virt_put(&r->source, wild[i], 60);
		virt_rig_run(r);
		virt_put(&r->sink, wild[i], 0);
		virt_rig_run(r);
		assert_int_equal(
			virt_refused(r, &r->source, NET_VIRT_BAD_OFFSET),
			virt_refused(r, &r->sink, NET_VIRT_BAD_OFFSET));
	}
	assert_int_equal(virt_get(&r->sink, NULL), -1);
	assert_in_range(virt_refused(r, &r->sink, NET_VIRT_BAD_OFFSET), n - 1,
			n);
	assert_true(virt_rig_conserved(r));
	virt_rig_free(r);
}

static void hc24_forged_indices_are_a_fault_of_that_side(void **state)
{
	for (unsigned int k = 0; k < 4; k++) {
		struct virt_rig *r = virt_rig_for(state, N);
		struct virt_peer *bad = k < 2 ? &r->source : &r->sink;
		struct virt_peer *good = k < 2 ? &r->sink : &r->source;
		struct net_virt_side_stats *s = &r->stats.side[bad->side];

		if (k % 2 == 0) {
			atomic_store(&bad->put.shared->tail, 60000);
		} else {
			/* Seen once there is something to hand over. */
			atomic_store(&bad->get.shared->head, 60000);
			virt_put(&r->source, 0, 60);
			virt_rig_run(r);
			virt_put(&r->sink, 0, 0);
		}
		virt_rig_run(r);
		assert_int_equal(s->state, NET_VIRT_FAULT);
		assert_int_equal(s->faults, 1);
		assert_int_equal(r->stats.side[good->side].state, NET_VIRT_UP);
		assert_int_equal(r->stats.side[good->side].faults, 0);

		/* It is not looked at again until its epoch changes. */
		for (unsigned int i = 0; i < 10; i++) {
			virt_rig_run(r);
			virt_rig_arm(r);
		}
		assert_int_equal(s->faults, 1);
		virt_rig_down(r, bad);
		virt_rig_up(r, bad);
		virt_rig_run(r);
		assert_int_equal(s->state, NET_VIRT_UP);
		assert_true(virt_rig_conserved(r));
		virt_rig_free(r);
	}
}

static void hc03_a_call_is_bounded(void **state)
{
	struct virt_rig *r = virt_rig_for(state, 1024);
	unsigned int ring = 0;
	unsigned int calls = 1;

	for (unsigned int i = 0; i < 1024; i++)
		virt_put(&r->source, UINT64_MAX, 65535);
	assert_true(virt_rig_run_once(r, &ring));
	assert_int_equal(virt_refused(r, &r->source, NET_VIRT_BAD_OFFSET),
			 NET_VIRT_BUDGET);
	while (virt_rig_run_once(r, &ring))
		calls++;
	assert_int_equal(calls + 1, 1024 / NET_VIRT_BUDGET);
	assert_int_equal(virt_refused(r, &r->source, NET_VIRT_BAD_OFFSET),
			 1024);
	virt_rig_free(r);
}

/* A sink that never moves its head, a source that never gets any: no wait. */
static void hc29_a_sink_that_hoards_costs_counted_frames(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);

	for (unsigned int i = 0; i < N; i++)
		virt_put(&r->source, VIRT_AT(virt_get(&r->source, NULL)), 60);
	virt_rig_run(r);
	assert_int_equal(r->stats.frames, N);
	/* It returns the buffers but keeps the queue full. */
	for (unsigned int i = 0; i < N; i++)
		virt_put(&r->sink, VIRT_AT(i), 0);
	virt_rig_run(r);
	virt_put(&r->source, VIRT_AT(virt_get(&r->source, NULL)), 60);
	virt_rig_run(r);
	assert_int_equal(virt_refused(r, &r->sink, NET_VIRT_NO_ROOM), 1);
	assert_int_equal(r->stats.frames, N);
	assert_true(virt_rig_conserved(r));
	virt_rig_free(r);
}

static void hc19_a_source_that_ran_dry_resumes(void **state)
{
	struct virt_rig *r = virt_rig_for(state, N);

	for (unsigned int round = 0; round < 3; round++) {
		int index;

		while ((index = virt_get(&r->source, NULL)) >= 0)
			virt_put(&r->source, VIRT_AT(index), 60);
		virt_rig_run(r);
		assert_int_equal(virt_get(&r->source, NULL), -1);
		assert_false(virt_rig_arm(r));
		assert_int_equal(queue_arm(&r->source.get), 0);
		while ((index = virt_get(&r->sink, NULL)) >= 0)
			virt_put(&r->sink, VIRT_AT(index), 0);
		/* It asked for this, and the source for what follows. */
		assert_true(queue_must_notify(&r->sink.put));
		assert_int_equal(virt_rig_run(r) & 1u << r->source.side,
				 1u << r->source.side);
		assert_int_equal(queue_pending(&r->source.get), N);
	}
	virt_rig_free(r);
}

/* --- a storm, held against a naive record of who has what --------------- */

enum hands { HOME, SOURCE, SINK };

struct storm {
	struct virt_rig *r;
	enum hands hands[N];
	uint64_t refused;
	uint64_t frames;
	uint32_t seed;
};

static uint32_t draw(struct storm *s, uint32_t below)
{
	s->seed = s->seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(s->seed >> 8) * below >> 24);
}

static uint64_t some_offset(struct storm *s)
{
	uint64_t offset = (uint64_t)draw(s, N) * VIRT_BUFFER;

	switch (draw(s, 16)) {
	case 0:
		return offset + 1 + draw(s, VIRT_BUFFER - 1);
	case 1:
		return offset + VIRT_AT(N);
	case 2:
		return offset - VIRT_AT(N);
	default:
		return offset;
	}
}

/* What an impartial observer expects of one descriptor. */
static void expect(struct storm *s, enum hands from, uint64_t offset,
		   uint16_t len)
{
	uint64_t i = offset / VIRT_BUFFER;

	bool theirs = offset % VIRT_BUFFER == 0 && i < N && s->hands[i] == from;
	bool fits = from == SINK || (len != 0 && len <= VIRT_BUFFER);

	/* One that does not fit comes home, and is lent again at once. */
	if (!theirs || !fits) {
		s->refused++;
	} else if (from == SINK) {
		s->hands[i] = SOURCE;
	} else {
		s->hands[i] = SINK;
		s->frames++;
	}
}

static void flap(struct storm *s, enum hands who)
{
	struct virt_peer *p = who == SINK ? &s->r->sink : &s->r->source;

	virt_rig_down(s->r, p);
	if (draw(s, 2))
		virt_rig_run(s->r);
	virt_rig_up(s->r, p);
	for (unsigned int i = 0; i < N; i++)
		if (s->hands[i] == who)
			s->hands[i] = SOURCE;
}

static void storm_step(struct storm *s)
{
	enum hands from = draw(s, 2) ? SOURCE : SINK;
	struct virt_peer *p = from == SINK ? &s->r->sink : &s->r->source;
	uint64_t offset = some_offset(s);
	uint16_t len = (uint16_t)draw(s, VIRT_BUFFER + 20);

	if (draw(s, 100) == 0) {
		flap(s, from);
	} else {
		virt_put(p, offset, len);
		expect(s, from, offset, len);
	}
	virt_rig_run(s->r);
	/* Peers keep their queues empty, or there is no room. */
	while (virt_get(&s->r->source, NULL) >= 0)
		;
	while (virt_get(&s->r->sink, NULL) >= 0)
		;
	if (virt_all_refused(s->r) != s->refused ||
	    s->r->stats.frames != s->frames)
		fail_msg("seed %u: refused %lu, expected %lu", s->seed,
			 (unsigned long)virt_all_refused(s->r),
			 (unsigned long)s->refused);
}

static void hc06_buffers_are_conserved_in_a_storm(void **state)
{
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct storm s = { .r = virt_rig_for(state, N), .seed = seed };

		for (unsigned int i = 0; i < N; i++)
			s.hands[i] = SOURCE;
		for (unsigned int i = 0; i < 2000; i++)
			storm_step(&s);
		assert_true(virt_rig_conserved(s.r));
		virt_rig_free(s.r);
	}
}

#define TESTS(TEST)                                                            \
	TEST(hc07_never_lent_is_refused)                                       \
	TEST(hc07_returned_twice_is_refused)                                   \
	TEST(hc07_the_other_sides_buffer_is_refused)                           \
	TEST(hc07_impossible_lengths_recycle_the_buffer)                       \
	TEST(hc25_wild_offsets_are_refused)                                    \
	TEST(hc24_forged_indices_are_a_fault_of_that_side)                     \
	TEST(hc03_a_call_is_bounded)                                           \
	TEST(hc29_a_sink_that_hoards_costs_counted_frames)                     \
	TEST(hc19_a_source_that_ran_dry_resumes)                               \
	TEST(hc06_buffers_are_conserved_in_a_storm)

int main(void)
{
	const struct CMUnitTest tests[] = { VIRT_ALL(TESTS) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
