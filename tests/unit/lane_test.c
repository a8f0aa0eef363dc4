/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short path against decide(): two switches get the same frames, and one of
 * them has a tap, which keeps it off the short path.  Counters, hits included,
 * and deliveries must be the same; and what a case is about must have happened.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/image_rig.h"
#include "tests/unit/rig.h"
#include "vswitch/vswitch_impl.h"

#define PORTS 4u
#define FRAMES 12u
#define VLAN 10u

/* Allowed are all pairs; a case changes that. */
static struct policy_image *usual_image(void)
{
	struct policy_image *image = image_new();

	for (unsigned int p = 0; p < PORTS; p++)
		image->port[p].allow = ~RIG_BIT(p) & (RIG_BIT(PORTS) - 1);
	return image;
}

static void set(struct rig *r, struct policy_image *image)
{
	image_set(r->sw, image);
	free(image);
}

/* --- cases --------------------------------------------------------------- */

static void nothing(struct rig *r)
{
	(void)r;
}

static void block(struct rig *r, unsigned int port)
{
	r->sw->state.flap.blocked = RIG_BIT(port);
	r->sw->state.flap.port[port].until_ns = UINT64_MAX;
}

static void receiver_blocked(struct rig *r)
{
	block(r, 1);
}

static void sender_blocked(struct rig *r)
{
	block(r, 0);
}

static void receiver_limited(struct rig *r)
{
	struct policy_image *image = usual_image();

	image->port[1].limit_out = (struct policy_rate){ 1000, 200 };
	set(r, image);
}

static void sender_limited(struct rig *r)
{
	struct policy_image *image = usual_image();

	image->port[0].limit_in = (struct policy_rate){ 1000, 200 };
	set(r, image);
}

/* What a policy that changes VLANs has made the switch forget. */
static void learn(struct rig *r, uint16_t vlan)
{
	for (unsigned int p = 0; p < PORTS; p++)
		fdb_learn(vswitch_fdb(r->sw), RIG_MAC(p), vlan, p, 0,
			  (uint32_t)(r->now / 1000000000u));
}

static void receiver_in_another_vlan(struct rig *r)
{
	struct policy_image *image = usual_image();

	image->port[1].vlan_mode = POLICY_VLAN_ACCESS;
	image->port[1].vlan = VLAN;
	set(r, image);
	learn(r, 0);
}

/* Its frames leave with a tag. */
static void sender_in_a_vlan(struct rig *r)
{
	struct policy_image *image = usual_image();

	image->port[0].vlan_mode = POLICY_VLAN_ACCESS;
	image->port[0].vlan = VLAN;
	set(r, image);
	learn(r, VLAN);
}

static void a_rule_denies(struct rig *r)
{
	struct policy_image *image = usual_image();
	uint16_t rule = image_rule(image, POLICY_DENY, false, "ether[0] = 2");

	image_pair(image, 0, 1, &rule, 1);
	set(r, image);
}

static void a_rule_allows(struct rig *r)
{
	struct policy_image *image = usual_image();

	image_allow(image, 0, 1, "ether[0] = 2");
	set(r, image);
}

static void a_rule_without_a_filter(struct rig *r)
{
	struct policy_image *image = usual_image();

	image_allow(image, 0, 1, NULL);
	image_allow(image, 0, 2, NULL);
	set(r, image);
}

static void no_rule_at_all(struct rig *r)
{
	struct policy_image *image = usual_image();

	image->port[0].allow = 0;
	set(r, image);
}

static void few_buffers(struct rig *r)
{
	r->sw->port[1].out_free.head = (uint16_t)(16 - 3);
}

/* The peer has not yet taken what it got: there are three slots. */
static void little_room(struct rig *r)
{
	struct net_queue *active = r->port[1].config.egress.active;

	active->head = (uint16_t)(r->sw->port[1].out_active.tail - 13);
}

static uint64_t *lent(struct rig *r, unsigned int n)
{
	struct net_queue *free = r->port[1].config.egress.free;
	unsigned int at = r->sw->port[1].out_free.head + n;

	return &free->desc[at % 16].io_or_offset;
}

static void buffer_off_the_region(struct rig *r)
{
	*lent(r, 2) = 16 * 2048;
	*lent(r, 3) = 1ull << 60;
}

static void buffer_off_its_boundary(struct rig *r)
{
	*lent(r, 0) += 8;
	*lent(r, 5) += 1;
}

/* One of more buffers than there are slots, or of fewer. */
static void little_room_and_a_bad_buffer(struct rig *r)
{
	little_room(r);
	*lent(r, 1) += 8;
}

static void few_buffers_and_a_bad_one(struct rig *r)
{
	few_buffers(r);
	*lent(r, 1) += 8;
}

static void impossible_index(struct rig *r)
{
	r->port[1].config.egress.free->tail = 4711;
}

static void short_frames_only(struct rig *r)
{
	r->sw->port[1].out.max_frame = 100;
	r->sw->fits = 100;
}

/* So much that not all of it has been removed when the frames come. */
static void everything_has_expired(struct rig *r)
{
	for (unsigned int i = 0; i < 500; i++)
		fdb_learn(vswitch_fdb(r->sw), RIG_MAC(1000 + i), 0, 0, 0,
			  (uint32_t)(r->now / 1000000000u));
	r->now += 300000000000u;
}

static void another_second(struct rig *r)
{
	r->now += 1000000000u;
}

/* Addresses that are known already are pinned when they are seen again. */
static void sender_sticky(struct rig *r)
{
	struct policy_image *image = usual_image();

	image->port[0].sticky = 5;
	set(r, image);
}

static void receiver_down(struct rig *r)
{
	rig_down(r, 1);
	rig_run(r, RIG_BIT(1));
	fdb_add_static(vswitch_fdb(r->sw), RIG_MAC(1), 0, 1);
}

/**
 * struct lane_case - a case
 * @prepare: what is special
 * @why:     reason at @port that must have been counted, or REASON_NONE
 * @got:     frames port 1 gets of @FRAMES
 */
static const struct lane_case {
	void (*prepare)(struct rig *r);
	enum vswitch_reason why;
	unsigned int port;
	unsigned int got;
} cases[] = {
	{ nothing, REASON_NONE, 0, 9 },
	{ receiver_blocked, REASON_BLOCKED_OUT, 1, 0 },
	{ sender_blocked, REASON_BLOCKED, 0, 0 },
	{ receiver_limited, REASON_RATE_OUT, 1, 3 },
	{ sender_limited, REASON_RATE_IN, 0, 2 },
	{ receiver_in_another_vlan, REASON_VLAN_OUT, 1, 0 },
	{ sender_in_a_vlan, REASON_NONE, 0, 9 },
	{ a_rule_denies, REASON_DENIED, 0, 0 },
	{ a_rule_allows, REASON_NONE, 0, 6 },
	{ a_rule_without_a_filter, REASON_NONE, 0, 9 },
	{ no_rule_at_all, REASON_NOT_ALLOWED, 0, 0 },
	{ few_buffers, REASON_NO_BUFFER, 1, 6 },
	{ little_room, REASON_NO_BUFFER, 1, 3 },
	{ buffer_off_the_region, REASON_BAD_FREE, 1, 9 },
	{ buffer_off_its_boundary, REASON_BAD_FREE, 1, 9 },
	{ little_room_and_a_bad_buffer, REASON_BAD_FREE, 1, 3 },
	{ few_buffers_and_a_bad_one, REASON_BAD_FREE, 1, 5 },
	{ impossible_index, REASON_NONE, 1, 0 },
	{ short_frames_only, REASON_TOO_BIG, 1, 6 },
	{ everything_has_expired, REASON_NONE, 0, 12 },
	{ another_second, REASON_NONE, 0, 9 },
	{ sender_sticky, REASON_NONE, 0, 9 },
	{ receiver_down, REASON_PORT_DOWN, 1, 0 },
};

/* --- two switches -------------------------------------------------------- */

static void no_op(void *arg, unsigned int port, const struct frame *frame,
		  const struct vswitch_verdict *verdict)
{
	(void)arg;
	(void)port;
	(void)frame;
	(void)verdict;
}

static struct rig *prepared(const struct lane_case *c, bool tap)
{
	struct rig *r = rig_clients(PORTS);
	uint8_t frame[200];

	for (unsigned int p = 0; p < PORTS; p++)
		rig_teach(r, p, RIG_MAC(p));
	for (unsigned int p = 0; p < PORTS; p++)
		rig_drain(r, p);
	c->prepare(r);
	if (tap)
		vswitch_set_tap(r->sw, no_op, NULL);
	/*
	 * In turn: two for port 1, the second a longer one; port 2; all, from
	 * another station, so that this one is not looked at anew.
	 */
	for (unsigned int i = 0; i < FRAMES; i++) {
		static const uint64_t to[] = { RIG_MAC(1), RIG_MAC(1),
					       RIG_MAC(2), MAC_BROADCAST };
		uint16_t len = i % 4 == 1 ? 200 : 64;

		rig_frame(frame, to[i % 4], RIG_MAC(i % 4 == 3 ? 9 : 0), len);
		assert_true(rig_send(r, 0, frame, len));
	}
	rig_run(r, RIG_BIT(0));
	return r;
}

static unsigned int same_deliveries(struct rig *a, struct rig *b,
				    unsigned int port)
{
	static uint8_t one[2048], other[2048];
	unsigned int n = 0;
	int len;

	while ((len = rig_receive(a, port, one)) >= 0) {
		assert_int_equal(rig_receive(b, port, other), len);
		assert_memory_equal(one, other, (size_t)len);
		n++;
	}
	assert_int_equal(rig_receive(b, port, other), -1);
	return n;
}

static void same_table(const struct rig *a, const struct rig *b)
{
	uint32_t at = 0, other_at = 0, now = (uint32_t)(a->now / 1000000000u);
	struct fdb_entry e, other;

	while (fdb_iterate(vswitch_fdb(a->sw), &at, now, &e)) {
		assert_true(fdb_iterate(vswitch_fdb(b->sw), &other_at, now,
					&other));
		assert_memory_equal(&e, &other, sizeof(e));
	}
	assert_false(fdb_iterate(vswitch_fdb(b->sw), &other_at, now, &other));
}

static void the_short_path_says_what_decide_says(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct lane_case *c = &cases[i];
		struct rig *fast = prepared(c, false);
		struct rig *full = prepared(c, true);
		unsigned int got = 0;

		assert_memory_equal(fast->stats, full->stats,
				    sizeof(*fast->stats));
		same_table(fast, full);
		for (unsigned int p = 0; p < PORTS; p++) {
			unsigned int n;

			if (fast->sw->port[p].state != PORT_UP)
				continue;
			n = same_deliveries(fast, full, p);

			got = p == 1 ? n : got;
		}
		if (got != c->got)
			fail_msg("case %u: %u frames", i, got);
		if (c->why != REASON_NONE)
			assert_true(full->stats->port[c->port].drops[c->why]);
		rig_free(fast);
		rig_free(full);
	}
}

static void floods_count_hits(void **state)
{
	const struct lane_case c = { .prepare = a_rule_without_a_filter };
	struct rig *r = prepared(&c, false);

	(void)state;
	assert_int_equal(r->stats->hits[0], 9);
	assert_int_equal(r->stats->hits[1], 6);
	rig_free(r);
}

/* Frames of a visit whose rules are asked, which is work. */
static uint64_t taken_in_a_visit(bool tap)
{
	const struct rig_options many = { .buffers = 128 };
	struct rig *r = rig_new(NULL);
	uint64_t ring = 0, taken;
	uint8_t frame[64];

	for (unsigned int p = 0; p < 2; p++)
		rig_add(r, p, &many);
	rig_allow(r, 0, 1);
	rig_teach(r, 0, RIG_MAC(0));
	rig_teach(r, 1, RIG_MAC(1));
	a_rule_allows(r);
	if (tap)
		vswitch_set_tap(r->sw, no_op, NULL);
	taken = r->stats->port[0].in_frames;
	rig_frame(frame, RIG_MAC(1), RIG_MAC(0), sizeof(frame));
	for (unsigned int i = 0; i < 100; i++)
		assert_true(rig_send(r, 0, frame, sizeof(frame)));
	vswitch_run(r->sw, RIG_BIT(0), r->now, &ring);
	taken = r->stats->port[0].in_frames - taken;
	rig_free(r);
	return taken;
}

static void work_ends_a_visit(void **state)
{
	uint64_t taken = taken_in_a_visit(false);

	(void)state;
	assert_int_equal(taken, taken_in_a_visit(true));
	assert_in_range(taken, 1, VSWITCH_BUDGET - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_short_path_says_what_decide_says),
		cmocka_unit_test(floods_count_hits),
		cmocka_unit_test(work_ends_a_visit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
