/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VLANs: who takes which frame into which VLAN, who gets it, and what becomes
 * of its tag: tables written by hand, in which every combination that means
 * something has its cell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/vlan_rig.h"

#define REFUSED (-1)

enum form { U, P, C10, C20, C30, C40, S0, S10, PC, PS, CC, CS, SC, FORMS };

static const struct {
	struct tag tag[2];
	unsigned int tags;
} form[FORMS] = {
	[U] = { { { 0 } }, 0 },
	[P] = { { { C, URGENT } }, 1 },
	[C10] = { { { C, URGENT | 10 } }, 1 },
	[C20] = { { { C, URGENT | 20 } }, 1 },
	[C30] = { { { C, URGENT | 30 } }, 1 },
	[C40] = { { { C, URGENT | 40 } }, 1 },
	[S0] = { { { S, URGENT } }, 1 },
	[S10] = { { { S, URGENT | 10 } }, 1 },
	[PC] = { { { C, URGENT }, { C, 20 } }, 2 },
	[PS] = { { { C, URGENT }, { S, 20 } }, 2 },
	[CC] = { { { C, URGENT | 10 }, { C, 20 } }, 2 },
	[CS] = { { { C, URGENT | 10 }, { S, 20 } }, 2 },
	[SC] = { { { S, URGENT | 10 }, { C, 10 } }, 2 },
};

/*
 * Ports: transparent; access 10, 20, 30; trunk 10, 20 native 30; trunk 10, 20;
 * trunk 10, 20 native 10.
 */
enum side { T, A10, A20, A30, K30, K, K10, SIDES };

static const struct policy_port side[SIDES] = {
	[T] = { .vlan_mode = POLICY_VLAN_TRANSPARENT },
	[A10] = { .vlan_mode = POLICY_VLAN_ACCESS, .vlan = 10 },
	[A20] = { .vlan_mode = POLICY_VLAN_ACCESS, .vlan = 20 },
	[A30] = { .vlan_mode = POLICY_VLAN_ACCESS, .vlan = 30 },
	[K30] = { .vlan_mode = POLICY_VLAN_TRUNK, .vlan = 30 },
	[K] = { .vlan_mode = POLICY_VLAN_TRUNK },
	[K10] = { .vlan_mode = POLICY_VLAN_TRUNK, .vlan = 10 },
};

static const struct policy_trunk trunk = {
	.member = { 1ull << 10 | 1ull << 20 },
};

/* The VLAN a frame is taken into, or REFUSED. */
#define X REFUSED
static const int taken[FORMS][SIDES] = {
	/*	   T A10 A20 A30 K30  K K10 */
	[U] = { 0, 10, 20, 30, 30, X, 10 },
	[P] = { 0, 10, 20, 30, 30, X, 10 },
	[C10] = { 10, X, X, X, 10, 10, 10 },
	[C20] = { 20, X, X, X, 20, 20, 20 },
	[C30] = { 30, X, X, X, X, X, X },
	[C40] = { 40, X, X, X, X, X, X },
	[S0] = { 0, X, X, X, X, X, X },
	[S10] = { 10, X, X, X, X, X, X },
	[PC] = { 0, 10, 20, 30, 30, X, 10 },
	[PS] = { 0, 10, 20, 30, 30, X, 10 },
	[CC] = { 10, X, X, X, 10, 10, 10 },
	[CS] = { 10, X, X, X, 10, 10, 10 },
	[SC] = { 10, X, X, X, X, X, X },
};
#undef X

/*
 * How a frame of a form, in a VLAN, leaves: '=' as it is, '+' tag put in, '-'
 * tag taken out, 's' id set, 'x' not at all.
 */
static const struct {
	int vlan;
	enum form form;
	char how[SIDES + 1]; /* T A10 A20 A30 K30 K K10 */
} given[] = {
	{ 0, U, "=xxxxxx" },	{ 0, P, "=xxxxxx" },	{ 0, S0, "=xxxxxx" },
	{ 0, PC, "=xxxxxx" },	{ 0, PS, "=xxxxxx" },	{ 10, U, "+=xx++=" },
	{ 10, P, "s-xxss-" },	{ 10, C10, "=-xx==-" }, { 10, S10, "=xxxxxx" },
	{ 10, PC, "sxxxssx" },	{ 10, PS, "sxxxssx" },	{ 10, CC, "=xxx==x" },
	{ 10, CS, "=xxx==x" },	{ 10, SC, "=xxxxxx" },	{ 20, U, "+x=x+++" },
	{ 20, P, "sx-xsss" },	{ 20, C20, "=x-x===" }, { 20, PC, "sxxxsss" },
	{ 20, PS, "sxxxsss" },	{ 30, U, "+xx==xx" },	{ 30, P, "sxx--xx" },
	{ 30, C30, "=xx--xx" }, { 30, PC, "sxxxxxx" },	{ 30, PS, "sxxxxxx" },
	{ 40, C40, "=xxxxxx" },
};

static const char *row(int vlan, enum form which)
{
	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++)
		if (given[i].vlan == vlan && given[i].form == which)
			return given[i].how;
	fail_msg("VLAN %d, form %d: not in the table", vlan, (int)which);
	return NULL;
}

static char letter(enum vswitch_reason why, enum vlan_tagging tagging)
{
	if (why != REASON_NONE) {
		assert_int_equal(why, REASON_VLAN_OUT);
		return 'x';
	}
	switch (tagging) {
	case VLAN_AS_IS:
		return '=';
	case VLAN_ADD:
		return '+';
	case VLAN_STRIP:
		return '-';
	case VLAN_SET:
		return 's';
	}
	return '?';
}

static void check_row(const struct frame *f, enum form which)
{
	const char *how = row(f->vlan, which);

	for (int out = 0; out < SIDES; out++) {
		enum vlan_tagging tagging = VLAN_AS_IS;
		enum vswitch_reason why =
			vlan_give(&side[out], &trunk, f, &tagging);

		if (letter(why, tagging) != how[out])
			fail_msg("VLAN %d, form %d, to %d: %c, not %c", f->vlan,
				 (int)which, out, letter(why, tagging),
				 how[out]);
	}
}

static void every_form_at_every_kind_of_port(void **state)
{
	unsigned int admitted = 0;

	(void)state;
	for (int which = 0; which < FORMS; which++) {
		for (int in = 0; in < SIDES; in++) {
			struct sent s = build(form[which].tag, form[which].tags,
					      0x0800, 46);
			struct frame f;

			assert_true(take(&f, &s, FRAME_SNAP));
			if (!vlan_admit(&side[in], &trunk, &f)) {
				assert_int_equal(taken[which][in], REFUSED);
				continue;
			}
			assert_int_equal(f.vlan, taken[which][in]);
			check_row(&f, which);
			admitted++;
		}
	}
	/* None of the loops was empty. */
	assert_int_equal(admitted, 45);
}

static void a_frame_that_is_not_taken_keeps_its_vlan(void **state)
{
	struct sent s = build(form[C40].tag, 1, 0x0800, 46);
	struct frame f;

	(void)state;
	take(&f, &s, FRAME_SNAP);
	assert_false(vlan_admit(&side[A10], &trunk, &f));
	assert_int_equal(f.vlan, 40);
	assert_false(vlan_admit(&side[K30], &trunk, &f));
	assert_int_equal(f.vlan, 40);
}

/*
 * Where frame_parse() gave up, an access port must not see an untagged frame.
 */
static void hc18_a_tag_that_cannot_be_read_is_taken_by_nobody(void **state)
{
	const struct tag reserved[] = { { C, 4095 }, { S, URGENT | 4095 } };
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct sent s = build(&reserved[i], 1, 0x0800, 46);

		assert_false(take(&f, &s, FRAME_SNAP));
		for (int in = 0; in < SIDES; in++)
			assert_false(vlan_admit(&side[in], &trunk, &f));
	}
	for (unsigned int len = 14; len < 18; len++) {
		struct sent s = build(form[C10].tag, 1, 0x0800, 46);

		s.len = len;
		assert_false(take(&f, &s, FRAME_SNAP));
		for (int in = 0; in < SIDES; in++)
			assert_false(vlan_admit(&side[in], &trunk, &f));
	}
}

/*
 * Settings no image can have: the modules must not rely on each other for all.
 */
static void impossible_settings_let_nothing_in(void **state)
{
	const struct policy_port none = { .vlan_mode = POLICY_VLAN_ACCESS };
	const struct policy_port wild = { .vlan_mode = 200, .vlan = 10 };
	const struct policy_trunk zero = { .member = { 1 } };
	struct sent s = build(NULL, 0, 0x0800, 46);
	enum vlan_tagging tagging;
	struct frame f;

	(void)state;
	take(&f, &s, FRAME_SNAP);
	assert_false(vlan_admit(&none, &trunk, &f));
	assert_false(vlan_admit(&wild, &trunk, &f));
	assert_int_equal(f.vlan, 0);
	/* VLAN 0 is transparent ports' alone. */
	assert_int_equal(vlan_give(&none, &trunk, &f, &tagging),
			 REASON_VLAN_OUT);
	assert_int_equal(vlan_give(&side[K], &zero, &f, &tagging),
			 REASON_VLAN_OUT);
	f.vlan = 20;
	assert_int_equal(vlan_give(&wild, &trunk, &f, &tagging),
			 REASON_VLAN_OUT);
}

static void every_vlan_id_has_its_own_bit(void **state)
{
	const struct policy_port port = { .vlan_mode = POLICY_VLAN_TRUNK };

	(void)state;
	for (unsigned int id = 1; id <= POLICY_MAX_VLAN; id++) {
		struct policy_trunk one = { { 0 } };

		one.member[id / 64] = 1ull << id % 64;
		for (unsigned int other = id > 64 ? id - 64 : 1;
		     other <= id + 64 && other <= POLICY_MAX_VLAN; other++) {
			const struct tag tag = { C, (uint16_t)other };
			struct sent s = build(&tag, 1, 0x0800, 1);
			enum vlan_tagging tagging;
			struct frame f;

			take(&f, &s, FRAME_SNAP);
			assert_int_equal(vlan_admit(&port, &one, &f),
					 id == other);
			assert_int_equal(vlan_give(&port, &one, &f, &tagging) ==
						 REASON_NONE,
					 id == other);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_at_every_kind_of_port),
		cmocka_unit_test(a_frame_that_is_not_taken_keeps_its_vlan),
		cmocka_unit_test(
			hc18_a_tag_that_cannot_be_read_is_taken_by_nobody),
		cmocka_unit_test(impossible_settings_let_nothing_in),
		cmocka_unit_test(every_vlan_id_has_its_own_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
