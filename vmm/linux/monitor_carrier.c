/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carriers: what a port is told of the uplink it follows.
 *
 * A word in its link page, written when the truth has changed; the queues know
 * nothing of it.  True is what can be seen from here: the followed connection is
 * up and both sides work on it, and where that ends in a driver VM, so is its
 * second half and the guest says that the card has a link.  A guest that lies
 * misleads those who follow its port, which get nothing through it anyway.
 */
#include <stdatomic.h>

#include "vmm/linux/monitor_state.h"

/* The connection behind a driver VM's virtualisers, or NULL. */
static const struct mon_link *driver_of(const struct monitor *m,
					const struct mon_link *l)
{
	return l->conn->attachment == SYS_TO_VIRT ? &m->link[l->conn->driver]
						  : NULL;
}

bool link_reaches(const struct monitor *m, const struct mon_link *l)
{
	const struct mon_link *driver = driver_of(m, l);

	return link_is_carried(l) &&
	       (driver == NULL ||
		(link_is_carried(driver) && driver->vm->carrier));
}

static bool has_carrier(const struct monitor *m, const struct mon_link *l)
{
	return l->conn->follow == SYS_NONE ||
	       link_reaches(m, &m->link[l->conn->follow]);
}

static void set_carrier(struct mon_link *l, bool carrier)
{
	atomic_store_explicit(&l->page->carrier, carrier, memory_order_release);
}

void carrier_init(struct mon_link *l)
{
	set_carrier(l, l->conn->follow == SYS_NONE);
}

void carrier_settle(struct monitor *m, struct mon_link *l)
{
	bool carrier = has_carrier(m, l);

	if (carrier == link_carrier(l->page))
		return;
	set_carrier(l, carrier);
	backing_ring(&m->backing, l->conn->channel, 1);
}

/* Up, but not yet for those who work on it, who will not tell us. */
static bool is_coming_up(const struct monitor *m, const struct mon_link *l)
{
	return l != NULL && l->state == MON_LINK_UP && !link_is_carried(l) &&
	       m->now_ns < l->deadline_ns;
}

uint64_t carrier_deadline(const struct monitor *m, const struct mon_link *l)
{
	const struct mon_link *followed;

	if (l->conn->follow == SYS_NONE)
		return UINT64_MAX;
	followed = &m->link[l->conn->follow];
	if (is_coming_up(m, followed) ||
	    is_coming_up(m, driver_of(m, followed)))
		return m->now_ns + LINK_POLL_NS;
	return UINT64_MAX;
}
