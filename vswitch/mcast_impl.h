/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside multicast snooping:
 *
 *	mcast_read.c   what a frame says: pure, all that is hostile is met here
 *	mcast_sound.c  whether hosts and routers would believe it
 *	mcast_table.c  memberships: lists, time, fairness
 *	mcast.c	       what follows from a message; who gets a frame
 *
 * The table's unit is the membership: one port in one group.  The ports of a
 * group could also be 64 times of expiry in a record of its own, which is found
 * in one step but takes 256 bytes whoever is in it, and does not say which of
 * a port's memberships is the oldest.  As it is a membership takes 68 bytes
 * with its group (48, shared by its members), a look-up walks the group's
 * members, of which there are at most 64, and fairness finds its victim at the
 * head of a list.
 *
 * There are as many groups as memberships.  Every group has a member, so the
 * table is full when the memberships are used up and at no other time.
 *
 * The routers' ports of a VLAN are members of a group as well, with IPv4's or
 * IPv6's address of all zeros, which nobody can join.
 */
#ifndef WEIR_VSWITCH_MCAST_IMPL_H
#define WEIR_VSWITCH_MCAST_IMPL_H

#include "base/agelist.h"
#include "base/bits.h"
#include "vswitch/mcast.h"

#define MCAST_NONE 0xffffu
/* The port of a membership that is not in use. */
#define MCAST_NO_PORT 0xffu

_Static_assert(MCAST_MAX_GROUPS <= 32768,
	       "two hash heads each, 16-bit numbers");

/* --- messages ------------------------------------------------------------ */

enum mcast_what {
	MCAST_DATA,	  /* to @group */
	MCAST_REPORT,	  /* walk it with mcast_next() */
	MCAST_QUERY,	  /* for @group, or everybody */
	MCAST_HELLO,	  /* of a router to others (PIM), to @group */
	MCAST_UNREADABLE, /* maybe a report, and goes on behind the snapshot */
	MCAST_UNCLEAR,	  /* none of these, or not as it should be */
};

/**
 * struct mcast_message - what a multicast says
 * @what:     enum mcast_what
 * @v4:       it is IPv4
 * @single:   MCAST_REPORT: mcast_next() has yet to give @group
 * @asks:     MCAST_QUERY: it asks everybody, and who wants anything will answer
 * @cuts:     MCAST_QUERY: who is still in @group answers within a second
 * @answer_s: MCAST_QUERY: seconds in which to answer
 * @records:  MCAST_REPORT: records mcast_next() has yet to give
 * @at:       MCAST_REPORT: where they are in the frame
 * @end:      MCAST_REPORT: where the report ends, within the snapshot
 * @group:    the frame's destination; a query's or single report's group
 */
struct mcast_message {
	uint8_t what;
	bool v4;
	bool single;
	bool asks;
	bool cuts;
	uint32_t answer_s;
	uint16_t records;
	uint16_t at;
	uint16_t end;
	struct ip_addr group;
};

/**
 * mcast_read - find out what a multicast says
 * @frame: to a group address
 * @msg:   out
 */
void mcast_read(const struct frame *frame, struct mcast_message *msg);

enum mcast_record {
	MCAST_END,    /* there are no more */
	MCAST_JOIN,   /* the sender wants the group */
	MCAST_OTHER,  /* it leaves it, or changes its mind about sources */
	MCAST_BROKEN, /* the report ends within a record */
};

/**
 * mcast_next - take a record from a report
 * @frame: where @msg was read
 * @msg:   in/out: goes on to the next record
 * @group: out, but with MCAST_END and MCAST_BROKEN
 */
enum mcast_record mcast_next(const struct frame *frame,
			     struct mcast_message *msg, struct ip_addr *group);

/**
 * mcast_is_tracked - whether anybody can be a member of a group in the table
 */
bool mcast_is_tracked(const struct ip_addr *group);

/**
 * mcast_has_alert - whether a message has a router alert where it must be
 * @frame: snapshot
 * @p:     that frame: an IP packet, up to what it carries in the snapshot
 */
bool mcast_has_alert(const struct frame *frame, const struct packet *p);

/* --- the table ----------------------------------------------------------- */

/* Why a membership will end; in the order in which a port gives them up. */
enum mcast_life {
	LIFE_LEAVING, /* the group was asked, MCAST_LEAVE_S */
	LIFE_MEMBER,  /* a report, MCAST_MEMBER_S */
	LIFE_ROUTER,  /* a query or hello, MCAST_QUERIER_S */
	LIVES,
};

/**
 * struct mcast_key - a group of a VLAN
 */
struct mcast_key {
	struct ip_addr addr;
	uint16_t vlan;
};

/**
 * struct mcast_group - a group somebody is a member of
 * @addr, @vlan: its key
 * @first:   first member
 * @next:    next group of the same hash head; of a free one, next free one
 * @asked:   ports that have had the time to answer the question before the last
 * @asking:  ports that the last question reached
 * @settled: second from which on those have had the time
 * @until:   second from which on they are no longer asked
 * @asker:   port the last one came from
 *
 * Questions are those to everybody; only groups of routers have them.
 */
struct mcast_group {
	struct ip_addr addr;
	uint64_t asked;
	uint64_t asking;
	uint32_t settled;
	uint32_t until;
	uint16_t vlan;
	uint16_t first;
	uint16_t next;
	uint8_t asker;
	uint8_t pad;
};

_Static_assert(sizeof(struct mcast_group) == 48, "as the essay says");

/**
 * struct mcast_member - a port in a group
 * @until:   second from which on it is no longer
 * @sibling: next member of the group; of a free one, next free one
 * @group:   the group
 * @port:    the port, or MCAST_NO_PORT
 * @life:    enum mcast_life
 */
struct mcast_member {
	uint32_t until;
	uint16_t sibling;
	uint16_t group;
	uint8_t port;
	uint8_t life;
	uint8_t pad[2];
};

_Static_assert(sizeof(struct mcast_member) == 12, "as the essay says");

/**
 * struct mcast - a table
 * @group, @member: as many of each as @capacity
 * @head:        hash: first group of each
 * @mask:        hash: heads - 1
 * @mix:         hash: secret numbers made from the seed
 * @free_group, @free_member: first ones not in use
 * @age:         memberships by port and life, in the order of their end, which
 *               is that of their start, since all of a life last equally long;
 *               ended ones not yet reclaimed included
 * @list:        @age's
 * @greedy:      ports that are members of everything, if @everything has not
 *               come yet
 * @everything:  by port: second from which on it no longer is
 */
struct mcast {
	struct mcast_group *group;
	struct mcast_member *member;
	uint16_t *head;
	uint32_t capacity;
	uint32_t mask;
	uint64_t mix[3];
	uint16_t free_group;
	uint16_t free_member;
	struct agelist age;
	struct age_ends list[LIVES * MAX_PORTS];
	uint64_t greedy;
	uint32_t everything[MAX_PORTS];
};

/* Whether a second is before another, also where the count wraps. */
static inline bool mcast_before(uint32_t second, uint32_t other)
{
	return (int32_t)(second - other) < 0;
}

/**
 * mcast_find - a group, or MCAST_NONE
 */
uint32_t mcast_find(const struct mcast *m, const struct mcast_key *key);

/**
 * mcast_members - ports that are in a group
 * @group: from mcast_find(); with MCAST_NONE nobody is
 */
uint64_t mcast_members(const struct mcast *m, uint32_t group, uint32_t now);

/**
 * mcast_enter - a port is in a group from now on, or still
 * @life: not LIFE_LEAVING
 *
 * Makes room if there is none.  Return: the group.
 */
uint32_t mcast_enter(struct mcast *m, const struct mcast_key *key,
		     unsigned int port, enum mcast_life life, uint32_t now);

/**
 * mcast_cut - memberships end soon if nothing is heard
 * @group: from mcast_find(), or MCAST_NONE
 * @ports: whose
 */
void mcast_cut(struct mcast *m, uint32_t group, uint64_t ports, uint32_t now);

/**
 * mcast_drop - forget a membership, and the group if it was the last
 */
void mcast_drop(struct mcast *m, uint32_t slot);

/**
 * mcast_give_everything - a port is a member of everything for MCAST_MEMBER_S
 */
void mcast_give_everything(struct mcast *m, unsigned int port, uint32_t now);

#endif
