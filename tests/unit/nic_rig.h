/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A nic port on one end of a veth pair: "nic0" is the port's, "far0" the
 * world's.
 */
#ifndef WEIR_TESTS_UNIT_NIC_RIG_H
#define WEIR_TESTS_UNIT_NIC_RIG_H

#include "tests/unit/net_rig.h"

#include <sys/mman.h>

#define MAX_FRAME 1518u

static struct sys_component *cfg;
static uint8_t frame[16384];

/* For the group's setup. */
static int nic_setup(void **state)
{
	net_setup(state);
	if (net_missing == NULL &&
	    system("ip link add nic0 type veth peer name far0"
		   " && ip link del nic0") != 0)
		net_missing = "no veth interfaces in this kernel";
	return 0;
}

static int setup(void **state)
{
	static struct sys_component component;

	(void)state;
	memset(&component, 0, sizeof(component));
	cfg = &component;
	cfg->kind = SYS_NIC;
	strcpy(cfg->name, "sw0.uplink");
	strcpy(cfg->nic.ifname, "nic0");
	cfg->wire.max_frame = MAX_FRAME;
	if (net_missing == NULL)
		rig_shell("ip link add nic0 type veth peer name far0"
			  " && ip link set far0 up");
	return 0;
}

/* Take away the rings, as the end of a PD's process does. */
static void nic_unmap(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		unsigned long from, to;

		if (strstr(line, "socket:[") != NULL &&
		    sscanf(line, "%lx-%lx", &from, &to) == 2)
			munmap((void *)from, to - from);
	}
	fclose(f);
}

static RIG_UNUSED void nic_end(struct rig *rig)
{
	nic_unmap();
	rig_free(rig);
}

static RIG_UNUSED int teardown(void **state)
{
	(void)state;
	if (rig_now_running != NULL)
		nic_end(rig_now_running);
	if (system("ip link del nic0 2>/dev/null") != 0)
		return 0; /* a test has deleted it */
	return 0;
}

static RIG_UNUSED struct rig *start(void)
{
	struct rig *rig;

	net_need();
	rig = rig_run(cfg);
	net_await_carrier("", "far0");
	return rig;
}

#define nic_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
