/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_virt_rx is a relay (virt/relay.h) whose source is the driver.
 */
#include "virt/net_virt_rx.h"

#include "virt/relay.h"

struct net_virt_rx {
	struct relay relay;
};

size_t net_virt_rx_size(const struct net_virt_config *config)
{
	return relay_size(config);
}

struct net_virt_rx *net_virt_rx_init(void *memory, size_t size,
				     const struct net_virt_config *config)
{
	struct net_virt_rx *v = memory;

	return relay_init(&v->relay, size, config, NET_VIRT_DRIVER) ? v : NULL;
}

bool net_virt_rx_run(struct net_virt_rx *v, unsigned int *ring)
{
	return relay_run(&v->relay, ring);
}

bool net_virt_rx_arm(struct net_virt_rx *v)
{
	return relay_arm(&v->relay);
}

const struct net_virt_stats *net_virt_rx_stats(const struct net_virt_rx *v)
{
	return v->relay.stats;
}
