/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multicast snooping (IGMP and MLD): multicast goes to the ports that joined.
 *
 * The switch listens to IGMP (v1 to v3) and MLD (v1, v2) and keeps, for each
 * VLAN and group, the ports that have members, and for each VLAN and family of
 * addresses the ports behind which a querier or router is.  After RFC 4541:
 *
 *  - A frame to a group with members goes to the group's ports and the router
 *    ports.  It also goes to ports that a general query did not reach, or that
 *    have not had time to answer the first one.
 *  - A frame to a group without known members is flooded.  Also flooded are:
 *    everything while no querier has been heard in the VLAN (memberships would
 *    not be refreshed); frames to 224.0.0.0/24, ff02::1 and interface-local
 *    groups; queries; frames that are not IP, or have two tags or an S-TAG; and
 *    packets that are malformed.  When in doubt, flood.
 *  - Reports go to the router ports, or everywhere if there is none: IGMPv1, v2
 *    and MLDv1 hosts suppress their own report when they hear another's, and
 *    would not be found.
 *
 * A membership ends MCAST_MEMBER_S after its last report.  A leave does not end
 * it: the querier sends a group-specific query, the remaining members answer,
 * and a port without an answer is forgotten MCAST_LEAVE_S later.
 *
 * Security.  Snooping only removes ports from a flood that policy has allowed,
 * so joining a group reaches no port that could not be reached without it.
 * Messages that hosts and routers would not accept (checksum, hop limit, router
 * alert, source and destination) are not learned from.  A report that is
 * malformed towards its end makes its port a member of every group for a while.
 * The table is bounded: when it is full, the port with the most memberships
 * loses its oldest and becomes a member of every group for a while instead, so
 * no other port loses anything and no frame is missed.
 *
 * A rogue querier makes its port a router port and gets what policy allows it
 * to get.  Its queries count only for the ports they reached, so it cannot
 * expire memberships of ports it did not query.  (It can still win the querier
 * election and silence the real one; where that matters, deny its queries by
 * policy.)
 */
#ifndef WEIR_VSWITCH_MCAST_H
#define WEIR_VSWITCH_MCAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/abi.h"
#include "base/packet.h"
#include "base/frame.h"

/* RFC 3376 8.4, RFC 3810 9.4: robustness 2 x interval 125 s + 10 s. */
#define MCAST_MEMBER_S 260u
/* RFC 3376 8.5: the querier is gone after 2 x 125 s + 5 s. */
#define MCAST_QUERIER_S 255u
/* Last member query time: 2 x 1 s, in whole seconds and one to spare. */
#define MCAST_LEAVE_S 3u
#define MCAST_MAX_GROUPS 4096u

enum mcast_role {
	MCAST_MEMBER,
	MCAST_ROUTER,	  /* a querier or router is there */
	MCAST_EVERYTHING, /* in every VLAN, until more is known */
};

/**
 * struct mcast_entry - what is known of a port, as shown
 * @group: MCAST_MEMBER: address.  MCAST_ROUTER: IPv4's or IPv6's address of all
 *         zeros, by family.  MCAST_EVERYTHING: of no meaning
 * @left:  seconds it has left
 * @vlan:  VLAN; 0 with MCAST_EVERYTHING
 * @port:  the port
 * @role:  enum mcast_role
 */
struct mcast_entry {
	struct ip_addr group;
	uint32_t left;
	uint16_t vlan;
	uint8_t port;
	uint8_t role;
};

ABI_SIZE(struct mcast_entry, 24);
ABI_AT(struct mcast_entry, group, 0);
ABI_AT(struct mcast_entry, left, 16);
ABI_AT(struct mcast_entry, vlan, 20);
ABI_AT(struct mcast_entry, port, 22);
ABI_AT(struct mcast_entry, role, 23);

struct mcast;

/**
 * mcast_size - bytes of memory a table needs
 * @groups: memberships it has room for, of a port in a group of a VLAN, and so
 *          groups at the most; 1 to MCAST_MAX_GROUPS, 0 is returned for any
 *          other number
 */
size_t mcast_size(uint32_t groups);

/**
 * mcast_init - make an empty table
 * @memory: aligned to 64
 * @size:   bytes at @memory
 * @groups: see mcast_size()
 * @seed:   secret of the hash
 *
 * Return: the table (inside @memory), or NULL.
 */
struct mcast *mcast_init(void *memory, size_t size, uint32_t groups,
			 uint64_t seed);

/**
 * mcast_ports - which of these ports want a flooded multicast?
 * @frame: snapshot of FRAME_SNAP_MAX bytes, or of the whole frame
 * @src:   port it comes from
 * @ports: those it would go to
 * @now:   seconds
 *
 * Changes nothing.  Return: a subset of @ports.
 */
uint64_t mcast_ports(const struct mcast *m, const struct frame *frame,
		     unsigned int src, uint64_t ports, uint32_t now);

/**
 * mcast_heard - a multicast was accepted from a port; learn from it
 * @frame:   as above
 * @src:     the port, less than 64
 * @reached: ports it is delivered to
 * @now:     seconds
 *
 * Work is bounded by what fits the snapshot, times the number of ports.
 *
 * Return: how many groups the frame named.
 */
unsigned int mcast_heard(struct mcast *m, const struct frame *frame,
			 unsigned int src, uint64_t reached, uint32_t now);

/**
 * mcast_flush_port - forget what was learned at a port
 *
 * Looks at the whole table.
 */
void mcast_flush_port(struct mcast *m, unsigned int port);

/**
 * mcast_iterate - walk what is known
 * @cursor: in/out: 0 to start; where to go on
 * @now:    seconds
 * @entry:  out
 *
 * Return: false at the end.
 */
bool mcast_iterate(const struct mcast *m, uint32_t *cursor, uint32_t now,
		   struct mcast_entry *entry);

#endif
