/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM's port: when it is up, what those who follow it are told, and
 * what a guest can make of its status page.
 */
#include "tests/unit/monitor_vm_rig.h"

FAKE_COMPONENTS;

/* Wait for a link page to say something. */
static void until_carrier(const struct rig_client *c, bool carrier)
{
	for (int i = 0; i < RIG_TIMEOUT_MS; i++) {
		if (link_carrier(c->link) == carrier)
			return;
		poll(NULL, 0, 1);
	}
	fail_msg("the carrier is not %d", carrier);
}

/* Whether the client has been notified since the last call. */
static bool was_rung(const struct rig_client *c)
{
	char bytes[512];

	return read(c->fd[ATTACH_FD_WAIT], bytes, sizeof(bytes)) > 0;
}

static void wait_ring(const struct rig_client *c)
{
	struct pollfd p = { .fd = c->fd[ATTACH_FD_WAIT], .events = POLLIN };

	assert_int_equal(poll(&p, 1, RIG_TIMEOUT_MS), 1);
}

static void test_a_follower_sees_its_uplink(void **state)
{
	struct rig *r = *state;
	struct rig_client c, b;
	uint32_t epoch;

	begin(r, &c, slow);
	/* Who follows nothing has a carrier from the start. */
	assert_true(link_carrier(c.link));
	rig_attach(r, &b, "b.sock");
	rig_until(r, "sw0.b", "state", "up");
	assert_false(link_carrier(b.link));
	epoch = link_epoch(b.link);
	while (was_rung(&b))
		;
	rig_order(&c, "tell 1 vm ready");
	wait_ring(&b);
	until_carrier(&b, true);

	/* The card's cable. */
	rig_order(&c, "tell 1 vm carrier 0");
	until_carrier(&b, false);
	rig_expect(r, "sw0.up: link down", 1);
	rig_until(r, "sw0.up", "state", "no carrier");
	assert_string_equal(vm_shows(r, "slow", "carrier"), "down");
	rig_order(&c, "tell 1 vm carrier 1");
	until_carrier(&b, true);
	rig_expect(r, "sw0.up: link up", 1);
	rig_until(r, "sw0.up", "state", "up");

	/* The VM. */
	rig_order(&c, "tell 1 vm crash");
	until_carrier(&b, false);
	rig_until(r, "sw0.up", "restarts", "1");
	until_running(r, "slow");
	assert_string_equal(rig_port(r, "sw0.up", "state"), "starting");
	assert_false(link_carrier(b.link));
	rig_order(&c, "tell 1 vm ready");
	until_carrier(&b, true);
	/* All that without a frame's being lost on the follower's own link. */
	assert_int_equal(link_epoch(b.link), epoch);
	assert_true(link_carrier(c.link));

	/* Who comes later sees what is. */
	rig_detach(&b);
	rig_until(r, "sw0.b", "state", "down");
	rig_attach(r, &b, "b.sock");
	assert_true(link_carrier(b.link));
	rig_detach(&b);
	finish_vm(r, &c);
}

/* A port that follows a follower has a link while the whole chain has. */
static void test_a_chain_is_as_long_as_its_leaders(void **state)
{
	struct rig *r = *state;
	struct rig_client c, b, d;

	begin(r, &c,
	      "switch sw0 {\n"
	      "port a { attach \"@/a.sock\" }\n"
	      "port up { driver-vm netvm }\n"
	      "port b { attach \"@/b.sock\"; follow up }\n"
	      "port d { attach \"@/d.sock\"; follow b }\n"
	      "}\n"
	      "allow a <-> up\n"
	      "allow b <-> up\n"
	      "allow d <-> up\n"
	      "vm netvm { kernel \"@/lives\"; initrd \"@/i\"; "
	      "nic pci \"0000:00:03.0\" }\n");
	rig_until(r, "sw0.up", "state", "up");
	rig_attach(r, &d, "d.sock");
	rig_until(r, "sw0.d", "state", "up");
	assert_false(link_carrier(d.link));
	rig_attach(r, &b, "b.sock");
	until_carrier(&b, true);
	until_carrier(&d, true);
	rig_order(&c, "tell 1 vm carrier 0");
	until_carrier(&b, false);
	until_carrier(&d, false);
	rig_order(&c, "tell 1 vm carrier 1");
	until_carrier(&d, true);
	rig_detach(&b);
	until_carrier(&d, false);
	rig_detach(&d);
	finish_vm(r, &c);
}

/* --- a status page that lies -------------------------------------------- */

static void test_a_forged_status_page_is_only_shown(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin(r, &c, slow);
	rig_order(&c, "tell 1 vm babble");
	rig_expect(r, "obeyed: vm babble", 1);
	rig_order(&c, "tell 1 vm carrier 1");
	rig_expect(r, "obeyed: vm carrier 1", 1);
	/* Not the one word that counts. */
	rig_until(r, "sw0.up", "state", "starting");
	assert_int_equal(rig_count(r, "slow is ready"), 0);
	rig_order(&c, "tell 1 vm forge");
	rig_expect(r, "slow is ready, card ff:ff:ff:ff:ff:ff, link up", 1);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(vm_shows(r, "slow", "rx_frames"),
			    "9223372036854775807");
	assert_string_equal(vm_shows(r, "slow", "mtu"), "4294967295");
	/* Once said, it stays said: what ends a life is its end. */
	rig_order(&c, "tell 1 vm babble");
	rig_expect(r, "obeyed: vm babble", 2);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(rig_port(r, "sw0.up", "restarts"), "0");
	finish_vm(r, &c);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_a_follower_sees_its_uplink),
		rig_test(test_a_chain_is_as_long_as_its_leaders),
		rig_test(test_a_forged_status_page_is_only_shown),
	};

	return rig_main(argc, argv, "monitor_vm_link", tests,
			sizeof(tests) / sizeof(tests[0]));
}
