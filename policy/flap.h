/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that move too often, and ports that are cut off for it.
 *
 * An address that moves once is a station that was replugged, or a virtual
 * machine that migrated.  One that moves all the time is a loop outside the
 * switch, or a station that uses another's address.  Both are answered alike:
 *
 *  - Each port has a bucket of moves (`mac moves`).  An address moves *to* a port
 *    at that port's expense; when nothing is left, it stays where it is and the
 *    frame is refused (REASON_MOVES).
 *  - Moving back home is free.  Home is the port an address had before it began
 *    to move, remembered for FLAP_MEMORY_S after its last move.  So a station
 *    that is impersonated pays nothing for being heard again; the impostor does.
 *  - A port at whose expense FLAP_ISOLATE moves have been refused in a row of
 *    seconds is isolated: nothing is taken from it and nothing sent to it.  That
 *    breaks a loop, whose frames otherwise go round for ever.  After a while it is
 *    tried again; each isolation that follows soon is twice as long.
 *
 * The memory of homes is small and per switch; a full one forgets the address
 * longest unmoved of the port (where it moved to) that has the most in it.
 */
#ifndef WEIR_POLICY_FLAP_H
#define WEIR_POLICY_FLAP_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/bucket.h"

#define FLAP_PORTS 64u
/* Addresses whose homes are remembered. */
#define FLAP_HOMES 128u
#define FLAP_MEMORY_S 60u
/* Refused moves to a port, with less than a second between them. */
#define FLAP_ISOLATE 64u
/* The first isolation, and the longest. */
#define FLAP_FIRST_S 5u
#define FLAP_LONGEST_S 320u

/**
 * struct flap_home - an address that moved
 * @mac, @vlan: which
 * @home:    port it was at first
 * @at:      port it moved to last
 * @moved_at: second of its last move; 0: the place is free
 */
struct flap_home {
	uint64_t mac;
	uint16_t vlan;
	uint8_t home;
	uint8_t at;
	uint32_t moved_at;
};

/**
 * struct flap_port - one port
 * @moves:    its bucket; all zero: no limit
 * @refused:  refused moves in a row
 * @last_ns:  time of the last of them
 * @until_ns: end of its isolation
 * @length_s: how long the last isolation was; 0: none yet
 * @times:    isolations since the switch was made
 */
struct flap_port {
	struct bucket moves;
	uint32_t refused;
	uint32_t length_s;
	uint64_t last_ns;
	uint64_t until_ns;
	uint64_t times;
};

/**
 * struct flap - of one switch; all zero at first
 * @isolated: ports that are
 */
struct flap {
	uint64_t isolated;
	struct flap_port port[FLAP_PORTS];
	struct flap_home home[FLAP_HOMES];
};

/**
 * struct flap_move - an address that would change ports
 */
struct flap_move {
	uint64_t mac;
	uint16_t vlan;
	uint8_t from;
	uint8_t to;
};

/**
 * flap_may_move - may an address move?
 *
 * Changes nothing.
 */
bool flap_may_move(const struct flap *f, const struct flap_move *move,
		   uint64_t now_ns);

/**
 * flap_moved - it was allowed to, and did
 */
void flap_moved(struct flap *f, const struct flap_move *move, uint64_t now_ns);

/**
 * flap_refused - it was not
 *
 * Return: whether @move->to has been isolated for it just now.
 */
bool flap_refused(struct flap *f, const struct flap_move *move,
		  uint64_t now_ns);

/**
 * flap_tick - end isolations whose time is over
 *
 * Return: ports that are isolated no more.
 */
uint64_t flap_tick(struct flap *f, uint64_t now_ns);

/**
 * flap_forget - what is remembered of a port, on a new link: also its isolation
 */
void flap_forget(struct flap *f, unsigned int port);

#endif
