/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The settings of a token bucket; the rest is in the header, to be inlined.
 *
 * The only division is here.  Rounding it up is safe: an elapsed time less than
 * @depth is then at most (full - 1) / rate, and times the rate less than @full,
 * so that the product in bucket_lacks() neither wraps nor matters.
 */
#include "policy/bucket.h"

void bucket_set(struct bucket *b, const struct policy_rate *rate)
{
	uint64_t full = rate->burst * BUCKET_UNIT;

	if (b->rate.rate == rate->rate && b->rate.burst == rate->burst)
		return;
	*b = (struct bucket){ .rate = *rate, .full = full };
	if (rate->rate != 0)
		b->depth = full / rate->rate + (full % rate->rate != 0);
}
