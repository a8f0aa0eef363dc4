/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor PD is told: whom it runs, which links it keeps, who may ask
 * it what.  Included by config.h.
 *
 * The monitor is the parent of all PDs it is to restart.  It maps
 *
 *	rw	link pages; the queues of links, to zero them between two
 *		epochs; policies; the monitor's half of control mailboxes
 *	r	statistics, the switches' half of mailboxes, proposals
 *
 * and no data region: it never sees a frame.
 */
#ifndef WEIR_VMM_MICROKIT_CONFIG_MONITOR_H
#define WEIR_VMM_MICROKIT_CONFIG_MONITOR_H

#ifndef WEIR_VMM_MICROKIT_CONFIG_H
#error "include config.h"
#endif

#define MK_SWITCHES 8u
#define MK_LINKS 128u
#define MK_SIDES 3u
#define MK_LINK_QUEUES 4u

/**
 * struct mk_child - a child of the monitor
 * @name:  for messages
 * @id:    as a child of the monitor
 * @entry: where its program starts (0x200000)
 */
struct mk_child {
	char name[MK_NAME];
	uint64_t entry;
	uint32_t id;
	uint32_t pad;
};

ABI_SIZE(struct mk_child, 80);
ABI_AT(struct mk_child, name, 0);
ABI_AT(struct mk_child, entry, 64);
ABI_AT(struct mk_child, id, 72);
ABI_AT(struct mk_child, pad, 76);

/**
 * struct mk_mon_switch - a switch, as the monitor sees it
 * @name:     for messages
 * @stats:    r, up to the ports' at least
 * @policy:   rw: what the switch reads
 * @kept:     rw, private to the monitor, as large: the policy that holds, while
 *            another is proposed
 * @request, @reply: control mailbox, rw and r
 * @channel:  control channel
 * @n_ports:  port numbers are less
 */
struct mk_mon_switch {
	char name[MK_NAME];
	struct mk_region stats;
	struct mk_region policy;
	struct mk_region kept;
	uint64_t request;
	uint64_t reply;
	uint32_t channel;
	uint32_t n_ports;
};

ABI_SIZE(struct mk_mon_switch, 136);
ABI_AT(struct mk_mon_switch, name, 0);
ABI_AT(struct mk_mon_switch, stats, 64);
ABI_AT(struct mk_mon_switch, policy, 80);
ABI_AT(struct mk_mon_switch, kept, 96);
ABI_AT(struct mk_mon_switch, request, 112);
ABI_AT(struct mk_mon_switch, reply, 120);
ABI_AT(struct mk_mon_switch, channel, 128);
ABI_AT(struct mk_mon_switch, n_ports, 132);

/* How the monitor knows that a side has acted on an epoch. */
enum mk_side_kind {
	MK_SIDE_NONE,	/* there is no such side */
	MK_SIDE_SWITCH, /* its statistics say so */
	MK_SIDE_VIRT,	/* likewise */
	MK_SIDE_PEER,	/* it is stopped; or, if it is no child of the
			 * monitor's, it says so (ask.h: MK_ASK_LET_GO) */
};

/**
 * struct mk_side - whoever uses the queues of a link
 * @stats:   MK_SIDE_VIRT: struct net_virt_stats, r
 * @kind:    enum mk_side_kind
 * @number:  MK_SIDE_SWITCH: in sw[]; MK_SIDE_VIRT: enum net_virt_side
 * @port:    MK_SIDE_SWITCH: number of the port
 * @child:   in child[], or MK_NONE if another PD is its parent
 * @channel: the side is notified of a changed page by it, or MK_NONE; of a
 *           switch that is its control channel
 */
struct mk_side {
	uint64_t stats;
	uint32_t kind;
	uint32_t number;
	uint32_t port;
	uint32_t child;
	uint32_t channel;
	uint32_t pad;
};

ABI_SIZE(struct mk_side, 32);
ABI_AT(struct mk_side, stats, 0);
ABI_AT(struct mk_side, kind, 8);
ABI_AT(struct mk_side, number, 12);
ABI_AT(struct mk_side, port, 16);
ABI_AT(struct mk_side, child, 20);
ABI_AT(struct mk_side, channel, 24);
ABI_AT(struct mk_side, pad, 28);

/**
 * struct mk_link - a link
 * @name:  of the port, for messages
 * @page:  link page, rw
 * @queue: rw; unused ones are 0
 * @side:  who uses the queues
 */
struct mk_link {
	char name[MK_NAME];
	uint64_t page;
	struct mk_region queue[MK_LINK_QUEUES];
	struct mk_side side[MK_SIDES];
};

ABI_SIZE(struct mk_link, 232);
ABI_AT(struct mk_link, name, 0);
ABI_AT(struct mk_link, page, 64);
ABI_AT(struct mk_link, queue, 72);
ABI_AT(struct mk_link, side, 136);

/* What a PD may ask for (ask.h). */
#define MK_MAY_LOOK 1u	  /* ports, links, counters, addresses, policy */
#define MK_MAY_ALLOW 2u	  /* change allow lists */
#define MK_MAY_PROPOSE 4u /* change policies as a whole */

/**
 * struct mk_asker - a PD that may call the monitor's protected procedure
 * @proposal: struct policy_image, as large as the switch's region: the asker
 *            rw, the monitor r; with MK_MAY_PROPOSE
 * @channel:  of the call
 * @rights:   MK_MAY_*
 * @switches: bit s set: of sw[s]
 * @link:     in link[]: the one it may let go of, or MK_NONE
 */
struct mk_asker {
	struct mk_region proposal;
	uint32_t channel;
	uint32_t rights;
	uint32_t switches;
	uint32_t link;
};

ABI_SIZE(struct mk_asker, 32);
ABI_AT(struct mk_asker, proposal, 0);
ABI_AT(struct mk_asker, channel, 16);
ABI_AT(struct mk_asker, rights, 20);
ABI_AT(struct mk_asker, switches, 24);
ABI_AT(struct mk_asker, link, 28);

/**
 * struct mk_monitor - configuration of the monitor
 * @n_*:    entries used
 * @timer_channel: to sDDF's timer PD, or MK_NONE: then what pauses after a
 *          fault goes on at the first event after the pause
 * A channel that belongs to no asker and to no side is ignored.
 */
struct mk_monitor {
	struct mk_head head;
	uint32_t n_children;
	uint32_t n_switches;
	uint32_t n_links;
	uint32_t n_askers;
	uint32_t timer_channel;
	uint32_t pad;
	struct mk_child child[MK_CHANNELS];
	struct mk_mon_switch sw[MK_SWITCHES];
	struct mk_link link[MK_LINKS];
	struct mk_asker asker[MK_CHANNELS];
};

ABI_SIZE(struct mk_monitor, 37776);
ABI_AT(struct mk_monitor, head, 0);
ABI_AT(struct mk_monitor, n_children, 24);
ABI_AT(struct mk_monitor, n_switches, 28);
ABI_AT(struct mk_monitor, n_links, 32);
ABI_AT(struct mk_monitor, n_askers, 36);
ABI_AT(struct mk_monitor, timer_channel, 40);
ABI_AT(struct mk_monitor, pad, 44);
ABI_AT(struct mk_monitor, child, 48);
ABI_AT(struct mk_monitor, sw, 5008);
ABI_AT(struct mk_monitor, link, 6096);
ABI_AT(struct mk_monitor, asker, 35792);

#endif
