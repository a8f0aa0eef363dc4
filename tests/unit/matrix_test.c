/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hc27: every cell of a six-port allow matrix, the denied ones too, for every
 * kind of destination.  Upstream tests ping the pairs that are allowed; what a
 * switch is for shows in the others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/rig.h"

#define PORTS 6u
#define EVERY (RIG_BIT(PORTS) - 1)

/* Stations 1 to 6 live at ports 0 to 5. */
static uint64_t mac_of(unsigned int port)
{
	return RIG_MAC(port + 1);
}

static struct rig *with_matrix(const uint8_t *allow)
{
	struct rig *r = rig_new(NULL);

	for (unsigned int i = 0; i < PORTS; i++)
		rig_add(r, i, NULL);
	for (unsigned int i = 0; i < PORTS; i++)
		for (unsigned int k = 0; k < PORTS; k++)
			if (allow[i] >> k & 1)
				rig_allow(r, i, k);
	return r;
}

/* Send one frame; which ports got it, and nothing but it? */
static uint64_t receivers(struct rig *r, unsigned int from, uint64_t to)
{
	uint8_t frame[80];
	uint8_t got[2048];
	uint64_t set = 0;
	uint16_t len = rig_frame(frame, to, mac_of(from), sizeof(frame));

	assert_true(rig_send(r, from, frame, len));
	rig_run(r, RIG_BIT(from));
	assert_int_equal(rig_reap(r, from), 1);
	for (unsigned int i = 0; i < PORTS; i++) {
		int n = r->port[i].exists ? rig_receive(r, i, got) : -1;

		if (n < 0)
			continue;
		assert_int_equal(n, len);
		assert_memory_equal(got, frame, len);
		assert_int_equal(rig_receive(r, i, got), -1);
		set |= RIG_BIT(i);
	}
	return set;
}

/* A flood reaches the ports allowed, and a denied one is no drop. */
static void check_floods(struct rig *r, unsigned int from, uint64_t allowed)
{
	static const uint64_t floods[] = {
		MAC_BROADCAST,	 /* ARP */
		0x3333ff000001,	 /* IPv6 neighbour discovery */
		0x01005e0000fb,	 /* IPv4 multicast */
		RIG_MAC(0x9999), /* unknown unicast */
	};

	for (unsigned int i = 0; i < 4; i++) {
		uint64_t refused = rig_drops(r, from, REASON_NOT_ALLOWED);
		uint64_t nowhere = rig_drops(r, from, REASON_NO_DESTINATION);

		assert_int_equal(receivers(r, from, floods[i]), allowed);
		assert_int_equal(rig_drops(r, from, REASON_NOT_ALLOWED),
				 refused);
		assert_int_equal(rig_drops(r, from, REASON_NO_DESTINATION),
				 nowhere + !allowed);
	}
}

static void check_unicast(struct rig *r, unsigned int from, unsigned int to,
			  bool allowed)
{
	uint64_t drops = rig_all_drops(r);
	uint64_t refused = rig_drops(r, from, REASON_NOT_ALLOWED);
	uint64_t same = rig_drops(r, from, REASON_SAME_PORT);

	assert_int_equal(receivers(r, from, mac_of(to)),
			 allowed ? RIG_BIT(to) : 0);
	assert_int_equal(rig_all_drops(r), drops + !allowed);
	assert_int_equal(rig_drops(r, from, REASON_NOT_ALLOWED),
			 refused + (!allowed && from != to));
	assert_int_equal(rig_drops(r, from, REASON_SAME_PORT),
			 same + (from == to));
}

static void check_matrix(const uint8_t *allow)
{
	struct rig *r = with_matrix(allow);

	/* Nobody has spoken yet: every unicast is unknown. */
	for (unsigned int i = 0; i < PORTS; i++) {
		uint64_t allowed = allow[i] & EVERY & ~RIG_BIT(i);

		check_floods(r, i, allowed);
	}
	/* By now everybody has. */
	for (unsigned int i = 0; i < PORTS; i++)
		for (unsigned int k = 0; k < PORTS; k++)
			check_unicast(r, i, k, i != k && allow[i] >> k & 1);
	for (unsigned int i = 0; i < PORTS; i++)
		check_floods(r, i, allow[i] & EVERY & ~RIG_BIT(i));
	rig_free(r);
}

static void hc27_nothing_is_allowed_that_is_not_written(void **state)
{
	static const uint8_t nothing[PORTS];

	(void)state;
	check_matrix(nothing);
}

static void hc27_everything_allowed(void **state)
{
	uint8_t allow[PORTS];

	(void)state;
	/* A port's bit to itself is set as well; it means nothing. */
	memset(allow, 0x3f, sizeof(allow));
	check_matrix(allow);
}

/* One cell alone: the other 29 stay shut, the way back among them. */
static void hc27_each_cell_alone(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PORTS; i++)
		for (unsigned int k = 0; k < PORTS; k++) {
			uint8_t allow[PORTS] = { 0 };

			allow[i] = (uint8_t)(1u << k);
			check_matrix(allow);
		}
}

static void hc27_all_but_one_cell(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PORTS; i++)
		for (unsigned int k = 0; k < PORTS; k++) {
			uint8_t allow[PORTS];

			memset(allow, 0x3f, sizeof(allow));
			allow[i] &= (uint8_t) ~(1u << k);
			check_matrix(allow);
		}
}

static void hc27_any_matrix(void **state)
{
	uint32_t x = 1;

	(void)state;
	for (unsigned int round = 0; round < 100; round++) {
		uint8_t allow[PORTS];

		for (unsigned int i = 0; i < PORTS; i++) {
			x = x * 1664525u + 1013904223u;
			allow[i] = (uint8_t)(x >> 24 & 0x3f);
		}
		check_matrix(allow);
	}
}

/* The policy of a running switch changes with the next frame, both ways. */
static void hc27_a_cell_can_be_shut_and_opened(void **state)
{
	struct rig *r = rig_clients(PORTS);

	(void)state;
	for (unsigned int i = 0; i < PORTS; i++)
		rig_teach(r, i, mac_of(i));
	for (unsigned int round = 0; round < 3; round++) {
		rig_deny(r, 0, 1);
		check_unicast(r, 0, 1, false);
		check_unicast(r, 1, 0, true);
		rig_allow(r, 0, 1);
		check_unicast(r, 0, 1, true);
	}
	rig_free(r);
}

/* Ports that do not exist, and captures: allowed or not, nothing is sent. */
static void hc27_allowed_ports_that_cannot_be_sent_to(void **state)
{
	const struct rig_options capture = { .kind = VSWITCH_PORT_CAPTURE };
	struct rig *r = rig_clients(2);

	(void)state;
	rig_add(r, 2, &capture);
	vswitch_policy(r->sw)->port[0].allow = UINT64_MAX;
	assert_int_equal(receivers(r, 0, MAC_BROADCAST), RIG_BIT(1));
	assert_int_equal(receivers(r, 0, RIG_MAC(77)), RIG_BIT(1));

	/* Not even if the table names them. */
	assert_int_equal(fdb_add_static(vswitch_fdb(r->sw), RIG_MAC(77), 0, 2),
			 0);
	assert_int_equal(fdb_add_static(vswitch_fdb(r->sw), RIG_MAC(78), 0, 63),
			 0);
	assert_int_equal(receivers(r, 0, RIG_MAC(77)), 0);
	assert_int_equal(receivers(r, 0, RIG_MAC(78)), 0);
	assert_int_equal(rig_drops(r, 2, REASON_PORT_DOWN), 1);
	assert_int_equal(rig_drops(r, 63, REASON_PORT_DOWN), 1);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc27_nothing_is_allowed_that_is_not_written),
		cmocka_unit_test(hc27_everything_allowed),
		cmocka_unit_test(hc27_each_cell_alone),
		cmocka_unit_test(hc27_all_but_one_cell),
		cmocka_unit_test(hc27_any_matrix),
		cmocka_unit_test(hc27_a_cell_can_be_shut_and_opened),
		cmocka_unit_test(hc27_allowed_ports_that_cannot_be_sent_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
