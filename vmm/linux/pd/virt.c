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

#include "virt/net_virt.h"
#include "vmm/linux/pd/pd.h"

enum { RX, TX, DIRECTIONS };

/**
 * struct virt_state - the glue's own memory
 * @v:       the virtualisers
 * @reason:  there is something to do; if not, run() was called because the loop
 *           spins
 * @faults:  by side: how many the monitor has been told of
 */
struct virt_state {
	struct net_virt *v[DIRECTIONS];
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
static int make(struct component *c, unsigned int direction)
{
	const struct sys_virt *cfg = &c->cfg->virt;
	const struct sys_wire *wire = &c->cfg->wire;
	bool rx = direction == RX;
	const struct sys_half *driver = rx ? &cfg->driver.ingress
					   : &cfg->driver.egress;
	const struct sys_half *sw = rx ? &wire->ingress : &wire->egress;
	struct virt_state *s = c->state;
	size_t stats_size, size;
	void *memory;
	struct net_virt_config config = {
		.source = rx ? NET_VIRT_DRIVER : NET_VIRT_SWITCH,
		.driver = get_queues(c, &cfg->driver, driver),
		.sw = get_queues(c, wire, sw),
		.buffer_size = wire->buffer_size,
		.offload = wire->offload != 0,
		.addresses = NET_VIRT_OFFSET,
		.stats = pd_region(c, rx ? cfg->stats_rx : cfg->stats_tx,
				   &stats_size),
	};

	config.data = pd_data(c, wire, sw, &config.data_size);
	if (stats_size < sizeof(*config.stats))
		config.stats = NULL;
	size = net_virt_size(&config);
	if (size == 0)
		return -EINVAL;
	memory = pd_memory(size);
	if (memory == NULL)
		return -ENOMEM;
	s->v[direction] = net_virt_init(memory, size, &config);
	return 0;
}

static int virt_init(struct component *c)
{
	struct virt_state *s = c->state;
	int result = make(c, RX);

	s->reason = true;
	return result != 0 ? result : make(c, TX);
}

static void virt_notified(struct component *c, uint32_t channel)
{
	struct virt_state *s = c->state;

	(void)channel;
	s->reason = true;
}

static uint64_t frames(const struct virt_state *s)
{
	return net_virt_stats(s->v[RX])->frames +
	       net_virt_stats(s->v[TX])->frames;
}

/* Tell the monitor of sides that have stopped since the last call. */
static void report_faults(struct component *c, struct virt_state *s)
{
	for (unsigned int i = 0; i < NET_VIRT_SIDES; i++) {
		uint64_t faults = net_virt_stats(s->v[RX])->side[i].faults +
				  net_virt_stats(s->v[TX])->side[i].faults;

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
	s->reason = net_virt_run(s->v[RX], &ring);
	s->reason |= net_virt_run(s->v[TX], &ring);
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

	s->reason = net_virt_arm(s->v[RX]);
	s->reason |= net_virt_arm(s->v[TX]);
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
