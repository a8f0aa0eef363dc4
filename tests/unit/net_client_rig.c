/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/lines.h"
#include "tests/unit/net_client_rig.h"

void *nc_zeroed(size_t size)
{
	void *p = aligned_alloc(64, in_lines(size));

	assert_non_null(p);
	return memset(p, 0, size);
}

void nc_link_up(struct fixture *f)
{
	struct net_client_config *k = &f->config;
	size_t size = queue_region_size(k->capacity);

	memset(k->rx_active, 0, size);
	memset(k->rx_free, 0, size);
	queue_producer_init(&f->rx_active, k->rx_active, k->capacity);
	queue_consumer_init(&f->rx_free, k->rx_free, k->capacity);
	if (k->tx_active) {
		memset(k->tx_active, 0, size);
		memset(k->tx_free, 0, size);
		queue_consumer_init(&f->tx_active, k->tx_active, k->capacity);
		queue_producer_init(&f->tx_free, k->tx_free, k->capacity);
	}
	atomic_store(&f->page.epoch, (atomic_load(&f->page.epoch) + 1) | 1u);
}

void nc_link_down(struct fixture *f)
{
	atomic_store(&f->page.epoch, (atomic_load(&f->page.epoch) + 2) & ~1u);
}

struct fixture *nc_make_of(unsigned int n, bool transmits)
{
	struct fixture *f = nc_zeroed(sizeof(*f));
	struct net_client_config *k = &f->config;
	size_t size;

	k->rx_active = nc_zeroed(queue_region_size(n));
	k->rx_free = nc_zeroed(queue_region_size(n));
	k->rx_data = nc_zeroed((size_t)n * SIZE);
	k->rx_size = (size_t)n * SIZE;
	if (transmits) {
		k->tx_active = nc_zeroed(queue_region_size(n));
		k->tx_free = nc_zeroed(queue_region_size(n));
		k->tx_data = nc_zeroed((size_t)n * SIZE);
		k->tx_size = (size_t)n * SIZE;
	}
	k->capacity = n;
	k->buffer_size = SIZE;
	k->max_frame = LONGEST;
	k->link = &f->page;
	size = net_client_size(k);
	f->c = net_client_init(nc_zeroed(size), size, k);
	assert_non_null(f->c);
	return f;
}

struct fixture *nc_make(bool transmits)
{
	return nc_make_of(N, transmits);
}

int nc_setup(void **state)
{
	struct fixture *f = nc_make(true);

	nc_link_up(f);
	assert_int_equal(net_client_state(f->c), NET_CLIENT_UP);
	*state = f;
	return 0;
}

void nc_unmake(struct fixture *f)
{
	free(f->config.tx_active);
	free(f->config.tx_free);
	free(f->config.rx_active);
	free(f->config.rx_free);
	free(f->config.tx_data);
	free((void *)(uintptr_t)f->config.rx_data);
	free(f->c);
	free(f);
}

int nc_teardown(void **state)
{
	nc_unmake(*state);
	return 0;
}

/* --- the switch --------------------------------------------------------- */

int switch_takes(struct fixture *f)
{
	struct net_desc d;

	if (queue_pending(&f->tx_active) <= 0)
		return -1;
	d = queue_peek(&f->tx_active, 0);
	queue_release(&f->tx_active, 1);
	queue_put(&f->tx_free, d.io_or_offset, 0);
	queue_publish(&f->tx_free);
	return d.len;
}

bool switch_gives(struct fixture *f, uint16_t len, uint8_t byte)
{
	uint8_t *data = (uint8_t *)(uintptr_t)f->config.rx_data;
	struct net_desc d;

	if (queue_pending(&f->rx_free) <= 0)
		return false;
	d = queue_peek(&f->rx_free, 0);
	queue_release(&f->rx_free, 1);
	memset(data + d.io_or_offset, byte, len);
	queue_put(&f->rx_active, d.io_or_offset, len);
	queue_publish(&f->rx_active);
	return true;
}
