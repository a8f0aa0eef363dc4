/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a switch and its ports; a round of visits; arming.
 *
 * All state is in one piece of memory the caller provides: struct vswitch, and
 * its tables behind it.
 */
#include "base/errno.h"
#include "base/lines.h"
#include "base/mem.h"
#include "vswitch/vswitch_impl.h"

/* Expired addresses reclaimed in one run. */
#define AGE_BUDGET 64u

/* --- making ------------------------------------------------------------- */

/**
 * struct places - where the tables lie in a switch's memory
 * @room: of its policies
 * @fdb, @transfer, @bucket, @cache, @slot, @hits: offsets
 * @flows, @groups: likewise; 0 if there is no such table
 * @end:  bytes of all of it; 0 if a size is out of range
 */
struct places {
	struct policy_room room;
	size_t fdb;
	size_t transfer;
	size_t bucket;
	size_t cache;
	size_t slot[2];
	size_t hits[2];
	size_t flows;
	size_t groups;
	size_t end;
};

/* The place of a table of so many bytes. */
static size_t place(struct places *p, size_t bytes)
{
	size_t at = p->end;

	p->end += in_lines(bytes);
	return at;
}

static unsigned int cache_ports(const struct policy_room *room)
{
	return room->asks ? room->ports : 0;
}

static struct places place_tables(const struct vswitch_tables *t)
{
	struct places p = { .room = policy_room(&t->room) };
	size_t fdb = fdb_size(&t->fdb), policy = policy_size(&p.room);
	size_t flows = WITH_FLOWS && t->flows ? flow_size(t->flows) : 0;
	size_t groups = WITH_GROUPS && t->groups ? mcast_size(t->groups) : 0;
	uint32_t ports = p.room.ports;

	if (fdb == 0 || policy == 0 || (t->flows && !flows) ||
	    (t->groups && !groups))
		return p;
	place(&p, sizeof(struct vswitch) + ports * sizeof(struct port));
	p.fdb = place(&p, fdb);
	p.transfer = place(&p, (size_t)VSWITCH_BATCH * ports *
				       sizeof(struct transfer));
	p.bucket = place(&p, ports * sizeof(struct policy_buckets));
	p.cache = place(&p, cache_ports(&p.room) * sizeof(struct cache_port));
	for (unsigned int i = 0; i < 2; i++) {
		p.slot[i] = place(&p, policy);
		p.hits[i] = place(&p, p.room.entries * sizeof(uint64_t));
	}
	if (flows)
		p.flows = place(&p, flows);
	if (groups)
		p.groups = place(&p, groups);
	return p;
}

size_t vswitch_size(const struct vswitch_tables *tables)
{
	return place_tables(tables).end;
}

size_t vswitch_stats_size(const struct vswitch_tables *tables)
{
	return offsetof(struct vswitch_stats, hits) +
	       policy_room(&tables->room).entries * sizeof(uint64_t);
}

static void make_policies(struct vswitch *sw, const struct places *at)
{
	uint8_t *memory = (uint8_t *)sw;

	for (unsigned int i = 0; i < 2; i++) {
		sw->slot[i] = policy_init(memory + at->slot[i], &at->room);
		sw->hit_slot[i] = (uint64_t *)(void *)(memory + at->hits[i]);
		memset(sw->hit_slot[i], 0,
		       at->room.entries * sizeof(sw->hit_slot[i][0]));
	}
	sw->policy = sw->slot[0];
	sw->policy->generation = 1;
	sw->hits = sw->hit_slot[0];
}

static void make_tables(struct vswitch *sw, const struct vswitch_tables *t,
			const struct places *at)
{
	uint8_t *memory = (uint8_t *)sw;

	sw->ports = at->room.ports;
	sw->fdb = fdb_init(memory + at->fdb, fdb_size(&t->fdb), &t->fdb);
	sw->seed = t->fdb.seed;
	sw->transfer = (struct transfer *)(void *)(memory + at->transfer);
	sw->state.bucket =
		(struct policy_buckets *)(void *)(memory + at->bucket);
	memset(sw->state.bucket, 0, sw->ports * sizeof(struct policy_buckets));
	cache_init(&sw->state.cache,
		   (struct cache_port *)(void *)(memory + at->cache),
		   cache_ports(&at->room), sw->seed);
	make_policies(sw, at);
	if (WITH_FLOWS && at->flows)
		sw->state.flows = flow_init(memory + at->flows,
					    flow_size(t->flows), t->flows,
					    t->fdb.seed);
	if (WITH_GROUPS && at->groups)
		sw->groups = mcast_init(memory + at->groups,
					mcast_size(t->groups), t->groups,
					t->fdb.seed);
}

/* Somebody may be reading; a restarted switch starts from zero. */
static void clear_stats(struct vswitch_stats *stats, size_t size)
{
	stat_show(&stats->magic, 0);
	atomic_thread_fence(memory_order_release);
	memset(stats, 0, size);
	__atomic_store_n(&stats->magic, VSWITCH_STATS_MAGIC, __ATOMIC_RELEASE);
}

struct vswitch *vswitch_init(void *memory, size_t size,
			     const struct vswitch_tables *tables,
			     struct vswitch_stats *stats)
{
	struct places places = place_tables(tables);
	struct vswitch *sw = memory;

	if (places.end == 0 || size < places.end || stats == NULL)
		return NULL;
	memset(sw, 0, places.fdb);
	make_tables(sw, tables, &places);
	sw->fits = UINT32_MAX;
	sw->stats = stats;
	clear_stats(stats, vswitch_stats_size(tables));
	/* Also of ports that are never added: a static entry may name one, and
	 * what is sent there is counted. */
	for (unsigned int i = 0; i < sw->ports; i++)
		sw->port[i].shown = &sw->stats->port[i];
	return sw;
}

static bool half_ok(const struct vswitch_half *h, uint32_t longest)
{
	uint32_t size = h->buffer_size;

	if (h->active == NULL || h->free == NULL || h->data == NULL ||
	    ((uintptr_t)h->active | (uintptr_t)h->free | (uintptr_t)h->data) %
			    8 !=
		    0)
		return false;
	if (!queue_capacity_ok(h->capacity))
		return false;
	if (size < VSWITCH_MIN_BUFFER || size > VSWITCH_MAX_BUFFER ||
	    (size & (size - 1)) != 0)
		return false;
	return h->data_size > 0 && h->data_size % size == 0 &&
	       h->data_size / size <= h->capacity && longest <= size;
}

static bool config_ok(const struct vswitch_port_config *c)
{
	uint32_t longest = c->max_frame;

	if (longest < FRAME_MIN || longest > UINT16_MAX ||
	    (!WITH_OFFLOADS && c->offload) ||
	    !offload_port_ok(c->offload, c->max_frame, c->max_segment))
		return false;
	if (c->fill > VSWITCH_FILL_SDDF ||
	    (c->fill && c->kind != VSWITCH_PORT_CLIENT))
		return false;
	if (c->max_segment > longest)
		longest = c->max_segment;
	switch (c->kind) {
	case VSWITCH_PORT_CLIENT:
	case VSWITCH_PORT_LINK:
		return half_ok(&c->ingress, longest) &&
		       half_ok(&c->egress, longest);
	case VSWITCH_PORT_CAPTURE:
		longest += CAPTURE_HEADROOM;
		return longest <= UINT16_MAX && c->offload == 0 &&
		       half_ok(&c->egress, longest);
	}
	return false;
}

static void add_capture(struct vswitch *sw, unsigned int port)
{
	uint64_t watched = sw->port[port].config.capture_of;

	while (watched)
		sw->watchers[bit_pop(&watched)] |= (uint8_t)bit(sw->captures);
	sw->capture[sw->captures++] = (uint8_t)port;
}

static void set_up(struct port *p, const struct vswitch_port_config *c)
{
	p->config = *c;
	p->kind = (uint8_t)c->kind;
	p->link = c->link;
	p->out.max_frame = (uint16_t)c->max_frame;
	p->out.max_segment = (uint16_t)c->max_segment;
	p->out.offload = (uint8_t)c->offload;
	p->forward_reserved = c->forward_reserved;
	p->out.data = c->egress.data;
	p->out.size = c->egress.data_size;
	p->out.mask = c->egress.buffer_size - 1;
	if (c->kind == VSWITCH_PORT_CAPTURE)
		return;
	p->in_data = c->ingress.data;
	p->in_size = c->ingress.data_size;
	p->in_mask = c->ingress.buffer_size - 1;
}

void port_learn_flags(struct vswitch *sw, unsigned int number)
{
	struct port *p = &sw->port[number];

	p->learn_flags = p->config.sticky || sw->policy->port[number].sticky
				 ? FDB_STICKY
				 : 0;
}

int vswitch_add_port(struct vswitch *sw, unsigned int port,
		     const struct vswitch_port_config *config)
{
	struct port *p;

	if (port >= sw->ports || !config_ok(config))
		return -EINVAL;
	if (bit_in(sw->present, port))
		return -EEXIST;
	if (config->kind == VSWITCH_PORT_CAPTURE &&
	    sw->captures == (WITH_CAPTURES ? VSWITCH_MAX_CAPTURES : 0))
		return -ENOSPC;
	p = &sw->port[port];
	set_up(p, config);
	port_learn_flags(sw, port);
	p->state = PORT_DOWN;
	__atomic_store_n(&p->shown->state, p->state, __ATOMIC_RELAXED);
	if (config->kind == VSWITCH_PORT_CAPTURE)
		add_capture(sw, port);
	else if (config->max_frame < sw->fits)
		sw->fits = config->max_frame;
	sw->present |= bit(port);
	if (port >= sw->stats->ports)
		stat_show(&sw->stats->ports, port + 1);
	port_check_link(sw, port);
	return 0;
}

/* --- asking ------------------------------------------------------------- */

struct policy *vswitch_policy(struct vswitch *sw)
{
	return sw->policy;
}

struct fdb *vswitch_fdb(struct vswitch *sw)
{
	return sw->fdb;
}

uint64_t vswitch_due(const struct vswitch *sw)
{
	uint64_t ports = sw->state.flap.blocked;
	uint64_t due = UINT64_MAX;

	while (ports) {
		uint64_t end = sw->state.flap.port[bit_pop(&ports)].until_ns;

		if (end < due)
			due = end;
	}
	return due;
}

uint64_t vswitch_ports(const struct vswitch *sw)
{
	return sw->present;
}

uint64_t vswitch_faulted(const struct vswitch *sw)
{
	return sw->faulted;
}

uint64_t vswitch_disputes(const struct vswitch *sw)
{
	return sw->count.disputes;
}

/* --- running ------------------------------------------------------------ */

/* Once a second: they may come and go with every frame. */
static void show_flows(struct vswitch *sw)
{
	struct vswitch_stats *shown = sw->stats;
	struct flow_counts c;

	if (policy_flows(&sw->state) == NULL)
		return;
	c = flow_counts(sw->state.flows);
	stat_show(&shown->flows, flow_count(sw->state.flows));
	stat_show(&shown->flows_opened, c.opened);
	stat_show(&shown->flows_evicted, c.evicted);
	stat_show(&shown->flows_expired, c.expired);
}

/* A second's worth of ageing, spread over as many runs as it takes. */
static void age(struct vswitch *sw)
{
	if (likely(sw->aged_at == (uint64_t)sw->now + 1))
		return;
	if (fdb_age(sw->fdb, sw->now, AGE_BUDGET) == 0)
		sw->aged_at = (uint64_t)sw->now + 1;
	stat_show(&sw->stats->aged, fdb_expired(sw->fdb));
	show_flows(sw);
}

void show_blocked(struct vswitch *sw)
{
	for (unsigned int p = 0; p < sw->ports; p++) {
		struct vswitch_port_stats *shown = sw->port[p].shown;

		stat_show(&shown->blocked, bit_in(sw->state.flap.blocked, p));
		stat_show(&shown->times_blocked, sw->state.flap.port[p].times);
	}
}

/* Ports that were cut off get another chance when their time is over. */
static void release_ports(struct vswitch *sw)
{
	if (unlikely(sw->state.flap.blocked) &&
	    flap_tick(&sw->state.flap, sw->now_ns))
		show_blocked(sw);
}

static uint64_t visit_all(struct vswitch *sw, uint64_t ports)
{
	uint64_t more = 0;

	while (ports) {
		unsigned int number = bit_pop(&ports);

		if (visit(sw, number))
			more |= bit(number);
	}
	return more;
}

uint64_t vswitch_run(struct vswitch *sw, uint64_t ports, uint64_t now_ns,
		     uint64_t *ring)
{
	uint64_t first, more;

	sw->now_ns = now_ns;
	sw->now = (uint32_t)(now_ns / 1000000000u);
	age(sw);
	release_ports(sw);
	/* Each run starts behind the port the last one started with. */
	ports &= sw->present;
	first = bit_from(ports, sw->turn);
	if (ports)
		sw->turn = (bit_first(first ? first : ports) + 1) % MAX_PORTS;
	more = visit_all(sw, first);
	more |= visit_all(sw, ports & ~first);
	*ring |= port_rings(sw);
	return more;
}

/* Arm one port that is up; true if something came meanwhile. */
static bool arm(struct vswitch *sw, unsigned int number)
{
	struct port *p = &sw->port[number];
	int pending = queue_arm(&p->in_active);

	if (likely(pending == 0)) {
		sw->armed |= bit(number);
		return false;
	}
	if (pending < 0) {
		port_fault(sw, number);
		return false;
	}
	queue_disarm(&p->in_active);
	sw->armed &= ~bit(number);
	return true;
}

uint64_t vswitch_arm(struct vswitch *sw, uint64_t ports)
{
	uint64_t again = 0;

	ports &= sw->present;
	while (ports) {
		unsigned int number = bit_pop(&ports);
		const struct port *p = &sw->port[number];

		if (link_epoch(p->link) != p->epoch ||
		    (bit_in(sw->receivers, number) && arm(sw, number)))
			again |= bit(number);
	}
	return again;
}
