/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames with offload data (base/offload.h) inside the switch.
 */
#ifndef WEIR_VSWITCH_SEGMENT_H
#define WEIR_VSWITCH_SEGMENT_H

#include "vswitch/state.h"

/* A frame's offload data, if it has some. */
static inline struct offload job_offload(const struct job *job)
{
	return (struct offload){ .flags = job->offload,
				 .segment = job->segment };
}

/**
 * segment_note - a descriptor has offload data
 * @job: in: its length, judged as a plain frame's; out: @refused, @offload
 * @o:   some
 * @in:  of the port it comes from, which has offloads
 */
void segment_note(struct job *job, struct offload o, const struct outlet *in);

/**
 * segment_judge - hold a frame's offload data against it
 * @job: in: parsed, with offload data.  out: @refused, or @at; or none, if its
 *       VLAN is wrong
 */
void segment_judge(struct job *job);

/**
 * segment_fits - whether the frames a segment stands for are short enough
 * @job: longer than @dst takes frames
 */
bool segment_fits(const struct vswitch *sw, unsigned int dst,
		  const struct job *job, enum vlan_tagging tagging);

/**
 * segment_whole - does a port take a frame with offload data as it is?
 * @len: its bytes, its tag changed
 */
static inline bool segment_whole(const struct outlet *o, const struct job *job,
				 uint32_t len)
{
	uint32_t most = job->offload & OFFLOAD_TYPE ? o->max_segment
						    : o->max_frame;

	return len <= most && offload_takes(o->offload, job_offload(job));
}

/* Of the frame sent off last: its offload data. */
static inline void segment_say(struct outlet *o, const struct job *job,
			       uint32_t len)
{
	volatile struct net_desc *d =
		queue_slot(o->active, o->tail - QUEUE_STEP, o->ring);

	queue_say_offload(d, (uint16_t)len, job_offload(job));
}

/**
 * segment_deliver - take buffers for a frame with offload data
 * @dst: receiver
 * @job: the frame, which fits
 * @len: its bytes, its tag changed
 * @to:  out: where it has to be copied to; NULL if that is done
 *
 * Return: as port_take().
 */
enum vswitch_reason segment_deliver(struct vswitch *sw, unsigned int dst,
				    const struct job *job,
				    enum vlan_tagging tagging, uint32_t len,
				    uint8_t **to);

/**
 * segment_tell - for a trace: how receivers would get it
 * @v: in: @deliver; out: @frames, @cut
 */
void segment_tell(const struct vswitch *sw, unsigned int src,
		  const struct job *job, struct vswitch_verdict *v);

/**
 * segment_record - copy a frame with offload data for a capture
 *
 * As long as it is, with its checksum completed.
 */
void segment_record(uint8_t *to, const struct job *job,
		    enum vlan_tagging tagging);

#endif
