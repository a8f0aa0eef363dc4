/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The forwarding database: lists, time and fairness over an index.
 *
 * Each port has a list of its dynamic entries, oldest first.  An entry goes to
 * the end of the list when the second in which it was last seen changes, and at
 * no other time, so a busy station costs one list operation a second, not one a
 * frame.  As seconds do not go backwards each list is sorted, and then:
 *
 *  - what has expired is found at the heads of at most 64 lists,
 *  - the fair victim of a full table is the head of the longest list,
 *
 * both without a look at any other entry.  Static entries are in no list.
 *
 * fdb_learn() and fdb_probe() share foresee(), which decides and changes
 * nothing; so what `weir trace` foretells is what will happen.
 */
#include "base/bits.h"
#include "base/errno.h"
#include "vswitch/fdb_impl.h"
#include "base/mem.h"

/* --- memory ---------------------------------------------------------------- */

static const struct fdb_index *index_of(const struct fdb_config *config)
{
	if (config->capacity < 1 || config->capacity > FDB_MAX_CAPACITY ||
	    config->ageing < 1)
		return NULL;
	switch (config->kind) {
	case FDB_HASH:
		return &fdb_hash_index;
	case FDB_LINEAR:
		return &fdb_linear_index;
	}
	return NULL;
}

size_t fdb_size(const struct fdb_config *config)
{
	const struct fdb_index *index = index_of(config);
	size_t slots;

	if (index == NULL)
		return 0;
	slots = index->slots(config->capacity);
	return in_lines(sizeof(struct fdb)) +
	       in_lines(slots * sizeof(uint64_t)) +
	       in_lines(slots * sizeof(struct fdb_record)) +
	       in_lines(slots * sizeof(struct fdb_link));
}

struct fdb *fdb_init(void *memory, size_t size, const struct fdb_config *config)
{
	size_t need = fdb_size(config);
	struct fdb *fdb = memory;
	uint8_t *at = memory;

	if (need == 0 || size < need)
		return NULL;
	memset(memory, 0, need);
	fdb->index = index_of(config);
	fdb->capacity = config->capacity;
	fdb->ageing = config->ageing;
	fdb->slots = fdb->index->slots(config->capacity);
	at += in_lines(sizeof(struct fdb));
	fdb->key = (void *)at;
	at += in_lines(fdb->slots * sizeof(uint64_t));
	fdb->record = (void *)at;
	at += in_lines(fdb->slots * sizeof(struct fdb_record));
	fdb->link = (void *)at;
	fdb->index->setup(fdb, config->seed);
	return fdb;
}

/* --- the index --------------------------------------------------------------- */

static uint32_t find(const struct fdb *fdb, uint64_t mac, uint16_t vlan)
{
	return fdb_find(fdb, fdb_spot(fdb, mac, vlan));
}

void fdb_prefetch(const struct fdb *fdb, uint64_t mac, uint16_t vlan)
{
	fdb_spot_prefetch(fdb, fdb_spot(fdb, mac, vlan));
}

/* --- lists ------------------------------------------------------------------ */

static bool is_static(const struct fdb *fdb, uint32_t slot)
{
	return fdb->record[slot].flags & FDB_STATIC;
}

static void list_append(struct fdb *fdb, uint32_t slot)
{
	unsigned int port = fdb->record[slot].port;

	fdb->link[slot].newer = FDB_NO_SLOT;
	if (fdb->held[port]++ == 0) {
		fdb->holders |= bit(port);
		fdb->oldest[port] = slot;
		fdb->link[slot].older = FDB_NO_SLOT;
	} else {
		fdb->link[slot].older = fdb->newest[port];
		fdb->link[fdb->newest[port]].newer = slot;
	}
	fdb->newest[port] = slot;
}

static void list_remove(struct fdb *fdb, uint32_t slot)
{
	unsigned int port = fdb->record[slot].port;
	struct fdb_link l = fdb->link[slot];

	if (l.older != FDB_NO_SLOT)
		fdb->link[l.older].newer = l.newer;
	else
		fdb->oldest[port] = l.newer;
	if (l.newer != FDB_NO_SLOT)
		fdb->link[l.newer].older = l.older;
	else
		fdb->newest[port] = l.older;
	if (--fdb->held[port] == 0)
		fdb->holders &= ~bit(port);
}

/* --- entries ---------------------------------------------------------------- */

static void enter(struct fdb *fdb, uint64_t key, unsigned int port,
		  unsigned int flags, uint32_t now)
{
	uint32_t slot = fdb->index->place(fdb, key);
	struct fdb_record *r = &fdb->record[slot];

	r->stamp = now;
	r->port = (uint8_t)port;
	r->flags = (uint8_t)flags;
	fdb->count++;
	if (!(flags & FDB_STATIC))
		list_append(fdb, slot);
}

static void drop(struct fdb *fdb, uint32_t slot)
{
	if (!is_static(fdb, slot))
		list_remove(fdb, slot);
	fdb->index->displace(fdb, slot);
	fdb->count--;
}

static void drop_expired(struct fdb *fdb, uint32_t slot)
{
	drop(fdb, slot);
	fdb->expired++;
}

/* An entry was seen where it is known to be. */
static void refresh(struct fdb *fdb, uint32_t slot, unsigned int flags,
		    uint32_t now)
{
	struct fdb_record *r = &fdb->record[slot];

	if (r->flags & FDB_STATIC)
		return;
	r->flags |= (uint8_t)flags;
	if (likely(r->stamp == now))
		return;
	list_remove(fdb, slot);
	r->stamp = now;
	list_append(fdb, slot);
}

/* A dynamic entry was seen somewhere else. */
static void move(struct fdb *fdb, uint32_t slot, unsigned int port,
		 unsigned int flags, uint32_t now)
{
	struct fdb_record *r = &fdb->record[slot];

	list_remove(fdb, slot);
	r->port = (uint8_t)port;
	r->flags = (uint8_t)flags;
	r->stamp = now;
	list_append(fdb, slot);
}

/* --- making room ------------------------------------------------------------ */

/* Some expired entry, or FDB_NO_SLOT: only the heads of lists can be one. */
static uint32_t find_expired(const struct fdb *fdb, uint32_t now)
{
	uint64_t ports = fdb->holders;

	if (fdb->fresh_at == (uint64_t)now + 1)
		return FDB_NO_SLOT;
	while (ports) {
		uint32_t slot = fdb->oldest[bit_pop(&ports)];

		if (fdb_has_expired(fdb, slot, now))
			return slot;
	}
	return FDB_NO_SLOT;
}

/* The oldest entry of the port that has the most, or FDB_NO_SLOT. */
static uint32_t find_fair_victim(const struct fdb *fdb)
{
	uint64_t ports = fdb->holders;
	uint32_t slot = FDB_NO_SLOT;
	uint32_t most = 0;

	while (ports) {
		unsigned int port = bit_pop(&ports);

		if (fdb->held[port] > most) {
			most = fdb->held[port];
			slot = fdb->oldest[port];
		}
	}
	return slot;
}

/**
 * struct plan - what learning an address would change
 * @effect: what the caller is told
 * @slot:   slot of its key, expired or not, or FDB_NO_SLOT
 * @gone:   slot to be emptied first, or FDB_NO_SLOT
 */
struct plan {
	struct fdb_effect effect;
	uint32_t slot;
	uint32_t gone;
};

static void plan_eviction(const struct fdb *fdb, struct plan *p)
{
	p->gone = find_fair_victim(fdb);
	if (p->gone == FDB_NO_SLOT) {
		p->effect.outcome = FDB_FULL;
		return;
	}
	p->effect.evicted = true;
	p->effect.evicted_mac = fdb->key[p->gone] & MAC_BROADCAST;
	p->effect.evicted_vlan = (uint16_t)(fdb->key[p->gone] >> 48 & 0xfff);
}

/* The address is not there, or as good as not there. */
static void plan_entry(const struct fdb *fdb, uint32_t now, struct plan *p)
{
	p->effect.outcome = FDB_LEARNED;
	p->gone = p->slot;
	if (p->gone != FDB_NO_SLOT || fdb->count < fdb->capacity)
		return;
	p->gone = find_expired(fdb, now);
	if (p->gone == FDB_NO_SLOT)
		plan_eviction(fdb, p);
}

static struct plan foresee(const struct fdb *fdb, uint64_t mac, uint16_t vlan,
			   unsigned int port, uint32_t now)
{
	struct plan p = {
		.effect = { .outcome = FDB_REFRESHED, .was = FDB_NO_PORT },
		.slot = find(fdb, mac, vlan),
		.gone = FDB_NO_SLOT,
	};

	if (p.slot == FDB_NO_SLOT || fdb_has_expired(fdb, p.slot, now)) {
		plan_entry(fdb, now, &p);
	} else if (fdb->record[p.slot].port != port) {
		p.effect.was = fdb->record[p.slot].port;
		p.effect.outcome = fdb->record[p.slot].flags ? FDB_PINNED
							     : FDB_MOVED;
	}
	return p;
}

/* --- verbs ------------------------------------------------------------------ */

int fdb_lookup(const struct fdb *fdb, uint64_t mac, uint16_t vlan, uint32_t now)
{
	return fdb_spot_lookup(fdb, fdb_spot(fdb, mac, vlan), now);
}

struct fdb_effect fdb_probe(const struct fdb *fdb, uint64_t mac, uint16_t vlan,
			    unsigned int port, uint32_t now)
{
	return foresee(fdb, mac, vlan, port, now).effect;
}

static void learn_new(struct fdb *fdb, uint64_t key, unsigned int port,
		      unsigned int flags, uint32_t now, const struct plan *p)
{
	if (p->effect.evicted) {
		/* foresee() looked for expired ones first: there are none. */
		fdb->fresh_at = (uint64_t)now + 1;
		drop(fdb, p->gone);
	} else if (p->gone != FDB_NO_SLOT) {
		drop_expired(fdb, p->gone);
	}
	enter(fdb, key, port, flags, now);
}

struct fdb_effect fdb_learn(struct fdb *fdb, uint64_t mac, uint16_t vlan,
			    unsigned int port, unsigned int flags, uint32_t now)
{
	struct plan p = foresee(fdb, mac, vlan, port, now);

	switch ((enum fdb_outcome)p.effect.outcome) {
	case FDB_REFRESHED:
		refresh(fdb, p.slot, flags, now);
		break;
	case FDB_MOVED:
		move(fdb, p.slot, port, flags, now);
		break;
	case FDB_LEARNED:
		learn_new(fdb, fdb_key(mac, vlan), port, flags, now, &p);
		break;
	case FDB_PINNED:
	case FDB_FULL:
	case FDB_ECHOED:
		break;
	}
	return p.effect;
}

int fdb_add_static(struct fdb *fdb, uint64_t mac, uint16_t vlan,
		   unsigned int port)
{
	uint32_t slot = find(fdb, mac, vlan);

	if (port >= MAX_PORTS)
		return -EINVAL;
	if (slot != FDB_NO_SLOT && is_static(fdb, slot))
		return fdb->record[slot].port == port ? 0 : -EEXIST;
	if (slot == FDB_NO_SLOT && fdb->count == fdb->capacity) {
		slot = find_fair_victim(fdb);
		if (slot == FDB_NO_SLOT)
			return -ENOSPC;
	}
	if (slot != FDB_NO_SLOT)
		drop(fdb, slot);
	enter(fdb, fdb_key(mac, vlan), port, FDB_STATIC, 0);
	return 0;
}

int fdb_remove(struct fdb *fdb, uint64_t mac, uint16_t vlan)
{
	uint32_t slot = find(fdb, mac, vlan);

	if (slot == FDB_NO_SLOT)
		return -ENOENT;
	drop(fdb, slot);
	return 0;
}

unsigned int fdb_age(struct fdb *fdb, uint32_t now, unsigned int budget)
{
	unsigned int removed = 0;
	uint64_t fresh = 0;

	/* A list whose head is fresh is fresh; ends when all are. */
	for (; budget > 0 && (fdb->holders & ~fresh); budget--) {
		uint64_t ahead = bit_from(fdb->holders, fdb->age_port);
		unsigned int port = bit_first(ahead ? ahead : fdb->holders);

		if (fdb_has_expired(fdb, fdb->oldest[port], now)) {
			fdb->age_port = port;
			drop_expired(fdb, fdb->oldest[port]);
			removed++;
		} else {
			fresh |= bit(port);
			fdb->age_port = (port + 1) % MAX_PORTS;
		}
	}
	return removed;
}

unsigned int fdb_flush_port(struct fdb *fdb, unsigned int port)
{
	unsigned int removed = 0;

	for (; port < MAX_PORTS && fdb->held[port] > 0; removed++)
		drop(fdb, fdb->oldest[port]);
	return removed;
}

bool fdb_iterate(const struct fdb *fdb, uint32_t *cursor, uint32_t now,
		 struct fdb_entry *entry)
{
	for (uint32_t slot = *cursor; slot < fdb->slots; slot++) {
		const struct fdb_record *r = &fdb->record[slot];

		if (fdb->key[slot] == 0 || fdb_has_expired(fdb, slot, now))
			continue;
		*entry = (struct fdb_entry){
			.mac = fdb->key[slot] & MAC_BROADCAST,
			.vlan = (uint16_t)(fdb->key[slot] >> 48 & 0xfff),
			.port = r->port,
			.flags = r->flags,
			.age = r->flags & FDB_STATIC ? 0 : now - r->stamp,
		};
		*cursor = slot + 1;
		return true;
	}
	*cursor = fdb->slots;
	return false;
}

uint32_t fdb_count(const struct fdb *fdb)
{
	return fdb->count;
}

uint32_t fdb_capacity(const struct fdb *fdb)
{
	return fdb->capacity;
}

uint32_t fdb_held(const struct fdb *fdb, unsigned int port, uint32_t now)
{
	uint32_t held = fdb->held[port];
	uint32_t slot = fdb->oldest[port];

	for (; held > 0 && fdb_has_expired(fdb, slot, now); held--)
		slot = fdb->link[slot].newer;
	return held;
}

uint64_t fdb_expired(const struct fdb *fdb)
{
	return fdb->expired;
}
