/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a switch and its ports; links that come and go; faults.
 *
 * Everything the switch knows of a port's queues is private and belongs to one
 * link epoch.  The end of an epoch and a fault are alike in that the queues are
 * not touched any more and what was learned behind the port is forgotten, so
 * that traffic for it is flooded until it is found again; they differ in that a
 * fault is not over until the epoch is.
 */
#include "vswitch/errno.h"
#include "vswitch/mem.h"
#include "vswitch/switch_impl.h"

#define CACHE_LINE 64u

/* Expired addresses looked for in one run. */
#define AGE_BUDGET 8u

static size_t switch_octets(void)
{
	return (sizeof(struct vswitch) + CACHE_LINE - 1) &
	       ~(size_t)(CACHE_LINE - 1);
}

size_t vswitch_size(const struct fdb_config *fdb)
{
	size_t table = fdb_size(fdb);

	return table != 0 ? switch_octets() + table : 0;
}

struct vswitch *vswitch_init(void *memory, size_t size,
			     const struct fdb_config *fdb,
			     struct vswitch_stats *stats)
{
	size_t need = vswitch_size(fdb);
	struct vswitch *sw = memory;

	if (need == 0 || size < need)
		return NULL;
	memset(sw, 0, sizeof(*sw));
	sw->fdb = fdb_init((uint8_t *)memory + switch_octets(),
			   size - switch_octets(), fdb);
	sw->stats = stats != NULL ? stats : &sw->own_stats;
	memset(sw->stats, 0, sizeof(*sw->stats));
	/* Last: whoever sees it sees the zeros as well. */
	__atomic_store_n(&sw->stats->magic, VSWITCH_STATS_MAGIC,
			 __ATOMIC_RELEASE);
	return sw;
}

/* --- ports ------------------------------------------------------------------ */

static bool half_ok(const struct vswitch_half *h, uint32_t longest)
{
	uint32_t size = h->buffer_size;

	return h->active != NULL && h->free != NULL && h->data != NULL &&
	       queue_capacity_ok(h->capacity) && size >= VSWITCH_MIN_BUFFER &&
	       size <= VSWITCH_MAX_BUFFER && (size & (size - 1)) == 0 &&
	       longest <= size && h->data_size != 0 &&
	       h->data_size % size == 0 && h->data_size / size <= h->capacity;
}

static bool config_ok(const struct vswitch_port_config *c)
{
	if (c->max_frame < FRAME_MIN || c->max_frame > UINT16_MAX)
		return false;
	switch (c->kind) {
	case VSWITCH_PORT_CAPTURE:
		return half_ok(&c->egress, c->max_frame + CAPTURE_HEADROOM);
	case VSWITCH_PORT_CLIENT:
	case VSWITCH_PORT_LINK:
		return half_ok(&c->ingress, c->max_frame) &&
		       half_ok(&c->egress, c->max_frame);
	}
	return false;
}

static unsigned int count_captures(const struct vswitch *sw)
{
	unsigned int n = 0;

	for (uint64_t c = sw->captures; c; c &= c - 1)
		n++;
	return n;
}

int vswitch_add_port(struct vswitch *sw, unsigned int port,
		     const struct vswitch_port_config *config)
{
	bool capture = config->kind == VSWITCH_PORT_CAPTURE;
	struct port *p;

	if (port >= VSWITCH_MAX_PORTS || !config_ok(config))
		return -EINVAL;
	if (bit_in(sw->exist, port))
		return -EEXIST;
	if (capture && count_captures(sw) == VSWITCH_MAX_CAPTURES)
		return -ENOSPC;
	p = &sw->port[port];
	p->config = *config;
	p->stats = &sw->stats->port[port];
	p->stats->state = PORT_DOWN;
	p->in.data = config->ingress.data;
	p->in.size = config->ingress.data_size;
	p->in.mask = config->ingress.buffer_size - 1u;
	p->out.data = config->egress.data;
	p->out.size = config->egress.data_size;
	p->out.mask = config->egress.buffer_size - 1u;
	sw->exist |= bit(port);
	if (capture) {
		sw->captures |= bit(port);
		sw->watched |= config->capture_of;
	} else {
		sw->senders |= bit(port);
	}
	if (sw->stats->ports <= port)
		sw->stats->ports = port + 1;
	return 0;
}

struct policy *vswitch_policy(struct vswitch *sw)
{
	return &sw->policy;
}

struct fdb *vswitch_fdb(struct vswitch *sw)
{
	return sw->fdb;
}

uint64_t vswitch_ports(const struct vswitch *sw)
{
	return sw->exist;
}

uint64_t vswitch_faulted(const struct vswitch *sw)
{
	return sw->faulted;
}

void vswitch_set_tap(struct vswitch *sw,
		     void (*tap)(void *arg, unsigned int port,
				 const struct frame *frame,
				 const struct vswitch_verdict *verdict),
		     void *arg)
{
	sw->tap = tap;
	sw->tap_arg = arg;
}

/* --- links and faults ------------------------------------------------------- */

/* Nothing of what we knew of its queues holds any more. */
static void port_leave(struct vswitch *sw, unsigned int port)
{
	struct egress *out = &sw->port[port].out;

	sw->up &= ~bit(port);
	sw->touched &= ~bit(port);
	out->counted = false;
	out->dirty = false;
	out->taken = 0;
	fdb_flush_port(sw->fdb, port);
}

void port_fault(struct vswitch *sw, unsigned int port)
{
	port_leave(sw, port);
	sw->faulted |= bit(port);
	sw->port[port].stats->faults++;
	sw->port[port].stats->state = PORT_FAULT;
}

/* On a link ours is the receiving side's memory, so we lend the buffers. */
static void fill_free(struct ingress *in, unsigned int port, uint64_t *ring)
{
	for (uint64_t at = 0; at < in->size; at += in->mask + 1)
		queue_put(&in->free, at, 0);
	queue_publish(&in->free);
	if (queue_must_notify(&in->free))
		*ring |= bit(port);
}

/* A new epoch, with all indices zero. */
static void port_enter(struct vswitch *sw, unsigned int port, uint64_t *ring)
{
	struct port *p = &sw->port[port];
	const struct vswitch_half *in = &p->config.ingress;
	const struct vswitch_half *out = &p->config.egress;

	queue_producer_init(&p->out.active, out->active, out->capacity);
	queue_consumer_init(&p->out.free, out->free, out->capacity);
	/* Looked at when a buffer is wanted, never waited for. */
	queue_disarm(&p->out.free);
	if (bit_in(sw->senders, port)) {
		queue_consumer_init(&p->in.active, in->active, in->capacity);
		queue_producer_init(&p->in.free, in->free, in->capacity);
		queue_disarm(&p->in.active);
	}
	if (p->config.kind == VSWITCH_PORT_LINK)
		fill_free(&p->in, port, ring);
	sw->up |= bit(port);
}

void port_sync(struct vswitch *sw, unsigned int port, uint64_t *ring)
{
	struct port *p = &sw->port[port];
	uint32_t epoch = link_epoch(p->config.link);

	if (likely(epoch == p->epoch))
		return;
	port_leave(sw, port);
	sw->faulted &= ~bit(port);
	if (link_is_up(epoch))
		port_enter(sw, port, ring);
	p->epoch = epoch;
	p->stats->state = link_is_up(epoch) ? PORT_UP : PORT_DOWN;
	/* After the last access to the old queues: the monitor may zero them
	 * when it sees this. */
	__atomic_store_n(&p->stats->epoch, epoch, __ATOMIC_RELEASE);
}

/* --- running ---------------------------------------------------------------- */

uint64_t vswitch_run(struct vswitch *sw, uint64_t ports, uint64_t now_ns,
		     uint64_t *ring)
{
	unsigned int start = sw->first;
	uint64_t todo = ports & sw->exist;
	uint64_t more = 0;

	sw->now_ns = now_ns;
	sw->now = to_seconds(now_ns);
	sw->first = (start + 1) % VSWITCH_MAX_PORTS;
	while (todo) {
		uint64_t ahead = bit_from(todo, start);
		unsigned int port = bit_first(ahead ? ahead : todo);

		todo &= ~bit(port);
		port_sync(sw, port, ring);
		if (bit_in(sw->up & sw->senders, port) && visit(sw, port, ring))
			more |= bit(port);
	}
	fdb_age(sw->fdb, sw->now, AGE_BUDGET);
	sw->stats->aged = fdb_expired(sw->fdb);
	return more;
}

uint64_t vswitch_arm(struct vswitch *sw, uint64_t ports)
{
	uint64_t todo = ports & sw->up & sw->senders;
	uint64_t again = 0;

	while (todo) {
		unsigned int port = bit_pop(&todo);
		struct queue_consumer *active = &sw->port[port].in.active;
		int n = queue_arm(active);

		if (n == QUEUE_FAULT) {
			port_fault(sw, port);
		} else if (n > 0) {
			queue_disarm(active);
			again |= bit(port);
		}
	}
	return again;
}

int vswitch_trace(const struct vswitch *sw, unsigned int port,
		  const uint8_t *header, uint32_t len, uint64_t now_ns,
		  struct vswitch_verdict *verdict)
{
	struct frame f;
	bool tag_ok;

	if (port >= VSWITCH_MAX_PORTS || !bit_in(sw->senders, port))
		return -EINVAL;
	memset(verdict, 0, sizeof(*verdict));
	verdict->out = FDB_NO_PORT;
	verdict->learned.was = FDB_NO_PORT;
	if (len < FRAME_MIN || len > sw->port[port].config.max_frame) {
		verdict->reason =
			len < FRAME_MIN ? REASON_RUNT : REASON_OVERSIZE;
		return 0;
	}
	memset(&f, 0, sizeof(f));
	f.len = (uint16_t)len;
	f.snap = (uint16_t)(len < FRAME_SNAP ? len : FRAME_SNAP);
	memcpy(f.bytes, header, f.snap);
	tag_ok = frame_parse(&f);
	decide(sw, port, &f, tag_ok, to_seconds(now_ns), false, verdict);
	return 0;
}
