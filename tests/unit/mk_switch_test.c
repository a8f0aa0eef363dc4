/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch PD and the monitor PD of vmm/microkit on the host's Microkit:
 * frames, links, faults, restarts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/reason.h"
#include "tests/unit/mk_rig.h"
#include "virt/net_virt.h"

#define SECOND 1000000000ull

static int set_up(void **state)
{
	struct mk_rig *r = mk_rig_new(false);

	*state = r;
	mk_rig_start(r);
	return 0;
}

static int tear_down(void **state)
{
	mk_rig_free(*state);
	return 0;
}

static void frames_reach_allowed_ports(void **state)
{
	struct mk_rig *r = *state;

	mk_rig_send(r, 0);
	assert_int_equal(mk_rig_received(r, 1), 1);
	assert_int_equal(mk_rig_received(r, 2), 1);
	assert_int_equal(mk_rig_received(r, 0), 0);
	assert_int_equal(r->stats->port[0].in_frames, 1);
	assert_int_equal(r->stats->port[1].out_frames, 1);
	assert_int_equal(r->stats->learned, 1);
}

static void receivers_that_sleep_are_rung(void **state)
{
	struct mk_rig *r = *state;

	kernel_notified(r->k, r->port[1].pd);
	mk_rig_send(r, 0);
	assert_int_equal(kernel_notified(r->k, r->port[1].pd), 1);
	/* Awake: it has not taken the first frame. */
	mk_rig_send(r, 0);
	assert_int_equal(kernel_notified(r->k, r->port[1].pd), 0);
	assert_int_equal(mk_rig_received(r, 1), 2);
}

static void a_denied_pair_gets_nothing(void **state)
{
	struct mk_rig *r = *state;
	uint64_t w[] = { 0, 0, 1, 0 };

	assert_int_equal(mk_rig_ask(r, MK_ASK_ALLOW, 4, w), MK_PENDING);
	mk_rig_send(r, 0);
	assert_int_equal(mk_rig_received(r, 1), 0);
	assert_int_equal(mk_rig_received(r, 2), 1);
	mk_rig_send(r, 1);
	assert_int_equal(mk_rig_received(r, 0), 1);
}

/* Notifications of all ports in one wake-up. */
static void all_bits_of_a_wake_up_are_served(void **state)
{
	struct mk_rig *r = *state;
	unsigned int got = 0;

	for (unsigned int p = 0; p < MK_RIG_PORTS; p++) {
		struct net_client *c = r->port[p].client;
		struct net_buffer b;

		assert_int_equal(net_tx_alloc(c, &b, 1), 1);
		memset(b.data, 0xff, 60);
		b.data[6] = 2;
		b.data[11] = (uint8_t)p;
		b.len = 60;
		net_tx_burst(c, &b, 1);
		assert_true(net_client_must_notify(c));
		kernel_notify(r->k, r->port[p].pd, MK_RIG_PEER_CH);
	}
	assert_true(kernel_run(r->k));
	for (unsigned int p = 0; p < MK_RIG_PORTS; p++)
		got += mk_rig_received(r, p);
	assert_int_equal(got, MK_RIG_PORTS * (MK_RIG_PORTS - 1));
}

/* --- faults ------------------------------------------------------------- */

static void hc24_a_forged_tail_costs_an_epoch(void **state)
{
	struct mk_rig *r = *state;
	int hostile = r->port[0].pd;

	mk_rig_forge(r, 0);
	/* Another port's frame in the same wake-up. */
	mk_rig_send(r, 1);
	assert_int_equal(mk_rig_received(r, 2), 1);
	assert_int_equal(r->stats->port[0].faults, 1);
	assert_int_equal(mk_rig_epoch(r, 0), 3);
	assert_int_equal(mk_rig_epoch(r, 1), 1);
	assert_int_equal(kernel_restarts(r->k, hostile), 1);
	assert_int_equal(kernel_restarts(r->k, r->port[1].pd), 0);
	assert_non_null(strstr(kernel_console(r->k), "sw.peer0"));
	/* It comes back, to clean queues. */
	mk_rig_received(r, 0);
	mk_rig_send(r, 0);
	assert_int_equal(mk_rig_received(r, 1), 1);
	mk_rig_send(r, 1);
	assert_int_equal(mk_rig_received(r, 0), 1);
}

static void hc35_repeated_faults_pause(void **state)
{
	struct mk_rig *r = *state;
	uint64_t w[] = { 0, 0, 0 };

	for (unsigned int i = 0; i < 2; i++) {
		mk_rig_forge(r, 0);
		assert_true(kernel_run(r->k));
	}
	assert_int_equal(mk_rig_epoch(r, 0), 4);
	assert_true(kernel_stopped(r->k, r->port[0].pd));
	assert_int_equal(mk_rig_ask(r, MK_ASK_LINK, 1, w), MK_OK);
	assert_int_equal(w[2], 1);
	/* 100 ms later any event lets it go on; here, a question. */
	kernel_pass(r->k, SECOND / 10);
	w[0] = 0;
	assert_int_equal(mk_rig_ask(r, MK_ASK_LINK, 1, w), MK_OK);
	assert_int_equal(mk_rig_epoch(r, 0), 5);
	assert_int_equal(kernel_restarts(r->k, r->port[0].pd), 2);
	w[0] = 0;
	mk_rig_ask(r, MK_ASK_LINK, 1, w);
	assert_int_equal(w[1], 2);
	assert_int_equal(w[2], 0);
}

static void a_crashed_peer_begins_anew(void **state)
{
	struct mk_rig *r = *state;

	mk_rig_send(r, 0);
	kernel_crash(r->k, r->port[0].pd);
	assert_true(kernel_run(r->k));
	assert_int_equal(kernel_restarts(r->k, r->port[0].pd), 1);
	assert_int_equal(mk_rig_epoch(r, 0), 3);
	assert_int_equal(mk_rig_epoch(r, 2), 1);
	assert_non_null(strstr(kernel_console(r->k), "peer0 crashed"));
	mk_rig_received(r, 0);
	mk_rig_send(r, 0);
	assert_int_equal(mk_rig_received(r, 1), 2);
}

static void a_crashed_switch_begins_anew(void **state)
{
	struct mk_rig *r = *state;

	mk_rig_send(r, 0);
	mk_rig_received(r, 1);
	kernel_crash(r->k, r->sw);
	assert_true(kernel_run(r->k));
	assert_int_equal(kernel_restarts(r->k, r->sw), 1);
	for (unsigned int p = 0; p < MK_RIG_PORTS; p++) {
		assert_int_equal(mk_rig_epoch(r, p), 3);
		assert_int_equal(kernel_restarts(r->k, r->port[p].pd), 1);
		mk_rig_received(r, p);
	}
	mk_rig_send(r, 0);
	assert_int_equal(mk_rig_received(r, 1), 1);
	assert_int_equal(r->stats->port[0].in_frames, 1);
}

/* A peer that is stopped stays so while its queues are not clean. */
static void a_silent_switch_keeps_queues_as_they_are(void **state)
{
	struct mk_rig *r = mk_rig_new(true);
	struct net_queue *q = kernel_memory(r->k, r->port[0].queue[0]);

	mk_rig_start(r);
	atomic_store(&q->tail, 7);
	r->stats->port[0].epoch = 1;
	r->stats->port[0].state = PORT_FAULT;
	kernel_notify(r->k, r->sw, 60);
	assert_true(kernel_run(r->k));
	assert_int_equal(mk_rig_epoch(r, 0), 2);
	assert_int_equal(q->tail, 7);
	assert_true(kernel_stopped(r->k, r->port[0].pd));
	r->stats->port[0].epoch = 2;
	r->stats->port[0].state = PORT_DOWN;
	kernel_notify(r->k, r->sw, 60);
	assert_true(kernel_run(r->k));
	assert_int_equal(q->tail, 0);
	assert_int_equal(mk_rig_epoch(r, 0), 3);
	mk_rig_free(r);
	(void)state;
}

/* A virtualiser of a card stands between: its word counts like a switch's. */
static void a_virtualiser_has_to_let_go_as_well(void **state)
{
	struct mk_rig *r = mk_rig_new(false);
	struct mk_side *side = &r->mon_cfg->link[0].side[2];
	int virt = kernel_pd(r->k, "virt", 120, NULL);
	struct net_virt_side_stats *stats;
	int region;

	(void)state;
	*side = (struct mk_side){ .kind = MK_SIDE_VIRT,
				  .number = NET_VIRT_DRIVER,
				  .child = MK_NONE,
				  .channel = 20 };
	region = mk_rig_share(r, "virt.stats", 4096, r->monitor, false,
			      &side->stats);
	kernel_channel(r->k, virt, 0, r->monitor, 20, false);
	stats = &((struct net_virt_stats *)kernel_memory(r->k, region))
			 ->side[NET_VIRT_DRIVER];
	mk_rig_start(r);
	assert_int_equal(kernel_notified(r->k, virt), 1);
	/* It complains of the driver, in this epoch. */
	stats->epoch = 1;
	stats->state = NET_VIRT_FAULT;
	kernel_notify(r->k, virt, 0);
	assert_true(kernel_run(r->k));
	assert_int_equal(mk_rig_epoch(r, 0), 2);
	assert_true(kernel_stopped(r->k, r->port[0].pd));
	assert_int_equal(kernel_notified(r->k, virt), 1);
	stats->epoch = 2;
	stats->state = NET_VIRT_DOWN;
	kernel_notify(r->k, virt, 0);
	assert_true(kernel_run(r->k));
	assert_int_equal(mk_rig_epoch(r, 0), 3);
	assert_int_equal(kernel_restarts(r->k, r->port[0].pd), 1);
	mk_rig_free(r);
}

/* --- timers and configurations ------------------------------------------ */

static uint64_t timeout;

static void set_timeout(void *arg, unsigned int channel, struct message *m)
{
	(void)arg;
	(void)channel;
	timeout = m->label == 1 && m->count == 1 ? m->mr[0] : UINT64_MAX;
}

static void a_timer_ends_the_pause(void **state)
{
	struct mk_rig *r = mk_rig_new(false);
	int timer = kernel_pd(r->k, "timer", 254, NULL);

	(void)state;
	kernel_channel(r->k, r->monitor, 40, timer, 0, true);
	kernel_on_call(r->k, timer, set_timeout, NULL);
	r->mon_cfg->timer_channel = 40;
	mk_rig_start(r);
	for (unsigned int i = 0; i < 2; i++) {
		mk_rig_forge(r, 0);
		assert_true(kernel_run(r->k));
	}
	assert_int_equal(mk_rig_epoch(r, 0), 4);
	assert_in_range(timeout, SECOND / 20, SECOND / 10);
	kernel_pass(r->k, timeout);
	kernel_notify(r->k, timer, 0);
	assert_true(kernel_run(r->k));
	assert_int_equal(mk_rig_epoch(r, 0), 5);
	mk_rig_free(r);
}

static void impossible(void (*spoil)(struct mk_rig *r), const char *says)
{
	struct mk_rig *r = mk_rig_new(false);

	spoil(r);
	kernel_start(r->k);
	assert_true(kernel_run(r->k));
	kernel_notify(r->k, r->port[0].pd, MK_RIG_PEER_CH);
	assert_true(kernel_run(r->k));
	if (strstr(kernel_console(r->k), says) == NULL)
		fail_msg("said: %s", kernel_console(r->k));
	mk_rig_free(r);
}

static void no_magic(struct mk_rig *r)
{
	r->sw_cfg->head.magic = 0;
}

static void old_version(struct mk_rig *r)
{
	r->mon_cfg->head.version = 0;
}

static void small_memory(struct mk_rig *r)
{
	r->sw_cfg->fdb_capacity = 1u << 20;
}

static void bad_port(struct mk_rig *r)
{
	r->sw_cfg->port[1].wire.capacity = 3;
}

static void bad_policy(struct mk_rig *r)
{
	r->policy->n_rules = 5000;
}

static void bad_child(struct mk_rig *r)
{
	r->mon_cfg->link[0].side[1].child = 60;
}

static void impossible_configurations_are_reported(void **state)
{
	(void)state;
	impossible(no_magic, "sw: no configuration");
	impossible(old_version, "monitor: the configuration is another");
	impossible(small_memory, "sw: its tables need");
	impossible(bad_port, "sw: port 1 is impossible");
	impossible(bad_policy, "sw: the policy has more of something");
	impossible(bad_child, "monitor: the configuration contradicts");
}

#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(frames_reach_allowed_ports),
		WITH_RIG(receivers_that_sleep_are_rung),
		WITH_RIG(a_denied_pair_gets_nothing),
		WITH_RIG(all_bits_of_a_wake_up_are_served),
		WITH_RIG(hc24_a_forged_tail_costs_an_epoch),
		WITH_RIG(hc35_repeated_faults_pause),
		WITH_RIG(a_crashed_peer_begins_anew),
		WITH_RIG(a_crashed_switch_begins_anew),
		cmocka_unit_test(a_silent_switch_keeps_queues_as_they_are),
		cmocka_unit_test(a_virtualiser_has_to_let_go_as_well),
		cmocka_unit_test(a_timer_ends_the_pause),
		cmocka_unit_test(impossible_configurations_are_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
