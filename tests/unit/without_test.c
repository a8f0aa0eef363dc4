/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a build leaves out (base/with.h) is refused, and nothing else is.  This
 * is built twice: with all there is, and, as without_small_test, with nothing
 * that can be left out.
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
#include "tests/unit/rig.h"

static bool small;

/* What a policy is answered that uses something left out. */
static void uses(struct policy_image *image, enum policy_fault fault)
{
	struct rig *r = rig_new(NULL);

	assert_int_equal(vswitch_set_policy(r->sw, image, NULL),
			 small ? fault : POLICY_FAULT_SOUND);
	rig_free(r);
	free(image);
}

static void tables(void **state)
{
	struct vswitch_tables t = { .fdb = { 16, 300, 1 } };

	(void)state;
	assert_true(vswitch_size(&t) > 0);
	t.flows = 16;
	assert_int_equal(vswitch_size(&t) == 0, small);
	t.flows = 0;
	t.groups = 16;
	assert_int_equal(vswitch_size(&t) == 0, small);
}

static void ports(void **state)
{
	struct rig *r = rig_clients(2);
	struct vswitch_port_config c = r->port[0].config;

	(void)state;
	c.offload = OFFLOAD_PORT;
	assert_int_equal(vswitch_add_port(r->sw, 2, &c), small ? -EINVAL : 0);
	c.offload = 0;
	c.kind = VSWITCH_PORT_CAPTURE;
	c.max_frame = 1500;
	assert_int_equal(vswitch_add_port(r->sw, 3, &c), small ? -ENOSPC : 0);
	c.kind = VSWITCH_PORT_CLIENT;
	assert_int_equal(vswitch_add_port(r->sw, 4, &c), 0);
	rig_free(r);
}

static void filters(void **state)
{
	struct policy_image *image = image_new();

	(void)state;
	image_allow(image, 0, 1, "tcp");
	uses(image, POLICY_FAULT_COUNTS);
}

/* A rule without a filter that still has to be asked. */
static void denials(void **state)
{
	struct policy_image *image = image_new();
	uint16_t deny = image_rule(image, POLICY_DENY, false, NULL);

	(void)state;
	image_pair(image, 0, 1, &deny, 1);
	uses(image, POLICY_FAULT_COUNTS);
}

static void vlans(void **state)
{
	struct policy_image *image = image_new();

	(void)state;
	image->port[1].vlan_mode = POLICY_VLAN_ACCESS;
	image->port[1].vlan = 7;
	uses(image, POLICY_FAULT_PORT);
}

static void ip_locks(void **state)
{
	struct policy_image *image = image_new();

	(void)state;
	image->port[1].ip_locked = 1;
	uses(image, POLICY_FAULT_PORT);
}

static void plain_rules_stay(void **state)
{
	struct policy_image *image = image_new();
	struct rig *r = rig_new(NULL);
	uint8_t frame[60];

	(void)state;
	rig_add(r, 0, NULL);
	rig_add(r, 1, NULL);
	image_allow(image, 0, 1, NULL);
	assert_int_equal(vswitch_set_policy(r->sw, image, NULL),
			 POLICY_FAULT_SOUND);
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), 60);
	assert_true(rig_send(r, 0, frame, 60));
	assert_true(rig_send(r, 1, frame, 60));
	rig_run(r, 3);
	assert_int_equal(rig_drain(r, 1), 1);
	assert_int_equal(rig_drain(r, 0), 0);
	rig_free(r);
	free(image);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(ports),
		cmocka_unit_test(filters),
		cmocka_unit_test(denials),
		cmocka_unit_test(vlans),
		cmocka_unit_test(ip_locks),
		cmocka_unit_test(plain_rules_stay),
	};

	small = argc > 0 && strstr(argv[0], "_small_test") != NULL;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
