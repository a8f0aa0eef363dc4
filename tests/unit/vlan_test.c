/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VLANs: who takes which frame into which VLAN, who gets it, and what the copy
 * looks like.
 *
 * Twice over: against tables written by hand, in which every combination that
 * means something has its cell; and against an oracle that knows nothing of
 * taggings and builds the frame a port should see from a list of tags.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vswitch/vlan.h"

#define POISON 0xa5u
#define ROUNDS 200000
#define LONGEST 300u
#define REFUSED (-1)

struct tag {
	uint16_t tpid;
	uint16_t tci;
};

/**
 * struct sent - a frame as its sender made it
 * @byte: the frame
 * @len:   bytes of it
 */
struct sent {
	uint8_t byte[LONGEST];
	unsigned int len;
};

/* --- building ----------------------------------------------------------- */

static void put16(struct sent *s, unsigned int value)
{
	s->byte[s->len++] = (uint8_t)(value >> 8);
	s->byte[s->len++] = (uint8_t)value;
}

/* Addresses, tags, a type, and a payload in which no two places are alike. */
static struct sent build(const struct tag *tag, unsigned int tags,
			 unsigned int type, unsigned int payload)
{
	struct sent s = { .len = 12 };

	for (unsigned int i = 0; i < s.len; i++)
		s.byte[i] = (uint8_t)(2 + i * 16);
	for (unsigned int i = 0; i < tags; i++) {
		put16(&s, tag[i].tpid);
		put16(&s, tag[i].tci);
	}
	put16(&s, type);
	for (unsigned int i = 0; i < payload; i++)
		s.byte[s.len++] = (uint8_t)(i * 7 + 1);
	return s;
}

/* What the switch makes of it; whatever is behind the snapshot is nonsense. */
static bool take(struct frame *f, const struct sent *s, unsigned int snap)
{
	memset(f, 0, sizeof(*f));
	f->len = (uint16_t)s->len;
	f->snap = (uint16_t)(s->len < snap ? s->len : snap);
	memcpy(f->bytes, s->byte, f->snap);
	if (f->snap >= FRAME_SNAP)
		memset(f->bytes + f->snap, POISON, sizeof(f->bytes) - f->snap);
	return frame_parse(f);
}

/* --- tables written by hand --------------------------------------------- */

#define C FRAME_TPID_C
#define S FRAME_TPID_S

/* Each has PCP 5 and DEI set, to see that they stay. */
#define URGENT 0xb000u

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

/* --- copies ------------------------------------------------------------- */

/*
 * The copy of a frame, in a buffer of exactly its length with poison on both
 * sides; @data is what the sender's region holds by now.
 */
static void check_copy(const struct frame *f, const uint8_t *data,
		       enum vlan_tagging tagging, const struct sent *want)
{
	unsigned int len = vlan_length(f->len, tagging);
	uint8_t *room = malloc(len + 64);

	assert_non_null(room);
	assert_int_equal(len, want->len);
	memset(room, POISON, len + 64);
	vlan_copy(room + 32, f, data, tagging);
	assert_memory_equal(room + 32, want->byte, len);
	for (unsigned int i = 0; i < 32; i++) {
		assert_int_equal(room[i], POISON);
		assert_int_equal(room[32 + len + i], POISON);
	}
	free(room);
}

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
		cmocka_unit_test(every_form_at_every_kind_of_port),
		cmocka_unit_test(a_frame_that_is_not_taken_keeps_its_vlan),
		cmocka_unit_test(
			hc18_a_tag_that_cannot_be_read_is_taken_by_nobody),
		cmocka_unit_test(impossible_settings_let_nothing_in),
		cmocka_unit_test(every_vlan_id_has_its_own_bit),
		cmocka_unit_test(hc12_copies_of_every_length),
		cmocka_unit_test(hc12_snapshots_that_end_within_the_tag),
		cmocka_unit_test(hc01_what_was_judged_is_what_is_copied),
		cmocka_unit_test(lengths_change_by_the_tag),
		cmocka_unit_test(random_settings_agree_with_the_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
