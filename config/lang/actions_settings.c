/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar's actions for settings: what a port may do by itself.
 *
 * They stand in a port; some of them in a link, for both its ports; and in a
 * `set`, which replaces those of a port while it runs.
 */
#include "config/lang/parser.h"

#include "config/lang/value.h"

#define MAX_STICKY 4096u
/* Ten thousand moves a second are a loop, whatever they are called. */
#define MAX_MOVES 10000u
#define MAX_MOVES_BURST 100000u
#define MAX_MACS 64u
#define MAX_STORM 100000000u
/* Less than this does not carry one frame in a second. */
#define MIN_LIMIT (10000u / 8)
/* The shortest frame: what is less holds none. */
#define MIN_LIMIT_BURST 64u

static const struct unit octets[] = { { "", 1 },
				      { "k", 1ull << 10 },
				      { "m", 1ull << 20 },
				      { "g", 1ull << 30 },
				      { NULL, 0 } };

static struct topo_settings *settings(struct parser *p)
{
	if (p->set)
		return &p->set->settings;
	return p->port ? &p->port->settings : &p->link->settings;
}

/* In a link there are the stations of a whole switch behind each port. */
static bool belongs_here(struct parser *p, struct pos at, const char *what)
{
	if (p->set || p->port)
		return true;
	report_error(p->report, at,
		     "\"%s\" is for the port a station is attached to; behind "
		     "a link there is another switch: write it there",
		     what);
	return false;
}

/* --- off ----------------------------------------------------------------- */

/* Moves and storms are limited unless told otherwise. */
static bool is_on_by_itself(const struct topo_settings *s,
			    const struct option *o)
{
	for (unsigned int i = 0; i < STORMS; i++)
		if (o == &s->storm[i].o)
			return true;
	return o == &s->moves.o;
}

static void turn_off(struct parser *p, struct option *o, struct pos at,
		     const char *what)
{
	if (!p->set && !is_on_by_itself(settings(p), o))
		report_error(p->report, at,
			     "\"%s\" is off unless it is said; \"off\" is for "
			     "changes while it runs: take it out",
			     what);
	else if (option_once(p, o, at, what))
		o->off = true;
}

static const char *limit_name(int direction)
{
	return direction == LIMIT_IN ? "limit in" : "limit out";
}

static const char *storm_name(int kind)
{
	static const char *const names[STORMS] = {
		[STORM_BROADCAST] = "storm broadcast",
		[STORM_MULTICAST] = "storm multicast",
		[STORM_UNKNOWN] = "storm unknown",
	};

	return names[kind];
}

static void storms_off(struct parser *p, struct pos at, int kind)
{
	struct topo_rate *storm = settings(p)->storm;

	if (kind != STORMS) {
		turn_off(p, &storm[kind].o, at, storm_name(kind));
		return;
	}
	for (kind = 0; kind < STORMS; kind++)
		turn_off(p, &storm[kind].o, at, storm_name(kind));
}

static void limits_off(struct parser *p, struct pos at, int direction)
{
	struct topo_rate *limit = settings(p)->limit;

	if (direction != LIMITS) {
		turn_off(p, &limit[direction].o, at, limit_name(direction));
		return;
	}
	turn_off(p, &limit[LIMIT_IN].o, at, "limit");
	/* An error in the first is one in the second as well. */
	if (limit[LIMIT_IN].o.off)
		turn_off(p, &limit[LIMIT_OUT].o, at, "limit");
}

void on_off(struct parser *p, struct pos at, enum off what, int which)
{
	struct topo_settings *s = settings(p);

	switch (what) {
	case OFF_LOCK:
		turn_off(p, &s->lock, at, "mac lock");
		break;
	case OFF_STICKY:
		turn_off(p, &s->sticky, at, "mac sticky");
		break;
	case OFF_MOVES:
		turn_off(p, &s->moves.o, at, "mac moves");
		break;
	case OFF_IP_LOCK:
		turn_off(p, &s->ip_lock, at, "ip lock");
		break;
	case OFF_VLAN:
		turn_off(p, &s->vlan, at, "vlan");
		break;
	case OFF_LIMIT:
		limits_off(p, at, which);
		break;
	case OFF_STORM:
		storms_off(p, at, which);
		break;
	}
}

/* --- addresses ----------------------------------------------------------- */

static const struct topo_mac *same_mac(const struct topo_settings *s,
				       uint64_t mac)
{
	const struct topo_mac *m;

	for_each(m, s->macs) {
		if (m->mac == mac)
			return m;
	}
	return NULL;
}

void on_lock(struct parser *p, struct pos at, const struct names *list)
{
	struct topo_settings *s = settings(p);
	const struct name *n;

	if (!belongs_here(p, at, "mac lock") ||
	    !option_once(p, &s->lock, at, "mac lock"))
		return;
	for_each(n, list->first) {
		struct topo_mac *m = arena_alloc(p->arena, sizeof(*m));

		m->pos = n->pos;
		if (!value_station(p->report, n, &m->mac))
			continue;
		if (same_mac(s, m->mac)) {
			report_error(p->report, n->pos,
				     "%s is here twice; take one of them out",
				     n->text);
			continue;
		}
		topo_append(s->macs, m);
		if (++s->lock.value == MAX_MACS + 1)
			report_error(p->report, n->pos,
				     "a port can be locked to %u addresses and "
				     "no more; for that many stations there is "
				     "mac sticky NUMBER",
				     MAX_MACS);
	}
}

void on_flood(struct parser *p, struct pos at, bool on)
{
	struct option *o = &settings(p)->flood;

	if (option_once(p, o, at, "flood"))
		o->value = !on;
}

void on_sticky(struct parser *p, struct pos at, const struct name *number)
{
	struct option *o = &settings(p)->sticky;

	if (belongs_here(p, at, "mac sticky") &&
	    option_once(p, o, at, "mac sticky"))
		value_number(p->report, number, "a number of addresses",
			     "addresses", 1, MAX_STICKY, &o->value);
}

void on_ip_lock(struct parser *p, struct pos at, const struct names *list)
{
	struct topo_settings *s = settings(p);
	const struct name *n;

	if (!belongs_here(p, at, "ip lock") ||
	    !option_once(p, &s->ip_lock, at, "ip lock"))
		return;
	for_each(n, list->first) {
		struct topo_prefix *prefix =
			arena_alloc(p->arena, sizeof(*prefix));

		if (!value_prefix(p->arena, p->report, n, &prefix->prefix))
			continue;
		topo_append(s->prefixes, prefix);
		s->ip_lock.value++;
	}
}

/* --- VLANs --------------------------------------------------------------- */

void on_access(struct parser *p, struct pos at, const struct name *vlan)
{
	struct topo_settings *s = settings(p);

	if (!option_once(p, &s->vlan, at, "vlan"))
		return;
	s->vlan.value = POLICY_VLAN_ACCESS;
	value_vlan(p->report, vlan, &s->vid);
}

void on_trunk(struct parser *p, struct pos at, const struct names *list,
	      const struct name *native)
{
	struct topo_settings *s = settings(p);
	const struct name *n;
	uint64_t first, last;

	if (!option_once(p, &s->vlan, at, "vlan"))
		return;
	s->vlan.value = POLICY_VLAN_TRUNK;
	s->trunk = arena_alloc(p->arena, sizeof(*s->trunk));
	for_each(n, list->first) {
		if (!value_vlans(p->report, n, &first, &last))
			continue;
		for (; first <= last; first++)
			s->trunk->member[first / 64] |= 1ull << first % 64;
	}
	if (native)
		value_vlan(p->report, native, &s->vid);
}

/* --- rates --------------------------------------------------------------- */

/* How often something may happen: N/s [burst N]. */
static void take_rate(struct parser *p, struct topo_rate *to,
		      const struct name *rate, const struct name *burst,
		      uint64_t max, uint64_t max_burst)
{
	value_per_second(p->report, rate, max, &to->o.value);
	if (!burst)
		return;
	to->burst.set = true;
	to->burst.pos = burst->pos;
	value_number(p->report, burst, "a burst", "at once", 1, max_burst,
		     &to->burst.value);
}

void on_moves(struct parser *p, struct pos at, const struct name *rate,
	      const struct name *burst)
{
	struct topo_rate *moves = &settings(p)->moves;

	if (option_once(p, &moves->o, at, "mac moves"))
		take_rate(p, moves, rate, burst, MAX_MOVES, MAX_MOVES_BURST);
}

void on_storm(struct parser *p, struct pos at, int kind,
	      const struct name *rate, const struct name *burst)
{
	struct topo_rate *storm = &settings(p)->storm[kind];

	if (option_once(p, &storm->o, at, storm_name(kind)))
		take_rate(p, storm, rate, burst, MAX_STORM, MAX_STORM);
}

void on_limit(struct parser *p, struct pos at, int direction,
	      const struct name *rate, const struct name *burst)
{
	bool both = direction == LIMITS;
	struct topo_rate *limit =
		&settings(p)->limit[both ? LIMIT_IN : direction];

	if (!option_once(p, &limit->o, at,
			 both ? "limit" : limit_name(direction)))
		return;
	value_bits(p->report, rate, MIN_LIMIT, POLICY_MAX_RATE,
		   &limit->o.value);
	if (burst) {
		limit->burst.set = true;
		limit->burst.pos = burst->pos;
		value_with_unit(p->report, burst, "a burst", octets,
				"octets, from 64 to 1g: 1500, 64k, 1m",
				MIN_LIMIT_BURST, POLICY_MAX_BURST,
				&limit->burst.value);
	}
	/* The other direction gets the same, unless it has been said. */
	if (both && option_once(p, &limit[1].o, at, "limit"))
		limit[1] = limit[0];
}
