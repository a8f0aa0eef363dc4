/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carriers: what a port is told of the uplink it follows.
 *
 * A word in its link page, written when the truth has changed; the queues know
 * nothing of it.  True is what can be seen from here: the followed connection is
 * up and both sides work on it, its PD says that the interface has a carrier, or
 * the socket a peer; and where it ends in a driver VM, so is its second half and
 * the guest says that the card has a link.  A PD or guest that lies misleads
 * those who follow its port, which get nothing through it anyway.
 *
 * Who follows a port that itself follows another needs all of that chain; the
 * compiler lets none be a circle.
 */
#include <stdatomic.h>

#include "vmm/linux/monitor/state.h"

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

	return link_is_carried(l) && outside_state(l) == OUTSIDE_UP &&
	       (driver == NULL ||
		(link_is_carried(driver) && driver->vm->carrier));
}

/* Whom a connection follows, or NULL. */
static const struct mon_link *leader_of(const struct monitor *m,
					const struct mon_link *l)
{
	return l->conn->follow == SYS_NONE ? NULL : &m->link[l->conn->follow];
}

static bool has_carrier(const struct monitor *m, const struct mon_link *l)
{
	while ((l = leader_of(m, l)) != NULL)
		if (!link_reaches(m, l))
			return false;
	return true;
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
	link_notify(m, l, 1);
}

/* Up, but not yet for those who work on it, who will not tell us. */
static bool is_coming_up(const struct mon_link *l)
{
	return l != NULL && l->state == MON_LINK_UP && !link_is_carried(l);
}

/* They do so in no time, but if the machine stalls it may be any time. */
static uint64_t next_look(const struct monitor *m, const struct mon_link *l)
{
	if (!is_coming_up(l))
		return UINT64_MAX;
	return m->now_ns +
	       (m->now_ns < l->deadline_ns ? LINK_POLL_NS : SWITCH_ANSWER_NS);
}

uint64_t carrier_deadline(const struct monitor *m, const struct mon_link *l)
{
	uint64_t first = UINT64_MAX;

	while ((l = leader_of(m, l)) != NULL) {
		const struct mon_link *part[] = { l, driver_of(m, l) };

		for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
			uint64_t at = next_look(m, part[i]);

			if (at < first)
				first = at;
		}
	}
	return first;
}
