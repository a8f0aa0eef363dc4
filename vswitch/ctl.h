/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control mailbox: how a monitor asks a running switch something.
 *
 * Two regions: `request` (monitor rw, switch r) and `reply` (switch rw,
 * monitor r).  One request is under way at a time: the monitor fills it in,
 * stores a new `seq` and notifies; the switch copies it out, works, fills the
 * reply in, stores the same `seq` there and notifies back.  The switch handles
 * it between two frames, never in the middle of one.
 *
 * The switch bounds-checks every argument (a wrong one is -EINVAL); the monitor
 * does not believe the reply's counts either.
 */
#ifndef WEIR_VSWITCH_CTL_H
#define WEIR_VSWITCH_CTL_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/abi.h"
#include "vswitch/fdb.h"
#include "base/frame.h"
#include "vswitch/mcast.h"
#include "vswitch/vswitch.h"

enum vswitch_ctl_op {
	CTL_TRACE = 1, /* port, len, header -> verdict */
	CTL_FDB,       /* cursor -> entries, cursor, more */
	CTL_FDB_FLUSH, /* port -> value: entries removed */
	CTL_POLICY,    /* the policy region -> value: generation; or -EINVAL,
			* with fault and value: what is wrong, and where */
	CTL_FLOWS,     /* cursor -> flows, cursor, more */
	CTL_GROUPS,    /* cursor -> groups, cursor, more */
};

/* Entries of the forwarding database, flows or memberships one reply holds. */
#define CTL_FDB_ENTRIES 128u
#define CTL_FLOW_ENTRIES 64u
#define CTL_GROUP_ENTRIES 64u

/**
 * struct vswitch_ctl_request - monitor -> switch
 * @seq:    changes with every request; 0 only before the first
 * @op:     enum vswitch_ctl_op
 * @port:   CTL_TRACE, CTL_FDB_FLUSH
 * @len:    CTL_TRACE: bytes of the whole frame
 * @cursor: CTL_FDB, CTL_FLOWS, CTL_GROUPS: 0 to start
 * @offload: CTL_TRACE: the frame's offload data
 * @header: CTL_TRACE: the frame's first bytes
 */
struct vswitch_ctl_request {
	_Atomic(uint32_t) seq;
	uint32_t op;
	uint32_t port;
	uint32_t len;
	uint32_t cursor;
	struct offload offload;
	uint8_t header[FRAME_SNAP_MAX];
};

ABI_SIZE(struct vswitch_ctl_request, 280);
ABI_AT(struct vswitch_ctl_request, seq, 0);
ABI_AT(struct vswitch_ctl_request, op, 4);
ABI_AT(struct vswitch_ctl_request, port, 8);
ABI_AT(struct vswitch_ctl_request, len, 12);
ABI_AT(struct vswitch_ctl_request, cursor, 16);
ABI_AT(struct vswitch_ctl_request, offload, 20);
ABI_AT(struct vswitch_ctl_request, header, 24);

/**
 * struct vswitch_ctl_reply - switch -> monitor
 * @seq:     the request's, once the rest is in place
 * @status:  0 or a negative errno
 * @value:   see the operations
 * @fault:   CTL_POLICY: enum policy_fault
 * @cursor:  where to go on
 * @more:    whether there is more
 * @count:   valid entries in @entry, @flow or @group
 * @verdict: CTL_TRACE
 * @entry:   CTL_FDB
 * @flow:    CTL_FLOWS
 * @group:   CTL_GROUPS
 */
struct vswitch_ctl_reply {
	_Atomic(uint32_t) seq;
	int32_t status;
	uint32_t value;
	uint32_t cursor;
	uint32_t more;
	uint32_t count;
	uint32_t fault;
	uint32_t pad;
	union {
		struct vswitch_verdict verdict;
		struct fdb_entry entry[CTL_FDB_ENTRIES];
		struct flow_entry flow[CTL_FLOW_ENTRIES];
		struct mcast_entry group[CTL_GROUP_ENTRIES];
	};
};

ABI_SIZE(struct vswitch_ctl_reply, 3616);
ABI_AT(struct vswitch_ctl_reply, seq, 0);
ABI_AT(struct vswitch_ctl_reply, status, 4);
ABI_AT(struct vswitch_ctl_reply, value, 8);
ABI_AT(struct vswitch_ctl_reply, cursor, 12);
ABI_AT(struct vswitch_ctl_reply, more, 16);
ABI_AT(struct vswitch_ctl_reply, count, 20);
ABI_AT(struct vswitch_ctl_reply, fault, 24);
ABI_AT(struct vswitch_ctl_reply, pad, 28);
ABI_AT(struct vswitch_ctl_reply, verdict, 32);
ABI_AT(struct vswitch_ctl_reply, entry, 32);
ABI_AT(struct vswitch_ctl_reply, flow, 32);
ABI_AT(struct vswitch_ctl_reply, group, 32);

/**
 * vswitch_ctl - answer the request in a mailbox, if there is a new one
 * @sw:      switch
 * @request: shared, read once
 * @reply:   shared
 * @image:   the policy region, shared, or NULL if there is none
 * @now_ns:  the time
 *
 * Return: true if there was one, and the monitor must be notified.
 */
bool vswitch_ctl(struct vswitch *sw, const struct vswitch_ctl_request *request,
		 struct vswitch_ctl_reply *reply,
		 const struct policy_image *image, uint64_t now_ns);

#endif
