/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/lines.h"
#include "tests/unit/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* --- making and unmaking ------------------------------------------------ */

static void *allocate(size_t size)
{
	void *p = aligned_alloc(64, in_lines(size));

	assert_non_null(p);
	return memset(p, 0, size);
}

struct rig *rig_new_with(const struct vswitch_tables *tables)
{
	struct rig *r = calloc(1, sizeof(*r));
	size_t size = vswitch_size(tables);

	assert_non_null(r);
	assert_true(size > 0);
	r->memory = allocate(size);
	/* As long as the largest, for tests that look at all of it. */
	r->stats = allocate(sizeof(*r->stats));
	r->sw = vswitch_init(r->memory, size, tables, r->stats);
	assert_non_null(r->sw);
	r->now = 1000000000ull;
	return r;
}

struct rig *rig_new(const struct fdb_config *fdb)
{
	static const struct fdb_config usual = {
		.capacity = 1024,
		.ageing = 300,
		.seed = 0x5eed,
	};
	struct vswitch_tables tables = {
		.fdb = fdb ? *fdb : usual,
		.flows = 256,
		.groups = 64,
	};

	/* A switch that was built without them (base/with.h). */
	if (vswitch_size(&tables) == 0)
		tables.flows = tables.groups = 0;
	return rig_new_with(&tables);
}

struct rig *rig_clients(unsigned int n)
{
	struct rig *r = rig_new(NULL);

	for (unsigned int i = 0; i < n; i++)
		rig_add(r, i, NULL);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int k = 0; k < n; k++)
			if (i != k)
				rig_allow(r, i, k);
	return r;
}

static void free_half(struct vswitch_half *h)
{
	free(h->active);
	free(h->free);
	free(h->data);
}

void rig_free(struct rig *r)
{
	for (unsigned int i = 0; i < MAX_PORTS; i++) {
		free_half(&r->port[i].config.ingress);
		free_half(&r->port[i].config.egress);
		free(r->port[i].tx);
	}
	free(r->memory);
	free(r->stats);
	free(r);
}

static void make_half(struct vswitch_half *h, uint32_t buffers,
		      uint32_t buffer_size)
{
	h->capacity = QUEUE_MIN_CAPACITY;
	while (h->capacity < buffers)
		h->capacity *= 2;
	h->buffer_size = buffer_size;
	h->data_size = (size_t)buffers * buffer_size;
	h->active = allocate(queue_region_size(h->capacity));
	h->free = allocate(queue_region_size(h->capacity));
	h->data = allocate(h->data_size);
}

void rig_add(struct rig *r, unsigned int port,
	     const struct rig_options *options)
{
	static const struct rig_options usual;
	struct rig_port *p = &r->port[port];
	const struct rig_options *o = options ? options : &usual;
	uint32_t size = o->buffer_size ? o->buffer_size : 2048;

	p->buffers = o->buffers ? o->buffers : 16;
	p->exists = true;
	p->config = (struct vswitch_port_config){
		.kind = o->kind,
		.fill = o->fill,
		.link = &p->page,
		.max_frame = o->max_frame ? o->max_frame : 1518,
		.offload = o->offload,
		.max_segment = o->max_segment,
		.forward_reserved = o->forward_reserved,
		.sticky = o->sticky,
		.capture_of = o->capture_of,
		.capture_drops = o->capture_drops,
	};
	make_half(&p->config.egress, p->buffers, size);
	if (o->kind != VSWITCH_PORT_CAPTURE)
		make_half(&p->config.ingress, p->buffers, size);
	p->tx = calloc(p->buffers, sizeof(*p->tx));
	assert_non_null(p->tx);
	assert_int_equal(vswitch_add_port(r->sw, port, &p->config), 0);
	rig_up(r, port);
	rig_run(r, RIG_BIT(port));
}

void rig_allow(struct rig *r, unsigned int from, unsigned int to)
{
	vswitch_policy(r->sw)->port[from].allow |= RIG_BIT(to);
}

void rig_deny(struct rig *r, unsigned int from, unsigned int to)
{
	vswitch_policy(r->sw)->port[from].allow &= ~RIG_BIT(to);
}

void rig_lock(struct rig *r, unsigned int port, uint64_t mac)
{
	struct policy *policy = vswitch_policy(r->sw);

	policy->port[port].locked = mac != 0;
	policy->port[port].locked_mac = mac;
	policy_settle(policy);
}

/* --- running ------------------------------------------------------------ */

uint64_t rig_run(struct rig *r, uint64_t ports)
{
	uint64_t ring = 0;
	unsigned int rounds = 0;

	while (ports) {
		ports = vswitch_run(r->sw, ports, r->now, &ring);
		/* 64 ports with full queues of the largest size. */
		assert_in_range(rounds++, 0, 64 * 32768 / VSWITCH_BUDGET);
	}
	return ring;
}

static void zero_half(struct vswitch_half *h)
{
	if (h->active == NULL)
		return;
	memset(h->active, 0, queue_region_size(h->capacity));
	memset(h->free, 0, queue_region_size(h->capacity));
}

void rig_down(struct rig *r, unsigned int port)
{
	struct rig_port *p = &r->port[port];
	uint32_t epoch = atomic_load(&p->page.epoch);

	atomic_store(&p->page.epoch, (epoch + 2) & ~1u);
	p->n_tx = 0;
	p->lent = 0;
}

void rig_up(struct rig *r, unsigned int port)
{
	struct rig_port *p = &r->port[port];
	struct vswitch_port_config *c = &p->config;

	zero_half(&c->ingress);
	zero_half(&c->egress);
	p->n_tx = 0;
	p->lent = 0;
	if (c->ingress.active) {
		queue_producer_init(&p->tx_active, c->ingress.active,
				    c->ingress.capacity);
		queue_consumer_init(&p->tx_free, c->ingress.free,
				    c->ingress.capacity);
	}
	queue_consumer_init(&p->rx_active, c->egress.active,
			    c->egress.capacity);
	queue_producer_init(&p->rx_free, c->egress.free, c->egress.capacity);
	for (uint32_t i = 0; i < p->buffers; i++) {
		if (c->kind == VSWITCH_PORT_CLIENT)
			p->tx[p->n_tx++] = i;
		rig_lend(r, port, i);
	}
	atomic_store(&p->page.epoch, (atomic_load(&p->page.epoch) + 1) | 1u);
}

void rig_hand_over(struct rig *r, unsigned int port)
{
	struct rig_port *p = &r->port[port];

	rig_down(r, port);
	rig_run(r, RIG_BIT(port));
	zero_half(&p->config.ingress);
	zero_half(&p->config.egress);
	atomic_store(&p->page.epoch, (atomic_load(&p->page.epoch) + 1) | 1u);
	rig_run(r, RIG_BIT(port));
}

void rig_down_up(struct rig *r, unsigned int port)
{
	rig_down(r, port);
	rig_run(r, RIG_BIT(port));
	rig_up(r, port);
	rig_run(r, RIG_BIT(port));
}

/* --- sending ------------------------------------------------------------ */

void rig_send_raw(struct rig *r, unsigned int port, uint64_t offset,
		  uint16_t len)
{
	queue_put(&r->port[port].tx_active, offset, len);
	queue_publish(&r->port[port].tx_active);
}

bool rig_send(struct rig *r, unsigned int port, const void *frame, uint16_t len)
{
	return rig_send_offload(r, port, frame, len, (struct offload){ 0 });
}

bool rig_send_offload(struct rig *r, unsigned int port, const void *frame,
		      uint16_t len, struct offload o)
{
	struct rig_port *p = &r->port[port];
	struct vswitch_half *h = &p->config.ingress;
	size_t offset;
	size_t copied = len < h->buffer_size ? len : h->buffer_size;

	rig_reap(r, port);
	if (p->n_tx == 0)
		return false;
	offset = (size_t)p->tx[--p->n_tx] * h->buffer_size;
	/* What lies behind the frame is nobody's business. */
	memset(h->data + offset, 0x5e, h->buffer_size);
	memcpy(h->data + offset, frame, copied);
	queue_put_offload(&p->tx_active, offset, len, o);
	queue_publish(&p->tx_active);
	return true;
}

unsigned int rig_reap(struct rig *r, unsigned int port)
{
	struct rig_port *p = &r->port[port];
	struct vswitch_half *h = &p->config.ingress;
	int n = queue_pending(&p->tx_free);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		uint64_t offset =
			queue_peek(&p->tx_free, (unsigned int)i).io_or_offset;

		assert_in_range(offset, 0, h->data_size - h->buffer_size);
		assert_int_equal(offset % h->buffer_size, 0);
		for (uint32_t k = 0; k < p->n_tx; k++)
			assert_int_not_equal(p->tx[k], offset / h->buffer_size);
		assert_in_range(p->n_tx, 0, p->buffers - 1);
		p->tx[p->n_tx++] = (uint32_t)(offset / h->buffer_size);
	}
	queue_release(&p->tx_free, (unsigned int)n);
	return (unsigned int)n;
}

/* --- receiving ---------------------------------------------------------- */

uint8_t *rig_buffer(struct rig *r, unsigned int port, uint32_t buffer)
{
	struct vswitch_half *h = &r->port[port].config.egress;

	return h->data + (size_t)buffer * h->buffer_size;
}

void rig_lend(struct rig *r, unsigned int port, uint32_t buffer)
{
	struct rig_port *p = &r->port[port];
	struct vswitch_half *h = &p->config.egress;

	memset(rig_buffer(r, port, buffer), RIG_POISON, h->buffer_size);
	queue_put(&p->rx_free, (uint64_t)buffer * h->buffer_size, 0);
	queue_publish(&p->rx_free);
	p->lent++;
}

uint32_t rig_take(struct rig *r, unsigned int port, uint16_t *len)
{
	struct rig_port *p = &r->port[port];
	struct vswitch_half *h = &p->config.egress;
	struct net_desc d;
	int n = queue_pending(&p->rx_active);

	assert_true(n >= 0);
	if (n == 0)
		return RIG_NO_BUFFER;
	d = queue_peek_offload(&p->rx_active, 0);
	queue_release(&p->rx_active, 1);
	p->offload = queue_offload(&d);
	assert_true(p->config.offload || !offload_any(p->offload));
	assert_int_equal(d.io_or_offset % h->buffer_size, 0);
	assert_in_range(d.io_or_offset, 0, h->data_size - h->buffer_size);
	assert_in_range(d.len, FRAME_MIN, h->buffer_size);
	p->lent--;
	*len = d.len;
	return (uint32_t)(d.io_or_offset / h->buffer_size);
}

int rig_receive(struct rig *r, unsigned int port, void *frame)
{
	uint16_t len;
	uint32_t buffer = rig_take(r, port, &len);

	if (buffer == RIG_NO_BUFFER)
		return -1;
	if (frame)
		memcpy(frame, rig_buffer(r, port, buffer), len);
	rig_lend(r, port, buffer);
	return len;
}

unsigned int rig_drain(struct rig *r, unsigned int port)
{
	unsigned int n = 0;

	while (rig_receive(r, port, NULL) >= 0)
		n++;
	return n;
}

/* --- frames ------------------------------------------------------------- */

static void put_mac(uint8_t *p, uint64_t mac)
{
	for (unsigned int i = 0; i < 6; i++)
		p[i] = (uint8_t)(mac >> (40 - 8 * i));
}

uint16_t rig_frame(uint8_t *frame, uint64_t dst, uint64_t src, uint16_t len)
{
	uint32_t x = (uint32_t)(dst * 31 + src * 17 + len);

	put_mac(frame, dst);
	put_mac(frame + 6, src);
	frame[12] = 0x08;
	frame[13] = 0x00;
	for (unsigned int i = 14; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		frame[i] = (uint8_t)(x >> 24);
	}
	return len;
}

uint16_t rig_tag(uint8_t *frame, uint16_t len, uint16_t tpid, uint16_t tci)
{
	memmove(frame + 16, frame + 12, len - 12u);
	frame[12] = (uint8_t)(tpid >> 8);
	frame[13] = (uint8_t)tpid;
	frame[14] = (uint8_t)(tci >> 8);
	frame[15] = (uint8_t)tci;
	return (uint16_t)(len + 4);
}

void rig_teach(struct rig *r, unsigned int port, uint64_t mac)
{
	uint8_t frame[60];

	rig_frame(frame, MAC_BROADCAST, mac, sizeof(frame));
	assert_true(rig_send(r, port, frame, sizeof(frame)));
	rig_run(r, RIG_BIT(port));
	rig_reap(r, port);
	for (unsigned int i = 0; i < MAX_PORTS; i++)
		if (r->port[i].exists)
			rig_drain(r, i);
	assert_int_equal(fdb_lookup(vswitch_fdb(r->sw), mac, 0,
				    (uint32_t)(r->now / 1000000000ull)),
			 port);
}

/* --- counters ----------------------------------------------------------- */

uint64_t rig_drops(const struct rig *r, unsigned int port,
		   enum vswitch_reason reason)
{
	return r->stats->port[port].drops[reason];
}

uint64_t rig_all_drops(const struct rig *r)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < MAX_PORTS; i++)
		for (unsigned int k = 0; k < REASON_COUNT; k++)
			sum += rig_drops(r, i, k);
	return sum;
}
