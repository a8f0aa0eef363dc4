/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network virtualisers of a driver VM's port as a component of a PD.
 *
 *	VM	-- driver wire -->  net_virt_rx  -- wire -->  switch	ingress
 *		<-- driver wire --  net_virt_tx  <-- wire --		egress
 *
 * Both are one component: they share the port's two channels and its two link
 * pages, so a notification is for both, and a round rings each channel at most
 * once.  Nothing else is shared: each has its own queues, buffers and
 * statistics.
 *
 * The driver names buffers by offset, as the switch does, so a guest learns no
 * host address.  No cache maintenance is needed: both ends access the regions
 * by CPU only.
 *
 * A side that breaks the queue protocol is ignored until its epoch changes.
 * Only the monitor changes epochs: the control channel notifies it, and the
 * statistics say which side it was.  In the other direction that channel means
 * "look at your link pages".
 */
#include <errno.h>
#include <stdlib.h>

#include "virt/net_virt_rx.h"
#include "virt/net_virt_tx.h"
#include "vmm/linux/pd/pd.h"

/**
 * struct virt_state - the glue's own memory
 * @rx, @tx: the virtualisers
 * @reason:  there is something to do; if not, run() was called because the loop
 *           spins
 * @faults:  by side: how many the monitor has been told of
 */
struct virt_state {
	struct net_virt_rx *rx;
	struct net_virt_tx *tx;
	bool reason;
	uint64_t faults[NET_VIRT_SIDES];
};

static struct net_virt_queues get_queues(struct component *c,
					 const struct sys_wire *wire,
					 const struct sys_half *half)
{
	return (struct net_virt_queues){
		.active = pd_region(c, half->active, NULL),
		.free = pd_region(c, half->free, NULL),
		.capacity = wire->capacity,
		.link = pd_region(c, wire->link, NULL),
	};
}

/* One direction: the same half of both wires. */
static struct net_virt_config get_config(struct component *c,
					 const struct sys_half *driver,
					 const struct sys_half *sw,
					 uint32_t stats)
{
	const struct sys_wire *wire = &c->cfg->wire;
	size_t used = (size_t)wire->capacity * wire->buffer_size, stats_size;
	struct net_virt_config config = {
		.driver = get_queues(c, &c->cfg->virt.driver, driver),
		.sw = get_queues(c, wire, sw),
		.data = pd_region(c, sw->data, NULL),
		.buffer_size = wire->buffer_size,
		.addresses = NET_VIRT_OFFSET,
		.stats = pd_region(c, stats, &stats_size),
	};

	/* The region may end in a part of a page. */
	pd_region(c, sw->data, &config.data_size);
	if (config.data_size > used)
		config.data_size = used;
	if (stats_size < sizeof(*config.stats))
		config.stats = NULL;
	return config;
}

static void *allocate(size_t size)
{
	return aligned_alloc(64, (size + 63) & ~(size_t)63);
}

static int virt_init(struct component *c)
{
	const struct sys_virt *cfg = &c->cfg->virt;
	const struct sys_wire *wire = &c->cfg->wire;
	struct virt_state *s = c->state;
	struct net_virt_config rx = get_config(c, &cfg->driver.ingress,
					       &wire->ingress, cfg->stats_rx);
	struct net_virt_config tx = get_config(c, &cfg->driver.egress,
					       &wire->egress, cfg->stats_tx);
	size_t rx_size = net_virt_rx_size(&rx);
	size_t tx_size = net_virt_tx_size(&tx);
	void *rx_memory, *tx_memory;

	if (rx_size == 0 || tx_size == 0)
		return -EINVAL;
	rx_memory = allocate(rx_size);
	tx_memory = allocate(tx_size);
	if (rx_memory == NULL || tx_memory == NULL) {
		free(rx_memory);
		free(tx_memory);
		return -ENOMEM;
	}
	s->rx = net_virt_rx_init(rx_memory, rx_size, &rx);
	s->tx = net_virt_tx_init(tx_memory, tx_size, &tx);
	s->reason = true;
	return 0;
}

static void virt_notified(struct component *c, uint32_t channel)
{
	struct virt_state *s = c->state;

	(void)channel;
	s->reason = true;
}

static uint64_t frames(const struct virt_state *s)
{
	return net_virt_rx_stats(s->rx)->frames +
	       net_virt_tx_stats(s->tx)->frames;
}

/* Tell the monitor of sides that have stopped since the last call. */
static void report_faults(struct component *c, struct virt_state *s)
{
	for (unsigned int i = 0; i < NET_VIRT_SIDES; i++) {
		uint64_t faults = net_virt_rx_stats(s->rx)->side[i].faults +
				  net_virt_tx_stats(s->tx)->side[i].faults;

		if (faults != s->faults[i])
			pd_ring(c, c->cfg->virt.ctl_channel);
		s->faults[i] = faults;
	}
}

static bool virt_run(struct component *c, uint64_t now_ns)
{
	struct virt_state *s = c->state;
	uint64_t before = frames(s);
	bool looking = !s->reason;
	unsigned int ring = 0;

	(void)now_ns;
	s->reason = net_virt_rx_run(s->rx, &ring);
	s->reason |= net_virt_tx_run(s->tx, &ring);
	if (ring & NET_VIRT_RING_DRIVER)
		pd_ring(c, c->cfg->virt.driver.channel);
	if (ring & NET_VIRT_RING_SWITCH)
		pd_ring(c, c->cfg->wire.channel);
	report_faults(c, s);
	/* Peers do not ring while the loop spins: it sees traffic here. */
	return s->reason || (looking && frames(s) != before);
}

static bool virt_arm(struct component *c)
{
	struct virt_state *s = c->state;

	s->reason = net_virt_rx_arm(s->rx);
	s->reason |= net_virt_tx_arm(s->tx);
	report_faults(c, s);
	return s->reason;
}

const struct component_ops virt_ops = {
	.kind = SYS_VIRT,
	.name = "driver-vm",
	.state_size = sizeof(struct virt_state),
	.init = virt_init,
	.notified = virt_notified,
	.run = virt_run,
	.arm = virt_arm,
};
