/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/system.h"

#include <stdio.h>
#include <stdlib.h>

const struct policy_rate sys_usual_storm[STORMS] = {
	[STORM_BROADCAST] = { 1000, 1000 },
	[STORM_MULTICAST] = { 5000, 5000 },
	[STORM_UNKNOWN] = { 1000, 1000 },
};

bool cpus_has(const struct sys_cpus *cpus, uint32_t cpu)
{
	return cpu < SYS_MAX_CPUS && cpus->bit[cpu / 64] >> cpu % 64 & 1;
}

void cpus_add(struct sys_cpus *cpus, uint32_t cpu)
{
	cpus->bit[cpu / 64] |= 1ull << cpu % 64;
}

/* The longest text has two of every three: eight bytes for most of these. */
const char *cpus_text(const struct sys_cpus *cpus, char *text)
{
	size_t n = 0;

	text[0] = '\0';
	for (uint32_t cpu = 0, last; cpu < SYS_MAX_CPUS; cpu = last + 1) {
		for (last = cpu; cpus_has(cpus, last + 1); last++)
			;
		if (!cpus_has(cpus, cpu)) {
			last = cpu;
			continue;
		}
		n += (size_t)snprintf(text + n, SYS_CPUS_TEXT - n, "%s%u",
				      n ? "," : "", cpu);
		if (last > cpu)
			n += (size_t)snprintf(text + n, SYS_CPUS_TEXT - n,
					      "-%u", last);
	}
	return text;
}

void system_free(struct system *sys)
{
	if (!sys)
		return;
	for (size_t i = 0; i < sys->n_pds; i++) {
		free(sys->pd[i].map);
		free(sys->pd[i].chan);
		free(sys->pd[i].comp);
	}
	for (size_t i = 0; i < sys->n_policies; i++) {
		free(sys->policy[i].rule);
		free(sys->policy[i].unasked);
	}
	for (size_t i = 0; i < sys->n_sources; i++) {
		free(sys->source[i].path);
		free(sys->source[i].text);
	}
	free(sys->policy);
	free(sys->source);
	free(sys->region);
	free(sys->channel);
	free(sys->pd);
	free(sys->conn);
	free(sys);
}
