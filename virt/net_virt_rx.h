/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_virt_rx: received frames, from a driver to a switch port's ingress.
 *
 *	driver active	-> check -> io address to offset -> cache invalidate
 *			-> switch active
 *	switch free	-> check -> offset to io address -> driver free
 *
 * The data region is the driver's receive region; the switch maps it read-only.
 * Whenever the driver's link comes up, all buffers that are not on their way
 * through the switch are lent to the driver.  While the switch's side is down,
 * frames are counted and their buffers go straight back, so that the driver
 * does not stall.
 *
 * See virt/net_virt.h for the guarantees against hostile peers.
 */
#ifndef WEIR_VIRT_NET_VIRT_RX_H
#define WEIR_VIRT_NET_VIRT_RX_H

#include "virt/net_virt.h"

struct net_virt_rx;

/**
 * net_virt_rx_size - bytes of private memory the virtualiser needs
 * @config: checked
 *
 * Return: 0 if something in @config is impossible.
 */
size_t net_virt_rx_size(const struct net_virt_config *config);

/**
 * net_virt_rx_init - make a virtualiser; touches no queue yet
 * @memory: private, aligned to 64
 * @size:   bytes at @memory
 * @config: copied
 *
 * Return: the virtualiser (inside @memory), or NULL if @config is impossible or
 * @size less than net_virt_rx_size().
 */
struct net_virt_rx *net_virt_rx_init(void *memory, size_t size,
				     const struct net_virt_config *config);

/**
 * net_virt_rx_run - do a bounded amount of work
 * @v:    virtualiser
 * @ring: in/out: NET_VIRT_RING_* bits are added for whom to notify
 *
 * Looks at both link pages first.
 *
 * Return: true if there is more to do.
 */
bool net_virt_rx_run(struct net_virt_rx *v, unsigned int *ring);

/**
 * net_virt_rx_arm - ask to be notified
 * @v: virtualiser whose run() had nothing more to do
 *
 * Return: true if something came meanwhile; run() must be called again.
 */
bool net_virt_rx_arm(struct net_virt_rx *v);

/**
 * net_virt_rx_stats - the virtualiser's statistics, wherever they are
 * @v: virtualiser
 */
const struct net_virt_stats *net_virt_rx_stats(const struct net_virt_rx *v);

#endif
