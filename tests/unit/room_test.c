/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch whose tables are as large as its topology needs: it takes what there
 * is room for and nothing else, decides as a large one does, and is small.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/image_rig.h"
#include "tests/unit/packet_rig.h"
#include "tests/unit/rig.h"
#include "vswitch/vswitch.h"

#define PORTS 4u

/* Two filters, a plain rule and a denial, a lock, a limit, a VLAN. */
static struct policy_image *usual(void)
{
	struct policy_image *image = image_new();
	uint16_t deny = image_rule(image, POLICY_DENY, false, "udp port 53");
	uint16_t all = image_rule(image, POLICY_ALLOW, false, NULL);
	const uint16_t both[] = { deny, all };

	image_allow(image, 0, 1, "tcp port 443 or arp");
	image_pair(image, 1, 0, both, 2);
	image_pair(image, 2, 3, &all, 1);
	image_pair(image, 3, 2, &deny, 1);
	image_pair(image, 0, 2, &all, 1);
	image->port[3].locked = 1;
	image->port[3].locked_mac = RIG_MAC(4);
	image->port[2].limit_in = (struct policy_rate){ 1000, 3000 };
	return image;
}

static struct policy *policy_in(const struct policy_room *room)
{
	void *memory = aligned_alloc(64, policy_size(room));

	assert_non_null(memory);
	return policy_init(memory, room);
}

/* --- policies ----------------------------------------------------------- */

static void an_image_fits_the_room_that_was_made_for_it(void **state)
{
	struct policy_image *image = usual();
	struct policy_room room = policy_room_for(image, PORTS);
	struct policy *policy = policy_in(&room);

	(void)state;
	assert_int_equal(policy_load(policy, image, NULL), POLICY_FAULT_SOUND);
	assert_true(policy->asks[0] == RIG_BIT(1));
	assert_true(policy->asks[1] == RIG_BIT(0));
	assert_true(policy->asks[3] == RIG_BIT(2));
	assert_true(policy->port[2].allow == RIG_BIT(3));
	free(policy);
	free(image);
}

/* Each count of a room, one less than needed. */
#define TOO_LITTLE(member, fault)                                              \
	do {                                                                   \
		struct policy_room less = policy_room_for(image, PORTS);       \
		struct policy *policy;                                         \
                                                                               \
		less.member--;                                                 \
		policy = policy_in(&less);                                     \
		assert_int_equal(policy_load(policy, image, NULL), fault);     \
		free(policy);                                                  \
	} while (0)

static void what_there_is_no_room_for_is_refused(void **state)
{
	struct policy_image *image = usual();

	(void)state;
	image->n_words = 1;
	image->n_prefixes = 1;
	image->port[3].n_macs = 1;
	image->mac[0] = RIG_MAC(5);
	image->n_macs = 1;
	image->port[1].vlan_mode = POLICY_VLAN_TRUNK;
	TOO_LITTLE(rules, POLICY_FAULT_COUNTS);
	TOO_LITTLE(entries, POLICY_FAULT_COUNTS);
	TOO_LITTLE(insns, POLICY_FAULT_COUNTS);
	TOO_LITTLE(words, POLICY_FAULT_COUNTS);
	TOO_LITTLE(prefixes, POLICY_FAULT_COUNTS);
	TOO_LITTLE(macs, POLICY_FAULT_COUNTS);
	TOO_LITTLE(trunks, POLICY_FAULT_PORT);
	/* No verdict cache, so no rule may be asked. */
	TOO_LITTLE(asks, POLICY_FAULT_COUNTS);
	free(image);
}

static void a_room_out_of_range_has_no_size(void **state)
{
	struct policy_room room = { .ports = PORTS };

	(void)state;
	assert_true(policy_size(&room) > 0);
	room.ports = MAX_PORTS + 1;
	assert_int_equal(policy_size(&room), 0);
	room.ports = PORTS;
	room.trunks = PORTS + 1;
	assert_int_equal(policy_size(&room), 0);
	room.trunks = 0;
	room.insns = POLICY_MAX_INSNS + 1;
	assert_int_equal(policy_size(&room), 0);
	room.insns = 0;
	room.entries = UINT32_MAX;
	assert_int_equal(policy_size(&room), 0);
}

/* --- switches ----------------------------------------------------------- */

static struct rig *small_rig(const struct policy_image *image)
{
	struct vswitch_tables tables = {
		.fdb = { 16, 300, 0x5eed },
		.room = policy_room_for(image, PORTS),
	};
	struct rig *r = rig_new_with(&tables);

	for (unsigned int p = 0; p < PORTS; p++)
		rig_add(r, p, NULL);
	image_set(r->sw, image);
	return r;
}

static void it_has_no_ports_beyond_its_room(void **state)
{
	struct policy_image *image = usual();
	struct rig *r = small_rig(image);
	struct vswitch_port_config config = r->port[0].config;
	struct vswitch_verdict v;
	uint8_t frame[60] = { 0 };

	(void)state;
	assert_int_equal(vswitch_add_port(r->sw, PORTS, &config), -EINVAL);
	assert_int_equal(vswitch_add_port(r->sw, 63, &config), -EINVAL);
	assert_int_equal(vswitch_trace(r->sw, PORTS, frame, 60,
				       (struct offload){ 0 }, r->now, &v),
			 -EINVAL);
	/* A policy for more ports: the rest is not looked at. */
	image_allow(image, 0, 60, NULL);
	image->port[0].allow |= RIG_BIT(61);
	assert_int_equal(vswitch_set_policy(r->sw, image, NULL),
			 POLICY_FAULT_COUNTS);
	image->n_rules--;
	image->n_entries--;
	assert_int_equal(vswitch_set_policy(r->sw, image, NULL),
			 POLICY_FAULT_SOUND);
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), 60);
	assert_true(rig_send(r, 0, frame, 60));
	rig_run(r, RIG_BIT(0));
	assert_int_equal(rig_drain(r, 2), 1);
	rig_free(r);
	free(image);
}

/* Frames of every kind the policy tells apart, between all ports. */
static void any_frame(uint8_t *frame, uint32_t i)
{
	unsigned int to = i % (PORTS + 1), from = i / 5 % PORTS;

	rig_frame(frame, to < PORTS ? RIG_MAC(to + 1) : MAC_BROADCAST,
		  RIG_MAC(from + 1), 60);
	frame[12] = 8;
	frame[13] = i / 20 % 3 == 2 ? 6 : 0;
	frame[14] = 0x45;
	frame[23] = i / 60 % 2 ? 6 : 17;
	memset(frame + 20, 0, 2);
	frame[36] = i / 120 % 2 ? 0 : 1;
	frame[37] = i / 120 % 2 ? 53 : 0xbb;
}

static void it_decides_as_a_large_one_does(void **state)
{
	struct policy_image *image = usual();
	struct rig *small = small_rig(image);
	struct rig *large = rig_clients(PORTS);
	struct vswitch_verdict a, b;
	uint8_t frame[60];

	(void)state;
	image_set(large->sw, image);
	for (uint32_t i = 0; i < 5000; i++) {
		unsigned int from = i / 5 % PORTS;

		any_frame(frame, i);
		vswitch_trace(small->sw, from, frame, 60, (struct offload){ 0 },
			      small->now, &a);
		vswitch_trace(large->sw, from, frame, 60, (struct offload){ 0 },
			      large->now, &b);
		assert_memory_equal(&a, &b, sizeof(a));
		assert_true(rig_send(small, from, frame, 60));
		assert_true(rig_send(large, from, frame, 60));
		rig_run(small, RIG_BIT(from));
		rig_run(large, RIG_BIT(from));
		for (unsigned int p = 0; p < PORTS; p++)
			assert_int_equal(rig_drain(small, p),
					 rig_drain(large, p));
		small->now += 1000000;
		large->now += 1000000;
	}
	assert_memory_equal(small->stats->port, large->stats->port,
			    sizeof(small->stats->port));
	for (unsigned int e = 0; e < image->n_entries; e++)
		assert_true(small->stats->hits[e] == large->stats->hits[e]);
	rig_free(small);
	rig_free(large);
	free(image);
}

/* Eight ports with rules for each pair, and 1,024 addresses. */
static void a_small_switch_takes_less_than_256_kib(void **state)
{
	struct vswitch_tables t = {
		.fdb = { 1024, 300, 1 },
		.room = { .ports = 8,
			  .rules = 64,
			  .entries = 512,
			  .insns = 2048,
			  .programs = 64,
			  .macs = 64,
			  .asks = 1 },
	};
	size_t with, without;

	(void)state;
	with = vswitch_size(&t) + vswitch_stats_size(&t);
	assert_in_range(with, 1, 256 * 1024);
	t.room.asks = 0;
	t.room.insns = 0;
	t.room.programs = 0;
	without = vswitch_size(&t) + vswitch_stats_size(&t);
	assert_in_range(without, 1, 144 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_fits_the_room_that_was_made_for_it),
		cmocka_unit_test(what_there_is_no_room_for_is_refused),
		cmocka_unit_test(a_room_out_of_range_has_no_size),
		cmocka_unit_test(it_has_no_ports_beyond_its_room),
		cmocka_unit_test(it_decides_as_a_large_one_does),
		cmocka_unit_test(a_small_switch_takes_less_than_256_kib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
