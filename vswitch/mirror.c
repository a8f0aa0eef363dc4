/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mirroring: the records capture ports get.
 *
 * A capture is a port without an ingress half: its buffers are taken and its
 * records published like any receiver's.  It must never slow down forwarding,
 * so a record that finds no buffer is dropped and counted.
 *
 * A record's frame starts with the judged snapshot like the delivered frame.
 * Bytes behind it are read from the sender once more: a sender that rewrites
 * its frame meanwhile can make the two differ there.  A frame that went out
 * shows the tag it went out with, a refused one that which it came with.
 *
 * A segment makes one record, as long as it is, also at a port it is cut for.
 * Checksums that the sender has left to others are right in records: a reader
 * could not tell them from wrong ones.
 */
#include "base/mem.h"
#include "vswitch/segment.h"
#include "vswitch/vswitch_impl.h"

static void record_to(struct vswitch *sw, unsigned int number,
		      const struct job *job, const struct capture_record *r,
		      unsigned int how)
{
	struct port *p = &sw->port[number];
	enum vswitch_reason why = REASON_NO_BUFFER;
	uint8_t *to;

	if (likely(r->len <= p->out.max_frame))
		why = port_take(sw, number, CAPTURE_HEADROOM + r->len, &to);
	/* Also while its process is away: a gap in the file is a loss. */
	if (why == REASON_NO_BUFFER || why == REASON_PORT_DOWN)
		stat_bump(&p->count.mirror_missed, &p->shown->mirror_missed);
	if (why != REASON_NONE)
		return;
	memcpy(to, r, sizeof(*r));
	if (unlikely(job_segment(job)))
		segment_record(to + CAPTURE_HEADROOM, job,
			       (enum vlan_tagging)how);
	else
		frame_copy(to + CAPTURE_HEADROOM, job, how);
	p->out.bytes -= CAPTURE_HEADROOM;
	spend(sw, WORK_COPY + (job_segment(job) ? WORK_SUM(r->len)
						: WORK_BYTES(r->len)));
}

/* One record for every capture in a set (bits are positions, not ports). */
static void record(struct vswitch *sw, uint64_t captures, const struct job *job,
		   struct capture_record r, unsigned int how)
{
	enum vlan_tagging tagging = (enum vlan_tagging)(how & ~COPY_BLANK);

	r.time_ns = sw->now_ns;
	if (job_segment(job)) {
		r.offload = job->offload;
		r.segment = job->segment;
	}
	r.len = (uint16_t)vlan_length(job->frame.len, tagging);
	while (captures)
		record_to(sw, sw->capture[bit_pop(&captures)], job, &r, how);
}

/* How the copy for a port is made; it is among the latest, or was cut. */
static unsigned int copied_how(const struct vswitch *sw, unsigned int src,
			       const struct job *job, unsigned int dst)
{
	const struct transfer *t = sw->next;

	while (t > sw->transfer && (--t)->job == job)
		if (t->port == dst)
			return t->how;
	return tagging_of(sw, src, dst, &job->frame);
}

/* Captures that want to see refused frames as well. */
static uint64_t drop_watchers(const struct vswitch *sw)
{
	uint64_t set = 0;

	for (unsigned int i = 0; i < sw->captures; i++)
		if (sw->port[sw->capture[i]].config.capture_drops)
			set |= bit(i);
	return set;
}

static void record_accepted(struct vswitch *sw, unsigned int src,
			    const struct job *job,
			    const struct vswitch_verdict *v)
{
	uint64_t ports = v->deliver;

	record(sw, sw->watchers[src], job,
	       (struct capture_record){
		       .port = (uint16_t)src,
		       .peer = CAPTURE_NO_PORT,
		       .direction = CAPTURE_IN,
	       },
	       VLAN_AS_IS);
	while (ports) {
		unsigned int dst = bit_pop(&ports);

		record(sw, sw->watchers[dst], job,
		       (struct capture_record){
			       .port = (uint16_t)dst,
			       .peer = (uint16_t)src,
			       .direction = CAPTURE_OUT,
		       },
		       copied_how(sw, src, job, dst));
	}
}

/* A refused pair is told once to each capture, at the source if it may be. */
static void record_refused(struct vswitch *sw, unsigned int src,
			   unsigned int dst, const struct job *job,
			   enum vswitch_reason why)
{
	uint64_t wanted = drop_watchers(sw);
	uint64_t at_src = sw->watchers[src] & wanted;

	record(sw, at_src, job,
	       (struct capture_record){
		       .port = (uint16_t)src,
		       .peer = (uint16_t)dst,
		       .direction = CAPTURE_IN,
		       .reason = (uint8_t)why,
	       },
	       VLAN_AS_IS);
	if (dst == CAPTURE_NO_PORT)
		return;
	record(sw, sw->watchers[dst] & wanted & ~at_src, job,
	       (struct capture_record){
		       .port = (uint16_t)dst,
		       .peer = (uint16_t)src,
		       .direction = CAPTURE_OUT,
		       .reason = (uint8_t)why,
	       },
	       VLAN_AS_IS);
}

void mirror_frame(struct vswitch *sw, unsigned int src, const struct job *job,
		  const struct vswitch_verdict *v)
{
	uint64_t refused = v->refused;

	if (v->reason == REASON_NONE)
		record_accepted(sw, src, job, v);
	else if (v->candidates == 0)
		record_refused(sw, src, CAPTURE_NO_PORT, job, v->reason);
	while (refused) {
		unsigned int dst = bit_pop(&refused);

		record_refused(sw, src, dst, job, v->refusal[dst]);
	}
}
