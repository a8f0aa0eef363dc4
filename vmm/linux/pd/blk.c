/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block virtualiser of a disk behind a driver VM as a component of a PD.
 *
 *	disk PDs   -- wires -->  blk_virt  -- driver wire -->  VM
 *
 * It has the rings and pages of all of them, but none of their data: on Linux
 * both ends of a data region are processors, so there are no caches to
 * maintain.  Of the driver's window it has the page for the partition table.
 *
 * A side that breaks the queue protocol is ignored until its epoch changes, as
 * with a network driver (virt.c).
 */
#include <errno.h>
#include <string.h>

#include "virt/blk_virt.h"
#include "vmm/linux/pd/pd.h"

/**
 * struct blk_state - the glue's own memory
 * @v:       the virtualiser
 * @reason:  there is something to do; if not, run() was called because the loop
 *           spins
 * @faults:  how many the monitor has been told of
 * @serving: bit i: it was told that client i has its disk
 * @refused: bit i: it was logged why client i has no disk
 */
struct blk_state {
	struct blk_virt *v;
	bool reason;
	uint64_t faults;
	uint64_t serving;
	uint64_t refused;
};

static struct blk_virt_queues get_queues(struct component *c,
					 const struct sys_blk_wire *wire)
{
	return (struct blk_virt_queues){
		.requests = pd_region(c, wire->request, NULL),
		.responses = pd_region(c, wire->response, NULL),
		.info = pd_region(c, wire->info, NULL),
		.capacity = wire->capacity,
		.link = pd_region(c, wire->link, NULL),
	};
}

static struct blk_virt_client_config get_client(struct component *c,
						const struct sys_blk_client *s)
{
	struct blk_virt_client_config config = {
		.queues = get_queues(c, &s->wire),
		.data_size = s->wire.data_size,
		.window = s->window,
		.part.number = s->partition.number,
		.read_only = s->read_only != 0,
	};

	/* One that is cut off has no 0, and is refused. */
	memcpy(config.part.name, s->partition.name, sizeof(config.part.name));
	return config;
}

static int blk_init(struct component *c)
{
	const struct sys_blk_virt *cfg = &c->cfg->blk_virt;
	struct blk_virt_client_config client[SYS_BLK_CLIENTS];
	struct blk_state *s = c->state;
	size_t stats_size, size;
	void *memory;
	struct blk_virt_config config = {
		.driver = get_queues(c, &cfg->driver),
		.client = client,
		.clients = cfg->n_clients,
		.table = pd_region(c, cfg->table, NULL),
		.table_window = cfg->table_window,
		.retry = cfg->retry != 0,
		.seed = cfg->seed,
		.stats = pd_region(c, cfg->stats, &stats_size),
	};

	if (cfg->n_clients > SYS_BLK_CLIENTS)
		return -EINVAL;
	for (uint32_t i = 0; i < cfg->n_clients; i++)
		client[i] = get_client(c, &cfg->client[i]);
	if (stats_size < sizeof(*config.stats))
		config.stats = NULL;
	size = blk_virt_size(&config);
	if (size == 0)
		return -EINVAL;
	memory = pd_memory(size);
	if (memory == NULL)
		return -ENOMEM;
	s->v = blk_virt_init(memory, size, &config);
	s->reason = true;
	return 0;
}

static void blk_notified(struct component *c, uint32_t channel)
{
	struct blk_state *s = c->state;

	(void)channel;
	s->reason = true;
}

/* Requests put to the driver, and responses to them. */
static uint64_t traffic(const struct blk_state *s)
{
	const struct blk_virt_side_stats *d = &blk_virt_stats(s->v)->driver;
	uint64_t asked = 0;

	for (unsigned int i = 0; i < BLK_CODES; i++)
		asked += d->requests[i];
	return 2 * asked - d->outstanding;
}

/* Tell the monitor of clients that have their disk since the last call. */
static void report_serving(struct component *c, struct blk_state *s)
{
	const struct blk_virt_stats *stats = blk_virt_stats(s->v);
	uint64_t serving = 0;

	for (uint32_t i = 0; i < stats->clients; i++)
		serving |= (uint64_t)(stats->client[i].state == BLK_VIRT_UP)
			   << i;
	if (serving & ~s->serving)
		pd_ring(c, c->cfg->blk_virt.ctl_channel);
	s->serving = serving;
}

/* Tell the monitor of sides that have stopped since the last call. */
static void report_faults(struct component *c, struct blk_state *s)
{
	const struct blk_virt_stats *stats = blk_virt_stats(s->v);
	uint64_t faults = stats->driver.faults;

	for (uint32_t i = 0; i < stats->clients; i++)
		faults += stats->client[i].faults;
	if (faults != s->faults)
		pd_ring(c, c->cfg->blk_virt.ctl_channel);
	s->faults = faults;
}

/* Log it, once for each time that a client finds that it has no disk. */
static void report_refused(struct component *c, struct blk_state *s)
{
	const struct blk_virt_stats *stats = blk_virt_stats(s->v);

	for (uint32_t i = 0; i < stats->clients; i++) {
		const struct blk_virt_side_stats *client = &stats->client[i];
		uint64_t bit = 1ull << i;

		if (client->state != BLK_VIRT_REFUSED)
			s->refused &= ~bit;
		else if ((s->refused & bit) == 0)
			pd_log(c, "%s has no disk: its partition: %s",
			       c->cfg->blk_virt.client[i].name,
			       blk_part_reason_text(
				       (enum blk_part_reason)client->why));
		if (client->state == BLK_VIRT_REFUSED)
			s->refused |= bit;
	}
}

static bool blk_run(struct component *c, uint64_t now_ns)
{
	const struct sys_blk_virt *cfg = &c->cfg->blk_virt;
	struct blk_state *s = c->state;
	uint64_t before = traffic(s);
	bool looking = !s->reason;
	struct blk_virt_ring ring = { 0 };

	(void)now_ns;
	s->reason = blk_virt_run(s->v, &ring);
	if (ring.driver)
		pd_ring(c, cfg->driver.channel);
	for (uint32_t i = 0; i < cfg->n_clients; i++)
		if (ring.clients >> i & 1)
			pd_ring(c, cfg->client[i].wire.channel);
	report_faults(c, s);
	report_serving(c, s);
	report_refused(c, s);
	/* Peers do not ring while the loop spins: it sees traffic here. */
	return s->reason || (looking && traffic(s) != before);
}

static bool blk_arm(struct component *c)
{
	struct blk_state *s = c->state;

	s->reason = blk_virt_arm(s->v);
	report_faults(c, s);
	return s->reason;
}

const struct component_ops blk_virt_ops = {
	.kind = SYS_BLK_VIRT,
	.name = "block virtualiser",
	.state_size = sizeof(struct blk_state),
	.init = blk_init,
	.notified = blk_notified,
	.run = blk_run,
	.arm = blk_arm,
};
