/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch against the oracle without a policy of the user's: the switch
 * knows that there is nobody to ask, and forwards most unicast without a look
 * at it.
 */
#include "tests/unit/differential.h"

int main(void)
{
	return differential(false);
}
