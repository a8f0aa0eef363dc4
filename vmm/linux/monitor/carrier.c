/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carriers: what a port sees of the uplink it follows.
 *
 * It is a word in the port's link page, written when it changes; the queues are
 * not concerned.  A port has a carrier if the connection it follows is up and
 * both sides use it, and the PD there says that the interface has a carrier or
 * the socket a peer.  For a driver VM, its second connection must be up, too,
 * and the guest must say that the card has a link.  A PD or guest that lies
 * misleads only those that follow its port, and they get no frames through it
 * anyway.
 *
 * A port that follows a follower needs the whole chain; the compiler refuses
 * circles.
 */
#include <stdatomic.h>

#include "vmm/linux/monitor/state.h"

const struct mon_link *link_driver(const struct monitor *m,
				   const struct mon_link *l)
{
	return l->conn->attachment == SYS_TO_VIRT ? &m->link[l->conn->driver]
						  : NULL;
}

/* Is it up to its far end? Of a driver VM: to the network of its card. */
static bool reaches(const struct monitor *m, const struct mon_link *l)
{
	const struct mon_link *driver = link_driver(m, l);

	return link_is_carried(l) && outside_state(l) == OUTSIDE_UP &&
	       (driver == NULL ||
		(link_is_carried(driver) && driver->vm->carrier));
}

/* The connection that one follows, or NULL. */
static const struct mon_link *leader_of(const struct monitor *m,
					const struct mon_link *l)
{
	return l->conn->follow == SYS_NONE ? NULL : &m->link[l->conn->follow];
}

static bool has_carrier(const struct monitor *m, const struct mon_link *l)
{
	while ((l = leader_of(m, l)) != NULL)
		if (!reaches(m, l))
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

/* Up, but its sides have not seen that yet, and will not notify us. */
static bool is_coming_up(const struct mon_link *l)
{
	return l != NULL && l->state == MON_LINK_UP && !link_is_carried(l);
}

/* That takes microseconds, but on a stalled machine any time. */
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
		const struct mon_link *part[] = { l, link_driver(m, l) };

		for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
			uint64_t at = next_look(m, part[i]);

			if (at < first)
				first = at;
		}
	}
	return first;
}
