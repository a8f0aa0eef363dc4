/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MAC address flapping, and blocking ports that are part of a loop.
 *
 * An address that moves once is a station that was replugged, or a virtual
 * machine that migrated.  One that keeps moving is either two stations with the
 * same address, one of which may be an impostor, or a loop outside the switch.
 * No single frame tells these apart, and a sender can imitate any of them.
 * What the switch does know is the order of events:
 *
 *	home	the port an address was at before it began to move, remembered
 *		until the address has not moved for FLAP_MEMORY_S
 *	claim	a frame with that source address from a port that is neither its
 *		home nor where the address is now
 *
 * The rules apply to ports with a limit (`mac moves`).  Ports without one have
 * nothing refused and are never blocked.
 *
 *  - A claim takes one token from the port's bucket of moves.  If the bucket is
 *    empty, the address stays where it is and the frame is dropped
 *    (REASON_MOVES).
 *  - Returning home is free.  An impersonated station pays nothing for being
 *    heard again; the impostor pays.
 *  - An address that has returned home FLAP_RETURNS times is held there: claims
 *    are refused until it has not moved for FLAP_HOLD_S.  This protects
 *    stations that seldom send: stealing such an address once a second is well
 *    within any limit.
 *  - A port is blocked (nothing is accepted from it or sent to it) when an
 *    address shows FLAP_SIGNS signs of a loop, each within FLAP_HOLD_S of the
 *    one before.  A sign is: the address returns home, and within FLAP_ECHO_NS
 *    it is claimed by another port than last time.  A loop does this whenever
 *    the station sends: the frame comes back through one port, then through the
 *    other.  Blocking one port of a loop breaks it.
 *  - A port is also blocked when, within FLAP_ECHO_NS of returning home, an
 *    address is claimed FLAP_BOUNCES times, each time by another port than the
 *    time before: one frame that circulates.
 *  - A blocked port is unblocked after FLAP_FIRST_S.  If it is blocked again
 *    within FLAP_QUIET_S, the time doubles, up to FLAP_LONGEST_S.
 *
 * Why blocking takes so much evidence.  It cuts off every station behind a
 * port, so others must not be able to cause it.  If two ports claim one
 * address, the switch cannot tell which of them is the impostor: an attacker
 * can wait until the station is silent or switched off.  So a dispute between
 * two ports blocks neither; refusing the frames in question is enough.  With
 * three ports:
 *
 *	One port alone, whatever it sends, cannot get another port blocked,
 *	unless the address really moves there: FLAP_SIGNS times, each within
 *	FLAP_HOLD_S of the one before, or within FLAP_ECHO_NS of a frame from
 *	its previous port, and goes on sending at once.
 *
 * (Blocking takes two ports that claim the address right after a frame from its
 * home, a third port.  The liar is one of them.  For both of the others to have
 * sent from the address, it must have moved between them.  So a circulating
 * frame is no evidence by itself, and a loop is found only after its station
 * has sent again.  Otherwise a liar could block the uplink to which a gateway
 * has failed over.)
 *
 * What remains possible:
 *
 *  - The first port to use an address becomes its home.  A port that takes an
 *    address while its station is silent for longer than the forwarding
 *    database's ageing time keeps it for as long as it goes on sending.  Once
 *    the moves of the station's port are used up, the station's frames are
 *    refused, and so are claims of other addresses; nothing else behind that
 *    port is affected.  `mac lock` and `sticky` on the offending port prevent
 *    this.
 *  - An address that really moves while it is disputed may have to wait until
 *    it is no longer held.
 *  - Two ports that conspire can do the same, and also get the station's port
 *    blocked.
 *  - A loop through which only stations behind its own ports send involves no
 *    third port.  A frame that circulates in one direction causes no moves, and
 *    neither does a loop whose ports have no moves left.  Storm limits cover
 *    these cases.
 *  - A station that is silent for longer than FLAP_MEMORY_S while a loop has
 *    its address loses its home; its port then pays for the move.
 *  - A port that moves more than its share of FLAP_HOMES addresses can have the
 *    oldest of them forgotten, and keep them.
 *
 * The table of homes is small and per switch.  An entry is charged to the port
 * that last claimed the address and got it.  When the table is full, the port
 * with the most entries loses the one that has not moved for longest; that is
 * the newcomer's own port unless another has more (hostile case 21).
 */
#ifndef WEIR_POLICY_FLAP_H
#define WEIR_POLICY_FLAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "policy/bucket.h"

/* Entries of the table of homes. */
#define FLAP_HOMES 128u
#define FLAP_MEMORY_S 3600u
/* An address that returned home this often is held there for this long. */
#define FLAP_RETURNS 8u
#define FLAP_HOLD_S 60u
/* After this many returns the dispute is logged. */
#define FLAP_DISPUTE 3u
/* A frame comes back through a loop within this time. */
#define FLAP_ECHO_NS 100000000ull
/* Signs of a loop after which a port is blocked. */
#define FLAP_SIGNS 4u
/* Claims in a row after which it is blocked at the first sign. */
#define FLAP_BOUNCES 8u
/* How long a port is blocked first, at most, and when that starts over. */
#define FLAP_FIRST_S 5u
#define FLAP_LONGEST_S 320u
#define FLAP_QUIET_S 600u

/* A loop must be found before its address is held and shows no more signs. */
_Static_assert(FLAP_SIGNS < FLAP_RETURNS, "loops would not be found");
_Static_assert(FLAP_HOMES < 256, "counted in bytes");

/**
 * struct flap_home - an address that moved
 * @back_ns: when it returned home last; 0: never
 * @moved_s: second of its last move
 * @sign_s:  second of the last sign
 * @home:    port it was at first
 * @charged: port that claimed it last, and got it
 * @rival:   port that claimed it last, whether it got it or not
 * @returns: how often it returned home, with less than FLAP_HOLD_S between
 *           moves
 * @signs:   of a loop, each less than FLAP_HOLD_S after the one before
 * @echoes:  claims since it returned home, each by another port than the one
 *           before; the first of them is a sign
 */
struct flap_home {
	uint64_t back_ns;
	uint32_t moved_s;
	uint32_t sign_s;
	uint8_t home;
	uint8_t charged;
	uint8_t rival;
	uint8_t returns;
	uint8_t signs;
	uint8_t echoes;
};

/**
 * struct flap_port - one port
 * @moves:    its bucket; all zero: no limit
 * @until_ns: until when it is, or was last, blocked
 * @times:    how often it was blocked since the switch was made
 * @length_s: for how long it was blocked last; 0: never
 */
struct flap_port {
	struct bucket moves;
	uint64_t until_ns;
	uint64_t times;
	uint32_t length_s;
};

/**
 * struct flap - of one switch; all zero at first
 * @blocked:  blocked ports
 * @port:     by number; the owner sets @moves (bucket_set())
 * @key:      addresses whose homes are remembered, with their VLANs; 0: free
 * @home:     likewise, what is remembered of them
 */
struct flap {
	uint64_t blocked;
	struct flap_port port[MAX_PORTS];
	uint64_t key[FLAP_HOMES];
	struct flap_home home[FLAP_HOMES];
};

/**
 * struct flap_move - an address that would change ports
 * @mac:  individual address
 * @vlan: VLAN it is in
 * @from: port it is at
 * @to:   port it was heard from: another one
 */
struct flap_move {
	uint64_t mac;
	uint16_t vlan;
	uint8_t from;
	uint8_t to;
};

/**
 * flap_may_move - may an address move?
 */
bool flap_may_move(const struct flap *f, const struct flap_move *move,
		   uint64_t now_ns);

/**
 * flap_is_home - would an address return home?
 */
bool flap_is_home(const struct flap *f, const struct flap_move *move,
		  uint64_t now_ns);

/**
 * flap_moved - a move was allowed; arguments as in flap_may_move()
 *
 * Return: whether @move->to has just been blocked.
 */
bool flap_moved(struct flap *f, const struct flap_move *move, uint64_t now_ns);

/**
 * flap_refused - a move was refused; as flap_moved()
 */
bool flap_refused(struct flap *f, const struct flap_move *move,
		  uint64_t now_ns);

/**
 * flap_is_disputed - is an address claimed by two ports?
 * @home:  out: if so, its home
 * @other: out: if so, the other port
 *
 * It is if it has returned home FLAP_DISPUTE times.
 */
bool flap_is_disputed(const struct flap *f, const struct flap_move *move,
		      uint64_t now_ns, uint8_t *home, uint8_t *other);

/**
 * flap_tick - unblock ports whose time is over
 *
 * Return: these ports.
 */
uint64_t flap_tick(struct flap *f, uint64_t now_ns);

/**
 * flap_forget - unblock a port that has a new link
 *
 * Homes and the bucket of moves stay: a peer can renew its link at will, and
 * must not gain moves by that, nor make an address it took its own.
 */
void flap_forget(struct flap *f, unsigned int port);

#endif
