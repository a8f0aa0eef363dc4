/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memberships: an index by group, lists by port, and room for the next one.
 *
 * Each port has a list by age (base/agelist.h) of its memberships for every
 * reason they can end by.
 *
 * Ended memberships stay where they are until room is needed or they begin
 * anew; whoever looks compares the time.
 */
#include "base/bits.h"
#include "base/hash.h"
#include "vswitch/mcast_impl.h"
#include "base/lines.h"
#include "base/mem.h"

static const uint32_t life_s[LIVES] = {
	[LIFE_LEAVING] = MCAST_LEAVE_S,
	[LIFE_MEMBER] = MCAST_MEMBER_S,
	[LIFE_ROUTER] = MCAST_QUERIER_S,
};

/* --- memory -------------------------------------------------------------- */

static uint32_t heads_for(uint32_t groups)
{
	uint32_t heads = 2;

	while (heads < 2 * groups)
		heads *= 2;
	return heads;
}

size_t mcast_size(uint32_t groups)
{
	if (groups < 1 || groups > MCAST_MAX_GROUPS)
		return 0;
	return in_lines(sizeof(struct mcast)) +
	       in_lines(groups * sizeof(struct mcast_group)) +
	       in_lines(groups * sizeof(struct mcast_member)) +
	       in_lines(groups * sizeof(struct age_link)) +
	       in_lines(heads_for(groups) * sizeof(uint16_t));
}

static void make_empty(struct mcast *m)
{
	for (uint32_t i = 0; i <= m->mask; i++)
		m->head[i] = MCAST_NONE;
	for (uint32_t i = 0; i < m->capacity; i++) {
		m->group[i].next = (uint16_t)(i + 1);
		m->member[i].sibling = (uint16_t)(i + 1);
		m->member[i].port = MCAST_NO_PORT;
	}
	m->group[m->capacity - 1].next = MCAST_NONE;
	m->member[m->capacity - 1].sibling = MCAST_NONE;
}

struct mcast *mcast_init(void *memory, size_t size, uint32_t groups,
			 uint64_t seed)
{
	size_t need = mcast_size(groups);
	struct mcast *m = memory;
	uint8_t *at = memory;

	if (need == 0 || size < need)
		return NULL;
	memset(memory, 0, need);
	m->capacity = groups;
	m->mask = heads_for(groups) - 1;
	m->mix[0] = hash_next(seed) | 1;
	m->mix[1] = hash_next(m->mix[0]) | 1;
	m->mix[2] = hash_next(m->mix[1]) | 1;
	at += in_lines(sizeof(struct mcast));
	m->group = (void *)at;
	at += in_lines(groups * sizeof(struct mcast_group));
	m->member = (void *)at;
	at += in_lines(groups * sizeof(struct mcast_member));
	agelist_init(&m->age, (void *)at, m->list, LIVES);
	at += in_lines(groups * sizeof(struct age_link));
	m->head = (void *)at;
	make_empty(m);
	return m;
}

/* --- groups -------------------------------------------------------------- */

/* Nobody who does not know the numbers can aim at a head. */
static uint16_t *head_of(const struct mcast *m, const struct ip_addr *addr,
			 uint16_t vlan)
{
	uint64_t x = hash_fold(addr->hi ^ m->mix[0], addr->lo ^ m->mix[1]);

	return &m->head[hash_fold(x ^ vlan, m->mix[2]) & m->mask];
}

uint32_t mcast_find(const struct mcast *m, const struct mcast_key *key)
{
	uint32_t group = *head_of(m, &key->addr, key->vlan);

	while (group != MCAST_NONE) {
		const struct mcast_group *g = &m->group[group];

		if (ip_same(&g->addr, &key->addr) && g->vlan == key->vlan)
			break;
		group = g->next;
	}
	return group;
}

static uint32_t add_group(struct mcast *m, const struct mcast_key *key,
			  uint32_t now)
{
	uint16_t *head = head_of(m, &key->addr, key->vlan);
	uint16_t group = m->free_group;
	struct mcast_group *g = &m->group[group];

	m->free_group = g->next;
	*g = (struct mcast_group){
		.addr = key->addr,
		.vlan = key->vlan,
		.first = MCAST_NONE,
		.next = *head,
		.settled = now,
		.until = now,
	};
	*head = group;
	return group;
}

static void remove_group(struct mcast *m, uint16_t group)
{
	struct mcast_group *g = &m->group[group];
	uint16_t *at = head_of(m, &g->addr, g->vlan);

	while (*at != group)
		at = &m->group[*at].next;
	*at = g->next;
	g->next = m->free_group;
	g->asked = 0;
	g->asking = 0;
	m->free_group = group;
}

/* --- a port's lists ------------------------------------------------------ */

static void list_append(struct mcast *m, uint32_t slot)
{
	const struct mcast_member *r = &m->member[slot];

	agelist_append(&m->age, r->port, r->life, slot);
}

static void list_remove(struct mcast *m, uint32_t slot)
{
	const struct mcast_member *r = &m->member[slot];

	agelist_remove(&m->age, r->port, r->life, slot);
}

/* It ends in as many seconds as its life has. */
static void begin(struct mcast *m, uint32_t slot, enum mcast_life life,
		  uint32_t now)
{
	m->member[slot].life = (uint8_t)life;
	m->member[slot].until = now + life_s[life];
	list_append(m, slot);
}

/* --- memberships --------------------------------------------------------- */

static bool has_ended(const struct mcast *m, uint32_t slot, uint32_t now)
{
	return !mcast_before(now, m->member[slot].until);
}

static uint32_t member_at(const struct mcast *m, uint32_t group,
			  unsigned int port)
{
	uint32_t slot = MCAST_NONE;

	if (group != MCAST_NONE)
		slot = m->group[group].first;
	while (slot != MCAST_NONE && m->member[slot].port != port)
		slot = m->member[slot].sibling;
	return slot;
}

uint64_t mcast_members(const struct mcast *m, uint32_t group, uint32_t now)
{
	uint32_t slot = MCAST_NONE;
	uint64_t ports = 0;

	if (group != MCAST_NONE)
		slot = m->group[group].first;
	for (; slot != MCAST_NONE; slot = m->member[slot].sibling)
		if (!has_ended(m, slot, now))
			ports |= bit(m->member[slot].port);
	return ports;
}

void mcast_drop(struct mcast *m, uint32_t slot)
{
	struct mcast_member *r = &m->member[slot];
	struct mcast_group *g = &m->group[r->group];
	uint16_t *at = &g->first;

	list_remove(m, slot);
	while (*at != slot)
		at = &m->member[*at].sibling;
	*at = r->sibling;
	if (g->first == MCAST_NONE)
		remove_group(m, r->group);
	r->port = MCAST_NO_PORT;
	r->sibling = m->free_member;
	m->free_member = (uint16_t)slot;
}

void mcast_cut(struct mcast *m, uint32_t group, uint64_t ports, uint32_t now)
{
	uint32_t slot = MCAST_NONE;

	if (group != MCAST_NONE)
		slot = m->group[group].first;
	for (; slot != MCAST_NONE; slot = m->member[slot].sibling) {
		const struct mcast_member *r = &m->member[slot];

		if (!bit_in(ports, r->port) ||
		    !mcast_before(now + MCAST_LEAVE_S, r->until))
			continue;
		list_remove(m, slot);
		begin(m, slot, LIFE_LEAVING, now);
	}
}

/* --- making room --------------------------------------------------------- */

/* The first to end among a port's memberships that have, or AGE_NONE. */
static uint32_t ended_at(const struct mcast *m, unsigned int port, uint32_t now)
{
	for (unsigned int life = 0; life < LIVES; life++) {
		uint32_t slot = agelist_oldest(&m->age, port, life);

		if (slot != AGE_NONE && has_ended(m, slot, now))
			return slot;
	}
	return AGE_NONE;
}

static uint32_t find_ended(const struct mcast *m, uint32_t now)
{
	uint64_t ports = m->age.holders;
	uint32_t slot = AGE_NONE;

	if (agelist_is_fresh(&m->age, now))
		return slot;
	while (ports && slot == AGE_NONE)
		slot = ended_at(m, bit_pop(&ports), now);
	return slot;
}

/* One that is about to end, or else the oldest; that of a router last. */
static uint32_t victim_of(const struct mcast *m, unsigned int port)
{
	uint32_t slot = AGE_NONE;

	for (unsigned int life = 0; life < LIVES && slot == AGE_NONE; life++)
		slot = agelist_oldest(&m->age, port, life);
	return slot;
}

static void make_room(struct mcast *m, uint32_t now)
{
	uint32_t slot = find_ended(m, now);
	unsigned int port;

	if (slot == AGE_NONE) {
		agelist_set_fresh(&m->age, now);
		port = agelist_greediest(&m->age);
		mcast_give_everything(m, port, now);
		slot = victim_of(m, port);
	}
	mcast_drop(m, slot);
}

void mcast_give_everything(struct mcast *m, unsigned int port, uint32_t now)
{
	m->greedy |= bit(port);
	m->everything[port] = now + MCAST_MEMBER_S;
}

/* --- entering ------------------------------------------------------------ */

/* There is room for it. */
static uint32_t add_member(struct mcast *m, const struct mcast_key *key,
			   unsigned int port, uint32_t now)
{
	uint32_t group = mcast_find(m, key);
	uint16_t slot = m->free_member;
	struct mcast_member *r = &m->member[slot];

	if (group == MCAST_NONE)
		group = add_group(m, key, now);
	m->free_member = r->sibling;
	r->sibling = m->group[group].first;
	m->group[group].first = slot;
	r->group = (uint16_t)group;
	r->port = (uint8_t)port;
	return slot;
}

uint32_t mcast_enter(struct mcast *m, const struct mcast_key *key,
		     unsigned int port, enum mcast_life life, uint32_t now)
{
	uint32_t slot = member_at(m, mcast_find(m, key), port);

	if (slot != MCAST_NONE) {
		list_remove(m, slot);
	} else {
		/* What makes room may take the group with it: look again. */
		if (m->free_member == MCAST_NONE)
			make_room(m, now);
		slot = add_member(m, key, port, now);
	}
	begin(m, slot, life, now);
	return m->member[slot].group;
}
