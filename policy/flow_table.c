/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of the table of flows: lookup, ageing, eviction.
 *
 * Entries are found by a hash with chains.  No sender must be able to aim at
 * one chain, so the hash combines each word of the key with a secret number,
 * multiplies them in pairs and folds both halves of the product: a difference
 * in one word comes out multiplied by an unknown number.
 *
 * Each entry is also in a list by age (base/agelist.h), that of its initiating
 * port and its life.
 */
#include "policy/flow_impl.h"
#include "base/bits.h"
#include "base/hash.h"
#include "base/lines.h"
#include "base/mem.h"

#define LISTS (FLOW_LIFE_COUNT * MAX_PORTS)

/* Expired entries removed for each new one; more than one, so that their number
 * falls. */
#define RECLAIM 2u

uint32_t flow_seconds(unsigned int life)
{
#define FLOW_LIFE_SECONDS(symbol, seconds) seconds,
	static const uint32_t seconds[] = { FLOW_LIVES(FLOW_LIFE_SECONDS) };
#undef FLOW_LIFE_SECONDS

	return seconds[life];
}

/* --- memory ------------------------------------------------------------ */

static uint32_t buckets_for(uint32_t capacity)
{
	uint32_t buckets = 1;

	while (buckets < capacity)
		buckets *= 2;
	return buckets;
}

/*
 * There are fewer addresses than flows: an initiator has few of its own, and
 * several flows with most others.
 */
static uint32_t ends_for(uint32_t capacity)
{
	return capacity / 4 + MAX_PORTS;
}

static size_t table_size(uint32_t capacity)
{
	return in_lines(sizeof(struct flow_table)) +
	       in_lines(buckets_for(capacity) * sizeof(uint32_t)) +
	       in_lines(capacity * sizeof(struct flow_record)) +
	       in_lines(capacity * sizeof(struct age_link));
}

size_t flow_size(uint32_t capacity)
{
	if (capacity < 1 || capacity > FLOW_MAX_CAPACITY)
		return 0;
	return table_size(capacity) + table_size(ends_for(capacity));
}

/* @memory: all zero */
static struct flow_table *table_init(void *memory, uint32_t capacity,
				     uint64_t seed)
{
	struct flow_table *t = memory;
	uint8_t *at = memory;
	uint32_t buckets = buckets_for(capacity);

	t->capacity = capacity;
	t->mask = buckets - 1;
	t->free = FLOW_NO_SLOT;
	for (unsigned int i = 0; i < FLOW_KEY_WORDS; i++) {
		seed = hash_next(seed);
		t->mix[i] = seed;
	}
	at += in_lines(sizeof(*t));
	t->bucket = (void *)at;
	memset(t->bucket, 0xff, buckets * sizeof(uint32_t));
	at += in_lines(buckets * sizeof(uint32_t));
	t->record = (void *)at;
	at += in_lines(capacity * sizeof(struct flow_record));
	agelist_init(&t->age, (void *)at, t->list, FLOW_LIFE_COUNT);
	return t;
}

struct flow_table *flow_init(void *memory, size_t size, uint32_t capacity,
			     uint64_t seed)
{
	size_t need = flow_size(capacity);
	uint8_t *ends = (uint8_t *)memory + table_size(capacity);
	struct flow_table *t;

	if (need == 0 || size < need)
		return NULL;
	memset(memory, 0, need);
	t = table_init(memory, capacity, seed);
	t->ends = table_init(ends, ends_for(capacity), hash_next(~seed));
	return t;
}

/* --- finding ----------------------------------------------------------- */

static uint32_t *chain_of(const struct flow_table *t,
			  const struct flow_key *key)
{
	uint64_t hash = 0;

	for (unsigned int i = 0; i < FLOW_KEY_WORDS; i += 2)
		hash ^= hash_fold(key->word[i] ^ t->mix[i],
				  key->word[i + 1] ^ t->mix[i + 1]);
	return &t->bucket[hash & t->mask];
}

static bool has_expired(const struct flow_record *r, uint32_t now)
{
	return now - r->stamp >= flow_seconds(r->life);
}

/* The slot of an entry, expired or not, or FLOW_NO_SLOT. */
static uint32_t find(const struct flow_table *t, const struct flow_key *key)
{
	uint32_t slot = *chain_of(t, key);

	while (slot != FLOW_NO_SLOT &&
	       !flow_key_same(&t->record[slot].key, key))
		slot = t->record[slot].next;
	return slot;
}

uint32_t flow_find(const struct flow_table *t, const struct flow_key *key,
		   uint32_t now)
{
	uint32_t slot = find(t, key);

	if (slot == FLOW_NO_SLOT || has_expired(&t->record[slot], now))
		return FLOW_NO_SLOT;
	return slot;
}

bool flow_lives(const struct flow_table *t, uint32_t slot, uint32_t now)
{
	const struct flow_record *r = &t->record[slot];

	return flow_key_use(&r->key) != FLOW_USE_NONE && !has_expired(r, now);
}

/* --- lists ------------------------------------------------------------- */

static void list_append(struct flow_table *t, uint32_t slot)
{
	const struct flow_record *r = &t->record[slot];

	agelist_append(&t->age, flow_key_src(&r->key), r->life, slot);
}

static void list_remove(struct flow_table *t, uint32_t slot)
{
	const struct flow_record *r = &t->record[slot];

	agelist_remove(&t->age, flow_key_src(&r->key), r->life, slot);
}

bool flow_touch(struct flow_table *t, uint32_t slot, enum flow_life life,
		uint32_t now)
{
	struct flow_record *r = &t->record[slot];

	if (likely(r->stamp == now && r->life == life))
		return false;
	list_remove(t, slot);
	r->stamp = now;
	r->life = (uint8_t)life;
	list_append(t, slot);
	return true;
}

/* --- removing ---------------------------------------------------------- */

static void drop(struct flow_table *t, uint32_t slot)
{
	struct flow_record *r = &t->record[slot];
	uint32_t *link = chain_of(t, &r->key);

	while (*link != slot)
		link = &t->record[*link].next;
	*link = r->next;
	list_remove(t, slot);
	t->count--;
	*r = (struct flow_record){ .next = t->free };
	t->free = slot;
}

static void drop_expired(struct flow_table *t, uint32_t slot)
{
	drop(t, slot);
	t->counts.expired++;
}

/* An expired entry, or FLOW_NO_SLOT; only the heads of lists can be. */
static uint32_t find_expired(struct flow_table *t, uint32_t now)
{
	if (agelist_is_fresh(&t->age, now))
		return FLOW_NO_SLOT;
	for (unsigned int looked = 0; looked < LISTS; looked++) {
		uint32_t slot = agelist_oldest(&t->age, t->age_at % MAX_PORTS,
					       t->age_at / MAX_PORTS);

		if (slot != FLOW_NO_SLOT && has_expired(&t->record[slot], now))
			return slot;
		t->age_at = (t->age_at + 1) % LISTS;
	}
	agelist_set_fresh(&t->age, now);
	return FLOW_NO_SLOT;
}

/*
 * A port's least recently seen entry; of those not answered if there are any.
 * It must have one.
 */
static uint32_t longest_unseen(const struct flow_table *t, unsigned int port)
{
	uint32_t found = FLOW_NO_SLOT;

	for (unsigned int life = 0; life < FLOW_LIFE_COUNT; life++) {
		uint32_t slot = agelist_oldest(&t->age, port, life);

		if (life == FLOW_LIFE_ANSWERED && found != FLOW_NO_SLOT)
			break;
		if (slot != FLOW_NO_SLOT &&
		    (found == FLOW_NO_SLOT ||
		     t->record[slot].stamp < t->record[found].stamp))
			found = slot;
	}
	return found;
}

static void make_room(struct flow_table *t, uint32_t now)
{
	for (unsigned int i = 0; i < RECLAIM; i++) {
		uint32_t slot = find_expired(t, now);

		if (slot == FLOW_NO_SLOT)
			break;
		drop_expired(t, slot);
	}
	if (t->count < t->capacity)
		return;
	drop(t, longest_unseen(t, agelist_greediest(&t->age)));
	t->counts.evicted++;
}

/* --- making ------------------------------------------------------------ */

static uint32_t take_slot(struct flow_table *t)
{
	uint32_t slot = t->free;

	if (slot == FLOW_NO_SLOT)
		return t->top++;
	t->free = t->record[slot].next;
	return slot;
}

uint32_t flow_make(struct flow_table *t, const struct flow_key *key,
		   enum flow_life life, uint32_t now)
{
	uint32_t slot = find(t, key);
	uint32_t *chain = chain_of(t, key);

	/* An expired entry with the same key. */
	if (slot != FLOW_NO_SLOT)
		drop_expired(t, slot);
	make_room(t, now);
	slot = take_slot(t);
	t->record[slot] = (struct flow_record){
		.key = *key,
		.next = *chain,
		.stamp = now,
		.life = (uint8_t)life,
	};
	*chain = slot;
	list_append(t, slot);
	t->count++;
	t->counts.opened++;
	return slot;
}

/* --- verbs ------------------------------------------------------------- */

static unsigned int flush(struct flow_table *t, unsigned int port)
{
	unsigned int removed = 0;

	for (uint32_t slot = 0; slot < t->top && t->age.held[port] > 0;
	     slot++) {
		const struct flow_key *key = &t->record[slot].key;

		if (flow_key_use(key) == FLOW_USE_NONE ||
		    flow_key_src(key) != port)
			continue;
		drop(t, slot);
		removed++;
	}
	return removed;
}

unsigned int flow_flush_port(struct flow_table *t, unsigned int port)
{
	if (port >= MAX_PORTS)
		return 0;
	flush(t->ends, port);
	return flush(t, port);
}

/* A wildcard initiator is shown as the unspecified address. */
static struct ip_addr shown_initiator(const struct flow_key *k)
{
	const struct ip_addr from = { k->word[0], k->word[1] };
	const struct ip_addr anybody = FLOW_ANYBODY;

	if (!ip_same(&from, &anybody))
		return from;
	return flow_key_kind(k) == PACKET_ARP ? ip_from_v4(0)
					      : (struct ip_addr){ 0, 0 };
}

static struct flow_entry shown(const struct flow_record *r, uint32_t now)
{
	const struct flow_key *k = &r->key;

	return (struct flow_entry){
		.from = shown_initiator(k),
		.to = { k->word[2], k->word[3] },
		.rule = r->rule,
		.left = flow_seconds(r->life) - (now - r->stamp),
		.from_port = flow_key_from_port(k),
		.to_port = flow_key_to_port(k),
		.vlan = flow_key_vlan(k),
		.protocol = flow_key_protocol(k),
		.state = r->state,
		.src = flow_key_src(k),
		.dst = flow_key_dst(k),
	};
}

bool flow_iterate(const struct flow_table *t, uint32_t *cursor, uint32_t now,
		  struct flow_entry *entry)
{
	for (uint32_t slot = *cursor; slot < t->top; slot++) {
		const struct flow_record *r = &t->record[slot];

		if (flow_key_use(&r->key) != FLOW_USE_TALK ||
		    has_expired(r, now))
			continue;
		*entry = shown(r, now);
		*cursor = slot + 1;
		return true;
	}
	*cursor = t->capacity;
	return false;
}

uint32_t flow_count(const struct flow_table *t)
{
	return t->count;
}

struct flow_counts flow_counts(const struct flow_table *t)
{
	return t->counts;
}
