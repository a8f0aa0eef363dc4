/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/nic_rig.h"

int nic_setup(void **state)
{
	(void)state;
	if (comp_setup(SYS_NIC, "sw0.uplink") != 0)
		return -1;
	strcpy(cfg->nic.ifname, "nic0");
	net_add_veth();
	return 0;
}

void nic_unmap(void)
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

void nic_end(struct comp *rig)
{
	nic_unmap();
	comp_free(rig);
}

int nic_teardown(void **state)
{
	if (comp_now_running != NULL)
		nic_unmap();
	comp_teardown(state);
	net_del_veth();
	return 0;
}

struct comp *nic_start(void)
{
	struct comp *rig;
	char where[SYS_PATH + 4] = "";

	if (cfg->nic.netns[0] != '\0')
		snprintf(where, sizeof(where), "-n %s", cfg->nic.netns);
	net_need();
	rig = comp_run(cfg);
	net_await_carrier("", "far0");
	net_await_carrier(where, "nic0");
	comp_turn(rig);
	/* It may have begun before the pair's carrier was noticed. */
	if (comp_logged(rig, "has no carrier")) {
		comp_until(rig, comp_logged(rig, "is up"));
		/* Whatever else it said stays; tests look for these later. */
		memset(strstr(rig->log, "has no carrier"), '-', 14);
		memset(strstr(rig->log, "is up"), '-', 5);
	}
	return rig;
}

int tap_setup(void **state)
{
	(void)state;
	if (comp_setup(SYS_TAP, "sw0.alice") != 0)
		return -1;
	strcpy(cfg->tap.ifname, "alice0");
	return 0;
}

struct comp *tap_start(void)
{
	net_need_tun();
	return comp_run(cfg);
}
