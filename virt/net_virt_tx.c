/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_virt_tx is a relay (virt/relay.h) whose source is the switch.
 */
#include "virt/net_virt_tx.h"

#include "virt/relay.h"

struct net_virt_tx {
	struct relay relay;
};

size_t net_virt_tx_size(const struct net_virt_config *config)
{
	return relay_size(config);
}

struct net_virt_tx *net_virt_tx_init(void *memory, size_t size,
				     const struct net_virt_config *config)
{
	struct net_virt_tx *v = memory;

	return relay_init(&v->relay, size, config, NET_VIRT_SWITCH) ? v : NULL;
}

bool net_virt_tx_run(struct net_virt_tx *v, unsigned int *ring)
{
	return relay_run(&v->relay, ring);
}

bool net_virt_tx_arm(struct net_virt_tx *v)
{
	return relay_arm(&v->relay);
}

const struct net_virt_stats *net_virt_tx_stats(const struct net_virt_tx *v)
{
	return v->relay.stats;
}
