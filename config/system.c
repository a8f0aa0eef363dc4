/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/system.h"

#include <stdlib.h>

const struct policy_rate sys_usual_storm[STORMS] = {
	[STORM_BROADCAST] = { 1000, 1000 },
	[STORM_MULTICAST] = { 5000, 5000 },
	[STORM_UNKNOWN] = { 1000, 1000 },
};

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
