/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VLANs: which VLAN a frame belongs to, which ports are in it, and what happens
 * to the tag.
 *
 *	transparent	accepts everything as it comes: an untagged frame is in
 *			VLAN 0, a tagged one in its tag's; sends its VLAN's
 *			frames tagged, those of VLAN 0 untagged
 *	access N	accepts untagged and priority-tagged frames, into VLAN
 *			N; sends frames of VLAN N, untagged
 *	trunk N, M	accepts frames tagged N or M, and untagged ones into
 *	native P	VLAN P, if there is one; sends frames of N and M tagged,
 *			those of P untagged
 *
 * A frame is in one VLAN from its ingress port to the last copy, and the
 * forwarding database is keyed by VLAN.  Rules see a frame as its sender made
 * it; only the tag is changed, and only in the copy.
 *
 * An access port accepts no tagged frames, not even of its own VLAN.  A
 * priority tag (VLAN id 0) gives a frame's priority, not its VLAN: PCP and DEI
 * are kept where the frame leaves tagged.
 *
 * S-TAGs (802.1ad) are a name space of their own.  A transparent port passes
 * them on like any tag; access and trunk ports neither accept nor send them.
 *
 * Security.  Removing a tag must not expose an inner tag that the switch never
 * looked at: with a native VLAN on a trunk, that is VLAN hopping by double
 * tagging.  Such frames are dropped at the port that would remove the tag.
 */
#ifndef WEIR_VSWITCH_VLAN_H
#define WEIR_VSWITCH_VLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"
#include "base/frame.h"

#define VLAN_TAG_LEN 4u

/* What happens to the outermost tag in the copy for one receiver. */
enum vlan_tagging {
	VLAN_AS_IS,
	VLAN_ADD,   /* a C-TAG with the frame's VLAN is put in */
	VLAN_STRIP, /* the tag is taken out */
	VLAN_SET,   /* the tag's id (0) becomes the frame's VLAN */
};

/**
 * vlan_admit - does a port take a frame, and into which VLAN?
 * @port:  settings of the port it comes from
 * @trunk: its VLANs, if it is a trunk
 * @frame: in: parsed; out: @vlan is the one it is in
 *
 * Return: false if the port does not take it (REASON_VLAN_IN).
 */
bool vlan_admit(const struct policy_port *port,
		const struct policy_trunk *trunk, struct frame *frame);

/**
 * vlan_give - how does a frame leave by a port?
 * @port:    settings of that port
 * @trunk:   its VLANs, if it is a trunk
 * @frame:   after vlan_admit()
 * @tagging: out, if it does
 *
 * Return: REASON_NONE, or REASON_VLAN_OUT if the port is not in its VLAN or a
 * second tag would come to light.
 */
enum vswitch_reason vlan_give(const struct policy_port *port,
			      const struct policy_trunk *trunk,
			      const struct frame *frame,
			      enum vlan_tagging *tagging);

/**
 * vlan_length - bytes of a frame once its tag is changed
 */
static inline uint32_t vlan_length(uint32_t len, enum vlan_tagging tagging)
{
	if (tagging == VLAN_ADD)
		return len + VLAN_TAG_LEN;
	return tagging == VLAN_STRIP ? len - VLAN_TAG_LEN : len;
}

/**
 * vlan_head - write a frame's addresses and tag, its tag changed
 * @to:      out: up to FRAME_TYPE_AT + FRAME_TAG bytes
 * @from:    out: where in the frame to go on
 * @tagging: any
 *
 * Return: bytes written.
 */
unsigned int vlan_head(uint8_t *to, const struct frame *frame,
		       enum vlan_tagging tagging, unsigned int *from);

/**
 * vlan_copy - write a frame with its tag changed
 * @to:      a receiver's buffer, with room for vlan_length() bytes
 * @frame:   snapshot: the bytes up to @frame->snap are taken from here
 * @data:    the frame in the sender's region, for the rest
 * @tagging: not VLAN_AS_IS
 */
void vlan_copy(uint8_t *to, const struct frame *frame, const uint8_t *data,
	       enum vlan_tagging tagging);

#endif
