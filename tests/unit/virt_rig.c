/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/virt_rig.h"

#include <stdlib.h>
#include <string.h>

struct virt_direction virt_rx_offset = { true, NET_VIRT_OFFSET };
struct virt_direction virt_rx_io = { true, NET_VIRT_IO };
struct virt_direction virt_tx_offset = { false, NET_VIRT_OFFSET };
struct virt_direction virt_tx_io = { false, NET_VIRT_IO };

static void *zeroed(size_t size)
{
	void *p = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);

	if (p == NULL)
		abort();
	return memset(p, 0, size);
}

static void make_queues(struct net_virt_queues *q, uint32_t capacity,
			struct link_page *link)
{
	q->active = zeroed(queue_region_size(capacity));
	q->free = zeroed(queue_region_size(capacity));
	q->capacity = capacity;
	q->link = link;
}

/* A side starts over with empty queues. */
static void reset_peer(struct virt_rig *r, struct virt_peer *p)
{
	const struct net_virt_queues *q =
		p->side == NET_VIRT_DRIVER ? &r->config.driver : &r->config.sw;
	bool source = p == &r->source;

	memset(q->active, 0, queue_region_size(q->capacity));
	memset(q->free, 0, queue_region_size(q->capacity));
	queue_producer_init(&p->put, source ? q->active : q->free, q->capacity);
	queue_consumer_init(&p->get, source ? q->free : q->active, q->capacity);
}

struct virt_rig *virt_rig_make(bool rx, enum net_virt_addresses addresses,
			       uint32_t buffers)
{
	struct virt_rig *r = zeroed(sizeof(*r));
	struct virt_peer *driver = rx ? &r->source : &r->sink;

	r->buffers = buffers;
	make_queues(&r->config.driver, buffers, &r->link[NET_VIRT_DRIVER]);
	make_queues(&r->config.sw, buffers, &r->link[NET_VIRT_SWITCH]);
	r->config.source = rx ? NET_VIRT_DRIVER : NET_VIRT_SWITCH;
	r->config.buffer_size = VIRT_BUFFER;
	r->config.data_size = VIRT_AT(buffers);
	r->config.data = zeroed(r->config.data_size);
	r->config.addresses = addresses;
	r->config.io = VIRT_IO;
	r->config.stats = &r->stats;
	r->source.side = r->config.source;
	r->sink.side = rx ? NET_VIRT_SWITCH : NET_VIRT_DRIVER;
	driver->base = addresses == NET_VIRT_IO ? VIRT_IO : 0;
	reset_peer(r, &r->source);
	reset_peer(r, &r->sink);
	return r;
}

bool virt_rig_init(struct virt_rig *r)
{
	size_t size = net_virt_size(&r->config);

	if (size == 0)
		return false;
	r->memory = zeroed(size);
	r->v = net_virt_init(r->memory, size, &r->config);
	return r->v != NULL;
}

struct virt_rig *virt_rig_start(bool rx, enum net_virt_addresses addresses,
				uint32_t buffers)
{
	struct virt_rig *r = virt_rig_make(rx, addresses, buffers);

	if (!virt_rig_init(r))
		abort();
	virt_rig_up(r, &r->source);
	virt_rig_up(r, &r->sink);
	virt_rig_run(r);
	return r;
}

void virt_rig_free(struct virt_rig *r)
{
	free(r->config.driver.active);
	free(r->config.driver.free);
	free(r->config.sw.active);
	free(r->config.sw.free);
	free(r->config.data);
	free(r->memory);
	free(r);
}

bool virt_rig_run_once(struct virt_rig *r, unsigned int *ring)
{
	return net_virt_run(r->v, ring);
}

unsigned int virt_rig_run(struct virt_rig *r)
{
	unsigned int ring = 0;

	while (virt_rig_run_once(r, &ring))
		;
	return ring;
}

bool virt_rig_arm(struct virt_rig *r)
{
	return net_virt_arm(r->v);
}

void virt_rig_down(struct virt_rig *r, struct virt_peer *p)
{
	uint32_t epoch = atomic_load(&r->link[p->side].epoch);

	atomic_store(&r->link[p->side].epoch, (epoch + 2) & ~1u);
}

void virt_rig_up(struct virt_rig *r, struct virt_peer *p)
{
	uint32_t epoch = atomic_load(&r->link[p->side].epoch);

	reset_peer(r, p);
	atomic_store(&r->link[p->side].epoch, (epoch + 1) | 1u);
}

void virt_put(struct virt_peer *p, uint64_t offset, uint16_t len)
{
	queue_put(&p->put, p->base + offset, len);
	queue_publish(&p->put);
}

int virt_get(struct virt_peer *p, uint16_t *len)
{
	struct net_desc d;

	if (queue_pending(&p->get) <= 0)
		return -1;
	d = queue_peek(&p->get, 0);
	queue_release(&p->get, 1);
	if (len)
		*len = d.len;
	return (int)((d.io_or_offset - p->base) / VIRT_BUFFER);
}

uint64_t virt_refused(const struct virt_rig *r, const struct virt_peer *p,
		      enum net_virt_reason why)
{
	return r->stats.side[p->side].refused[why];
}

uint64_t virt_all_refused(const struct virt_rig *r)
{
	uint64_t sum = 0;

	for (unsigned int s = 0; s < NET_VIRT_SIDES; s++)
		for (unsigned int w = 0; w < NET_VIRT_REASON_COUNT; w++)
			sum += r->stats.side[s].refused[w];
	return sum;
}

bool virt_rig_conserved(struct virt_rig *r)
{
	uint8_t *seen = calloc(r->buffers, 1);
	uint32_t count = 0;
	bool doubled = false;
	int index;

	virt_rig_down(r, &r->source);
	virt_rig_down(r, &r->sink);
	virt_rig_run(r);
	virt_rig_up(r, &r->source);
	virt_rig_up(r, &r->sink);
	virt_rig_run(r);
	while ((index = virt_get(&r->source, NULL)) >= 0) {
		if ((uint32_t)index >= r->buffers || seen[index]++)
			doubled = true;
		count++;
	}
	free(seen);
	return !doubled && count == r->buffers;
}

struct virt_rig *virt_rig_for(void **state, uint32_t buffers)
{
	const struct virt_direction *d = *state;

	return virt_rig_start(d->rx, d->addresses, buffers);
}
