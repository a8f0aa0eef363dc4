/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the table of flows.
 *
 *	flow.c		what begins, continues and answers a flow; lifetimes
 *	flow_known.c	the frames of a flow that change nothing
 *	flow_near.c	addresses at the ends of flows
 *	flow_key.c	from a packet to the key of its flow
 *	flow_table.c	entries: lookup, ageing, eviction
 *
 * A table contains a second one, @ends, for the addresses at the ends of its
 * flows.  It works in the same way, but a port that needs many addresses loses
 * addresses and no flows, and the other way round.
 *
 * An entry keeps its slot for life, so that chains, lists and cursors can refer
 * to slots.
 */
#ifndef WEIR_POLICY_FLOW_IMPL_H
#define WEIR_POLICY_FLOW_IMPL_H

#include "base/agelist.h"
#include "policy/flow.h"

#define FLOW_NO_SLOT AGE_NONE
#define FLOW_KEY_WORDS 6u

/* A neighbour solicitation: its ICMPv6 type, and @request in keys of ND. */
#define FLOW_ASK 135u

/* --- keys -------------------------------------------------------------- */

/* A wildcard in place of an initiator's address; no host has it. */
#define FLOW_ANYBODY ((struct ip_addr){ UINT64_MAX, UINT64_MAX })

/* What an entry is for. */
enum flow_use {
	FLOW_USE_NONE, /* the slot is free */
	FLOW_USE_TALK, /* a flow */
	FLOW_USE_PART, /* the first fragment of an answer */
	FLOW_USE_OWN,  /* an address the initiator has used with a port */
	FLOW_USE_NEAR, /* at which port the initiator has found an address */
};

/**
 * struct flow_key - identifies an entry, always as the initiator sees it
 * @word: initiator's address, the other address; then
 *	  from_port:16 to_port:16 vlan:16 src:8 dst:8
 *	  fragment id:32 request:8 use:8 kind:8 protocol:8
 *
 * Every bit is defined, so keys are compared by words.  Kind is enum
 * packet_kind.  Request is the type of an ICMP request: an echo and a timestamp
 * request with the same identifier are different flows.
 */
struct flow_key {
	uint64_t word[FLOW_KEY_WORDS];
};

static inline uint16_t flow_key_from_port(const struct flow_key *k)
{
	return (uint16_t)(k->word[4] >> 48);
}

static inline uint16_t flow_key_to_port(const struct flow_key *k)
{
	return (uint16_t)(k->word[4] >> 32);
}

static inline uint16_t flow_key_vlan(const struct flow_key *k)
{
	return (uint16_t)(k->word[4] >> 16);
}

static inline uint8_t flow_key_src(const struct flow_key *k)
{
	return (uint8_t)(k->word[4] >> 8);
}

static inline uint8_t flow_key_dst(const struct flow_key *k)
{
	return (uint8_t)k->word[4];
}

static inline uint8_t flow_key_request(const struct flow_key *k)
{
	return (uint8_t)(k->word[5] >> 24);
}

static inline enum flow_use flow_key_use(const struct flow_key *k)
{
	return (enum flow_use)(k->word[5] >> 16 & 0xff);
}

static inline uint8_t flow_key_kind(const struct flow_key *k)
{
	return (uint8_t)(k->word[5] >> 8);
}

static inline uint8_t flow_key_protocol(const struct flow_key *k)
{
	return (uint8_t)k->word[5];
}

static inline bool flow_key_same(const struct flow_key *a,
				 const struct flow_key *b)
{
	uint64_t differ = 0;

	for (unsigned int i = 0; i < FLOW_KEY_WORDS; i++)
		differ |= a->word[i] ^ b->word[i];
	return differ == 0;
}

/**
 * struct flow_talk - the ends of a flow, seen from a packet's sender
 * @own, @other:           addresses
 * @own_port, @other_port: of TCP and UDP; an ICMP identifier counts as the port
 *                         of the end that sent the request
 * @kind, @protocol, @request: as in struct flow_key
 * @resolves: it is ARP or neighbour discovery
 * @asks:     and asks for @other
 * @begins:   such a packet may begin a flow
 * @answers:  such a packet may answer one
 */
struct flow_talk {
	struct ip_addr own;
	struct ip_addr other;
	uint16_t own_port;
	uint16_t other_port;
	uint8_t kind;
	uint8_t protocol;
	uint8_t request;
	bool resolves;
	bool asks;
	bool begins;
	bool answers;
};

/**
 * flow_read - find out to which flow a packet may belong
 * @p: sound, or (quoted by an error) at least identified
 *
 * Return: false if it can neither begin, continue nor answer a flow.
 */
bool flow_read(const struct packet *p, struct flow_talk *talk);

/**
 * flow_key_sent - key of the flow in which the initiator sent a packet
 * @path: the packet's
 */
struct flow_key flow_key_sent(const struct flow_talk *talk,
			      const struct flow_path *path);

/**
 * flow_key_answer - key of the flow that a packet would answer
 * @path: the packet's
 */
struct flow_key flow_key_answer(const struct flow_talk *talk,
				const struct flow_path *path);

/**
 * flow_key_part - key of the first fragment of an answer
 * @p:    any fragment of it
 * @path: of that fragment
 */
struct flow_key flow_key_part(const struct packet *p,
			      const struct flow_path *path);

/* In place of a port: the address was asked for, but not found yet. */
#define FLOW_NOWHERE MAX_PORTS

/**
 * flow_key_own - key of an address that an initiator has used
 * @path: of what it sent
 */
struct flow_key flow_key_own(const struct ip_addr *own,
			     const struct flow_path *path);

/**
 * flow_key_near - key of an address that an initiator has found
 * @initiator: its port
 */
struct flow_key flow_key_near(const struct ip_addr *other, unsigned int vlan,
			      unsigned int initiator);

/* The unspecified address: 0.0.0.0 or ::. */
static inline bool flow_is_nobody(const struct ip_addr *a)
{
	return a->hi == 0 && (a->lo == 0 || a->lo == 0xffff00000000ull);
}

/* ARP or ND: a probe, from no address, for an address to be taken. */
static inline bool flow_key_probes(const struct flow_key *k)
{
	const struct ip_addr asker = { k->word[0], k->word[1] };

	return flow_is_nobody(&asker);
}

/* Multicast, or the IPv4 broadcast address. */
bool flow_is_group(const struct ip_addr *a);

/* --- entries ----------------------------------------------------------- */

/*
 * How long an entry lives without a frame.  First the lives of entries that are
 * not answered or are closing, then the others; each half shortest first.
 * Entries are evicted in this order.
 *
 *	FLOW_LIFE(symbol, seconds)
 */
#define FLOW_LIVES(FLOW_LIFE)                                                  \
	FLOW_LIFE(BRIEF, 30)                                                   \
	FLOW_LIFE(ASKED, 60)                                                   \
	FLOW_LIFE(OFFERED, 600)                                                \
	FLOW_LIFE(MISSED, 86400)                                               \
	FLOW_LIFE(ECHO, 60)                                                    \
	FLOW_LIFE(DATAGRAMS, 180)                                              \
	FLOW_LIFE(OTHER, 600)                                                  \
	FLOW_LIFE(CONNECTION, 7440)                                            \
	FLOW_LIFE(FOUND, 86400)

/* The first life of answered entries. */
#define FLOW_LIFE_ANSWERED FLOW_LIFE_ECHO

#define FLOW_LIFE_ENUM(symbol, seconds) FLOW_LIFE_##symbol,
enum flow_life { FLOW_LIVES(FLOW_LIFE_ENUM) FLOW_LIFE_COUNT };
#undef FLOW_LIFE_ENUM

/**
 * struct flow_record - an entry
 * @key:        FLOW_USE_NONE in a free slot
 * @next:       in its hash chain, or among the free slots
 * @stamp:      second of its last frame
 * @rule:       see struct flow_hit
 * @generation: likewise
 * @behind:     first fragments: bytes of data; later ones must not overlap
 * @life:       enum flow_life
 * @state:      enum flow_state
 * @fins:       TCP: which ends have sent a FIN
 * @port:       FLOW_USE_NEAR: where the address was found, or FLOW_NOWHERE
 */
struct flow_record {
	struct flow_key key;
	uint32_t next;
	uint32_t stamp;
	uint32_t rule;
	uint32_t generation;
	uint16_t behind;
	uint8_t life;
	uint8_t state;
	uint8_t fins;
	uint8_t port;
	uint8_t pad[2];
};

_Static_assert(sizeof(struct flow_record) == 72, "no padding but ours");

/**
 * struct flow_table - a table
 * @bucket:   first slots of the hash chains
 * @record:   the entries
 * @ends:     the table of addresses; NULL in that one
 * @capacity: entries it may hold
 * @count:    entries it holds
 * @mask:     buckets - 1
 * @top:      first slot never used
 * @free:     chain of slots that were used and are free
 * @age_at:   list to search next for expired entries
 * @mix:      secret numbers of the hash
 * @age:      entries by initiating port and life
 * @list:     @age's
 * @counts:   see struct flow_counts
 */
struct flow_table {
	uint32_t *bucket;
	struct flow_record *record;
	struct flow_table *ends;
	uint32_t capacity;
	uint32_t count;
	uint32_t mask;
	uint32_t top;
	uint32_t free;
	uint32_t age_at;
	uint64_t mix[FLOW_KEY_WORDS];
	struct agelist age;
	struct age_ends list[FLOW_LIFE_COUNT * MAX_PORTS];
	struct flow_counts counts;
};

/**
 * flow_seconds - a lifetime in seconds
 */
uint32_t flow_seconds(unsigned int life);

/**
 * flow_find - the slot of an entry that has not expired, or FLOW_NO_SLOT
 */
uint32_t flow_find(const struct flow_table *t, const struct flow_key *key,
		   uint32_t now);

/**
 * flow_lives - is this entry used and not expired?
 * @slot: less than the capacity
 */
bool flow_lives(const struct flow_table *t, uint32_t slot, uint32_t now);

/**
 * flow_make - a new entry
 * @key:  of no entry that flow_find() finds
 * @life: enum flow_life
 *
 * A full table evicts an entry, so slots found before may belong to another one
 * now.  All but the key, the life and the list is zero.
 *
 * Return: its slot.
 */
uint32_t flow_make(struct flow_table *t, const struct flow_key *key,
		   enum flow_life life, uint32_t now);

/**
 * flow_touch - record a frame of an entry
 * @life: from now on
 *
 * Return: whether anything changed: the second of its last frame, or its life.
 */
bool flow_touch(struct flow_table *t, uint32_t slot, enum flow_life life,
		uint32_t now);

/* --- addresses --------------------------------------------------------- */

/**
 * flow_note_own - an initiator has used an address, or got an answer at it
 * @path: of the initiator's frames
 * @life: of the flow
 * @make: it has used it; otherwise no new entry is made
 */
void flow_note_own(struct flow_table *t, const struct ip_addr *own,
		   const struct flow_path *path, enum flow_life life, bool make,
		   uint32_t now);

/**
 * flow_note_asked - an initiator has asked for an address
 * @path: of the question
 */
void flow_note_asked(struct flow_table *t, const struct ip_addr *other,
		     const struct flow_path *path, uint32_t now);

/**
 * flow_note_near - an initiator was answered from an address
 * @path: of the answer
 * @move: also if the address was found at another port before
 */
void flow_note_near(struct flow_table *t, const struct ip_addr *other,
		    const struct flow_path *path, bool move, uint32_t now);

/**
 * flow_may_resolve - may address resolution pass to an initiator?
 * @talk: of the packet
 * @path: of the packet
 * @slot: of the flow it answers, or FLOW_NO_SLOT
 *
 * See "Address resolution" in policy/flow.h.
 */
bool flow_may_resolve(const struct flow_table *t, const struct flow_talk *talk,
		      const struct flow_path *path, uint32_t slot,
		      uint32_t now);

#endif
