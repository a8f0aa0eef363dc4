/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MAC address flapping: the table of homes, and when a port is blocked.
 *
 * The table is an array with a linear scan: 128 words are one KiB, and it is
 * searched only when an address is found at another port than before.  Expired
 * entries stay until their slot is needed.
 */
#include "policy/flap.h"

#include "base/bits.h"
#include "base/mem.h"

#define SECOND_NS 1000000000ull

static uint32_t seconds(uint64_t now_ns)
{
	return (uint32_t)(now_ns / SECOND_NS);
}

/* --- table of homes ---------------------------------------------------- */

/* Never 0: no station has the address 0. */
static uint64_t key_of(const struct flap_move *move)
{
	return (uint64_t)move->vlan << 48 | move->mac;
}

static bool is_remembered(const struct flap *f, unsigned int i, uint32_t now)
{
	return f->key[i] != 0 && now - f->home[i].moved_s < FLAP_MEMORY_S;
}

/* Return: the address' slot, or FLAP_HOMES. */
static unsigned int find(const struct flap *f, const struct flap_move *move,
			 uint64_t now_ns)
{
	uint64_t key = key_of(move);

	for (unsigned int i = 0; i < FLAP_HOMES; i++)
		if (f->key[i] == key)
			return is_remembered(f, i, seconds(now_ns))
				       ? i
				       : FLAP_HOMES;
	return FLAP_HOMES;
}

/* The port with the most entries; @to, unless another has more. */
static unsigned int find_hoarder(const struct flap *f, unsigned int to)
{
	uint8_t charged[MAX_PORTS];
	unsigned int hoarder = to;

	memset(charged, 0, sizeof(charged));
	for (unsigned int i = 0; i < FLAP_HOMES; i++)
		charged[f->home[i].charged]++;
	for (unsigned int p = 0; p < MAX_PORTS; p++)
		if (charged[p] > charged[hoarder])
			hoarder = p;
	return hoarder;
}

/* Of a full memory. */
static unsigned int find_victim(const struct flap *f, unsigned int to)
{
	unsigned int hoarder = find_hoarder(f, to);
	unsigned int victim = FLAP_HOMES;

	for (unsigned int i = 0; i < FLAP_HOMES; i++)
		if (f->home[i].charged == hoarder &&
		    (victim == FLAP_HOMES ||
		     f->home[i].moved_s < f->home[victim].moved_s))
			victim = i;
	return victim;
}

/* The address' own slot if it has one: there must be no second one. */
static unsigned int find_place(const struct flap *f,
			       const struct flap_move *move, uint32_t now)
{
	uint64_t key = key_of(move);
	unsigned int free = FLAP_HOMES;

	for (unsigned int i = 0; i < FLAP_HOMES; i++) {
		if (f->key[i] == key)
			return i;
		if (!is_remembered(f, i, now))
			free = i;
	}
	return free < FLAP_HOMES ? free : find_victim(f, move->to);
}

/* The first move of an address: its home is where it was. */
static void remember(struct flap *f, const struct flap_move *move, uint32_t now)
{
	unsigned int i = find_place(f, move, now);

	f->key[i] = key_of(move);
	f->home[i] = (struct flap_home){
		.moved_s = now,
		.home = move->from,
		.charged = move->to,
		.rival = move->to,
	};
}

/* --- blocking ---------------------------------------------------------- */

/* For twice as long as the last time, unless that was long ago. */
static void block(struct flap *f, unsigned int port, uint64_t now_ns)
{
	struct flap_port *p = &f->port[port];

	if (p->length_s == 0 ||
	    now_ns >= p->until_ns + FLAP_QUIET_S * SECOND_NS)
		p->length_s = FLAP_FIRST_S;
	else if (p->length_s < FLAP_LONGEST_S)
		p->length_s *= 2;
	p->until_ns = now_ns + p->length_s * SECOND_NS;
	p->times++;
	f->blocked |= bit(port);
}

/* Claimed by another port than last time, right after the station sent? */
static bool is_echo(const struct flap_home *h, unsigned int to, uint64_t now_ns)
{
	return h->back_ns != 0 && now_ns - h->back_ns < FLAP_ECHO_NS &&
	       h->rival != to;
}

/* Return: whether this is enough to block the port. */
static bool count_echo(struct flap_home *h, uint64_t now_ns)
{
	uint32_t now = seconds(now_ns);

	if (h->echoes++ > 0)
		return h->echoes >= FLAP_BOUNCES;
	/* The first since it came home. */
	if (now - h->sign_s >= FLAP_HOLD_S)
		h->signs = 0;
	h->sign_s = now;
	return ++h->signs >= FLAP_SIGNS;
}

/* A port claims an address.  Return: whether it gets blocked for that. */
static bool claim(struct flap *f, struct flap_home *h, unsigned int to,
		  uint64_t now_ns)
{
	bool echo = is_echo(h, to, now_ns) && bucket_limits(&f->port[to].moves);

	h->rival = (uint8_t)to;
	if (!echo || !count_echo(h, now_ns))
		return false;
	/* If the loop is still there, it takes new signs to find it. */
	h->signs = 0;
	h->returns = 0;
	h->echoes = 0;
	block(f, to, now_ns);
	return true;
}

/* --- verbs ------------------------------------------------------------- */

/* Is it held at home? */
static bool is_held(const struct flap_home *h, uint32_t now)
{
	return h->returns >= FLAP_RETURNS && now - h->moved_s < FLAP_HOLD_S;
}

bool flap_is_home(const struct flap *f, const struct flap_move *move,
		  uint64_t now_ns)
{
	unsigned int i = find(f, move, now_ns);

	return i < FLAP_HOMES && f->home[i].home == move->to;
}

bool flap_may_move(const struct flap *f, const struct flap_move *move,
		   uint64_t now_ns)
{
	const struct bucket *moves = &f->port[move->to].moves;
	unsigned int i;

	if (!bucket_limits(moves))
		return true;
	i = find(f, move, now_ns);
	if (i < FLAP_HOMES && f->home[i].home == move->to)
		return true;
	if (i < FLAP_HOMES && is_held(&f->home[i], seconds(now_ns)))
		return false;
	return bucket_has(moves, now_ns, 1);
}

static void came_home(struct flap_home *h, uint64_t now_ns)
{
	h->back_ns = now_ns;
	h->echoes = 0;
	if (h->returns < FLAP_RETURNS)
		h->returns++;
}

bool flap_moved(struct flap *f, const struct flap_move *move, uint64_t now_ns)
{
	uint32_t now = seconds(now_ns);
	unsigned int i = find(f, move, now_ns);
	bool home = i < FLAP_HOMES && f->home[i].home == move->to;
	struct flap_home *h;

	/* flap_may_move() has checked that there is one. */
	if (!home)
		bucket_take(&f->port[move->to].moves, now_ns, 1);
	if (i >= FLAP_HOMES) {
		remember(f, move, now);
		return false;
	}
	h = &f->home[i];
	if (now - h->moved_s >= FLAP_HOLD_S)
		h->returns = 0;
	h->moved_s = now;
	if (home) {
		came_home(h, now_ns);
		return false;
	}
	h->charged = move->to;
	return claim(f, h, move->to, now_ns);
}

bool flap_refused(struct flap *f, const struct flap_move *move, uint64_t now_ns)
{
	unsigned int i = find(f, move, now_ns);

	return i < FLAP_HOMES && claim(f, &f->home[i], move->to, now_ns);
}

bool flap_is_disputed(const struct flap *f, const struct flap_move *move,
		      uint64_t now_ns, uint8_t *home, uint8_t *other)
{
	unsigned int i = find(f, move, now_ns);

	if (i == FLAP_HOMES || f->home[i].returns < FLAP_DISPUTE)
		return false;
	*home = f->home[i].home;
	*other = f->home[i].rival;
	return true;
}

uint64_t flap_tick(struct flap *f, uint64_t now_ns)
{
	uint64_t ports = f->blocked;
	uint64_t ended = 0;

	while (ports) {
		unsigned int port = bit_pop(&ports);

		if (now_ns >= f->port[port].until_ns)
			ended |= bit(port);
	}
	f->blocked &= ~ended;
	return ended;
}

void flap_forget(struct flap *f, unsigned int port)
{
	f->blocked &= ~bit(port);
	f->port[port].until_ns = 0;
	f->port[port].length_s = 0;
}
