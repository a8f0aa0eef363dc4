/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VLANs: what a copy with another tag looks like, and whole ways from port to
 * port, against an oracle that knows nothing of taggings and builds the frame a
 * port should see from a list of tags.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/vlan_rig.h"

#define ROUNDS 200000
#define REFUSED (-1)

/* --- copies ------------------------------------------------------------- */

/* The same from and to allocations of no byte more, for the sanitiser. */
static void check_tight(const struct frame *f, const struct sent *s,
			enum vlan_tagging tagging, const struct sent *want)
{
	uint8_t *data = malloc(s->len), *room = malloc(want->len);

	assert_non_null(data);
	assert_non_null(room);
	memcpy(data, s->byte, s->len);
	vlan_copy(room, f, data, tagging);
	assert_memory_equal(room, want->byte, want->len);
	free(data);
	free(room);
}

static const unsigned int snaps[] = { FRAME_SNAP, 72, 128, FRAME_SNAP_MAX };

/* Tag forms before and after, the latter in VLAN 20. */
static const struct {
	enum vlan_tagging tagging;
	struct tag before, after;
	unsigned int tags_before, tags_after;
} changes[] = {
	{ VLAN_ADD, { 0 }, { C, 20 }, 0, 1 },
	{ VLAN_STRIP, { C, URGENT | 20 }, { 0 }, 1, 0 },
	{ VLAN_SET, { C, URGENT }, { C, URGENT | 20 }, 1, 1 },
};
#define CHANGES (sizeof(changes) / sizeof(*changes))

static void check_change(size_t c, unsigned int payload, unsigned int snap)
{
	struct sent s, want;
	struct frame f;

	s = build(&changes[c].before, changes[c].tags_before, 0x86dd, payload);
	want = build(&changes[c].after, changes[c].tags_after, 0x86dd, payload);
	assert_true(take(&f, &s, snap));
	f.vlan = 20;
	check_copy(&f, s.byte, changes[c].tagging, &want);
	check_tight(&f, &s, changes[c].tagging, &want);
}

/* Frames of 14 to 200 bytes and more: 14 to 17, 18, and each snapshot's end. */
static void hc12_copies_of_every_length(void **state)
{
	(void)state;
	for (size_t c = 0; c < CHANGES; c++)
		for (size_t i = 0; i < sizeof(snaps) / sizeof(*snaps); i++)
			for (unsigned int payload = 0; payload <= 270;
			     payload++)
				check_change(c, payload, snaps[i]);
}

/* An untagged frame may have a snapshot that ends where the tag would. */
static void hc12_snapshots_that_end_within_the_tag(void **state)
{
	(void)state;
	for (unsigned int snap = 14; snap <= 24; snap++)
		for (unsigned int payload = 0; payload < 40; payload++)
			check_change(0, payload, snap);
	for (unsigned int snap = 18; snap <= 24; snap++)
		for (unsigned int payload = 0; payload < 40; payload++) {
			check_change(1, payload, snap);
			check_change(2, payload, snap);
		}
}

/* The sender rewrites the frame after it was judged, tag included. */
static void hc01_what_was_judged_is_what_is_copied(void **state)
{
	(void)state;
	for (size_t c = 0; c < CHANGES; c++) {
		for (size_t i = 0; i < sizeof(snaps) / sizeof(*snaps); i++) {
			struct sent s = build(&changes[c].before,
					      changes[c].tags_before, 0x0800,
					      250);
			struct sent want = build(&changes[c].after,
						 changes[c].tags_after, 0x0800,
						 250);
			struct frame f;

			assert_true(take(&f, &s, snaps[i]));
			f.vlan = 20;
			for (unsigned int at = 0; at < f.snap; at++)
				s.byte[at] ^= 0xff;
			check_copy(&f, s.byte, changes[c].tagging, &want);
		}
	}
}

static void lengths_change_by_the_tag(void **state)
{
	(void)state;
	assert_int_equal(vlan_length(14, VLAN_AS_IS), 14);
	assert_int_equal(vlan_length(14, VLAN_ADD), 18);
	assert_int_equal(vlan_length(18, VLAN_STRIP), 14);
	assert_int_equal(vlan_length(18, VLAN_SET), 18);
	assert_int_equal(vlan_length(65535, VLAN_ADD), 65539);
}

/* --- against an oracle -------------------------------------------------- */

static uint32_t random_state;

static uint32_t below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(random_state >> 4) * n >> 28);
}

/* Few VLANs, at the ends of words, so that they meet. */
static uint16_t some_vlan(void)
{
	static const uint16_t few[] = { 1, 2, 63, 64, 4094 };

	return few[below(5)];
}

static struct tag some_tag(void)
{
	struct tag t = { below(4) ? C : S, (uint16_t)(below(16) << 12) };

	if (below(4))
		t.tci |= some_vlan();
	return t;
}

struct any_port {
	struct policy_port port;
	struct policy_trunk trunk;
	bool in[4096]; /* the same as the trunk's bits, for the oracle */
};

static void some_port(struct any_port *p)
{
	memset(p, 0, sizeof(*p));
	p->port.vlan_mode = (uint8_t)below(3);
	if (p->port.vlan_mode == POLICY_VLAN_ACCESS ||
	    (p->port.vlan_mode == POLICY_VLAN_TRUNK && below(2)))
		p->port.vlan = some_vlan();
	for (unsigned int n = below(4); n > 0; n--) {
		uint16_t id = some_vlan();

		p->in[id] = true;
		p->trunk.member[id / 64] |= 1ull << id % 64;
	}
}

/* The VLAN a port takes a list of tags into, or REFUSED. */
static int oracle_takes(const struct any_port *p, const struct tag *tag,
			unsigned int tags)
{
	unsigned int vid = tags ? tag[0].tci & 0xfff : 0;

	if (p->port.vlan_mode == POLICY_VLAN_TRANSPARENT)
		return (int)vid;
	if (tags && tag[0].tpid == S)
		return REFUSED;
	if (vid == 0)
		return p->port.vlan ? p->port.vlan : REFUSED;
	if (p->port.vlan_mode == POLICY_VLAN_ACCESS)
		return REFUSED;
	return p->in[vid] ? (int)vid : REFUSED;
}

/*
 * Change a list of tags into the one a port should see.  Return: how many, or
 * REFUSED.
 */
static int oracle_gives(const struct any_port *p, int vlan, struct tag *tag,
			unsigned int tags)
{
	bool s = tags && tag[0].tpid == S;

	if (p->port.vlan_mode == POLICY_VLAN_TRANSPARENT) {
		if (vlan == 0 || s)
			return (int)tags;
	} else {
		bool native = p->port.vlan == vlan;
		bool member = p->port.vlan_mode == POLICY_VLAN_TRUNK &&
			      p->in[vlan];

		if (vlan == 0 || s || (!native && !member))
			return REFUSED;
		if (native && tags == 2)
			return REFUSED;
		if (native)
			return 0;
	}
	if (tags == 0) {
		tag[0] = (struct tag){ C, 0 };
		tags = 1;
	}
	tag[0].tci = (uint16_t)((tag[0].tci & 0xf000) | vlan);
	return (int)tags;
}

/* One frame from one port to another, all the way. */
static bool check_random(const struct any_port *in, const struct any_port *out)
{
	struct tag tag[2] = { some_tag(), some_tag() };
	unsigned int tags = below(3), payload = below(120);
	struct sent s = build(tag, tags, 0x0800, payload), want;
	int vlan = oracle_takes(in, tag, tags), left;
	enum vlan_tagging tagging = VLAN_AS_IS;
	struct frame f;

	assert_true(take(&f, &s, snaps[below(4)]));
	assert_int_equal(vlan_admit(&in->port, &in->trunk, &f),
			 vlan != REFUSED);
	if (vlan == REFUSED)
		return false;
	assert_int_equal(f.vlan, vlan);
	left = oracle_gives(out, vlan, tag, tags);
	assert_int_equal(vlan_give(&out->port, &out->trunk, &f, &tagging),
			 left == REFUSED ? REASON_VLAN_OUT : REASON_NONE);
	if (left == REFUSED)
		return false;
	want = build(tag, (unsigned int)left, 0x0800, payload);
	if (tagging != VLAN_AS_IS)
		check_copy(&f, s.byte, tagging, &want);
	else
		assert_memory_equal(s.byte, want.byte, want.len);
	return true;
}

static void random_settings_agree_with_the_oracle(void **state)
{
	static struct any_port in, out;
	unsigned int passed = 0;

	(void)state;
	random_state = 7;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		if (round % 8 == 0) {
			some_port(&in);
			some_port(&out);
		}
		passed += check_random(&in, &out);
	}
	/* Both answers were met, and often. */
	assert_in_range(passed, ROUNDS / 10, ROUNDS * 9 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc12_copies_of_every_length),
		cmocka_unit_test(hc12_snapshots_that_end_within_the_tag),
		cmocka_unit_test(hc01_what_was_judged_is_what_is_copied),
		cmocka_unit_test(lengths_change_by_the_tag),
		cmocka_unit_test(random_settings_agree_with_the_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
