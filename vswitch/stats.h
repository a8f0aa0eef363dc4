/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The statistics region: what a switch lets anyone see.
 *
 * The switch is the only writer; whoever maps the region maps it read-only.
 * Every field is a naturally aligned word, stored whole, so a reader sees each
 * one untorn; two fields may be of different moments.  Counters only grow
 * while the switch lives and start at zero when it is restarted.
 */
#ifndef WEIR_VSWITCH_STATS_H
#define WEIR_VSWITCH_STATS_H

#include <stdint.h>

#include "base/bits.h"
#include "base/abi.h"
#include "policy/policy.h"
#include "base/reason.h"

#define VSWITCH_STATS_MAGIC 0x5765697253746174ull /* "WeirStat" */

enum vswitch_port_state {
	PORT_ABSENT, /* no such port */
	PORT_DOWN,   /* link epoch is even */
	PORT_UP,
	PORT_FAULT, /* the peer broke the queue protocol; waits for an epoch */
};

/**
 * struct vswitch_port_stats - one port
 * @state:          enum vswitch_port_state
 * @epoch:          the link epoch the switch last acted on
 * @faults:         how often the port went to PORT_FAULT
 * @in_frames:      frames taken from the port, dropped ones included
 * @in_bytes:       the bytes their descriptors say (not those of BAD_BUFFER)
 * @out_frames:     frames copied to the port; captures: records
 * @out_bytes:      their bytes; captures: those of the frames in the records
 * @mirror_missed:  captures only: records that found no buffer, or nobody
 * @unreturned:     buffers that could not be given back, because the port had
 *                  left its own free queue full
 * @blocked:        1 while the port is blocked (policy/flap.h)
 * @times_blocked:  how often it was
 * @drops:          refused (frame, destination) pairs, by reason, charged as
 *                  reason.h says; a frame that was refused as a whole counts
 *                  once.  BAD_FREE counts descriptors instead
 */
struct vswitch_port_stats {
	uint32_t state;
	uint32_t epoch;
	uint64_t faults;
	uint64_t in_frames;
	uint64_t in_bytes;
	uint64_t out_frames;
	uint64_t out_bytes;
	uint64_t mirror_missed;
	uint64_t unreturned;
	uint64_t blocked;
	uint64_t times_blocked;
	uint64_t drops[REASON_COUNT];
};

ABI_SIZE(struct vswitch_port_stats, 80 + 8 * REASON_COUNT);
ABI_AT(struct vswitch_port_stats, state, 0);
ABI_AT(struct vswitch_port_stats, epoch, 4);
ABI_AT(struct vswitch_port_stats, faults, 8);
ABI_AT(struct vswitch_port_stats, in_frames, 16);
ABI_AT(struct vswitch_port_stats, in_bytes, 24);
ABI_AT(struct vswitch_port_stats, out_frames, 32);
ABI_AT(struct vswitch_port_stats, out_bytes, 40);
ABI_AT(struct vswitch_port_stats, mirror_missed, 48);
ABI_AT(struct vswitch_port_stats, unreturned, 56);
ABI_AT(struct vswitch_port_stats, blocked, 64);
ABI_AT(struct vswitch_port_stats, times_blocked, 72);
ABI_AT(struct vswitch_port_stats, drops, 80);

/**
 * struct vswitch_stats - the whole region
 * @magic:       VSWITCH_STATS_MAGIC once the switch is initialised
 * @ports:       entries of @port that may be in use: the highest number + 1
 * @learned:     addresses entered
 * @moved:       addresses that changed port
 * @evicted:     addresses put out of a full table for another
 * @not_learned: addresses that found no place (their port holds the most)
 * @aged:        addresses removed for age
 * @flooded:     frames flooded (unknown unicast, broadcast, multicast) to at
 *               least one port
 * @policies:    policies taken: the generation of the one that holds
 * @flows:       flows there are
 * @flows_opened, @flows_evicted, @flows_expired: since the start
 * @disputes:    addresses found flapping between two ports; at most one a
 *               minute is counted, and the next two fields describe the last
 *               one
 * @dispute_mac: its address, and its VLAN from bit 48 on
 * @dispute_ports: its home, and from bit 8 on the other port
 * @hits:        by entry of the policy: frames (or copies of one) it decided
 *               on.  Entries that stay, stay with their counts when the policy
 *               is changed; @policies tells which policy's entries these are:
 *               read it before and after
 */
struct vswitch_stats {
	uint64_t magic;
	uint64_t ports;
	uint64_t learned;
	uint64_t moved;
	uint64_t evicted;
	uint64_t not_learned;
	uint64_t aged;
	uint64_t flooded;
	uint64_t policies;
	uint64_t flows;
	uint64_t flows_opened;
	uint64_t flows_evicted;
	uint64_t flows_expired;
	uint64_t disputes;
	uint64_t dispute_mac;
	uint64_t dispute_ports;
	struct vswitch_port_stats port[MAX_PORTS];
	uint64_t hits[POLICY_MAX_ENTRIES];
};

ABI_SIZE(struct vswitch_stats, 128 + 64 * sizeof(struct vswitch_port_stats) +
				       8ul * POLICY_MAX_ENTRIES);
ABI_AT(struct vswitch_stats, magic, 0);
ABI_AT(struct vswitch_stats, ports, 8);
ABI_AT(struct vswitch_stats, learned, 16);
ABI_AT(struct vswitch_stats, moved, 24);
ABI_AT(struct vswitch_stats, evicted, 32);
ABI_AT(struct vswitch_stats, not_learned, 40);
ABI_AT(struct vswitch_stats, aged, 48);
ABI_AT(struct vswitch_stats, flooded, 56);
ABI_AT(struct vswitch_stats, policies, 64);
ABI_AT(struct vswitch_stats, flows, 72);
ABI_AT(struct vswitch_stats, flows_opened, 80);
ABI_AT(struct vswitch_stats, flows_evicted, 88);
ABI_AT(struct vswitch_stats, flows_expired, 96);
ABI_AT(struct vswitch_stats, disputes, 104);
ABI_AT(struct vswitch_stats, dispute_mac, 112);
ABI_AT(struct vswitch_stats, dispute_ports, 120);
ABI_AT(struct vswitch_stats, port, 128);
ABI_AT(struct vswitch_stats, hits,
       128 + 64 * sizeof(struct vswitch_port_stats));

#endif
