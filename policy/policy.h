/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may send to whom.
 *
 * The switch asks policy two questions and no others:
 *
 *	policy_admit()		may this port send this frame at all?  Asked
 *				before anything is learned from the frame.
 *	vswitch_can_send()	may this frame go from this port to that one?
 *				Asked once per (frame, destination).
 *
 * Behind vswitch_can_send() policies are stacked, each able to refuse and none
 * able to allow what an earlier one refused: the allow list first, then the
 * user's own C file (policy/user/, `make POLICY=file.c`).
 *
 * Policies see a private snapshot of the frame, never shared memory, keep no
 * globals and do bounded work.
 */
#ifndef WEIR_POLICY_POLICY_H
#define WEIR_POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "vswitch/frame.h"
#include "vswitch/reason.h"

#define POLICY_MAX_PORTS 64u

/**
 * struct policy_port - what one port may do
 * @allow:      bit d set: may send to port d
 * @locked_mac: the one source address the port may use, if @locked
 * @locked:     source-MAC lock on
 */
struct policy_port {
	uint64_t allow;
	uint64_t locked_mac;
	bool locked;
};

/**
 * struct policy - the policy of one switch
 * @port: by port number; all zero refuses everything
 */
struct policy {
	struct policy_port port[POLICY_MAX_PORTS];
};

/**
 * policy_admit - may this port send this frame at all?
 * @policy: the switch's policy
 * @src:    port the frame came from, less than POLICY_MAX_PORTS
 * @frame:  parsed snapshot
 *
 * Return: REASON_NONE, or why not (REASON_MAC_LOCK).
 */
enum vswitch_reason policy_admit(const struct policy *policy, unsigned int src,
				 const struct frame *frame);

/**
 * vswitch_can_send - may this frame go from this port to that one?
 * @policy: the switch's policy
 * @frame:  parsed snapshot
 * @src:    port the frame came from, less than POLICY_MAX_PORTS
 * @dst:    port it would go to, less than POLICY_MAX_PORTS
 * @why:    out: REASON_NONE, REASON_NOT_ALLOWED or REASON_POLICY
 *
 * The single question of the switch.  It has no side effect: `weir trace` asks
 * it as well.
 */
bool vswitch_can_send(const struct policy *policy, const struct frame *frame,
		      unsigned int src, unsigned int dst,
		      enum vswitch_reason *why);

/**
 * policy_flood_set - ports a flooded frame from @src may be offered to
 * @policy: the switch's policy
 * @src:    less than POLICY_MAX_PORTS
 *
 * The allow list narrows a flood silently (a denied port is no drop); each port
 * of the set is then still asked for with vswitch_can_send().
 */
static inline uint64_t policy_flood_set(const struct policy *policy,
					unsigned int src)
{
	return policy->port[src].allow & ~(1ull << src);
}

/**
 * policy_user - the user's own policy, last in the stack
 * @frame: parsed snapshot; octets from @frame->snap on are zero
 * @src:   port the frame came from
 * @dst:   port it would go to; the allow list has agreed already
 *
 * Exactly one C file defines it: policy/user/none.c, or the one named by
 * `make POLICY=`.  It must be a pure function of its arguments.
 *
 * Return: false to refuse (REASON_POLICY).
 */
bool policy_user(const struct frame *frame, unsigned int src, unsigned int dst);

#endif
