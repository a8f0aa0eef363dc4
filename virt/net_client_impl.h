/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside a client of a switch port.
 *
 *	net_client.c	making one; links, sending, signalling
 *	net_client_rx.c	receiving
 */
#ifndef WEIR_VIRT_NET_CLIENT_IMPL_H
#define WEIR_VIRT_NET_CLIENT_IMPL_H

#include "virt/net_client.h"

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

static inline bool is_up(struct net_client *c)
{
	return net_client_state(c) == NET_CLIENT_UP;
}

static inline void fault(struct net_client *c)
{
	c->state = NET_CLIENT_FAULT;
	c->counters.faults++;
}

/* Descriptors the switch has for us; 0 if it is now found at fault. */
static inline unsigned int pending(struct net_client *c,
				   const struct queue_consumer *q)
{
	int n = queue_pending(q);

	if (n == QUEUE_FAULT) {
		fault(c);
		return 0;
	}
	return (unsigned int)n;
}

/* Lend a buffer to the switch, which sees it at queue_publish(). */
static inline void lend_rx(struct net_client *c, uint32_t index)
{
	queue_put(&c->rx_free, (uint64_t)index << c->shift, 0);
	c->rx_where[index] = LENT;
	c->rx_lent++;
	c->rx_dirty = true;
}

/* Lend from home, until the switch has @most beside @filled ones. */
static inline void lend_up_to(struct net_client *c, uint32_t filled,
			      uint32_t most)
{
	while (c->rx_home > 0 && c->rx_lent < filled + most)
		lend_rx(c, c->rx_stack[--c->rx_home]);
}

#endif
