/* SPDX-License-Identifier: BSD-2-Clause */
/* A client's side of a switch port: receiving. */
#include "virt/net_client_impl.h"

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
