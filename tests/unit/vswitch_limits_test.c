/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses, rates, storms, moves and VLANs on the whole switch: where on a
 * frame's path each of them speaks, what it is charged as, and that a refused
 * frame leaves no trace.
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

/* Everybody may send to everybody. */
static struct policy_image *open_policy(void)
{
	struct policy_image *image = image_new();

	for (unsigned int s = 0; s < SW_PORTS; s++)
		for (unsigned int d = 0; d < SW_PORTS; d++)
			if (s != d)
				image->port[s].allow |= RIG_BIT(d);
	return image;
}

static uint64_t send_from(struct rig *r, unsigned int port, uint64_t dst,
			  uint64_t src, uint16_t len)
{
	uint8_t frame[1518];

	rig_frame(frame, dst, src, len);
	return sw_send_raw(r, port, frame, len);
}

/* --- addresses ---------------------------------------------------------------- */

static void lock_ip(struct policy_image *image, unsigned int port,
		    struct ip_addr addr)
{
	struct policy_prefix *p = &image->prefix[image->n_prefixes];

	image->port[port].ip_locked = 1;
	image->port[port].first_prefix = (uint16_t)image->n_prefixes++;
	image->port[port].n_prefixes = 1;
	for (unsigned int i = 0; i < 8; i++) {
		p->addr[i] = (uint8_t)(addr.hi >> (56 - 8 * i));
		p->addr[8 + i] = (uint8_t)(addr.lo >> (56 - 8 * i));
	}
	p->bits = 128;
}

static void hc17_an_ip_lock_holds_for_ip_and_arp(void **state)
{
	struct policy_image *image = open_policy();
	struct rig *r;

	(void)state;
	lock_ip(image, A, v4(A + 1));
	r = sw_new(image);
	assert_true(sw_udp(r, A, B, 1, 2) == RIG_BIT(B));
	assert_true(sw_arp(r, A, B, 2) == RIG_BIT(B));
	/* B's address from A's port, and its own MAC address. */
	{
		struct pkt k;

		sw_ip(&k, PACKET_UDP, B, C);
		put_udp(&k, 1, 2);
		assert_int_equal(sw_send(r, A, C, &k), 0);
		memset(&k, 0, sizeof(k));
		put_eth(&k, 0x0806);
		put_arp(&k, 2, v4(B + 1), v4(C + 1));
		assert_int_equal(sw_send(r, A, C, &k), 0);
	}
	assert_int_equal(rig_drops(r, A, REASON_IP_LOCK), 2);
	assert_int_equal(rig_all_drops(r), 2);
	free(image);
	rig_free(r);
}

static void a_sticky_port_has_so_many_addresses(void **state)
{
	struct policy_image *image = open_policy();
	struct rig *r = rig_clients(SW_PORTS);

	(void)state;
	image->port[A].sticky = 2;
	image_set(r->sw, image);
	rig_teach(r, B, RIG_MAC(B + 1));
	assert_true(send_from(r, A, RIG_MAC(B + 1), RIG_MAC(21), 60) != 0);
	assert_true(send_from(r, A, RIG_MAC(B + 1), RIG_MAC(22), 60) != 0);
	assert_int_equal(send_from(r, A, RIG_MAC(B + 1), RIG_MAC(23), 60), 0);
	assert_true(send_from(r, A, RIG_MAC(B + 1), RIG_MAC(21), 60) != 0);
	/* Not by taking it from somebody else, either. */
	assert_int_equal(send_from(r, A, RIG_MAC(21), RIG_MAC(B + 1), 60), 0);
	assert_int_equal(rig_drops(r, A, REASON_STICKY), 2);
	/* Nobody else gets what sticks. */
	assert_int_equal(send_from(r, B, RIG_MAC(22), RIG_MAC(21), 60), 0);
	assert_int_equal(rig_drops(r, B, REASON_STATION_PINNED), 1);
	assert_int_equal(fdb_lookup(vswitch_fdb(r->sw), RIG_MAC(23), 0, 1),
			 FDB_NO_PORT);
	/* A place is free again when an address has aged. */
	r->now += 301 * SW_S;
	assert_true(send_from(r, A, MAC_BROADCAST, RIG_MAC(23), 60) != 0);
	free(image);
	rig_free(r);
}

/* --- rates ----------------------------------------------------------------- */

static void a_port_sends_no_faster_than_it_may(void **state)
{
	struct policy_image *image = open_policy();
	unsigned int got = 0;
	struct rig *r;

	(void)state;
	/* 100,000 octets a second, ten frames at once. */
	image->port[A].limit_in = (struct policy_rate){ 100000, 10000 };
	r = sw_new(image);
	for (unsigned int i = 0; i < 20; i++)
		got += send_from(r, A, RIG_MAC(B + 1), RIG_MAC(A + 1), 1000) !=
		       0;
	assert_int_equal(got, 10);
	assert_int_equal(rig_drops(r, A, REASON_RATE_IN), 10);
	/* Nobody else is any the slower. */
	for (unsigned int i = 0; i < 20; i++)
		assert_true(send_from(r, C, RIG_MAC(B + 1), RIG_MAC(C + 1),
				      1000) != 0);
	r->now += SW_S / 100;
	assert_true(send_from(r, A, RIG_MAC(B + 1), RIG_MAC(A + 1), 1000) != 0);
	assert_int_equal(send_from(r, A, RIG_MAC(B + 1), RIG_MAC(A + 1), 1000),
			 0);
	free(image);
	rig_free(r);
}

static void a_port_is_sent_no_more_than_it_may_get(void **state)
{
	struct policy_image *image = open_policy();
	uint64_t to_b = 0, to_c = 0;
	struct rig *r;

	(void)state;
	image->port[B].limit_out = (struct policy_rate){ 100000, 5000 };
	r = sw_new(image);
	/* A flood goes on to those who have room for it. */
	for (unsigned int i = 0; i < 12; i++) {
		uint64_t got =
			send_from(r, A, MAC_BROADCAST, RIG_MAC(A + 1), 1000);

		to_b += got >> B & 1;
		to_c += got >> C & 1;
	}
	assert_int_equal(to_b, 5);
	assert_int_equal(to_c, 12);
	assert_int_equal(rig_drops(r, B, REASON_RATE_OUT), 7);
	assert_int_equal(rig_all_drops(r), 7);
	free(image);
	rig_free(r);
}

static void storms_are_limited_each_by_its_kind(void **state)
{
	struct policy_image *image = open_policy();
	unsigned int got = 0;
	struct rig *r;

	(void)state;
	image->port[A].storm[STORM_BROADCAST] = (struct policy_rate){ 10, 3 };
	image->port[A].storm[STORM_UNKNOWN] = (struct policy_rate){ 10, 1 };
	r = sw_new(image);
	for (unsigned int i = 0; i < 10; i++)
		got += send_from(r, A, MAC_BROADCAST, RIG_MAC(A + 1), 60) != 0;
	assert_int_equal(got, 3);
	assert_int_equal(rig_drops(r, A, REASON_STORM), 7);
	assert_true(send_from(r, A, RIG_MAC(77), RIG_MAC(A + 1), 60) != 0);
	assert_int_equal(send_from(r, A, RIG_MAC(78), RIG_MAC(A + 1), 60), 0);
	/* Multicast has no limit here; known unicast is no storm. */
	for (unsigned int i = 0; i < 10; i++) {
		assert_true(send_from(r, A, 0x01005e000001, RIG_MAC(A + 1),
				      60) != 0);
		assert_true(send_from(r, A, RIG_MAC(B + 1), RIG_MAC(A + 1),
				      60) == RIG_BIT(B));
	}
	/* Ten a second: another one after a tenth. */
	r->now += SW_S / 10;
	assert_true(send_from(r, A, MAC_BROADCAST, RIG_MAC(A + 1), 60) != 0);
	assert_int_equal(send_from(r, A, MAC_BROADCAST, RIG_MAC(A + 1), 60), 0);
	free(image);
	rig_free(r);
}

/* --- moves ------------------------------------------------------------------ */

/* Who uses another's address is refused it; the other is always heard. */
static void hc17_an_impostor_is_refused_and_his_victim_is_not(void **state)
{
	struct policy_image *image = open_policy();
	struct rig *r;

	(void)state;
	for (unsigned int p = 0; p < SW_PORTS; p++)
		image->port[p].moves = (struct policy_rate){ 10, 5 };
	r = sw_new(image);
	for (unsigned int i = 0; i < 200; i++) {
		send_from(r, C, RIG_MAC(B + 1), RIG_MAC(A + 1), 60);
		assert_true(send_from(r, A, RIG_MAC(B + 1), RIG_MAC(A + 1),
				      60) == RIG_BIT(B));
	}
	assert_int_equal(rig_drops(r, C, REASON_MOVES), 195);
	assert_int_equal(rig_all_drops(r), 195);
	assert_int_equal(r->stats->port[A].times_blocked, 0);
	/* What is the impostor's own still passes. */
	assert_true(send_from(r, C, RIG_MAC(B + 1), RIG_MAC(C + 1), 60) ==
		    RIG_BIT(B));
	free(image);
	rig_free(r);
}

/* Two ports that are one behind the switch: every broadcast comes back. */
static void a_loop_is_contained(void **state)
{
	struct policy_image *image = open_policy();
	unsigned int copies = 0, rounds = 0, cut;
	uint64_t at, ring = 0;
	struct rig *r;

	(void)state;
	for (unsigned int p = 0; p < SW_PORTS; p++)
		image->port[p].moves = (struct policy_rate){ 10, 20 };
	r = sw_new(image);
	at = send_from(r, C, MAC_BROADCAST, RIG_MAC(C + 1), 60);
	while ((at & (RIG_BIT(A) | RIG_BIT(B))) && rounds++ < 100000) {
		uint64_t back = 0;

		/* The station says it again. */
		if (rounds == 5)
			at |= send_from(r, C, MAC_BROADCAST, RIG_MAC(C + 1),
					60);
		/* What A got comes in at B, and the other way round. */
		if (at & RIG_BIT(A))
			back |= send_from(r, B, MAC_BROADCAST, RIG_MAC(C + 1),
					  60);
		if (at & RIG_BIT(B))
			back |= send_from(r, A, MAC_BROADCAST, RIG_MAC(C + 1),
					  60);
		copies += back >> D & 1;
		at = back;
	}
	assert_in_range(rounds, 1, 500);
	assert_in_range(copies, 1, 500);
	cut = r->stats->port[A].blocked ? A : B;
	assert_int_equal(r->stats->port[A].times_blocked +
				 r->stats->port[B].times_blocked,
			 1);
	assert_int_equal(r->stats->port[cut].blocked, 1);
	assert_int_equal(r->stats->port[C].times_blocked, 0);
	assert_int_equal(r->stats->port[D].times_blocked, 0);
	/* The others go on as if nothing were the matter. */
	assert_true(send_from(r, C, RIG_MAC(D + 1), RIG_MAC(C + 1), 60) ==
		    RIG_BIT(D));
	/* Nothing comes from it, and nothing goes there. */
	assert_int_equal(send_from(r, cut, RIG_MAC(D + 1), RIG_MAC(77), 60), 0);
	assert_true(rig_drops(r, cut, REASON_BLOCKED) > 0);
	assert_int_equal(
		fdb_add_static(vswitch_fdb(r->sw), RIG_MAC(78), 0, cut), 0);
	assert_int_equal(send_from(r, D, RIG_MAC(78), RIG_MAC(D + 1), 60), 0);
	assert_int_equal(rig_drops(r, cut, REASON_BLOCKED_OUT), 1);
	/* After its time, which the switch asks to be woken for, it is a port
	 * like others. */
	assert_true(vswitch_due(r->sw) > r->now);
	assert_true(vswitch_due(r->sw) <= r->now + FLAP_FIRST_S * SW_S);
	r->now = vswitch_due(r->sw);
	assert_int_equal(vswitch_run(r->sw, 0, r->now, &ring), 0);
	assert_true(vswitch_due(r->sw) == UINT64_MAX);
	assert_true(send_from(r, D, RIG_MAC(78), RIG_MAC(D + 1), 60) ==
		    RIG_BIT(cut));
	assert_int_equal(r->stats->port[cut].blocked, 0);
	free(image);
	rig_free(r);
}

/* --- VLANs -------------------------------------------------------------------- */

static void access(struct policy_image *image, unsigned int port, uint16_t vlan)
{
	image->port[port].vlan_mode = POLICY_VLAN_ACCESS;
	image->port[port].vlan = vlan;
}

static void trunk(struct policy_image *image, unsigned int port, uint16_t vlan,
		  uint16_t native)
{
	image->port[port].vlan_mode = POLICY_VLAN_TRUNK;
	image->port[port].vlan = native;
	image->trunk[port].member[vlan / 64] |= 1ull << vlan % 64;
}

static void frames_stay_in_their_vlan(void **state)
{
	struct policy_image *image = open_policy();
	struct rig *r = rig_clients(SW_PORTS);

	(void)state;
	access(image, A, 10);
	access(image, B, 10);
	access(image, C, 20);
	trunk(image, D, 10, 0);
	trunk(image, D, 20, 0);
	image_set(r->sw, image);
	assert_true(send_from(r, A, MAC_BROADCAST, RIG_MAC(1), 60) ==
		    (RIG_BIT(B) | RIG_BIT(D)));
	assert_true(send_from(r, C, MAC_BROADCAST, RIG_MAC(3), 60) ==
		    RIG_BIT(D));
	/* One address in two VLANs is two stations. */
	assert_int_equal(fdb_lookup(vswitch_fdb(r->sw), RIG_MAC(1), 10, 1), A);
	assert_int_equal(fdb_lookup(vswitch_fdb(r->sw), RIG_MAC(3), 20, 1), C);
	assert_int_equal(fdb_lookup(vswitch_fdb(r->sw), RIG_MAC(1), 0, 1),
			 FDB_NO_PORT);
	/* Nobody but the trunk can reach the other VLAN. */
	assert_true(send_from(r, A, RIG_MAC(3), RIG_MAC(1), 60) ==
		    (RIG_BIT(B) | RIG_BIT(D)));
	assert_int_equal(rig_all_drops(r), 0);
	free(image);
	rig_free(r);
}

static void tags_are_put_on_and_taken_off(void **state)
{
	struct policy_image *image = open_policy();
	struct rig *r = rig_clients(SW_PORTS);
	uint8_t frame[1518], tagged[1522], got[2048];
	uint16_t len;

	(void)state;
	access(image, A, 10);
	trunk(image, D, 10, 0);
	image_set(r->sw, image);
	for (uint16_t plain = 14; plain <= 1514; plain += 125) {
		rig_frame(frame, RIG_MAC(9), RIG_MAC(1), plain);
		memcpy(tagged, frame, plain);
		len = rig_tag(tagged, plain, FRAME_TPID_C, 10);
		assert_true(rig_send(r, A, frame, plain));
		rig_run(r, RIG_BIT(A));
		rig_reap(r, A);
		assert_int_equal(rig_receive(r, D, got), len);
		assert_memory_equal(got, tagged, len);
		assert_true(rig_send(r, D, tagged, len));
		rig_run(r, RIG_BIT(D));
		rig_reap(r, D);
		/* 802.1Q untagged on the access port, tagged on others. */
		assert_int_equal(rig_receive(r, A, got), plain);
		assert_memory_equal(got, frame, plain);
		rig_drain(r, B);
		rig_drain(r, C);
	}
	/* Without room for the tag it does not go there. */
	rig_frame(frame, RIG_MAC(9), RIG_MAC(1), 1518);
	assert_true(sw_send_raw(r, A, frame, 1518) == 0);
	assert_int_equal(rig_drops(r, D, REASON_TOO_BIG), 1);
	free(image);
	rig_free(r);
}

static void a_port_takes_only_its_vlans(void **state)
{
	struct policy_image *image = open_policy();
	struct rig *r = rig_clients(SW_PORTS);
	uint8_t frame[68];
	uint16_t len;

	(void)state;
	access(image, A, 10);
	trunk(image, B, 10, 0);
	image_set(r->sw, image);
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), 60);
	assert_int_equal(sw_send_raw(r, B, frame, 60), 0);
	len = rig_tag(frame, 60, FRAME_TPID_C, 10);
	assert_int_equal(sw_send_raw(r, A, frame, len), 0);
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), 60);
	len = rig_tag(frame, 60, FRAME_TPID_C, 11);
	assert_int_equal(sw_send_raw(r, B, frame, len), 0);
	assert_int_equal(rig_drops(r, A, REASON_VLAN_IN), 1);
	assert_int_equal(rig_drops(r, B, REASON_VLAN_IN), 2);
	/* Nothing was learned from them. */
	assert_int_equal(r->stats->learned, 0);
	free(image);
	rig_free(r);
}

static void another_vlan_is_another_network(void **state)
{
	struct policy_image *image = open_policy();
	struct rig *r = rig_clients(SW_PORTS);

	(void)state;
	access(image, A, 10);
	access(image, B, 10);
	image_set(r->sw, image);
	send_from(r, A, MAC_BROADCAST, RIG_MAC(1), 60);
	assert_int_equal(fdb_lookup(vswitch_fdb(r->sw), RIG_MAC(1), 10, 1), A);
	access(image, A, 11);
	image_set(r->sw, image);
	assert_int_equal(fdb_lookup(vswitch_fdb(r->sw), RIG_MAC(1), 10, 1),
			 FDB_NO_PORT);
	free(image);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc17_an_ip_lock_holds_for_ip_and_arp),
		cmocka_unit_test(a_sticky_port_has_so_many_addresses),
		cmocka_unit_test(a_port_sends_no_faster_than_it_may),
		cmocka_unit_test(a_port_is_sent_no_more_than_it_may_get),
		cmocka_unit_test(storms_are_limited_each_by_its_kind),
		cmocka_unit_test(
			hc17_an_impostor_is_refused_and_his_victim_is_not),
		cmocka_unit_test(a_loop_is_contained),
		cmocka_unit_test(frames_stay_in_their_vlan),
		cmocka_unit_test(tags_are_put_on_and_taken_off),
		cmocka_unit_test(a_port_takes_only_its_vlans),
		cmocka_unit_test(another_vlan_is_another_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
