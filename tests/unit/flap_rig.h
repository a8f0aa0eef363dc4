/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What makes addresses move: a small switch for the tests of policy/flap.h.
 *
 * The module sees moves; stations, impostors and loops send frames.  So there
 * is a switch here that learns addresses as the real one does, asks before it
 * lets one move, and takes nothing from blocked ports.
 */
#ifndef WEIR_TESTS_UNIT_FLAP_RIG_H
#define WEIR_TESTS_UNIT_FLAP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/flap.h"

#define SECOND 1000000000ull
#define MS 1000000ull
/* Addresses are small numbers; 0 is none. */
#define ADDRESSES 1200u
#define NOWHERE 255u

enum outcome {
	TAKEN,	 /* known there, or new */
	MOVED,	 /* came over */
	REFUSED, /* must not move */
	CUT,	 /* the port is blocked */
};

/**
 * struct net - a switch and its time
 * @at:       by address: port it is at, or NOWHERE
 * @blocked: ports that were ever blocked
 */
struct net {
	struct flap flap;
	uint64_t now;
	uint64_t blocked;
	uint8_t at[ADDRESSES];
};

static struct net net;

/* A port's limit; a rate of 0 is none. */
static inline void limit(unsigned int port, uint64_t rate, uint64_t burst)
{
	const struct policy_rate settings = { rate, burst };

	bucket_set(&net.flap.port[port].moves, &settings);
}

/* A new switch, all ports with the same limit. */
static inline void start(uint64_t rate, uint64_t burst)
{
	memset(&net, 0, sizeof(net));
	memset(net.at, NOWHERE, sizeof(net.at));
	/* A system that has just been switched on. */
	net.now = 5 * MS;
	for (unsigned int p = 0; p < MAX_PORTS; p++)
		limit(p, rate, burst);
}

static inline bool is_blocked(unsigned int port)
{
	return net.flap.blocked >> port & 1;
}

/* Time passes. */
static inline void later(uint64_t ns)
{
	net.now += ns;
	flap_tick(&net.flap, net.now);
}

/* An address was heard from another port than the one it is at. */
static inline enum outcome move(const struct flap_move *m)
{
	bool may = flap_may_move(&net.flap, m, net.now);
	bool blocked = may ? flap_moved(&net.flap, m, net.now)
			   : flap_refused(&net.flap, m, net.now);

	assert_int_equal(blocked, is_blocked(m->to));
	net.blocked |= net.flap.blocked;
	if (may)
		net.at[m->mac] = m->to;
	return may ? MOVED : REFUSED;
}

/* A frame with this source address comes from a port. */
static inline enum outcome heard(unsigned int port, unsigned int mac)
{
	const struct flap_move m = {
		.mac = mac,
		.from = net.at[mac],
		.to = (uint8_t)port,
	};

	if (is_blocked(port))
		return CUT;
	if (net.at[mac] != NOWHERE && net.at[mac] != port)
		return move(&m);
	net.at[mac] = (uint8_t)port;
	return TAKEN;
}

#define STATION_PORT 5u

/* Every frame from the station comes back by each of the other ports. */
static inline void echo(unsigned int mac, unsigned int ports)
{
	heard(STATION_PORT, mac);
	for (unsigned int p = 0; p < ports; p++)
		heard(p, mac);
}

#endif
