/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The link page: how a connection is taken down and brought up again.
 *
 * Each connection between a switch port and what is attached to it has one
 * page that only the monitor writes and both sides map read-only.  Its epoch
 * is odd while the connection is up and even while it is down; it only grows.
 *
 *	monitor		epoch := even		"stop"
 *	switch		sees it at its next visit (the monitor notifies it),
 *			forgets its private indices, publishes the epoch in
 *			its statistics: it will touch the queues no more
 *	other side	the same, or is gone
 *	monitor		zeroes the queues
 *	monitor		epoch := odd		"go", notifies both
 *	both		start with all indices zero; who fills a free queue
 *			fills it
 *
 * A peer that crashed, or was cut off for forging an index, comes back to a
 * clean connection, and no buffer is lost: the content of a queue never
 * outlives an epoch.  A system without a monitor (sDDF on seL4) has no link
 * page; a null pointer stands for a link that is always up.
 *
 * The carrier is independent of the epoch: it says whether the uplink that a
 * port follows has a link at present.  It changes without any queue being
 * touched.  A client waits for it before it asks for an address.
 */
#ifndef WEIR_BASE_LINK_H
#define WEIR_BASE_LINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/abi.h"

/**
 * struct link_page - written by the monitor, read by both sides
 * @epoch:   odd: the connection is up
 * @carrier: 1: what the port follows is up, or it follows nothing; else 0
 */
struct link_page {
	_Atomic(uint32_t) epoch;
	_Atomic(uint32_t) carrier;
};

ABI_SIZE(struct link_page, 8);
ABI_AT(struct link_page, epoch, 0);
ABI_AT(struct link_page, carrier, 4);

/* What a null link page says: up, and never anything else. */
#define LINK_EPOCH_ALWAYS 1u

static inline uint32_t link_epoch(const struct link_page *page)
{
	if (page == NULL)
		return LINK_EPOCH_ALWAYS;
	return atomic_load_explicit(&page->epoch, memory_order_acquire);
}

static inline bool link_carrier(const struct link_page *page)
{
	if (page == NULL)
		return true;
	return atomic_load_explicit(&page->carrier, memory_order_acquire) != 0;
}

static inline bool link_is_up(uint32_t epoch)
{
	return epoch & 1;
}

#endif
