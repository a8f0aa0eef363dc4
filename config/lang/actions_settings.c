/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What settings do.  They stand in a port; some of them in a link, for both its
 * ports; and in a `set`, which replaces those of a port while it runs.
 */
#include "config/lang/actions.h"

#include <string.h>

#include "config/lang/value.h"

#define MAX_MACS 64u

/* In a link there are the stations of a whole switch behind each port. */
void refuse_in_link(struct parser *p, struct args *a)
{
	const char *second = strchr(a->form->text, ' ') + 1;

	wrong(p, a->at,
	      "\"%.*s\" is for the port a station is attached to; behind a "
	      "link there is another switch: write it there",
	      (int)(strchr(second, ' ') - a->form->text), a->form->text);
}

void refuse_follow(struct parser *p, struct args *a)
{
	parse_junk(p, IN_LINK);
	wrong(p, a->at,
	      "a link cannot follow a port: its other end is another switch, "
	      "which would lose it as well; take it out");
}

/* --- off ----------------------------------------------------------------- */

void on_off(struct parser *p, struct args *a)
{
	struct option *out = &p->in.settings->limit[LIMIT_OUT];

	if (!p->in.set && !(a->form->places & LIMITED)) {
		wrong(p, a->at,
		      "\"%s\" is off unless it is said; \"off\" is for changes "
		      "while it runs: take it out",
		      a->name);
		return;
	}
	a->o->off |= option_once(p, a->o, a->at, a->name);
	if (a->form->n == BOTH && a->o->off)
		out->off |= option_once(p, out, a->at, a->name);
}

void storms_off(struct parser *p, struct args *a)
{
	static const char *const names[STORMS] = {
		[STORM_BROADCAST] = "storm broadcast",
		[STORM_MULTICAST] = "storm multicast",
		[STORM_UNKNOWN] = "storm unknown",
	};

	for (int i = 0; i < STORMS; i++) {
		struct option *o = &p->in.settings->storm[i];

		o->off |= option_once(p, o, a->at, names[i]);
	}
}

/* --- addresses ----------------------------------------------------------- */

static bool has_mac(const struct topo_settings *s, uint64_t mac)
{
	const struct topo_mac *m = s->macs;

	while (m && m->mac != mac)
		m = m->next;
	return m;
}

void on_lock(struct parser *p, struct args *a)
{
	struct topo_settings *s = p->in.settings;
	const struct name *n;

	for_each(n, a->list.first) {
		struct topo_mac *m = arena_alloc(p->arena, sizeof(*m));

		m->pos = n->pos;
		if (!value_station(p->t, n, &m->mac))
			continue;
		if (has_mac(s, m->mac)) {
			wrong(p, n->pos,
			      "%s is here twice; take one of them out",
			      n->text);
			continue;
		}
		topo_append(s->macs, m);
		if (++s->lock.value == MAX_MACS + 1)
			wrong(p, n->pos,
			      "a port can be locked to %u addresses and no "
			      "more; for that many stations there is mac "
			      "sticky NUMBER",
			      MAX_MACS);
	}
}

void on_ip_lock(struct parser *p, struct args *a)
{
	struct topo_settings *s = p->in.settings;
	const struct name *n;

	for_each(n, a->list.first) {
		struct topo_prefix *prefix =
			arena_alloc(p->arena, sizeof(*prefix));

		if (!value_prefix(p->t, n, &prefix->prefix))
			continue;
		topo_append(s->prefixes, prefix);
		s->ip_lock.value++;
	}
}

void on_flood(struct parser *p, struct args *a)
{
	(void)p;
	a->o->value = a->form->n;
}

void on_buffers(struct parser *p, struct args *a)
{
	uint64_t n, power = a->form->measure->max;

	if (!value_number(p->t, a->v[0], a->form->measure, &n))
		return;
	while (power > n)
		power /= 2;
	a->o->value = power;
	if (power != n)
		wrong(p, a->v[0]->pos,
		      "%s is not a power of two; the nearest are %u and %u",
		      a->v[0]->text, (unsigned int)power,
		      (unsigned int)power * 2);
}

/* --- VLANs --------------------------------------------------------------- */

void on_access(struct parser *p, struct args *a)
{
	a->o->value = POLICY_VLAN_ACCESS;
	value_vlan(p->t, a->v[0], &p->in.settings->vid);
}

void on_trunk(struct parser *p, struct args *a)
{
	struct topo_settings *s = p->in.settings;
	const struct name *n;
	uint64_t first, last;

	s->vlan.value = POLICY_VLAN_TRUNK;
	s->trunk = arena_alloc(p->arena, sizeof(*s->trunk));
	for_each(n, a->list.first) {
		if (!value_vlans(p->t, n, &first, &last))
			continue;
		for (; first <= last; first++)
			s->trunk->member[first / 64] |= 1ull << first % 64;
	}
	if (a->v[0])
		value_vlan(p->t, a->v[0], &s->vid);
}

/* --- rates --------------------------------------------------------------- */

static void take_burst(struct parser *p, struct args *a,
		       const struct measure *measure)
{
	if (a->v[1] && value_number(p->t, a->v[1], measure, &a->o->burst))
		a->o->burst_pos = a->v[1]->pos;
}

/* How often something may happen: N/s [burst N]. */
void on_rate(struct parser *p, struct args *a)
{
	value_per_second(p->t, a->v[0], a->form->n, &a->o->value);
	take_burst(p, a, a->form->measure);
}

void on_limit(struct parser *p, struct args *a)
{
	static const struct unit units[] = { { "", 1 },
					     { "k", 1ull << 10 },
					     { "m", 1ull << 20 },
					     { "g", 1ull << 30 },
					     { NULL, 0 } };
	/* Rates of networks are counted in tens, unlike memory. */
	static const struct unit bits[] = { { "bit", 1 },
					    { "kbit", 1000 },
					    { "mbit", 1000000 },
					    { "gbit", 1000000000 },
					    { NULL, 0 } };
	/* Less does not carry one frame in a second. */
	static const struct measure rate = { "a rate",
					     "bits, kilobits, megabits or "
					     "gigabits a second, from 10kbit "
					     "to 100gbit: 10mbit",
					     10000,
					     8 * (uint64_t)POLICY_MAX_RATE,
					     bits };
	/* The shortest frame: what is less holds none. */
	static const struct measure burst = { "a burst",
					      "bytes, from 64 to 1g: 1500, "
					      "64k, 1m",
					      64, POLICY_MAX_BURST, units };
	struct option *limit = a->o;

	if (value_number(p->t, a->v[0], &rate, &limit->value))
		limit->value /= 8;
	take_burst(p, a, &burst);
	/* The other direction gets the same, unless it has been said. */
	if (a->form->n == BOTH && option_once(p, &limit[1], a->at, "limit"))
		limit[1] = limit[0];
}
