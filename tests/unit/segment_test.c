/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cutting segments and completing checksums, against a slow second opinion; and
 * hostile case 44: a sender that rewrites the frame meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <cmocka.h>

#include "tests/unit/segment_rig.h"

#define ROUNDS 20000u

static struct seg seg;
static uint8_t want[SEG_MAX + 8];

/* A frame in an allocation of exactly its size, so that ASan sees one more. */
static uint8_t *write_one(struct segment *cut, uint32_t index)
{
	uint8_t *to = malloc(segment_length(cut, index));

	assert_non_null(to);
	segment_write(cut, index, to);
	return to;
}

static void check_all(struct segment *cut)
{
	assert_int_equal(cut->frames, seg.at.frames);
	for (uint32_t i = 0; i < cut->frames; i++) {
		uint32_t len = seg_expect(&seg, i, want);
		uint8_t *got;

		assert_int_equal(segment_length(cut, i), len);
		got = write_one(cut, i);
		assert_memory_equal(got, want, len);
		free(got);
	}
}

static void random_segments_are_cut_alike(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		const struct shape shape = seg_shape(&seed);
		struct segment cut;

		seg_make(&seg, &shape, &seed);
		seg_begin(&cut, &seg);
		check_all(&cut);
	}
}

static void order_does_not_matter(void **state)
{
	const struct shape shape = {
		.tcp = true,
		.words = 6,
		.payload = 9001,
		.piece = 1448,
	};
	static const uint32_t order[] = { 6, 0, 3, 3, 1 };
	struct segment cut;
	uint64_t seed = 2;

	(void)state;
	seg_make(&seg, &shape, &seed);
	seg_begin(&cut, &seg);
	for (unsigned int i = 0; i < 5; i++) {
		uint8_t *got = write_one(&cut, order[i]);
		uint32_t len = seg_expect(&seg, order[i], want);

		assert_memory_equal(got, want, len);
		free(got);
	}
}

/* The largest there is, with a tag added: no length wraps. */
static void the_largest_segment(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct shape shape = {
			.ipv6 = i & 1,
			.tcp = i & 2,
			.words = 5,
			.piece = 1448,
		};
		struct segment cut;
		uint64_t seed = i;
		uint32_t sum = 0;

		(void)state;
		shape.payload = OFFLOAD_MAX_SEGMENT - 14 -
				(shape.ipv6 ? 40 : 20) - (shape.tcp ? 20 : 8);
		seg_make(&seg, &shape, &seed);
		assert_int_equal(seg.len, OFFLOAD_MAX_SEGMENT);
		seg_begin(&cut, &seg);
		check_all(&cut);
		for (uint32_t k = 0; k < cut.frames; k++)
			sum += segment_length(&cut, k) - seg.at.payload;
		assert_int_equal(sum, shape.payload);
	}
}

/* What goes before the IP header may have another tag, or none. */
static void the_link_header_is_the_receivers(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		struct shape shape = seg_shape(&seed);
		uint8_t link[SEGMENT_LINK_MAX];
		struct segment cut;
		unsigned int n = 14 + 4 * (i % 2);

		shape.tags = i / 2 % 2;
		seg_make(&seg, &shape, &seed);
		for (unsigned int k = 0; k < n; k++)
			link[k] = (uint8_t)seg_random(&seed, 256);
		segment_begin(&cut, &seg.frame, seg.b, &seg.o, &seg.at, link,
			      n);
		for (uint32_t k = 0; k < cut.frames; k++) {
			uint32_t len = seg_expect(&seg, k, want) - seg.at.l3;
			uint8_t *got = write_one(&cut, k);

			assert_int_equal(segment_length(&cut, k), len + n);
			assert_memory_equal(got, link, n);
			assert_memory_equal(got + n, want + seg.at.l3, len);
			free(got);
		}
	}
}

/* Whatever is wrong with its IP header is left to those who look there. */
static void a_plain_frame_changes_in_its_checksum_only(void **state)
{
	const struct shape shape = { .tcp = true, .words = 5, .payload = 99 };
	uint64_t seed = 8;
	struct segment cut;
	uint8_t *got;

	(void)state;
	seg_make(&seg, &shape, &seed);
	seg.b[14 + 10] ^= 1;
	assert_true(seg_look(&seg));
	seg_begin(&cut, &seg);
	got = write_one(&cut, 0);
	assert_int_equal(segment_length(&cut, 0), seg.len);
	memcpy(seg.b + seg.at.field, got + seg.at.field, 2);
	assert_memory_equal(got, seg.b, seg.len);
	free(got);
}

/* 0 would say that there is no checksum. */
static void a_udp_checksum_is_never_zero(void **state)
{
	const struct shape shape = { .words = 5, .payload = 2 };
	unsigned int mangled = 0;
	uint64_t seed = 4;
	struct segment cut;

	(void)state;
	seg_make(&seg, &shape, &seed);
	for (uint32_t i = 0; i < 65536; i++) {
		uint8_t *got;

		seg.b[42] = (uint8_t)(i >> 8);
		seg.b[43] = (uint8_t)i;
		assert_true(seg_look(&seg));
		seg_begin(&cut, &seg);
		got = write_one(&cut, 0);
		assert_int_not_equal(frame_be16(got + 40), 0);
		assert_true(seg_sums_up(&seg, got, seg.len));
		mangled += frame_be16(got + 40) == 0xffff;
		free(got);
	}
	assert_int_equal(mangled, 1);
}

/* Whoever lies about the pseudo header has a packet nobody takes. */
static void hc43_a_wrong_sum_stays_wrong(void **state)
{
	const struct shape shape = {
		.tcp = true,
		.words = 5,
		.payload = 5000,
		.piece = 1000,
	};
	uint64_t seed = 5;
	struct segment cut;

	(void)state;
	seg_make(&seg, &shape, &seed);
	seg.b[seg.at.field] ^= 1;
	assert_true(seg_look(&seg));
	seg_begin(&cut, &seg);
	for (uint32_t i = 0; i < cut.frames; i++) {
		uint8_t *got = write_one(&cut, i);

		assert_false(seg_sums_up(&seg, got, segment_length(&cut, i)));
		free(got);
	}
}

/* --- a sender that does not stop writing -------------------------------- */

static atomic_bool over;

static void *rewrite(void *arg)
{
	volatile uint8_t *b = seg.b;
	uint8_t with = 0;

	(void)arg;
	while (!atomic_load(&over)) {
		with++;
		for (uint32_t i = 0; i < seg.len; i++)
			b[i] = (uint8_t)(with * i);
	}
	return NULL;
}

/* What was judged is delivered, with the checksum of what is delivered. */
static void hc44_what_is_summed_is_what_is_written(void **state)
{
	const struct shape shape = {
		.tcp = true,
		.words = 5,
		.payload = 8001,
		.piece = 1001,
	};
	uint64_t seed = 6;
	pthread_t thread;
	unsigned int changed = 0;

	(void)state;
	seg_make(&seg, &shape, &seed);
	seg_expect(&seg, 0, want);
	atomic_store(&over, false);
	assert_int_equal(pthread_create(&thread, NULL, rewrite, NULL), 0);
	for (unsigned int i = 0; i < 3000 || changed < 100; i++) {
		struct segment cut;

		seg_begin(&cut, &seg);
		for (uint32_t k = 0; k < cut.frames; k++) {
			uint32_t len = segment_length(&cut, k);
			uint8_t *got = write_one(&cut, k);

			assert_true(seg_sums_up(&seg, got, len));
			if (k == 0) {
				/* The checksum alone follows the rest. */
				memcpy(want + seg.at.field, got + seg.at.field,
				       2);
				assert_memory_equal(got, want, FRAME_SNAP_MAX);
				changed += memcmp(got, want, len) != 0;
			}
			free(got);
		}
	}
	atomic_store(&over, true);
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_segments_are_cut_alike),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(the_largest_segment),
		cmocka_unit_test(the_link_header_is_the_receivers),
		cmocka_unit_test(a_plain_frame_changes_in_its_checksum_only),
		cmocka_unit_test(a_udp_checksum_is_never_zero),
		cmocka_unit_test(hc43_a_wrong_sum_stays_wrong),
		cmocka_unit_test(hc44_what_is_summed_is_what_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
