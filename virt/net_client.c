/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client's side of a switch port.
 *
 * The switch is not trusted.  Private memory records where each buffer is, and
 * a descriptor from the switch only requests a move of a lent buffer back to
 * us.  So whatever the switch writes, a buffer never has two owners, and the
 * number of buffers does not change.
 */
#include "base/mem.h"
#include "virt/net_client_impl.h"

/*
 * With so many bytes of transmit buffers away it is looked whether some have
 * come back: they are used again while they are in the cache, before those that
 * never were.
 */
#define ABROAD 0x40000u

/* --- making one --------------------------------------------------------- */

static bool region_ok(const void *data, size_t size,
		      const struct net_client_config *c)
{
	size_t count = size / c->buffer_size;

	return data != NULL && count > 0 && count <= c->capacity;
}

static bool config_ok(const struct net_client_config *c)
{
	uint32_t b = c->buffer_size;

	if (!queue_capacity_ok(c->capacity) || b == 0 || (b & (b - 1)) != 0 ||
	    c->max_frame == 0 || c->max_frame > b || c->max_frame > UINT16_MAX)
		return false;
	if (!offload_port_ok(c->offload, c->max_frame, c->max_segment) ||
	    c->max_segment > b)
		return false;
	if (c->rx_active == NULL || c->rx_free == NULL ||
	    !region_ok(c->rx_data, c->rx_size, c))
		return false;
	return c->tx_active == NULL ||
	       (c->tx_free != NULL && region_ok(c->tx_data, c->tx_size, c));
}

static uint32_t tx_buffers(const struct net_client_config *c)
{
	return c->tx_active != NULL ? (uint32_t)(c->tx_size / c->buffer_size)
				    : 0;
}

static uint32_t rx_buffers(const struct net_client_config *c)
{
	return (uint32_t)(c->rx_size / c->buffer_size);
}

size_t net_client_size(const struct net_client_config *config)
{
	if (!config_ok(config))
		return 0;
	return sizeof(struct net_client) +
	       (tx_buffers(config) + rx_buffers(config)) *
		       (sizeof(uint16_t) + 1u);
}

struct net_client *net_client_init(void *memory, size_t size,
				   const struct net_client_config *config)
{
	size_t need = net_client_size(config);
	struct net_client *c = memory;

	if (need == 0 || size < need)
		return NULL;
	memset(c, 0, need);
	c->config = *config;
	c->carrier = link_carrier(config->link);
	c->shift = (uint32_t)__builtin_ctz(config->buffer_size);
	c->tx_count = tx_buffers(config);
	c->rx_count = rx_buffers(config);
	c->stack = (uint16_t *)(c + 1);
	c->reserve = c->rx_count;
	c->rx_stack = c->stack + c->tx_count;
	c->tx_where = (uint8_t *)(c->rx_stack + c->rx_count);
	c->rx_where = c->tx_where + c->tx_count;
	return c;
}

void net_rx_reserve(struct net_client *c, uint32_t frames)
{
	if (frames < c->rx_count)
		c->reserve = frames;
}

/* --- links -------------------------------------------------------------- */

/* A new epoch: the queues are empty and every buffer is ours. */
static void begin(struct net_client *c)
{
	const struct net_client_config *f = &c->config;

	queue_consumer_init(&c->rx_active, f->rx_active, f->capacity);
	queue_producer_init(&c->rx_free, f->rx_free, f->capacity);
	queue_disarm(&c->rx_active);
	c->rx_lent = c->rx_home = 0;
	for (uint32_t i = c->rx_count; i > c->reserve; i--) {
		c->rx_where[i - 1] = HOME;
		c->rx_stack[c->rx_home++] = (uint16_t)(i - 1);
	}
	for (uint32_t i = 0; i < c->reserve; i++)
		lend_rx(c, i);
	queue_publish(&c->rx_free);
	c->home = 0;
	if (c->tx_count == 0)
		return;
	queue_producer_init(&c->tx_active, f->tx_active, f->capacity);
	queue_consumer_init(&c->tx_free, f->tx_free, f->capacity);
	queue_disarm(&c->tx_free);
	for (uint32_t i = c->tx_count; i > 0; i--) {
		c->tx_where[i - 1] = HOME;
		c->stack[c->home++] = (uint16_t)(i - 1);
	}
}

enum net_client_state net_client_state(struct net_client *c)
{
	uint32_t epoch = link_epoch(c->config.link);

	if (epoch == c->epoch)
		return c->state;
	c->epoch = epoch;
	c->tx_dirty = false;
	c->rx_dirty = false;
	c->state = NET_CLIENT_DOWN;
	if (link_is_up(epoch)) {
		c->state = NET_CLIENT_UP;
		c->counters.resets++;
		begin(c);
	}
	return c->state;
}

bool net_client_carrier(struct net_client *c)
{
	c->carrier = link_carrier(c->config.link);
	return is_up(c) && c->carrier;
}

/* --- transmit ----------------------------------------------------------- */

/* Which of @count buffers a descriptor names, or @count if none. */
static uint32_t buffer_of(const struct net_client *c, uint64_t offset,
			  uint32_t count)
{
	uint64_t index = offset >> c->shift;

	if (index >= count || (offset & (c->config.buffer_size - 1)) != 0)
		return count;
	return (uint32_t)index;
}

static void collect(struct net_client *c)
{
	unsigned int n = pending(c, &c->tx_free);

	for (unsigned int i = 0; i < n; i++) {
		struct net_desc d = queue_peek(&c->tx_free, i);
		uint32_t index = buffer_of(c, d.io_or_offset, c->tx_count);

		if (index == c->tx_count || c->tx_where[index] != LENT) {
			c->counters.bad_free++;
			continue;
		}
		c->tx_where[index] = HOME;
		c->stack[c->home++] = (uint16_t)index;
	}
	if (n > 0)
		queue_release(&c->tx_free, n);
}

/* Bytes of the buffers that are not here. */
static uint64_t away(const struct net_client *c)
{
	return (uint64_t)(c->tx_count - c->home) << c->shift;
}

unsigned int net_tx_alloc(struct net_client *c, struct net_buffer *buffers,
			  unsigned int count)
{
	uint8_t *data = c->config.tx_data, *where = c->tx_where;
	const uint32_t shift = c->shift;
	const uint16_t *stack;
	unsigned int n = 0;

	if (!is_up(c) || c->tx_count == 0)
		return 0;
	if (c->home < count || away(c) >= ABROAD)
		collect(c);
	if (count > c->home)
		count = c->home;
	/* Locals: what is written might be the client, as far as is known. */
	stack = c->stack + c->home;
	for (; n < count; n++) {
		uint16_t index = *--stack;

		where[index] = HELD;
		buffers[n] = (struct net_buffer){
			.data = data + ((size_t)index << shift),
			.index = index,
		};
	}
	c->home -= n;
	return n;
}

/* Does the caller hold this buffer? Not if it is of an earlier epoch. */
static bool tx_is_held(const struct net_client *c, const struct net_buffer *b)
{
	return b->index < c->tx_count && c->tx_where[b->index] == HELD;
}

static void tx_home(struct net_client *c, uint16_t index)
{
	c->tx_where[index] = HOME;
	c->stack[c->home++] = index;
}

void net_tx_cancel(struct net_client *c, const struct net_buffer *buffers,
		   unsigned int count)
{
	if (!is_up(c))
		return;
	for (unsigned int i = 0; i < count; i++)
		if (tx_is_held(c, &buffers[i]))
			tx_home(c, buffers[i].index);
}

/* Most bytes a frame with this offload data may have. */
static uint32_t longest_of(const struct net_client *c, struct offload o)
{
	return o.flags & OFFLOAD_TYPE ? c->config.max_segment
				      : c->config.max_frame;
}

/* What is to be said of a buffer's frame on this connection. */
static struct offload offload_of(const struct net_client *c,
				 const struct net_buffer *b)
{
	return c->config.offload ? b->offload : (struct offload){ 0 };
}

void net_tx_burst(struct net_client *c, const struct net_buffer *buffers,
		  unsigned int count)
{
	struct queue_producer active;

	/* A capture client has no queue to publish. */
	if (!is_up(c) || c->tx_count == 0)
		return;
	active = c->tx_active;
	for (unsigned int i = 0; i < count; i++) {
		const struct net_buffer *b = &buffers[i];
		struct offload o = offload_of(c, b);

		if (!tx_is_held(c, b))
			continue;
		if (b->len == 0 || b->len > longest_of(c, o)) {
			c->counters.unsent++;
			tx_home(c, b->index);
			continue;
		}
		c->tx_where[b->index] = LENT;
		queue_put_offload(&active, (uint64_t)b->index << c->shift,
				  b->len, o);
	}
	c->tx_dirty |= active.tail != c->tx_active.tail;
	c->tx_active.tail = active.tail;
	queue_publish(&c->tx_active);
}

/* --- signalling --------------------------------------------------------- */

bool net_client_must_notify(struct net_client *c)
{
	bool notify = false;

	if (!is_up(c) || !(c->rx_dirty || c->tx_dirty))
		return false;
	/* One fence for both queues: see queue.h for why there has to be one. */
	atomic_thread_fence(memory_order_seq_cst);
	if (c->tx_dirty)
		notify |= queue_sleeps(&c->tx_active);
	if (c->rx_dirty)
		notify |= queue_sleeps(&c->rx_free);
	c->rx_dirty = false;
	c->tx_dirty = false;
	return notify;
}

/* Arm a queue, if wanted; true if there is something in it already. */
static bool arm(struct net_client *c, struct queue_consumer *q, bool want)
{
	int n;

	if (!want) {
		queue_disarm(q);
		return false;
	}
	n = queue_arm(q);
	if (n == QUEUE_FAULT)
		fault(c);
	if (n > 0)
		queue_disarm(q);
	return n > 0;
}

bool net_client_arm(struct net_client *c, bool want_rx, bool want_tx)
{
	uint32_t epoch = c->epoch;
	bool carrier = c->carrier, some;

	/* The caller must see a change of the link before it sleeps. */
	net_client_carrier(c);
	if (c->state != NET_CLIENT_UP || c->epoch != epoch)
		return c->epoch != epoch;
	if (c->carrier != carrier)
		return true;
	/* Nobody will look how many are left. */
	if (!want_rx && c->rx_home > 0) {
		lend_up_to(c, 0, c->rx_count);
		queue_publish(&c->rx_free);
	}
	some = arm(c, &c->rx_active, want_rx);
	if (c->state == NET_CLIENT_UP && c->tx_count != 0)
		some |= arm(c, &c->tx_free, want_tx);
	return some;
}

struct net_client_counters net_client_counters(const struct net_client *c)
{
	return c->counters;
}
