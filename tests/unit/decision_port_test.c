/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The settings of a port that bear on a verdict are told with it: VLANs, locks,
 * rates, storm limits; and snooping.
 */
#include "tests/unit/decision_rig.h"

static void test_vlans_are_told(void **state)
{
	struct told *t = *state;
	struct policy_port *a = &t->policy.image.port[0];

	expect_steps(t, "vlan", "pass: untagged\n");
	expect_steps(t, "vlan-out", "");
	a->vlan_mode = POLICY_VLAN_ACCESS;
	a->vlan = 7;
	t->policy.image.port[1] = *a;
	t->v.vlan = 7;
	expect_steps(t, "vlan", "pass: untagged: VLAN 7\n");
	expect_steps(t, "vlan-out", "pass: sw0.b is in VLAN 7\n");
	told_refuse(t, REASON_VLAN_OUT);
	expect_steps(
		t, "vlan-out",
		"drop: sw0.b is not in VLAN 7, or would bring a second tag "
		"to light\n");
	expect_steps(t, "allow", "");
	memcpy(t->request.header + 12, "\x81\x00\x00\x09", 4);
	told_stop(t, REASON_VLAN_IN);
	expect_steps(t, "vlan",
		     "drop: VLAN 9; the port takes untagged frames, into VLAN "
		     "7\n");
	a->vlan_mode = POLICY_VLAN_TRUNK;
	expect_steps(t, "vlan",
		     "drop: VLAN 9; the port takes its VLANs' tags; untagged, "
		     "into VLAN 7\n");
	a->vlan = 0;
	expect_steps(t, "vlan",
		     "drop: VLAN 9; the port takes its VLANs' tags alone\n");
}

static void test_locks_and_rates_are_told(void **state)
{
	struct told *t = *state;
	struct policy_port *a = &t->policy.image.port[0];

	expect_steps(t, "admit", "pass: the port has no MAC lock\n");
	a->locked = 1;
	a->locked_mac = 0x02000000000a;
	a->ip_locked = 1;
	a->limit_in.rate = 1000;
	t->policy.image.port[1].limit_out.rate = 500;
	expect_steps(t, "admit",
		     "pass: the port is locked to 02:00:00:00:00:0a\n"
		     "pass: its addresses are among those the port may use\n"
		     "pass: within the port's 1000 bytes a second\n");
	told_refuse(t, REASON_RATE_OUT);
	expect_steps(t, "deliver",
		     "drop: to sw0.b: faster than the destination port may "
		     "receive; it may receive 500 bytes a second\n");
	told_stop(t, REASON_RATE_IN);
	expect_steps(t, "admit",
		     "pass: the port is locked to 02:00:00:00:00:0a\n"
		     "pass: its addresses are among those the port may use\n"
		     "drop: faster than the port may send: it has used up its "
		     "1000 bytes a second\n");
	told_stop(t, REASON_IP_LOCK);
	expect_steps(
		t, "admit",
		"pass: the port is locked to 02:00:00:00:00:0a\n"
		"drop: IP, ARP or ND address is not one the port may use\n");
	told_stop(t, REASON_BLOCKED);
	expect_steps(
		t, "admit",
		"drop: the port is blocked: addresses keep moving to it (a "
		"loop?)\n");
}

static void test_addresses_kept_out_are_told(void **state)
{
	struct told *t = *state;

	t->policy.image.port[0].sticky = 3;
	told_stop(t, REASON_STICKY);
	t->v.looked_up = true;
	expect_steps(t, "learn",
		     "drop: 02:00:00:00:00:0a would be one more than the 3 "
		     "addresses the port may have\n");
	told_stop(t, REASON_MOVES);
	t->v.looked_up = true;
	t->v.learned = (struct fdb_effect){ .outcome = FDB_MOVED, .was = 2 };
	expect_steps(t, "learn",
		     "drop: 02:00:00:00:00:0a moves too often; it stays at "
		     "sw0.c\n");
	/* The one it was at may be a lie. */
	t->v.learned.was = 64;
	expect_steps(t, "learn",
		     "drop: 02:00:00:00:00:0a moves too often; it stays at "
		     "?\n");
}

static void test_storms_and_snooping_are_told(void **state)
{
	struct told *t = *state;

	memcpy(t->request.header, "\x01\x00\x5e\x01\x02\x03", 6);
	t->v.resolution = RESOLVED_MULTICAST;
	t->v.out = FDB_NO_PORT;
	expect_steps(t, "storm", "");
	expect_steps(t, "snooping", "");
	t->policy.image.port[0].storm[STORM_MULTICAST].rate = 50;
	t->v.gone = 4;
	expect_steps(t, "storm",
		     "pass: within the port's 50 of this kind a second\n");
	expect_steps(
		t, "snooping",
		"narrowed: 1 port would be allowed but did not ask for the "
		"group\n");
	t->v.candidates = 0;
	t->v.deliver = 0;
	t->v.reason = REASON_NO_DESTINATION;
	expect_steps(t, "resolve",
		     "multicast: 01:00:5e:01:02:03 is a group: offered to 0 "
		     "ports\n"
		     "drop: no port that sw0.a may send to has asked for it\n");
	t->v.gone = 0;
	t->v.reason = REASON_STORM;
	expect_steps(t, "resolve",
		     "flood: 01:00:5e:01:02:03 is to be flooded\n");
	expect_steps(t, "storm",
		     "drop: more broadcast, multicast or unknown unicast than "
		     "the port may flood: it has used up its 50 of this kind a "
		     "second\n");
	expect_steps(t, "deliver", "");
}

static void test_offload_data_are_told(void **state)
{
	struct told *t = *state;

	t->request.len = 3000;
	t->request.offload =
		(struct offload){ .flags = OFFLOAD_CHECKSUM | OFFLOAD_TCP4,
				  .segment = 1400 };
	t->v.frames = 0;
	expect_steps(t, "offload",
		     "skip: the port has no offloads: it is a frame like any "
		     "other\n");
	expect_steps(t, "length", "pass: 3000 bytes, within 14 to 1518\n");
	t->comp.sw.port[0].wire.offload = OFFLOAD_PORT;
	t->comp.sw.port[0].wire.max_segment = 65000;
	t->v.frames = 3;
	expect_steps(t, "length", "pass: 3000 bytes, within 14 to 65000\n");
	expect_steps(t, "offload",
		     "pass: a segment that stands for 3 frames, of 1400 bytes "
		     "of payload each\n");
	expect_steps(t, "deliver", "pass: to sw0.b, as it is\n");
	t->v.cut = 2;
	expect_steps(t, "deliver", "pass: to sw0.b, cut into 3 frames\n");
	t->request.offload = (struct offload){ .flags = OFFLOAD_CHECKSUM };
	t->v.frames = 1;
	expect_steps(t, "length", "pass: 3000 bytes, within 14 to 1518\n");
	expect_steps(t, "offload", "pass: its checksum is not made yet\n");
	expect_steps(t, "deliver", "pass: to sw0.b, with its checksum made\n");
	told_stop(t, REASON_BAD_OFFLOAD);
	expect_steps(t, "offload",
		     "drop: offload data that do not fit the frame: they are "
		     "for a TCP or UDP packet without SYN or RST that ends "
		     "with the frame and makes 2 to 128 frames\n");
	expect_steps(t, "reserved", "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, told_setup, told_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_vlans_are_told),
		TEST(test_locks_and_rates_are_told),
		TEST(test_addresses_kept_out_are_told),
		TEST(test_storms_and_snooping_are_told),
		TEST(test_offload_data_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
