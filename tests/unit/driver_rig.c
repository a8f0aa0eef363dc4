/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/driver_rig.h"

void *d_memory(size_t size)
{
	void *p = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);

	assert_non_null(p);
	return memset(p, 0, size);
}

void d_frame(uint8_t *frame, size_t len, unsigned int which)
{
	for (size_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(which * 31 + i * 7 + (i >> 8));
	if (len >= 14) {
		frame[12] = 0x88;
		frame[13] = 0xb5;
	}
}

void d_is_frame(const uint8_t *got, size_t got_len, size_t len,
		unsigned int which)
{
	uint8_t want[D_BUFFER];

	assert_int_equal(got_len, len);
	d_frame(want, len, which);
	assert_memory_equal(got, want, len);
}

uint8_t *d_transmit(struct driver_rig *r)
{
	return (uint8_t *)(uintptr_t)r->config.transmit;
}

struct driver_rig *d_make(struct net_card *card, bool uncached)
{
	struct driver_rig *r = d_memory(sizeof(*r));
	size_t queue = queue_region_size(D_CAPACITY);

	r->config = (struct net_config){
		.rx_active = d_memory(queue),
		.rx_free = d_memory(queue),
		.tx_active = d_memory(queue),
		.tx_free = d_memory(queue),
		.capacity = D_CAPACITY,
		.receive = d_memory(D_REGION),
		.receive_size = D_REGION,
		.transmit = d_memory(D_REGION),
		.transmit_size = D_REGION,
		.buffer_size = D_BUFFER,
		.max_frame = D_MAX_FRAME,
		.link = &r->link,
		.status = &r->status,
		.doorbells = r->doorbell,
		.copy = copy_for(uncached),
		.card = card,
	};
	assert_int_equal(net_init(&r->net, &r->config), 0);
	net_carrier(&r->net, true);
	return r;
}

void d_free(struct driver_rig *r)
{
	free(r->config.rx_active);
	free(r->config.rx_free);
	free(r->config.tx_active);
	free(r->config.tx_free);
	free(r->config.receive);
	free(d_transmit(r));
	free(r);
}

void d_down(struct driver_rig *r)
{
	atomic_store(&r->link.epoch, (atomic_load(&r->link.epoch) + 2) & ~1u);
}

void d_up(struct driver_rig *r)
{
	size_t queue = queue_region_size(D_CAPACITY);
	const struct net_config *c = &r->config;

	memset(c->rx_active, 0, queue);
	memset(c->rx_free, 0, queue);
	memset(c->tx_active, 0, queue);
	memset(c->tx_free, 0, queue);
	queue_consumer_init(&r->rx_active, c->rx_active, D_CAPACITY);
	queue_producer_init(&r->rx_free, c->rx_free, D_CAPACITY);
	queue_producer_init(&r->tx_active, c->tx_active, D_CAPACITY);
	queue_consumer_init(&r->tx_free, c->tx_free, D_CAPACITY);
	atomic_store(&r->link.epoch, (atomic_load(&r->link.epoch) + 1) | 1u);
}

void d_lend(struct driver_rig *r, unsigned int first, unsigned int count)
{
	for (unsigned int i = first; i < first + count; i++)
		queue_put(&r->rx_free, (uint64_t)i * D_BUFFER, 0);
	queue_publish(&r->rx_free);
}

void d_send(struct driver_rig *r, unsigned int index, uint16_t len,
	    unsigned int which)
{
	d_frame(d_transmit(r) + (size_t)index * D_BUFFER, len, which);
	queue_put(&r->tx_active, (uint64_t)index * D_BUFFER, len);
	queue_publish(&r->tx_active);
}

bool d_take(struct queue_consumer *q, struct net_desc *d)
{
	if (queue_pending(q) <= 0)
		return false;
	*d = queue_peek(q, 0);
	queue_release(q, 1);
	return true;
}

uint64_t d_received(struct driver_rig *r, size_t len, unsigned int which)
{
	struct net_desc d;

	assert_true(d_take(&r->rx_active, &d));
	assert_true(d.io_or_offset < D_REGION);
	assert_int_equal(d.io_or_offset % D_BUFFER, 0);
	d_is_frame(r->config.receive + d.io_or_offset, d.len, len, which);
	return d.io_or_offset;
}

void d_run(struct driver_rig *r)
{
	for (unsigned int i = 0; i < 10000; i++)
		if (!net_run(&r->net) && !net_arm(&r->net))
			return;
	fail_msg("it does not come to rest");
}
