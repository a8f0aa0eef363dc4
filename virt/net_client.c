/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client's side of a switch port.
 *
 * The switch is not trusted.  Private memory records where each buffer is, and
 * a descriptor from the switch only requests a move of a lent buffer back to
 * us.  So whatever the switch writes, a buffer never has two owners, and the
 * number of buffers does not change.
 */
#include "virt/net_client.h"

#include "base/mem.h"

/*
 * With so many bytes of transmit buffers away it is looked whether some have
 * come back: they are used again while they are in the cache, before those that
 * never were.
 */
#define ABROAD 0x40000u

/* Where a buffer is. */
enum { HOME, HELD, LENT };

/* A client. */
struct net_client {
	struct net_client_config config; /* as given */
	uint32_t epoch;			 /* link epoch we live in */
	enum net_client_state state;
	bool carrier; /* of the link page, as last looked at */
	/* filled transmit buffers, ours to produce */
	struct queue_producer tx_active;
	struct queue_consumer tx_free;	 /* returned ones */
	struct queue_consumer rx_active; /* received frames */
	/* empty receive buffers, ours to produce */
	struct queue_producer rx_free;
	uint32_t shift;	   /* logarithm of the buffer size */
	uint32_t tx_count; /* transmit buffers */
	uint32_t rx_count; /* receive buffers */
	uint32_t home;	   /* transmit buffers in @stack */
	uint32_t rx_home;  /* receive buffers in @rx_stack */
	uint32_t rx_lent;  /* receive buffers the switch has, also filled */
	uint32_t reserve;  /* empty ones it is to have, at most */
	/* transmit buffers were put since the last notification */
	bool tx_dirty;
	bool rx_dirty; /* receive buffers were */
	struct net_client_counters counters;
	/* transmit buffers at home; a stack, to reuse warm ones first */
	uint16_t *stack;
	uint16_t *rx_stack; /* receive buffers at home, likewise */
	uint8_t *tx_where;  /* by buffer */
	uint8_t *rx_where;  /* by buffer */
};

/* --- making one ----------------------------------------------------------- */

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

/* --- lending receive buffers ----------------------------------------------- */

static void lend_rx(struct net_client *c, uint32_t index)
{
	queue_put(&c->rx_free, (uint64_t)index << c->shift, 0);
	c->rx_where[index] = LENT;
	c->rx_lent++;
	c->rx_dirty = true;
}

/* A buffer is done with: back to the switch, or home. */
static void return_rx(struct net_client *c, uint32_t index)
{
	if (c->reserve == c->rx_count) {
		lend_rx(c, index);
		return;
	}
	c->rx_where[index] = HOME;
	c->rx_stack[c->rx_home++] = (uint16_t)index;
}

/* Lend from home, until the switch has @most beside @filled ones. */
static void lend_up_to(struct net_client *c, uint32_t filled, uint32_t most)
{
	while (c->rx_home > 0 && c->rx_lent < filled + most)
		lend_rx(c, c->rx_stack[--c->rx_home]);
}

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

static bool is_up(struct net_client *c)
{
	return net_client_state(c) == NET_CLIENT_UP;
}

bool net_client_carrier(struct net_client *c)
{
	c->carrier = link_carrier(c->config.link);
	return is_up(c) && c->carrier;
}

static void fault(struct net_client *c)
{
	c->state = NET_CLIENT_FAULT;
	c->counters.faults++;
}

/* Descriptors the switch has for us; 0 if it is now found at fault. */
static unsigned int pending(struct net_client *c,
			    const struct queue_consumer *q)
{
	int n = queue_pending(q);

	if (n == QUEUE_FAULT) {
		fault(c);
		return 0;
	}
	return (unsigned int)n;
}

/* --- transmit ------------------------------------------------------------- */

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

/* --- receive -------------------------------------------------------------- */

/* What received descriptors are checked by, in one place. */
struct rx_limits {
	uint8_t *where;
	uint64_t mask;
	uint32_t shift;
	uint32_t buffers;
	uint32_t max_frame;
	uint32_t max_segment;
};

static struct rx_limits rx_limits(const struct net_client *c)
{
	/* A capture's records fill whole buffers. */
	bool whole = c->tx_count == 0;
	uint32_t size = c->config.buffer_size;

	return (struct rx_limits){
		.where = c->rx_where,
		.mask = size - 1,
		.shift = c->shift,
		.buffers = c->rx_count,
		.max_frame = whole ? size : c->config.max_frame,
		.max_segment = whole ? size : c->config.max_segment,
	};
}

/* Does a descriptor name a buffer that the switch has? */
static inline bool is_lent(const struct rx_limits *l, const struct net_desc *d)
{
	uint64_t index = d->io_or_offset >> l->shift;

	return index < l->buffers && (d->io_or_offset & l->mask) == 0 &&
	       l->where[index] == LENT;
}

static inline bool length_ok(const struct rx_limits *l,
			     const struct net_desc *d)
{
	uint32_t longest = queue_offload(d).flags & OFFLOAD_TYPE
				   ? l->max_segment
				   : l->max_frame;

	return d->len != 0 && d->len <= longest;
}

/* A descriptor that is refused; the buffer, if it is one, goes back. */
static void refuse_rx(struct net_client *c, const struct rx_limits *l,
		      const struct net_desc *d)
{
	c->counters.bad_rx++;
	if (!is_lent(l, d))
		return;
	c->rx_lent--;
	lend_rx(c, (uint32_t)(d->io_or_offset >> l->shift));
	queue_publish(&c->rx_free);
}

/* What lies behind the length is read where it means something only. */
static inline struct net_desc peek_rx(const struct queue_consumer *q,
				      unsigned int index, bool offload)
{
	return offload ? queue_peek_offload(q, index) : queue_peek(q, index);
}

/* The link is up. */
static unsigned int take_rx(struct net_client *c, struct net_buffer *buffers,
			    unsigned int count)
{
	/* Locals: what is written might be the client, as far as is known. */
	const struct queue_consumer active = c->rx_active;
	const struct rx_limits limits = rx_limits(c);
	const bool offload = c->config.offload;
	/* The type has no const because transmit buffers share it. */
	uint8_t *data = (uint8_t *)(uintptr_t)c->config.rx_data;
	unsigned int n = pending(c, &active), taken = 0, got = 0;

	for (; taken < n && got < count; taken++) {
		struct net_desc d = peek_rx(&active, taken, offload);

		if (!is_lent(&limits, &d) || !length_ok(&limits, &d)) {
			refuse_rx(c, &limits, &d);
			continue;
		}
		buffers[got++] = (struct net_buffer){
			.data = data + d.io_or_offset,
			.len = d.len,
			.index = (uint16_t)(d.io_or_offset >> limits.shift),
			.offload = queue_offload(&d),
		};
		limits.where[d.io_or_offset >> limits.shift] = HELD;
	}
	c->rx_lent -= got;
	if (taken > 0)
		queue_release(&c->rx_active, taken);
	return got;
}

unsigned int net_rx_burst(struct net_client *c, struct net_buffer *buffers,
			  unsigned int count)
{
	return is_up(c) ? take_rx(c, buffers, count) : 0;
}

/* Descriptors the switch has for us, if it keeps to the rules. */
static uint32_t filled(const struct net_client *c)
{
	int n = queue_pending(&c->rx_active);

	return n == QUEUE_FAULT ? 0 : (uint32_t)n;
}

void net_rx_lend(struct net_client *c)
{
	if (c->rx_home == 0 || !is_up(c))
		return;
	lend_up_to(c, filled(c), c->reserve);
	queue_publish(&c->rx_free);
}

void net_rx_release(struct net_client *c, const struct net_buffer *buffers,
		    unsigned int count)
{
	if (!is_up(c))
		return;
	for (unsigned int i = 0; i < count; i++) {
		uint16_t index = buffers[i].index;

		if (index < c->rx_count && c->rx_where[index] == HELD)
			return_rx(c, index);
	}
	if (c->rx_home > 0)
		lend_up_to(c, filled(c), c->reserve);
	queue_publish(&c->rx_free);
}

/* --- signalling ----------------------------------------------------------- */

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
