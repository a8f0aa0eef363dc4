/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames with offload data on their way through the switch.
 *
 * They are decided on like all others.  What is added is a check at the
 * beginning, and at the end a choice for each receiver: it gets the frame as it
 * is, with its offload data in the descriptor, or the frames it stands for,
 * made here.
 *
 * What is hard is that these are many.  A receiver must not get a part of them,
 * so the buffers are counted before the first is taken; only one that gives
 * impossible buffers can run out of them later, and then the frames that are
 * there already are not published.  They are copied at once instead of at the
 * end of the batch: their number is not bounded by the batch's.  And they cost:
 * the sender's visit pays for each of them.
 */
#include "base/mem.h"
#include "base/segment.h"
#include "vswitch/segment.h"
#include "vswitch/vswitch_impl.h"

void segment_note(struct job *job, struct offload o, const struct outlet *in)
{
	bool segment = o.flags & OFFLOAD_TYPE;

	job->offload = o.flags;
	job->segment = o.segment;
	if (segment && in->max_segment != 0)
		judge_length(job, in->max_segment);
	if (job->refused != REASON_NONE)
		return;
	/* Without flags it would pass for a plain frame. */
	if (o.flags == 0 || (segment && in->max_segment == 0))
		job->refused = REASON_BAD_OFFLOAD;
}

void segment_judge(struct job *job)
{
	struct offload o = job_offload(job);
	struct packet packet;

	if (unlikely(job->vlan)) {
		job->offload = 0;
		return;
	}
	packet_parse(&job->frame, &packet);
	if (unlikely(!offload_check(&job->frame, &packet, &o, &job->at)))
		job->refused = REASON_BAD_OFFLOAD;
	job->offload = o.flags;
}

bool segment_fits(const struct vswitch *sw, unsigned int dst,
		  const struct job *job, enum vlan_tagging tagging)
{
	uint32_t longest = (uint32_t)job->at.payload + job->segment;

	return (job->offload & OFFLOAD_TYPE) &&
	       vlan_length(longest, tagging) <= sw->port[dst].out.max_frame;
}

/* Get ready to write what a frame stands for: @frames of them. */
static void begin(struct segment *s, const struct job *job,
		  enum vlan_tagging tagging, uint16_t frames)
{
	const struct offload o = job_offload(job);
	struct offload_place at = job->at;
	uint8_t link[SEGMENT_LINK_MAX];
	unsigned int from, n = vlan_head(link, &job->frame, tagging, &from);

	memcpy(link + n, job->frame.bytes + from, at.l3 - from);
	at.frames = frames;
	segment_begin(s, &job->frame, job->data, &o, &at, link,
		      n + at.l3 - from);
}

static enum vswitch_reason cut(struct vswitch *sw, unsigned int dst,
			       const struct job *job, enum vlan_tagging tagging)
{
	enum vswitch_reason why = port_has(sw, dst, job->at.frames);
	uint32_t bytes = 0;
	struct segment s;

	if (why != REASON_NONE)
		return why;
	begin(&s, job, tagging, job->at.frames);
	for (uint32_t i = 0; i < s.frames; i++) {
		uint32_t len = segment_length(&s, i);
		uint8_t *to;

		why = port_take(sw, dst, len, &to);
		if (unlikely(why != REASON_NONE)) {
			port_take_back(sw, dst, i, bytes);
			break;
		}
		segment_write(&s, i, to);
		bytes += len;
	}
	spend(sw, s.frames * WORK_CUT + WORK_SUM(job->frame.len));
	return why;
}

enum vswitch_reason segment_deliver(struct vswitch *sw, unsigned int dst,
				    const struct job *job,
				    enum vlan_tagging tagging, uint32_t len,
				    uint8_t **to)
{
	struct outlet *o = &sw->port[dst].out;
	enum vswitch_reason why;

	if (!segment_whole(o, job, len)) {
		*to = NULL;
		return cut(sw, dst, job, tagging);
	}
	why = port_take(sw, dst, len, to);
	if (likely(why == REASON_NONE))
		segment_say(o, job, len);
	return why;
}

void segment_record(uint8_t *to, const struct job *job,
		    enum vlan_tagging tagging)
{
	struct segment s;

	begin(&s, job, tagging, 1);
	segment_write(&s, 0, to);
}

void segment_tell(const struct vswitch *sw, unsigned int src,
		  const struct job *job, struct vswitch_verdict *v)
{
	uint64_t ports = v->deliver;

	v->frames = (uint8_t)job->at.frames;
	while (ports) {
		unsigned int dst = bit_pop(&ports);
		enum vlan_tagging tagging =
			tagging_of(sw, src, dst, &job->frame);
		uint32_t len = vlan_length(job->frame.len, tagging);

		if (!segment_whole(&sw->port[dst].out, job, len))
			v->cut |= bit(dst);
	}
}
