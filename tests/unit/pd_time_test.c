/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop: times components ask for, and channels it is not to wait for.
 */
#include "tests/unit/pd_loop_rig.h"

#include <errno.h>

LOOP_COMPONENTS;

#define MS 1000000ull

/* --- times -------------------------------------------------------------- */

static void no_time_no_timeout(void **state)
{
	(void)state;
	settle();
	assert_int_equal(pd_timeout(pd), -1);
	fake_now += 1000000 * MS;
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(first.runs + second.runs, 0);
}

/* The clock moves by a tick when the timeout is worked out. */
static int timeout_of(uint64_t in_ns)
{
	pd_wake_at(comp(0), fake_now + TICK_NS + in_ns);
	return pd_timeout(pd);
}

static void timeout_is_rounded_up(void **state)
{
	(void)state;
	settle();
	assert_int_equal(timeout_of(0), 0);
	assert_int_equal(timeout_of(1), 1);
	assert_int_equal(timeout_of(MS), 1);
	assert_int_equal(timeout_of(MS + 1), 2);
	assert_int_equal(timeout_of(250 * MS), 250);
	/* Longer than epoll can say, and long ago. */
	assert_int_equal(timeout_of(1ull << 62), INT32_MAX);
	pd_wake_at(comp(0), 0);
	assert_int_equal(pd_timeout(pd), 0);
	pd_wake_at(comp(0), UINT64_MAX);
	assert_int_equal(pd_timeout(pd), -1);
}

static void time_that_has_passed_calls_run_once(void **state)
{
	(void)state;
	settle();
	pd_wake_at(comp(1), fake_now + 5 * MS);
	fake_now += 4 * MS;
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(second.runs, 0);
	fake_now += MS;
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(second.runs, 1);
	assert_int_equal(first.runs, 0);
	/* And is forgotten. */
	fake_now += 100 * MS;
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(second.runs, 1);
	assert_int_equal(pd_timeout(pd), -1);
}

/* Sleeps in earnest, for a time that is over at once. */
static void sleep_ends_at_the_earliest_time(void **state)
{
	(void)state;
	settle();
	pd_wake_at(comp(0), fake_now + 3 * TICK_NS);
	pd_wake_at(comp(1), UINT64_MAX - 1);
	assert_true(pd_look(pd, -1));
	fake_now += MS;
	assert_true(pd_look(pd, -1));
	assert_true(pd_work(pd));
	assert_int_equal(first.runs, 1);
	assert_int_equal(second.runs, 0);
}

static void later_call_replaces_the_earlier(void **state)
{
	uint64_t start = fake_now;

	(void)state;
	settle();
	pd_wake_at(comp(0), start + 10 * MS);
	pd_wake_at(comp(1), start + 20 * MS);
	assert_in_range(pd_timeout(pd), 9, 10);
	pd_wake_at(comp(0), start + 30 * MS);
	assert_in_range(pd_timeout(pd), 19, 20);
	pd_wake_at(comp(1), UINT64_MAX);
	assert_in_range(pd_timeout(pd), 29, 30);
	pd_wake_at(comp(1), start + 5 * MS);
	assert_in_range(pd_timeout(pd), 4, 5);
}

static void ask_again(struct component *c)
{
	if (first.runs < 5)
		pd_wake_at(c, pd_now(c) + 10 * MS);
}

static void each_time_may_lead_to_another(void **state)
{
	(void)state;
	settle();
	first.on_run = ask_again;
	pd_wake_at(comp(0), fake_now);
	for (unsigned int i = 1; i <= 5; i++) {
		assert_true(pd_look(pd, 0));
		assert_true(pd_work(pd));
		assert_int_equal(first.runs, i);
		fake_now += 10 * MS;
	}
	assert_int_equal(pd_timeout(pd), -1);
}

/* A time that is over when it is asked for must not be lost. */
static void ask_for_now(struct component *c)
{
	if (first.runs == 1)
		pd_wake_at(c, 1);
}

static void time_in_the_past_is_at_once(void **state)
{
	(void)state;
	settle();
	first.on_run = ask_for_now;
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(pd_timeout(pd), 0);
	assert_true(pd_look(pd, -1));
	assert_true(pd_work(pd));
	assert_int_equal(first.runs, 2);
}

static void stop_when_b_ran(struct component *c)
{
	(void)c;
	if (second.runs != 0)
		first.more = 0;
}

/* Somebody else's endless work does not make a time late. */
static void busy_component_does_not_hide_a_time(void **state)
{
	(void)state;
	settle();
	first.more = 1000000;
	first.on_run = stop_when_b_ran;
	pd_wake_at(comp(1), fake_now + 50 * TICK_NS);
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(second.runs, 1);
	assert_true(first.runs < 60);
}

static void note_now(struct component *c)
{
	if (pd_now(c) >= 3000 && second.ready == 0)
		second.ready = second.runs;
}

static void time_passes_while_the_loop_spins(void **state)
{
	(void)state;
	settle();
	fake_now = 1000;
	pd->now = fake_now;
	pd->poll_ns = 100 * TICK_NS;
	second.on_run = note_now;
	pd_wake_at(comp(1), 3000);
	assert_true(pd_work(pd));
	assert_int_not_equal(second.ready, 0);
	assert_int_equal(pd_timeout(pd), -1);
}

/* --- channels of others ------------------------------------------------- */

static void bound_channel_is_not_waited_for(void **state)
{
	uint64_t count;
	int wait, ring;

	(void)state;
	settle();
	assert_int_equal(pd_channel_fds(comp(0), OUT_A, &wait, &ring), 0);
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_int_equal(first.notified[OUT_A], 0);
	/* It is there for whom it was bound to ... */
	assert_int_equal(read(wait, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	/* ... who rings the other end ... */
	write_event(ring);
	assert_int_equal(rings_out(OUT_A), 1);
	/* ... and so may we. */
	pd_ring(comp(0), OUT_A);
	pd->comp[0].due = true;
	pd->n_due = 1;
	assert_true(pd_work(pd));
	assert_int_equal(rings_out(OUT_A), 1);
	/* The same again, and others are heard as before. */
	assert_int_equal(pd_channel_fds(comp(0), OUT_A, &wait, &ring), 0);
	peer_rings(OUT_B);
	assert_true(pd_look(pd, 0));
	assert_int_equal(second.notified[OUT_B], 1);
}

static void only_own_channels_to_the_outside_are_bound(void **state)
{
	int wait = -7, ring = -7;

	(void)state;
	settle();
	assert_int_equal(pd_channel_fds(comp(0), OUT_B, &wait, &ring), -EINVAL);
	assert_int_equal(pd_channel_fds(comp(0), IN_A, &wait, &ring), -EINVAL);
	assert_int_equal(pd_channel_fds(comp(0), N_CHANS, &wait, &ring),
			 -EINVAL);
	assert_int_equal(pd_channel_fds(comp(0), SYS_NONE, &wait, &ring),
			 -EINVAL);
	assert_int_equal(wait, -7);
	peer_rings(OUT_B);
	assert_true(pd_look(pd, 0));
	assert_int_equal(second.notified[OUT_B], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, loop_setup, loop_teardown)
		T(no_time_no_timeout),
		T(timeout_is_rounded_up),
		T(time_that_has_passed_calls_run_once),
		T(sleep_ends_at_the_earliest_time),
		T(later_call_replaces_the_earlier),
		T(each_time_may_lead_to_another),
		T(time_in_the_past_is_at_once),
		T(busy_component_does_not_hide_a_time),
		T(time_passes_while_the_loop_spins),
		T(bound_channel_is_not_waited_for),
		T(only_own_channels_to_the_outside_are_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
