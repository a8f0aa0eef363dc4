/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multicast snooping: a flooded multicast goes to those who asked for it.
 *
 * The switch listens to IGMP (v1 to v3) and MLD (v1, v2) and keeps, for each VLAN
 * and group, the ports that have members, and for each VLAN the ports behind which
 * a querier or router is.  After RFC 4541:
 *
 *  - A frame to a group somebody is a member of goes to the group's ports and the
 *    routers' ports.
 *  - A frame to a group nobody is known to be a member of is flooded.  So is
 *    everything while no querier has been heard in that VLAN (nobody would be
 *    asked whether he is still there), to 224.0.0.0/24, ff02::1 and the all-hosts
 *    addresses, what is no IP, and what cannot be read: when in doubt, flood.
 *  - Reports go to the routers' ports, or everywhere if there is none.
 *
 * A membership ends MCAST_MEMBER_S after its last report.  A leave does not end
 * it: the querier asks the group, the remaining members answer, and who does not
 * is forgotten MCAST_LEAVE_S later.
 *
 * Security.  Snooping only takes ports away from a flood that policy has allowed:
 * joining reaches nobody who could not be reached without it.  A report that
 * cannot be read to its end makes its port a member of everything for a while.  The
 * table is bounded; when it is full, the port that is in the most groups loses its
 * oldest membership.  A querier that lies makes itself a router's port and gets
 * what policy lets it have.
 */
#ifndef WEIR_VSWITCH_MCAST_H
#define WEIR_VSWITCH_MCAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/packet.h"
#include "vswitch/frame.h"

/* RFC 3376 8.4, RFC 3810 9.4: robustness 2 x interval 125 s + 10 s. */
#define MCAST_MEMBER_S 260u
/* RFC 3376 8.5: the querier is gone after 2 x 125 s + 5 s. */
#define MCAST_QUERIER_S 255u
/* Last member query time: 2 x 1 s, in whole seconds and one to spare. */
#define MCAST_LEAVE_S 3u
#define MCAST_MAX_GROUPS 4096u

/**
 * struct mcast_entry - one membership, as shown
 * @group: address
 * @vlan:  VLAN
 * @port:  the port
 * @router: the port has a querier or router; @group is of no meaning
 * @left:  seconds it has left
 */
struct mcast_entry {
	struct ip_addr group;
	uint32_t left;
	uint16_t vlan;
	uint8_t port;
	uint8_t router;
};

struct mcast;

/**
 * mcast_size - octets of memory a table needs
 * @groups: (VLAN, group) pairs, 1 to MCAST_MAX_GROUPS; 0 is returned for any
 *          other number
 */
size_t mcast_size(uint32_t groups);

/**
 * mcast_init - make an empty table
 * @memory: aligned to 64
 * @seed:   secret of the hash
 *
 * Return: the table (inside @memory), or NULL.
 */
struct mcast *mcast_init(void *memory, size_t size, uint32_t groups,
			 uint64_t seed);

/**
 * mcast_ports - which of these ports want a flooded multicast?
 * @frame: snapshot of FRAME_SNAP_MAX octets, or of the whole frame
 * @ports: those it would go to
 * @now:   seconds
 *
 * Changes nothing.  Return: a subset of @ports.
 */
uint64_t mcast_ports(const struct mcast *m, const struct frame *frame,
		     uint64_t ports, uint32_t now);

/**
 * mcast_heard - a multicast was accepted from a port; learn from it
 * @frame: as above
 * @src:   the port
 *
 * Work is bounded by what fits the snapshot.
 */
void mcast_heard(struct mcast *m, const struct frame *frame, unsigned int src,
		 uint32_t now);

/**
 * mcast_flush_port - forget what was learned at a port
 */
void mcast_flush_port(struct mcast *m, unsigned int port);

/**
 * mcast_iterate - walk what is known
 * @cursor: in/out: 0 to start; where to go on
 *
 * Return: false at the end.
 */
bool mcast_iterate(const struct mcast *m, uint32_t *cursor, uint32_t now,
		   struct mcast_entry *entry);

#endif
