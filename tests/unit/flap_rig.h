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

extern struct net net;

/* A port's limit; a rate of 0 is none. */
void limit_moves(unsigned int port, uint64_t rate, uint64_t burst);

/* A new switch, all ports with the same limit. */
void new_net(uint64_t rate, uint64_t burst);

bool is_blocked(unsigned int port);

/* Time passes. */
void later(uint64_t ns);

/* An address was heard from another port than the one it is at. */
enum outcome move(const struct flap_move *m);

/* A frame with this source address comes from a port. */
enum outcome heard(unsigned int port, unsigned int mac);

#define STATION_PORT 5u

/* Every frame from the station comes back by each of the other ports. */
void echo(unsigned int mac, unsigned int ports);

#endif
