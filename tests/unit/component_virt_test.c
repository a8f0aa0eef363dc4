/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The glue around a driver VM's virtualisers: what run() and arm() tell the
 * loop, whom they have rung, and which queues are whose.
 *
 * What the virtualisers do with hostile descriptors is tests/unit/virt_*.c's.
 */
#include "tests/unit/component_virt_rig.h"

/* --- frames ------------------------------------------------------------- */

static void nothing_brings_nothing(void **state)
{
	(void)state;
	cv_settle();
	assert_false(virt_ops.run(cv_comp, 2));
	assert_false(virt_ops.arm(cv_comp));
	assert_int_equal(cv_rung(), 0);
}

static void buffers_are_lent_to_who_fills_them(void **state)
{
	(void)state;
	cv_settle();
	assert_int_equal(cv_count(&cv_side[ID_DRIVER].in_get), CAPACITY);
	assert_int_equal(cv_count(&cv_side[ID_SWITCH].out_get), CAPACITY);
	assert_int_equal(cv_count(&cv_side[ID_SWITCH].in_get), 0);
	assert_int_equal(cv_count(&cv_side[ID_DRIVER].out_get), 0);
}

static void received_frame_reaches_the_switch(void **state)
{
	uint16_t len;
	int64_t at;

	(void)state;
	cv_settle();
	at = cv_receive(1);
	cv_notify(ID_DRIVER);
	assert_false(virt_ops.run(cv_comp, 2));
	assert_int_equal(cv_rung(), 1u << ID_SWITCH);
	assert_int_equal(cv_get(&cv_side[ID_SWITCH].in_get, &len), at);
	assert_int_equal(len, 60);
	assert_int_equal(cv_stats(SLOT_STATS_RX)->frames, 1);
	assert_int_equal(cv_stats(SLOT_STATS_TX)->frames, 0);
	/* Its buffer comes back to the driver. */
	cv_put(&cv_side[ID_SWITCH].in_put, at, 0);
	cv_count(&cv_side[ID_DRIVER].in_get);
	cv_run_dry();
	assert_int_equal(cv_get(&cv_side[ID_DRIVER].in_get, NULL), at);
}

static void sent_frame_reaches_the_driver(void **state)
{
	uint16_t len;
	int64_t at;

	(void)state;
	cv_settle();
	at = cv_transmit(1);
	cv_notify(ID_SWITCH);
	assert_false(virt_ops.run(cv_comp, 2));
	assert_int_equal(cv_rung(), 1u << ID_DRIVER);
	assert_int_equal(cv_get(&cv_side[ID_DRIVER].out_get, &len), at);
	assert_int_equal(len, 90);
	assert_int_equal(cv_stats(SLOT_STATS_TX)->frames, 1);
	assert_int_equal(cv_stats(SLOT_STATS_RX)->frames, 0);
	cv_put(&cv_side[ID_DRIVER].out_put, at, 0);
	cv_count(&cv_side[ID_SWITCH].out_get);
	cv_run_dry();
	assert_int_equal(cv_get(&cv_side[ID_SWITCH].out_get, NULL), at);
}

/* Both directions at once: each end is rung once. */
static void one_ring_for_both_directions(void **state)
{
	(void)state;
	cv_settle();
	cv_receive(3);
	cv_transmit(3);
	cv_notify(ID_DRIVER);
	cv_run_dry();
	assert_int_equal(cv_pd->n_rung, 2);
	assert_int_equal(cv_rung(), 3);
	assert_int_equal(cv_count(&cv_side[ID_SWITCH].in_get), 3);
	assert_int_equal(cv_count(&cv_side[ID_DRIVER].out_get), 3);
	/* Nobody armed since: more frames ring nobody. */
	cv_receive(1);
	cv_transmit(1);
	cv_run_dry();
	assert_int_equal(cv_rung(), 0);
}

static void work_is_bounded(void **state)
{
	(void)state;
	cv_settle();
	cv_receive(CAPACITY);
	cv_transmit(CAPACITY);
	cv_notify(ID_DRIVER);
	assert_true(virt_ops.run(cv_comp, 2));
	assert_int_equal(cv_count(&cv_side[ID_SWITCH].in_get), NET_VIRT_BUDGET);
	assert_int_equal(cv_count(&cv_side[ID_DRIVER].out_get),
			 NET_VIRT_BUDGET);
	cv_run_dry();
	assert_int_equal(cv_count(&cv_side[ID_SWITCH].in_get),
			 CAPACITY - NET_VIRT_BUDGET);
	assert_int_equal(cv_count(&cv_side[ID_DRIVER].out_get),
			 CAPACITY - NET_VIRT_BUDGET);
}

/* Everybody awake, nobody rings: the loop must know that there is traffic. */
static void spinning_look_says_whether_it_brought_frames(void **state)
{
	(void)state;
	cv_settle();
	for (int i = 0; i < 3; i++) {
		cv_receive(1);
		assert_true(virt_ops.run(cv_comp, 2));
		assert_false(virt_ops.run(cv_comp, 2));
		cv_transmit(1);
		assert_true(virt_ops.run(cv_comp, 2));
		assert_false(virt_ops.run(cv_comp, 2));
	}
}

static void arm_finds_what_came_meanwhile(void **state)
{
	(void)state;
	cv_settle();
	cv_notify(ID_DRIVER);
	assert_false(virt_ops.run(cv_comp, 2));
	cv_receive(1);
	assert_true(virt_ops.arm(cv_comp));
	assert_false(virt_ops.run(cv_comp, 2));
	assert_false(virt_ops.arm(cv_comp));
	cv_transmit(1);
	assert_true(virt_ops.arm(cv_comp));
	assert_false(virt_ops.run(cv_comp, 2));
	assert_false(virt_ops.arm(cv_comp));
	assert_int_equal(cv_count(&cv_side[ID_SWITCH].in_get), 1);
	assert_int_equal(cv_count(&cv_side[ID_DRIVER].out_get), 1);
}

/* --- links -------------------------------------------------------------- */

/* Either notification is a reason to look at both pages. */
static void link_of_either_side_is_seen(void **state)
{
	(void)state;
	cv_settle();
	for (uint32_t which = 0; which < IDS; which++) {
		uint32_t s = which == ID_DRIVER ? NET_VIRT_DRIVER
						: NET_VIRT_SWITCH;

		cv_link_down(which);
		cv_notify(1 - which);
		cv_run_dry();
		assert_int_equal(cv_stats(SLOT_STATS_RX)->side[s].state,
				 NET_VIRT_DOWN);
		assert_int_equal(cv_stats(SLOT_STATS_TX)->side[s].state,
				 NET_VIRT_DOWN);
		assert_int_equal(cv_stats(SLOT_STATS_RX)->side[s].epoch, 2);
		assert_int_equal(cv_stats(SLOT_STATS_TX)->side[s].epoch, 2);
		cv_link_up(which);
		cv_notify(1 - which);
		cv_run_dry();
		assert_int_equal(cv_stats(SLOT_STATS_RX)->side[s].state,
				 NET_VIRT_UP);
		assert_int_equal(cv_stats(SLOT_STATS_TX)->side[s].state,
				 NET_VIRT_UP);
	}
	assert_int_equal(cv_count(&cv_side[ID_DRIVER].in_get), CAPACITY);
	assert_int_equal(cv_count(&cv_side[ID_SWITCH].out_get), CAPACITY);
}

/* The VM dies with every buffer in its hands and comes back. */
static void driver_that_comes_back_has_all_buffers(void **state)
{
	(void)state;
	cv_settle();
	assert_int_equal(cv_count(&cv_side[ID_DRIVER].in_get), CAPACITY);
	cv_transmit(CAPACITY);
	cv_notify(ID_SWITCH);
	cv_run_dry();
	cv_link_down(ID_DRIVER);
	cv_notify(ID_DRIVER);
	cv_run_dry();
	/* The switch has its own back meanwhile, and may go on. */
	assert_int_equal(cv_count(&cv_side[ID_SWITCH].out_get), CAPACITY);
	cv_link_up(ID_DRIVER);
	cv_notify(ID_DRIVER);
	cv_run_dry();
	assert_int_equal(cv_count(&cv_side[ID_DRIVER].in_get), CAPACITY);
	assert_int_equal(cv_count(&cv_side[ID_DRIVER].out_get), 0);
}

static void frames_for_a_driver_that_is_away_are_counted(void **state)
{
	(void)state;
	cv_settle();
	cv_link_down(ID_DRIVER);
	cv_notify(ID_DRIVER);
	cv_run_dry();
	for (int i = 0; i < 10; i++) {
		cv_transmit(CAPACITY);
		cv_notify(ID_SWITCH);
		cv_run_dry();
	}
	assert_int_equal(cv_stats(SLOT_STATS_TX)
				 ->side[NET_VIRT_DRIVER]
				 .refused[NET_VIRT_PEER_DOWN],
			 10 * CAPACITY);
}

/* --- lies --------------------------------------------------------------- */

static void hc24_hostile_driver_stops_itself_alone(void **state)
{
	struct net_queue *q;

	(void)state;
	cv_settle();
	q = cv_slot(SLOT_IN_ACTIVE(ID_DRIVER));
	atomic_store(&q->tail, 60000);
	cv_notify(ID_DRIVER);
	cv_run_dry();
	/* The monitor is told. */
	assert_true(cv_rung() & 1u << ID_CTL);
	assert_int_equal(cv_stats(SLOT_STATS_RX)->side[NET_VIRT_DRIVER].state,
			 NET_VIRT_FAULT);
	/* The switch goes on, and the other direction as well. */
	cv_transmit(1);
	cv_notify(ID_SWITCH);
	cv_run_dry();
	assert_int_equal(cv_count(&cv_side[ID_DRIVER].out_get), 1);
	/* Once. */
	assert_false(virt_ops.arm(cv_comp));
	assert_false(cv_rung() & 1u << ID_CTL);
	cv_link_down(ID_DRIVER);
	cv_notify(ID_DRIVER);
	cv_run_dry();
	cv_link_up(ID_DRIVER);
	cv_notify(ID_DRIVER);
	cv_run_dry();
	cv_receive(1);
	cv_notify(ID_DRIVER);
	cv_run_dry();
	assert_int_equal(cv_count(&cv_side[ID_SWITCH].in_get), 1);
}

static void hc24_hostile_switch_is_no_end_either(void **state)
{
	struct net_queue *q;

	(void)state;
	cv_settle();
	cv_notify(ID_SWITCH);
	cv_run_dry();
	q = cv_slot(SLOT_OUT_ACTIVE(ID_SWITCH));
	atomic_store(&q->tail, 60000);
	/* Seen only when the queue is armed. */
	assert_false(virt_ops.arm(cv_comp));
	assert_true(cv_rung() & 1u << ID_CTL);
	cv_receive(1);
	cv_notify(ID_DRIVER);
	cv_run_dry();
	assert_int_equal(cv_count(&cv_side[ID_SWITCH].in_get), 1);
}

/* Buffers that are not its own, both sides at once. */
static void hc25_both_sides_hostile_lose_no_buffer(void **state)
{
	static const int64_t wild[] = { 0, 1, 3 * BUFFER, 1LL << 40, -2048 };

	(void)state;
	cv_settle();
	for (unsigned int i = 0; i < 1000; i++) {
		int64_t at = wild[i % 5];

		cv_put(&cv_side[ID_DRIVER].in_put, at, (uint16_t)(i * 7));
		cv_put(&cv_side[ID_DRIVER].out_put, at, 0);
		cv_put(&cv_side[ID_SWITCH].in_put, at, 0);
		cv_put(&cv_side[ID_SWITCH].out_put, at, (uint16_t)(i * 11));
		cv_notify(i & 1);
		cv_run_dry();
	}
	for (uint32_t which = 0; which < IDS; which++) {
		cv_link_down(which);
		cv_notify(which);
		cv_run_dry();
		cv_link_up(which);
		cv_notify(which);
		cv_run_dry();
	}
	assert_int_equal(cv_count(&cv_side[ID_DRIVER].in_get), CAPACITY);
	assert_int_equal(cv_count(&cv_side[ID_SWITCH].out_get), CAPACITY);
}

/* --- configurations ----------------------------------------------------- */

static void impossible_configuration_is_refused(void **state)
{
	struct sys_component good = *cv_config();

	(void)state;
	cv_config()->wire.capacity = 100;
	assert_int_equal(virt_ops.init(cv_comp), -EINVAL);
	*cv_config() = good;
	cv_config()->wire.buffer_size = 1500;
	assert_int_equal(virt_ops.init(cv_comp), -EINVAL);
	*cv_config() = good;
	cv_config()->virt.driver.egress.active = SYS_NONE;
	assert_int_equal(virt_ops.init(cv_comp), -EINVAL);
	*cv_config() = good;
	cv_config()->wire.ingress.data = SYS_NONE;
	assert_int_equal(virt_ops.init(cv_comp), -EINVAL);
}

static void works_without_a_place_for_statistics(void **state)
{
	(void)state;
	cv_config()->virt.stats_rx = SYS_NONE;
	cv_config()->virt.stats_tx = SYS_NONE;
	cv_settle();
	cv_receive(1);
	cv_notify(ID_DRIVER);
	cv_run_dry();
	assert_int_equal(cv_count(&cv_side[ID_SWITCH].in_get), 1);
}

/* Both channels are the component's. */
static void both_channels_reach_it(void **state)
{
	(void)state;
	assert_int_equal(cv_pd->chan[ID_DRIVER].owner, 0);
	assert_int_equal(cv_pd->chan[ID_SWITCH].owner, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, cv_set_up, cv_tear_down)
		T(nothing_brings_nothing),
		T(buffers_are_lent_to_who_fills_them),
		T(received_frame_reaches_the_switch),
		T(sent_frame_reaches_the_driver),
		T(one_ring_for_both_directions),
		T(work_is_bounded),
		T(spinning_look_says_whether_it_brought_frames),
		T(arm_finds_what_came_meanwhile),
		T(link_of_either_side_is_seen),
		T(driver_that_comes_back_has_all_buffers),
		T(frames_for_a_driver_that_is_away_are_counted),
		T(hc24_hostile_driver_stops_itself_alone),
		T(hc24_hostile_switch_is_no_end_either),
		T(hc25_both_sides_hostile_lose_no_buffer),
		T(impossible_configuration_is_refused),
		T(works_without_a_place_for_statistics),
		T(both_channels_reach_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
