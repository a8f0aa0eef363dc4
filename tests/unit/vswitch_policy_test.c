/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules on the whole switch: which frames pass, why others do not, which rule
 * says so, and what a change of policy leaves behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/unit/switch_rig.h"

#define A 0u
#define B 1u
#define C 2u
#define D 3u

/* --- rules ------------------------------------------------------------------ */

static void a_filter_lets_through_what_it_matches(void **state)
{
	struct policy_image *image = image_new();
	struct rig *r;

	(void)state;
	image_allow(image, A, B, "udp port 53 or tcp port 443");
	r = sw_new(image);
	assert_true(sw_udp(r, A, B, 4000, 53) == RIG_BIT(B));
	assert_true(sw_tcp(r, A, B, 4000, 443, PACKET_SYN) == RIG_BIT(B));
	assert_int_equal(rig_all_drops(r), 0);
	assert_int_equal(sw_udp(r, A, B, 4000, 54), 0);
	assert_int_equal(sw_tcp(r, A, B, 4000, 22, PACKET_SYN), 0);
	assert_int_equal(sw_arp(r, A, B, 2), 0);
	assert_int_equal(rig_drops(r, A, REASON_NO_RULE), 3);
	/* The other direction, and other ports, are not named. */
	assert_int_equal(sw_udp(r, B, A, 53, 4000), 0);
	assert_int_equal(sw_udp(r, A, C, 4000, 53), 0);
	assert_int_equal(rig_drops(r, B, REASON_NOT_ALLOWED), 1);
	assert_int_equal(rig_drops(r, A, REASON_NOT_ALLOWED), 1);
	free(image);
	rig_free(r);
}

static void the_first_match_wins(void **state)
{
	struct policy_image *image = image_new();
	struct vswitch_verdict v;
	uint16_t rule[3];
	struct rig *r;
	struct pkt k;

	(void)state;
	image_allow(image, C, D, NULL);
	rule[0] = image_rule(image, POLICY_ALLOW, false, "udp port 7");
	rule[1] = image_rule(image, POLICY_DENY, false, "udp");
	rule[2] = image_rule(image, POLICY_ALLOW, false, NULL);
	image_pair(image, A, B, rule, 3);
	r = sw_new(image);
	assert_true(sw_udp(r, A, B, 1, 7) == RIG_BIT(B));
	assert_int_equal(sw_udp(r, A, B, 1, 8), 0);
	assert_true(sw_tcp(r, A, B, 1, 8, PACKET_SYN) == RIG_BIT(B));
	assert_true(sw_tcp(r, C, D, 1, 8, PACKET_SYN) == RIG_BIT(D));
	assert_int_equal(rig_drops(r, A, REASON_DENIED), 1);
	/* Each entry has decided once, and says so. */
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(r->stats->hits[i], 1);
	sw_ip(&k, PACKET_UDP, A, B);
	put_udp(&k, 1, 8);
	finish(&k);
	sw_mac(k.b, RIG_MAC(B + 1), RIG_MAC(A + 1));
	v = sw_trace(r, A, k.b, (uint16_t)k.n);
	assert_int_equal(v.reason, REASON_DENIED);
	assert_int_equal(v.entry[B], 2);
	assert_int_equal(r->stats->hits[2], 1);
	free(image);
	rig_free(r);
}

static void floods_go_where_rules_let_them(void **state)
{
	struct policy_image *image = image_new();
	uint16_t deny;
	struct rig *r;

	(void)state;
	deny = image_rule(image, POLICY_DENY, false, NULL);
	image_allow(image, A, B, "arp");
	image_allow(image, A, C, "udp");
	image_pair(image, A, D, &deny, 1);
	r = sw_new(image);
	assert_true(sw_arp(r, A, B, 1) == RIG_BIT(B));
	/* One that is denied everything makes no noise. */
	assert_int_equal(rig_drops(r, A, REASON_NO_RULE), 1);
	assert_int_equal(rig_all_drops(r), 1);
	free(image);
	rig_free(r);
}

/* --- what was judged is what is delivered ----------------------------------- */

/*
 * hc01: the sender rewrites a frame after it was judged, in octets that only a
 * larger snapshot holds.  The tap is called between decision and copy.
 */
static void rewrite(void *arg, unsigned int port, const struct frame *frame,
		    const struct vswitch_verdict *verdict)
{
	struct rig *r = arg;

	(void)frame;
	(void)verdict;
	memset(r->port[port].config.ingress.data, 0xee,
	       r->port[port].config.ingress.data_size);
}

static void hc01_deep_snapshots_are_delivered_as_judged(void **state)
{
	struct policy_image *image = image_new();
	uint8_t frame[300], got[2048];
	struct rig *r;

	(void)state;
	image_allow(image, A, B, "ether[199] = 7");
	r = sw_new(image);
	for (unsigned int len = 200; len <= 300; len++) {
		memset(frame, 1, sizeof(frame));
		sw_mac(frame, RIG_MAC(B + 1), RIG_MAC(A + 1));
		frame[199] = 7;
		assert_true(rig_send(r, A, frame, (uint16_t)len));
		vswitch_set_tap(r->sw, rewrite, r);
		rig_run(r, RIG_BIT(A));
		vswitch_set_tap(r->sw, NULL, NULL);
		rig_reap(r, A);
		assert_int_equal(rig_receive(r, B, got), len);
		assert_memory_equal(got, frame, 200);
		for (unsigned int i = 200; i < len; i++)
			assert_int_equal(got[i], 0xee);
	}
	free(image);
	rig_free(r);
}

/* hc18: a filter that looks behind a frame's end says no, whatever was there. */
static void hc18_filters_see_nothing_behind_the_end(void **state)
{
	struct policy_image *image = image_new();
	uint8_t frame[200];
	struct rig *r;

	(void)state;
	image_allow(image, A, B, "ether[150] = 7");
	image_allow(image, A, C, "not ether[150] = 7");
	r = sw_new(image);
	memset(frame, 7, sizeof(frame));
	sw_mac(frame, RIG_MAC(B + 1), RIG_MAC(A + 1));
	assert_true(sw_send_raw(r, A, frame, 151) == RIG_BIT(B));
	assert_int_equal(sw_send_raw(r, A, frame, 150), 0);
	sw_mac(frame, RIG_MAC(C + 1), RIG_MAC(A + 1));
	assert_int_equal(sw_send_raw(r, A, frame, 151), 0);
	/* A load that fails ends a filter with "no", also behind a "not". */
	assert_int_equal(sw_send_raw(r, A, frame, 150), 0);
	free(image);
	rig_free(r);
}

/* --- answers ------------------------------------------------------------------ */

static void answers_come_back_and_nothing_else_does(void **state)
{
	struct policy_image *image = image_new();
	struct rig *r;

	(void)state;
	image_allow_reply(image, A, B, "arp or tcp");
	r = sw_new(image);
	assert_int_equal(sw_tcp(r, B, A, 80, 4000, PACKET_SYN), 0);
	assert_int_equal(sw_tcp(r, B, A, 80, 4000, PACKET_SYN | PACKET_ACK), 0);
	assert_true(sw_arp(r, A, B, 1) == RIG_BIT(B));
	assert_true(sw_arp(r, B, A, 2) == RIG_BIT(A));
	assert_true(sw_tcp(r, A, B, 4000, 80, PACKET_SYN) == RIG_BIT(B));
	assert_true(sw_tcp(r, B, A, 80, 4000, PACKET_SYN | PACKET_ACK) ==
		    RIG_BIT(A));
	assert_true(sw_tcp(r, A, B, 4000, 80, PACKET_ACK) == RIG_BIT(B));
	assert_true(sw_tcp(r, B, A, 80, 4000, PACKET_ACK) == RIG_BIT(A));
	/* Not from elsewhere, not to elsewhere, and no new connection. */
	assert_int_equal(sw_tcp(r, B, A, 81, 4000, PACKET_ACK), 0);
	assert_int_equal(sw_tcp(r, B, A, 80, 4001, PACKET_ACK), 0);
	assert_int_equal(sw_tcp(r, C, A, 80, 4000, PACKET_ACK), 0);
	assert_int_equal(sw_tcp(r, B, A, 80, 4000, PACKET_SYN), 0);
	assert_int_equal(sw_udp(r, B, A, 80, 4000), 0);
	free(image);
	rig_free(r);
}

static void a_flow_ends_with_its_rule(void **state)
{
	struct policy_image *with = image_new(), *other = image_new();
	struct policy_image *without = image_new();
	struct rig *r;

	(void)state;
	image_allow_reply(with, A, B, "tcp");
	/* The same rule somewhere else in a policy that is otherwise another. */
	image_allow(other, C, D, "udp");
	image_allow_reply(other, A, B, "tcp");
	image_allow_reply(without, A, B, "tcp port 22");
	r = sw_new(with);
	sw_tcp(r, A, B, 4000, 80, PACKET_SYN);
	image_set(r->sw, other);
	assert_true(sw_tcp(r, B, A, 80, 4000, PACKET_ACK) == RIG_BIT(A));
	assert_true(sw_tcp(r, B, A, 80, 4000, PACKET_ACK) == RIG_BIT(A));
	image_set(r->sw, without);
	assert_int_equal(sw_tcp(r, B, A, 80, 4000, PACKET_ACK), 0);
	/* And lives again with it, as long as it would have lived. */
	image_set(r->sw, with);
	assert_true(sw_tcp(r, B, A, 80, 4000, PACKET_ACK) == RIG_BIT(A));
	free(with);
	free(other);
	free(without);
	rig_free(r);
}

static void a_new_peer_is_owed_no_answers(void **state)
{
	struct policy_image *image = image_new();
	struct rig *r;

	(void)state;
	image_allow_reply(image, A, B, "tcp");
	r = sw_new(image);
	sw_tcp(r, A, B, 4000, 80, PACKET_SYN);
	rig_down_up(r, A);
	rig_teach(r, A, RIG_MAC(A + 1));
	assert_int_equal(sw_tcp(r, B, A, 80, 4000, PACKET_SYN | PACKET_ACK), 0);
	free(image);
	rig_free(r);
}

static void connections_outlive_the_port_that_answers(void **state)
{
	struct policy_image *image = image_new();
	struct rig *r;

	(void)state;
	image_allow_reply(image, A, B, "tcp");
	r = sw_new(image);
	sw_tcp(r, A, B, 4000, 80, PACKET_SYN);
	rig_down_up(r, B);
	rig_teach(r, B, RIG_MAC(B + 1));
	assert_true(sw_tcp(r, B, A, 80, 4000, PACKET_SYN | PACKET_ACK) ==
		    RIG_BIT(A));
	free(image);
	rig_free(r);
}

static void rules_with_reply_want_a_table_of_flows(void **state)
{
	struct vswitch_tables t = { .fdb = { FDB_HASH, 64, 300, 1 } };
	struct policy_image *image = image_new();
	size_t size = vswitch_size(&t);
	void *memory = aligned_alloc(64, (size + 63) & ~(size_t)63);
	struct vswitch *sw = vswitch_init(memory, size, &t, NULL);

	(void)state;
	image_allow_reply(image, A, B, "tcp");
	assert_int_equal(vswitch_set_policy(sw, image, NULL),
			 POLICY_FAULT_NO_FLOWS);
	free(image);
	free(memory);
}

/* --- changes ------------------------------------------------------------------ */

static void a_wrong_policy_leaves_the_right_one(void **state)
{
	struct policy_image *image = image_new(), *wrong = image_new();
	struct rig *r;
	uint32_t at;

	(void)state;
	image_allow(image, A, B, "udp");
	image_allow(wrong, A, B, NULL);
	image_allow(wrong, B, A, NULL);
	wrong->entry[1] = 99;
	r = sw_new(image);
	assert_int_equal(vswitch_set_policy(r->sw, wrong, &at),
			 POLICY_FAULT_ENTRY);
	assert_int_equal(at, 1);
	assert_true(sw_udp(r, A, B, 1, 7) == RIG_BIT(B));
	assert_int_equal(sw_tcp(r, A, B, 1, 7, PACKET_ACK), 0);
	assert_int_equal(sw_udp(r, B, A, 1, 7), 0);
	free(image);
	free(wrong);
	rig_free(r);
}

static void hits_stay_with_rules_that_stay(void **state)
{
	struct policy_image *old = image_new(), *new = image_new();
	uint16_t rule[3];
	struct rig *r;

	(void)state;
	rule[0] = image_rule(old, POLICY_ALLOW, false, "udp port 7");
	rule[1] = image_rule(old, POLICY_ALLOW, false, "udp port 8");
	image_pair(old, A, B, rule, 2);
	image_allow(new, C, D, NULL);
	rule[0] = image_rule(new, POLICY_ALLOW, false, "udp port 9");
	rule[1] = image_rule(new, POLICY_ALLOW, false, "udp port 8");
	rule[2] = image_rule(new, POLICY_ALLOW, false, "udp port 7");
	image_pair(new, A, B, rule, 3);
	r = sw_new(old);
	for (unsigned int i = 0; i < 5; i++)
		sw_udp(r, A, B, 1, 7);
	sw_udp(r, A, B, 1, 8);
	assert_int_equal(r->stats->hits[0], 5);
	assert_int_equal(r->stats->hits[1], 1);
	image_set(r->sw, new);
	assert_int_equal(r->stats->hits[0], 0);
	assert_int_equal(r->stats->hits[1], 0);
	assert_int_equal(r->stats->hits[2], 1);
	assert_int_equal(r->stats->hits[3], 5);
	sw_udp(r, A, B, 1, 7);
	assert_int_equal(r->stats->hits[3], 6);
	assert_int_equal(r->stats->policies, vswitch_policy(r->sw)->generation);
	free(old);
	free(new);
	rig_free(r);
}

static void locked_addresses_are_pinned_and_let_go(void **state)
{
	struct policy_image *image = image_new();
	struct fdb *fdb;
	struct rig *r;

	(void)state;
	image->port[A].locked = 1;
	image->port[A].locked_mac = RIG_MAC(9);
	image_allow(image, A, B, NULL);
	image_allow(image, B, A, NULL);
	r = sw_new(image);
	fdb = vswitch_fdb(r->sw);
	assert_int_equal(fdb_lookup(fdb, RIG_MAC(9), 0, 1), A);
	image->port[A].locked_mac = RIG_MAC(8);
	image_set(r->sw, image);
	assert_int_equal(fdb_lookup(fdb, RIG_MAC(9), 0, 1), FDB_NO_PORT);
	assert_int_equal(fdb_lookup(fdb, RIG_MAC(8), 0, 1000000), A);
	/* From one port to another, in one change. */
	image->port[A].locked = 0;
	image->port[B].locked = 1;
	image->port[B].locked_mac = RIG_MAC(8);
	image_set(r->sw, image);
	assert_int_equal(fdb_lookup(fdb, RIG_MAC(8), 0, 1000000), B);
	image->port[B].locked = 0;
	image_set(r->sw, image);
	assert_int_equal(fdb_lookup(fdb, RIG_MAC(8), 0, 1), FDB_NO_PORT);
	assert_int_equal(fdb_lookup(fdb, RIG_MAC(A + 1), 0, 1), A);
	free(image);
	rig_free(r);
}

/* A router with the addresses of the virtual ones it may be. */
static void a_lock_may_have_several_addresses(void **state)
{
	static const uint64_t mac[] = { RIG_MAC(9), 0x00005e000107ull,
					0x00005e000207ull };
	struct policy_image *image = image_new();
	struct fdb *fdb;
	uint8_t frame[60];
	struct rig *r;

	(void)state;
	image->n_macs = 3;
	image->mac[1] = mac[1];
	image->mac[2] = mac[2];
	image->port[A].locked = 1;
	image->port[A].locked_mac = mac[0];
	image->port[A].first_mac = 1;
	image->port[A].n_macs = 2;
	image_allow(image, A, B, NULL);
	image_allow(image, B, A, NULL);
	r = sw_new(image);
	fdb = vswitch_fdb(r->sw);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(fdb_lookup(fdb, mac[i], 0, 1000000), A);
		rig_frame(frame, RIG_MAC(B + 1), mac[i], 60);
		assert_true(sw_send_raw(r, A, frame, 60) == RIG_BIT(B));
		assert_int_equal(sw_send_raw(r, B, frame, 60), 0);
	}
	assert_int_equal(rig_drops(r, B, REASON_STATION_PINNED), 3);
	rig_frame(frame, RIG_MAC(B + 1), RIG_MAC(A + 1), 60);
	assert_int_equal(sw_send_raw(r, A, frame, 60), 0);
	assert_int_equal(rig_drops(r, A, REASON_MAC_LOCK), 1);
	/* One less, one another, and one that stays. */
	image->mac[1] = RIG_MAC(8);
	image->port[A].n_macs = 1;
	image_set(r->sw, image);
	assert_int_equal(fdb_lookup(fdb, mac[0], 0, 1000000), A);
	assert_int_equal(fdb_lookup(fdb, mac[1], 0, 1), FDB_NO_PORT);
	assert_int_equal(fdb_lookup(fdb, mac[2], 0, 1), FDB_NO_PORT);
	assert_int_equal(fdb_lookup(fdb, RIG_MAC(8), 0, 1000000), A);
	free(image);
	rig_free(r);
}

/* Whoever is behind such a port is known. */
static void the_unknown_is_not_flooded_to_all(void **state)
{
	struct policy_image *image = image_new();
	struct vswitch_verdict v;
	uint8_t frame[60];
	struct rig *r;

	(void)state;
	for (unsigned int p = B; p <= D; p++)
		image_allow(image, A, p, NULL);
	image->port[B].known_only = 1;
	r = sw_new(image);
	rig_frame(frame, RIG_MAC(99), RIG_MAC(A + 1), 60);
	assert_true(sw_send_raw(r, A, frame, 60) == (RIG_BIT(C) | RIG_BIT(D)));
	v = sw_trace(r, A, frame, 60);
	assert_true(v.left & RIG_BIT(B));
	assert_int_equal(v.refusal[B], REASON_KNOWN_ONLY);
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(A + 1), 60);
	assert_true(sw_send_raw(r, A, frame, 60) ==
		    (RIG_BIT(B) | RIG_BIT(C) | RIG_BIT(D)));
	rig_frame(frame, RIG_MAC(B + 1), RIG_MAC(A + 1), 60);
	assert_true(sw_send_raw(r, A, frame, 60) == RIG_BIT(B));
	assert_int_equal(rig_all_drops(r), 0);
	free(image);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_lets_through_what_it_matches),
		cmocka_unit_test(the_first_match_wins),
		cmocka_unit_test(floods_go_where_rules_let_them),
		cmocka_unit_test(hc01_deep_snapshots_are_delivered_as_judged),
		cmocka_unit_test(hc18_filters_see_nothing_behind_the_end),
		cmocka_unit_test(answers_come_back_and_nothing_else_does),
		cmocka_unit_test(a_flow_ends_with_its_rule),
		cmocka_unit_test(a_new_peer_is_owed_no_answers),
		cmocka_unit_test(connections_outlive_the_port_that_answers),
		cmocka_unit_test(rules_with_reply_want_a_table_of_flows),
		cmocka_unit_test(a_wrong_policy_leaves_the_right_one),
		cmocka_unit_test(hits_stay_with_rules_that_stay),
		cmocka_unit_test(locked_addresses_are_pinned_and_let_go),
		cmocka_unit_test(a_lock_may_have_several_addresses),
		cmocka_unit_test(the_unknown_is_not_flooded_to_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
