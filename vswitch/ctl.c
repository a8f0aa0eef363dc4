/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control mailbox.
 *
 * The request lies in memory the monitor can write while we read, so it is
 * copied out first, each word once, and only the copy is looked at.
 */
#include "vswitch/ctl.h"
#include "base/errno.h"
#include "base/mem.h"
#include "vswitch/vswitch_impl.h"

/* What a request says, in private memory. */
struct request {
	uint32_t op;
	uint32_t port;
	uint32_t len;
	uint32_t cursor;
	struct offload offload;
	uint8_t header[FRAME_SNAP_MAX];
};

static void copy_out(struct request *to,
		     const volatile struct vswitch_ctl_request *from)
{
	to->op = from->op;
	to->port = from->port;
	to->len = from->len;
	to->cursor = from->cursor;
	to->offload.flags = from->offload.flags;
	to->offload.pad = 0;
	to->offload.segment = from->offload.segment;
	for (unsigned int i = 0; i < FRAME_SNAP_MAX; i++)
		to->header[i] = from->header[i];
}

static int32_t trace(const struct vswitch *sw, const struct request *rq,
		     struct vswitch_ctl_reply *reply, uint64_t now_ns)
{
	struct vswitch_verdict v;
	int err;

	err = vswitch_trace(sw, rq->port, rq->header, rq->len, rq->offload,
			    now_ns, &v);
	if (err == 0)
		reply->verdict = v;
	return err;
}

/* As many entries as fit; looks one further, to say whether that was all. */
static int32_t list_fdb(const struct vswitch *sw, const struct request *rq,
			struct vswitch_ctl_reply *reply, uint64_t now_ns)
{
	uint32_t now = (uint32_t)(now_ns / 1000000000u);
	uint32_t cursor = rq->cursor;
	uint32_t next = cursor;
	struct fdb_entry e;
	uint32_t count = 0;

	memset(&e, 0, sizeof(e));
	reply->more = 0;
	while (fdb_iterate(sw->fdb, &next, now, &e)) {
		if (count == CTL_FDB_ENTRIES) {
			reply->more = 1;
			break;
		}
		reply->entry[count++] = e;
		cursor = next;
	}
	reply->count = count;
	reply->cursor = cursor;
	return 0;
}

static int32_t list_flows(const struct vswitch *sw, const struct request *rq,
			  struct vswitch_ctl_reply *reply, uint64_t now_ns)
{
	uint32_t now = (uint32_t)(now_ns / 1000000000u);
	uint32_t cursor = rq->cursor;
	uint32_t count = 0;
	struct flow_entry e;

	reply->more = 0;
	memset(&e, 0, sizeof(e));
	while (policy_flows(&sw->state) != NULL && !reply->more &&
	       flow_iterate(sw->state.flows, &cursor, now, &e)) {
		reply->flow[count++] = e;
		reply->more = count == CTL_FLOW_ENTRIES;
	}
	reply->count = count;
	reply->cursor = cursor;
	return 0;
}

static int32_t list_groups(const struct vswitch *sw, const struct request *rq,
			   struct vswitch_ctl_reply *reply, uint64_t now_ns)
{
	uint32_t now = (uint32_t)(now_ns / 1000000000u);
	uint32_t cursor = rq->cursor;
	uint32_t count = 0;
	struct mcast_entry e;

	reply->more = 0;
	memset(&e, 0, sizeof(e));
	while (groups_of(sw) != NULL && !reply->more &&
	       mcast_iterate(sw->groups, &cursor, now, &e)) {
		reply->group[count++] = e;
		reply->more = count == CTL_GROUP_ENTRIES;
	}
	reply->count = count;
	reply->cursor = cursor;
	return 0;
}

static int32_t set_policy(struct vswitch *sw, const struct policy_image *image,
			  struct vswitch_ctl_reply *reply)
{
	enum policy_fault fault = POLICY_FAULT_NO_IMAGE;
	uint32_t at = 0;

	if (image != NULL)
		fault = vswitch_set_policy(sw, image, &at);
	reply->fault = fault;
	reply->value = at;
	if (fault != POLICY_FAULT_SOUND)
		return -EINVAL;
	reply->value = sw->policy->generation;
	return 0;
}

static int32_t flush(struct vswitch *sw, const struct request *rq,
		     struct vswitch_ctl_reply *reply)
{
	if (rq->port >= MAX_PORTS || !bit_in(sw->present, rq->port))
		return -EINVAL;
	reply->value = fdb_flush_port(sw->fdb, rq->port);
	return 0;
}

static int32_t answer(struct vswitch *sw, const struct request *rq,
		      struct vswitch_ctl_reply *reply,
		      const struct policy_image *image, uint64_t now_ns)
{
	switch (rq->op) {
	case CTL_TRACE:
		return trace(sw, rq, reply, now_ns);
	case CTL_FDB:
		return list_fdb(sw, rq, reply, now_ns);
	case CTL_FDB_FLUSH:
		return flush(sw, rq, reply);
	case CTL_POLICY:
		return set_policy(sw, image, reply);
	case CTL_FLOWS:
		return list_flows(sw, rq, reply, now_ns);
	case CTL_GROUPS:
		return list_groups(sw, rq, reply, now_ns);
	default:
		return -EINVAL;
	}
}

bool vswitch_ctl(struct vswitch *sw, const struct vswitch_ctl_request *request,
		 struct vswitch_ctl_reply *reply,
		 const struct policy_image *image, uint64_t now_ns)
{
	uint32_t seq =
		atomic_load_explicit(&request->seq, memory_order_acquire);
	struct request rq;

	if (seq == sw->ctl_seq)
		return false;
	sw->ctl_seq = seq;
	copy_out(&rq, request);
	reply->status = answer(sw, &rq, reply, image, now_ns);
	atomic_store_explicit(&reply->seq, seq, memory_order_release);
	return true;
}
