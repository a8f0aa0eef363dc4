/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop: who is called when, and that nobody is kept from it.
 */
#include "tests/unit/pd_loop_rig.h"

LOOP_COMPONENTS;

/* --- waking ------------------------------------------------------------- */

/* Queues may hold something from before a restart that rang nobody. */
static void everyone_runs_once_at_the_start(void **state)
{
	(void)state;
	assert_true(pd_work(pd));
	assert_int_equal(first.runs, 1);
	assert_int_equal(second.runs, 1);
	assert_int_equal(first.arms, 1);
	assert_int_equal(second.arms, 1);
}

static void notification_reaches_its_component_alone(void **state)
{
	(void)state;
	settle();
	peer_rings(OUT_B);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(second.notified[OUT_B], 1);
	assert_int_equal(second.runs, 1);
	assert_int_equal(first.runs, 0);
	assert_int_equal(first.notified[OUT_A], 0);
}

/* The eventfd is never read, and each write is still an event. */
static void every_notification_is_an_event(void **state)
{
	uint64_t count;

	(void)state;
	settle();
	for (unsigned int i = 1; i <= 5; i++) {
		peer_rings(OUT_A);
		assert_true(pd_look(pd, 0));
		assert_int_equal(first.notified[OUT_A], i);
		assert_true(pd_look(pd, 0));
		assert_int_equal(first.notified[OUT_A], i);
	}
	assert_int_equal(read(boot_chans(loop_record)[OUT_A].wait, &count,
			      sizeof(count)),
			 sizeof(count));
	assert_int_equal(count, 5);
}

static void nothing_to_do_calls_nobody(void **state)
{
	(void)state;
	settle();
	assert_true(pd_look(pd, 0));
	assert_int_equal(pd->n_due, 0);
	assert_int_equal(first.runs + second.runs, 0);
}

/* The monitor notifies an end of an inner channel by its descriptor. */
static void monitor_reaches_an_inner_channel(void **state)
{
	(void)state;
	settle();
	peer_rings(IN_B);
	assert_true(pd_look(pd, 0));
	assert_int_equal(second.notified[IN_B], 1);
	assert_int_equal(first.notified[IN_A], 0);
}

static void end_of_the_monitor_is_noticed(void **state)
{
	(void)state;
	settle();
	assert_true(pd_look(pd, 0));
	close(log_pipe[0]);
	log_pipe[0] = -1;
	assert_false(pd_look(pd, 0));
}

static void end_of_the_monitor_is_noticed_when_busy(void **state)
{
	(void)state;
	settle();
	close(log_pipe[0]);
	log_pipe[0] = -1;
	first.more = 1u << 30;
	peer_rings(OUT_A);
	pd->comp[0].due = true;
	pd->n_due = 1;
	assert_false(pd_work(pd));
}

/* --- working ------------------------------------------------------------ */

static void run_is_called_until_there_is_no_more(void **state)
{
	(void)state;
	settle();
	first.more = 7;
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(first.runs, 8);
	assert_int_equal(second.runs, 0);
	assert_int_equal(first.arms, 1);
}

static void arm_that_finds_work_leads_to_work(void **state)
{
	(void)state;
	settle();
	first.arm_more = 2;
	assert_true(pd_work(pd));
	assert_int_equal(first.runs, 2);
	assert_int_equal(first.arms, 3);
	/* All arm again before it sleeps, since all may have run. */
	assert_int_equal(second.arms, 3);
}

/* b's channel is rung while a has work without end. */
static void stop_when_b_was_heard(struct component *c)
{
	(void)c;
	if (first.runs == 1)
		peer_rings(OUT_B);
	if (second.notified[OUT_B] != 0)
		first.more = 0;
}

static void hc15_busy_component_does_not_hide_a_notification(void **state)
{
	(void)state;
	settle();
	first.more = 1000000;
	first.on_run = stop_when_b_was_heard;
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(second.notified[OUT_B], 1);
	assert_int_equal(second.runs, 1);
	assert_true(first.runs <= 20);
}

static int far_end;

static void stop_when_b_was_ready(struct component *c)
{
	(void)c;
	if (first.runs == 10)
		assert_int_equal(write(far_end, "x", 1), 1);
	if (second.ready != 0)
		first.more = 0;
}

static void stop_watching(struct component *c)
{
	if (second.ready != 0)
		pd_watch(c, 0, 0);
}

/* Rounds of the busy one until the other was heard, from the tenth on. */
static unsigned int rounds_until_ready(void)
{
	int pair[2];

	settle();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	far_end = pair[1];
	watch_new_fd(1, pair[0], EPOLLIN);
	first.more = 1000000;
	first.on_run = stop_when_b_was_ready;
	second.on_run = stop_watching;
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(second.ready, 1);
	pd_replace_fd(comp(1), 0, -1);
	close(pair[1]);
	return first.runs - 10;
}

/* With an interface or socket about, after each round. */
static void hc15_busy_component_does_not_hide_a_descriptor(void **state)
{
	(void)state;
	assert_in_range(rounds_until_ready(), 0, 2);
}

/* A component that looks for work by itself can wait, but not for ever. */
static void a_patient_component_is_heard_later(void **state)
{
	static struct component_ops patient;

	(void)state;
	patient = *comp(1)->ops;
	patient.patient = true;
	comp(1)->ops = &patient;
	assert_in_range(rounds_until_ready(), 3, 18);
}

static bool arm_gives_up(struct component *c)
{
	pd_watch(c, 0, 0);
	return false;
}

/* Nowhere to put a frame: the component says so when it arms. */
static void descriptor_left_ready_does_not_keep_from_arming(void **state)
{
	static struct component_ops patient;
	int pair[2];

	(void)state;
	settle();
	patient = *comp(1)->ops;
	patient.arm = arm_gives_up;
	comp(1)->ops = &patient;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	watch_new_fd(1, pair[0], EPOLLIN);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(second.ready, 1);
	assert_int_equal(second.runs, 1);
	assert_true(pd_look(pd, 0));
	assert_int_equal(second.ready, 1);
	pd_replace_fd(comp(1), 0, -1);
	close(pair[1]);
}

/* Another port's notifications, however many, are one event a look. */
static void hc15_flood_of_notifications_is_one_event(void **state)
{
	(void)state;
	settle();
	for (int i = 0; i < 100000; i++)
		peer_rings(OUT_A);
	peer_rings(OUT_B);
	assert_true(pd_look(pd, 0));
	assert_int_equal(first.notified[OUT_A], 1);
	assert_int_equal(second.notified[OUT_B], 1);
	assert_true(pd_work(pd));
	assert_int_equal(first.runs, 1);
	assert_int_equal(second.runs, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, loop_setup, loop_teardown)
		T(everyone_runs_once_at_the_start),
		T(notification_reaches_its_component_alone),
		T(every_notification_is_an_event),
		T(nothing_to_do_calls_nobody),
		T(monitor_reaches_an_inner_channel),
		T(end_of_the_monitor_is_noticed),
		T(end_of_the_monitor_is_noticed_when_busy),
		T(run_is_called_until_there_is_no_more),
		T(arm_that_finds_work_leads_to_work),
		T(hc15_busy_component_does_not_hide_a_notification),
		T(hc15_busy_component_does_not_hide_a_descriptor),
		T(a_patient_component_is_heard_later),
		T(descriptor_left_ready_does_not_keep_from_arming),
		T(hc15_flood_of_notifications_is_one_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
