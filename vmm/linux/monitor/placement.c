/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/placement.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list of the kernel's, "0-3,5". */
#define ONLINE "/sys/devices/system/cpu/online"

static_assert(SYS_MAX_CPUS <= CPU_SETSIZE, "a cpu_set_t holds all of them");

bool placement_set(const struct sys_cpus *cpus, cpu_set_t *set)
{
	CPU_ZERO(set);
	for (uint32_t cpu = 0; cpu < SYS_MAX_CPUS; cpu++)
		if (cpus_has(cpus, cpu))
			CPU_SET(cpu, set);
	return CPU_COUNT(set) > 0;
}

static void read_online(struct sys_cpus *online)
{
	char text[SYS_CPUS_TEXT], *at = text;
	FILE *f = fopen(ONLINE, "re");

	if (f == NULL)
		return;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	fclose(f);
	while (*at >= '0' && *at <= '9') {
		unsigned long first = strtoul(at, &at, 10);
		unsigned long last = *at == '-' ? strtoul(at + 1, &at, 10)
						: first;

		for (; first <= last && first < SYS_MAX_CPUS; first++)
			cpus_add(online, (uint32_t)first);
		at += *at == ',';
	}
}

/* Processors this process may use. */
static int read_usable(struct sys_cpus *usable, struct error *err)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return error_set(err,
				 "the processors this process may use cannot "
				 "be told: %s",
				 strerror(errno));
	for (uint32_t cpu = 0; cpu < SYS_MAX_CPUS; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus_add(usable, cpu);
	return 0;
}

static int refuse(const struct sys_pd *pd, uint32_t cpu,
		  const struct sys_cpus *usable, struct error *err)
{
	struct sys_cpus online = { { 0 } };
	char text[SYS_CPUS_TEXT];

	read_online(&online);
	if (!cpus_has(&online, cpu))
		return error_set(err,
				 "%s is placed on cpu %u, and this machine has "
				 "no such processor online, but %.99s; correct "
				 "its placement",
				 pd->name, cpu, cpus_text(&online, text));
	return error_set(err,
			 "%s is placed on cpu %u, which weir may not use, but "
			 "%.99s; correct its placement, or what weir is "
			 "confined by (taskset, the cpuset of its cgroup)",
			 pd->name, cpu, cpus_text(usable, text));
}

/* The @nth of the set from its end, from 1; begins anew when all had a turn. */
static uint32_t from_end(const struct sys_cpus *cpus, uint32_t nth)
{
	uint32_t cpu = SYS_MAX_CPUS;

	while (nth > 0) {
		cpu = cpu > 0 ? cpu - 1 : SYS_MAX_CPUS - 1;
		nth -= cpus_has(cpus, cpu);
	}
	return cpu;
}

static int choose(struct sys_pd *pd, struct error *err)
{
	struct sys_cpus usable = { { 0 } };

	if (read_usable(&usable, err) != 0)
		return -1;
	if (pd->together > 0)
		cpus_add(&pd->cpus, from_end(&usable, pd->together));
	for (uint32_t cpu = 0; cpu < SYS_MAX_CPUS; cpu++)
		if (cpus_has(&pd->cpus, cpu) && !cpus_has(&usable, cpu))
			return refuse(pd, cpu, &usable, err);
	return 0;
}

int placement_choose(struct system *sys, struct error *err)
{
	cpu_set_t set;

	for (size_t i = 0; i < sys->n_pds; i++) {
		struct sys_pd *pd = &sys->pd[i];

		if ((pd->together > 0 || placement_set(&pd->cpus, &set)) &&
		    choose(pd, err) != 0)
			return -1;
	}
	return 0;
}
