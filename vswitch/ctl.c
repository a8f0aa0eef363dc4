/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control mailbox: one request at a time, copied out before it is looked at.
 */
#include "vswitch/ctl.h"

#include "vswitch/errno.h"
#include "vswitch/mem.h"
#include "vswitch/switch_impl.h"

static int32_t list_fdb(const struct vswitch *sw,
			const struct vswitch_ctl_request *q,
			struct vswitch_ctl_reply *a, uint32_t now)
{
	uint32_t cursor = q->cursor, next;
	struct fdb_entry extra;

	while (a->count < CTL_FDB_ENTRIES &&
	       fdb_iterate(sw->fdb, &cursor, now, &a->entry[a->count]))
		a->count++;
	next = cursor;
	a->more = fdb_iterate(sw->fdb, &next, now, &extra);
	a->cursor = cursor;
	return 0;
}

static int32_t flush(struct vswitch *sw, const struct vswitch_ctl_request *q,
		     struct vswitch_ctl_reply *a)
{
	if (q->port >= VSWITCH_MAX_PORTS || !bit_in(sw->exist, q->port))
		return -EINVAL;
	a->value = fdb_flush_port(sw->fdb, q->port);
	return 0;
}

static int32_t answer(struct vswitch *sw, const struct vswitch_ctl_request *q,
		      struct vswitch_ctl_reply *a, uint64_t now_ns)
{
	switch (q->op) {
	case CTL_TRACE:
		return vswitch_trace(sw, q->port, q->header, q->len, now_ns,
				     &a->verdict);
	case CTL_FDB:
		return list_fdb(sw, q, a, to_seconds(now_ns));
	case CTL_FDB_FLUSH:
		return flush(sw, q, a);
	default:
		return -EINVAL;
	}
}

bool vswitch_ctl(struct vswitch *sw, const struct vswitch_ctl_request *request,
		 struct vswitch_ctl_reply *reply, uint64_t now_ns)
{
	uint32_t seq =
		atomic_load_explicit(&request->seq, memory_order_acquire);
	struct vswitch_ctl_request q;

	if (seq == sw->ctl_seq)
		return false;
	sw->ctl_seq = seq;
	memcpy(&q, request, sizeof(q));
	/* No other side writes the reply, so it may be built in place. */
	reply->value = 0;
	reply->cursor = 0;
	reply->more = 0;
	reply->count = 0;
	reply->status = answer(sw, &q, reply, now_ns);
	atomic_store_explicit(&reply->seq, seq, memory_order_release);
	return true;
}
