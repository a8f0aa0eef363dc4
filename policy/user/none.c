/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user's own policy of a switch without one: allow list and rules decide.
 *
 * To write your own, copy a file of this folder, say what you want in
 * policy_user(), and build with `make POLICY=path/to/your.c`.  What you may rely
 * on is in only_arp_and_ip.c.
 */
#include "policy/policy.h"

bool policy_user(const struct frame *frame, unsigned int src, unsigned int dst,
		 const struct policy_words *words)
{
	(void)words;
	(void)frame;
	(void)src;
	(void)dst;
	return true;
}
