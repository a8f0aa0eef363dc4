/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The relay: the common code of both network virtualisers.
 *
 * rx and tx do the same in opposite directions.  Empty buffers are lent to a
 * *source*, which returns them filled; a filled one is lent on to a *sink*,
 * which returns it empty.
 *
 *		      out (free)			out (active)
 *	  +--------+ <------------  +-------+  ------------> +------+
 *	  | source |		    | relay |		     | sink |
 *	  +--------+ ------------>  +-------+  <------------ +------+
 *		      in (active)	|	in (free)
 *				      home
 *
 * rx has the driver for its source, tx the switch.  Only three things depend on
 * the direction: which queue is `out` on which side, whose addresses are
 * translated, and which cache operation is done.
 *
 * Internal to virt/.
 */
#ifndef WEIR_VIRT_RELAY_H
#define WEIR_VIRT_RELAY_H

#include "virt/net_virt.h"

/**
 * struct relay_peer - one side
 * @out:   what we give to it
 * @in:    what it gives to us
 * @link:  link page or NULL
 * @base:  what this side calls offset 0
 * @state: as in its statistics
 * @epoch: as in its statistics
 * @lent:  buffers it holds
 * @dirty: something was put on @out since the side was last asked whether it
 *         wants to be notified
 */
struct relay_peer {
	struct queue_producer out;
	struct queue_consumer in;
	const struct link_page *link;
	uint64_t base;
	enum net_virt_state state;
	uint32_t epoch;
	uint32_t lent;
	bool dirty;
};

/**
 * struct relay - a virtualiser's state
 * @peer:        by enum net_virt_side
 * @source:      which of them fills buffers
 * @sink:        the other one
 * @data:        see struct net_virt_config
 * @buffer_size: bytes
 * @shift:       its logarithm
 * @buffers:     how many there are
 * @homes:       how many we hold
 * @home:        which; a stack, so that a warm buffer is used again soon
 * @owner:       by buffer: its holder, see relay.c
 * @unsynced:    cache operations are under way
 * @stats:       @own, or the region
 * @own:         statistics nobody else sees
 */
struct relay {
	struct relay_peer peer[NET_VIRT_SIDES];
	enum net_virt_side source;
	enum net_virt_side sink;
	uint8_t *data;
	uint32_t buffer_size;
	uint32_t shift;
	uint32_t buffers;
	uint32_t homes;
	uint16_t *home;
	uint8_t *owner;
	bool unsynced;
	struct net_virt_stats *stats;
	struct net_virt_stats own;
};

/**
 * relay_size - bytes a relay needs, 0 if @config is impossible
 */
size_t relay_size(const struct net_virt_config *config);

/**
 * relay_init - make a relay
 * @r:      start of the memory
 * @size:   bytes there
 * @config: copied
 * @source: the side that fills buffers
 *
 * Return: false if @config is impossible or @size too small.
 */
bool relay_init(struct relay *r, size_t size,
		const struct net_virt_config *config,
		enum net_virt_side source);

/**
 * relay_run - see net_virt_rx_run()
 */
bool relay_run(struct relay *r, unsigned int *ring);

/**
 * relay_arm - see net_virt_rx_arm()
 */
bool relay_arm(struct relay *r);

#endif
