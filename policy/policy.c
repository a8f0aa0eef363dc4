/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack of policies behind the switch's two questions.
 *
 * Order matters: what is cheap and written in the topology refuses first, and
 * the user's own file is asked last, about frames that would pass otherwise.
 * Nothing here can turn a refusal into a permission.
 */
#include "policy/policy.h"

enum vswitch_reason policy_admit(const struct policy *policy, unsigned int src,
				 const struct frame *frame)
{
	const struct policy_port *port = &policy->port[src];

	if (port->locked && port->locked_mac != frame->src)
		return REASON_MAC_LOCK;
	return REASON_NONE;
}

static enum vswitch_reason refusal(const struct policy *policy,
				   const struct frame *frame, unsigned int src,
				   unsigned int dst)
{
	if (!(policy->port[src].allow >> dst & 1))
		return REASON_NOT_ALLOWED;
	if (!policy_user(frame, src, dst))
		return REASON_POLICY;
	return REASON_NONE;
}

bool vswitch_can_send(const struct policy *policy, const struct frame *frame,
		      unsigned int src, unsigned int dst,
		      enum vswitch_reason *why)
{
	*why = refusal(policy, frame, src, dst);
	return *why == REASON_NONE;
}
