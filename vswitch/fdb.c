/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The forwarding database: time and fairness over an index.
 *
 * Each port has a list of its dynamic entries by age (base/agelist.h).  A busy
 * station costs one list operation a second, not one a frame.  Static entries
 * are in no list.
 *
 * fdb_learn() and fdb_probe() share foresee(), which decides and changes
 * nothing; so what `weir trace` foretells is what will happen.
 */
#include "base/bits.h"
#include "base/errno.h"
#include "vswitch/fdb_impl.h"
#include "base/lines.h"
#include "base/mem.h"

/* --- memory --------------------------------------------------------------- */

size_t fdb_size(const struct fdb_config *config)
{
	size_t slots;

	if (config->capacity < 1 || config->capacity > FDB_MAX_CAPACITY ||
	    config->ageing < 1)
		return 0;
	slots = fdb_index_slots(config->capacity);
	return in_lines(sizeof(struct fdb)) +
	       in_lines(slots * sizeof(struct fdb_slot)) +
	       in_lines(slots * sizeof(struct age_link));
}

struct fdb *fdb_init(void *memory, size_t size, const struct fdb_config *config)
{
	size_t need = fdb_size(config);
	struct fdb *fdb = memory;
	uint8_t *at = memory;

	if (need == 0 || size < need)
		return NULL;
	memset(memory, 0, need);
	fdb->capacity = config->capacity;
	fdb->ageing = config->ageing;
	fdb->slots = fdb_index_slots(config->capacity);
	at += in_lines(sizeof(struct fdb));
	fdb->hash.slot = (void *)at;
	at += in_lines(fdb->slots * sizeof(struct fdb_slot));
	agelist_init(&fdb->age, (void *)at, fdb->ends, 1);
	fdb_index_setup(fdb, config->seed);
	return fdb;
}

/* --- the index ------------------------------------------------------------ */

static struct fdb_spot spot_of(const struct fdb *fdb, uint64_t mac,
			       uint16_t vlan)
{
	return fdb_spot(&fdb->hash, fdb_key(mac, vlan));
}

static uint32_t find(const struct fdb *fdb, uint64_t mac, uint16_t vlan)
{
	const struct fdb_slot *s = fdb_find(fdb, spot_of(fdb, mac, vlan));

	return s != NULL ? (uint32_t)(s - fdb->hash.slot) : FDB_NO_SLOT;
}

void fdb_prefetch(const struct fdb *fdb, uint64_t mac, uint16_t vlan)
{
	fdb_spot_prefetch(spot_of(fdb, mac, vlan));
}

/* --- lists ---------------------------------------------------------------- */

static bool is_static(const struct fdb *fdb, uint32_t slot)
{
	return fdb->hash.slot[slot].flags & FDB_STATIC;
}

static bool has_expired(const struct fdb *fdb, uint32_t slot, uint32_t now)
{
	return fdb_has_expired(fdb, &fdb->hash.slot[slot], now);
}

static uint32_t oldest(const struct fdb *fdb, unsigned int port)
{
	return agelist_oldest(&fdb->age, port, 0);
}

static void list_append(struct fdb *fdb, uint32_t slot)
{
	agelist_append(&fdb->age, fdb->hash.slot[slot].port, 0, slot);
}

static void list_remove(struct fdb *fdb, uint32_t slot)
{
	agelist_remove(&fdb->age, fdb->hash.slot[slot].port, 0, slot);
}

/* --- entries -------------------------------------------------------------- */

static void enter(struct fdb *fdb, uint64_t key, unsigned int port,
		  unsigned int flags, uint32_t now)
{
	uint32_t slot = fdb_index_place(fdb, key);
	struct fdb_slot *r = &fdb->hash.slot[slot];

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
	fdb_index_displace(fdb, slot);
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
	struct fdb_slot *r = &fdb->hash.slot[slot];

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
	struct fdb_slot *r = &fdb->hash.slot[slot];

	list_remove(fdb, slot);
	r->port = (uint8_t)port;
	r->flags = (uint8_t)flags;
	r->stamp = now;
	list_append(fdb, slot);
}

/* --- making room ---------------------------------------------------------- */

/* Some expired entry, or FDB_NO_SLOT: only the heads of lists can be one. */
static uint32_t find_expired(const struct fdb *fdb, uint32_t now)
{
	uint64_t ports = fdb->age.holders;

	if (agelist_is_fresh(&fdb->age, now))
		return FDB_NO_SLOT;
	while (ports) {
		uint32_t slot = oldest(fdb, bit_pop(&ports));

		if (has_expired(fdb, slot, now))
			return slot;
	}
	return FDB_NO_SLOT;
}

/* The oldest entry of the port that has the most, or FDB_NO_SLOT. */
static uint32_t find_fair_victim(const struct fdb *fdb)
{
	unsigned int port = agelist_greediest(&fdb->age);

	return port < MAX_PORTS ? oldest(fdb, port) : FDB_NO_SLOT;
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
	p->effect.evicted_mac = fdb->hash.slot[p->gone].key & MAC_BROADCAST;
	p->effect.evicted_vlan =
		(uint16_t)(fdb->hash.slot[p->gone].key >> 48 & 0xfff);
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

	if (p.slot == FDB_NO_SLOT || has_expired(fdb, p.slot, now)) {
		plan_entry(fdb, now, &p);
	} else if (fdb->hash.slot[p.slot].port != port) {
		p.effect.was = fdb->hash.slot[p.slot].port;
		p.effect.outcome = fdb->hash.slot[p.slot].flags ? FDB_PINNED
								: FDB_MOVED;
	}
	return p;
}

/* --- verbs ---------------------------------------------------------------- */

int fdb_lookup(const struct fdb *fdb, uint64_t mac, uint16_t vlan, uint32_t now)
{
	return fdb_spot_lookup(fdb, spot_of(fdb, mac, vlan), now);
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
		agelist_set_fresh(&fdb->age, now);
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
		return fdb->hash.slot[slot].port == port ? 0 : -EEXIST;
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
	for (; budget > 0 && (fdb->age.holders & ~fresh); budget--) {
		uint64_t ahead = bit_from(fdb->age.holders, fdb->age_port);
		unsigned int port = bit_first(ahead ? ahead : fdb->age.holders);

		if (has_expired(fdb, oldest(fdb, port), now)) {
			fdb->age_port = port;
			drop_expired(fdb, oldest(fdb, port));
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

	for (; port < MAX_PORTS && fdb->age.held[port] > 0; removed++)
		drop(fdb, oldest(fdb, port));
	return removed;
}

bool fdb_iterate(const struct fdb *fdb, uint32_t *cursor, uint32_t now,
		 struct fdb_entry *entry)
{
	for (uint32_t slot = *cursor; slot < fdb->slots; slot++) {
		const struct fdb_slot *r = &fdb->hash.slot[slot];

		if (fdb->hash.slot[slot].key == 0 ||
		    has_expired(fdb, slot, now))
			continue;
		*entry = (struct fdb_entry){
			.mac = fdb->hash.slot[slot].key & MAC_BROADCAST,
			.vlan = (uint16_t)(fdb->hash.slot[slot].key >> 48 &
					   0xfff),
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
	uint32_t held = fdb->age.held[port];
	uint32_t slot = oldest(fdb, port);

	for (; held > 0 && has_expired(fdb, slot, now); held--)
		slot = fdb->age.link[slot].newer;
	return held;
}

uint64_t fdb_expired(const struct fdb *fdb)
{
	return fdb->expired;
}
