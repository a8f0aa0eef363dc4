/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The default user policy, which refuses nothing: allow list and rules decide.
 *
 * To write your own, copy a file of this folder, change policy_user(), and
 * build with `make POLICY=path/to/your.c`. only_arp_and_ip.c says what you may
 * rely on.
 */
#include "policy/policy.h"

const bool policy_user_is_none = true;

bool policy_user(const struct frame *frame, unsigned int src, unsigned int dst,
		 const struct policy_words *words)
{
	(void)words;
	(void)frame;
	(void)src;
	(void)dst;
	return true;
}
