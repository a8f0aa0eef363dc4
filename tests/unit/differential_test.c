/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch against the oracle with a user's own policy: it is asked about
 * every frame that would pass.
 */
#include "policy/policy.h"
#include "tests/unit/differential.h"
#include "tests/unit/world.h"

/* Takes the place of the library's policy/user/none.c in this program. */
bool policy_user(const struct frame *frame, unsigned int src, unsigned int dst,
		 const struct policy_words *words)
{
	(void)words;
	return !world_refuse(frame->bytes, frame->len, src, dst);
}

int main(void)
{
	return differential(true);
}
