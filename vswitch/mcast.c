/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multicast snooping: what follows from a message, and who gets a frame.
 *
 * A port may be left out of a flood if it would have told us that it wants the
 * group.  That takes more than a querier somewhere: the port must have been
 * asked, and had the time to answer, before its silence means anything.  So
 * each VLAN's routers' group remembers which ports the querier's questions
 * reached.
 *
 * A question settles when the time it gives has passed.  From then on the ports
 * it reached are the asked ones; until then those are that the question before
 * it had reached too.  A question that comes before the last one has settled
 * does not put that off (hosts keep to the earlier time), and takes ports away
 * that it does not reach.  So whatever several queriers do, the outcome errs
 * towards a flood.
 */
#include "base/bits.h"
#include "vswitch/mcast_impl.h"

/* --- who was asked ------------------------------------------------------- */

static struct mcast_key routers_of(const struct mcast_message *msg,
				   const struct frame *frame)
{
	return (struct mcast_key){
		.addr = msg->v4 ? ip_from_v4(0) : (struct ip_addr){ 0, 0 },
		.vlan = frame->vlan,
	};
}

static uint64_t asked(const struct mcast_group *routers, uint32_t now)
{
	if (!mcast_before(now, routers->until))
		return 0;
	if (mcast_before(now, routers->settled))
		return routers->asked & routers->asking;
	return routers->asking;
}

static void ask(struct mcast_group *routers, const struct mcast_message *msg,
		unsigned int src, uint64_t reached, uint32_t now)
{
	bool known = mcast_before(now, routers->until);

	if (known && mcast_before(now, routers->settled)) {
		routers->asking &= reached;
	} else {
		routers->asked = known ? routers->asking : 0;
		routers->asking = reached;
		/* One more, because this second has begun some time ago. */
		routers->settled = now + msg->answer_s + 1;
	}
	routers->until = now + MCAST_QUERIER_S;
	routers->asker = (uint8_t)src;
}

/* --- who gets a frame ---------------------------------------------------- */

static uint64_t everything(const struct mcast *m, uint32_t now)
{
	uint64_t left = m->greedy, ports = 0;

	while (left) {
		unsigned int port = bit_pop(&left);

		if (mcast_before(now, m->everything[port]))
			ports |= bit(port);
	}
	return ports;
}

/*
 * Those of a group, if it is known.  The routers' group is looked up first: as
 * long as nobody was asked there is nothing to look for.  Groups everybody is
 * in are never known, since nobody can join them.
 */
static uint64_t to_members(const struct mcast *m, const struct frame *frame,
			   const struct mcast_message *msg, uint64_t ports,
			   uint32_t now)
{
	const struct mcast_key key = { msg->group, frame->vlan };
	const struct mcast_key routers_key = routers_of(msg, frame);
	uint32_t routers = mcast_find(m, &routers_key);
	uint64_t silent, members;

	if (routers == MCAST_NONE)
		return ports;
	silent = asked(&m->group[routers], now);
	if (silent == 0)
		return ports;
	members = mcast_members(m, mcast_find(m, &key), now);
	if (members == 0)
		return ports;
	silent &= ~(members | mcast_members(m, routers, now) |
		    everything(m, now));
	return ports & ~silent;
}

/* A router behind the source's own port has got the report already. */
static uint64_t to_routers(const struct mcast *m, const struct frame *frame,
			   const struct mcast_message *msg, unsigned int src,
			   uint64_t ports, uint32_t now)
{
	const struct mcast_key key = routers_of(msg, frame);
	uint64_t routers = mcast_members(m, mcast_find(m, &key), now);

	if ((routers & ports) == 0 && !bit_in(routers, src))
		return ports;
	return ports & routers;
}

uint64_t mcast_ports(const struct mcast *m, const struct frame *frame,
		     unsigned int src, uint64_t ports, uint32_t now)
{
	struct mcast_message msg;

	mcast_read(frame, &msg);
	switch ((enum mcast_what)msg.what) {
	case MCAST_DATA:
	case MCAST_HELLO:
		return to_members(m, frame, &msg, ports, now);
	case MCAST_REPORT:
		return to_routers(m, frame, &msg, src, ports, now);
	case MCAST_QUERY:
	case MCAST_UNREADABLE:
	case MCAST_UNCLEAR:
		break;
	}
	return ports;
}

/* --- learning ------------------------------------------------------------ */

static void hear_query(struct mcast *m, const struct frame *frame,
		       const struct mcast_message *msg, unsigned int src,
		       uint64_t reached, uint32_t now)
{
	const struct mcast_key routers = routers_of(msg, frame);
	const struct mcast_key key = { msg->group, frame->vlan };
	uint32_t group = mcast_enter(m, &routers, src, LIFE_ROUTER, now);

	if (msg->asks)
		ask(&m->group[group], msg, src, reached, now);
	if (msg->cuts)
		mcast_cut(m, mcast_find(m, &key), reached, now);
}

/* Return: groups it names. */
static unsigned int hear_report(struct mcast *m, const struct frame *frame,
				struct mcast_message *msg, unsigned int src,
				uint32_t now)
{
	struct mcast_key key = { .vlan = frame->vlan };
	enum mcast_record record;
	unsigned int named = 0;

	do {
		named++;
		record = mcast_next(frame, msg, &key.addr);
		if (record == MCAST_JOIN && mcast_is_tracked(&key.addr))
			mcast_enter(m, &key, src, LIFE_MEMBER, now);
	} while (record == MCAST_JOIN || record == MCAST_OTHER);
	if (record == MCAST_BROKEN)
		mcast_give_everything(m, src, now);
	return named;
}

unsigned int mcast_heard(struct mcast *m, const struct frame *frame,
			 unsigned int src, uint64_t reached, uint32_t now)
{
	struct mcast_message msg;
	struct mcast_key routers;

	mcast_read(frame, &msg);
	switch ((enum mcast_what)msg.what) {
	case MCAST_QUERY:
		hear_query(m, frame, &msg, src, reached, now);
		break;
	case MCAST_HELLO:
		routers = routers_of(&msg, frame);
		mcast_enter(m, &routers, src, LIFE_ROUTER, now);
		break;
	case MCAST_REPORT:
		return hear_report(m, frame, &msg, src, now);
	case MCAST_UNREADABLE:
		mcast_give_everything(m, src, now);
		break;
	case MCAST_DATA:
	case MCAST_UNCLEAR:
		break;
	}
	return 0;
}

/* Who asked from there, or was asked there, is another one from now on. */
void mcast_flush_port(struct mcast *m, unsigned int port)
{
	uint32_t slot;

	for (unsigned int life = 0; life < LIVES; life++)
		while ((slot = agelist_oldest(&m->age, port, life)) != AGE_NONE)
			mcast_drop(m, slot);
	m->greedy &= ~bit(port);
	for (uint32_t i = 0; i < m->capacity; i++) {
		struct mcast_group *g = &m->group[i];
		uint64_t left = g->asker == port ? 0 : ~bit(port);

		g->asked &= left;
		g->asking &= left;
	}
}

/* --- showing ------------------------------------------------------------- */

static void show_member(const struct mcast *m, const struct mcast_member *r,
			uint32_t now, struct mcast_entry *entry)
{
	*entry = (struct mcast_entry){
		.group = m->group[r->group].addr,
		.left = r->until - now,
		.vlan = m->group[r->group].vlan,
		.port = r->port,
		.role = r->life == LIFE_ROUTER ? MCAST_ROUTER : MCAST_MEMBER,
	};
}

static bool show_greedy(const struct mcast *m, unsigned int port, uint32_t now,
			struct mcast_entry *entry)
{
	if (!bit_in(m->greedy, port) || !mcast_before(now, m->everything[port]))
		return false;
	*entry = (struct mcast_entry){
		.left = m->everything[port] - now,
		.port = (uint8_t)port,
		.role = MCAST_EVERYTHING,
	};
	return true;
}

/* Memberships by their slots, then ports that are members of everything. */
bool mcast_iterate(const struct mcast *m, uint32_t *cursor, uint32_t now,
		   struct mcast_entry *entry)
{
	uint32_t at = *cursor;

	for (; at < m->capacity; at++) {
		const struct mcast_member *r = &m->member[at];

		if (r->port == MCAST_NO_PORT || !mcast_before(now, r->until))
			continue;
		show_member(m, r, now, entry);
		*cursor = at + 1;
		return true;
	}
	for (; at < m->capacity + MAX_PORTS; at++) {
		if (!show_greedy(m, at - m->capacity, now, entry))
			continue;
		*cursor = at + 1;
		return true;
	}
	*cursor = m->capacity + MAX_PORTS;
	return false;
}
