/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that move too often, and ports that are cut off for it.
 *
 * An address that moves once is a station that was replugged, or a virtual
 * machine that migrated.  One that moves all the time is two stations with one
 * address, of which one may be an impostor, or a loop outside the switch.  A
 * switch can tell none of them by a single frame, and whoever sends frames can
 * make them look like any of them.  What it can know is the order:
 *
 *	home	the port an address was at before it began to move, remembered
 *		until it has not moved for FLAP_MEMORY_S
 *	claim	a frame with an address from a port that is neither its home nor
 *		where it is now
 *
 * The rules, for ports that have a limit (`mac moves`); the others are refused
 * nothing and are never isolated:
 *
 *  - A claim costs its port one of its bucket of moves.  When nothing is left,
 *    the address stays where it is, and the frame is refused (REASON_MOVES).
 *  - Coming home is free.  So a station that is impersonated pays nothing for
 *    being heard again; the impostor does.
 *  - An address that came home FLAP_RETURNS times stays there: claims are
 *    refused until it has not moved for FLAP_HOLD_S.  A station that seldom
 *    speaks is worth protecting too, and to steal it once a second is well
 *    within any limit.
 *  - A port is isolated, which is to take nothing from it and send nothing to
 *    it, when FLAP_ISOLATE times, each within FLAP_HOLD_S of the last, an
 *    address comes home and within FLAP_ECHO_NS is claimed by another port than
 *    the last time.  That is what a loop does: whenever the station speaks, the
 *    frame comes back by one port and the other.  To isolate one port of a loop
 *    breaks it.
 *  - So it is when, within FLAP_ECHO_NS of coming home, an address is claimed
 *    FLAP_BOUNCES times by another port than the last time: a frame that goes
 *    round and round.
 *  - An isolated port is tried again after FLAP_FIRST_S; if it is isolated
 *    again within FLAP_QUIET_S of that, for twice as long, FLAP_LONGEST_S at
 *    most.
 *
 * Why so much is asked for before a port is isolated.  To be cut off hits all
 * stations behind a port, such as everybody behind an uplink, so it must not
 * be for others to bring about.  Two ports that dispute an address look alike
 * to the switch, and who is the impostor is a question of who came first; a
 * port that waits for a station to be silent, or to be switched off, can
 * always be first.  So in a dispute of two nobody is isolated, and to refuse
 * the frames in question is enough.  With three ports in it:
 *
 *	One port alone, whatever it sends, cannot get another port isolated,
 *	unless an address really moves there: FLAP_ISOLATE times, each time
 *	within FLAP_HOLD_S of the last, or within FLAP_ECHO_NS of a frame from
 *	where it was, to go on sending at once.
 *
 * (It takes two ports that claim the address and, right before, a frame from
 * its home, which is a third.  The liar is one of them; for the other two to
 * have sent the address, it must have moved from one to the other.  This is why
 * a frame that goes round is no evidence by itself, and a loop is not found
 * before its station has spoken again.  Were it enough, a liar could have an
 * uplink isolated to which a gateway has failed over, for as long as it likes.)
 *
 * What remains possible, and what helps:
 *
 *  - Whoever uses an address first is at home with it.  A port that takes an
 *    address while its station is silent for longer than the forwarding
 *    database remembers, or is being restarted, keeps it for as long as it
 *    goes on sending; the station's frames are refused once its port's moves
 *    are used up, and with them claims of other addresses, but nothing else
 *    behind that port.  `mac lock` and `sticky` on the port that must not do
 *    that prevent it.
 *  - An address that is disputed while it really moves may have to wait for as
 *    long as it is held fast.
 *  - Two ports that conspire can do the same and in addition have the station's
 *    port isolated.
 *  - A loop through which only stations behind its own ports speak shows no
 *    third port, and a frame that goes round a loop in one direction shows no
 *    moves at all; nor does one whose ports have no moves left.  Storm limits
 *    are for that.
 *  - A station that is silent for longer than FLAP_MEMORY_S, while a loop has
 *    its address, is no more at home with it than the loop; its port pays.
 *  - A port that moves more than its share of FLAP_HOMES addresses can have the
 *    first of them forgotten, and keep them.
 *
 * The memory of homes is small and per switch.  An address in it is charged to
 * the port that claimed it and got it.  When it is full, the port with the
 * most forgets what has not moved for longest, and that is the newcomer's
 * unless another has more (hostile case 21).
 */
#ifndef WEIR_POLICY_FLAP_H
#define WEIR_POLICY_FLAP_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/bucket.h"

#define FLAP_PORTS 64u
/* Addresses whose homes are remembered. */
#define FLAP_HOMES 128u
#define FLAP_MEMORY_S 3600u
/* An address that came home so often stays there for so long. */
#define FLAP_RETURNS 8u
#define FLAP_HOLD_S 60u
/* ... and this often, it is worth a word. */
#define FLAP_DISPUTE 3u
/* A frame that comes back does so within 100 ms. */
#define FLAP_ECHO_NS 100000000ull
/* Signs of a loop that one address has to show. */
#define FLAP_ISOLATE 4u
/* As many times it bounces, if it shows one alone. */
#define FLAP_BOUNCES 8u
/* The first isolation, the longest, and when the next is a first one again. */
#define FLAP_FIRST_S 5u
#define FLAP_LONGEST_S 320u
#define FLAP_QUIET_S 600u

/* A loop is found before its address is held fast and shows no more signs. */
_Static_assert(FLAP_ISOLATE < FLAP_RETURNS, "loops would not be found");
_Static_assert(FLAP_HOMES < 256, "counted in octets");

/**
 * struct flap_home - an address that moved
 * @back_ns: when it came home last; 0: never
 * @moved_s: second of its last move
 * @sign_s:  second of the last sign
 * @home:    port it was at first
 * @charged: port that claimed it last, and got it
 * @rival:   port that claimed it last, whether it got it or not
 * @returns: how often it came home, never FLAP_HOLD_S without a move in between
 * @signs:   of a loop, none FLAP_HOLD_S or more after the one before
 * @echoes:  since it came home, claims by another port than the last one; the
 *           first of them is a sign
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
 * @until_ns: end of its last isolation
 * @times:    isolations since the switch was made
 * @length_s: how long the last isolation was; 0: none yet
 */
struct flap_port {
	struct bucket moves;
	uint64_t until_ns;
	uint64_t times;
	uint32_t length_s;
};

/**
 * struct flap - of one switch; all zero at first
 * @isolated: ports that are
 * @port:     by number; whoever makes it sets @moves (bucket_set())
 * @key:      addresses whose homes are remembered, with their VLANs; 0: free
 * @home:     likewise, what is remembered of them
 */
struct flap {
	uint64_t isolated;
	struct flap_port port[FLAP_PORTS];
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
 * @f:      changed by nothing here
 * @move:   which, and where
 * @now_ns: the time
 */
bool flap_may_move(const struct flap *f, const struct flap_move *move,
		   uint64_t now_ns);

/**
 * flap_is_home - would an address come back to where it was at first?
 * @f:      changed by nothing here
 * @move:   which, and where
 * @now_ns: the time
 */
bool flap_is_home(const struct flap *f, const struct flap_move *move,
		  uint64_t now_ns);

/**
 * flap_moved - it was allowed to, and did
 * @f:      switch's
 * @move:   as flap_may_move() was asked
 * @now_ns: the time
 *
 * Return: whether @move->to has been isolated for it just now.
 */
bool flap_moved(struct flap *f, const struct flap_move *move, uint64_t now_ns);

/**
 * flap_refused - it was not
 * @f:      switch's
 * @move:   as flap_may_move() was asked
 * @now_ns: the time
 *
 * Return: whether @move->to has been isolated for it just now.
 */
bool flap_refused(struct flap *f, const struct flap_move *move,
		  uint64_t now_ns);

/**
 * flap_is_disputed - does an address go to and fro?
 * @move:  which, and between which ports
 * @other: out: if so, the port that has it in dispute with its home
 * @home:  out: likewise, its home
 *
 * It does if it has come home FLAP_DISPUTE times, or would leave it again then.
 */
bool flap_is_disputed(const struct flap *f, const struct flap_move *move,
		      uint64_t now_ns, uint8_t *home, uint8_t *other);

/**
 * flap_tick - end isolations whose time is over
 * @f:      switch's
 * @now_ns: the time
 *
 * Return: ports that are isolated no more.
 */
uint64_t flap_tick(struct flap *f, uint64_t now_ns);

/**
 * flap_forget - a port has a new link: its isolations are of the past
 * @f:    switch's
 * @port: which
 *
 * Homes are remembered and the bucket stays as it is, because whoever is
 * behind a port may renew its link at will: it must gain no moves by that, nor
 * become the first with an address that it took.
 */
void flap_forget(struct flap *f, unsigned int port);

#endif
