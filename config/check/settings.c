/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings: those that contradict each other, and what follows where something
 * is not said.
 *
 * Bursts.  Work comes in batches: a switch that sleeps for a while finds a
 * queue of frames when it wakes up, and with a small burst a limit would be
 * lower than it says.  So it is a tenth of a second's worth, and at least
 * sixteen frames, and at least 64 KiB.
 *
 * Storms.  What a port floods is limited unless told otherwise
 * (sys_usual_storm).  A frame that goes round a loop does so 10,000 times a
 * second and more, and is lost when it is refused, so any limit below that ends
 * it; the lower, the sooner.  No network that works comes near: one of 250
 * stations has tens of broadcasts a second, a scan of a network's addresses
 * some hundred, and a receiver nobody knew is known with its first answer.  A
 * whole second's worth may come at once, as when power is back.  Multicast
 * carries streams: 5,000 a second are 50 Mbit/s of video.
 */
#include "config/check/check.h"

#include <inttypes.h>

#include "base/frame.h"
#include "config/lang/words.h"

#define BURST_BYTES (64u << 10)
#define BURST_FRAMES 16u
#define STORM_BURST 10u
#define DEFAULT_MOVES 10u

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* --- rates --------------------------------------------------------------- */

static uint64_t longest_frame(const struct topo_port *port)
{
	return topo_mtu(port) + FRAME_OVERHEAD;
}

static void set_burst(const struct topo_port *port, struct option *limit)
{
	uint64_t burst = larger(limit->value / 10, BURST_BYTES);

	burst = larger(burst, BURST_FRAMES * longest_frame(port));
	if (limit->set && !limit->burst)
		limit->burst = burst < POLICY_MAX_BURST ? burst
							: POLICY_MAX_BURST;
}

static void check_segment(struct topology *t, const struct topo_port *port,
			  const struct option *limit)
{
	if (topo_offload(port) && limit->burst < SYS_MAX_SEGMENT)
		warn(t, limit->burst_pos,
		     "a burst of %" PRIu64 " bytes never lets a long segment "
		     "pass, which on port %s has up to %u; write at least "
		     "that, or \"offload off\" in the port",
		     limit->burst, topo_port_name(t, port), SYS_MAX_SEGMENT);
}

static void check_bursts(struct topology *t, const struct topo_port *port)
{
	uint64_t frame = longest_frame(port);
	unsigned int last = 0;

	for (unsigned int i = 0; i < LIMITS; i++) {
		const struct option *limit = &port->settings.limit[i];

		/* Both directions may have been said in one. */
		if (!limit->burst || limit->burst_pos.seq == last)
			continue;
		last = limit->burst_pos.seq;
		if (limit->burst >= frame) {
			check_segment(t, port, limit);
			continue;
		}
		wrong(t, limit->burst_pos,
		      "a burst of %" PRIu64 " bytes never lets a frame of full "
		      "length pass, which on port %s has "
		      "%" PRIu64 "; write at least that",
		      limit->burst, topo_port_name(t, port), frame);
	}
}

/* Behind a link there is a switch whose ports have limits of their own. */
static void set_storm(const struct topo_port *port, unsigned int kind,
		      struct option *storm)
{
	const struct policy_rate *usual = &sys_usual_storm[kind];

	if (storm->off)
		return;
	if (!storm->set && port->kind != TO_LINK) {
		storm->value = usual->rate;
		storm->burst = usual->burst;
	} else if (storm->set && !storm->burst) {
		storm->burst = larger(storm->value / 10, STORM_BURST);
	}
}

static void set_moves(struct option *moves)
{
	if (moves->off)
		return;
	if (!moves->set)
		moves->value = DEFAULT_MOVES;
	if (!moves->burst)
		moves->burst = 2 * moves->value;
}

/* --- locks --------------------------------------------------------------- */

static void check_sticky(struct topology *t, const struct topo_port *port)
{
	const struct option *lock = &port->settings.lock;
	const struct option *sticky = &port->settings.sticky;
	bool first = lock->pos.seq < sticky->pos.seq;
	struct pos at = first ? sticky->pos : lock->pos;

	if (lock->set && sticky->set)
		wrong(t, at,
		      "port %s has a %s, in %s; a lock says all addresses of a "
		      "port: take one of the two out",
		      topo_port_name(t, port),
		      first ? "mac lock" : "mac sticky",
		      place(t, at, first ? lock->pos : sticky->pos));
}

static void count_prefixes(struct topology *t, const struct topo_port *port)
{
	const struct option *lock = &port->settings.ip_lock;
	struct topo_switch *sw = port->sw;
	uint32_t before = sw->n_prefixes;

	sw->n_prefixes += (uint32_t)lock->value;
	if (before <= POLICY_MAX_PREFIXES &&
	    sw->n_prefixes > POLICY_MAX_PREFIXES)
		wrong(t, lock->pos,
		      "with this the ports of switch %s are locked to %u "
		      "addresses and prefixes; %u are possible: take addresses "
		      "together to prefixes",
		      shown(sw), sw->n_prefixes, POLICY_MAX_PREFIXES);
}

static void check_port(struct topology *t, struct topo_port *port)
{
	struct topo_settings *s = &port->settings;

	for (unsigned int i = 0; i < LIMITS; i++)
		set_burst(port, &s->limit[i]);
	/* Both ends of a link are as they are said to be in one place. */
	if (port->link_end == 0)
		check_bursts(t, port);
	for (unsigned int i = 0; i < STORMS; i++)
		set_storm(port, i, &s->storm[i]);
	set_moves(&s->moves);
	check_sticky(t, port);
	/* At a port with a lock, every station is known. */
	if (!s->flood.set)
		s->flood.value = s->lock.set;
	count_prefixes(t, port);
}

void check_settings(struct topology *t)
{
	struct topo_port *port;

	for_each_port(port, t) {
		if (port->kind != TO_CAPTURE)
			check_port(t, port);
	}
}

/* --- changes while it runs: each replaces what the file says ------------- */

static void change(struct topo_settings *s, const struct topo_settings *by)
{
	if (by->lock.set)
		s->macs = by->macs;
	if (by->ip_lock.set)
		s->prefixes = by->prefixes;
	if (by->vlan.set) {
		s->vid = by->vid;
		s->trunk = by->trunk;
	}
	for (const struct form *f = forms; f < forms + n_forms; f++) {
		const struct option *o = form_option(f, NULL, by);

		/* Off is what a port is by itself, unless it is LIMITED. */
		if (f->words && f->places & IN_SET && o->set)
			*form_option(f, NULL, s) =
				o->off && !(f->places & LIMITED)
					? (struct option){ 0 }
					: *o;
	}
}

void check_sets(struct topology *t)
{
	const struct topo_set *set;
	struct topo_port *port;

	for_each_port(port, t) {
		if (port->settings.macs)
			port->own_lock = port->settings.macs->mac;
	}
	for_each(set, t->sets) {
		port = resolve_port(t, NULL, &set->port);
		if (port)
			change(&port->settings, &set->settings);
	}
}
