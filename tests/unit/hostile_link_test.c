/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peers that go away at any moment, and come back. hostile_test.c says where
 * the other rows are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/rig.h"

static bool broadcast(struct rig *r, unsigned int port, uint64_t src)
{
	uint8_t frame[60];

	rig_frame(frame, MAC_BROADCAST, src, sizeof(frame));
	if (!rig_send(r, port, frame, sizeof(frame)))
		return false;
	rig_run(r, RIG_BIT(port));
	return true;
}

static void hc11_frames_in_flight_go_with_the_link(void **state)
{
	struct rig *r = rig_clients(3);
	uint8_t frame[60];

	(void)state;
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), sizeof(frame));
	for (unsigned int i = 0; i < 8; i++)
		assert_true(rig_send(r, 0, frame, sizeof(frame)));
	rig_down(r, 0);
	assert_int_equal(rig_run(r, RIG_BIT(0)), 0);
	assert_int_equal(r->stats->port[0].state, PORT_DOWN);
	assert_int_equal(r->stats->port[0].epoch, 2);
	assert_int_equal(r->stats->port[0].in_frames, 0);
	assert_int_equal(rig_drain(r, 1), 0);

	/* A receiver goes with frames for it on the way. */
	for (unsigned int i = 0; i < 4; i++)
		assert_true(broadcast(r, 1, RIG_MAC(2)));
	rig_down(r, 2);
	rig_run(r, RIG_BIT(2));
	/* It is missed, but not by a broadcast. */
	assert_true(broadcast(r, 1, RIG_MAC(2)));
	assert_int_equal(rig_drops(r, 2, REASON_PORT_DOWN), 0);
	assert_int_equal(rig_drops(r, 1, REASON_NO_DESTINATION), 1);
	rig_up(r, 2);
	rig_up(r, 0);
	rig_run(r, RIG_BIT(0) | RIG_BIT(2));
	assert_int_equal(r->stats->port[2].epoch, 3);
	assert_int_equal(rig_drain(r, 2), 0);
	assert_true(broadcast(r, 1, RIG_MAC(2)));
	assert_int_equal(rig_drain(r, 2), 1);
	assert_int_equal(rig_drain(r, 0), 1);
	rig_free(r);
}

/* While a link is down its queues are the monitor's: not a bit is touched. */
static void hc11_queues_of_a_dead_link_are_left_alone(void **state)
{
	struct rig *r = rig_clients(2);
	struct vswitch_port_config *c = &r->port[0].config;
	size_t size = queue_region_size(16);
	struct net_queue *q[] = { c->ingress.active, c->ingress.free,
				  c->egress.active, c->egress.free };

	(void)state;
	rig_down(r, 0);
	rig_run(r, RIG_BIT(0));
	for (unsigned int i = 0; i < 4; i++)
		memset(q[i], 0xc3, size);
	for (unsigned int i = 0; i < 10; i++) {
		assert_true(broadcast(r, 1, RIG_MAC(2)));
		rig_run(r, RIG_BIT(0));
		vswitch_arm(r->sw, RIG_BIT(0));
	}
	for (unsigned int i = 0; i < 4; i++)
		for (size_t k = 0; k < size; k++)
			assert_int_equal(((uint8_t *)q[i])[k], 0xc3);
	assert_int_equal(r->stats->port[0].state, PORT_DOWN);
	rig_free(r);
}

/* The same holds for a capture, which nobody sends to. */
static void hc11_a_capture_that_is_gone(void **state)
{
	const struct rig_options capture = { .kind = VSWITCH_PORT_CAPTURE,
					     .capture_of = RIG_BIT(0),
					     .capture_drops = true };
	struct rig *r = rig_clients(2);
	struct vswitch_half *h;
	size_t size = queue_region_size(16);

	(void)state;
	rig_add(r, 2, &capture);
	assert_true(broadcast(r, 0, RIG_MAC(1)));
	assert_int_equal(rig_drain(r, 2), 1);
	rig_down(r, 2);
	rig_run(r, RIG_BIT(2));
	h = &r->port[2].config.egress;
	memset(h->active, 0xc3, size);
	memset(h->free, 0xc3, size);
	for (unsigned int i = 0; i < 10; i++)
		assert_true(broadcast(r, 0, RIG_MAC(1)));
	for (size_t k = 0; k < size; k++) {
		assert_int_equal(((uint8_t *)h->active)[k], 0xc3);
		assert_int_equal(((uint8_t *)h->free)[k], 0xc3);
	}
	/* Its file has a gap, and how large it is can be seen. */
	assert_int_equal(r->stats->port[2].mirror_missed, 10);
	assert_int_equal(r->stats->port[2].state, PORT_DOWN);
	rig_up(r, 2);
	rig_run(r, RIG_BIT(2));
	assert_true(broadcast(r, 0, RIG_MAC(1)));
	assert_int_equal(rig_drain(r, 2), 1);
	rig_free(r);
}

/* An epoch that passes unseen in between still resets the connection. */
static void hc11_a_flap_between_two_visits(void **state)
{
	struct rig *r = rig_clients(2);

	(void)state;
	for (unsigned int i = 0; i < 9; i++)
		assert_true(broadcast(r, 0, RIG_MAC(1)));
	rig_drain(r, 1);
	rig_down(r, 0);
	rig_up(r, 0);
	rig_run(r, RIG_BIT(0));
	assert_int_equal(r->stats->port[0].state, PORT_UP);
	assert_int_equal(r->stats->port[0].epoch, 3);
	assert_true(broadcast(r, 0, RIG_MAC(1)));
	assert_int_equal(rig_drain(r, 1), 1);
	assert_true(broadcast(r, 1, RIG_MAC(2)));
	assert_int_equal(rig_drain(r, 0), 1);
	rig_free(r);
}

static void hc14_teardown_after_a_fault(void **state)
{
	struct rig *r = rig_clients(2);

	(void)state;
	atomic_store(&r->port[0].tx_active.shared->tail, 40000);
	rig_run(r, RIG_BIT(0));
	assert_int_equal(r->stats->port[0].state, PORT_FAULT);
	rig_down(r, 0);
	rig_run(r, RIG_BIT(0));
	assert_int_equal(r->stats->port[0].state, PORT_DOWN);
	assert_int_equal(vswitch_faulted(r->sw), 0);
	rig_up(r, 0);
	rig_run(r, RIG_BIT(0));
	assert_true(broadcast(r, 0, RIG_MAC(1)));
	assert_int_equal(rig_drain(r, 1), 1);
	rig_free(r);
}

/*
 * The partner on a link between switches sends one buffer over and over, and
 * takes nothing back or everything: its free queue never overflows.
 */
static void hc07_a_link_partner_hurts_itself(void **state)
{
	const struct rig_options link = { .kind = VSWITCH_PORT_LINK };
	struct rig *r = rig_clients(2);
	struct rig_port *p = &r->port[5];

	(void)state;
	rig_add(r, 5, &link);
	assert_int_equal(queue_pending(&p->tx_free), 16);
	for (unsigned int i = 0; i < 1000; i++) {
		rig_send_raw(r, 5, 2048, 60);
		rig_run(r, RIG_BIT(5));
		assert_int_equal(queue_pending(&p->tx_free), 16);
	}
	queue_release(&p->tx_free, 16);
	for (unsigned int i = 0; i < 1000; i++) {
		rig_send_raw(r, 5, 2048, 60);
		rig_run(r, RIG_BIT(5));
		assert_int_equal(queue_peek(&p->tx_free, 0).io_or_offset, 2048);
		queue_release(&p->tx_free, 1);
	}
	assert_int_equal(r->stats->port[5].state, PORT_UP);
	assert_int_equal(r->stats->port[5].in_frames, 2000);
	assert_true(broadcast(r, 0, RIG_MAC(1)));
	assert_int_equal(rig_drain(r, 1), 1);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc11_frames_in_flight_go_with_the_link),
		cmocka_unit_test(hc11_queues_of_a_dead_link_are_left_alone),
		cmocka_unit_test(hc11_a_capture_that_is_gone),
		cmocka_unit_test(hc11_a_flap_between_two_visits),
		cmocka_unit_test(hc14_teardown_after_a_fault),
		cmocka_unit_test(hc07_a_link_partner_hurts_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
