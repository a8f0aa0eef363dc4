/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Token buckets: against a model that knows no shortcut, and against what a
 * rate promises, which is said here without any bucket at all: so much in any
 * stretch of time and not more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/bucket.h"

#define SECOND 1000000000ull
/* The most that is taken at once: a frame, as long as they get. */
#define FRAME 16384u

/* __int128 is no word of ISO C, and the only number here that never wraps. */
__extension__ typedef unsigned __int128 big;

static uint64_t random_state = 0x6275636b6574ull;

/* xorshift64* */
static uint64_t random64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dull;
}

/* @low to @high, all orders of magnitude alike. */
static uint64_t random_size(uint64_t low, uint64_t high)
{
	uint64_t top = high >> random64() % 34;
	uint64_t value = top == 0 ? 0 : random64() % top + 1;

	return value < low ? low : value;
}

static struct bucket bucket_of(uint64_t rate, uint64_t burst)
{
	const struct policy_rate settings = { rate, burst };
	struct bucket b;

	memset(&b, 0, sizeof(b));
	bucket_set(&b, &settings);
	return b;
}

static bool try(struct bucket *b, uint64_t now, uint64_t units)
{
	if (!bucket_has(b, now, units))
		return false;
	bucket_take(b, now, units);
	return true;
}

/* --- settings ----------------------------------------------------------- */

static void without_settings_there_is_no_limit(void **state)
{
	const struct policy_rate none = { 0, 0 };
	const struct policy_rate odd = { 0, 5 };
	struct bucket b;

	(void)state;
	memset(&b, 0, sizeof(b));
	assert_false(bucket_limits(&b));
	for (unsigned int i = 0; i < 1000; i++)
		assert_true(try(&b, 0, POLICY_MAX_BURST));
	bucket_set(&b, &none);
	assert_true(try(&b, 7, POLICY_MAX_BURST));
	bucket_set(&b, &odd);
	assert_true(try(&b, 7, POLICY_MAX_BURST));
	/* A limit that is taken away leaves nothing behind. */
	b = bucket_of(1, 1);
	assert_true(bucket_limits(&b));
	assert_true(try(&b, 0, 1));
	bucket_set(&b, &none);
	assert_true(try(&b, 0, 1));
}

static void the_same_settings_give_no_fresh_burst(void **state)
{
	const struct policy_rate same = { 10, 100 };
	const struct policy_rate faster = { 11, 100 };
	const struct policy_rate deeper = { 11, 101 };
	struct bucket b = bucket_of(10, 100);

	(void)state;
	assert_true(try(&b, 5, 100));
	for (unsigned int i = 0; i < 10000; i++)
		bucket_set(&b, &same);
	assert_false(bucket_has(&b, 5, 1));
	assert_false(bucket_has(&b, 5 + SECOND, 11));
	assert_true(bucket_has(&b, 5 + SECOND, 10));
	bucket_set(&b, &faster);
	assert_true(try(&b, 5, 100));
	assert_false(bucket_has(&b, 5, 1));
	bucket_set(&b, &deeper);
	assert_true(try(&b, 5, 101));
}

static void asking_costs_nothing(void **state)
{
	struct bucket b = bucket_of(1000, 50);
	const struct bucket before = b;

	(void)state;
	for (uint64_t t = 0; t < 1000; t++)
		bucket_has(&b, t * SECOND, t);
	assert_memory_equal(&b, &before, sizeof(b));
}

static void more_than_the_burst_is_never_there(void **state)
{
	struct bucket b = bucket_of(POLICY_MAX_RATE, 1500);

	(void)state;
	assert_true(bucket_has(&b, 0, 1500));
	assert_false(bucket_has(&b, 0, 1501));
	assert_false(bucket_has(&b, UINT64_MAX, 1501));
	assert_false(bucket_has(&b, UINT64_MAX, POLICY_MAX_BURST));
	/* Who takes what is not there takes all there is, and owes nothing. */
	for (unsigned int i = 0; i < 100; i++)
		bucket_take(&b, 0, POLICY_MAX_BURST);
	assert_false(bucket_has(&b, 0, 1));
	assert_true(bucket_has(&b, 120, 1500));
	assert_false(bucket_has(&b, 119, 1500));
}

/* --- time --------------------------------------------------------------- */

static void one_frame_a_second_is_one_frame_a_second(void **state)
{
	struct bucket b = bucket_of(1, 1);
	unsigned int passed = 0;

	(void)state;
	assert_true(try(&b, 3, 1));
	assert_false(bucket_has(&b, 3, 1));
	assert_false(bucket_has(&b, 3 + SECOND - 1, 1));
	assert_true(bucket_has(&b, 3 + SECOND, 1));
	b = bucket_of(1, 1);
	for (uint64_t ms = 0; ms <= 3600u * 1000u; ms++)
		passed += try(&b, ms * 1000000u, 1);
	assert_int_equal(passed, 3601);
}

static void a_clock_that_jumps_ahead_does_no_harm(void **state)
{
	static const uint64_t rates[] = { 1, 7, 1000, POLICY_MAX_RATE };
	static const uint64_t bursts[] = { 1, FRAME, POLICY_MAX_BURST };

	(void)state;
	for (unsigned int r = 0; r < 4; r++)
		for (unsigned int k = 0; k < 3; k++)
			for (unsigned int shift = 0; shift < 64; shift++) {
				struct bucket b =
					bucket_of(rates[r], bursts[k]);
				uint64_t now = UINT64_MAX >> shift;
				big gain = (big)now * rates[r] / BUCKET_UNIT;

				assert_true(try(&b, 0, bursts[k]));
				if (gain > bursts[k])
					gain = bursts[k];
				assert_true(bucket_has(&b, now, gain));
				assert_false(bucket_has(&b, now, gain + 1));
			}
}

static void a_clock_that_goes_back_gives_nothing(void **state)
{
	struct bucket b = bucket_of(1000, 10);

	(void)state;
	assert_true(try(&b, 5 * SECOND, 10));
	assert_false(bucket_has(&b, 0, 1));
	bucket_take(&b, 0, 1);
	assert_false(bucket_has(&b, 5 * SECOND, 1));
	assert_false(bucket_has(&b, 5 * SECOND + 999999, 1));
	assert_true(bucket_has(&b, 5 * SECOND + 1000000, 1));
}

/* --- the model ---------------------------------------------------------- */

struct model {
	big level; /* 10^-9 units */
	uint64_t at;
	struct policy_rate rate;
};

static bool model_try(struct model *m, uint64_t now, uint64_t units)
{
	big full = (big)m->rate.burst * SECOND;

	m->level += (big)(now - m->at) * m->rate.rate;
	m->at = now;
	if (m->level > full)
		m->level = full;
	if (m->level < (big)units * SECOND)
		return false;
	m->level -= (big)units * SECOND;
	return true;
}

/* Until the next frame: in all sizes, and often about as long as it takes. */
static uint64_t random_pause(const struct policy_rate *rate)
{
	switch (random64() % 8) {
	case 0:
		return 0;
	case 1:
		return random64() % (60 * SECOND);
	case 2:
		return random64() >> (24 + random64() % 40);
	default:
		return random64() % (FRAME / 20 * SECOND / rate->rate + 2);
	}
}

static void it_says_what_exact_arithmetic_says(void **state)
{
	unsigned int yes = 0;

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		const struct policy_rate rate = {
			random_size(1, POLICY_MAX_RATE),
			random_size(1, POLICY_MAX_BURST),
		};
		struct bucket b = bucket_of(rate.rate, rate.burst);
		struct model m = { (big)rate.burst * SECOND, 0, rate };
		uint64_t now = 0;

		for (unsigned int k = 0; k < 300; k++) {
			uint64_t units = k % 16 ? random_size(1, FRAME)
						: random_size(1, rate.burst);
			bool ours = try(&b, now, units);

			assert_int_equal(ours, model_try(&m, now, units));
			yes += ours;
			now += random_pause(&rate);
		}
	}
	/*
	 * A test in which hardly anything is refused, or passes, tests little.
	 */
	assert_in_range(yes, 60000, 540000);
}

/* --- what a rate promises ----------------------------------------------- */

#define EVENTS 400u

/*
 * No stretch of time sees more than burst + rate * T pass: all stretches that
 * begin and end with a frame, which are the only ones that could.
 */
static void check_every_stretch(const struct policy_rate *rate,
				const uint64_t *at, const uint64_t *units,
				unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		big passed = 0;

		for (unsigned int k = i; k < n; k++) {
			passed += units[k];
			assert_true(passed * SECOND <=
				    (big)rate->burst * SECOND +
					    (big)(at[k] - at[i]) * rate->rate);
		}
	}
}

static void no_stretch_of_time_sees_more_than_it_may(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 60; i++) {
		const struct policy_rate rate = {
			random_size(1, POLICY_MAX_RATE),
			random_size(FRAME, POLICY_MAX_BURST),
		};
		struct bucket b = bucket_of(rate.rate, rate.burst);
		uint64_t at[EVENTS], units[EVENTS];
		uint64_t now = random64() >> 2;
		unsigned int n = 0;

		for (unsigned int k = 0; k < 3 * EVENTS && n < EVENTS; k++) {
			at[n] = now;
			units[n] = k % 8 ? random_size(1, FRAME)
					 : random_size(1, rate.burst);
			n += try(&b, now, units[n]);
			now += random_pause(&rate);
		}
		check_every_stretch(&rate, at, units, n);
	}
}

/*
 * A sender that always offers gets all of it, but what is too little for a
 * frame.  The clock ticks so slowly that the burst is nearly used up at each
 * tick, and never a whole number of anything.
 */
static void check_greedy(const struct policy_rate *rate, uint64_t frame,
			 unsigned int ticks)
{
	uint64_t fill = (rate->burst - frame) * SECOND / rate->rate;
	struct bucket b = bucket_of(rate->rate, rate->burst);
	uint64_t now = random64() >> 2;
	uint64_t began = now;
	big passed = 0;
	big due;

	for (unsigned int i = 0;; i++) {
		while (try(&b, now, frame))
			passed += frame;
		if (i == ticks)
			break;
		now += fill < 2 ? fill : fill - random64() % (fill / 2);
	}
	due = (big)rate->burst * SECOND + (big)(now - began) * rate->rate;
	assert_true(passed * SECOND <= due);
	assert_true((passed + frame) * SECOND > due);
}

static void a_greedy_sender_gets_all_of_its_rate(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 300; i++) {
		uint64_t frame = random_size(1, FRAME);
		const struct policy_rate rate = {
			random_size(1, POLICY_MAX_RATE),
			frame * (2 + random64() % 64) + random64() % frame,
		};

		check_greedy(&rate, frame, 100);
	}
}

static void nothing_is_lost_in_the_long_run(void **state)
{
	/* None of them goes into 10^9; the last is a day of 100 Gbit/s. */
	static const struct policy_rate rates[] = {
		{ 3, 7 },
		{ 999999937, 3 * FRAME },
		{ 1250000001, 100000 },
		{ POLICY_MAX_RATE - 1, 10 * FRAME },
		{ POLICY_MAX_RATE, POLICY_MAX_BURST },
	};

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		check_greedy(&rates[i], i == 0 ? 1 : FRAME - 1, 200000);
	check_greedy(&rates[4], 1u << 29, 4000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_settings_there_is_no_limit),
		cmocka_unit_test(the_same_settings_give_no_fresh_burst),
		cmocka_unit_test(asking_costs_nothing),
		cmocka_unit_test(more_than_the_burst_is_never_there),
		cmocka_unit_test(one_frame_a_second_is_one_frame_a_second),
		cmocka_unit_test(a_clock_that_jumps_ahead_does_no_harm),
		cmocka_unit_test(a_clock_that_goes_back_gives_nothing),
		cmocka_unit_test(it_says_what_exact_arithmetic_says),
		cmocka_unit_test(no_stretch_of_time_sees_more_than_it_may),
		cmocka_unit_test(a_greedy_sender_gets_all_of_its_rate),
		cmocka_unit_test(nothing_is_lost_in_the_long_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
