/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts that connections are made of: regions, channels, and who has them.
 */
#include "config/build/build.h"

#include <stdio.h>

uint32_t build_region(struct system *sys, uint64_t size, const char *owner,
		      const char *what)
{
	struct sys_region *region = build_new(sys->region, sys->n_regions);

	snprintf(region->name, sizeof(region->name), "%s.%s", owner, what);
	region->size = (size + BUILD_PAGE - 1) / BUILD_PAGE * BUILD_PAGE;
	return (uint32_t)sys->n_regions - 1;
}

uint32_t build_channel(struct system *sys, uint32_t end, const char *owner,
		       const char *what)
{
	struct sys_channel *channel = build_new(sys->channel, sys->n_channels);

	snprintf(channel->name, sizeof(channel->name), "%s%s", owner, what);
	channel->end[0] = (struct sys_end){ SYS_PD_OUTSIDE, SYS_NONE };
	channel->end[1] = (struct sys_end){ end, SYS_NONE };
	return (uint32_t)sys->n_channels - 1;
}

uint32_t build_map(struct sys_pd *pd, uint32_t region, uint32_t perms)
{
	if (region == SYS_NONE)
		return SYS_NONE;
	for (uint32_t slot = 0; slot < pd->n_maps; slot++) {
		if (pd->map[slot].region == region) {
			pd->map[slot].perms |= perms;
			return slot;
		}
	}
	*build_new(pd->map, pd->n_maps) = (struct sys_map){ region, perms };
	return pd->n_maps - 1;
}

uint32_t build_join(struct system *sys, uint32_t index, uint32_t channel,
		    uint32_t end)
{
	struct sys_pd *pd = &sys->pd[index];

	sys->channel[channel].end[end] = (struct sys_end){ index, pd->n_chans };
	*build_new(pd->chan, pd->n_chans) = (struct sys_chan){ channel, end };
	return pd->n_chans - 1;
}

uint32_t build_own(struct system *sys, uint32_t pd, uint32_t perms,
		   uint64_t size, const char *owner, const char *what)
{
	return build_map(&sys->pd[pd], build_region(sys, size, owner, what),
			 perms);
}

uint32_t build_to_monitor(struct system *sys, uint32_t pd, const char *owner,
			  const char *what)
{
	return build_join(sys, pd,
			  build_channel(sys, SYS_PD_MONITOR, owner, what), 0);
}
