/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_virt_tx: frames to be transmitted, from a switch port's egress to a
 * driver.
 *
 *	switch active	-> check -> cache clean -> offset to io address
 *			-> driver active
 *	driver free	-> check -> io address to offset -> switch free
 *
 * The data region is the driver's transmit region, the only one a driver sees
 * however many clients there are: the switch, which copies frames into it, owns
 * the content.  Whenever the switch's side comes up, all buffers that the
 * driver does not have are lent to the switch.  While the driver is down,
 * frames are counted and their buffers go straight back.
 *
 * See virt/net_virt.h for the guarantees against hostile peers.
 */
#ifndef WEIR_VIRT_NET_VIRT_TX_H
#define WEIR_VIRT_NET_VIRT_TX_H

#include "virt/net_virt.h"

struct net_virt_tx;

/**
 * net_virt_tx_size - bytes of private memory the virtualiser needs
 * @config: checked
 *
 * Return: 0 if something in @config is impossible.
 */
size_t net_virt_tx_size(const struct net_virt_config *config);

/**
 * net_virt_tx_init - make a virtualiser; touches no queue yet
 * @memory: private, aligned to 64
 * @size:   bytes at @memory
 * @config: copied
 *
 * Return: the virtualiser (inside @memory), or NULL if @config is impossible or
 * @size less than net_virt_tx_size().
 */
struct net_virt_tx *net_virt_tx_init(void *memory, size_t size,
				     const struct net_virt_config *config);

/**
 * net_virt_tx_run - do a bounded amount of work
 * @v:    virtualiser
 * @ring: in/out: NET_VIRT_RING_* bits are added for whom to notify
 *
 * Looks at both link pages first.
 *
 * Return: true if there is more to do.
 */
bool net_virt_tx_run(struct net_virt_tx *v, unsigned int *ring);

/**
 * net_virt_tx_arm - ask to be notified
 * @v: virtualiser whose run() had nothing more to do
 *
 * Return: true if something came meanwhile; run() must be called again.
 */
bool net_virt_tx_arm(struct net_virt_tx *v);

/**
 * net_virt_tx_stats - the virtualiser's statistics, wherever they are
 * @v: virtualiser
 */
const struct net_virt_stats *net_virt_tx_stats(const struct net_virt_tx *v);

#endif
