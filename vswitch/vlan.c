/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VLANs: admission, membership, and the tag in the copy.
 *
 * A frame has one of four forms, and the two halves of this file are tables
 * over them.  What makes them more than look-ups:
 *
 *  - The form is read from the bytes as they came, also after vlan_admit() has
 *    given the frame another VLAN.  So nothing has to be remembered between
 *    ingress and egress, and the two cannot come apart.
 *  - A priority tag (VLAN id 0) says how urgent a frame is, not where it
 *    belongs.  Access and trunk ports take the frame for an untagged one; where
 *    it leaves tagged the tag is kept and gets the id, so that PCP and DEI
 *    survive.
 *  - An S-TAG's id is no C-VLAN's, even if the numbers are the same.  Ports
 *    that have VLANs neither take nor get such frames.
 *
 * A tag's room is always bytes 12 to 15, so a copy is 12 bytes of addresses,
 * a tag or none, and the rest.
 */
#include "base/mem.h"
#include "vswitch/vlan.h"

#define ADDRESSES 12u /* bytes before the tag */
#define TCI (ADDRESSES + 2u)
#define BEHIND_TAG (ADDRESSES + VLAN_TAG_LEN)
#define VID_MASK 0xfffu

enum tag_form {
	UNTAGGED,
	PRIORITY_TAGGED, /* C-TAG without a VLAN */
	C_TAGGED,
	S_TAGGED,
	TAG_BROKEN, /* announced, and cut short or with the reserved id */
};

static bool is_tpid(unsigned int type)
{
	return type == FRAME_TPID_C || type == FRAME_TPID_S;
}

static enum tag_form tag_form(const struct frame *frame)
{
	unsigned int type = frame_be16(frame->bytes + ADDRESSES);

	if (!is_tpid(type))
		return UNTAGGED;
	if (frame->l3 == FRAME_MIN)
		return TAG_BROKEN;
	if (type == FRAME_TPID_S)
		return S_TAGGED;
	return frame_be16(frame->bytes + TCI) & VID_MASK ? C_TAGGED
							 : PRIORITY_TAGGED;
}

static bool trunk_carries(const struct policy_trunk *trunk, unsigned int vlan)
{
	return trunk->member[vlan / 64] >> vlan % 64 & 1;
}

/* The VLAN of a port that has one for frames without. */
static bool admit_untagged(const struct policy_port *port, struct frame *frame)
{
	if (port->vlan == 0)
		return false;
	frame->vlan = port->vlan;
	return true;
}

bool vlan_admit(const struct policy_port *port,
		const struct policy_trunk *trunk, struct frame *frame)
{
	enum tag_form form = tag_form(frame);

	/* Others might read on where frame_parse() gave up. */
	if (form == TAG_BROKEN)
		return false;
	switch ((enum policy_vlan_mode)port->vlan_mode) {
	case POLICY_VLAN_TRANSPARENT:
		return true;
	case POLICY_VLAN_ACCESS:
		return form <= PRIORITY_TAGGED && admit_untagged(port, frame);
	case POLICY_VLAN_TRUNK:
		if (form == C_TAGGED)
			return trunk_carries(trunk, frame->vlan);
		return form <= PRIORITY_TAGGED && admit_untagged(port, frame);
	}
	return false;
}

/* --- egress -------------------------------------------------------------- */

static enum vswitch_reason give_tagged(enum tag_form form,
				       enum vlan_tagging *tagging)
{
	if (form == UNTAGGED)
		*tagging = VLAN_ADD;
	else
		*tagging = form == PRIORITY_TAGGED ? VLAN_SET : VLAN_AS_IS;
	return REASON_NONE;
}

/* What is behind the tag becomes the type: it must not be a tag again. */
static enum vswitch_reason give_untagged(const struct frame *frame,
					 enum tag_form form,
					 enum vlan_tagging *tagging)
{
	if (form == UNTAGGED) {
		*tagging = VLAN_AS_IS;
		return REASON_NONE;
	}
	if (is_tpid(frame->ethertype))
		return REASON_VLAN_OUT;
	*tagging = VLAN_STRIP;
	return REASON_NONE;
}

static enum vswitch_reason give_transparent(const struct frame *frame,
					    enum tag_form form,
					    enum vlan_tagging *tagging)
{
	if (frame->vlan != 0)
		return give_tagged(form, tagging);
	*tagging = VLAN_AS_IS;
	return REASON_NONE;
}

enum vswitch_reason vlan_give(const struct policy_port *port,
			      const struct policy_trunk *trunk,
			      const struct frame *frame,
			      enum vlan_tagging *tagging)
{
	enum tag_form form = tag_form(frame);

	if (port->vlan_mode == POLICY_VLAN_TRANSPARENT)
		return give_transparent(frame, form, tagging);
	if (frame->vlan == 0 || form == S_TAGGED)
		return REASON_VLAN_OUT;
	if (frame->vlan == port->vlan)
		return give_untagged(frame, form, tagging);
	if (port->vlan_mode == POLICY_VLAN_TRUNK &&
	    trunk_carries(trunk, frame->vlan))
		return give_tagged(form, tagging);
	return REASON_VLAN_OUT;
}

/* --- the copy ------------------------------------------------------------ */

/* The frame from byte @from on; @from is within the snapshot. */
static void copy_rest(uint8_t *to, const struct frame *frame,
		      const uint8_t *data, unsigned int from)
{
	unsigned int judged = frame->snap - from;

	memcpy(to, frame->bytes + from, judged);
	if (frame->len > frame->snap)
		memcpy(to + judged, data + frame->snap,
		       (unsigned int)(frame->len - frame->snap));
}

/* A C-TAG with the frame's VLAN; @urgency: PCP and DEI, as they are in it. */
static void put_tag(uint8_t *to, const struct frame *frame,
		    unsigned int urgency)
{
	to[0] = FRAME_TPID_C >> 8;
	to[1] = FRAME_TPID_C & 0xff;
	to[2] = (uint8_t)(urgency | frame->vlan >> 8);
	to[3] = (uint8_t)frame->vlan;
}

unsigned int vlan_head(uint8_t *to, const struct frame *frame,
		       enum vlan_tagging tagging, unsigned int *from)
{
	unsigned int urgency = 0;

	memcpy(to, frame->bytes, ADDRESSES);
	*from = ADDRESSES;
	if (tagging == VLAN_AS_IS)
		return ADDRESSES;
	if (tagging != VLAN_ADD)
		*from = BEHIND_TAG;
	if (tagging == VLAN_STRIP)
		return ADDRESSES;
	if (tagging == VLAN_SET)
		urgency = frame->bytes[TCI] & 0xf0u;
	put_tag(to + ADDRESSES, frame, urgency);
	return BEHIND_TAG;
}

void vlan_copy(uint8_t *to, const struct frame *frame, const uint8_t *data,
	       enum vlan_tagging tagging)
{
	unsigned int from, n = vlan_head(to, frame, tagging, &from);

	copy_rest(to + n, frame, data, from);
}
