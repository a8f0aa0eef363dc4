/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/monitor_vm_rig.h"

const char quick[] = TOPOLOGY("netvm", "");
const char slow[] = TOPOLOGY("slow", "");
const char watched[] = TOPOLOGY("netvm", "watchdog 2s");

const char *vm_shows(const struct rig *r, const char *vm, const char *member)
{
	return rig_show(r, "vms", NULL, "vm", vm, member);
}

pid_t pid_of(const struct rig *r, const char *pd)
{
	return (pid_t)strtol(rig_pd(r, pd, "pid"), NULL, 10);
}

void until_running(const struct rig *r, const char *pd)
{
	for (int i = 0; i < RIG_TIMEOUT_MS / 5; i++) {
		if (strcmp(rig_pd(r, pd, "state"), "running") == 0)
			return;
		poll(NULL, 0, 5);
	}
	fail_msg("%s is %s", pd, rig_pd(r, pd, "state"));
}

void begin(struct rig *r, struct rig_client *c, const char *topology)
{
	rig_start(r, topology);
	rig_attach(r, c, "a.sock");
}

void begin_up(struct rig *r, struct rig_client *c)
{
	begin(r, c, quick);
	rig_until(r, "sw0.up", "state", "up");
}

void finish_vm(struct rig *r, struct rig_client *c)
{
	rig_detach(c);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

void until_seen(struct rig *r, struct rig_client *c)
{
	rig_order(c, "tell 1 vm look");
	rig_expect(r, "obeyed: vm look", 1);
}
